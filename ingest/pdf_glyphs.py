"""The characters of a PDF's page with their places, by PDFium.

Places are points on the page as it is shown (turned and cropped), from its upper left. Text that runs in another direction, and
vertical Japanese, is laid out in a frame of its own in which it runs from left to right; so nothing after this module knows of
turned text. A character's source is PDFium's number for it.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pypdfium2

from ingest.pdf_ligatures import Ligatures, plain_name
from ingest.pdf_signs import family, plain_letter, sign_of
from ingest.traced import NOWHERE

raw: Any = pypdfium2.raw  # bindings without types

MIRRORED = 360
_NOTES = {raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP}

_NASTALIQ = re.compile(rb"nast[a']?[al]|noori|urdu ?typesetting|gulzar", re.I)
# A font's weight tells less: Ghostscript, Skia and Microsoft's printer give 640 to 4400 for plain fonts (49 of 1,412 files), and
# of the bold ones only Nimbus' "Medi" and some "Blk" have no word for it in their names.
_BOLD = re.compile(rb"bold|black|heavy|demi|cmbx|[-,]bd|medi(?!um)|[-,]blk", re.I)

Box = tuple[float, float, float, float]  # left, top, right, bottom
Affine = tuple[float, float, float, float, float, float]


class Style(NamedTuple):
    """What all characters of one text object share. `angle`: the direction of writing on the page as shown, clockwise from
    left-to-right, 0..359; MIRRORED more for text that is seen from behind."""

    size: float
    bold: bool
    angle: int
    nastaliq: bool = False  # Urdu's hanging hand, whose words slope across the line
    signs: str = ""  # the family of a font whose letters are pictures, see ingest.pdf_signs
    ligatures: Ligatures | None = None  # those that its font's table of signs does not give


class Glyph(NamedTuple):
    """A visible character in its frame."""

    text: str
    source: int
    box: Box
    x: float  # of its origin
    baseline: float
    style: Style
    space: int | None  # the source of a space before it, NOWHERE for one that PDFium put in, None: no space


def load_page(document: Any, index: int, over_text: bool = False) -> Any:
    """The page with what is written on it as a part of it: values of its form, stamps, notes set as text. Hidden ones stay out;
    stamps and notes over the page's own text come in only if `over_text` is set, since they would stand within its words.

    Raises pypdfium2.PdfiumError if PDFium cannot load it.
    """
    page = document[index]
    kinds = [_annotation(page, place) for place in range(raw.FPDFPage_GetAnnotCount(page))]
    if not (_NOTES | {raw.FPDF_ANNOT_WIDGET}) & {kind for kind, _ in kinds}:
        return page
    notes = [(place, box) for place, (kind, box) in enumerate(kinds) if kind in _NOTES and not over_text]
    if notes:
        textpage = page.get_textpage()
        for place, box in reversed(notes):
            if textpage.get_text_bounded(*box).strip():
                raw.FPDFPage_RemoveAnnot(page, place)  # from this copy in memory
        textpage.close()
    raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
    page.close()
    return document[index]


def _annotation(page: Any, place: int) -> tuple[int, Box]:
    """Its kind, and its box as left, bottom, right, top."""
    annotation, rect = raw.FPDFPage_GetAnnot(page, place), raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, rect)
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    raw.FPDFPage_CloseAnnot(annotation)
    return kind, (rect.left, rect.bottom, rect.right, rect.top)


def character_boxes(page: Any, sources: Sequence[int]) -> list[Box | None]:
    """The box of each source on the page as shown; None for NOWHERE."""
    textpage = open_textpage(page)
    try:
        matrix = shown(page)
        return [None if source == NOWHERE else _turned(_loose_box(textpage, source), matrix) for source in sources]
    finally:
        textpage.close()


def open_textpage(page: Any) -> Any:
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


class Reading:
    """Reads one text page character by character; PDFium's ready text leaves signs out, so that its positions do not fit."""

    def __init__(
        self, textpage: Any, matrix: Affine, size: tuple[float, float], ligatures: Mapping[str, Ligatures] | None = None
    ) -> None:
        self._ligatures = ligatures or {}
        self._textpage = textpage
        self._matrix = matrix
        self._size = size  # of the page as shown
        self._frames = {0: matrix}
        self._styles: dict[int | None, Style] = {}
        self.unknown = 0  # characters without a meaning
        self.spaces: list[Glyph] = []  # those that the file itself writes

    def glyphs(self) -> Iterator[Glyph]:
        handle = self._textpage.raw
        count = self._textpage.count_chars()
        get_unicode, get_box, get_origin = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
        rect, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
        at_rect, at_x, at_y = ctypes.byref(rect), ctypes.byref(x), ctypes.byref(y)
        space: int | None = None
        edge = -math.inf  # where the last character ends, in its frame, if it is a ligature
        last = (0.0, 0.0)  # its origin; the letters of a ligature have one
        high = 0
        for position in range(count):
            code = get_unicode(handle, position)
            letters = self._letters(position, code) if self._ligatures else ""
            if not letters and ((code <= 32 and code != 2) or code in (160, 0x3000, 0xFEFF) or 0x2000 <= code <= 0x200B):
                space = self._blank(position, code, space)
                continue
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            style = self._style(position)
            text, high = letters or (style.signs and sign_of(code, style.signs)) or self._character(code, high), 0
            get_box(handle, position, at_rect)
            get_origin(handle, position, at_x, at_y)
            matrix = self._frames.setdefault(style.angle, frame(self._matrix, style.angle))
            box = _turned((rect.left, rect.bottom, rect.right, rect.top), matrix)
            if not self._is_shown(
                box if style.angle == 0 else _turned((rect.left, rect.bottom, rect.right, rect.top), self._matrix)
            ):
                continue
            a, b, c, d, e, f = matrix
            origin = a * x.value + c * y.value + e, b * x.value + d * y.value + f
            if space is not None and space != NOWHERE and self._is_covered(edge, box[0], style):
                space = None
            for letter in text:
                yield Glyph(letter, position, box, *origin, style, space)
                space = None
            edge, last = (box[2] if origin == last or len(text) > 1 else -math.inf), origin

    def _letters(self, position: int, code: int) -> str:
        """The letters of a ligature that the font's table of signs does not give; "" for all other characters."""
        style = self._style(position)
        if style.ligatures is None:
            return ""
        box = _turned(_loose_box(self._textpage, position), self._frames.get(style.angle, self._matrix))
        return style.ligatures.letters(code, (box[2] - box[0]) / max(style.size, 0.1))

    def _blank(self, position: int, code: int, space: int | None) -> int | None:
        """The source of the space before the next character, which was `space` until here."""
        if code == 0:
            self.unknown += 1
        elif code not in (0xFEFF, 0x200B) and (space is None or space == NOWHERE):
            return self._space(position)
        return space

    def _is_shown(self, box: Box) -> bool:
        """Does the middle of the box stand on the page? Printers' notes beside it are not to be seen."""
        return 0 <= box[0] + box[2] <= 2 * self._size[0] and 0 <= box[1] + box[3] <= 2 * self._size[1]

    def _is_covered(self, edge: float, left: float, style: Style) -> bool:
        """Does the last space stand under the ligature before it, and the next letter touch that? Some files write so: "defi
        cit". The boxes of single letters, an italic f's, reach over the spaces behind them."""
        last = self.spaces[-1]
        return abs(left - edge) < 0.05 * style.size and last.style.angle == style.angle and last.box[2] <= edge

    def _space(self, position: int) -> int:
        """The source of a space; NOWHERE for one that PDFium put in, which belongs to no text object."""
        if not raw.FPDFText_GetTextObject(self._textpage, position):
            return NOWHERE
        style = self._style(position)
        matrix = self._frames.setdefault(style.angle, frame(self._matrix, style.angle))
        a, b, c, d, e, f = matrix
        x, y = _origin(self._textpage, position)
        box = _turned(_loose_box(self._textpage, position), matrix)
        self.spaces.append(Glyph(" ", position, box, a * x + c * y + e, b * x + d * y + f, style, None))
        return position

    def _character(self, code: int, high: int) -> str:
        if code in (2, 0xFFFE):  # what PDFium writes for a hyphen at a line's end
            return "-"
        if high and 0xDC00 <= code < 0xE000:
            return chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
        if letter := plain_letter(code):
            return letter
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
            points = raw.FPDFText_GetFontSize(self._textpage, position)
            size = abs(points) * math.hypot(matrix.c, matrix.d)
            a, b, c, d, _, _ = self._matrix
            angle = math.degrees(math.atan2(matrix.a * b + matrix.b * d, matrix.a * a + matrix.b * c))
            if self._is_vertical(position, item, matrix):
                angle += 90
            if points < 0:  # turns the characters round; most often a matrix turns them back
                angle += 180
            turned = _rounded(angle)
            if (matrix.a * matrix.d - matrix.b * matrix.c) * (a * d - b * c) > 0:  # the page as shown counts y downwards
                turned += MIRRORED
            name, flags = _font(self._textpage, position)
            bold = bool(flags & 1 << 18) or bool(_BOLD.search(name))  # the flag is ForceBold
            ligatures = self._ligatures.get(plain_name(name.decode("latin-1"))) if self._ligatures else None
            style = Style(round(size, 1), bold, turned, bool(_NASTALIQ.search(name)), family(name), ligatures)
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
        return bool(down > 0 and abs(along) < 0.1 * down)


def _origin(textpage: Any, position: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, position, x, y)
    return x.value, y.value


def _rounded(angle: float) -> int:
    """Whole quarter turns where text stands nearly straight (8°), else steps of 5°: lines of slanted text stay together."""
    quarter = 90 * round(angle / 90)
    return (quarter if abs(angle - quarter) <= 8 else 5 * round(angle / 5)) % 360


def _font(textpage: Any, position: int) -> tuple[bytes, int]:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, position, name, 128, flags)
    return name.value, flags.value
