"""A page of a PDF as a picture, by PDFium. For the confined child alone: PDFium reads the hostile file here."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2
from PIL import Image, ImageChops

from ingest.pdf_glyphs import load_page
from ingest.text import UnreadableFile

pdfium: Any = pypdfium2  # its wrappers carry no types
raw: Any = pypdfium2.raw

POINTS = 72  # an inch
OCR_DPI = 300  # what tesseract's models were trained on
MOST_PIXELS = 25_000_000  # A4 at 300 dpi has 8.7 million; a poster is drawn coarser
LONGEST_SIDE = 16_000  # pixels
RULE = 36  # points, half an inch: no letter has so long a straight line, but for headlines
FEWEST_RULES = 3  # that cross as many others: a table of two rows and columns. Boxes and underlines cross once or twice
DARK, WHITE = 128, 255
INK = 24  # of 255: with less between its lightest and darkest spot a page shows nothing
VIVID, PAPER = 60, 170  # of 255: how far the colours of a coloured ink lie apart, and below what the least of them is
SKEW_WIDTH = 800  # pixels of the picture whose slope is measured: 60 ms
MOST_SKEW, LEAST_SKEW = 7.0, 0.7  # degrees
CLEARLY = 1.3  # times as well: pages of text that slope by 1° and more give 2 to 20, level ones 1
DEEPEST = 4  # nested forms that are looked into for pictures


class PagePicture(NamedTuple):
    """`width` and `height` are the page's as it is shown, in points; `scale` is pixels a point."""

    image: Image.Image
    width: float
    height: float
    scale: float
    pictures: float  # share of the page that pictures cover, 0..1


def page_picture(path: str, number: int, dpi: float, *, passwords: Sequence[str] = (), pixels: int = MOST_PIXELS) -> PagePicture:
    """Draw page `number` (from 1) at `dpi` or, where that would take more than `pixels`, as large as may be.

    Raises UnreadableFile for a file that cannot be opened (`passwords` are tried on a locked one) or has no such page.
    """
    try:
        document = _opened(path, passwords)
        if not 1 <= number <= len(document):
            raise UnreadableFile(f"the PDF has no page {number}; its pages are 1 to {len(document)}.")
        page = load_page(document, number - 1, over_text=True)
        width, height = page.get_size()
        if not (1 <= width <= 1e6 and 1 <= height <= 1e6):
            raise UnreadableFile(f"page {number} measures {width:g} × {height:g} points, which cannot be drawn.")
        scale = min(dpi / POINTS, math.sqrt(pixels / (width * height)), LONGEST_SIDE / max(width, height))
        covered = _pictures(page) / (width * height)
        image = page.render(scale=scale, may_draw_forms=False).to_pil()
    except pypdfium2.PdfiumError as error:
        raise UnreadableFile(f"page {number} cannot be drawn ({error}); print the PDF to a new one, or replace it.") from error
    return PagePicture(image.convert("RGB"), width, height, image.width / width, min(covered, 1.0))


def _opened(path: str, passwords: Sequence[str]) -> Any:
    for password in passwords:
        try:
            return pdfium.PdfDocument(path, password)
        except pypdfium2.PdfiumError:
            continue  # another one, or none, may fit
    return pdfium.PdfDocument(path)


def _pictures(page: Any) -> float:
    """Square points that the page's pictures cover, counted twice where they overlap."""
    total = 0.0
    for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=DEEPEST):
        left, bottom, right, top = found.get_bounds()
        total += max(right - left, 0.0) * max(top - bottom, 0.0)
    return total


def draw(path: str, number: int, manner: str, passwords: Sequence[str] = ()) -> bytes:
    """What OCR needs of a page: JSON on a line, then a byte of grey for each pixel, row by row (none: the page is empty). Lines
    that slope are made level; `turned` in the head: by how many degrees, clockwise, the page was turned for all that; `coloured`:
    the share of it that coloured ink covers.

    `manner`: "turned": upside down; "black": coloured ink as light as it may be; else as it is.
    """
    picture = page_picture(path, number, OCR_DPI, passwords=passwords)
    grey = _lightest(picture.image) if manner == "black" else picture.image.convert("L")
    low, high = grey.getextrema()
    assert isinstance(low, int) and isinstance(high, int)  # of one band
    columns, rows = grey.size if high - low >= INK else (0, 0)
    skew = skew_of(grey) if rows else 0.0
    image = grey.rotate(-skew, Image.Resampling.BILINEAR, fillcolor=WHITE) if skew else grey
    image = without_rules(image, round(RULE * picture.scale)) if rows else image
    head = {
        "width": picture.width,
        "height": picture.height,
        "pictures": picture.pictures,
        "columns": columns,
        "rows": rows,
        "turned": skew + (180 if manner == "turned" else 0),
        "coloured": _coloured(picture.image),
    }
    return json.dumps(head).encode() + b"\n" + ((image.rotate(180) if manner == "turned" else image).tobytes() if rows else b"")


def _lightest(image: Image.Image) -> Image.Image:
    """The lightest of a pixel's three colours: blue, violet and red ink nearly go, black stays."""
    red, green, blue = image.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _coloured(image: Image.Image) -> float:
    """The share of a picture that has a colour and is no paper."""
    small = np.asarray(image.resize((SKEW_WIDTH, max(1, round(image.height * SKEW_WIDTH / image.width))), Image.Resampling.BOX))
    most, least = small.max(axis=2).astype(int), small.min(axis=2).astype(int)
    return float(((most - least > VIVID) & (least < PAPER)).mean())


def skew_of(image: Image.Image) -> float:
    """By how many degrees the lines of text on a grey picture rise to the right (negative: fall); 0.0 if by less than LEAST_SKEW,
    or if no slope up to MOST_SKEW parts lines from the paper between them clearly better than none.

    Tesseract takes a page that slopes by 4° for a drawing and reads nothing; it reads 2°.
    """
    small = image.resize((SKEW_WIDTH, max(1, round(image.height * SKEW_WIDTH / image.width))), Image.Resampling.BOX)
    ink = Image.fromarray((np.asarray(small) < (DARK + WHITE) // 2).astype(np.uint8) * WHITE)
    level = _evenness(ink, 0.0)
    best = max(np.arange(-MOST_SKEW, MOST_SKEW + 0.1, 0.5), key=lambda angle: _evenness(ink, angle))
    best = max(np.arange(best - 0.4, best + 0.5, 0.1), key=lambda angle: _evenness(ink, angle))
    clear = _evenness(ink, best) > CLEARLY * level
    return round(float(best), 1) if clear and abs(best) >= LEAST_SKEW else 0.0


def _evenness(ink: Image.Image, angle: float) -> float:
    """How much the ink of rows differs from that of their neighbours when the picture is turned back by the angle."""
    sums = np.asarray(ink.rotate(-angle)).sum(axis=1, dtype=np.float64)
    return float(np.square(np.diff(sums)).sum())


def without_rules(image: Image.Image, longest: int) -> Image.Image:
    """A grey picture without the lines that frame the cells of a table: runs of `longest` and more dark pixels.

    Tesseract takes ruled tables for drawings. Of a page of 45 ruled rows it reads 62 words with the rules and 536 without. Where
    there is no table the lines stay: without what underlines its words it took a letter's head for columns.
    """
    grey = np.asarray(image).copy()
    dark = grey < DARK
    across, down = _runs(dark, longest), _runs(dark.T, longest).T
    crossings = across & down
    if min(_bands(np.asarray(crossings.any(axis=axis))) for axis in (0, 1)) < FEWEST_RULES:
        return image
    grey[across | down] = WHITE
    return Image.fromarray(grey)


def _bands(line: npt.NDArray[np.bool_]) -> int:
    """How many stretches of True there are."""
    return int(np.count_nonzero(np.diff(np.pad(line, 1).astype(np.int8)) == 1))


def _runs(spots: npt.NDArray[np.bool_], longest: int) -> npt.NDArray[np.bool_]:
    """Which spots stand in a row of at least `longest`."""
    if spots.shape[1] < longest:
        return np.zeros_like(spots)
    sums = np.cumsum(np.pad(spots, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    begins = (sums[:, longest:] - sums[:, :-longest]) == longest
    counts = np.cumsum(np.pad(begins, ((0, 0), (longest, longest - 1))), axis=1, dtype=np.int32)
    return np.asarray(counts[:, longest:] > counts[:, :-longest])


def pgm(head: bytes, pixels: bytes) -> bytes:
    """The picture as a portable grey map. Written outside the child that drew it, which could have put any format in its place.

    Raises ValueError if there are other pixels than the head says.
    """
    columns, rows = (int(json.loads(head)[name]) for name in ("columns", "rows"))
    if len(pixels) != columns * rows:
        raise ValueError(f"{len(pixels)} pixels are not {columns} × {rows}")
    return f"P5\n{columns} {rows}\n255\n".encode() + pixels
