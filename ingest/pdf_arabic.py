"""Lines of Arabic script in the order in which they are read, by the places of their characters.

Files draw such lines from left to right or from right to left, word by word or letter by letter, and PDFium turns some of them
round. Where each character stands does not depend on that: a line is read from right to left, what is written from left to right
in it (Latin, figures) is turned back, and letters that one glyph stands for keep the order that Arabic spells them in.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.pdf_glyphs import Box, Glyph
from ingest.traced import NOWHERE

NEAR = 0.75  # of the font's size: the widest gap within a line
LEVEL = 0.35  # of the font's size: how far the baselines of a line may lie apart
SLOPE = 1.0  # the same for Nastaliq
SPACE = 0.14  # of the font's size: the least gap that is a space where the file writes none
SOME = 0.3  # Arabic letters for each Latin one that make an Arabic line, where the page is mostly Arabic
_BRACKETS = ("()", "[]", "{}", "«»")
_LIGATURES = {unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFBEA, 0xFDFC), *range(0xFEF5, 0xFEFD))}


@dataclass(slots=True)
class _Unit:
    """Letters at one place: one of them, a ligature's, or a letter with its marks."""

    glyphs: list[Glyph]
    left: float
    right: float
    space: int | None = None  # before it, in the direction of the line

    @property
    def direction(self) -> str:
        """R: right to left, L: a letter from left to right, N: a figure, "": neither."""
        kind = unicodedata.bidirectional(self.glyphs[0].text[0])
        return {"R": "R", "AL": "R", "NSM": "R", "L": "L", "EN": "N", "AN": "N"}.get(kind, "")


def is_arabic(text: str) -> bool:
    return "\u0600" <= text <= "\u08ff" or "\ufb50" <= text <= "\ufefc"


def is_mark(text: str) -> bool:
    """Is it a vowel sign or another mark on an Arabic letter?"""
    return "\u064b" <= text <= "\u065f" or text == "\u0670"


def logical_lines(glyphs: Sequence[Glyph], spaces: Sequence[Glyph]) -> list[list[Glyph]]:
    """The characters of one direction in lines, each in the order of reading, with the spaces before them.

    `spaces` are those that the file writes. A wide gap parts lines, as between columns.
    """
    units = _units(glyphs)
    marks = [unit for unit in units if all(is_mark(glyph.text) for glyph in unit.glyphs)]
    kept = {id(unit) for unit in marks}
    lines = _chained([unit for unit in units if id(unit) not in kept])
    _attach(marks, lines)
    all_letters = [unit.direction for unit in units]
    mostly = all_letters.count("R") > all_letters.count("L")
    by_height = sorted(spaces, key=_baseline)
    result = []
    for line in lines:
        letters = [unit.direction for unit in _lettered(line, lines)]
        from_right, from_left = letters.count("R"), letters.count("L")
        backwards = from_right >= from_left or (mostly and from_right >= SOME * from_left)  # a long Latin name in a line
        line.sort(key=_place, reverse=backwards)
        _put_spaces(line, by_height)
        ordered = _turned(line, "LN" if backwards else "R")
        result.append(_in_pairs(_flat(ordered)) if backwards else _flat(ordered))
    return sorted(result, key=lambda line: line[0].source)


def _place(unit: _Unit) -> float:
    """Where the unit stands along its line: Nastaliq's long tails go under the letters before, so there it is where it begins."""
    return unit.glyphs[0].x if unit.glyphs[0].style.nastaliq else (unit.left + unit.right) / 2


def _lettered(line: list[_Unit], lines: Sequence[list[_Unit]]) -> list[_Unit]:
    """The line, or, if it holds figures alone, the nearest one beside it that has letters: justifying drives words apart."""
    if any(unit.direction in ("R", "L") for unit in line):
        return line
    left, right, glyph = min(unit.left for unit in line), max(unit.right for unit in line), line[0].glyphs[0]
    near = [
        (max(min(unit.left for unit in other) - right, left - max(unit.right for unit in other)), place)
        for place, other in enumerate(lines)
        if abs(other[0].glyphs[0].baseline - glyph.baseline) <= LEVEL * glyph.style.size
        and any(unit.direction in ("R", "L") for unit in other)
    ]
    return lines[min(near)[1]] if near else line


def _flat(units: Sequence[_Unit]) -> list[Glyph]:
    return [glyph._replace(space=unit.space if not place else None) for unit in units for place, glyph in enumerate(unit.glyphs)]


def _units(glyphs: Sequence[Glyph]) -> list[_Unit]:
    groups: list[list[Glyph]] = []
    for glyph in glyphs:
        if groups and is_arabic(glyph.text) and _at_one_place(groups[-1][-1], glyph):
            groups[-1].append(glyph)
        else:
            groups.append([glyph])
    result: list[_Unit] = []
    boxes: set[Box] = set()
    for place, group in enumerate(groups):
        if len(group) > 1 and _is_turned(groups, place):
            group = group[::-1]
        space = None
        if place and group[0].box in boxes:  # letters that the file gives beside its drawing stand where the drawing began
            last, space = result[-1].glyphs[0].box, groups[place][0].space
            group = [glyph._replace(box=(last[2], last[1], last[2], last[3])) for glyph in group]
        boxes.add(group[0].box)
        result.append(_Unit(group, min(glyph.box[0] for glyph in group), max(glyph.box[2] for glyph in group), space))
    return result


def _at_one_place(one: Glyph, other: Glyph) -> bool:
    return is_arabic(one.text) and abs(one.x - other.x) < 0.01 and abs(one.baseline - other.baseline) < 0.01


def _is_turned(groups: Sequence[Sequence[Glyph]], place: int) -> bool:
    """Did PDFium turn the letters of a ligature round? Unicode's ligatures tell, where they have one of the two orders alone.
    Else: it did if it turned the letters beside it, which then go from right to left."""
    group = groups[place]
    if is_mark(group[0].text) != is_mark(group[-1].text):
        return is_mark(group[0].text)
    text = "".join(glyph.text for glyph in group)
    if (text in _LIGATURES) != (text[::-1] in _LIGATURES):
        return text not in _LIGATURES
    here = group[0]
    for other, sign in ((place + 1, 1), (place - 1, -1)):
        if 0 <= other < len(groups) and abs(groups[other][0].baseline - here.baseline) < 0.1:
            return (groups[other][0].x - here.x) * sign < 0
    return True


def _chained(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Lines, from right to left: each unit goes on with the line that is near to it, at its level."""
    lines: list[list[_Unit]] = []
    levels: dict[int, list[int]] = {}  # the numbers of lines that may go on, by whole points of their level
    for unit in sorted(units, key=lambda unit: -unit.right):
        glyph = unit.glyphs[0]
        size = max(glyph.style.size, 1.0)
        best, least = None, (SLOPE if glyph.style.nastaliq else LEVEL) * size
        for number in _near(levels, glyph.baseline - least, glyph.baseline + least):
            line = lines[number]
            gap = min(part.left for part in line[-3:]) - unit.right
            away = abs(_level(line) - glyph.baseline)
            if gap > 4 * size:
                levels[math.floor(_level(line))].remove(number)
            elif gap <= NEAR * size and away <= least:
                best, least = number, away
        if best is None:
            best = len(lines)
            lines.append([])
        else:
            levels[math.floor(_level(lines[best]))].remove(best)
        lines[best].append(unit)
        levels.setdefault(math.floor(_level(lines[best])), []).append(best)
    return lines


def _near(levels: dict[int, list[int]], low: float, high: float) -> list[int]:
    first, last = math.floor(low), math.floor(high)
    between = range(first, last + 1) if last - first < len(levels) else [level for level in levels if first <= level <= last]
    return sorted(number for level in between for number in levels.get(level, ()))


def _level(line: Sequence[_Unit]) -> float:
    return sum(part.glyphs[0].baseline for part in line[-8:]) / len(line[-8:])


def _attach(marks: Sequence[_Unit], lines: list[list[_Unit]]) -> None:
    """Each mark goes to the letter over or under which it stands; a lone one is a line of its own, and a letter to the next."""
    carriers = [unit for line in lines for unit in line if is_arabic(unit.glyphs[0].text)]
    places = np.empty((len(carriers) + len(marks), 3))
    places[: len(carriers)] = [(unit.left, unit.right, unit.glyphs[0].baseline) for unit in carriers] or np.empty((0, 3))
    for mark in marks:
        glyph = mark.glyphs[0]
        middle = (mark.left + mark.right) / 2
        left, right, baseline = places[: len(carriers)].T
        away = np.maximum(np.maximum(left - middle, middle - right), 0.0)
        away[np.abs(baseline - glyph.baseline) >= glyph.style.size] = np.inf
        nearest = int(away.argmin()) if carriers else 0
        if carriers and away[nearest] < glyph.style.size:
            carriers[nearest].glyphs += mark.glyphs
        else:
            lines.append([mark])
            places[len(carriers)] = mark.left, mark.right, glyph.baseline
            carriers.append(mark)


def _put_spaces(line: Sequence[_Unit], spaces: Sequence[Glyph]) -> None:
    """Say before which units a space stands: one of `spaces` (by their baselines), which the file writes, a gap of at least
    SPACE, or a change of script."""
    if not line:
        return
    top, bottom = min(unit.glyphs[0].baseline for unit in line), max(unit.glyphs[0].baseline for unit in line)
    size = line[0].glyphs[0].style.size
    start = bisect_left(spaces, top - 0.2 * size, key=_baseline)
    end = bisect_right(spaces, bottom + 0.2 * size, key=_baseline)
    near = [sorted((_middle(space, sloping), space.source) for space in spaces[start:end]) for sloping in (False, True)]
    for before, unit in pairwise(line):
        first, second = (unit, before) if before.left > unit.left else (before, unit)
        low, high = sorted((_place(unit), _place(before)))
        apart = second.left - first.right > 0.05 * size or first.direction != second.direction
        sloping = unit.glyphs[0].style.nastaliq and before.glyphs[0].style.nastaliq  # words stand over each other's ends
        within = near[sloping][bisect_right(near[sloping], (low, math.inf)) : bisect_left(near[sloping], (high,))]
        written = [source for _, source in within if apart or sloping]
        if written:
            unit.space = min(written)
        elif second.left - first.right > SPACE * size or {first.direction, second.direction} == {"L", "R"}:
            unit.space = NOWHERE


def _baseline(glyph: Glyph) -> float:
    return glyph.baseline


def _middle(space: Glyph, sloping: bool) -> float:
    return space.x if sloping else (space.box[0] + space.box[2]) / 2


def _turned(line: Sequence[_Unit], other: str) -> list[_Unit]:
    """The line with its runs of the `other` direction turned round; the space before a run stays before it."""
    result: list[_Unit] = []
    place = 0
    while place < len(line):
        end = _run_end(line, place, other) if line[place].direction and line[place].direction in other else place
        run = list(line[place : end + 1])
        spaces = [unit.space for unit in run]
        for unit, space in zip(reversed(run), [spaces[0], *reversed(spaces[1:])], strict=True):
            unit.space = space
            result.append(unit)
        place = end + 1
    return result


def _run_end(line: Sequence[_Unit], start: int, other: str) -> int:
    """The last unit of the run that begins at `start`. Signs belong to it between two of its letters or figures; a space only
    between letters: figures with a space between them are two, read in the direction of the line."""
    end = start
    for place in range(start + 1, len(line)):
        unit = line[place]
        if unit.direction and unit.direction not in other:
            break
        if unit.direction:
            gap = any(between.space is not None for between in line[end + 1 : place + 1])
            if gap and "N" in (line[end].direction, unit.direction) and line[end].direction == unit.direction:
                break
            end = place
    return end


def _in_pairs(glyphs: list[Glyph]) -> list[Glyph]:
    """Brackets as they are read: files write the shape that is seen or the sign that is meant, and PDFium mirrors some. An even
    number of one kind is taken for pairs, an opening one first; an odd one stays."""
    for kind in _BRACKETS:
        places = [place for place, glyph in enumerate(glyphs) if glyph.text in kind]
        for count, place in enumerate(places if len(places) % 2 == 0 else ()):
            glyphs[place] = glyphs[place]._replace(text=kind[count % 2])
    return glyphs
