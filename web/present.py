"""What each page's template receives, as frozen values: a template reads `page` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote as quoted

from flask_babel import gettext as _

from kb.records import (
    DocumentSummary,
    IndexManifest,
    Locator,
)
from web import names
from web.indexing import Indexing, LastRun
from web.languages import number
from web.report import Fact


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is from, ready to print. `place` is pinpoint and page; `facts` are publisher, date, kind …"""

    title: str
    href: str
    facts: tuple[str, ...]
    place: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class Published:
    """The generation that a page was made from."""

    generation: int
    digest: str
    documents: int
    passages: int
    date: str
    stale: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class AboutPage:
    published: Published
    facts: tuple[Fact, ...]
    indexing: Indexing | None
    last_run: LastRun | None


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """`unpublished`: there is no index yet, and `indexing` tells of the run that makes it. `wait`: seconds, 0 for none."""

    status: int
    title: str
    detail: str
    unpublished: bool
    indexing: Indexing | None
    wait: int


TEMPLATES: Mapping[type, str] = {
    AboutPage: "about.html",
    ErrorPage: "error.html",
}


def about_page(info: IndexManifest, running: Indexing | None, last: LastRun | None) -> AboutPage:
    facts = (
        Fact(_("Documents"), number(info.documents), ""),
        Fact(_("Passages"), number(info.passages), ""),
        Fact(_("As of"), names.day(info.created_at), ""),
        Fact(_("Generation"), str(info.generation), ""),
        Fact(_("Digest"), info.digest, ""),
        Fact(_("Model"), info.model, ""),
    )
    return AboutPage(published(info), facts, running, last)


def published(info: IndexManifest) -> Published:
    day = names.day(info.created_at)
    return Published(info.generation, info.digest[:12], info.documents, info.passages, day, info.stale, info.partial)


def place_of(locator: Locator) -> str:
    """ "art. 5(2) · p. iv", or the nearest heading if there is neither."""
    pieces = [locator.pinpoint] if locator.pinpoint else []
    label = locator.page_label or (str(locator.page) if locator.page else "")
    if label and not (locator.pinpoint or "").startswith(("p.", "slide")):
        pieces.append(f"p. {label}")
    if locator.ocr is not None:
        pieces.append(_("read by OCR"))
    return " · ".join(pieces) or (locator.section[-1] if locator.section else "")


def source_of(document: DocumentSummary, href: str = "", place: str = "") -> Source:
    metadata = document.metadata
    facts = (metadata.publisher, names.day(metadata.published), names.kind(metadata.kind), names.language(metadata.language))
    return Source(
        title=metadata.title or document.uri,
        href=href or f"/documents/{quoted(document.id)}",
        facts=tuple(fact for fact in facts if fact),
        place=place,
        language=metadata.language,
        direction=names.direction(metadata.language),
    )
