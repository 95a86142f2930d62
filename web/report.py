"""What a document's page tells about the document: its facts, and how it was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kb.cite import source_link
from kb.records import Document
from kb.serialize import reading_json
from web import names
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
    status = names.STATUSES.get(metadata.status, "")
    web_address = metadata.url if metadata.url.startswith(("http://", "https://")) else ""
    values = (
        ("Publisher", metadata.publisher),
        ("Author", metadata.author if metadata.author != metadata.publisher else ""),
        ("Published", names.day(metadata.published)),
        ("Language", names.language(metadata.language)),
        ("Countries", ", ".join(names.country(code) for code in metadata.countries)),
        ("Parties", ", ".join(metadata.parties)),
        ("Status", ", ".join(filter(None, (status, names.day(metadata.status_date) if status else "")))),
        ("Public source", metadata.url),
        ("File", document.uri),
    )
    given = tuple(Fact(name, value, web_address if name == "Public source" else "") for name, value in values if value)
    return given + tuple(Fact(name, value, at(*span)) for name, value, span in stated(document))


def notices(document: Document) -> tuple[str, ...]:
    """What a reader has to know before trusting the text, in sentences."""
    told = reading_json(document)
    found = []
    if told["ocr"]:
        worst = min(one["confidence"] for one in told["ocr"])
        several = len(told["ocr"]) > 1
        which = f"{len(told['ocr'])} of {told['pages']} pages are scans" if several else "One page is a scan"
        found.append(
            f"{which}, read by OCR at {100 * worst:.0f}\u00a0%{' or better' * several}: compare what you quote with the picture."
        )
    if told["empty_pages"] and not document.text.strip():
        found.append("No text was read from this document; its pages can be looked at as pictures.")
    elif told["empty_pages"]:
        pages = ", ".join(map(str, told["empty_pages"][:MOST_PAGES])) + ", …" * (len(told["empty_pages"]) > MOST_PAGES)
        found.append(f"No text was read from page{'s' * (len(told['empty_pages']) > 1)} {pages}.")
    return tuple(found)


def reading_report(document: Document) -> ReadingReport:
    told = reading_json(document)
    noticed = len(document.warnings)
    title = f"How it was read: {noticed} warning{'s' * (noticed != 1)}" if noticed else "How it was read"
    values = (
        ("Reader", document.reader),
        ("Read on", names.day(document.ingested_at)),
        ("Pages", f"{told['pages']:,}" if told["pages"] else ""),
        ("By OCR", ", ".join(f"{one['label'] or one['page']} ({100 * one['confidence']:.0f}\u00a0%)" for one in told["ocr"])),
        ("Without text", ", ".join(map(str, told["empty_pages"]))),
        ("Characters", f"{told['characters']:,}"),
    )
    return ReadingReport(title, tuple(Fact(name, value, "") for name, value in values if value), document.warnings)


def at_source(document: Document, quote: tuple[int, int] | None) -> str:
    """Address of the quote in the public source, for a page of the web; "" for any other document."""
    return source_link(document, document.text[quote[0] : quote[1]]) if quote else ""
