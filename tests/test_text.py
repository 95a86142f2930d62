from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text import _TABLE, TextBuilder, heading_level, line_kind, normalise, one_line, rejoin_lines, table_rows

ODD = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\u200c\u200d\u00ad\u202e\ufefb\ufb01\u0301\ud800 \n\r\tبae")))
# The generator repeats sentences: finding a text again, in place of counting, would go wrong on them.
SENTENCES = st.one_of(ODD, st.sampled_from(["Terms apply.", "Article 5", "Terms apply. Terms apply."]))


def test_the_table_knows_every_code_that_is_not_kept() -> None:
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        assert category not in ("Zs", "Cs", "Cc", "Cf") or code in _TABLE, hex(code)
        assert code & 0xFFFE != 0xFFFE or _TABLE[code] is None


@given(ODD)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert one_line(one_line(text)) == one_line(text)
    normalise(text).encode()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("of\ufb01ce", "office"),
        ("trans\u00adit", "transit"),
        ("e\u0301t\u00e9", "été"),
        ("m²", "m²"),
        ("1\u00a0000\u2009km", "1 000 km"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("pay \u202e001\u202c", "pay 001"),
        ("می\u200cشود", "می\u200cشود"),
        ("ab\u200cc", "abc"),
        ("\ufefb", "لا"),
        ("\ud800x", "\ufffdx"),
        ("a\x00\u200bb", "ab"),
    ],
)
def test_normalise(written: str, read: str) -> None:
    assert normalise(written) == read


@given(st.lists(st.tuples(st.sampled_from(["paragraph", "table_row", "heading"]), SENTENCES, st.booleans())))
def test_spans_slice_back_to_blocks_and_pages_cover_the_text(items: list[tuple[str, str, bool]]) -> None:
    builder = TextBuilder()
    builder.start_page(1, "i")
    page, expected = 1, []
    for kind, text, turn in items:
        if turn:
            page += 1
            builder.start_page(page, None)
        builder.add(kind, text, 1 if kind == "heading" else 0)
        if one_line(text):
            expected.append((kind, one_line(text), page))
    text, blocks, pages = builder.build()
    assert [(b.kind, text[b.start : b.end]) for b in blocks] == [(kind, content) for kind, content, _ in expected]
    assert [page.start for page in pages] == [0, *(page.end for page in pages[:-1])]
    assert pages[-1].end == len(text)
    found = [next(p.number for p in pages if p.start <= b.start < p.end) for b in blocks]
    assert found == [number for _, _, number in expected]
    assert normalise(text) == text


def test_builder_refuses_what_cannot_be() -> None:
    builder = TextBuilder()
    with pytest.raises(ValueError, match="kind"):
        builder.add("poem", "x")
    with pytest.raises(ValueError, match="level"):
        builder.add("heading", "x")
    builder.add("paragraph", "x")
    with pytest.raises(ValueError, match="first page"):
        builder.start_page(1, None)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["a trans-", "port line"], "a transport line"),
        (["Pakistan-", "Uzbekistan"], "Pakistan-Uzbekistan"),
        (["a long-", "term plan"], "a long-term plan"),
        (["2021-", "2022"], "2021-2022"),
        (["one", "two"], "one two"),
        (["https://a.example/x-", "y.html and"], "https://a.example/x-y.html and"),
        (["see https://a.example/one/", "the end"], "see https://a.example/one/ the end"),
        (["trans\ufffe", "it"], "transit"),
    ],
)
def test_rejoin_lines(lines: list[str], text: str) -> None:
    assert rejoin_lines(lines) == text


def test_words_of_the_document_decide_about_a_hyphen() -> None:
    assert rejoin_lines(["cross-", "border"], frozenset({"crossborder"})) == "crossborder"
    assert rejoin_lines(["tariff-", "free"], frozenset({"tariff-free"})) == "tariff-free"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Article 5", 3),
        ("ARTICLE 12. Freedom of Transit", 3),
        ("CHAPTER II", 2),
        ("Статья 5", 3),
        ("دفعہ 5", 3),
        ("آرٹیکل ۵", 3),
        ("JOINT DECLARATION", 2),
        ("Article 5 of the Agreement applies to all carriers.", 0),
        ("Article 5 commits both parties to freedom.", 0),
        ("Articles 5 and 6", 0),
        ("CASA-1000", 0),
        ("SIGNED: 1993-04-11", 0),
        ("An ordinary line", 0),
    ],
)
def test_heading_level(line: str, level: int) -> None:
    assert heading_level(line) == level


def test_line_kind_keeps_the_letter_and_drops_the_bullet() -> None:
    assert line_kind("(a) fees") == ("list_item", "(a) fees", 0)
    assert line_kind("• fees") == ("list_item", "fees", 0)


def test_a_row_carries_its_header() -> None:
    assert table_rows([["Post", "Fee"], ["Torkham", "12"], ["", ""]], True) == ["Post: Torkham; Fee: 12"]
    assert table_rows([["a", "b"]], True) == ["a; b"]
    assert table_rows([["Post", "Fee"], ["", ""]], True) == ["Post; Fee"]
    assert table_rows([["", "x"], ["1", "2", "3"]], True) == ["1; x: 2; 3"]
