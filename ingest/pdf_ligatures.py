"""Ligatures that a font's table of signs gives as one of their letters, or not at all: "signi icant", "diferent".

The names of the font's glyphs tell the letters ("/f_f_i"). PDFium gives neither the names nor the codes of characters, but what
each reads as and how wide it is: an "i" as wide as the font's ligature is the ligature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pypdf

from ingest.pdf_structure import DEFECTS

_NAME = re.compile(r"/(?:(f(?:f[il]?|[il]))|([A-Za-z](?:_[A-Za-z]){1,3}))(?:\.\w+)?")
_SUBSET = re.compile(r"^/?[A-Z]{6}\+|^/")
_TABLE = re.compile(r"begin(bfchar|bfrange)(.*?)end\1", re.S)
_SIGN = re.compile(r"<([0-9A-Fa-f\s]+)>")
WIDER = 1.2  # times as wide as its letter: a ligature that can be told from it


@dataclass(frozen=True, eq=False)
class Ligatures:
    """Of one font: letters by code, where PDFium reads the code itself; and by the letter that it reads instead, with the width
    of that letter and the ligature's own, in shares of the font's size."""

    by_code: Mapping[int, str] = field(default_factory=dict)
    by_letter: Mapping[str, tuple[tuple[float, float, str], ...]] = field(default_factory=dict)

    def letters(self, code: int, width: float) -> str:
        """What a character stands for that reads as `code` and is so wide; "" for what it says."""
        if code in self.by_code:
            return self.by_code[code]
        known = [(abs(width - whole), letters) for _, whole, letters in self.by_letter.get(chr(code), ())]
        known += [(abs(width - plain), "") for plain, _, _ in self.by_letter.get(chr(code), ())]
        return min(known)[1] if known else ""


class FontLigatures:
    """Looks fonts up page by page; each font is read once."""

    def __init__(self, reader: pypdf.PdfReader | None) -> None:
        self._reader = reader
        self._known: dict[object, Ligatures | None] = {}

    def on(self, index: int) -> dict[str, Ligatures]:
        """By the fonts' names without the mark of their subset; fonts that need none are left out."""
        try:
            return dict(self._fonts(index))
        except DEFECTS:
            return {}  # a damaged font costs its ligatures alone

    def _fonts(self, index: int) -> Iterator[tuple[str, Ligatures]]:
        if self._reader is None:
            return
        resources: Any = self._reader.pages[index].get("/Resources", {})
        for held in resources.get_object().get("/Font", {}).get_object().values():
            key = getattr(held, "idnum", id(held))
            font = held.get_object()
            if key not in self._known:
                self._known[key] = _ligatures(font)
            found = self._known[key]
            if found is not None:
                yield plain_name(str(font.get("/BaseFont", ""))), found


def plain_name(name: str) -> str:
    return _SUBSET.sub("", name)


def _ligatures(font: Any) -> Ligatures | None:
    encoding = font.get("/Encoding")
    encoding = encoding.get_object() if encoding is not None else None
    if not isinstance(encoding, Mapping):
        return None
    names = dict(_differences(encoding.get("/Differences", ())))
    meant = {code: (match[1] or match[2]).replace("_", "") for code, name in names.items() if (match := _NAME.fullmatch(name))}
    if not meant:
        return None
    told = dict(_table(font["/ToUnicode"].get_object().get_data().decode("latin-1"))) if "/ToUnicode" in font else {}
    by_code = {code: letters for code, letters in meant.items() if not told.get(code) and "_" in names[code]}
    by_letter: dict[str, tuple[tuple[float, float, str], ...]] = {}
    for code, letters in meant.items():
        letter = told.get(code, "")
        if len(letter) == 1 and letter in letters:
            plain = next((at for at, sign in told.items() if sign == letter and at not in meant), ord(letter))
            narrow, wide = _width(font, plain), _width(font, code)
            if 0 < narrow * WIDER < wide:
                by_letter[letter] = (*by_letter.get(letter, ()), (narrow, wide, letters))
    return Ligatures(by_code, by_letter) if by_code or by_letter else None


def _width(font: Any, code: int) -> float:
    """In shares of the font's size; 0.0 if the font does not say."""
    widths, place = font.get("/Widths", ()), code - int(font.get("/FirstChar", 0))
    return float(widths[place]) / 1000 if 0 <= place < len(widths) else 0.0


def _differences(listed: Any) -> Iterator[tuple[int, str]]:
    code = 0
    for item in listed.get_object() if hasattr(listed, "get_object") else listed:
        if isinstance(item, str):
            yield code, item
            code += 1
        else:
            code = int(item)


def _table(text: str) -> Iterator[tuple[int, str]]:
    """What a table of signs says of codes of one byte; ranges of one code only, as ligatures are given."""
    for kind, body in _TABLE.findall(text):
        signs = ["".join(sign.split()) for sign in _SIGN.findall(body)]
        step = 2 if kind == "bfchar" else 3
        for place in range(0, len(signs) - step + 1, step):
            code, meant = signs[place], signs[place + step - 1]
            if len(code) == 2 and (step == 2 or code == signs[place + 1]) and len(meant) % 4 == 0:
                yield int(code, 16), bytes.fromhex(meant).decode("utf-16-be", "replace")
