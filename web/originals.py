"""A page of the original as a picture, with what turns and enlarges it; and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote as quoted

from kb.pictures import PAGED
from kb.records import Document, Page
from web.reading import Leaf, leaf_of
from web.viewing import PAGE, TEXT, ZOOMS, Viewing


@dataclass(frozen=True, slots=True)
class Zoom:
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Printed:
    """`source` is the picture's address; `previous` and `next` show the pages around it, "" where there is none; `enlarged` the
    page alone, `text` its text. `marked`: the quote stands on it; `wordless`: no text was read from it."""

    leaf: Leaf
    total: int
    source: str
    previous: str
    next: str
    enlarged: str
    text: str
    zooms: tuple[Zoom, ...]
    zoom: int
    marked: bool
    wordless: bool


def page_shown(document: Document, viewing: Viewing, start: int) -> Page | None:
    """The page that the address names; else the one with the quote; else the one that the text begins on; None without any."""
    if document.media_type != PAGED or not document.pages:
        return None
    if viewing.page:
        return next((page for page in document.pages if page.number == viewing.page), None)
    at = start if viewing.start is None else viewing.start
    holding = [page for page in document.pages if page.start <= at]
    return holding[-1] if holding else document.pages[0]


def printed(document: Document, page: Page | None, viewing: Viewing) -> Printed | None:
    if page is None:
        return None
    total, number = len(document.pages), page.number
    here = viewing.view == PAGE

    def turned(to: int) -> str:
        return viewing.address("" if here else "printed", page=to, section=0) if 1 <= to <= total else ""

    return Printed(
        leaf=leaf_of(document, page, lambda to: viewing.address(page=to, view=PAGE, section=0)),
        total=total,
        source=_picture(document, page, viewing),
        previous=turned(number - 1),
        next=turned(number + 1),
        enlarged=viewing.address(page=number, view=PAGE, section=0),
        text=viewing.address(f"page-{number}", page=number, view=TEXT, section=0, zoom=ZOOMS[0]),
        zooms=tuple(Zoom(f"{z} %", viewing.address(page=number, view=PAGE, zoom=z, section=0), z == viewing.zoom) for z in ZOOMS),
        zoom=viewing.zoom,
        marked=_on(page, viewing),
        wordless=not document.text[page.start : page.end].strip(),
    )


def _on(page: Page, viewing: Viewing) -> bool:
    return viewing.start is not None and viewing.end is not None and page.start < viewing.end and viewing.start < page.end


def _picture(document: Document, page: Page, viewing: Viewing) -> str:
    address = f"/documents/{quoted(document.id)}/pages/{page.number}.png"
    return f"{address}?start={viewing.start}&end={viewing.end}" if _on(page, viewing) else address
