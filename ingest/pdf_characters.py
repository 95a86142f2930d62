"""What PDFium tells of all characters of a page.

It has no call for more than one character, and a call by its bindings' own types takes up to three times as long as what it asks
for. So the same functions are called with addresses as plain numbers, which write into one array for the page.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2
from numpy.typing import NDArray

raw: Any = pypdfium2.raw  # bindings without types

_ADDRESS, _NUMBER = ctypes.c_void_p, ctypes.c_int


def by_addresses(function: Any, result: Any, *arguments: Any) -> Any:
    """The function with addresses as numbers. The interpreter's lock is kept: a call takes less time than giving it up."""
    return ctypes.PYFUNCTYPE(result, *arguments)(address(function))


def address(pointer: Any) -> int:
    address = ctypes.cast(pointer, _ADDRESS).value
    assert address is not None
    return address


_unicode = by_addresses(raw.FPDFText_GetUnicode, ctypes.c_uint, _ADDRESS, _NUMBER)
_text_object = by_addresses(raw.FPDFText_GetTextObject, _ADDRESS, _ADDRESS, _NUMBER)
_loose_box = by_addresses(raw.FPDFText_GetLooseCharBox, _NUMBER, _ADDRESS, _NUMBER, _ADDRESS)
_origin = by_addresses(raw.FPDFText_GetCharOrigin, _NUMBER, _ADDRESS, _NUMBER, _ADDRESS, _ADDRESS)
_matrix = by_addresses(raw.FPDFText_GetMatrix, _NUMBER, _ADDRESS, _NUMBER, _ADDRESS)
_font_size = by_addresses(raw.FPDFText_GetFontSize, ctypes.c_double, _ADDRESS, _NUMBER)
_font = by_addresses(raw.FPDFTextObj_GetFont, _ADDRESS, _ADDRESS)


@dataclass(frozen=True, slots=True)
class Characters:
    """By PDFium's number of a character: its code, the address of its text object (None for one that PDFium put in), its box as
    left, bottom, right, top, and its origin, in PDF's coordinates."""

    textpage: int
    codes: list[int]
    objects: list[int | None]
    boxes: NDArray[np.float64]
    origins: NDArray[np.float64]

    def type_at(self, position: int) -> tuple[int | None, float, tuple[float, float, float, float]]:
        """The address of the character's font (None: not known), its size as written, and the matrix a, b, c, d set over it."""
        matrix = (ctypes.c_float * 6)()
        _matrix(self.textpage, position, ctypes.addressof(matrix))
        item = self.objects[position]
        a, b, c, d, _, _ = matrix
        return _font(item) if item else None, _font_size(self.textpage, position), (a, b, c, d)


def characters(textpage: Any) -> Characters:
    """All of a text page, which must stay open while the addresses are used."""
    count = textpage.count_chars()
    page = address(textpage.raw)
    rects = np.zeros((count, 4), np.float32)  # left, top, right, bottom
    origins = np.zeros((count, 2), np.float64)
    start, places = rects.ctypes.data, range(count)
    for position, at in zip(places, range(start, start + 16 * count, 16), strict=True):
        _loose_box(page, position, at)
    start = origins.ctypes.data
    for position, at in zip(places, range(start, start + 16 * count, 16), strict=True):
        _origin(page, position, at, at + 8)
    codes = list(map(_unicode, repeat(page), places))
    objects = list(map(_text_object, repeat(page), places))
    return Characters(page, codes, objects, rects[:, [0, 3, 2, 1]].astype(np.float64), origins)
