"""Tables of any document as a grid: cells over several rows or columns, the row that names the columns, a line for each row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.text import one_line

LONGEST_CELL = 1000  # characters; cells of tables with data that we met have up to 300, of layouts 3,000 to 12,000
MOST_SPANNED = 100  # columns or rows that a cell may say it spans
MOST_CELLS = 1_000_000  # of one table, spanned ones included: 100,000 rows of ten
LONGEST_NAME = 120  # characters of a column's name
SAMPLE = 50  # rows that tell what a column holds

_FIGURE = re.compile(r"[-+−(~<>≈]*[$€£¥₽₸₨]?\s?\d[\d\s.,'’/:-]*\s?(?:%|[$€£¥₽₸₨])?\)?")
_YEAR = re.compile(r"(?:19|20)\d\d")


class Grid:
    """Rows of cells as they are seen. A cell over several rows is written in each, one over several columns in the first."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._below: dict[int, tuple[int, str]] = {}
        self._cells = 0

    def start_row(self) -> None:
        self.rows.append([])

    def add(self, text: str, columns: int = 1, down: int = 1, *, names: bool = False) -> None:
        """Put a cell into the next free columns; a name (`names`) goes into all of them. Past MOST_CELLS spans are ignored."""
        row = self.rows[-1]
        self._fill(row)
        self._cells += columns
        if self._cells > MOST_CELLS:
            columns = down = 1
        for offset in range(min(columns, MOST_SPANNED)):
            value = text if offset == 0 or names else ""
            if down > 1:
                self._below[len(row)] = (min(down, MOST_SPANNED) - 1, value)
            row.append(value)

    def end_row(self) -> None:
        self._fill(self.rows[-1])

    def _fill(self, row: list[str]) -> None:
        while (left := self._below.pop(len(row), None)) is not None:
            count, value = left
            self._cells += 1
            if self._cells > MOST_CELLS:
                self._below.clear()
            if count > 1:
                self._below[len(row)] = (count - 1, value)
            row.append(value)


def join_names(rows: list[list[str]], depth: int) -> list[list[str]]:
    """The first `depth` rows as one: names over names ("2023" over "Exports") become "2023 Exports"."""
    if depth < 2 or depth >= len(rows):
        return rows
    width = max(map(len, rows))
    named = [[*row, *[""] * (width - len(row))] for row in rows[:depth]]
    return [[" ".join(dict.fromkeys(filter(None, column))) for column in zip(*named, strict=True)], *rows[depth:]]


def is_figure(cell: str) -> bool:
    """A number, an amount, a share or a date in digits; a year alone is none: years name columns too."""
    return _FIGURE.fullmatch(cell) is not None and _YEAR.fullmatch(cell) is None


def names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Does the first row of a table without marked names hold them? Several, different, no figures but years, over figures."""
    first = [one_line(cell) for cell in rows[0]] if len(rows) > 1 else []
    names = [name for name in first if name]
    if len(names) < 2 or len(set(names)) < len(names) or any(len(name) > LONGEST_NAME or is_figure(name) for name in names):
        return False
    for column, name in enumerate(first):
        held = [one_line(row[column]) for row in rows[1:SAMPLE] if column < len(row) and row[column].strip()]
        if name and held and 2 * sum(_FIGURE.fullmatch(value) is not None for value in held) >= len(held):
            return True
    return False
