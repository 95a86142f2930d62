"""Pictures of pages with a quote marked: asked for, kept on disk, bounded in number and size.

What draws them is handed in (see ingest.pictures), because nothing here knows a file format.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kb.errors import BadRequest, Busy, NotFound
from kb.records import Document, Page, WordBox

log = logging.getLogger(__name__)

PAGED = "application/pdf"  # the media type whose pages there are pictures of
FOLDER = "pictures"
MOST_BYTES = 256 << 20  # kept on disk: about a thousand pages
DRAWING = 2  # at a time; a core each
WAITING = 2  # more: the server's other threads are for answers

Box = tuple[float, float, float, float]  # left, top, right, bottom in points, from the upper left of the page as it is shown


@dataclass(frozen=True, slots=True)
class PictureOrder:
    """Page `page` (from 1) of the PDF at `path`, with marks.

    `spans` are ranges of `text`, the page's text as it was read: what draws it must read the same text, or mark nothing. `boxes`
    are marked as they are: the words of a page that was read by OCR.
    """

    path: str
    sha256: str
    page: int
    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    boxes: tuple[Box, ...] = ()

    @property
    def key(self) -> str:
        """Names the picture, wherever the file lies: 64 hex digits."""
        values = asdict(self) | {"path": ""}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and the key that stands for it."""

    data: bytes
    key: str


Paint = Callable[[PictureOrder], bytes]


class PagePictures:
    """Pictures by order; drawn once, and then kept under `home` while there is room. Safe in threads."""

    def __init__(self, home: Path, paint: Paint, version: str) -> None:
        """`paint` gives a PNG or raises NotFound with the reason why there is none; `version` names how it draws."""
        self._folder = home / FOLDER / version
        self._paint = paint
        self._inside = threading.BoundedSemaphore(DRAWING + WAITING)
        self._drawing = threading.BoundedSemaphore(DRAWING)
        self._keeping = threading.Lock()

    def get(self, order: PictureOrder) -> Picture:
        """Raises NotFound if the page cannot be drawn, Busy if too many are being drawn."""
        kept = self._kept(order.key)
        if kept is not None:
            return Picture(kept, order.key)
        with self._turn():
            data = self._kept(order.key) or self._paint(order)  # another thread may have drawn it in the meantime
        self._keep(order.key, data)
        return Picture(data, order.key)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._inside.acquire(blocking=False):
            raise Busy(f"{DRAWING + WAITING} pages are being drawn already; ask again in a few seconds.")
        try:
            with self._drawing:
                yield
        finally:
            self._inside.release()

    def _kept(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            data = path.read_bytes()
            os.utime(path)  # what was asked for last stays longest
        except OSError:
            return None
        return data

    def _keep(self, key: str, data: bytes) -> None:
        """A disk that is full or may not be written costs time at the next request, no more."""
        path = self._path(key)
        partial = path.with_suffix(f".{threading.get_ident()}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
            with self._keeping:
                self._make_room()
        except OSError as error:
            log.warning("the picture of a page cannot be kept: %s", error)

    def _make_room(self) -> None:
        files = sorted((status.st_mtime, status.st_size, path) for path in self._folder.iterdir() if (status := path.stat()))
        size = sum(one for _, one, _ in files)
        for _, one, path in files:
            if size <= MOST_BYTES:
                break
            path.unlink(missing_ok=True)
            size -= one

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.png"


def page_of(document: Document, number: int) -> Page:
    """Raises NotFound where there can be no picture of that page."""
    if document.media_type != PAGED:
        raise NotFound(f"{document.uri} is of type {document.media_type}; pictures are of PDFs. Its original shows it as it was.")
    for page in document.pages:
        if page.number == number:
            return page
    raise NotFound(f"{document.uri} has no page {number}; its pages are 1 to {len(document.pages)}.")


def checked_mark(document: Document, span: tuple[int, int] | None) -> None:
    """Raises BadRequest for a span that is not in the text."""
    if span is not None and not 0 <= span[0] < span[1] <= len(document.text):
        raise BadRequest(f"{span[0]} to {span[1]} is no span of a text of {len(document.text)} characters.")


def marked(
    order: PictureOrder, document: Document, page: Page, span: tuple[int, int] | None, words: Callable[[], Sequence[WordBox]]
) -> PictureOrder:
    """The order with what of `span` stands on the page; `words` gives those of a page that was read by OCR."""
    if span is None or max(span[0], page.start) >= min(span[1], page.end):
        return order
    start, end = max(span[0], page.start), min(span[1], page.end)
    if page.ocr is None:
        return replace(order, text=document.text[page.start : page.end], spans=((start - page.start, end - page.start),))
    touched = (word for word in words() if word.start < end and start < word.end)
    return replace(order, boxes=tuple((word.left, word.top, word.right, word.bottom) for word in touched))
