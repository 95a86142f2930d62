"""From the stretches of text on a page to its lines in reading order.

A page is cut where a gutter parts text into columns, as far as the columns reach; headings and pictures over all columns part
what stands above them from what stands below. What is left is read row by row.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Protocol, TypeVar

from ingest.pdf_fragments import SPACE, SUPERSCRIPT, Fragment
from ingest.pdf_glyphs import Box
from ingest.traced import Traced, joined

FEWEST_ROWS = 3  # of a column; below, two blocks beside each other are no columns
SHORTEST_ROW = 12  # characters of a column's mean stretch without a gap, Chinese ones doubled; cells of tables are shorter
LONG_ROW = 25  # characters of a column's mean row where the file writes row by row: options with their meanings are shorter
LEAST_FILL = 0.55  # of the column's width that its median row fills; ragged prose fills .8, cells of tables .1 to .5
MOST_TRIED = 20  # rows and gaps of a column that are looked at for that; all of them cost half the time of a dense page
GUTTER = 2.0  # of the font's size: words of justified lines stand up to 1.5 apart
COVERED = 0.5  # of a column's rows that have text where one of them has a gap; of a table's hardly any have
AS_MUCH = 0.6  # of the text that the best gutter parts
DEEPEST = 12
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


class Atom(Protocol):
    """What is put in order: a fragment or a table."""

    @property
    def box(self) -> Box: ...
    @property
    def order(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def size(self) -> float: ...


A = TypeVar("A", bound=Atom)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in its column. `margins`: the column's left and right."""

    line: Traced
    box: Box
    baseline: float
    size: float
    bold: bool
    margins: tuple[float, float]

    @property
    def text(self) -> str:
        return self.line.text


def is_right_to_left(text: str) -> bool:
    """Are most letters of the text Arabic or Hebrew?"""
    return 2 * len(_RIGHT_TO_LEFT.findall(text)) > sum(map(str.isalpha, text))


def rows(atoms: Iterable[A]) -> list[list[A]]:
    """Rows from top to bottom, each in reading order. Atoms of one row share most of their height."""
    found: list[list[A]] = []
    extents: list[tuple[float, float]] = []
    for atom in sorted(atoms, key=lambda atom: (atom.box[1] + atom.box[3], atom.box[0])):
        top, bottom = atom.box[1], atom.box[3]
        for number in range(len(found) - 1, max(len(found) - 4, -1), -1):  # small print may stand between two rows
            above, below = extents[number]
            if min(bottom, below) - max(top, above) > 0.5 * min(bottom - top, below - above):
                found[number].append(atom)
                if bottom - top > below - above:
                    extents[number] = (top, bottom)
                break
        else:
            found.append([atom])
            extents.append((top, bottom))
    return [in_row(row) for row in found]


def in_row(row: Sequence[A]) -> list[A]:
    """From left to right, or from right to left where most letters are Arabic or Hebrew."""
    backwards = is_right_to_left("".join(atom.text for atom in row))
    return sorted(row, key=lambda atom: -atom.box[2] if backwards else atom.box[0])


def line_of(row: Sequence[Fragment], margins: tuple[float, float]) -> Line:
    """The fragments of a row as one line."""
    main = max(row, key=lambda piece: (len(piece.text) > 2, piece.size, len(piece.text)))
    parts: list[Traced] = []
    last: Fragment | None = None
    for piece in row:
        text = raised(piece, main.size, main.baseline)
        parts.append(joined([_glue(last, piece), text]) if last else text)
        last = piece
    box = (min(p.box[0] for p in row), main.box[1], max(p.box[2] for p in row), main.box[3])
    weight = sum(len(piece.text) for piece in row)
    bold = sum(len(piece.text) for piece in row if piece.bold) > 0.8 * weight
    return Line(joined(parts), box, main.baseline, main.size, bold, margins)


def raised(piece: Fragment, size: float, baseline: float) -> Traced:
    """The fragment's text, as superscripts if it is a figure that stands raised beside larger type."""
    if piece.text.isdigit() and piece.size < 0.85 * size and baseline - piece.baseline > 0.15 * size:
        return Traced(piece.text.translate(SUPERSCRIPT), piece.line.sources)
    return piece.line


def _glue(last: Fragment, piece: Fragment) -> Traced:
    gap = max(piece.box[0] - last.box[2], last.box[0] - piece.box[2])
    size = min(last.size, piece.size)
    raised = piece.size < 0.85 * last.size and piece.text.isalnum() and not piece.space
    level = abs(piece.baseline - last.baseline) <= 0.6 * max(piece.size, last.size)
    has_space = piece.space or not level or gap > (2 * SPACE if raised else SPACE) * size
    return _SPACE if has_space else _NOTHING


_SPACE = joined([Traced("", joined([]).sources), Traced("", joined([]).sources)], " ")
_NOTHING = joined([])


def regions(atoms: Sequence[A], depth: int = 0) -> list[list[A]]:
    """The atoms in regions that are read row by row, in reading order: text of one column, or a table's rows."""
    if not atoms:
        return []
    cut = _best_cut(atoms) if depth < DEEPEST else None
    if cut is None:
        return _cut_apart(atoms, depth)
    backwards = is_right_to_left("".join(atom.text for atom in atoms))
    result: list[list[A]] = []
    for sides in cut:
        parts = sides[::-1] if backwards else sides
        for part in parts:
            result += regions(part, depth + 1)
    return result


def _cut_apart(atoms: Sequence[A], depth: int) -> list[list[A]]:
    """Columns may stand in one part of the atoms only, kept away from the rest by white space: each part is tried alone. Parts
    without columns stay together."""
    parts: list[list[A]] = []
    bottom = 0.0
    for atom in sorted(atoms, key=lambda atom: atom.box[1]):
        if not parts or (atom.box[1] - bottom > atom.size / 2 and depth < DEEPEST):
            parts.append([])
        parts[-1].append(atom)
        bottom = max(bottom, atom.box[3]) if len(parts[-1]) > 1 else atom.box[3]
    result: list[list[A]] = []
    whole = False  # the last region has no columns
    for part in parts:
        cut = _best_cut(part) if len(parts) > 1 else None
        if cut is None and whole:
            result[-1] += part
        else:
            result += regions(part, depth + 1) if cut else [part]
        whole = cut is None
    return result


def _best_cut(atoms: Sequence[A]) -> list[tuple[list[A], ...]] | None:
    """The bands of the gutter, top to bottom: columns as (left, right), the rest as (all,). Of gutters that part about as much
    text, less what goes over them, it is the widest: labels that hang beside the second column leave one too."""
    found: list[tuple[int, int, float, list[tuple[list[A], list[A], bool]]]] = []
    for x in _edges(atoms):
        bands = _bands(atoms, x)
        sides = [(left, right) for left, right, columns in bands if columns]
        if parted := sum(min(_weight(left), _weight(right)) for left, right in sides):
            crossing = _weight(atom for atom in atoms if atom.box[0] < x - 2 < atom.box[2])
            found.append((parted - crossing, parted, min(_gutter(left, right) for left, right in sides), bands))
    if not found:
        return None
    most, parted, _, _ = max(found, key=lambda one: one[:2])
    near = [one for one in found if one[0] >= most - (1 - AS_MUCH) * parted]
    best = max(near, key=lambda one: (round(one[2]), one[0]))[3]
    result: list[tuple[list[A], ...]] = []
    for left, right, columns in best:
        if columns:
            result.append((left, right))
        elif result and len(result[-1]) == 1:
            result[-1][0].extend([*left, *right])
        else:
            result.append(([*left, *right],))
    return result


def _gutter(left: Sequence[Atom], right: Sequence[Atom]) -> float:
    return min(atom.box[0] for atom in right) - max(atom.box[2] for atom in left)


def _weight(atoms: Iterable[Atom]) -> int:
    return sum(len(atom.text) for atom in atoms)


def _edges(atoms: Sequence[Atom]) -> list[float]:
    """Where a column may begin: left edges that FEWEST_ROWS atoms share within 2 points. At most the 40 most shared ones."""
    edges: list[list[float]] = []
    for left in sorted(atom.box[0] for atom in atoms):
        if edges and left - edges[-1][0] <= 2:
            edges[-1].append(left)
        else:
            edges.append([left])
    shared = sorted((edge for edge in edges[1:] if len(edge) >= FEWEST_ROWS), key=len, reverse=True)
    return [edge[0] for edge in shared[:40]]


def _bands(atoms: Sequence[A], x: float) -> list[tuple[list[A], list[A], bool]]:
    """Parts of the page from top to bottom between the atoms that cross the gutter left of `x`, each of these a part too."""
    gutter = x - 2
    crossing = sorted((a for a in atoms if a.box[0] < gutter < a.box[2]), key=lambda a: a.box[1] + a.box[3])
    heights = [(a.box[1] + a.box[3]) / 2 for a in crossing]
    between: list[tuple[list[A], list[A]]] = [([], []) for _ in range(len(crossing) + 1)]
    for atom in atoms:
        if not atom.box[0] < gutter < atom.box[2]:
            band = between[bisect(heights, (atom.box[1] + atom.box[3]) / 2)]
            band[atom.box[0] >= gutter].append(atom)
    result: list[tuple[list[A], list[A], bool]] = []
    for number, (left, right) in enumerate(between):
        if left or right:
            result.append((left, right, bool(left and right) and _are_columns(left, right)))
        if number < len(crossing):
            result.append(([crossing[number]], [], False))
    return result


def _are_columns(left: Sequence[Atom], right: Sequence[Atom]) -> bool:
    """Are the two sides columns of text, each read to its end? Or cells of rows?

    They are if both look like prose; or if the file writes one side whole before the other, which programs do with
    columns and hardly with rows.
    """
    sides = [rows(left), rows(right)]
    tops = max(min(atom.box[1] for atom in side) for side in (left, right))
    bottoms = min(max(atom.box[3] for atom in side) for side in (left, right))
    if bottoms - tops < 2 * median(atom.size for atom in (*left, *right)):
        return False
    marked = sorted([(atom.order, 0) for atom in left] + [(atom.order, 1) for atom in right])
    turns = sum(one[1] != other[1] for one, other in pairwise(marked))
    if all(_is_prose(side) for side in sides):
        by_rows = turns >= min(map(len, sides))  # as the file writes a table
        return not by_rows or all(_mean_length(side) >= LONG_ROW for side in sides)
    if turns > 1:
        return False
    return all(len(side) >= FEWEST_ROWS and _mean_length(side) >= SHORTEST_ROW / 2 for side in sides) or all(
        len(side) >= 2 and _mean_length(side) >= LONG_ROW and not any(map(_has_gutter, side)) for side in sides
    )  # the last lines of columns that end at the head of a page


def _is_prose(side: Sequence[Sequence[Atom]]) -> bool:
    atoms = [atom for row in side for atom in row]
    top, bottom = min(atom.box[1] for atom in atoms), max(atom.box[3] for atom in atoms)
    tables = sum(atom.box[3] - atom.box[1] for atom in atoms if "\n" in atom.text)
    if tables > 0.4 * (bottom - top):
        return True  # a table beside a column of text
    if len(side) < FEWEST_ROWS:
        return False
    extents = [(min(a.box[0] for a in row), max(a.box[2] for a in row)) for row in side]
    width = max(right for _, right in extents) - min(left for left, _ in extents)
    if median(right - left for left, right in extents) < LEAST_FILL * width:
        return False
    return _mean_length([[atom] for atom in atoms]) >= SHORTEST_ROW or _is_spread(side)


def _has_gutter(row: Sequence[Atom]) -> bool:
    """Is one of its gaps wider than those between words that justifying has driven apart?"""
    ordered = sorted(row, key=lambda atom: atom.box[0])
    return any(right.box[0] - left.box[2] > GUTTER * left.size for left, right in pairwise(ordered))


def _is_spread(side: Sequence[Sequence[Atom]]) -> bool:
    """Are the rows long lines whose words justifying has driven apart? Their gaps stand anywhere, a table's below each other. Of
    few rows that tells nothing: gaps of three or four come together by chance."""
    if len(side) < 2 * FEWEST_ROWS or _mean_length(side) < LONG_ROW:
        return False
    some = side[:: len(side) // MOST_TRIED + 1]
    gaps = [
        (left.box[2] + right.box[0]) / 2 for row in some for left, right in pairwise(sorted(row, key=lambda atom: atom.box[0]))
    ]
    gaps = gaps[:: len(gaps) // MOST_TRIED + 1]
    covered = sum(any(atom.box[0] < gap < atom.box[2] for atom in row) for gap in gaps for row in some)
    return covered >= COVERED * len(gaps) * len(some)


def _mean_length(side: Sequence[Sequence[Atom]]) -> float:
    texts = ["".join(atom.text for atom in row) for row in side]
    return sum(len(text) + len(WIDE.findall(text)) for text in texts) / max(len(texts), 1)
