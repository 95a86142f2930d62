"""Rows of a CSV file or a sheet made into blocks: titles, tables whose rows name their columns, notes.

A row becomes one line, "Country: Kazakhstan; Year: 2023; Exports: 97.96": a quote is a slice of the text, so what a reader needs
to understand a figure must stand in the text beside it, and prose is also what the embedding model was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.text import TextBuilder, UnreadableFile, row_line

MAX_ROWS = 100_000  # with values: the sandbox reads these in 5 s; a million would be an hour of embedding
MAX_CELLS = 3_000_000  # looked at, empty or not
LONGEST_NAME = 120  # characters of a column's name; the longest in the trade tables that we met have 60
LONGEST_TITLE = 200  # characters of a line above a table that can head it
TITLE_LEVEL, LAST_LEVEL = 2, 4  # of headings: 1 is a sheet's name
SAMPLE = 50  # rows under a header that tell what its columns hold

Place = Callable[[int, int, int], str]

_YEAR = re.compile(r"(?:FY\s?)?(?:19|20)\d\d(?:\s?[-–/]\s?(?:\d\d|\d{4}))?(?:\s?г(?:од|г)?\.?)?")
_FIGURE = re.compile(r"[-+−(~<>≈]*[$€£¥₽₸₨]?\s?\d[\d\s.,'’/:-]*\s?(?:%|[$€£¥₽₸₨])?\)?")
_NOTE = re.compile(r"(?:sources?|notes?|\*|\d\)|источники?|примечани[ея]|ماخذ|نوٹ)(?:\W|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row as a spreadsheet program counts it: `number` from 1; `cells` from column A on, one line each, "" for an empty one."""

    number: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> list[int]:
        """The columns, from 0, that hold something."""
        return [column for column, cell in enumerate(self.cells) if cell]


def bounded(rows: Iterable[GridRow]) -> Iterator[GridRow]:
    """The rows that hold something. Raises UnreadableFile past MAX_ROWS of them or MAX_CELLS cells."""
    kept = cells = 0
    for row in rows:
        cells += len(row.cells)
        if cells > MAX_CELLS:
            raise UnreadableFile(f"it has more than {MAX_CELLS:,} cells, empty ones included; split it into smaller files.")
        if any(row.cells):
            kept += 1
            if kept > MAX_ROWS:
                raise UnreadableFile(f"it has more than {MAX_ROWS:,} rows with values; split it into smaller files.")
            yield row


def add_grid(builder: TextBuilder, rows: Sequence[GridRow], place: Place) -> None:
    """Add rows that hold something, in order; where a number is missing, an empty row parts two tables.

    `place(row number, first column, last column)` says how a row is cited; columns count from 0.
    """
    parts = list(_parts(rows))
    tables = [index for index, part in enumerate(parts) if any(len(row.filled) > 1 for row in part)]
    if not tables:
        for row in rows:
            builder.add("table_row", row_line((), row.cells), 0, place(row.number, row.filled[0], row.filled[-1]))
        return
    header: tuple[str, ...] = ()
    level = TITLE_LEVEL
    for index, part in enumerate(parts):
        if index in tables:
            header = _add_table(builder, part, header, (place, level))
            level = TITLE_LEVEL
        else:
            level = _add_lines(builder, part, place, level if index < tables[-1] else 0)


def _parts(rows: Sequence[GridRow]) -> Iterator[list[GridRow]]:
    part: list[GridRow] = []
    for row in rows:
        if part and row.number != part[-1].number + 1:
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _add_lines(builder: TextBuilder, rows: Sequence[GridRow], place: Place, level: int) -> int:
    """Rows of one cell beside a table: above it headings from `level` on, each under the one before (the unit, say); below it
    (level 0) notes. The level that a next one has."""
    before = ""
    for row in rows:
        text, where = row_line((), row.cells), place(row.number, row.filled[0], row.filled[-1])
        if level and text == before:
            continue  # a title that is merged over two rows
        before = text
        if not level or _NOTE.match(text):
            builder.add("note", text, 0, where)
        elif level <= LAST_LEVEL and len(text) <= LONGEST_TITLE:
            builder.add("heading", text, level, where)
            level += 1
        else:
            builder.add("caption", text, 0, where)
    return level


def _add_table(
    builder: TextBuilder, rows: Sequence[GridRow], before: tuple[str, ...], where: tuple[Place, int]
) -> tuple[str, ...]:
    """Add a table with the lines above and below it; its header, or the one `before` if it goes on with that one's table.

    `where` is how rows are cited and the level of a heading above the table.
    """
    place, level = where
    top = next(index for index, row in enumerate(rows) if len(row.filled) > 1)
    bottom = len(rows)
    width = max(len(row.cells) for row in rows)
    while width > 2 and bottom > top + 1 and _is_note(rows[bottom - 1], rows[top].filled[0]):
        bottom -= 1
    _add_lines(builder, rows[:top], place, level)
    body = rows[top:bottom]
    depth = _header_rows(body, first=not before)
    header = _names(body[:depth], width) if depth else before if len(before) >= width else ()
    left = min(row.filled[0] for row in body)
    right = max(row.filled[-1] for row in body)
    for row in body[depth:]:
        builder.add("table_row", row_line(header, row.cells), 0, place(row.number, left, right))
    if depth == len(body):  # names of columns and nothing under them
        for row in body:
            builder.add("table_row", row_line((), row.cells), 0, place(row.number, left, right))
    _add_lines(builder, rows[bottom:], place, 0)
    return header


def _is_note(row: GridRow, column: int) -> bool:
    """Is it a line of text below a table: "Source: …", a sentence? A short name alone is a row whose values are missing."""
    if row.filled != [column]:
        return False
    text = row.cells[column]
    return _NOTE.match(text) is not None or len(text) > LONGEST_NAME or text.endswith(".")


def _header_rows(rows: Sequence[GridRow], *, first: bool) -> int:
    """How many rows name the columns: 0, 1, or 2 where the upper names span several of the lower.

    The first table of a grid has the benefit of the doubt; one below an empty row must differ from what is under it.
    """
    if len(rows) < 2 or not _names_columns(rows[0], rows[1:], first):
        return 0
    upper, lower, rest = rows[0], rows[1], rows[2:]
    first_name = upper.filled[0]
    spanned = [column for column in lower.filled if column > first_name and _goes_over(upper.cells, column)]
    if spanned and rest and _names_columns(lower, rest, first=False):
        return 2
    return 1


def _goes_over(cells: Sequence[str], column: int) -> bool:
    """Does a name in the upper row to the left of `column` go on over it: an empty cell, or a merged one written twice?"""
    return len(cells) <= column or not cells[column] or cells[column] == cells[column - 1]


def _names_columns(row: GridRow, below: Sequence[GridRow], first: bool) -> bool:
    """Are these names? No figures but years, none twice over other values, and figures under one of them at least."""
    figures = False
    for column in row.filled:
        cell = row.cells[column]
        year = _YEAR.fullmatch(cell) is not None
        if len(cell) > LONGEST_NAME or (_FIGURE.fullmatch(cell) and not year):
            return False
        held = [other.cells[column] for other in below[:SAMPLE] if column < len(other.cells) and other.cells[column]]
        years = sum(_YEAR.fullmatch(value) is not None for value in held)
        if year and 2 * years >= max(len(held), 1):
            return False  # a year among years is a value
        figures = figures or (bool(held) and 2 * sum(_FIGURE.fullmatch(value) is not None for value in held) >= len(held))
    return len(row.filled) > 1 and (figures or first)


def _names(rows: Sequence[GridRow], width: int) -> tuple[str, ...]:
    """A name for each column; an upper name goes before each of the lower ones it spans."""
    upper, *lower = [(*row.cells, *[""] * (width - len(row.cells))) for row in rows]
    if not lower:
        return tuple(upper)
    names, above = [], ""
    for high, low in zip(upper, lower[0], strict=True):
        above = high or above
        names.append(above if low in ("", above) else f"{above} {low}".strip())
    return tuple(names)
