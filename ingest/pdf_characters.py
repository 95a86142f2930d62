"""The characters of a PDF's page with their places, by PDFium, gathered into stretches of one line.

Places are points on the page as it is shown (turned and cropped), from its upper left. Text that runs in another direction, and
vertical Japanese, is laid out in a frame of its own in which it runs from left to right; so nothing after this module knows of
turned text. A character's source is PDFium's number for it.
"""

from __future__ import annotations

import ctypes
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pypdfium2

from ingest.traced import NOWHERE, Traced

raw: Any = pypdfium2.raw  # bindings without types

WIDE_GAP = 0.75  # of the font's size, more than a space (.25) in most justified lines; less than any gutter between columns
SPACE = 0.17  # of the font's size: the least gap that is a space where the file has none; kerning stays below .1
MIRRORED = 360
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_BOLD = re.compile(rb"bold|black|heavy|demi|cmbx|[-,]bd", re.I)

Box = tuple[float, float, float, float]  # left, top, right, bottom
Affine = tuple[float, float, float, float, float, float]


class Style(NamedTuple):
    """What all characters of one text object share. `angle`: the direction of writing on the page as shown, clockwise from
    left-to-right, 0..359; MIRRORED more for text that is seen from behind."""

    size: float
    bold: bool
    angle: int


class Glyph(NamedTuple):
    """A visible character in its frame."""

    text: str
    source: int
    box: Box
    x: float  # of its origin
    baseline: float
    style: Style
    space: int | None  # the source of a space before it, NOWHERE for one that PDFium put in, None: no space


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of text on one line, without a wide gap. All in the frame of its direction; y grows downwards."""

    line: Traced
    lefts: array[float]  # of each character
    rights: array[float]
    box: Box
    baseline: float
    size: float
    bold: bool
    order: int  # its place among the page's characters as the file writes them
    space: bool  # the file writes a space before it

    @property
    def text(self) -> str:
        return self.line.text


@dataclass(frozen=True, slots=True)
class PageText:
    """A page: its size as shown in points; its text by direction (see Style.angle; 0 is upright); characters without a
    meaning (`unknown`)."""

    width: float
    height: float
    fragments: dict[int, list[Fragment]] = field(default_factory=dict)
    unknown: int = 0


def page_text(page: Any) -> PageText:
    """Raises pypdfium2.PdfiumError if PDFium cannot read the page's text."""
    width, height = page.get_size()
    textpage = _textpage(page)
    try:
        reading = _Reading(textpage, shown(page))
        by_angle: dict[int, list[Glyph]] = {}
        for glyph in _in_logical_order(list(reading.glyphs())):
            by_angle.setdefault(glyph.style.angle, []).append(glyph)
    finally:
        textpage.close()
    fragments = {angle: list(_fragments(glyphs)) for angle, glyphs in by_angle.items()}
    return PageText(width, height, fragments, reading.unknown)


def character_boxes(page: Any, sources: Sequence[int]) -> list[Box | None]:
    """The box of each source on the page as shown; None for NOWHERE."""
    textpage = _textpage(page)
    try:
        matrix = shown(page)
        return [None if source == NOWHERE else _turned(_loose_box(textpage, source), matrix) for source in sources]
    finally:
        textpage.close()


def _textpage(page: Any) -> Any:
    """PDFium leaves out text objects that have no width, as vertical text has whose font is neither in the file nor here: such
    an object is slanted by a five-hundredth, so that it counts."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_TEXT:
            raw.FPDFPageObj_GetBounds(item, left, bottom, right, top)
            if right.value - left.value < 0.05 and top.value - bottom.value > 1:
                raw.FPDFPageObj_Transform(item, 1, 0, 0.002, 1, -0.002 * bottom.value, 0)
    return page.get_textpage()


def shown(page: Any) -> Affine:
    """From PDF's coordinates (from the lower left of the media box, unturned) to the page as shown, from its upper left."""
    left, bottom, right, top = page.get_bbox()
    return {
        0: (1.0, 0.0, 0.0, -1.0, -left, top),
        90: (0.0, 1.0, 1.0, 0.0, -bottom, -left),
        180: (-1.0, 0.0, 0.0, 1.0, right, -bottom),
        270: (0.0, -1.0, -1.0, 0.0, top, right),
    }[page.get_rotation() % 360]


def frame(matrix: Affine, angle: int) -> Affine:
    """`matrix` followed by the turn that makes text of this direction run from left to right."""
    if angle == 0:
        return matrix
    turn = math.radians(angle)
    cos, sin = round(math.cos(turn), 9), round(math.sin(turn), 9)
    a, b, c, d, e, f = matrix
    if angle >= MIRRORED:  # lines follow one another the other way
        return a * cos + b * sin, a * sin - b * cos, c * cos + d * sin, c * sin - d * cos, e * cos + f * sin, e * sin - f * cos
    return a * cos + b * sin, b * cos - a * sin, c * cos + d * sin, d * cos - c * sin, e * cos + f * sin, f * cos - e * sin


def _turned(box: Box, matrix: Affine) -> Box:
    a, b, c, d, e, f = matrix
    left, bottom, right, top = box
    if b == 0 == c:
        x0, x1, y0, y1 = a * left + e, a * right + e, d * bottom + f, d * top + f
    else:
        xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
        ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
        x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _loose_box(textpage: Any, position: int) -> Box:
    rect = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, position, rect)
    return rect.left, rect.bottom, rect.right, rect.top


class _Reading:
    """Reads one text page character by character; PDFium's ready text leaves signs out, so that its positions do not fit."""

    def __init__(self, textpage: Any, matrix: Affine) -> None:
        self._textpage = textpage
        self._matrix = matrix
        self._frames = {0: matrix}
        self._styles: dict[int | None, Style] = {}
        self.unknown = 0

    def glyphs(self) -> Iterator[Glyph]:
        handle = self._textpage.raw
        count = self._textpage.count_chars()
        get_unicode, get_box, get_origin = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
        rect, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
        at_rect, at_x, at_y = ctypes.byref(rect), ctypes.byref(x), ctypes.byref(y)
        space: int | None = None
        high = 0
        for position in range(count):
            code = get_unicode(handle, position)
            if code <= 32 and code != 2 or code in (160, 0x3000, 0xFEFF) or 0x2000 <= code <= 0x200B:
                if code == 0:
                    self.unknown += 1
                elif code not in (0xFEFF, 0x200B) and (space is None or space == NOWHERE):
                    space = NOWHERE if raw.FPDFText_IsGenerated(handle, position) else position
                continue
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            text, high = self._character(code, high), 0
            style = self._style(position)
            get_box(handle, position, at_rect)
            get_origin(handle, position, at_x, at_y)
            matrix = self._frames.setdefault(style.angle, frame(self._matrix, style.angle))
            box = _turned((rect.left, rect.bottom, rect.right, rect.top), matrix)
            a, b, c, d, e, f = matrix
            origin = a * x.value + c * y.value + e, b * x.value + d * y.value + f
            yield Glyph(text, position, box, *origin, style, space)
            space = None

    def _character(self, code: int, high: int) -> str:
        if code in (2, 0xFFFE):  # what PDFium writes for a hyphen at a line's end
            return "-"
        if high and 0xDC00 <= code < 0xE000:
            return chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
        if code >= 0x110000 or 0xD800 <= code < 0xE000 or code == 0xFFFD or 0xE000 <= code < 0xF8FF:
            self.unknown += 1
        return "\ufffd" if code >= 0x110000 or 0xD800 <= code < 0xE000 else chr(code)

    def _style(self, position: int) -> Style:
        item = raw.FPDFText_GetTextObject(self._textpage, position)
        address = ctypes.cast(item, ctypes.c_void_p).value
        style = self._styles.get(address)
        if style is None:
            matrix = raw.FS_MATRIX()
            raw.FPDFText_GetMatrix(self._textpage, position, matrix)
            size = raw.FPDFText_GetFontSize(self._textpage, position) * math.hypot(matrix.c, matrix.d)
            a, b, c, d, _, _ = self._matrix
            angle = math.degrees(math.atan2(matrix.a * b + matrix.b * d, matrix.a * a + matrix.b * c))
            if self._is_vertical(position, item, matrix):
                angle += 90
            turned = _rounded(angle)
            if (matrix.a * matrix.d - matrix.b * matrix.c) * (a * d - b * c) > 0:  # the page as shown counts y downwards
                turned += MIRRORED
            style = Style(round(size, 1), _is_bold(self._textpage, position), turned)
            self._styles[address] = style
        return style

    def _is_vertical(self, position: int, item: Any, matrix: Any) -> bool:
        """Does the next character of the same text object stand below this one, as its own font has "below"? Only vertical
        writing does that."""
        if position + 1 >= self._textpage.count_chars():
            return False
        after = raw.FPDFText_GetTextObject(self._textpage, position + 1)
        if ctypes.cast(item, ctypes.c_void_p).value != ctypes.cast(after, ctypes.c_void_p).value:
            return False
        (x0, y0), (x1, y1) = (_origin(self._textpage, place) for place in (position, position + 1))
        along = (x1 - x0) * matrix.a + (y1 - y0) * matrix.b
        down = -(x1 - x0) * matrix.c - (y1 - y0) * matrix.d
        return down > 0 and abs(along) < 0.1 * down


def _origin(textpage: Any, position: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, position, x, y)
    return x.value, y.value


def _rounded(angle: float) -> int:
    """Whole quarter turns where text stands nearly straight (8°), else steps of 5°: lines of slanted text stay together."""
    quarter = 90 * round(angle / 90)
    return (quarter if abs(angle - quarter) <= 8 else 5 * round(angle / 5)) % 360


def _is_bold(textpage: Any, position: int) -> bool:
    if raw.FPDFText_GetFontWeight(textpage, position) >= 600:
        return True
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, position, name, 128, flags)
    return bool(_BOLD.search(name.value)) or bool(flags.value & 1 << 18)  # the flag ForceBold


def _in_logical_order(glyphs: list[Glyph]) -> list[Glyph]:
    """PDFium turns lines of Arabic script round, and with them the letters of each ligature (إل for لإ). Those stand at one
    origin, so they are found and turned back; a mark does not come before the letter that carries it."""
    start = 0
    for end in range(1, len(glyphs) + 1):
        if end < len(glyphs) and _is_arabic(glyphs[end].text) and _same_origin(glyphs[start], glyphs[end]):
            continue
        if end - start > 1 and _is_arabic(glyphs[start].text) and not _is_mark(glyphs[end - 1].text):
            turned = [glyph._replace(space=None) for glyph in reversed(glyphs[start:end])]
            glyphs[start:end] = [turned[0]._replace(space=glyphs[start].space), *turned[1:]]
        start = end
    for place in range(1, len(glyphs) - 1):
        mark, after = glyphs[place], glyphs[place + 1]
        if _is_mark(mark.text) and _carries(after, mark) and not _carries(glyphs[place - 1], mark):
            gap = glyphs[place - 1].box[0] - after.box[2]  # a blank that is not to be seen only carries the mark
            space = mark.space if gap > 0.05 * after.style.size else None
            glyphs[place : place + 2] = [after._replace(space=space), mark._replace(space=None)]
    return glyphs


def _carries(letter: Glyph, mark: Glyph) -> bool:
    """Does the mark stand over or under the letter? PDFium gives marks before or after it, as the file draws them."""
    middle = (mark.box[0] + mark.box[2]) / 2
    return _is_arabic(letter.text) and not _is_mark(letter.text) and letter.box[0] <= middle <= letter.box[2]


def _same_origin(one: Glyph, other: Glyph) -> bool:
    return other.space is None and abs(one.x - other.x) < 0.01 and abs(one.baseline - other.baseline) < 0.01


def _is_arabic(text: str) -> bool:
    return "\u0600" <= text <= "\u08ff" or "\ufb50" <= text <= "\ufefc"


def _is_mark(text: str) -> bool:
    return "\u064b" <= text <= "\u065f" or text == "\u0670"


def _fragments(glyphs: Sequence[Glyph]) -> Iterator[Fragment]:
    run: list[Glyph] = []
    left = right = 0.0
    for glyph in glyphs:
        if run and not _continues(run[-1], glyph, (left, right)):
            yield fragment(run)
            run = []
        left, right = (min(left, glyph.box[0]), max(right, glyph.box[2])) if run else (glyph.box[0], glyph.box[2])
        run.append(glyph)
    if run:
        yield fragment(run)


def _continues(last: Glyph, glyph: Glyph, extent: tuple[float, float]) -> bool:
    """Does the character follow on the same line, at most a wide gap away and not back over what stands there?"""
    if _same_origin(last, glyph) and last.box == glyph.box:
        return True  # the letters of a ligature
    size = max(last.style.size, glyph.style.size, 1.0)
    smaller = min(last.style.size, glyph.style.size)
    raised = 0.65 if smaller < 0.85 * size else 0.3
    if abs(glyph.baseline - last.baseline) > raised * size:
        return False
    if _is_arabic(glyph.text) or _is_arabic(last.text):
        gap = max(extent[0] - glyph.box[2], glyph.box[0] - extent[1])
        return gap <= WIDE_GAP * size
    return -0.6 * size <= glyph.box[0] - last.box[2] <= WIDE_GAP * size


def fragment(run: Sequence[Glyph]) -> Fragment:
    """Characters of one line with the spaces between them; raised small figures as superscripts."""
    size = max(glyph.style.size for glyph in run)
    main = [glyph for glyph in run if glyph.style.size >= 0.85 * size]
    baseline = max(glyph.baseline for glyph in main)
    texts: list[str] = []
    sources, lefts, rights = array("i"), array("f"), array("f")
    last: Glyph | None = None
    for glyph in run:
        if last is not None and _has_space(last, glyph):
            texts.append(" ")
            sources.append(NOWHERE if glyph.space is None else glyph.space)
            lefts.append(min(last.box[2], glyph.box[0]))
            rights.append(max(last.box[2], glyph.box[0]))
        text = glyph.text
        if text.isdigit() and text.isascii() and glyph.style.size < 0.85 * size and baseline - glyph.baseline > 0.15 * size:
            text = text.translate(SUPERSCRIPT)
        texts.append(text)
        sources.append(glyph.source)
        lefts.append(glyph.box[0])
        rights.append(glyph.box[2])
        last = glyph
    box = (min(lefts), min(glyph.box[1] for glyph in main), max(rights), max(glyph.box[3] for glyph in main))
    bold = sum(glyph.style.bold for glyph in run) > 0.8 * len(run)
    space = run[0].space is not None and run[0].space != NOWHERE
    return Fragment(Traced("".join(texts), sources), lefts, rights, box, baseline, size, bold, run[0].source, space)


def split(piece: Fragment, x: float) -> list[Fragment]:
    """The fragment in two where a vertical rule at `x` goes through it; as it is where none of it lies on one of the sides."""
    sides: list[list[int]] = [[], []]
    for position, (left, right) in enumerate(zip(piece.lefts, piece.rights, strict=True)):
        sides[left + right > 2 * x].append(position)
    if not all(sides) or any(part[-1] - part[0] + 1 != len(part) for part in sides):
        return [piece]  # Arabic and Latin in turns may stand on both sides: not a column's border then
    return [_part(piece, part[0], part[-1] + 1) for part in sorted(sides)]


def _part(piece: Fragment, start: int, end: int) -> Fragment:
    while start < end - 1 and piece.text[start] == " ":
        start += 1
    while end > start + 1 and piece.text[end - 1] == " ":
        end -= 1
    lefts, rights = piece.lefts[start:end], piece.rights[start:end]
    box = (min(lefts), piece.box[1], max(rights), piece.box[3])
    return replace(piece, line=piece.line[start:end], lefts=lefts, rights=rights, box=box, order=piece.order + start)


def _has_space(last: Glyph, glyph: Glyph) -> bool:
    size = max(last.style.size, glyph.style.size)
    gap = glyph.box[0] - last.box[2]
    if _is_arabic(glyph.text) or _is_arabic(last.text):
        if _is_mark(glyph.text) or (_is_mark(last.text) and glyph.space in (None, NOWHERE)):
            return False
        return glyph.space is not None or max(gap, last.box[0] - glyph.box[2]) > SPACE * size
    if glyph.space == NOWHERE and _is_wide(last.text) and _is_wide(glyph.text):
        return gap > 0.5 * size  # PDFium takes the gaps of Chinese and Japanese that is set wide for spaces
    if _is_mark(glyph.text) or last.box == glyph.box:
        return False
    return glyph.space is not None or gap > SPACE * size


def _is_wide(text: str) -> bool:
    return "\u2e80" <= text <= "\u9fff" or "\uf900" <= text <= "\ufaff" or "\uff00" <= text <= "\uffef"
