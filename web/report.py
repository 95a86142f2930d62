"""What a document's page tells about the document: its facts, how it was read, and its pages as printed."""

from __future__ import annotations

from dataclasses import dataclass

from kb.cite import source_link
from kb.records import Document
from kb.serialize import reading_json
from web import names
from web.reading import Leaf, leaf_of, stated

MOST_LEAVES = 2  # pictures beside a quote; each is drawn when it is first shown


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


def facts(document: Document) -> tuple[Fact, ...]:
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
    return given + tuple(Fact(*fact) for fact in stated(document))


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


def printed(document: Document, quote: tuple[int, int] | None) -> tuple[Leaf, ...]:
    """The pages that the quote stands on, as pictures; none without a quote, or for a format without pictures."""
    if quote is None:
        return ()
    touched = (page for page in document.pages if page.start < quote[1] and quote[0] < page.end)
    leaves = (leaf_of(document, page, quote) for page in touched)
    return tuple(leaf for leaf in leaves if leaf.href)[:MOST_LEAVES]


def at_source(document: Document, quote: tuple[int, int] | None) -> str:
    """Address of the quote in the public source, for a page of the web; "" for any other document."""
    return source_link(document, document.text[quote[0] : quote[1]]) if quote else ""
