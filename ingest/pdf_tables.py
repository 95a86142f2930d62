"""Tables of a PDF's page: those that rules draw, and rows of text that stand in columns.

A wrong table breaks prose, a missed one is still read row by row; so each way asks for evidence first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.pdf_fragments import WIDE_GAP, Fragment, split
from ingest.pdf_glyphs import Box
from ingest.pdf_layout import line_of, rows
from ingest.pdf_rules import Fill, Rules
from ingest.traced import Traced

TOUCH = 3.0  # points by which rules that meet may miss each other
MOST_RULES = 400  # of each direction; a page of more is a drawing
LONGEST_CELL = 45  # characters of the mean cell of a table without rules that has a column of figures
LONGEST_WORDS = 22  # of one that has none; columns of prose that escape the layout have 30 and more
_NUMBER = re.compile(
    r"[\s(+\-–—−±<>≈~$€£¥%]*(?:USD|PKR|Rs\.?)?\s*[\d٠-٩۰-۹][\d٠-٩۰-۹.,'/:()%\s\-–—]*[\w%*†‡)]{0,4}|[-–—…*]+|n/?a", re.I
)
_FIGURE = re.compile(r"[-–−+(]?\d[\d.,]*[%)]?|[-–—]")
_MARKER = re.compile(r"(?:[•●▪◦‣–—*-]|\(?[\w]{1,4}[.)]|\d+(?:\.\d+)*\.?|[A-Z]\.)$")
_LEADER = re.compile(r"(?:[.·…]\s?){4}")


@dataclass(frozen=True, slots=True)
class Cell:
    """The lines of a cell, and how it is set: what tells a header from the body. `full`: which
    lines had no room for one more character, so that a word may be broken there without a hyphen."""

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
    """A table in parts, each with a header of its own but perhaps the first; `columns`: where the columns begin."""

    box: Box
    order: int
    size: float
    columns: tuple[float, ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "\n".join(" ".join(cell.text for cell in row) for part in self.parts for row in part.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where rules cross: the edges of columns and rows, and the lines themselves."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    rules: Rules


def ruled_tables(fragments: Sequence[Fragment], rules: Rules) -> tuple[list[Fragment], list[Table]]:
    """The tables that rules draw, and the fragments outside them."""
    tables: list[Table] = []
    rest = list(fragments)
    for grid in _grids(rules):
        inside = [piece for piece in rest if _in_grid(piece, grid)]
        table = _ruled(_split(inside, grid), grid) if inside else None
        if table is not None:
            taken = {id(piece) for piece in inside}
            rest = [piece for piece in rest if id(piece) not in taken]
            tables.append(table)
    return rest, tables


def _grids(rules: Rules) -> list[Grid]:
    """Groups of lines that meet. The ends of the lines close a grid that has no outer border."""
    horizontal, vertical = rules.horizontal, rules.vertical
    if not horizontal or not vertical or max(len(horizontal), len(vertical)) > MOST_RULES:
        return []
    group = list(range(len(horizontal) + len(vertical)))

    def find(member: int) -> int:
        while group[member] != member:
            group[member] = group[group[member]]
            member = group[member]
        return member

    for i, (y, left, right) in enumerate(horizontal):
        for j, (x, top, bottom) in enumerate(vertical, len(horizontal)):
            if left - TOUCH <= x <= right + TOUCH and top - TOUCH <= y <= bottom + TOUCH:
                group[find(i)] = find(j)
    found: dict[int, tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]] = {}
    for i, line in enumerate(horizontal):
        found.setdefault(find(i), ([], []))[0].append(line)
    for j, line in enumerate(vertical, len(horizontal)):
        found.setdefault(find(j), ([], []))[1].append(line)
    grids = [_grid(across, down, rules.fills) for across, down in found.values() if len(across) > 1 and down]
    return sorted(grids, key=lambda grid: (grid.xs[-1] - grid.xs[0]) * (grid.ys[-1] - grid.ys[0]))  # the inner ones first


def _grid(
    across: Sequence[tuple[float, float, float]], down: Sequence[tuple[float, float, float]], fills: tuple[Fill, ...]
) -> Grid:
    xs = _apart([*(x for x, _, _ in down), min(left for _, left, _ in across), max(right for _, _, right in across)])
    ys = _apart([*(y for y, _, _ in across), min(top for _, top, _ in down), max(bottom for _, _, bottom in down)])
    return Grid(xs, ys, Rules(tuple(across), tuple(down), fills))


def _apart(values: Iterable[float]) -> tuple[float, ...]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > TOUCH:
            found.append(value)
    return tuple(found)


def _centre(piece: Fragment) -> tuple[float, float]:
    return (piece.box[0] + piece.box[2]) / 2, (piece.box[1] + piece.box[3]) / 2


def _in_grid(piece: Fragment, grid: Grid) -> bool:
    x, y = _centre(piece)
    return grid.xs[0] - TOUCH < x < grid.xs[-1] + TOUCH and grid.ys[0] - TOUCH < y < grid.ys[-1] + TOUCH


def _split(pieces: Iterable[Fragment], grid: Grid) -> list[Fragment]:
    """The fragments, cut where a vertical rule goes through the row that they stand in."""
    result = list(pieces)
    for x, top, bottom in grid.rules.vertical:
        cut: list[Fragment] = []
        for piece in result:
            through = piece.box[0] < x - 0.5 and piece.box[2] > x + 0.5 and top - TOUCH < _centre(piece)[1] < bottom + TOUCH
            cut += split(piece, x) if through else [piece]
        result = cut
    return result


def _slot(edges: Sequence[float], value: float) -> int:
    return max(0, min(sum(edge <= value for edge in edges) - 1, len(edges) - 2))


def _ruled(pieces: Sequence[Fragment], grid: Grid) -> Table | None:
    """The grid's table, or None where it is a box around text or the frame of a form: fewer than two columns or rows of text."""
    width, height = len(grid.xs) - 1, len(grid.ys) - 1
    if width < 2 or height < 2:
        return None
    owner = _spans(grid)
    held: dict[tuple[int, int], list[Fragment]] = {}
    for piece in pieces:
        x, y = _centre(piece)
        held.setdefault(owner[_slot(grid.ys, y), _slot(grid.xs, x)], []).append(piece)
    made = {}
    for place, inside in held.items():
        last = max(column for (_, column), first in owner.items() if first == place)
        made[place] = _cell(inside, grid.rules.fills, (grid.xs[place[1]], grid.xs[last + 1]))
    cells = []
    for row in range(height):
        places = [owner[row, column] for column in range(width)]
        cells.append([made.get(place, Cell()) for place in places])
    return _table(_without_empty(cells, grid), pieces)


def _spans(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """For each slot of the grid the first slot of its cell: slots between which no rule runs are one cell."""
    owner = {(row, column): (row, column) for row in range(len(grid.ys) - 1) for column in range(len(grid.xs) - 1)}
    for row, (top, bottom) in enumerate(pairwise(grid.ys)):
        for column, (left, right) in enumerate(pairwise(grid.xs)):
            middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
            if column and not _crosses(grid.rules.vertical, left, middle_y):
                owner[row, column] = owner[row, column - 1]
            elif row and not _crosses(grid.rules.horizontal, top, middle_x):
                owner[row, column] = owner[row - 1, column]
    return owner


def _crosses(lines: Iterable[tuple[float, float, float]], at: float, through: float) -> bool:
    return any(abs(place - at) <= TOUCH and start - TOUCH <= through <= end + TOUCH for place, start, end in lines)


def _cell(pieces: Sequence[Fragment], fills: Sequence[Fill], edges: tuple[float, float] | None = None) -> Cell:
    lines = [line_of(row, (0.0, 0.0)) for row in rows(pieces)]
    full = [False] * len(lines)
    if edges is not None:
        right = edges[1] - max(min(line.box[0] for line in lines) - edges[0], 0.0)  # as much room on both sides
        full = [right - line.box[2] < (line.box[2] - line.box[0]) / max(len(line.text), 1) for line in lines]
    x, y = _centre(pieces[0])
    colours = [fill.colour for fill in fills if fill.box[0] <= x <= fill.box[2] and fill.box[1] <= y <= fill.box[3]]
    bold = all(line.bold for line in lines)
    baselines = tuple(line.baseline for line in lines)
    return Cell(tuple(line.line for line in lines), tuple(full), baselines, bold, colours[-1] if colours else None)


def _without_empty(cells: list[list[Cell]], grid: Grid) -> tuple[list[list[Cell]], tuple[float, ...]]:
    """Without rows and columns that hold no text: thin boxes around a table, lines drawn double. A cell over several rows or
    columns of which some are empty stays once for each of the others."""
    kept_rows = [row for number, row in enumerate(cells) if any(cell.lines for cell in row) and not _repeats(cells, number)]
    kept = [
        column
        for column in range(len(grid.xs) - 1)
        if any(row[column].lines and (column == 0 or row[column] is not row[column - 1]) for row in kept_rows)
    ]
    return [[row[column] for column in kept] for row in kept_rows], tuple(grid.xs[column] for column in kept)


def _subrows(row: Sequence[Cell]) -> list[list[Cell]]:
    """Rules may stand around several rows of figures: the row in rows, if its cells have as many lines at the same heights, and
    at least half of them figures alone. A cell of one line between those heights belongs to all of them."""
    cells = list({id(cell): cell for cell in row if cell.lines}.values())
    longest = max(cells, key=lambda cell: len(cell.lines), default=Cell())
    alike = [cell for cell in cells if len(cell.lines) == len(longest.lines)]
    figures = sum(all(_FIGURE.fullmatch(line.text) for line in cell.lines) for cell in alike)
    if len(longest.lines) < 2 or len(alike) < 3 or 2 * figures < len(alike):
        return [list(row)]
    parts: list[list[Cell]] = [[Cell()] * len(row) for _ in longest.lines]
    for column, cell in enumerate(row):
        places = [_nearest(longest.baselines, baseline) for baseline in cell.baselines]
        if len(places) == 1 and places[0] is None:
            for part in parts:
                part[column] = cell
        elif None in places or len(set(places)) < len(places):
            return [list(row)]
        for place, line in zip(places, cell.lines, strict=True):
            if place is not None:
                parts[place][column] = replace(cell, lines=(line,), full=(False,), baselines=(longest.baselines[place],))
    return parts


def _nearest(baselines: Sequence[float], baseline: float) -> int | None:
    found = min(range(len(baselines)), key=lambda place: abs(baselines[place] - baseline))
    return found if abs(baselines[found] - baseline) <= TOUCH else None


def _repeats(cells: Sequence[Sequence[Cell]], number: int) -> bool:
    """Does the row hold nothing but cells that go on from the row above?"""
    if not number:
        return False
    return all(not cell.lines or cell is above for cell, above in zip(cells[number], cells[number - 1], strict=True))


def _table(found: tuple[list[list[Cell]], tuple[float, ...]], pieces: Sequence[Fragment]) -> Table | None:
    cells, columns = found
    cells = [part for row in cells for part in _subrows(row)]
    if len(columns) < 2 or sum(sum(bool(cell.lines) for cell in row) >= 2 for row in cells) < 2:
        return None
    box = (
        min(piece.box[0] for piece in pieces),
        min(piece.box[1] for piece in pieces),
        max(piece.box[2] for piece in pieces),
        max(piece.box[3] for piece in pieces),
    )
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
        start, title = row, row + 1
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
        if sum(map(bool, names)) < max(2, 0.6 * len(names)) or any(_LEADER.search(name) for name in names):
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
    figures = sum(bool(_NUMBER.fullmatch(cell.text)) for cell in names)
    others = {cell.colour for row in body for cell in row if cell.lines}  # rows shaded in turn come again
    return len(shades) == 1 and None not in shades and not shades & others and figures <= 0.3 * len(names)


def _over_figures(names: Sequence[str], body: Sequence[Sequence[Cell]]) -> bool:
    """Does each column of figures (two at the least, or all but one) have a name without figures?"""
    figures = 0
    for column, name in enumerate(names):
        texts = [row[column].text for row in body if row[column].lines]
        if texts and sum(bool(_NUMBER.fullmatch(text)) for text in texts) >= 0.6 * len(texts):
            if not name or _NUMBER.fullmatch(name):
                return False
            figures += 1
    return figures >= 1 and len(body) >= 2


# ---- rows of text in columns ------------------------------------------------------------------------------------------------


def aligned_tables(found: Sequence[Sequence[Fragment]], rules: Rules) -> list[tuple[int, int, Table]]:
    """Runs of rows that are tables, as (first row, row after the last, table)."""
    cells = [_row_cells(row) for row in found]
    result = []
    start = 0
    while start < len(cells):
        end = _grown(cells, start) if len(cells[start]) > 1 else start + 1
        table = _aligned(cells[start:end], rules) if end - start >= 3 else None
        if table is not None:
            result.append((start, end, table))
            start = end
        else:
            start += 1
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


def _grown(cells: Sequence[Sequence[Sequence[Fragment]]], start: int) -> int:
    """The row after the last that fits the columns of the rows from `start` on: no two of its cells in one column."""
    end = start + 1
    while end < len(cells):
        columns = _columns(cells[start : end + 1])
        step = cells[end][0][0].baseline - cells[end - 1][0][0].baseline
        if step > 4 * cells[end][0][0].size:
            break
        if any(len({_column(columns, cell) for cell in row}) < len(row) for row in cells[start : end + 1]):
            break
        if len(cells[end]) == 1 and (step > 2 * cells[end][0][0].size or _column(columns, cells[end][0]) == 0):
            break
        end += 1
    while end > start and len(cells[end - 1]) == 1 and _column(_columns(cells[start:end]), cells[end - 1][0]) == 0:
        end -= 1
    return end


def _column(columns: Sequence[tuple[float, float]], cell: Sequence[Fragment]) -> int:
    left, right = _extent(cell)
    return next(number for number, (start, end) in enumerate(columns) if start <= left and right <= end)


def _aligned(run: Sequence[Sequence[Sequence[Fragment]]], rules: Rules) -> Table | None:
    columns = _columns(run)
    pieces = [piece for row in run for cell in row for piece in cell]
    grid: list[list[Cell]] = []
    bottom = 0.0
    for row in run:
        placed = {_column(columns, cell): _cell(cell, rules.fills) for cell in row}
        top = row[0][0].box[1]
        if grid and 0 not in placed and top - bottom < 0.35 * row[0][0].size and not _rule_between(rules, bottom, top):
            grid[-1] = [_with(above, placed.get(number)) for number, above in enumerate(grid[-1])]
        else:
            grid.append([placed.get(number, Cell()) for number in range(len(columns))])
        bottom = row[0][0].box[3]
    if not _is_table(grid):
        return None
    table = _table((grid, tuple(left for left, _ in columns)), pieces)
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
    if sum(len(row) > 1 for row in filled) < 3 or any(_LEADER.search(text) for text in texts):
        return False
    if sum(map(len, texts)) > LONGEST_CELL * len(texts):
        return False
    by_column = [[row[column].text for row in grid if row[column].lines] for column in range(len(grid[0]))]
    if all(_MARKER.match(text) for text in by_column[0]) and len(by_column) == 2:
        return False
    if any(sum(bool(_NUMBER.fullmatch(text)) for text in column) >= 0.6 * len(column) for column in by_column[1:]):
        return True
    short = sum(map(len, texts)) <= LONGEST_WORDS * len(texts)
    return short and len(by_column) >= 3 and len(texts) >= 0.6 * len(grid) * len(by_column)
