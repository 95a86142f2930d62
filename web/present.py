"""What each page's template receives, as frozen values: a template reads `page` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from kb.records import (
    Document,
    DocumentPage,
    DocumentSummary,
    Filters,
    IndexManifest,
    Locator,
    Passage,
)
from web import names
from web.form import Form, address
from web.reading import Entry, Leaf, Part, checked_span, outline, parts
from web.report import Fact, ReadingReport, at_source, facts, printed, reading_report


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


@dataclass(frozen=True, slots=True)
class Listed:
    source: Source
    countries: tuple[str, ...]
    size: str
    status: str


@dataclass(frozen=True, slots=True)
class ListPage:
    form: Form
    items: tuple[Listed, ...]
    total: int
    first: str
    more: str


@dataclass(frozen=True, slots=True)
class ReadingPage:
    title: str
    language: str
    direction: str
    kind: str
    facts: tuple[Fact, ...]
    report: ReadingReport
    original: str
    original_type: str
    outline: tuple[Entry, ...]
    parts: tuple[Part, ...]
    printed: tuple[Leaf, ...]
    quoted: bool
    at_source: str
    ask: str


@dataclass(frozen=True, slots=True)
class AboutPage:
    published: Published
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ErrorPage:
    status: int
    title: str
    detail: str
    unpublished: bool


TEMPLATES: Mapping[type, str] = {
    ListPage: "documents.html",
    ReadingPage: "document.html",
    AboutPage: "about.html",
    ErrorPage: "error.html",
}


def list_page(result: DocumentPage, box: Form, filters: Filters, cursor: str) -> ListPage:
    return ListPage(
        form=box,
        items=tuple(_listed(item) for item in result.items),
        total=result.total,
        first=address("/documents", "", filters) if cursor else "",
        more=address("/documents", "", filters, cursor=result.next) if result.next else "",
    )


def reading_page(document: Document, passages: Sequence[Passage], start: int | None, end: int | None) -> ReadingPage:
    """Raises BadRequest for a span that is not in the text."""
    quote = checked_span(document.text, start, end)
    metadata = document.metadata
    return ReadingPage(
        title=metadata.title or document.uri,
        language=metadata.language,
        direction=names.direction(metadata.language),
        kind=names.kind(metadata.kind),
        facts=facts(document),
        report=reading_report(document),
        original=f"/documents/{quoted(document.id)}/original",
        original_type=names.MEDIA_TYPES.get(document.media_type, "file"),
        outline=outline(document),
        parts=parts(document, passages, quote),
        printed=printed(document, quote),
        quoted=quote is not None,
        at_source=at_source(document, quote),
        ask=address("/", "", Filters(document=(document.id,))),
    )


def about_page(info: IndexManifest) -> AboutPage:
    facts = (
        Fact("Documents", f"{info.documents:,}", ""),
        Fact("Passages", f"{info.passages:,}", ""),
        Fact("As of", names.day(info.created_at), ""),
        Fact("Generation", str(info.generation), ""),
        Fact("Digest", info.digest, ""),
        Fact("Model", info.model, ""),
    )
    return AboutPage(published(info), facts)


def published(info: IndexManifest) -> Published:
    return Published(info.generation, info.digest[:12], info.documents, info.passages, names.day(info.created_at))


def place_of(locator: Locator) -> str:
    """ "art. 5(2) · p. iv", or the nearest heading if there is neither."""
    pieces = [locator.pinpoint] if locator.pinpoint else []
    label = locator.page_label or (str(locator.page) if locator.page else "")
    if label and not (locator.pinpoint or "").startswith(("p.", "slide")):
        pieces.append(f"p. {label}")
    if locator.ocr is not None:
        pieces.append("read by OCR")
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


def _listed(summary: DocumentSummary) -> Listed:
    size = f"{summary.pages} page{'s' * (summary.pages != 1)}" if summary.pages else f"{summary.characters:,} characters"
    status = names.STATUSES.get(summary.metadata.status, "") if summary.metadata.kind == "agreement" else ""
    return Listed(source_of(summary), tuple(names.country(code) for code in summary.metadata.countries), size, status)
