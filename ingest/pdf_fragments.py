"""The characters of a PDF's page gathered into stretches of one line."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ingest.pdf_arabic import is_arabic, is_mark, logical_lines
from ingest.pdf_glyphs import Box, Glyph, Reading, open_textpage, shown
from ingest.pdf_ligatures import Ligatures
from ingest.pdf_signs import COURIER
from ingest.traced import NOWHERE, Traced

ARABIC = "\u0600"  # and higher: Arabic script, and other signs that are looked at more closely
WIDE_GAP = 0.75  # of the font's size, more than a space (.25) in most justified lines; less than any gutter between columns
SPACE = 0.17  # of the font's size: the least gap that is a space where the file has none; kerning stays below .1
SEEN = 0.1  # of the font's size: the least gap beside smaller type that is the space for which PDFium takes it
MOSTLY = 0.1  # of a page's characters are Arabic letters: it is read by their places; fewer are a word or two in other text
ACCENTS = dict(
    zip(
        "`´^ˆ~˜¨¯ˉ˘˙˚¸˛ˇ˝",
        "\u0300\u0301\u0302\u0302\u0303\u0303\u0308\u0304\u0304\u0306\u0307\u030a\u0327\u0328\u030c\u030b",
        strict=True,
    )
)
NEAR = 10  # signs between an accent and its letter, as the file writes them
_DOTLESS = {"ı": "i", "ȷ": "j"}
SHADOW = 0.12  # of the font's size: two equal signs nearer than that are one drawn twice; the narrowest, i and l, take up .2
CELL = 3.0  # points of a square in which such signs are looked for; those of larger type than 25 points are not
MOST_IN_CELL = 16  # of one sign that are compared; type of two points, which nobody reads, has fewer
HALF = 1 << 20  # squares to each side of a page's corner that are told apart; a page has at most 4,800
LONGEST_LIGATURE = 3
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def page_text(page: Any, ligatures: Mapping[str, Ligatures] | None = None) -> PageText:
    """Raises pypdfium2.PdfiumError if PDFium cannot read the page's text."""
    width, height = page.get_size()
    textpage = open_textpage(page)
    try:
        reading = Reading(textpage, shown(page), (width, height), ligatures)
        by_angle: dict[int, list[Glyph]] = {}
        for glyph in reading.glyphs():
            by_angle.setdefault(glyph.style.angle, []).append(glyph)
    finally:
        textpage.close()
    fragments = {}
    for angle, glyphs in by_angle.items():
        if sum(is_arabic(glyph.text) for glyph in glyphs) > MOSTLY * len(glyphs):
            spaces = [space for space in reading.spaces if space.style.angle == angle]
            fragments[angle] = [fragment(line, by_gaps=False) for line in logical_lines(glyphs, spaces)]
        else:
            fragments[angle] = list(_fragments(_with_bullets(_with_accents(_without_shadows(glyphs)))))
    return PageText(width, height, fragments, reading.unknown)


def _without_shadows(glyphs: list[Glyph]) -> list[Glyph]:
    """Signs without those drawn again a little beside themselves, which makes them bold or gives them a shadow.

    After one of these the next may stand further off, since a second drawing may be wider: but each sign has one such follower
    only, so that of two equal letters both stay. The letters of a ligature stand at one place too, but follow one another.
    """
    has_alike = _have_alike(glyphs)
    if not any(has_alike):
        return glyphs
    seen: dict[tuple[str, int, int], list[Glyph]] = {}
    result: list[Glyph] = []
    followed: set[int] = set()
    last_was_again = False
    for glyph, is_doubtful in zip(glyphs, has_alike, strict=True):
        if not is_doubtful:
            last_was_again = False
            result.append(glyph)
            continue
        across, down = int(glyph.x // CELL), int(glyph.baseline // CELL)
        cells = ((glyph.text, across + dx, down + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        near = [other for cell in cells for other in seen.get(cell, ())[-MOST_IN_CELL:]]
        first = next((other for other in near if _is_again(glyph, other, SHADOW)), None)
        if first is None and last_was_again:
            free = (other for other in near if other.source not in followed)
            first = next((other for other in free if _is_again(glyph, other, 3 * SHADOW)), None)
        last_was_again = first is not None
        if first is not None:
            followed.add(first.source)
        else:
            seen.setdefault((glyph.text, across, down), []).append(glyph)
            result.append(glyph)
    return result


def _have_alike(glyphs: Sequence[Glyph]) -> list[bool]:
    """Whether the same sign stands in the square of each glyph too, or in one beside it: true of one in twenty, and the rest need
    not be looked at (a third of the time that a page's text took)."""
    places = np.array([(glyph.baseline, glyph.x) for glyph in glyphs]).reshape(-1, 2)
    down, across = np.clip(np.nan_to_num(places // CELL), 1 - HALF, HALF - 2).astype(np.int64).T
    signs = np.array([ord(glyph.text) for glyph in glyphs], np.int64)
    squares, held, counts = np.unique(
        (signs * 2 * HALF + down + HALF) * 2 * HALF + across + HALF, return_inverse=True, return_counts=True
    )
    found = counts > 1
    for step in (1, 2 * HALF - 1, 2 * HALF, 2 * HALF + 1):
        places_after = np.searchsorted(squares, squares + step)
        at = np.minimum(places_after, len(squares) - 1)
        beside = squares[at] == squares + step
        found |= beside
        found[at[beside]] = True
    result: list[bool] = found[held].tolist()
    return result


def _is_again(glyph: Glyph, other: Glyph, reach: float) -> bool:
    size = glyph.style.size
    near = abs(other.x - glyph.x) <= reach * size and abs(other.baseline - glyph.baseline) <= SHADOW * size
    if not near or min(glyph.box[2], other.box[2]) <= max(glyph.box[0], other.box[0]):
        return False  # the letters of a ligature begin at one place, each with its share of the box
    return other.box != glyph.box or glyph.source - other.source > LONGEST_LIGATURE


def _with_bullets(glyphs: list[Glyph]) -> list[Glyph]:
    """Word's bullet of the second level is a letter o of Courier among letters of another font."""
    fonts = [None, *(glyph.style.signs for glyph in glyphs), None]
    lone = [
        place
        for place, glyph in enumerate(glyphs)
        if glyph.text == "o" and glyph.style.signs == COURIER and COURIER not in (fonts[place], fonts[place + 2])
    ]
    for place in lone:
        glyphs[place] = glyphs[place]._replace(text="◦")
    return glyphs


def _with_accents(glyphs: list[Glyph]) -> list[Glyph]:
    """Letters with the accents that are drawn over or under them as signs of their own, as TeX does: one sign, at the letter's
    place. The file may write an accent some signs before or after its letter."""
    gone: set[int] = set()
    result = list(glyphs)
    for place, glyph in enumerate(glyphs):
        if glyph.text not in ACCENTS:
            continue
        for near in sorted(range(max(place - NEAR, 0), min(place + NEAR, len(glyphs))), key=lambda near: abs(near - place)):
            if whole := _accented(glyph, result[near]):
                space = glyph.space if near == place + 1 else result[near].space
                result[near] = result[near]._replace(text=whole, space=space)
                gone.add(place)
                break
    return [glyph for place, glyph in enumerate(result) if place not in gone] if gone else glyphs


def _accented(accent: Glyph, letter: Glyph) -> str:
    """The letter with the accent, "" where these do not make one: other signs, or beside each other."""
    mark = ACCENTS.get(accent.text)
    if mark is None or not letter.text.isalpha() or accent.style.size > 1.3 * letter.style.size:
        return ""
    middle = (accent.box[0] + accent.box[2]) / 2
    if not letter.box[0] < middle < letter.box[2] or abs(accent.baseline - letter.baseline) > 0.5 * letter.style.size:
        return ""
    whole = unicodedata.normalize("NFC", _DOTLESS.get(letter.text, letter.text) + mark)
    return whole if len(whole) == 1 else ""


def _fragments(glyphs: Sequence[Glyph]) -> Iterator[Fragment]:
    run: list[Glyph] = []
    left = right = 0.0
    for glyph in glyphs:
        start, _, end, _ = glyph.box
        if run and not _continues(run[-1], glyph, (left, right)):
            yield fragment(run)
            run = []
        if not run:
            left, right = start, end
        left = start if start < left else left
        right = end if end > right else right
        run.append(glyph)
    if run:
        yield fragment(run)


def _continues(last: Glyph, glyph: Glyph, extent: tuple[float, float]) -> bool:
    """Does the character follow on the same line, at most a wide gap away and not back over what stands there?"""
    if last.style is glyph.style and last.baseline == glyph.baseline and last.text < ARABIC > glyph.text:  # nearly all
        size = max(glyph.style.size, 1.0)
        if -0.6 * size <= glyph.box[0] - last.box[2] <= WIDE_GAP * size:
            return True
    if last.box == glyph.box and last.x == glyph.x:
        return True  # the letters of a ligature
    size = max(last.style.size, glyph.style.size, 1.0)
    smaller = min(last.style.size, glyph.style.size)
    raised = 0.65 if smaller < 0.85 * size else 0.3
    if abs(glyph.baseline - last.baseline) > raised * size:
        return False
    if is_arabic(glyph.text) or is_arabic(last.text):
        gap = max(extent[0] - glyph.box[2], glyph.box[0] - extent[1])
        return gap <= WIDE_GAP * size
    return -0.6 * size <= glyph.box[0] - last.box[2] <= WIDE_GAP * size


def fragment(run: Sequence[Glyph], by_gaps: bool = True) -> Fragment:
    """Characters of one line with the spaces between them, `by_gaps` or only where a character says so; raised small figures as
    superscripts."""
    style = run[0].style
    is_even = all(glyph.style is style for glyph in run)
    size = style.size if is_even else max(glyph.style.size for glyph in run)
    main = run if is_even else [glyph for glyph in run if glyph.style.size >= 0.85 * size]
    baseline = max(glyph.baseline for glyph in main)
    texts: list[str] = []
    sources: list[int] = []
    lefts: list[float] = []
    rights: list[float] = []
    last: Glyph | None = None
    for glyph in run:
        text, source, (left, _, right, _), _, _, _, space = glyph
        if last is not None and (_has_space(last, glyph) if by_gaps else space is not None):
            texts.append(" ")
            sources.append(NOWHERE if space is None else space)
            lefts.append(min(last.box[2], left))
            rights.append(max(last.box[2], left))
        texts.append(text if is_even else _raised(glyph, size, baseline))
        sources.append(source)
        lefts.append(left)
        rights.append(right)
        last = glyph
    edges = array("f", lefts), array("f", rights)
    box = (min(edges[0]), min(glyph.box[1] for glyph in main), max(edges[1]), max(glyph.box[3] for glyph in main))
    bold = style.bold if is_even else sum(glyph.style.bold for glyph in run) > 0.8 * len(run)
    is_apart = run[0].space is not None and run[0].space != NOWHERE
    return Fragment(Traced("".join(texts), array("i", sources)), *edges, box, baseline, size, bold, run[0].source, is_apart)


def _raised(glyph: Glyph, size: float, baseline: float) -> str:
    text = glyph.text
    if text.isdigit() and text.isascii() and glyph.style.size < 0.85 * size and baseline - glyph.baseline > 0.15 * size:
        return text.translate(SUPERSCRIPT)
    return text


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
    if glyph.space is None and gap <= SPACE * size and last.box[0] - glyph.box[2] <= SPACE * size:
        return False  # nearly all
    if is_arabic(glyph.text) or is_arabic(last.text):
        if is_mark(glyph.text) or (is_mark(last.text) and glyph.space in (None, NOWHERE)):
            return False
        return glyph.space is not None or max(gap, last.box[0] - glyph.box[2]) > SPACE * size
    if glyph.space == NOWHERE and _is_wide(last.text) and _is_wide(glyph.text):
        return gap > 0.5 * size  # PDFium takes the gaps of Chinese and Japanese that is set wide for spaces
    if is_mark(glyph.text) or last.box == glyph.box:
        return False
    if glyph.space == NOWHERE and min(last.style.size, glyph.style.size) < 0.85 * size:
        return gap > SEEN * size  # PDFium puts one before and after each raised figure
    return glyph.space is not None or gap > SPACE * size


def _is_wide(text: str) -> bool:
    return "\u2e80" <= text <= "\u9fff" or "\uf900" <= text <= "\ufaff" or "\uff00" <= text <= "\uffef"
