from dataclasses import replace
from datetime import date

import pytest

from kb.gazetteer import Gazetteer
from kb.offices import holders, names_holder, office_asked, says_holder
from kb.question import understand

GAZETTEER = Gazetteer.load()


def asked(text: str):
    return office_asked(understand(text, GAZETTEER), GAZETTEER)


@pytest.mark.parametrize(
    ("question", "office"),
    [
        ("Who is the ambassador of Pakistan in Tashkent?", ("ambassador", "", "PK", "UZ")),
        ("who is the Kazakh ambassador in Islamabad", ("ambassador", "", "KZ", "PK")),
        ("Turkmenistan ambassador", ("ambassador", "", "TM", "")),
        ("Who is the deputy prime minister of Uzbekistan?", ("deputy prime minister", "", "UZ", "")),
        ("Who is the energy minister of Kyrgyzstan?", ("minister", "energy", "KG", "")),
        ("Кто посол Казахстана в Пакистане?", ("ambassador", "", "KZ", "PK")),
        ("سفیر کون ہے ازبکستان کا پاکستان میں", ("ambassador", "", "UZ", "PK")),
        ("ترکمانستان کے وزیر خارجہ کون ہیں؟", ("minister", "foreign", "TM", "")),
    ],
)
def test_the_office_that_is_asked_for(question, office):
    found = asked(question)
    assert found and (found.role, found.field, found.of, found.host) == office


@pytest.mark.parametrize(
    "question",
    [
        "Who signed the AUPTT for Uzbekistan?",
        "When did the president of Uzbekistan come?",
        "Who wrote the speech for the president of Turkmenistan?",
        "TAPI",
    ],
)
def test_what_asks_for_no_office(question):
    assert asked(question) is None


@pytest.mark.parametrize(
    ("question", "sentence", "named"),
    [
        ("Who is the ambassador of Pakistan in Tashkent?", "Ambassador Tukhtaev told the chamber of the flight.", False),
        ("Who is the Kazakh ambassador in Islamabad?", "Ambassador Kistafin spoke in May 2025.", True),
        ("Who is the Kazakh ambassador in Islamabad?", "The Kazakh ambassador spoke in May 2025.", False),
        ("Who is the Kazakh ambassador in Islamabad?", "The ambassador of Kazakhstan Arman Unknown spoke.", True),
        ("Who is the prime minister of Kazakhstan?", "Prime Minister Shehbaz Sharif met President Tokayev.", False),
        ("Who is the defence minister of Tajikistan?", "Defence Minister Dastgir met ambassador Jononov of Tajikistan.", False),
        ("Who is the prime minister of Uzbekistan?", "Deputy Prime Minister Umurzakov of Uzbekistan came.", False),
        ("Who is the energy minister of Kyrgyzstan?", "Leghari met the Kyrgyz minister Taalaibek Ibraev.", True),
        ("Who is the president of Kyrgyzstan?", "President Musharraf goes on to Kyrgyzstan.", False),
    ],
)
def test_only_who_holds_that_very_office_answers(question, sentence, named):
    office = asked(question)
    assert office and names_holder(office, sentence, GAZETTEER) is named


@pytest.mark.parametrize(
    ("question", "sentence", "published", "named"),
    [
        ("Who is the prime minister of Pakistan?", "Prime Minister Nawaz Sharif of Pakistan was there.", "", False),
        ("Who is the prime minister of Pakistan?", "Prime Minister Shehbaz Sharif was there.", "", True),
        (
            "Who was the prime minister of Pakistan in 2016?",
            "Prime Minister Nawaz Sharif of Pakistan was there in 2016.",
            "",
            True,
        ),
        ("Who is Uzbekistan's ambassador to Pakistan?", "Uzbekistan's ambassador Furqat Sidikov spoke of trade.", "", False),
        ("Who is Uzbekistan's ambassador to Pakistan?", "Ambassador Tukhtaev spoke of trade.", "", True),
        ("Who is the foreign minister of Pakistan?", "Finance Minister Ishaq Dar spoke.", "", True),  # his later office is meant
        ("Who is the finance minister of Pakistan?", "Foreign Minister Ishaq Dar spoke.", "", False),
        ("Who is the Kazakh ambassador?", "The ambassador of Kazakhstan Arman Unknown spoke in 2019.", "", False),
        ("Who is the Kazakh ambassador?", "The ambassador of Kazakhstan Arman Unknown spoke.", "2019-05-01", False),
        ("Who is the Kazakh ambassador?", "The ambassador of Kazakhstan Arman Unknown spoke.", "2026-05-01", True),
        ("Who is the foreign minister of Uzbekistan?", "First Deputy Foreign Minister Aloev of Uzbekistan came.", "", False),
        ("Who is the deputy foreign minister of Uzbekistan?", "First Deputy Foreign Minister Aloev came.", "", True),
    ],
)
def test_who_held_it_before_does_not_hold_it_now(question, sentence, published, named):
    office = asked(question)
    assert office and bool(office.asked_on) is ("2016" not in question)
    asked_then = replace(office, asked_on=office.asked_on and date(2026, 11, 1).toordinal())
    assert names_holder(asked_then, sentence, GAZETTEER, published) is named


def test_a_sentence_may_say_itself_whose_the_office_is():
    office = asked("Who is the Kyrgyz ambassador in Islamabad?")
    assert office
    assert says_holder(
        office, "Person: Kylychbek Sultan; Office and date: ambassador of Kyrgyzstan in Pakistan, January 2026", GAZETTEER
    )
    assert not says_holder(office, "The ambassador of Kyrgyzstan spoke in January 2026.", GAZETTEER)


def test_those_who_hold_it_by_the_gazetteer_are_searched_for():
    office = asked("Who is the prime minister of Kazakhstan?")
    assert office and "Olzhas Bektenov" in holders(office, GAZETTEER)
