"""The straight lines and filled boxes of a PDF's page, by PDFium: what rules and shades tables, and what parts footnotes."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2

from ingest.pdf_glyphs import Affine, Box, frame, shown

raw: Any = pypdfium2.raw

MOST_SEGMENTS = 20_000  # a page of more is a map or a plot, and reading it on would take seconds
SHORTEST = 4.0  # points; shorter lines are ends of thin boxes and parts of drawings
SAME_LINE = 2.0  # points between two lines that are one: a thin box has two long sides
_STRAIGHT = 0.5  # points off the level


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled box and its colour."""

    box: Box
    colour: int


@dataclass(frozen=True, slots=True)
class Rules:
    """In one frame: horizontal lines as (y, left, right), vertical ones as (x, top, bottom), sorted, lines that touch joined;
    filled boxes in the order of painting."""

    horizontal: tuple[tuple[float, float, float], ...] = ()
    vertical: tuple[tuple[float, float, float], ...] = ()
    fills: tuple[Fill, ...] = ()


Point = tuple[float, float]


class _TooMany(Exception):
    """More segments than a table has."""


def page_rules(page: Any, angle: int) -> Rules:
    """The page's rules in the frame of text of this direction; none for a page that is a drawing."""
    matrix = frame(shown(page), angle)
    lines: list[tuple[Point, Point]] = []
    fills: list[Fill] = []
    objects = (raw.FPDFPage_GetObject(page, index) for index in range(raw.FPDFPage_CountObjects(page)))
    try:
        for path, placed in _paths(objects, matrix, 0):
            _read(path, placed, lines, fills)
            if len(lines) > MOST_SEGMENTS:
                raise _TooMany
    except _TooMany:
        return Rules()
    horizontal = [(y0, min(x0, x1), max(x0, x1)) for (x0, y0), (x1, y1) in lines if abs(y0 - y1) <= _STRAIGHT]
    vertical = [(x0, min(y0, y1), max(y0, y1)) for (x0, y0), (x1, y1) in lines if abs(x0 - x1) <= _STRAIGHT]
    return Rules(_merged(horizontal), _merged(vertical), tuple(fills))


def _paths(objects: Iterable[Any], matrix: Affine, depth: int) -> Iterator[tuple[Any, Affine]]:
    for item in objects:
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            yield item, _times(_matrix(item), matrix)
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < 4:
            inside = (raw.FPDFFormObj_GetObject(item, index) for index in range(raw.FPDFFormObj_CountObjects(item)))
            yield from _paths(inside, _times(_matrix(item), matrix), depth + 1)


def _matrix(item: Any) -> Affine:
    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(item, found):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(first: Affine, then: Affine) -> Affine:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _read(path: Any, matrix: Affine, lines: list[tuple[Point, Point]], fills: list[Fill]) -> None:
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, filled, stroked)
    if not filled.value and not stroked.value:
        return  # it only cuts what is painted after it
    count = raw.FPDFPath_CountSegments(path)
    if count > MOST_SEGMENTS:
        raise _TooMany
    corners: list[Point] = []
    first = len(lines)
    start = last = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        point = _point(segment, matrix)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            lines.append((last, point))
        if raw.FPDFPathSegment_GetClose(segment):
            lines.append((point, start))
        corners.append(point)
        last = point
    lines[first:] = [line for line in lines[first:] if math.dist(*line) >= SHORTEST]
    if filled.value and count <= 6:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        if max(xs) - min(xs) > SHORTEST and max(ys) - min(ys) > SHORTEST:
            fills.append(Fill((min(xs), min(ys), max(xs), max(ys)), _colour(path)))


def _point(segment: Any, matrix: Affine) -> Point:
    x, y = ctypes.c_float(), ctypes.c_float()
    raw.FPDFPathSegment_GetPoint(segment, x, y)
    a, b, c, d, e, f = matrix
    return a * x.value + c * y.value + e, b * x.value + d * y.value + f


def _colour(path: Any) -> int:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    raw.FPDFPageObj_GetFillColor(path, red, green, blue, alpha)
    return red.value << 16 | green.value << 8 | blue.value


def _merged(lines: list[tuple[float, float, float]]) -> tuple[tuple[float, float, float], ...]:
    """Lines at one height, within SAME_LINE, are one where they touch."""
    heights: list[tuple[float, list[tuple[float, float]]]] = []
    for at, start, end in sorted(lines):
        if not heights or at - heights[-1][0] > SAME_LINE:
            heights.append((at, []))
        heights[-1][1].append((start, end))
    result = []
    for at, spans in heights:
        current = [*min(spans)]
        for start, end in sorted(spans):
            if start > current[1] + SAME_LINE:
                result.append((at, current[0], current[1]))
                current = [start, end]
            current[1] = max(current[1], end)
        result.append((at, current[0], current[1]))
    return tuple(result)
