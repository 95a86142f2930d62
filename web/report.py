"""What a document's page tells about the document: its facts, and how it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from kb.cite import source_link
from kb.records import Document
from kb.serialize import reading_json
from web import names
from web.languages import number
from web.reading import stated

MOST_PAGES = 12  # numbers of pages in a sentence


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """How the document was read, and what the reader noticed."""

    title: str
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]


def facts(document: Document, at: Callable[[int, int], str]) -> tuple[Fact, ...]:
    """`at` gives the address that marks a span of the text."""
    metadata = document.metadata
    status = names.status(metadata.status)
    web_address = metadata.url if metadata.url.startswith(("http://", "https://")) else ""
    values = (
        (_("Publisher"), metadata.publisher),
        (_("Author"), metadata.author if metadata.author != metadata.publisher else ""),
        (_("Published"), names.day(metadata.published)),
        (_("Language"), names.language(metadata.language)),
        (_("Countries"), ", ".join(names.country(code) for code in metadata.countries)),
        (_("Parties"), ", ".join(metadata.parties)),
        (_("Status"), ", ".join(filter(None, (status, names.day(metadata.status_date) if status else "")))),
        (_("Public source"), metadata.url),
        (_("File"), document.uri),
    )
    given = tuple(Fact(name, value, web_address if name == _("Public source") else "") for name, value in values if value)
    return given + tuple(Fact(name, value, at(*span)) for name, value, span in stated(document))


def notices(document: Document) -> tuple[str, ...]:
    """What a reader has to know before trusting the text, in sentences."""
    told = reading_json(document)
    found = []
    if told["ocr"]:
        found.append(_by_ocr(told))
    if told["empty_pages"] and not document.text.strip():
        found.append(_("No text was read from this document; its pages can be looked at as pictures."))
    elif told["empty_pages"]:
        pages = ", ".join(map(str, told["empty_pages"][:MOST_PAGES])) + ", …" * (len(told["empty_pages"]) > MOST_PAGES)
        count = len(told["empty_pages"])
        found.append(
            ngettext("No text was read from page %(pages)s.", "No text was read from pages %(pages)s.", count, pages=pages)
        )
    return tuple(found)


def _by_ocr(told: Mapping[str, Any]) -> str:
    percent = f"{100 * min(one['confidence'] for one in told['ocr']):.0f}"
    if len(told["ocr"]) == 1:
        return _(
            "One page is a scan, read by OCR at %(percent)s\u00a0%%: compare what you quote with the picture.", percent=percent
        )
    return _(
        "%(count)s of %(pages)s pages are scans, read by OCR at %(percent)s\u00a0%% or better: "
        "compare what you quote with the picture.",
        count=len(told["ocr"]),
        pages=told["pages"],
        percent=percent,
    )


def reading_report(document: Document) -> ReadingReport:
    told = reading_json(document)
    noticed = len(document.warnings)
    warned = ngettext("How it was read: %(num)s warning", "How it was read: %(num)s warnings", noticed)
    title = warned if noticed else _("How it was read")
    values = (
        (_("Reader"), document.reader),
        (_("Read on"), names.day(document.ingested_at)),
        (_("Pages"), number(told["pages"]) if told["pages"] else ""),
        (_("By OCR"), ", ".join(f"{one['label'] or one['page']} ({100 * one['confidence']:.0f}\u00a0%)" for one in told["ocr"])),
        (_("Without text"), ", ".join(map(str, told["empty_pages"]))),
        (_("Characters"), number(told["characters"])),
    )
    return ReadingReport(title, tuple(Fact(name, value, "") for name, value in values if value), document.warnings)


def at_source(document: Document, quote: tuple[int, int] | None) -> str:
    """Address of the quote in the public source, for a page of the web; "" for any other document."""
    return source_link(document, document.text[quote[0] : quote[1]]) if quote else ""
