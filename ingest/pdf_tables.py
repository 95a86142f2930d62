"""What a table of a PDF's page is: its cells, its parts, and which of its rows name the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.pdf_fragments import Fragment
from ingest.pdf_glyphs import Box
from ingest.pdf_layout import is_right_to_left, line_of, rows
from ingest.pdf_rules import Fill
from ingest.traced import Traced

LETTER = 0.6  # of the font's size: a wide letter's width
TOUCH = 3.0  # points by which rules that meet may miss each other
NUMBER = re.compile(
    r"[\s(+\-–—−±<>≈~$€£¥%]*(?:USD|PKR|Rs\.?)?\s*[\d٠-٩۰-۹][\d٠-٩۰-۹.,'/:()%\s\-–—]*[\w%*†‡)]{0,4}|[-–—…*]+|n/?a", re.I
)
FIGURE = re.compile(r"[-–−+(]?\d[\d.,]*[%)]?|[-–—]")
LONGEST_NAME = 160  # characters of a column's name, those of the columns that it is under included; more is text in boxes
LEADER = re.compile(r"(?:[.·…]\s?){4}")


@dataclass(frozen=True, slots=True)
class Cell:
    """The lines of a cell, and how it is set: what tells a header from the body.

    `full`: which lines had no room for one more character, so that a word may be broken there without a hyphen.
    """

    lines: tuple[Traced, ...] = ()
    full: tuple[bool, ...] = ()
    baselines: tuple[float, ...] = ()
    bold: bool = False
    colour: int | None = None

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of as many cells each under one header: the first `header` rows name the columns (0: not known). `title`: the lines
    of rows above that are one cell."""

    cells: tuple[tuple[Cell, ...], ...]
    header: int
    title: tuple[Traced, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table in parts, each with a header of its own but perhaps the first; `columns`: where the columns begin. Its cells
    stand in the order of reading: from the right in Arabic script."""

    box: Box
    order: int
    size: float
    columns: tuple[float, ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "\n".join(" ".join(cell.text for cell in row) for part in self.parts for row in part.cells)


def centre(piece: Fragment) -> tuple[float, float]:
    return (piece.box[0] + piece.box[2]) / 2, (piece.box[1] + piece.box[3]) / 2


def cell_of(pieces: Sequence[Fragment], fills: Sequence[Fill], edges: tuple[float, float] | None = None) -> Cell:
    lines = [line_of(row, (0.0, 0.0)) for row in rows(pieces)]
    full = [False] * len(lines)
    if edges is not None:
        right = edges[1] - max(min(line.box[0] for line in lines) - edges[0], 0.0)  # as much room on both sides
        full = [right - line.box[2] < LETTER * line.size for line in lines]
    x, y = centre(pieces[0])
    shades = (fill.colour for fill in reversed(fills) if fill.box[0] <= x <= fill.box[2] and fill.box[1] <= y <= fill.box[3])
    bold = all(line.bold for line in lines)
    baselines = tuple(line.baseline for line in lines)
    return Cell(tuple(line.line for line in lines), tuple(full), baselines, bold, next(shades, None))


def table_of(found: tuple[list[list[Cell]], tuple[float, ...]], pieces: Sequence[Fragment]) -> Table | None:
    cells, columns = found
    if len(columns) < 2 or sum(len({id(cell) for cell in row if cell.lines}) > 1 for row in cells) < 2:
        return None
    box = (
        min(piece.box[0] for piece in pieces),
        min(piece.box[1] for piece in pieces),
        max(piece.box[2] for piece in pieces),
        max(piece.box[3] for piece in pieces),
    )
    if is_right_to_left("".join(piece.text for piece in pieces)):
        cells, columns = [row[::-1] for row in cells], columns[::-1]
    parts = _parts([tuple(row) for row in cells])
    return Table(box, min(piece.order for piece in pieces), max(piece.size for piece in pieces), columns, parts)


def _parts(cells: Sequence[tuple[Cell, ...]]) -> tuple[Part, ...]:
    """A row that is one cell over several columns is the title of what follows, if that begins with a header of its own."""
    parts: list[Part] = []
    start, title = 0, 0
    while title < len(cells) and len({id(cell) for cell in cells[title] if cell.lines}) == 1:
        title += 1
    for row in range(title, len(cells) + 1):
        if row < len(cells) and not (_spans_columns(cells[row]) and header_rows(cells[row + 1 :])):
            continue
        lines = [line for above in cells[start:title] for line in next(cell for cell in above if cell.lines).lines]
        if title < row:
            parts.append(Part(tuple(cells[title:row]), header_rows(cells[title:row]), tuple(lines)))
            start = row
        title = row + 1  # titles above titles stay together
    return tuple(parts)


def _spans_columns(row: Sequence[Cell]) -> bool:
    filled = [cell for cell in row if cell.lines]
    return len(filled) > 1 and all(cell is filled[0] for cell in filled)


def header_rows(cells: Sequence[Sequence[Cell]]) -> int:
    """How many of the first rows name the columns; 0 if nothing tells.

    What tells: bold or shaded unlike the row after them; names over columns of figures. At most 4, never all.
    """
    for count in range(1, min(5, len(cells))):
        head, body = cells[:count], cells[count:]
        names = ["".join(row[column].text for row in head) for column in range(len(cells[0]))]
        if sum(map(bool, names)) < max(2, 0.6 * len(names)):
            continue
        if len({name for name in names if name}) < 2:
            continue  # one name over all columns names none
        if any(LEADER.search(name) or len(name) > LONGEST_NAME for name in names):
            continue
        if _set_apart(head, body) or (count == 1 and _over_figures(names, body)):
            while count < len(cells) - 1 and any(a is b for a, b in zip(cells[count - 1], cells[count], strict=True) if a.lines):
                count += 1  # a name over both rows: what stands beside its lower part are names too
            return count
    return 0


def _set_apart(head: Sequence[Sequence[Cell]], body: Sequence[Sequence[Cell]]) -> bool:
    names = [cell for row in head for cell in row if cell.lines]
    below = [cell for cell in body[0] if cell.lines and not any(cell is name for name in names)]
    if not below or any(len(cell.text) > 120 for cell in names):
        return False
    if all(cell.bold for cell in names) and sum(cell.bold for cell in below) <= 0.5 * len(below):
        return True
    shades = {cell.colour for cell in names}
    figures = sum(bool(NUMBER.fullmatch(cell.text)) for cell in names)
    others = {cell.colour for row in body for cell in row if cell.lines}  # rows shaded in turn come again
    return len(shades) == 1 and None not in shades and not shades & others and figures <= 0.3 * len(names)


def _over_figures(names: Sequence[str], body: Sequence[Sequence[Cell]]) -> bool:
    """Does each column of figures (two at the least, or all but one) have a name without figures?"""
    figures = 0
    for column, name in enumerate(names):
        texts = [row[column].text for row in body if row[column].lines]
        if texts and sum(bool(NUMBER.fullmatch(text)) for text in texts) >= 0.6 * len(texts):
            if not name or NUMBER.fullmatch(name):
                return False
            figures += 1
    return figures >= 1 and len(body) >= 2
