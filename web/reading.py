"""A document's text as the page shows it: blocks cut into runs, with pages, passages and the marked quote in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote as quoted

from kb.errors import BadRequest
from kb.pictures import PAGED
from kb.records import Block, Document, Page, Passage

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
    """A stretch of text. `anchors` are passages that begin here, `leaf` a page that begins here."""

    text: str
    marked: bool
    anchors: tuple[str, ...]
    leaf: Leaf | None


@dataclass(frozen=True, slots=True)
class Part:
    """A block: `tag` is its HTML element, `id` its anchor if it is a heading."""

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
    result, reached = [], 0
    blocks = list(_without_gaps(text, document.blocks))
    for place, block in enumerate(blocks):
        # What begins in the gap before a block belongs to the block; after the last block, to the last.
        upto = block.end if place < len(blocks) - 1 else len(text) + 1
        here = [(max(at, block.start), name) for at, name in anchors if reached <= at < upto]
        leaves = [(max(at, block.start), leaf) for at, leaf in pages if reached <= at < upto]
        result.append(_part(text, block, quote, (here, leaves)))
        reached = block.end
    return tuple(result)


def outline(document: Document) -> tuple[Entry, ...]:
    headings = [block for block in document.blocks if block.kind == "heading" and block.level <= OUTLINE_LEVELS]
    return tuple(Entry(_heading_id(b), document.text[b.start : b.end], b.level) for b in headings[:LONGEST_OUTLINE])


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


Places = tuple[list[tuple[int, str]], list[tuple[int, Leaf]]]


def _part(text: str, block: Block, quote: tuple[int, int] | None, places: Places) -> Part:
    anchors, pages = places
    low, high = quote or (0, 0)
    inner = {at for at, _ in (*anchors, *pages) if at < block.end} | {at for at in (low, high) if block.start < at < block.end}
    cuts = sorted({block.start, block.end} | inner)
    runs = []
    for start, end in pairwise(cuts):
        leaves = [leaf for at, leaf in pages if at == start]
        ids = tuple(name for at, name in anchors if at == start or (at >= block.end and start == cuts[0]))
        runs.append(Run(text[start:end], low <= start < high, ids, leaves[-1] if leaves else None))
    heading = block.kind == "heading"
    tag = f"h{min(6, max(1, block.level) + 1)}" if heading else "p"
    return Part(tag, block.kind, _heading_id(block) if heading else "", tuple(runs))


def _heading_id(block: Block) -> str:
    return f"h-{block.start}"
