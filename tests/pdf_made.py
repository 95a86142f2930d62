"""Fragments and glyphs for tests of the layout: as PDFium would give them, without a PDF."""

from __future__ import annotations

from array import array

from ingest.pdf_fragments import Fragment
from ingest.pdf_glyphs import Glyph, Style
from ingest.traced import Traced

WIDTH = 5.0  # of every character, at size 10


def piece(text: str, left: float, baseline: float, order: int = 0, bold: bool = False, size: float = 10.0) -> Fragment:
    width = WIDTH * size / 10
    lefts = array("f", [left + width * place for place in range(len(text))])
    rights = array("f", [left + width * (place + 1) for place in range(len(text))])
    box = (left, baseline - 0.8 * size, left + width * len(text), baseline + 0.2 * size)
    line = Traced(text, array("i", range(order, order + len(text))))
    return Fragment(line, lefts, rights, box, baseline, size, bold, order, False)


def glyph(text: str, source: int, left: float, width: float = WIDTH, baseline: float = 100.0) -> Glyph:
    box = (left, baseline - 8, left + width, baseline + 2)
    return Glyph(text, source, box, left, baseline, Style(10.0, False, 0), None)
