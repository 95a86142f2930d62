"""What a page carries beside its text: running heads and feet, page numbers, stamps along the edge.

The printed numbers are kept as the pages' labels. A line that stands once is never taken away, nor is a table's header.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.pdf_fragments import WIDE_GAP, Fragment, PageText
from ingest.pdf_layout import rows
from ingest.text import one_line

EDGE_ROWS = 3  # from the top and from the bottom of a page, among which heads and feet are looked for
SAME_HEIGHT = 8.0  # points by which a head may move from page to page
USUAL = 0.6  # share of the pages, or of the left or right ones, on which a line comes again if it is a head
LARGE = 1.3  # times the body's size: a heading's type; heads have up to 1.2
TITLE = 1.15  # times the size of the heads that say the same: a title
APART = 0.8  # of the font's size: a line that far from the text need be seen on three pages near each other only
_PAGE_NUMBER = re.compile(
    r"[\s\-–—|\[\]]*(?:page\s|p\.\s?|стр\.\s?|с\.\s?|صفحہ\s)?([0-9]{1,5}|[ivxlcdm]{1,8})(?:\s?(?:of|/|из)\s?[0-9]{1,5})?[\s\-–—|\[\]]*",
    re.I,
)
_AT_END = re.compile(r"^(\d{1,5})(?=\s)|(?<=\s)(\d{1,5})$")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that may be furniture. `edge`: top, bottom, or other (of another direction); `depth`: how many rows stand further
    out; `apart`: the next row inwards is not near; `in_table`: it looks like the first row of a table; `large`: its type is
    larger than the page's text."""

    page: int  # from 0
    angle: int
    height: float
    text: str
    pieces: tuple[Fragment, ...]
    edge: str = "other"
    depth: int = 0
    apart: bool = True
    in_table: bool = False
    large: bool = False

    @property
    def form(self) -> str:
        text = one_line(self.text).casefold()
        return "#" if _PAGE_NUMBER.fullmatch(text) else re.sub(r"\d+", "#", text)


def without_furniture(pages: Sequence[PageText], labels: Sequence[str | None]) -> tuple[list[PageText], list[str | None]]:
    """The pages without heads, feet and numbers; and each page's label: the file's own, else the number printed on it."""
    large = LARGE * _body_size(pages)
    found = [list(_candidates(page, number, large)) for number, page in enumerate(pages)]
    away = _repeated([row for page in found for row in page], len(pages))
    printed = _printed_numbers(found)
    gone: list[set[int]] = [set() for _ in pages]
    for number, candidates in enumerate(found):
        known = (str(number + 1), labels[number], printed[number])
        label = labels[number] or printed[number]
        borne = None if any(label == text for row in candidates for _, text in _numbers(row)) else label
        taken = [row for row in candidates if id(row) in away or _is_number(row, known) or _bears(row, borne)]
        gone[number] = {id(piece) for row in _outermost(taken) for piece in row.pieces}
    cleaned = [_without(page, ids) for page, ids in zip(pages, gone, strict=True)]
    return cleaned, [label or number for label, number in zip(labels, printed, strict=True)]


def _body_size(pages: Sequence[PageText]) -> float:
    """The largest size that a third of the document's characters has; titles of slides have up to a quarter."""
    count: Counter[float] = Counter()
    for page in pages:
        for pieces in page.fragments.values():
            for piece in pieces:
                count[piece.size] += len(piece.text)
    usual = [size for size, characters in count.items() if characters >= count.total() / 3]
    return max(usual, default=max(count, key=lambda size: (count[size], size), default=0.0))


def _without(page: PageText, gone: set[int]) -> PageText:
    if not gone:
        return page
    kept = {angle: [piece for piece in pieces if id(piece) not in gone] for angle, pieces in page.fragments.items()}
    return replace(page, fragments={angle: pieces for angle, pieces in kept.items() if pieces})


def _candidates(page: PageText, number: int, large: float) -> Iterator[_Row]:
    """Rows at the edges of the page's main text, and all text of another direction."""
    if not page.fragments:
        return
    main = max(page.fragments, key=lambda angle: sum(len(piece.text) for piece in page.fragments[angle]))
    for angle, pieces in page.fragments.items():
        found = rows(pieces)
        if angle != main:
            yield from (_row(number, angle, row) for row in found)
            continue
        half = (len(found) + 1) // 2
        for depth in range(min(EDGE_ROWS, half)):
            yield _edge_row(_row(number, angle, found[depth]), ("top", depth), found, large)
            if depth < len(found) - half:
                yield _edge_row(_row(number, angle, found[-1 - depth]), ("bottom", depth), found, large)


def _edge_row(row: _Row, place: tuple[str, int], found: Sequence[Sequence[Fragment]], large: float) -> _Row:
    edge, depth = place
    index = depth if edge == "top" else len(found) - 1 - depth
    inner = index + 1 if edge == "top" else index - 1
    size = max(piece.size for piece in row.pieces)
    apart = not 0 <= inner < len(found) or _gap(row.pieces, found[inner]) >= APART * size
    below = found[index + 1] if index + 1 < len(found) else ()
    near = bool(below) and _gap(row.pieces, below) < APART * size
    in_table = near and _cells(row.pieces) >= 3 and _cells(below) >= 2
    return replace(row, edge=edge, depth=depth, apart=apart, in_table=in_table, large=size > large)


def _outermost(taken: Sequence[_Row]) -> Iterator[_Row]:
    """Of the rows that look like furniture: none with text further out; and past the first, only down to one that the text
    keeps away from, since lines of the text may come again too."""
    for edge in ("top", "bottom"):
        outer = sorted((row for row in taken if row.edge == edge), key=lambda row: row.depth)
        outer = [row for place, row in enumerate(outer) if row.depth == place]
        last = max((row.depth for row in outer if row.apart), default=0)
        yield from outer[: last + 1]
    yield from (row for row in taken if row.edge == "other")


def _row(page: int, angle: int, row: Sequence[Fragment]) -> _Row:
    height = (row[0].box[1] + row[0].box[3]) / 2
    return _Row(page, angle, height, " ".join(piece.text for piece in row), tuple(row))


def _size(row: _Row) -> float:
    return max(piece.size for piece in row.pieces)


def _gap(row: Iterable[Fragment], other: Iterable[Fragment]) -> float:
    row, other = list(row), list(other)
    below = min(p.box[1] for p in other) - max(p.box[3] for p in row)
    above = min(p.box[1] for p in row) - max(p.box[3] for p in other)
    return max(below, above)


def _cells(row: Sequence[Fragment]) -> int:
    ordered = sorted(row, key=lambda piece: piece.box[0])
    pairs = pairwise(ordered)
    return 1 + sum(after.box[0] - before.box[2] > WIDE_GAP * before.size for before, after in pairs)


def _repeated(found: Sequence[_Row], count: int) -> set[int]:
    """The ids of rows that come again, digits counted as equal, at nearly the same height."""
    groups: dict[tuple[int, str], list[list[_Row]]] = {}
    for row in sorted(found, key=lambda row: row.height):
        if row.in_table or not row.text.strip():
            continue
        levels = groups.setdefault((row.angle, row.form), [])
        if levels and row.height - levels[-1][-1].height <= SAME_HEIGHT:
            levels[-1].append(row)
        else:
            levels.append([row])
    away: set[int] = set()
    for levels in groups.values():
        for level in levels:
            away |= {id(row) for row in _heads(level, count)}
    return away


def _heads(level: Sequence[_Row], count: int) -> Iterator[_Row]:
    on: dict[int, set[str]] = {}  # what stands there on each page
    for row in level:
        on.setdefault(row.page, set()).add(_AT_END.sub("", row.text))
    if count == 2:  # little evidence: the first page keeps what both have
        if len(on) == 2 and all(row.apart for row in level):
            yield from (row for row in level if row.page == 1)
        return
    if len(on) < 3:
        return
    on_side = Counter(page % 2 for page in on)
    differ = len({row.text for row in level}) > 1
    largest = TITLE * median(map(_size, level))
    for row in level:
        if (row.large and differ) or _size(row) > largest:
            continue  # numbered headings: "Corridor 1", "Corridor 2" on slides; a title that the heads of the other pages repeat
        if len(on) >= USUAL * count or on_side[row.page % 2] >= max(3, USUAL * count / 2):
            yield row
            continue
        near = [on[page] for page in range(row.page - 4, row.page + 5) if page in on]
        if row.apart and len(near) >= 3 and all(len(texts) == 1 for texts in near) and len(set().union(*near)) == 1:
            yield row


def _printed_numbers(found: Sequence[Sequence[_Row]]) -> list[str | None]:
    """The number printed at each page's edge, where numbers there count up with the pages; None: none is printed. Numbers that
    begin or end a row count only where those that stand alone do so on fewer than half of the pages: headings have them too."""
    tokens = [[token for row in page for token in _numbers(row)] for page in found]
    counted_alone = Counter(step for page, values in enumerate(tokens) for step in {value - page for value, _ in values})
    if len(tokens) > 2 and 2 * max(counted_alone.values(), default=0) < len(tokens):
        tokens = [
            [*whole, *(token for row in page for token in _at_ends(row))] for page, whole in zip(found, tokens, strict=True)
        ]
    steps = Counter(step for page, values in enumerate(tokens) for step in {value - page for value, _ in values})
    steps_roman = Counter(
        step for page, values in enumerate(tokens) for step in {value - page for value, text in values if text.isalpha()}
    )
    result: list[str | None] = [None] * len(found)
    for counted, roman in ((steps_roman, True), (steps, False)):
        if not counted:
            continue
        step, times = counted.most_common(1)[0]
        if times >= (2 if roman else max(2, len(found) / 2)) or (len(found) == 1 and step == 1):
            for page, values in enumerate(tokens):
                shown = [text for value, text in values if value - page == step and text.isalpha() == roman]
                result[page] = shown[0] if shown else result[page]
    return result


def _numbers(row: _Row) -> Iterator[tuple[int, str]]:
    """The number that is all of the row."""
    if whole := _PAGE_NUMBER.fullmatch(one_line(row.text)):
        yield _value(whole[1]), whole[1]


def _at_ends(row: _Row) -> Iterator[tuple[int, str]]:
    """The numbers that begin or end the row, unless it may be a heading."""
    text = one_line(row.text)
    if row.apart and not row.large and not _PAGE_NUMBER.fullmatch(text):
        for match in _AT_END.finditer(text):
            yield int(match[0]), match[0]


def _value(text: str) -> int:
    if text.isdigit():
        return int(text)
    values = [_ROMAN[letter] for letter in text.lower()]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))


def _bears(row: _Row, printed: str | None) -> bool:
    """Is the row the outermost one, and does the page's printed number stand at its end? Then it is a head, whatever it says."""
    return row.depth == 0 and row.apart and printed is not None and printed in [text for _, text in _at_ends(row)]


def _is_number(row: _Row, known: Iterable[str | None]) -> bool:
    match = _PAGE_NUMBER.fullmatch(one_line(row.text))
    return match is not None and row.apart and match[1].casefold() in {label.casefold() for label in known if label}
