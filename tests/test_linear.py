"""Work that must grow with the size of what is read, and not with its square: calls are counted, no clock is asked."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType

import pytest
from lxml import html

from ingest.enrich import enrich
from ingest.highest import Highest
from ingest.page_shown import prepare
from ingest.pdf_aligned import aligned_tables
from ingest.pdf_arabic import logical_lines
from ingest.pdf_fragments import PageText
from ingest.pdf_furniture import without_furniture
from ingest.pdf_layout import Line, rows
from ingest.pdf_paragraphs import page_blocks, typography
from ingest.pdf_rows import subrows
from ingest.pdf_ruled import ruled_tables
from ingest.pdf_rules import Rules
from ingest.pdf_tables import Cell
from ingest.read_text import add_plain_text
from ingest.segment import _pages_of, segment
from ingest.text import TextBuilder
from ingest.traced import Traced
from kb.records import Metadata, Page, Parsed
from tests.pdf_made import glyph, piece

Work = Callable[[], object]


def steps(work: Work) -> int:
    """How many functions the work calls."""
    count = 0

    def counted(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def marks(size: int) -> Work:
    glyphs = [glyph("ب", 2 * n, 500 - 5.0 * (n % 40), baseline=20.0 * (n // 40)) for n in range(size)]
    glyphs += [glyph("\u064e", 2 * n + 1, 501 - 5.0 * (n % 40), 1.0, 20.0 * (n // 40) + 1) for n in range(size)]
    return lambda: logical_lines(glyphs, [])


def spaces(size: int) -> Work:
    glyphs = [glyph("ب", 2 * n, 9000 - 9.0 * n) for n in range(size)]
    gaps = [glyph(" ", 2 * n + 1, 9005 - 9.0 * n, 3.0) for n in range(size)]
    return lambda: logical_lines(glyphs, gaps)


def columns_of_prose(size: int) -> Work:
    pieces = [piece("words that are no table's at all", 50 + 300 * (n % 2), 100 + 14.0 * (n // 2)) for n in range(2 * size)]
    found = rows(pieces)
    return lambda: aligned_tables(found, Rules())


def grid(size: int) -> Work:
    pieces = [piece("cell", 12 + 50 * column, 18 + 20.0 * row) for row in range(size) for column in range(4)]
    across = tuple((5 + 20.0 * row, 5.0, 205.0) for row in range(size + 1))
    down = tuple((5 + 50.0 * column, 5.0, 5 + 20.0 * size) for column in range(5))
    return lambda: ruled_tables(pieces, Rules(across, down))


def line(text: str, n: int, size: float, right: float = 300) -> Line:
    traced = Traced(text, array("i", range(len(text))))
    return Line(traced, (50, 90 + 12 * n, right, 102 + 12 * n), 100 + 12 * n, size, False, (50, 300))


def lines_of_a_page(size: int) -> Work:
    lines = [line("and the line of a paragraph goes on without an end", n, 10, 300 - n % 7) for n in range(size)]
    typed = typography([lines])
    return lambda: list(page_blocks(lines, {}, typed))


def notes(size: int) -> Work:
    body = line("the body of the page, of which there is much" * 99, 0, 10)
    lines = [body, *(line(f"{n} a note", n, 7) for n in range(1, size))]
    typed = typography([lines])
    return lambda: list(page_blocks(lines, {}, typed))


def pages(size: int) -> Work:
    made = [PageText(400, 600, {0: [piece("head", 50, 40), piece(f"text {'ab' * (n % 5)}", 50, 300)]}) for n in range(size)]
    return lambda: without_furniture(made, [None] * size)


def turned_rows(size: int) -> Work:
    made = [
        PageText(400, 9e9, {0: [piece("much text " * 9 * size, 50, 40)], 90: [piece("7", 50, 20.0 * n) for n in range(size)]})
    ] * 3
    return lambda: without_furniture(made, [None] * 3)


def figures_in_a_cell(size: int) -> Work:
    figure = Traced("12", array("i", [0, 1]))
    cell = Cell((figure,) * size, (False,) * size, tuple(10.0 * n for n in range(size)))
    return lambda: subrows([cell, replace(cell)])


def quotations(size: int) -> Work:
    quote = "<blockquote>a quotation that has some length</blockquote>"
    tree = html.document_fromstring(f"<html><body><div>{quote * size}</div></body></html>")
    return lambda: prepare(tree)


TEXTS = {
    "no spaces": "я",
    "one sentence": "energy trade and ",
    "headings": "Article 1\n",
    "in a line": "Article 1 ",
    "references": "see Article 5(2)(a) of the TIR Convention, ",
    "digits": "1234567890",
    "marks": "\u0301",
    "right to left": "آرٹیکل پانچ کی رو سے ",
    "stops": ". ",
    "dates": "12 May 2024 ",
    "signed": "Done at Islamabad on 12 May 2024. ",
    "in force": "This Agreement shall enter into force on 12 May 2024.\n",
    "letters": "(a) goods\n",
    "names": "Pakistan Uzbekistan TIR Convention ",
}


def text(written: str, size: int) -> Work:
    builder = TextBuilder()
    for line in (written * size).split("\n"):
        builder.add("paragraph", line)
    whole, blocks, found_pages = builder.build()
    parsed = Parsed(whole, blocks, found_pages, Metadata(language="en"), "test")

    def work() -> None:
        enrich(parsed, statistical=False)
        segment("d" * 16, parsed, "en", lambda texts: [1 + len(one) // 4 for one in texts])

    return work


@pytest.mark.parametrize(
    "make",
    [marks, spaces, columns_of_prose, grid, lines_of_a_page, notes, pages, turned_rows, figures_in_a_cell, quotations],
)
def test_twice_as_much_takes_twice_the_steps(make: Callable[[int], Work]) -> None:
    make(20)()  # what is loaded once
    once, twice = steps(make(200)), steps(make(400))
    assert twice < 2.5 * once


def test_a_page_is_found_without_looking_at_those_before_it() -> None:
    class Pages(list[Page]):
        def __iter__(self) -> Iterator[Page]:
            raise AssertionError("all pages were gone through")

    pages = Pages(Page(n, None, 2 * n, 2 * n + 2) for n in range(1000))
    assert [page.number for page in _pages_of(pages, 801, 804)] == [400, 401]


@pytest.mark.parametrize("written", TEXTS.values(), ids=TEXTS)
def test_twice_the_text_takes_twice_the_steps(written: str) -> None:
    text(written, 20)()
    once, twice = steps(text(written, 1000)), steps(text(written, 2000))
    assert twice < 2.5 * once


@pytest.mark.parametrize(
    "written", [*TEXTS.values(), "a\n", "a-\n", "a\n\n", "Done.\n"], ids=[*TEXTS, "lines", "hyphens", "empty", "short"]
)
def test_twice_the_plain_text_takes_twice_the_steps_to_read(written: str) -> None:
    once, twice = (steps(lambda size=size: add_plain_text(TextBuilder(), written * size)) for size in (1000, 2000))
    assert twice < 2.5 * once + 100


def test_the_highest_value_in_a_range() -> None:
    values = [(float(n * 7 % 31), float(n * 5 % 17)) for n in range(31)]
    found = Highest(values)
    for place in range(-1, 33):
        for reach in (0.0, 1.0, 4.5, 40.0):
            within = [value for at, value in values if abs(at - place) <= reach]
            assert found.within(place, reach) == max(within, default=float("-inf"))
        assert found.after(place) == max((value for at, value in values if at > place), default=float("-inf"))
