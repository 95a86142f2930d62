"""The process that draws one page, its marks taken from the places of the characters that the reader read.

Started by ingest.pictures with the order on its standard input; writes P and the PNG, or F and a sentence.
"""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from PIL import Image, ImageChops, ImageDraw

from ingest.confine import Limits, confine, refuse_programs
from ingest.page_picture import page_picture
from ingest.read_pdf import pdf_places
from ingest.text import UnreadableFile

DPI = 120  # small print can be read on a screen, and a page has 100 to 300 kB
PIXELS = 4_000_000
LIMITS = Limits(seconds=20.0, cpu_seconds=10)
PLACES_SECONDS = 6.0  # of processor time: finding the places reads the whole document; a page without marks is better than none
FILL = (255, 226, 122)
EDGE = (176, 116, 0)
BESIDE = 1.5  # heights of a line between two boxes that are marked as one

Box = tuple[float, float, float, float]


class _TooSlow(Exception):
    pass


def main() -> None:
    """Draw the page of the order. Leaves the process."""
    order = json.load(os.fdopen(0, "rb"))
    out = os.fdopen(1, "wb")  # before the hook, which refuses to open anything for writing
    confine(os.getppid(), LIMITS, (order["path"],))
    refuse_programs()
    try:
        answer = b"P" + painted(order)
    except UnreadableFile as error:
        answer = b"F" + str(error).encode("utf-8", "replace")
    except Exception as error:  # noqa: BLE001 (told: whatever a damaged file makes a library raise is that page's failure)
        answer = b"F" + f"the drawing stopped at it ({type(error).__name__}: {str(error)[:200]}).".encode("utf-8", "replace")
    out.write(answer)
    out.flush()
    os._exit(0)


def painted(order: dict[str, Any]) -> bytes:
    """A PNG. `order` is a kb.pictures.PictureOrder as JSON. Raises UnreadableFile."""
    picture = page_picture(order["path"], order["page"], DPI, pixels=PIXELS)
    boxes = [tuple(box) for box in order["boxes"]]
    if order["spans"]:
        boxes += _boxes_of(order)
    marked = _marked(picture.image, [tuple(picture.scale * value for value in box) for box in lines_of(boxes)])
    out = io.BytesIO()
    marked.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _boxes_of(order: dict[str, Any]) -> list[Box]:
    """The boxes of the characters in the order's spans; none if the page now reads otherwise, or is too slow to read."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise _TooSlow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, PLACES_SECONDS)
    try:
        text, boxes = pdf_places(Path(order["path"]), order["page"])
    except (_TooSlow, IndexError):
        return []
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if text != order["text"]:
        return []
    return [box for start, end in order["spans"] for box in boxes[start:end] if box is not None]


def lines_of(boxes: Sequence[Box]) -> Iterator[Box]:
    """Boxes that stand beside each other on a line (or below each other in a column of vertical writing) made one.

    Each is compared with the one before it: a space may be a tenth as high as its line, and Arabic letters differ as much.
    """
    current = last = None
    for box in boxes:
        if current is not None and last is not None and _is_beside(current, last, box):
            current = min(current[0], box[0]), min(current[1], box[1]), max(current[2], box[2]), max(current[3], box[3])
        else:
            if current is not None:
                yield current
            current = box
        last = box
    if current is not None:
        yield current


def _is_beside(line: Box, last: Box, box: Box) -> bool:
    return _follows(line[0], line[2], box[0], box[2], (last[1], last[3], box[1], box[3])) or _follows(
        line[1], line[3], box[1], box[3], (last[0], last[2], box[0], box[2])
    )


def _follows(start: float, end: float, low: float, high: float, across: tuple[float, float, float, float]) -> bool:
    """Does low..high come close after or before start..end, while both boxes are level in the direction across?"""
    first, last, lower, upper = across
    level = min(last, upper) - max(first, lower)
    gap = max(low - end, start - high)
    return level >= 0.5 * min(last - first, upper - lower) and gap <= BESIDE * max(last - first, upper - lower)


def _marked(image: Image.Image, boxes: Sequence[tuple[float, ...]]) -> Image.Image:
    """Yellow under the letters, as a marker pen leaves it, and an edge that shows on a dark page too."""
    if not boxes:
        return image
    ink = Image.new("RGB", image.size, "white")
    pen = ImageDraw.Draw(ink)
    pad = 2
    frames = [(left - pad, top - pad, right + pad, bottom + pad) for left, top, right, bottom in boxes]
    for frame in frames:
        pen.rectangle(frame, fill=FILL)
    marked = ImageChops.multiply(image, ink)
    edge = ImageDraw.Draw(marked)
    for frame in frames:
        edge.rectangle(frame, outline=EDGE, width=1)
    return marked
