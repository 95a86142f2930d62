"""The characters of a PDF's page with their places, by PDFium.

Places are points on the page as it is shown (turned and cropped), from its upper left. Text that runs in another direction, and
vertical Japanese, is laid out in a frame of its own in which it runs from left to right; so nothing after this module knows of
turned text. A character's source is PDFium's number for it.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from ingest.pdf_characters import characters
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

_BLANKS = frozenset((160, 0x3000, 0xFEFF, *range(0x2000, 0x200C)))

Box = tuple[float, float, float, float]  # left, top, right, bottom
Affine = tuple[float, float, float, float, float, float]
Matrix = tuple[float, float, float, float]
Column = float | NDArray[np.float64]


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


def _all_turned(boxes: NDArray[np.float64], matrix: Sequence[Column]) -> tuple[NDArray[np.float64], ...]:
    """What `_turned` makes of each of the boxes, its sides apart; the matrix may be another one for each."""
    a, b, c, d, e, f = matrix
    left, bottom, right, top = boxes.T
    xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
    ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
    return np.minimum.reduce(xs), np.minimum.reduce(ys), np.maximum.reduce(xs), np.maximum.reduce(ys)


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
        self._found = characters(textpage)
        self._numbers: dict[int | None, int] = {}  # of the style of each text object
        self._alike: dict[object, int] = {}  # the same by all that a style is made of
        self._styles: list[Style] = []
        self.unknown = 0  # characters without a meaning
        self.spaces: list[Glyph] = []  # those that the file itself writes

    def glyphs(self) -> list[Glyph]:
        """The visible characters that stand on the page, as the file writes them."""
        result: list[Glyph] = []
        signs = self._signs()
        space: int | None = None
        edge = -math.inf  # where the last character ends, in its frame, if it is a ligature
        last = (0.0, 0.0)  # its origin; the letters of a ligature have one
        for (position, text, number), box, x, baseline, is_shown in zip(signs, *self._placed(signs), strict=True):
            if text == " ":
                if space is None or space == NOWHERE:
                    space = position if number != NOWHERE else NOWHERE
                    if number != NOWHERE:
                        self.spaces.append(Glyph(" ", position, box, x, baseline, self._styles[number], None))
                continue
            if not is_shown:
                continue
            style = self._styles[number]
            if space is not None and space != NOWHERE and self._is_covered(edge, box[0], style):
                space = None
            for letter in text:
                result.append(Glyph(letter, position, box, x, baseline, style, space))
                space = None
            edge, last = (box[2] if (x, baseline) == last or len(text) > 1 else -math.inf), (x, baseline)
        return result

    def _signs(self) -> list[tuple[int, str, int]]:
        """Number, text and number of the style of each character; NOWHERE as that of a space that PDFium put in, which belongs to
        no text object."""
        result: list[tuple[int, str, int]] = []
        objects = self._found.objects
        last: int | None = -1
        high, number, spaced, family_of = 0, 0, False, ""
        for position, code in enumerate(self._found.codes):
            item = objects[position]
            letters = self._letters(position, code) if self._ligatures else ""
            if not letters and ((code <= 32 and code != 2) or code in _BLANKS):
                self.unknown += code == 0
                if spaced or code in (0, 0xFEFF, 0x200B):
                    continue
                if not item:
                    result.append((position, " ", NOWHERE))
                    continue
                spaced = True  # the first of several is the one before the next sign
                result.append((position, " ", self._style(position, item)))
                continue
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            if item != last:
                number, last = self._style(position, item), item
                family_of = self._styles[number].signs
            sign = letters or (family_of and sign_of(code, family_of))
            text = sign or (chr(code) if 32 < code < 160 else self._character(code, high))
            high, spaced = 0, False
            result.append((position, text, number))
        return result

    def _letters(self, position: int, code: int) -> str:
        """The letters of a ligature that the font's table of signs does not give; "" for all other characters."""
        style = self._styles[self._style(position, self._found.objects[position])]
        if style.ligatures is None:
            return ""
        left, bottom, right, top = self._found.boxes[position].tolist()
        box = _turned((left, bottom, right, top), frame(self._matrix, style.angle))
        return style.ligatures.letters(code, (box[2] - box[0]) / max(style.size, 0.1))

    def _is_covered(self, edge: float, left: float, style: Style) -> bool:
        """Does the last space stand under the ligature before it, and the next letter touch that? Some files write so: "defi
        cit". The boxes of single letters, an italic f's, reach over the spaces behind them."""
        last = self.spaces[-1]
        return abs(left - edge) < 0.05 * style.size and last.style.angle == style.angle and last.box[2] <= edge

    def _placed(self, signs: Sequence[tuple[int, str, int]]) -> tuple[Iterable[Box], list[float], list[float], list[bool]]:
        """Of each sign, in the frame of its direction: its box, its origin; and whether the middle of its box stands on the page.
        Printers' notes beside it are not to be seen."""
        places = np.fromiter((position for position, _, _ in signs), np.intp, len(signs))
        numbers = np.fromiter((number for _, _, number in signs), np.intp, len(signs))
        frames = [frame(self._matrix, style.angle) for style in self._styles] or [self._matrix]
        a, b, c, d, e, f = np.array(frames)[numbers].T
        boxes = self._found.boxes[places]
        x, y = self._found.origins[places].T
        left, top, right, bottom = _all_turned(boxes, self._matrix)
        across, down = left + right, top + bottom
        is_shown = (across >= 0) & (across <= 2 * self._size[0]) & (down >= 0) & (down <= 2 * self._size[1])
        sides = [side.tolist() for side in _all_turned(boxes, (a, b, c, d, e, f))]
        return zip(*sides, strict=True), (a * x + c * y + e).tolist(), (b * x + d * y + f).tolist(), is_shown.tolist()

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

    def _style(self, position: int, item: int | None) -> int:
        number = self._numbers.get(item)
        if number is None:
            font, points, matrix = self._found.type_at(position)
            key = (font or position, points, matrix, self._is_vertical(position, item, matrix))
            number = self._alike.get(key)
            if number is None:
                number = self._alike[key] = len(self._styles)
                self._styles.append(self._style_of(position, points, matrix, key[-1]))
            self._numbers[item] = number
        return number

    def _style_of(self, position: int, points: float, matrix: Matrix, is_vertical: bool) -> Style:
        p, q, r, s = matrix
        a, b, c, d, _, _ = self._matrix
        angle = math.degrees(math.atan2(p * b + q * d, p * a + q * c))
        if is_vertical:
            angle += 90
        if points < 0:  # turns the characters round; most often a matrix turns them back
            angle += 180
        turned = _rounded(angle)
        if (p * s - q * r) * (a * d - b * c) > 0:  # the page as shown counts y downwards
            turned += MIRRORED
        name, flags = _font(self._textpage, position)
        bold = bool(flags & 1 << 18) or bool(_BOLD.search(name))  # the flag is ForceBold
        ligatures = self._ligatures.get(plain_name(name.decode("latin-1"))) if self._ligatures else None
        size = round(abs(points) * math.hypot(r, s), 1)
        return Style(size, bold, turned, bool(_NASTALIQ.search(name)), family(name), ligatures)

    def _is_vertical(self, position: int, item: int | None, matrix: Matrix) -> bool:
        """Does the next character of the same text object stand below this one, as its own font has "below"? Only vertical
        writing does that."""
        if position + 1 >= len(self._found.codes) or self._found.objects[position + 1] != item:
            return False
        (x0, y0), (x1, y1) = self._found.origins[position : position + 2].tolist()
        a, b, c, d = matrix
        along = (x1 - x0) * a + (y1 - y0) * b
        down = -(x1 - x0) * c - (y1 - y0) * d
        return bool(down > 0 and abs(along) < 0.1 * down)


def _rounded(angle: float) -> int:
    """Whole quarter turns where text stands nearly straight (8°), else steps of 5°: lines of slanted text stay together."""
    quarter = 90 * round(angle / 90)
    return (quarter if abs(angle - quarter) <= 8 else 5 * round(angle / 5)) % 360


def _font(textpage: Any, position: int) -> tuple[bytes, int]:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, position, name, 128, flags)
    return name.value, flags.value
