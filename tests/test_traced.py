from __future__ import annotations

import unicodedata
from array import array

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.text import one_line, rejoin_lines
from ingest.traced import NOWHERE, Traced, joined, on_one_line, put_in, rejoined

AWKWARD = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            "aA1 -\u00ad\u0301\u0327\u200c\u200d\ufb01\ufefb\u0644\u0627\u0653\u064b\n\u3000\u4e2d\u1100\u1161\u11a8"
        ),
    ),
    max_size=30,
)


def traced(text: str, first: int = 0) -> Traced:
    return Traced(text, array("i", range(first, first + len(text))))


@given(AWKWARD)
def test_normalising_keeps_trace(text: str) -> None:
    result = on_one_line(traced(text))
    assert result.text == one_line(text)
    for letter, source in zip(result.text, result.sources, strict=True):
        assert 0 <= source < len(text)
        # the source alone, normalised, shares a base with the letter (or both are blank)
        alone = one_line(f".{text[source]}.")[1:-1].strip() or text[source]
        assert letter == " " or set(decomposed(letter)) & set(decomposed(alone)), (text, letter, text[source])


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@example(["0-\x1f", "0"], frozenset())
@given(st.lists(AWKWARD, max_size=5), st.frozensets(st.text("ab-", max_size=4)))
def test_rejoining_is_that_of_the_text_module(lines: list[str], words: frozenset[str]) -> None:
    lines = [line.replace("\u00ad", "-") for line in lines]
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    result = rejoined([traced(line, start) for line, start in zip(lines, starts, strict=True)], words)
    assert on_one_line(result).text == one_line(rejoin_lines(lines, words))
    whole = "".join(lines)
    for letter, source in zip(result.text, result.sources, strict=True):
        assert source == NOWHERE or whole[source] == letter or letter == "-"
    told = [source for source in result.sources if source != NOWHERE]
    assert told == sorted(set(told))


def test_a_broken_word_and_a_ligature() -> None:
    result = on_one_line(rejoined([traced("trans-"), traced("\ufb01t e\u0301", 6)]))
    assert result.text == "transfit é"
    assert list(result.sources) == [0, 1, 2, 3, 4, 6, 6, 7, 8, 9]


def test_what_is_put_in_comes_from_nowhere() -> None:
    result = joined([put_in("Fee: "), traced("12"), traced("b", 7)], "; ")
    assert result.text == "Fee: ; 12; b"
    assert list(result.sources) == [NOWHERE] * 7 + [0, 1] + [NOWHERE] * 2 + [7]
