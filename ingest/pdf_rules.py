"""The straight lines and filled boxes of a PDF's page, by PDFium: what rules and shades tables, and what parts footnotes."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2

from ingest.pdf_characters import address, by_addresses
from ingest.pdf_glyphs import Affine, Box, frame, shown

raw: Any = pypdfium2.raw

MOST_SEGMENTS = 20_000  # a page of more is a map or a plot, and reading it on would take seconds
MOST_DIRECTIONS = 8  # of text on a page for which its rules are read
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
Line = tuple[Point, Point]

_ADDRESS, _NUMBER = ctypes.c_void_p, ctypes.c_int
_count_objects = by_addresses(raw.FPDFPage_CountObjects, _NUMBER, _ADDRESS)
_object = by_addresses(raw.FPDFPage_GetObject, _ADDRESS, _ADDRESS, _NUMBER)
_count_inside = by_addresses(raw.FPDFFormObj_CountObjects, _NUMBER, _ADDRESS)
_object_inside = by_addresses(raw.FPDFFormObj_GetObject, _ADDRESS, _ADDRESS, _NUMBER)
_type = by_addresses(raw.FPDFPageObj_GetType, _NUMBER, _ADDRESS)
_get_matrix = by_addresses(raw.FPDFPageObj_GetMatrix, _NUMBER, _ADDRESS, _ADDRESS)
_draw_mode = by_addresses(raw.FPDFPath_GetDrawMode, _NUMBER, _ADDRESS, _ADDRESS, _ADDRESS)
_count_segments = by_addresses(raw.FPDFPath_CountSegments, _NUMBER, _ADDRESS)
_segment = by_addresses(raw.FPDFPath_GetPathSegment, _ADDRESS, _ADDRESS, _NUMBER)
_point = by_addresses(raw.FPDFPathSegment_GetPoint, _NUMBER, _ADDRESS, _ADDRESS, _ADDRESS)
_segment_type = by_addresses(raw.FPDFPathSegment_GetType, _NUMBER, _ADDRESS)
_is_closed = by_addresses(raw.FPDFPathSegment_GetClose, _NUMBER, _ADDRESS)
_fill_colour = by_addresses(raw.FPDFPageObj_GetFillColor, _NUMBER, *[_ADDRESS] * 5)


class _TooMany(Exception):
    """More segments than a table has."""


def page_rules(page: Any, angles: Sequence[int]) -> dict[int, Rules]:
    """The page's rules in the frame of text of each of these directions; none for a page that is a drawing, nor for directions
    after MOST_DIRECTIONS."""
    base = shown(page)
    frames = tuple(frame(base, angle) for angle in angles[:MOST_DIRECTIONS])
    lines: list[list[Line]] = [[] for _ in frames]
    fills: list[list[Fill]] = [[] for _ in frames]
    handle = address(page.raw)
    objects = (_object(handle, index) for index in range(_count_objects(handle)))
    try:
        for path, placed in _paths(objects, frames, 0):
            _read(path, placed, lines, fills)
            if len(lines[0]) > MOST_SEGMENTS:
                raise _TooMany
    except _TooMany:
        return dict.fromkeys(angles, Rules())
    drawn = zip(angles, map(_rules, lines, fills), strict=False)
    return dict.fromkeys(angles, Rules()) | dict(drawn)


def _rules(lines: list[Line], fills: list[Fill]) -> Rules:
    horizontal = [(y0, min(x0, x1), max(x0, x1)) for (x0, y0), (x1, y1) in lines if abs(y0 - y1) <= _STRAIGHT]
    vertical = [(x0, min(y0, y1), max(y0, y1)) for (x0, y0), (x1, y1) in lines if abs(x0 - x1) <= _STRAIGHT]
    return Rules(_merged(horizontal), _merged(vertical), tuple(fills))


def _paths(objects: Iterable[int], frames: Sequence[Affine], depth: int) -> Iterator[tuple[int, Sequence[Affine]]]:
    for item in objects:
        kind = _type(item)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            own = _matrix(item)
            yield item, [_times(own, matrix) for matrix in frames]
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < 4:
            inside = (_object_inside(item, index) for index in range(_count_inside(item)))
            own = _matrix(item)
            yield from _paths(inside, [_times(own, matrix) for matrix in frames], depth + 1)


def _matrix(item: int) -> Affine:
    found = (ctypes.c_float * 6)()
    if not _get_matrix(item, ctypes.addressof(found)):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    a, b, c, d, e, f = found
    return a, b, c, d, e, f


def _times(first: Affine, then: Affine) -> Affine:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _read(path: int, placed: Sequence[Affine], lines: Sequence[list[Line]], fills: Sequence[list[Fill]]) -> None:
    mode = (ctypes.c_int * 2)()
    _draw_mode(path, ctypes.addressof(mode), ctypes.addressof(mode) + 4)
    is_filled, is_stroked = mode
    if not is_filled and not is_stroked:
        return  # it only cuts what is painted after it
    segments = _segments(path)
    for matrix, found, shades in zip(placed, lines, fills, strict=True):
        a, b, c, d, e, f = matrix
        corners = [(a * x + c * y + e, b * x + d * y + f) for _, x, y, _ in segments]
        start = last = (0.0, 0.0)
        for (kind, _, _, is_closed), point in zip(segments, corners, strict=True):
            if kind == raw.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == raw.FPDF_SEGMENT_LINETO and math.dist(last, point) >= SHORTEST:
                found.append((last, point))
            if is_closed and math.dist(point, start) >= SHORTEST:
                found.append((point, start))
            last = point
        if is_filled and len(segments) <= 6:
            xs, ys = [x for x, _ in corners], [y for _, y in corners]
            if max(xs) - min(xs) > SHORTEST and max(ys) - min(ys) > SHORTEST:
                shades.append(Fill((min(xs), min(ys), max(xs), max(ys)), _colour(path)))


def _segments(path: int) -> list[tuple[int, float, float, int]]:
    """Kind, end and whether the path is closed there."""
    count = _count_segments(path)
    if count > MOST_SEGMENTS:
        raise _TooMany
    point = (ctypes.c_float * 2)()
    at = ctypes.addressof(point)
    result = []
    for index in range(count):
        segment = _segment(path, index)
        _point(segment, at, at + 4)
        result.append((_segment_type(segment), *point, _is_closed(segment)))
    return result


def _colour(path: int) -> int:
    parts = (ctypes.c_uint * 4)()
    at = ctypes.addressof(parts)
    _fill_colour(path, at, at + 4, at + 8, at + 12)
    red, green, blue, _ = parts
    return red << 16 | green << 8 | blue


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
