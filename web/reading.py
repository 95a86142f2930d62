"""A document's text as the page shows it: blocks cut into runs, with pages, passages and the marked quote in place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import TypeVar
from urllib.parse import quote as quoted

from kb.errors import BadRequest
from kb.pictures import PAGED
from kb.records import Block, Document, Page, Passage, Reference
from web import names

OUTLINE_LEVELS = 3
LONGEST_OUTLINE = 80


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of the original: what is printed on it or its number, its picture's address ("": none), and how it was read if that
    was by OCR."""

    label: str
    href: str
    note: str


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text. `anchors` are passages that begin here, `leaf` a page that begins here, `href` leads to the article that
    the stretch names ("" for most)."""

    text: str
    marked: bool
    anchors: tuple[str, ...]
    leaf: Leaf | None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A block: `tag` is its HTML element, `id` its anchor if it is a heading or something refers to it."""

    tag: str
    kind: str
    id: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the outline."""

    id: str
    text: str
    level: int


def checked_span(text: str, start: int | None, end: int | None) -> tuple[int, int] | None:
    """The quote's span, or None if none is asked for. Raises BadRequest for one that is not in the text."""
    if start is None and end is None:
        return None
    if start is None or end is None or not 0 <= start < end <= len(text):
        raise BadRequest(f"start {start} and end {end} mark no quote; both are needed, and the text has {len(text)} characters.")
    return start, end


def leaf_of(document: Document, page: Page, quote: tuple[int, int] | None) -> Leaf:
    """The picture marks what of the quote stands on the page."""
    href = ""
    if document.media_type == PAGED:
        href = f"/documents/{quoted(document.id)}/pages/{page.number}.png"
        if quote and page.start < quote[1] and quote[0] < page.end:
            href += f"?start={quote[0]}&end={quote[1]}"
    note = "" if page.ocr is None else f"read by OCR at {100 * page.ocr:.0f}\u00a0%"
    return Leaf(page.label or str(page.number), href, note)


def parts(document: Document, passages: Sequence[Passage], quote: tuple[int, int] | None) -> tuple[Part, ...]:
    """The blocks in order. Every character that is not white space is in exactly one run."""
    text = document.text
    anchors = sorted((passage.locator.start, passage.id) for passage in passages)
    pages = [(page.start, leaf_of(document, page, quote)) for page in document.pages]
    links = [(link.start, link) for link in document.references if link.target is not None]
    targets = {link.target for _, link in links}
    result, reached = [], 0
    blocks = list(_without_gaps(text, document.blocks))
    for place, block in enumerate(blocks):
        # What begins in the gap before a block belongs to the block; after the last block, to the last.
        upto = block.end if place < len(blocks) - 1 else len(text) + 1
        here = [(max(at, block.start), name) for at, name in _between(anchors, reached, upto)]
        leaves = [(max(at, block.start), leaf) for at, leaf in _between(pages, reached, upto)]
        inside = [link for _, link in _between(links, block.start, block.end)]
        result.append(_part(text, block, quote, (here, leaves, inside), block.start in targets))
        reached = block.end
    return tuple(result)


def outline(document: Document) -> tuple[Entry, ...]:
    headings = [block for block in document.blocks if block.kind == "heading" and block.level <= OUTLINE_LEVELS]
    return tuple(Entry(_id(b.start), document.text[b.start : b.end], b.level) for b in headings[:LONGEST_OUTLINE])


def _without_gaps(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, and a paragraph for any text that stands in none of them."""
    reached = 0
    for block in blocks:
        if text[reached : block.start].strip():
            yield Block("paragraph", reached, block.start)
        yield block
        reached = block.end
    if text[reached:].strip():
        yield Block("paragraph", reached, len(text))


T = TypeVar("T")
# What begins in a block: passages, pages, references.
Within = tuple[list[tuple[int, str]], list[tuple[int, Leaf]], list[Reference]]


def _between(places: list[tuple[int, T]], low: int, high: int) -> list[tuple[int, T]]:
    """Those of sorted places that begin in [low, high), found by halving: a table may have 100,000 blocks."""
    first, last = (bisect_left(places, edge, key=itemgetter(0)) for edge in (low, high))
    return places[first:last]


def _part(text: str, block: Block, quote: tuple[int, int] | None, places: Within, named: bool) -> Part:
    anchors, pages, links = places
    low, high = quote or (0, 0)
    inner = {at for at, _ in (*anchors, *pages) if at < block.end} | {at for at in (low, high) if block.start < at < block.end}
    inner |= {at for link in links for at in (link.start, link.end) if block.start < at < block.end}
    cuts = sorted({block.start, block.end} | inner)
    runs = []
    for start, end in pairwise(cuts):
        leaves = [leaf for at, leaf in pages if at == start]
        ids = tuple(name for at, name in anchors if at == start or (at >= block.end and start == cuts[0]))
        target = next((link.target for link in links if link.start <= start < link.end), None)
        href = "" if target is None else f"#{_id(target)}"
        runs.append(Run(text[start:end], low <= start < high, ids, leaves[-1] if leaves else None, href))
    heading = block.kind == "heading"
    tag = f"h{min(6, max(1, block.level) + 1)}" if heading else "p"
    return Part(tag, block.kind, _id(block.start) if named or heading else "", tuple(runs))


STATED: Mapping[str, str] = {
    "party": "Parties, as stated",
    "signed_on": "Date of signature",
    "signed_at": "Place of signature",
    "in_force_since": "In force from",
    "entry_into_force": "Entry into force",
    "duration": "Duration",
    "language": "Authentic languages",
}


def stated(document: Document) -> Iterator[tuple[str, str, str]]:
    """What the text says of itself, in words, with the address that marks the place where it says so."""
    for kind, name in STATED.items():
        facts = [fact for fact in document.stated if fact.kind == kind]
        if facts:
            shown = {"signed_on": names.day, "in_force_since": names.day, "language": names.language}.get(kind, str)
            values = list(dict.fromkeys(shown(fact.value) for fact in facts))
            told = values[0] if kind == "entry_into_force" else ", ".join(values)
            yield name, told, f"?start={facts[0].start}&end={facts[0].end}#quote"


def _id(start: int) -> str:
    return f"h-{start}"
