"""Sentences: by example in four scripts; spans by property, over texts that repeat sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sentences import sentence_spans

WHOLE = [
    "Under Art. 5 the rate is 2.5 per cent.",
    "It costs USD 1.5 million, e.g. in No. 7.",
    "Mr. A. Smith of the U.S. Senate met Dr. Khan.",
    "1. The Parties agree.",
    "(b). Goods in transit.",
    "В 2021 г. Узбекистан получил 5 млн. руб. от А. Б. Иванова.",
    "См. ст. 5 и п. 2 соглашения.",
    "The talks (see Sec. 4) ended!",
    "He asked, “When?” and left.",
]


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize("sentence", WHOLE)
def test_one_sentence_stays_whole(sentence: str) -> None:
    assert cut(sentence) == [sentence]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It began at 5 p.m. The talks ended.", ["It began at 5 p.m.", "The talks ended."]),
        ("Это было в 2022 г. В мае он ушёл.", ["Это было в 2022 г.", "В мае он ушёл."]),
        ("یہ پہلا ہے۔ کیا یہ دوسرا ہے؟ جی ہاں۔", ["یہ پہلا ہے۔", "کیا یہ دوسرا ہے؟", "جی ہاں۔"]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),
        ("He said “No.” The end.", ["He said “No.”", "The end."]),
        ("Agreed by all. 2. The rate rises.", ["Agreed by all.", "2. The rate rises."]),
    ],
)
def test_two_sentences_part(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_line_ends_a_sentence_unless_small_letters_go_on() -> None:
    assert cut("one line\nwraps here") == ["one line\nwraps here"]
    assert cut("a heading\n\nthen text") == ["a heading", "then text"]
    assert cut("rail | 5\nroad | 7") == ["rail | 5", "road | 7"]
    assert cut("rail\t5\nroad\t7") == ["rail\t5", "road\t7"]


PIECES = st.sampled_from([*WHOLE, "Terms apply.", "Terms apply.", " ", "\n", "\n\n", "A", ".", "۔", "5.", "…", "\u00a0", "г."])


@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join)))
def test_spans_are_ordered_stripped_and_cover_all_that_is_not_space(text: str) -> None:
    covered: set[int] = set()
    before = 0
    for start, end in sentence_spans(text):
        assert before <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert "\n\n" not in text[start:end]
        covered.update(range(start, end))
        before = end
    assert all(text[index].isspace() for index in set(range(len(text))) - covered)


def test_a_run_of_stops_is_one_end() -> None:
    """Looked at again from each of its stops, it would take minutes."""
    assert cut("." * 300_000 + "x") == ["." * 300_000 + "x"]
    assert cut("." * 300_000 + " Next.") == ["." * 300_000, "Next."]
