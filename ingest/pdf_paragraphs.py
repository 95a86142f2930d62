"""From lines and tables in reading order to blocks: headings, paragraphs, list items, notes, rows of tables."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from ingest.highest import Highest
from ingest.pdf_layout import WIDE, Line
from ingest.pdf_structure import compared
from ingest.pdf_tables import Cell, Part, Table
from ingest.text import heading_level, line_kind, one_line
from ingest.traced import EMPTY, Traced, joined, on_one_line, put_in, rejoined

LARGER = 1.12  # times the body's font size: a heading. Footnotes and captions are smaller, body fonts vary by a few percent
USUAL = 0.2  # of a document's characters are in the body's font size at the least; headings have up to .05
SMALLER = 0.94  # times the body's font size, or less: a footnote's. Typesetters give notes .75 to .9
FLUSH = 2.0  # points by which lines of one margin may begin apart
FEWEST_FLUSH = 3  # lines that tell where the others of their margin end
SAME_COLUMN = 6.0  # points by which the columns of a table that goes on may move on the next page
LONGEST_AGAIN = 120  # characters of a cell over several rows that is given in each of them; a longer one is a remark on all
_MARKS = "•●▪◦■□➢➔❖❑❒◆⧫⬧◻▶►▸✓✔"  # of lists
_ITEM = re.compile(
    rf"(?:[{_MARKS}]|[*–—-]\s|\(?(?:[a-zа-я]|[ivx]{{1,5}})\)\s|\(\d{{1,2}}\)\s|\d{{1,3}}(?:\.\d{{1,2}})*[.)]\s)\s*\S"
)
_LEADERS = re.compile(r"(?:\s*[.·…]){4,}\s*$")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")
_NOTE = re.compile(r"(?:[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}|[*†‡]{1,3}|\d{1,3}(?=\s))\s?\S")
_OPEN_GROUP = re.compile(r"(?<![.\d])\d{1,3}(?:,\d{3})*,(\d{0,2})$")
_CHECKED = re.compile(r"[□■☐☑☒√✓].*[□■☐☑☒√✓]")  # boxes to tick, of which □ looks like a bullet
_CAPTION = re.compile(
    r"(?:Table|TABLE|Figure|FIGURE|Fig\.|Chart|Таблица|Рисунок|Рис\.|جدول|表|图|図)\s?[\dIVX]+(?:\.\d+)*\s?(?:[.:–—]\s|$)"
)


@dataclass(frozen=True, slots=True)
class PdfBlock:
    """A block of a page with the source of each of its characters."""

    kind: str
    line: Traced
    level: int = 0


@dataclass(frozen=True, slots=True)
class Typography:
    """What the whole document tells of its type: the body's font size, the larger ones, and words that lines do not break."""

    body: float
    sizes: tuple[float, ...]
    words: frozenset[str]


Item = Line | Table


def typography(pages: Iterable[Sequence[Item]]) -> Typography:
    """The body's font size is the largest that many characters have: lists of sources may be longer than the text. 0: no text."""
    count: Counter[float] = Counter()
    words: set[str] = set()
    for items in pages:
        for item in items:
            if isinstance(item, Line):
                count[item.size] += len(item.text)
            texts = [item.text] if isinstance(item, Line) else [line.text for line in _long_lines(item)]
            words |= {word.lower() for text in texts for word in re.findall(r"[^\W\d_][\w-]*\w", text[:-1])}
    usual = [size for size, characters in count.items() if characters >= USUAL * count.total()]
    body = max(usual, default=max(count, key=lambda size: (count[size], size), default=0.0))
    return Typography(body, tuple(sorted((size for size in count if size >= LARGER * body > 0), reverse=True)), frozenset(words))


def _long_lines(table: Table) -> Iterator[Traced]:
    """A cell's narrow column may break words without a hyphen: lines of cells of one line are whole."""
    return (cell.lines[0] for part in table.parts for row in part.cells for cell in row if len(cell.lines) == 1)


def page_blocks(items: Sequence[Item], bookmarks: Mapping[str, int], typed: Typography) -> Iterator[PdfBlock | Table]:
    """The blocks of a page, its notes last; tables are left for `table_blocks`, which must know the page before."""
    notes: list[PdfBlock] = []
    lines: list[Line] = []
    for item in [*items, None]:
        if isinstance(item, Line):
            lines.append(item)
            continue
        for block in _text_blocks(lines, bookmarks, typed):
            if block.kind == "note":
                notes.append(block)
            else:
                yield block
        lines = []
        if item is not None:
            yield item
    yield from notes


def _text_blocks(lines: Sequence[Line], bookmarks: Mapping[str, int], typed: Typography) -> Iterator[PdfBlock]:
    in_notes = False
    feet = _Feet(lines, typed)
    for paragraph in _paragraphs(lines):
        line = on_one_line(rejoined((line.line for line in paragraph), typed.words))
        text = line.text
        if not text:
            continue
        small = all(part.size <= SMALLER * typed.body for part in paragraph)
        in_notes = small and (feet.begins_note(paragraph[0]) or (in_notes and not _CAPTION.match(text)))
        level = bookmarks.get(compared(text), 0) or _font_level(paragraph, text, typed)
        if in_notes:
            yield PdfBlock("note", line)
        elif level:
            yield PdfBlock("heading", line, level)
        elif _CAPTION.match(text) and len(text) <= 600:
            yield PdfBlock("caption", line)
        else:
            kind, rest, level = line_kind(text) if not _CHECKED.match(text) else ("paragraph", text, 0)
            yield PdfBlock(kind, line[len(text) - len(rest) :], level)


class _Feet:
    """Where on a page notes may stand."""

    def __init__(self, lines: Sequence[Line], typed: Typography) -> None:
        self._first = min((line.baseline for line in lines if line.size > SMALLER * typed.body), default=math.inf)
        columns: dict[tuple[float, float], list[tuple[float, float]]] = {}
        for line in lines:
            columns.setdefault(line.margins, []).append((line.baseline, line.size))
        self._columns = {margins: Highest(column) for margins, column in columns.items()}

    def begins_note(self, first: Line) -> bool:
        """A note begins with its mark and stands at the foot of its column: no larger type below it, and the body's above."""
        if not _NOTE.match(first.text) or self._first >= first.baseline:
            return False
        return self._columns[first.margins].after(first.baseline) <= first.size * 1.05


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _font_level(paragraph: Sequence[Line], text: str, typed: Typography) -> int:
    """1..6 if the type says that this is a heading: larger than the body's, or bold and short."""
    length = len(text) + len(WIDE.findall(text))
    if len(paragraph) > 3 or length > 200 or text[-1] in ".,;。，；、" or text[0] in _MARKS:
        return 0
    if _letters(text) < 3 or 2 * sum(map(str.isalpha, text)) < _letters(text):
        return 0
    if all(line.size >= LARGER * typed.body > 0 for line in paragraph):
        return min(1 + typed.sizes.index(max(line.size for line in paragraph)), 6)
    if all(line.bold and line.size >= 0.95 * typed.body for line in paragraph) and length <= 120 and text[-1] not in ":：":
        return heading_level(text) or min(len(typed.sizes) + 1, 6)
    return 0


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    if not lines:
        return
    steps = _steps(lines)
    margins = _Margins(lines)
    paragraph = [lines[0]]
    for line in lines[1:]:
        if _begins(line, paragraph[-1], steps.get(line.size, steps[None]), margins):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    yield paragraph


def _steps(lines: Sequence[Line]) -> dict[float | None, float]:
    """From line to line, the usual way down: for each font size of which there are three pairs of lines, and (None) for all."""
    found: dict[float | None, list[float]] = {None: []}
    for above, below in pairwise(lines):
        if above.baseline < below.baseline:
            found[None].append(below.baseline - above.baseline)
            if above.size == below.size:
                found.setdefault(above.size, []).append(below.baseline - above.baseline)
    return {size: median(steps) if steps else 0.0 for size, steps in found.items() if size is None or len(steps) >= 3}


def _begins(line: Line, last: Line, step: float, margins: _Margins) -> bool:
    """Does a new paragraph begin with this line?"""
    here, before = one_line(line.text), one_line(last.text)
    if not here or not before:
        return True
    if before[-1] in "-\u2010" and before[-2:-1].isalpha() and here[0].islower() and abs(line.size - last.size) < 0.1 * last.size:
        return False
    if last.bold != line.bold and (last.bold or heading_level(here)):
        return True
    if (_ITEM.match(line.text) and not _CHECKED.match(line.text)) or heading_level(here) or heading_level(before):
        return True
    if abs(line.size - last.size) > 0.1 * max(line.size, last.size, 1):
        return True
    if here[0] in "¹²³⁴⁵⁶⁷⁸⁹" and before[-1] in ".!?):;”»":
        return True  # the next footnote
    down = line.baseline - last.baseline
    if down < -0.5 * line.size:  # up again: the next column; a sentence may go on there
        return last.bold != line.bold or before[-1] in ".!?:۔؟。"
    if down > 1.35 * max(step, 1.0 * line.size):
        goes_on = down <= 2 * line.size and before[-1] not in ".!?:;۔؟。" and not _had_room(last, line, margins)
        return not goes_on  # a full line in the middle of a sentence, set wider than the rest of the page
    return down > 0.5 * line.size and _had_room(last, line, margins)


class _Margins:
    """How far the lines of a column and size reach."""

    def __init__(self, lines: Sequence[Line]) -> None:
        columns: dict[tuple[float, float], list[Line]] = {}
        for line in lines:
            columns.setdefault(line.margins, []).append(line)
        self._boxes = {margins: np.array([line.box for line in column]) for margins, column in columns.items()}
        self._sizes = {margins: np.array([line.size for line in column]) for margins, column in columns.items()}

    def end(self, last: Line, line: Line, side: int, sign: int) -> float:
        """Where lines end that begin (at `side` of their boxes) where one of the two does, if most of these end at one place, as
        in a quotation set in from both sides; else where all end that begin near the last one. `sign`: -1 if they go left."""
        alike = self._boxes[last.margins][np.abs(self._sizes[last.margins] - last.size) <= 0.05 * last.size]
        begins, ends = alike[:, side], sign * alike[:, 2 - side]
        away = np.abs(begins - last.box[side])
        flush = ends[np.minimum(away, np.abs(begins - line.box[side])) <= FLUSH]
        if (flush.max() - flush <= FLUSH).sum() < max(FEWEST_FLUSH, len(flush) / 2):
            flush = ends[away <= max(3 * last.size, 30.0)]
        return float(flush.max())


def _had_room(last: Line, line: Line, margins: _Margins) -> bool:
    """Would the line's first word have fitted behind the last line? Then the break was meant."""
    width = (last.box[2] - last.box[0]) / max(len(last.text), 1)
    word = (len(line.text.split(maxsplit=1)[0]) + 1.5) * width
    side, sign = (2, -1) if _is_arabic(last.text) else (0, 1)
    return margins.end(last, line, side, sign) - sign * last.box[2 - side] > word


def _is_arabic(text: str) -> bool:
    return len(_ARABIC.findall(text)) > len(text) / 3


# ---- tables -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a table's columns, and where these begin: a table that goes on over a page's end is read with them."""

    names: tuple[Traced, ...] = ()
    columns: tuple[float, ...] = ()

    def on(self, table: Table) -> Header:
        """The header for a table that goes on: each of its columns begins where one of the header's does. Empty if one does
        not."""
        places = []
        for column in table.columns:
            near = min(range(len(self.columns)), key=lambda place: abs(self.columns[place] - column), default=None)
            if near is None or abs(self.columns[near] - column) > SAME_COLUMN:
                return Header()
            places.append(near)
        return Header(tuple(self.names[place] for place in places), table.columns)


def table_blocks(table: Table, before: Header, words: frozenset[str]) -> tuple[list[PdfBlock], Header]:
    """A block for each row, "Header: value; Header: value", so that a row can be quoted without its table; and the header of
    the last part, an empty one if the table gives none. Names are a block of their own where a column has no value to name.

    `before`: that of a table at the end of the page before, used if this one goes on with it. A cell over several rows is given
    in each of them unless it is long, one over several columns once; a row that is one cell stands as it is.
    """
    header = before.on(table)
    blocks: list[PdfBlock] = []
    for part in table.parts:
        header = Header(_names(part, words), table.columns) if part.header else header
        if part.title:
            blocks.append(PdfBlock("caption", on_one_line(rejoined(part.title, words))))
        rows = part.cells[part.header :]
        if part.header and not all(_is_named(column, rows) for column, name in enumerate(header.names) if name.text):
            blocks.append(PdfBlock("table_row", on_one_line(joined(_distinct(header.names), "; "))))
        for above, row in zip([(), *rows], rows, strict=False):
            if cells := _row_text(row, header, words, above):
                blocks.append(PdfBlock("table_row", on_one_line(joined(cells, "; "))))
    return blocks, header


def _names(part: Part, words: frozenset[str]) -> tuple[Traced, ...]:
    names = []
    for column in range(len(part.cells[0])):
        cells: list[Cell] = []
        for row in part.cells[: part.header]:
            if row[column].lines and not any(row[column] is cell for cell in cells):
                cells.append(row[column])
        names.append(joined((_cell_text(cell, words) for cell in cells), " "))
    return tuple(names)


def _distinct(names: Sequence[Traced]) -> list[Traced]:
    """The names without those that several columns share."""
    return [name for place, name in enumerate(names) if name.text and (not place or name.text != names[place - 1].text)]


def _is_alone(row: Sequence[Cell]) -> bool:
    return len(row) > 2 and len({id(cell) for cell in row if cell.lines}) == 1


def _is_named(column: int, rows: Sequence[Sequence[Cell]]) -> bool:
    """Has the column a cell of its own in one of the rows, so that its name is said?"""
    return any(row[column].lines and (not column or row[column] is not row[column - 1]) and not _is_alone(row) for row in rows)


def _row_text(row: Sequence[Cell], header: Header, words: frozenset[str], above: Sequence[Cell] = ()) -> list[Traced]:
    alone = _is_alone(row)
    cells: list[Traced] = []
    told = {id(cell) for cell in above if len(cell.text) > LONGEST_AGAIN}
    for column, cell in enumerate(row):
        if not cell.lines or id(cell) in told:
            continue
        told.add(id(cell))
        text = _cell_text(cell, words)
        name = header.names[column] if header.names and not alone else EMPTY
        named = name.text.rstrip(":")
        cells.append(joined([name[: len(named)], text], ": ") if named else text)
    return cells


def _cell_text(cell: Cell, words: frozenset[str]) -> Traced:
    """The cell on one line. Narrow columns break words and figures without a hyphen: 2,00|0 is one figure where the line was
    full, and Dist|anc|e one word if the document has it elsewhere and lacks one of the parts."""
    merged: list[Traced] = []
    full = False
    for number, line in enumerate(cell.lines):
        whole = bool(merged) and (
            (full and _is_figure(merged[-1].text, line.text)) or _is_word(merged[-1].text, cell.lines[number:], words)
        )
        if whole:
            merged[-1] = joined([merged[-1], line])
        else:
            merged.append(line)
        full = cell.full[number]
    text = on_one_line(rejoined(merged, words)) if merged else put_in("")
    leaders = _LEADERS.search(text.text)
    return text[: leaders.start()] if leaders and leaders.start() else text


def _is_figure(left: str, right: str) -> bool:
    """Does the right side complete a group of three digits: 2,00|0, or 2,|000? Two whole figures below each other stay two."""
    group = _OPEN_GROUP.search(left)
    digits = re.match(r"\d*", right)
    return group is not None and digits is not None and len(group[1]) + len(digits[0]) == 3


def _is_word(left: str, following: Sequence[Traced], words: frozenset[str]) -> bool:
    """Do the last letters of `left` make a word with the first ones of the next lines, at most five?"""
    last = re.search(r"[^\W\d_]+$", left)
    parts = [last[0].lower()] if last else []
    for line in following[:5] if parts else ():
        first = re.match(r"[^\W\d_]+", line.text)
        if not first:
            return False
        parts.append(first[0].lower())
        if "".join(parts) in words:
            return not all(part in words for part in parts)
        if first[0] != line.text.strip():
            return False
    return False
