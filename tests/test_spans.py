import pytest

from kb.spans import asked_kind, spans_of


@pytest.mark.parametrize(
    ("question", "expected", "kind"),
    [
        ("When was it signed?", "date", "date"),
        ("What share of the power comes from Tajikistan?", "number", "percent"),
        ("Какова цена энергии?", "number", "money"),
        ("How long is the line?", "number", "distance"),
        ("How long does a permit last?", "number", "duration"),
        ("How many permits were issued?", "number", "number"),
        ("What does the treaty say of cabotage?", "", ""),
    ],
)
def test_the_wording_tells_what_kind_of_thing_answers(question, expected, kind):
    assert asked_kind(question, expected) == kind


@pytest.mark.parametrize(
    ("kind", "sentence", "found"),
    [
        ("date", "It was signed on 3 March 2022 in Kabul.", ["3 March 2022"]),
        ("date", "وہ 2 جولائی 2024 کو آئے۔", ["2 جولائی 2024"]),
        ("money", "The line costs USD 1.2 billion, or 9.41 US cents a unit.", ["USD 1.2", "9.41 US cents"]),
        ("percent", "Доля составила 70 процентов.", ["70 процентов"]),
        ("distance", "The stage is 153 km long and took 20 days.", ["153 km"]),
        ("duration", "The stage is 153 km long and took 20 days.", ["20 days"]),
        ("person", "The plan was signed by Maksat Babayev.", ["Maksat Babayev"]),
        ("place", "It was held at the Fakhrobod base.", ["Fakhrobod"]),
    ],
)
def test_spans_of_a_kind(kind, sentence, found):
    assert [sentence[a:b] for a, b in spans_of(kind, sentence, "Which?")] == found


def test_what_the_question_says_itself_is_no_answer():
    sentence = "Trade was 5 million in 2021 and 7 million in 2022."
    assert [sentence[a:b] for a, b in spans_of("date", sentence, "After 2021, when did trade grow?")] == ["2022"]


@pytest.mark.parametrize(
    ("kind", "sentence", "found"),
    [
        ("percent", "It was 70 percent of 1,300 MW.", ["70 percent"]),
        ("money", "It costs USD 1,200 for 20 days.", ["USD 1,200"]),
        ("distance", "The line of 2016 is 1,387 km long.", ["1,387 km"]),
        ("duration", "A permit of 2021 holds 20 days.", ["20 days"]),
        ("date", "Signed on 15 July 2021.", ["15 July 2021"]),
    ],
)
def test_spans_by_their_writing(kind, sentence, found):
    assert [sentence[start:end] for start, end in spans_of(kind, sentence, "")] == found
