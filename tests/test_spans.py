import pytest

from kb.spans import asked_kind, spans_of


@pytest.mark.parametrize(
    ("question", "expected", "kind"),
    [
        ("What share of the power is Tajik?", "number", "percent"),
        ("What is the price of a unit?", "number", "money"),
        ("How long is the line?", "number", "distance"),
        ("How many days is it valid?", "number", "duration"),
        ("How many permits were issued?", "number", "number"),
        ("When was it?", "date", "date"),
    ],
)
def test_the_kind_that_is_asked_for(question, expected, kind):
    assert asked_kind(question, expected) == kind


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


def test_what_the_question_says_itself_is_no_answer():
    assert spans_of("date", "The pact of 2021 holds.", "When was the pact of 2021 signed?") == []
