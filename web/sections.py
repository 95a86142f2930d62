"""A long document in sections, so that no page of it is heavy: stretches of its text, cut before headings where possible."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.records import Block, Document

# Bytes of HTML that a section's text comes to, as estimated; with the frame around it a page stays below 150 kB.
LARGEST = 72_000
EARLY = 0.5  # of LARGEST: from here on a section ends before the next heading
BLOCK = 60  # bytes of HTML around a block
CELLS = 160  # more in a row of a table, whose headings of columns are set off
ANCHORED = 1.08  # anchors of passages, labels of pages and links among the text
TITLE = 80  # characters
HEADING = "heading"
HIGH = 2  # levels of headings that a section may begin with


@dataclass(frozen=True, slots=True)
class Section:
    """`number` counts from 1; `text[start:end]` is what it shows; all of them together are the whole text."""

    number: int
    start: int
    end: int
    title: str


def sections(document: Document) -> tuple[Section, ...]:
    """At least one, also of an empty text."""
    starts = list(_starts(document))
    ends = [*starts[1:], len(document.text)]
    headings = [block for block in document.blocks if block.kind == "heading"]
    return tuple(
        Section(number, start, end, _title(document.text, headings, start, end))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
    )


def section_at(found: tuple[Section, ...], offset: int) -> Section:
    """The section that shows the character at `offset`; the last one for what lies behind the text."""
    return found[max(0, bisect_right([one.start for one in found], offset) - 1)]


def _starts(document: Document) -> Iterator[int]:
    yield 0
    text = document.text
    weight = ANCHORED * len(text.encode()) / max(1, len(text))
    spent, last = 0.0, 0
    for start, end, kind in _stretches(document):
        cost = BLOCK + CELLS * (kind == "table_row") + weight * (end - start)
        if start > last and (spent + cost > LARGEST or (kind == HEADING and spent > EARLY * LARGEST)):
            yield start
            spent, last = 0.0, start
        while cost > LARGEST:  # one block alone is too long: cut it at a space
            at = _space(text, start, start + int((LARGEST - BLOCK) / weight), end)
            yield at
            start, last = at, at
            cost = BLOCK + weight * (end - start)
        spent += cost


def _stretches(document: Document) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of the blocks and of what lies between them, in order."""
    reached = 0
    for block in document.blocks:
        if block.start > reached:
            yield reached, block.start, ""
        yield block.start, block.end, block.kind if block.kind != HEADING or block.level <= HIGH else ""
        reached = block.end
    if reached < len(document.text):
        yield reached, len(document.text), ""


def _space(text: str, start: int, limit: int, end: int) -> int:
    """Where to cut text[start:end] near `limit`: after a line's end or a space, or anywhere if there is none."""
    limit = min(max(limit, start + 1), end)
    for mark in ("\n", " "):
        at = text.rfind(mark, start + (limit - start) // 2, limit)
        if at > start:
            return at + 1
    return limit


def _title(text: str, headings: Sequence[Block], start: int, end: int) -> str:
    """The first heading of a section, or its first words; cut to TITLE."""
    place = bisect_left(headings, start, key=lambda block: block.start)
    heading = headings[place] if place < len(headings) and headings[place].start < end else None
    stretch = text[heading.start : heading.end] if heading else text[start : min(end, start + 4 * TITLE)]
    words = " ".join(stretch.split())
    if len(words) <= TITLE:
        return words
    cut = words.rfind(" ", 0, TITLE)
    return words[: cut if cut > 0 else TITLE] + "…"
