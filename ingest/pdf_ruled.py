"""Tables that rules draw on a PDF's page: grids, and rows between horizontal rules."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.pdf_fragments import Fragment, split
from ingest.pdf_layout import rows
from ingest.pdf_rows import subrows, taken
from ingest.pdf_rules import Fill, Rules
from ingest.pdf_tables import TOUCH, Cell, Table, cell_of, centre, table_of

MOST_RULES = 400  # of each direction; a page of more is a drawing
FEWEST_BANDS = 3  # horizontal rules of one length that make a table without vertical ones
MOST_THROUGH = 0.1  # of a table's stretches of text may run over a rule
FEWEST_BESIDE = 3  # rows of figures beside a cell whose lines belong to one each
MOST_LINES = 4  # lines of text between two such rules; more are rows that no rule parts


Rule = tuple[float, float, float]  # as in Rules


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
    for grid in (*_grids(rules), *_banded_grids(fragments, rules)):
        inside = [piece for piece in rest if _in_grid(piece, grid)]
        table = _ruled(_split(inside, grid), grid) if inside and not _is_drawn_over(inside, grid) else None
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
    found: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, line in enumerate(horizontal):
        found.setdefault(find(i), ([], []))[0].append(line)
    for j, line in enumerate(vertical, len(horizontal)):
        found.setdefault(find(j), ([], []))[1].append(line)
    grids = [_grid(across, down, rules.fills) for across, down in found.values() if len(across) > 1 and down]
    return sorted(grids, key=lambda grid: (grid.xs[-1] - grid.xs[0]) * (grid.ys[-1] - grid.ys[0]))  # the inner ones first


def _grid(across: Sequence[Rule], down: Sequence[Rule], fills: tuple[Fill, ...]) -> Grid:
    xs = _apart([*(x for x, _, _ in down), min(left for _, left, _ in across), max(right for _, _, right in across)])
    ys = _apart([*(y for y, _, _ in across), min(top for _, top, _ in down), max(bottom for _, _, bottom in down)])
    return Grid(xs, ys, Rules(tuple(across), tuple(down), fills))


def _apart(values: Iterable[float]) -> tuple[float, ...]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > TOUCH:
            found.append(value)
    return tuple(found)


def _banded_grids(fragments: Sequence[Fragment], rules: Rules) -> list[Grid]:
    """Grids where only horizontal rules of one length part the rows: columns are where no text of these rows stands."""
    groups: list[list[Rule]] = []
    for line in rules.horizontal[: MOST_RULES if len(rules.horizontal) <= MOST_RULES else 0]:
        alike = (group for group in groups if max(abs(group[-1][side] - line[side]) for side in (1, 2)) <= TOUCH)
        group = next(alike, None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    found = (_banded(group, fragments, rules.fills) for group in groups if len(group) >= FEWEST_BANDS)
    return [grid for grid in found if grid is not None]


def _banded(lines: Sequence[Rule], fragments: Sequence[Fragment], fills: tuple[Fill, ...]) -> Grid | None:
    """The grid of the lines, or None if the text between them stands in no columns, or in more rows than lines part."""
    left, right = lines[0][1], lines[0][2]
    beside = [piece for piece in fragments if left - TOUCH < centre(piece)[0] < right + TOUCH]
    ys = [y for y, _, _ in lines]
    inside = [piece for piece in beside if ys[0] < centre(piece)[1] < ys[-1]]
    columns = _gutters(inside)
    bands = [rows(band) for band in _in_bands(inside, ys)]
    filled = [len(band) for band in bands if band]
    if not columns or len(filled) < FEWEST_BANDS - 1 or max(filled) > MOST_LINES:
        return None
    if sum(max(map(len, band)) > 1 for band in bands if band) < 0.6 * len(filled):
        return None  # rows of one cell: headings between rules
    named = _above(ys[0], beside, max(piece.size for piece in inside))
    free = [_free(gap, named) for gap in columns]
    if len(named) > 1 and all(free):
        ys.insert(0, min(piece.box[1] for piece in named) - 1)
        columns = [gap for gap in free if gap is not None]
    edges = (left, *((start + end) / 2 for start, end in columns), right)
    across = tuple((y, left, right) for y in ys)
    down = tuple((x, ys[0], ys[-1]) for x in edges)
    return Grid(edges, tuple(ys), Rules(across, down, fills))


def _in_bands(pieces: Iterable[Fragment], ys: Sequence[float]) -> list[list[Fragment]]:
    """The pieces between each two heights that follow one another."""
    bands: list[list[Fragment]] = [[] for _ in ys[1:]]
    for piece in pieces:
        y = centre(piece)[1]
        band = bisect_left(ys, y) - 1
        if 0 <= band < len(bands) and y < ys[band + 1]:
            bands[band].append(piece)
    return bands


def _above(y: float, pieces: Sequence[Fragment], size: float) -> list[Fragment]:
    """The rows close above the first rule that may name the columns: a header stands there if each row has its rule below."""
    named: list[Fragment] = []
    for row in reversed(rows(piece for piece in pieces if centre(piece)[1] < y)):
        if (
            y - max(piece.box[3] for piece in row) > 0.8 * size
            or max(piece.size for piece in row) > 1.15 * size
            or len(named) > 20
        ):
            break
        named += row
        y = min(piece.box[1] for piece in row)
    return named


def _gutters(pieces: Sequence[Fragment]) -> list[tuple[float, float]]:
    """The gaps between columns: places over which no text stands, wider than a space."""
    gaps: list[tuple[float, float]] = []
    edge = None
    for piece in sorted(pieces, key=lambda piece: piece.box[0]):
        if edge is not None and piece.box[0] - edge > 0.5 * piece.size:
            gaps.append((edge, piece.box[0]))
        edge = max(edge or piece.box[2], piece.box[2])
    return gaps


def _free(gap: tuple[float, float], header: Sequence[Fragment]) -> tuple[float, float] | None:
    """The widest part of a gap over which no letter of the header stands; names of columns may be wider than what is in them."""
    letters = sorted(
        (left, right)
        for piece in header
        for sign, left, right in zip(piece.text, piece.lefts, piece.rights, strict=True)
        if sign != " " and left < gap[1] and right > gap[0]
    )
    parts, start = [], gap[0]
    for left, right in [*letters, (gap[1], gap[1])]:
        parts.append((left - start, start, left))
        start = max(start, right)
    width, start, end = max(parts)
    return (start, end) if width > 0 else None


def _in_grid(piece: Fragment, grid: Grid) -> bool:
    x, y = centre(piece)
    return grid.xs[0] - TOUCH < x < grid.xs[-1] + TOUCH and grid.ys[0] - TOUCH < y < grid.ys[-1] + TOUCH


def _is_drawn_over(pieces: Sequence[Fragment], grid: Grid) -> bool:
    """Do vertical rules go through letters? Those of a drawing do, whose frame reaches over text; a table's keep between."""
    through = sum(
        any(
            left + 0.2 * (right - left) < x < right - 0.2 * (right - left)
            for x, top, bottom in _between(grid.rules.vertical, piece.box[0], piece.box[2])
            if piece.box[0] < x < piece.box[2] and top < centre(piece)[1] < bottom
            for sign, left, right in zip(piece.text, piece.lefts, piece.rights, strict=True)
            if sign != " "
        )
        for piece in pieces
    )
    return through >= FEWEST_BESIDE and through > MOST_THROUGH * len(pieces)


def _split(pieces: Iterable[Fragment], grid: Grid) -> list[Fragment]:
    """The fragments, cut where a vertical rule goes through the row that they stand in."""
    result: list[Fragment] = []
    for whole in pieces:
        parts = [whole]
        for x, top, bottom in _between(grid.rules.vertical, whole.box[0], whole.box[2]):
            if top - TOUCH < centre(whole)[1] < bottom + TOUCH:
                through = [piece.box[0] < x - 0.5 and piece.box[2] > x + 0.5 for piece in parts]
                cut = [split(piece, x) if is_cut else [piece] for piece, is_cut in zip(parts, through, strict=True)]
                parts = [piece for pieces_of in cut for piece in pieces_of]
        result += parts
    return result


def _between(lines: Sequence[Rule], low: float, high: float) -> Sequence[Rule]:
    """Of the sorted lines those at `low` to `high`."""
    return lines[bisect_left(lines, low, key=_at) : bisect_right(lines, high, key=_at)]


def _at(line: Rule) -> float:
    return line[0]


def _slot(edges: Sequence[float], value: float) -> int:
    return max(0, min(bisect_right(edges, value) - 1, len(edges) - 2))


def _ruled(pieces: Sequence[Fragment], grid: Grid) -> Table | None:
    """The grid's table, or None where it is a box around text or the frame of a form: fewer than two columns or rows of text."""
    width, height = len(grid.xs) - 1, len(grid.ys) - 1
    if width < 2 or height < 2:
        return None
    grid = _with_columns(grid, pieces)
    owner = _spans(grid)
    held: dict[tuple[int, int], list[Fragment]] = {}
    for piece in pieces:
        x, y = centre(piece)
        held.setdefault(owner[_slot(grid.ys, y), _slot(grid.xs, x)], []).append(piece)
    slots: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for slot, place in owner.items():
        slots.setdefault(place, []).append(slot)
    made: dict[tuple[int, int], Cell] = {}
    for place, inside in held.items():
        last = max(column for _, column in slots[place])
        cell = cell_of(inside, grid.rules.fills, (grid.xs[place[1]], grid.xs[last + 1]))
        made |= _by_rows(cell, place, {row for row, _ in slots[place]}, grid)
    cells = []
    for row in range(height):
        places = [owner[row, column] for column in range(width)]
        cells.append([made.get((row, place[1]), made.get(place, Cell())) for place in places])
    kept, columns = _without_empty(cells, grid)
    count = Counter(key for row in kept for key in {id(cell) for cell in row})
    tall = {key for key, times in count.items() if times > 1}
    return table_of(([part for row in kept for part in subrows(row, tall)], columns), pieces)


def _by_rows(cell: Cell, place: tuple[int, int], rows_of_cell: Collection[int], grid: Grid) -> dict[tuple[int, int], Cell]:
    """A cell over several rows by its place; or its lines as cells by place, where each stands beside a row of its own: the rules
    of a form may stand around the figures alone. Lines that fill the cell are a paragraph, which stays whole."""
    if len(rows_of_cell) < FEWEST_BESIDE or len(cell.lines) < FEWEST_BESIDE or sum(cell.full[:-1]) * 2 > len(cell.full):
        return {place: cell}
    lines: dict[int, list[int]] = {}
    for line, baseline in enumerate(cell.baselines):
        lines.setdefault(max(place[0], min(_slot(grid.ys, baseline - TOUCH), max(rows_of_cell))), []).append(line)
    if len(lines) < FEWEST_BESIDE or len(cell.lines) > 1.5 * len(lines):
        return {place: cell}
    parted: dict[tuple[int, int], Cell] = {(row, place[1]): Cell() for row in rows_of_cell}
    return parted | {(row, place[1]): taken(cell, held) for row, held in lines.items()}


def _with_columns(grid: Grid, pieces: Sequence[Fragment]) -> Grid:
    """The grid with the columns of its header carried on where no vertical rule runs: through bands of several lines of text
    that keep to these columns."""
    added: list[Rule] = []
    inner = grid.xs[1:-1]
    for (top, bottom), inside in zip(pairwise(grid.ys), _in_bands(pieces, grid.ys), strict=True):
        found = rows(inside)
        if len(found) < FEWEST_BESIDE or any(_crosses(grid.rules.vertical, x, (top + bottom) / 2) for x in inner):
            continue
        across = sum(any(piece.box[0] < x - 1 and piece.box[2] > x + 1 for x in inner) for piece in inside)
        apart = sum(len({_slot(grid.xs, centre(piece)[0]) for piece in row}) > 1 for row in found)
        if across <= 0.1 * len(inside) and 3 * apart >= len(found):
            added += [(x, top, bottom) for x in inner]
    if not added:
        return grid
    return replace(grid, rules=replace(grid.rules, vertical=tuple(sorted((*grid.rules.vertical, *added), key=_at))))


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


def _crosses(lines: Sequence[Rule], at: float, through: float) -> bool:
    near = _between(lines, at - TOUCH, at + TOUCH)
    return any(start - TOUCH <= through <= end + TOUCH for _, start, end in near)


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


def _repeats(cells: Sequence[Sequence[Cell]], number: int) -> bool:
    """Does the row hold nothing but cells that go on from the row above?"""
    if not number:
        return False
    return all(not cell.lines or cell is above for cell, above in zip(cells[number], cells[number - 1], strict=True))
