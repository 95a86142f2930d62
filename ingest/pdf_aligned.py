"""Tables without rules between their columns: rows of text that stand in columns.

A wrong table breaks prose, a missed one is still read row by row; so evidence is asked for first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.pdf_fragments import WIDE_GAP, Fragment
from ingest.pdf_layout import is_right_to_left
from ingest.pdf_rows import subrows
from ingest.pdf_rules import Rules
from ingest.pdf_tables import LEADER, NUMBER, Cell, Table, cell_of, table_of

LONGEST_CELL = 45  # characters of the mean cell of a table without rules that has a column of figures
LONGEST_WORDS = 22  # of one that has none; columns of prose that escape the layout have 30 and more
MOST_TRIED = 100  # rows of a run from which a table is looked for; a page that can be read has fewer
_MARKER = re.compile(r"(?:[•●▪◦‣–—*-]|\(?[\w]{1,4}[.)]|\d+(?:\.\d+)*\.?|[A-Z]\.)$")


def aligned_tables(found: Sequence[Sequence[Fragment]], rules: Rules) -> list[tuple[int, int, Table]]:
    """Runs of rows that are tables, as (first row, row after the last, table)."""
    cells = [_row_cells(row) for row in found]
    result = []
    start = tried = 0
    until = 0  # where the run ends in which no table was found yet
    while start < len(cells):
        end = _grown(cells, start) if len(cells[start]) > 1 else start + 1
        table = _aligned(cells[start:end], rules) if end - start >= 3 else None
        if table is not None:
            result.append((start, end, table))
            start = end
            continue
        tried, until = (1, end) if start >= until else (tried + 1, until)
        start = start + 1 if tried < MOST_TRIED else max(until, start + 1)
    return result


def _row_cells(row: Sequence[Fragment]) -> list[list[Fragment]]:
    """Fragments with less than a wide gap between them are one cell's."""
    cells: list[list[Fragment]] = []
    for piece in row:
        last = cells[-1][-1] if cells else None
        if last and max(piece.box[0] - last.box[2], last.box[0] - piece.box[2]) <= WIDE_GAP * min(last.size, piece.size):
            cells[-1].append(piece)
        else:
            cells.append([piece])
    return cells


def _extent(cell: Sequence[Fragment]) -> tuple[float, float]:
    return min(piece.box[0] for piece in cell), max(piece.box[2] for piece in cell)


def _columns(rows_of_cells: Iterable[Sequence[Sequence[Fragment]]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for left, right in sorted(_extent(cell) for row in rows_of_cells for cell in row):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


class _Columns:
    """Columns that grow with the rows that stand in them; those that a cell joins are one."""

    def __init__(self) -> None:
        self._lefts: list[float] = []
        self._rights: list[float] = []
        self._rows: list[set[int]] = []  # which have a cell in each

    def fits(self, number: int, row: Sequence[Sequence[Fragment]]) -> bool:
        """Take a row in. False, and no more use, if two cells of one row now stand in one column."""
        for left, right in map(_extent, row):
            first, after = bisect_left(self._rights, left), bisect_right(self._lefts, right)
            joined = sorted(self._rows[first:after], key=len)
            held = joined.pop() if joined else set()  # the largest one takes the others in
            for rows in [*joined, {number}]:
                if not held.isdisjoint(rows):
                    return False
                held |= rows
            if first < after:
                left, right = min(left, self._lefts[first]), max(right, self._rights[after - 1])
            self._lefts[first:after], self._rights[first:after], self._rows[first:after] = [left], [right], [held]
        return True

    def place(self, cell: Sequence[Fragment]) -> int:
        return bisect_left(self._rights, _extent(cell)[0])


def _grown(cells: Sequence[Sequence[Sequence[Fragment]]], start: int) -> int:
    """The row after the last that fits the columns of the rows from `start` on: no two of its cells in one column."""
    end = start + 1
    columns = _Columns()
    if not columns.fits(start, cells[start]):
        return end
    while end < len(cells):
        step = cells[end][0][0].baseline - cells[end - 1][0][0].baseline
        if step > 4 * cells[end][0][0].size or not columns.fits(end, cells[end]):
            break
        if len(cells[end]) == 1 and (step > 2 * cells[end][0][0].size or columns.place(cells[end][0]) == 0):
            break
        end += 1
    while end > start and len(cells[end - 1]) == 1 and _column(_columns(cells[start:end]), cells[end - 1][0]) == 0:
        end -= 1
    return end


def _column(columns: Sequence[tuple[float, float]], cell: Sequence[Fragment]) -> int:
    return bisect_left(columns, _extent(cell)[0], key=lambda column: column[1])


def _aligned(run: Sequence[Sequence[Sequence[Fragment]]], rules: Rules) -> Table | None:
    columns = _columns(run)
    pieces = [piece for row in run for cell in row for piece in cell]
    grid: list[list[Cell]] = []
    bottom = 0.0
    for row in run:
        placed = {_column(columns, cell): cell_of(cell, rules.fills) for cell in row}
        top = row[0][0].box[1]
        if grid and 0 not in placed and top - bottom < 0.35 * row[0][0].size and not _rule_between(rules, bottom, top):
            grid[-1] = [_with(above, placed.get(number)) for number, above in enumerate(grid[-1])]
        else:
            grid.append([placed.get(number, Cell()) for number in range(len(columns))])
        bottom = row[0][0].box[3]
    backwards = is_right_to_left("".join(piece.text for piece in pieces))
    if not _is_table([row[::-1] for row in grid] if backwards else grid):
        return None
    split = [part for row in grid for part in subrows(row)]
    table = table_of((split, tuple(left for left, _ in columns)), pieces)
    if table is None or table.parts[0].header:
        return table
    return replace(table, parts=(replace(table.parts[0], header=_header_by_rule(run, grid, rules)), *table.parts[1:]))


def _with(above: Cell, below: Cell | None) -> Cell:
    return _joined_cells(above, below) if below else above


def _joined_cells(above: Cell, below: Cell) -> Cell:
    return replace(
        above,
        lines=(*above.lines, *below.lines),
        full=(*above.full, *below.full),
        baselines=(*above.baselines, *below.baselines),
    )


def _rule_between(rules: Rules, above: float, below: float) -> bool:
    return any(min(above, below) - 1 <= y <= max(above, below) + 1 for y, _, _ in rules.horizontal)


def _header_by_rule(run: Sequence[Sequence[Sequence[Fragment]]], grid: Sequence[Sequence[Cell]], rules: Rules) -> int:
    """1 if a rule stands under the first row, and none under the second."""
    if len(run) != len(grid) or len(run) < 3 or sum(bool(cell.lines) for cell in grid[0]) < len(grid[0]) - 1:
        return 0
    bottoms = [max(piece.box[3] for cell in row for piece in cell) for row in run[:2]]
    tops = [min(piece.box[1] for cell in row for piece in cell) for row in run[1:3]]
    under = [_rule_between(rules, bottom, top) for bottom, top in zip(bottoms, tops, strict=True)]
    return int(under == [True, False])


def _is_table(grid: Sequence[Sequence[Cell]]) -> bool:
    """Three rows and two columns at the least, short cells, and figures in a column that is not a list's markers; or three
    columns that are mostly filled."""
    filled = [[cell.text for cell in row if cell.lines] for row in grid]
    texts = [text for row in filled for text in row]
    if sum(len(row) > 1 for row in filled) < 3 or any(LEADER.search(text) for text in texts):
        return False
    if sum(map(len, texts)) > LONGEST_CELL * len(texts):
        return False
    by_column = [[row[column].text for row in grid if row[column].lines] for column in range(len(grid[0]))]
    if all(_MARKER.match(text) for text in by_column[0]) and len(by_column) == 2:
        return False
    if any(sum(bool(NUMBER.fullmatch(text)) for text in column) >= 0.6 * len(column) for column in by_column[1:]):
        return True
    short = sum(map(len, texts)) <= LONGEST_WORDS * len(texts)
    return short and len(by_column) >= 3 and len(texts) >= 0.6 * len(grid) * len(by_column)
