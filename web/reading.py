"""A document's text as the page shows it: blocks cut into runs, with pages, passages and the marked quote in place."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import TypeVar
from urllib.parse import quote as quoted

from flask_babel import gettext as _

from kb.errors import BadRequest
from kb.pictures import PAGED
from kb.records import Block, Document, Page, Passage, Reference
from web import names
from web.phrases import N_

OUTLINE_LEVELS = 3
LONGEST_OUTLINE = 120
LONGEST_ENTRY = 160  # characters

CELL = re.compile(r"(?:(?<=; )|(?<![^\n]))([^:;\n]{1,80}:) ")

Show = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of the original: what is printed on it or its number, the address that shows it ("": it cannot be shown), and how it
    was read if that was by OCR."""

    number: int
    label: str
    href: str
    note: str


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text. `anchors` are passages that begin here, `leaf` a page that begins here, `href` leads to what the stretch
    names, an article of this document or another agreement ("" for most), `column` tells that it heads a cell of a row."""

    text: str
    marked: bool
    anchors: tuple[str, ...]
    leaf: Leaf | None
    href: str = ""
    column: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A block: `tag` is its HTML element, `id` its anchor if it is a heading or something refers to it; `hit`: a passage that was
    found for the question stands in it."""

    tag: str
    kind: str
    id: str
    runs: tuple[Run, ...]
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the outline."""

    href: str
    text: str
    level: int


def checked_span(text: str, start: int | None, end: int | None) -> tuple[int, int] | None:
    """The quote's span, or None if none is asked for. Raises BadRequest for one that is not in the text."""
    if start is None and end is None:
        return None
    if start is None or end is None or not 0 <= start < end <= len(text):
        raise BadRequest(f"start {start} and end {end} mark no quote; both are needed, and the text has {len(text)} characters.")
    return start, end


def leaf_of(document: Document, page: Page, show: Show) -> Leaf:
    """`show` gives the address that shows a page by its number."""
    note = "" if page.ocr is None else _("read by OCR at %(percent)s\u00a0%%", percent=f"{100 * page.ocr:.0f}")
    return Leaf(page.number, page.label or str(page.number), show(page.number) if document.media_type == PAGED else "", note)


@dataclass(frozen=True, slots=True)
class Marking:
    """What is set off in the text: the quote, and the passages that were found for a question, as spans in order."""

    quote: tuple[int, int] | None = None
    hits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where links of the text lead: to a page of the original by number, and to a place by its offset."""

    page: Show
    place: Show


def parts(
    document: Document, passages: Sequence[Passage], span: tuple[int, int], marking: Marking, addresses: Addresses
) -> tuple[Part, ...]:
    """The blocks of text[span[0]:span[1]] in order. Every character of it that is not white space is in exactly one run."""
    text, low, high = document.text, *span
    anchors = sorted((passage.locator.start, passage.id) for passage in passages if low <= passage.locator.start < high)
    numbered = _between(
        [(page.start, page) for page in document.pages], low if low else -1, high if high < len(text) else high + 1
    )
    pages = [(at, leaf_of(document, page, addresses.page)) for at, page in numbered]
    links = _between([(link.start, link) for link in document.references if _leads(link)], low, high)
    targets = {link.target for link in document.references if link.target is not None}
    result, reached = [], low
    blocks = list(_without_gaps(text, _clipped(document.blocks, low, high), low, high))
    for place, block in enumerate(blocks):
        # What begins in the gap before a block belongs to the block; after the last block, to the last.
        upto = block.end if place < len(blocks) - 1 else high + 1
        here = [(max(at, block.start), name) for at, name in _between(anchors, reached, upto)]
        leaves = [(max(at, block.start), leaf) for at, leaf in _between(pages, reached, upto)]
        inside = [(link, _href(link, addresses)) for _, link in _between(links, block.start, block.end)]
        result.append(_part(text, block, marking, (here, leaves, inside), block.start in targets))
        reached = block.end
    return tuple(result)


def _leads(link: Reference) -> bool:
    return link.target is not None or link.entity_id is not None


def _href(link: Reference, addresses: Addresses) -> str:
    return addresses.place(link.target) if link.target is not None else f"/entities/{quoted(link.entity_id or '')}"


def outline(document: Document, span: tuple[int, int], place: Show) -> tuple[Entry, ...]:
    """The headings of the document, or those of text[span[0]:span[1]] if that are too many. `place` gives an address."""
    headings = [block for block in document.blocks if block.kind == "heading" and block.level <= OUTLINE_LEVELS]
    if len(headings) > LONGEST_OUTLINE:
        headings = [block for block in headings if span[0] <= block.start < span[1]][:LONGEST_OUTLINE]
    return tuple(Entry(place(b.start), _short(document.text[b.start : b.end]), b.level) for b in headings)


def _short(heading: str) -> str:
    words = " ".join(heading.split())
    return words if len(words) <= LONGEST_ENTRY else words[: LONGEST_ENTRY - 1] + "…"


def _clipped(blocks: Sequence[Block], low: int, high: int) -> list[Block]:
    """What of the blocks lies in [low, high)."""
    first = bisect_left(blocks, low, key=lambda block: block.end)
    found = []
    for block in blocks[first:]:
        if block.start >= high:
            break
        start, end = max(block.start, low), min(block.end, high)
        if start < end:
            found.append(block if (start, end) == (block.start, block.end) else replace(block, start=start, end=end))
    return found


def _without_gaps(text: str, blocks: Sequence[Block], low: int, high: int) -> Iterator[Block]:
    """The blocks, and a paragraph for any text of [low, high) that stands in none of them."""
    reached = low
    for block in blocks:
        if text[reached : block.start].strip():
            yield Block("paragraph", reached, block.start)
        yield block
        reached = block.end
    if text[reached:high].strip():
        yield Block("paragraph", reached, high)


T = TypeVar("T")
# What begins in a block: passages, pages, references.
Within = tuple[list[tuple[int, str]], list[tuple[int, Leaf]], list[tuple[Reference, str]]]


def _between(places: list[tuple[int, T]], low: int, high: int) -> list[tuple[int, T]]:
    """Those of sorted places that begin in [low, high), found by halving: a table may have 100,000 blocks."""
    first, last = (bisect_left(places, edge, key=itemgetter(0)) for edge in (low, high))
    return places[first:last]


def _part(text: str, block: Block, marking: Marking, places: Within, named: bool) -> Part:
    anchors, pages, links = places
    low, high = marking.quote or (0, 0)
    inner = {at for at, _ in (*anchors, *pages) if at < block.end} | {at for at in (low, high) if block.start < at < block.end}
    inner |= {at for link, _ in links for at in (link.start, link.end) if block.start < at < block.end}
    columns = _columns(text, block)
    inner |= {at for span in columns for at in span if block.start < at < block.end}
    cuts = sorted({block.start, block.end} | inner)
    runs = []
    for start, end in pairwise(cuts):
        leaves = [leaf for at, leaf in pages if at == start]
        ids = tuple(name for at, name in anchors if at == start or (at >= block.end and start == cuts[0]))
        href = next((address for link, address in links if link.start <= start < link.end), "")
        column = any(first <= start < last for first, last in columns)
        runs.append(Run(text[start:end], low <= start < high, ids, leaves[-1] if leaves else None, href, column))
    heading = block.kind == "heading"
    tag = f"h{min(6, max(1, block.level) + 1)}" if heading else "p"
    hit = any(first < block.end and block.start < last for first, last in marking.hits)
    return Part(tag, block.kind, anchor(block.start) if named or heading else "", tuple(runs), hit)


def _columns(text: str, block: Block) -> list[tuple[int, int]]:
    """Where the headings of its columns stand in a row of a table, which readers write as "Date: 1992; Title: …"."""
    if block.kind != "table_row":
        return []
    return [match.span(1) for match in CELL.finditer(text, block.start, block.end)]


STATED: Mapping[str, str] = {
    "party": N_("Parties, as stated"),
    "signed_on": N_("Date of signature"),
    "signed_at": N_("Place of signature"),
    "in_force_since": N_("In force from"),
    "entry_into_force": N_("Entry into force"),
    "duration": N_("Duration"),
    "language": N_("Authentic languages"),
}


def stated(document: Document) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """What the text says of itself: name, words, and the span that says so."""
    for kind, name in STATED.items():
        facts = [fact for fact in document.stated if fact.kind == kind]
        if facts:
            shown = {"signed_on": names.day, "in_force_since": names.day, "language": names.language}.get(kind, str)
            values = list(dict.fromkeys(shown(fact.value) for fact in facts))
            told = values[0] if kind == "entry_into_force" else ", ".join(values)
            yield _(name), told, (facts[0].start, facts[0].end)


def anchor(start: int) -> str:
    """The id of the block that begins at `start`."""
    return f"h-{start}"
