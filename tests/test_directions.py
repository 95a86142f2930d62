import pytest

from kb.directions import turned_round
from kb.gazetteer import Gazetteer

GAZETTEER = Gazetteer.load()


@pytest.mark.parametrize(
    ("question", "sentence", "turned"),
    [
        ("What does Kazakhstan export to Pakistan?", "Pakistan exported USD 97.96 million to Kazakhstan.", True),
        ("What does Kazakhstan export to Pakistan?", "Imports from Kazakhstan were USD 129.63 million.", False),
        ("What does Kazakhstan export to Pakistan?", "Kazakhstan sells wheat.", False),
        ("How much did Pakistan import from Turkmenistan?", "Pakistan's exports to Turkmenistan were USD 1.67 million.", True),
        (
            "How much did Pakistan import from Turkmenistan?",
            "Pakistan's exports to Turkmenistan rose to USD 1.67 million and its imports from Turkmenistan to USD 16.57 million.",
            False,
        ),
        ("Каков экспорт Пакистана в Казахстан?", "Импорт из Казахстана составил 129,63 млн долларов.", True),
        ("قازقستان کو پاکستان کی برآمدات کتنی رہیں؟", "قازقستان سے پاکستان کی درآمدات 129.63 ملین ڈالر رہیں۔", True),
        ("What was the trade of Pakistan and Kazakhstan?", "Pakistan exported USD 97.96 million to Kazakhstan.", False),
    ],
)
def test_trade_in_the_other_direction_does_not_answer(question, sentence, turned):
    assert turned_round(question, sentence, GAZETTEER) is turned


@pytest.mark.parametrize(
    ("question", "sentence", "turned"),
    [
        ("How many students from Kazakhstan study in Pakistan?", "Over 1,000 Pakistanis are students in Kazakhstan.", True),
        ("How many Kazakh students study in Lahore?", "Over 1,000 Pakistani medical students are in Kazakhstan.", True),
        ("How many Pakistanis study in Kazakhstan?", "Over 1,000 Pakistani students are in Kazakhstan.", False),
        ("How many students are there?", "Over 1,000 Pakistanis are students in Kazakhstan.", False),
        ("ترکمانستان میں کتنے پاکستانی طلبہ پڑھتے ہیں؟", "پاکستانی طلبہ ترکمانستان میں ہیں۔", False),
        ("ترکمانستان میں کتنے پاکستانی طلبہ پڑھتے ہیں؟", "جامعات ترکمان طلبہ کو داخلے دیتی ہیں۔", True),
    ],
)
def test_people_of_another_country_are_not_those_asked_about(question, sentence, turned):
    assert turned_round(question, sentence, GAZETTEER) is turned
