"""Rows of a PDF's table that no rule parts: what rules enclose is told into rows by the heights of its figures.

Many tables have rules around their header and their border only; all their figures then stand in one cell of each column.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ingest.pdf_tables import FIGURE, NUMBER, Cell

SAME_ROW = 3.0  # points by which baselines of one row may differ
MOSTLY = 0.8  # of a column's lines are figures: it tells where the rows are
SHARED = 0.75  # of the rows that the longest column of figures, and a column of names beside a lone one, must have


def subrows(row: Sequence[Cell], tall: Collection[int] = ()) -> list[list[Cell]]:
    """The row of cells as rows, or as it is where nothing tells that it is several.

    `tall`: ids of cells that go over other rows too; they belong to all. So does a cell of one line at no row's height. Lines of
    names between two heights go with the row above or below (see `_places`).
    """
    cells = list({id(cell): cell for cell in row if cell.lines and id(cell) not in tall}.values())
    heights = _heights(cells)
    if not heights:
        return [list(row)]
    placed: dict[int, list[float]] = {}
    for cell in cells:
        places = _places(cell, heights)
        if places is None:
            return [list(row)]
        placed[id(cell)] = places
    keys = _clusters(place for places in placed.values() for place in places)
    parts = {id(cell): _parted(cell, [_nearest(keys, place) for place in placed[id(cell)]]) for cell in cells if placed[id(cell)]}
    return [[parts[id(cell)].get(key, Cell()) if id(cell) in parts else cell for cell in row] for key in range(len(keys))]


def _parted(cell: Cell, keys: Sequence[int]) -> dict[int, Cell]:
    found: dict[int, list[int]] = {}
    for line, key in enumerate(keys):
        found.setdefault(key, []).append(line)
    return {key: taken(cell, lines) for key, lines in found.items()}


def taken(cell: Cell, lines: Sequence[int]) -> Cell:
    """The cell with these of its lines alone."""
    return replace(
        cell,
        lines=tuple(cell.lines[line] for line in lines),
        full=tuple(cell.full[line] for line in lines),
        baselines=tuple(cell.baselines[line] for line in lines),
    )


def _heights(cells: Sequence[Cell]) -> list[float]:
    """The baselines of the rows, from columns of figures; none if these do not agree."""
    columns = [cell for cell in cells if len(cell.lines) > 1 and _share(cell) >= MOSTLY]
    if not columns:
        return []
    heights = _clusters(height for cell in columns for height in cell.baselines)
    longest = max(columns, key=lambda cell: len(cell.lines))
    if len(longest.lines) < SHARED * len(heights) or any(len(_rows_of(cell, heights)) < len(cell.lines) for cell in columns):
        return []
    beside = [cell for cell in cells if len(_rows_of(cell, heights)) >= SHARED * len(heights)]
    if len(heights) == 2:  # a figure with its share below, in one cell
        plain = sum(all(FIGURE.fullmatch(line.text) for line in cell.lines) for cell in beside if len(cell.lines) == 2)
        return heights if len(beside) >= 3 and 2 * plain >= len(beside) else []
    return heights if len(beside) >= 2 else []


def _share(cell: Cell) -> float:
    return sum(bool(NUMBER.fullmatch(line.text)) for line in cell.lines) / len(cell.lines)


def _rows_of(cell: Cell, heights: Sequence[float]) -> set[int]:
    near = ((_nearest(heights, baseline), baseline) for baseline in cell.baselines)
    return {place for place, baseline in near if abs(heights[place] - baseline) <= SAME_ROW}


def _clusters(values: Iterable[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > SAME_ROW:
            found.append(value)
    return found


def _nearest(heights: Sequence[float], baseline: float) -> int:
    """The place of the height that is nearest, the first of two; heights are sorted."""
    after = bisect_left(heights, baseline)
    near = range(max(after - 1, 0), min(after + 1, len(heights)))
    return min(near, key=lambda place: abs(heights[place] - baseline))


def _places(cell: Cell, heights: Sequence[float]) -> list[float] | None:
    """The row of each line; [] for a cell that belongs to all rows, None for one that tells against rows.

    Lines after the last row say that names begin at the height of their figures, lines before the first one that they end there.
    Where neither stands, a line in lower case goes on from the one above; any other between two rows is a row of its own.
    """
    rows = [_nearest(heights, baseline) for baseline in cell.baselines]
    level = [abs(heights[row] - baseline) <= SAME_ROW for row, baseline in zip(rows, cell.baselines, strict=True)]
    if len(level) == 1 and not level[0]:
        return []
    if not any(level):
        return None
    after, before = cell.baselines[-1] > heights[-1] + SAME_ROW, cell.baselines[0] < heights[0] - SAME_ROW
    found: list[float] = []
    for line, baseline in enumerate(cell.baselines):
        last, first = bisect_right(heights, baseline + SAME_ROW), bisect_left(heights, baseline - SAME_ROW)
        above = heights[last - 1] if last else None
        below = heights[first] if first < len(heights) else None
        if level[line]:
            found.append(heights[rows[line]])
        elif above is not None and (after or below is None or (not before and cell.lines[line].text[:1].islower())):
            found.append(above)
        elif below is not None and (before or _goes_on(cell, line)):
            found.append(below)
        else:
            found.append(baseline)
    return found


def _goes_on(cell: Cell, line: int) -> bool:
    return line + 1 < len(cell.lines) and cell.lines[line + 1].text[:1].islower()
