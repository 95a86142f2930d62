"""What a document's page tells reference managers in its head: Highwire's and Dublin Core's tags, and files to fetch."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote as quoted

from kb.citations import Work, work
from kb.records import Document


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Export:
    label: str
    media_type: str
    href: str


def exports(document: Document) -> tuple[Export, ...]:
    path = f"/documents/{quoted(document.id)}/cite"
    return (
        Export("RIS", "application/x-research-info-systems", f"{path}.ris"),
        Export("BibTeX", "application/x-bibtex", f"{path}.bib"),
        Export("CSL-JSON", "application/vnd.citationstyles.csl+json", f"{path}.json"),
    )


def tags(document: Document) -> tuple[Tag, ...]:
    one = work(document, f"/documents/{quoted(document.id)}")
    values = (*_highwire(one, document), *_dublin_core(one))
    return tuple(Tag(name, value) for name, value in values if value)


def _highwire(one: Work, document: Document) -> list[tuple[str, str]]:
    published_in = "citation_journal_title" if one.kind == "news" else "citation_publisher"
    original = f"/documents/{quoted(document.id)}/original"
    return [
        ("citation_title", one.title),
        *(("citation_author", name) for name in one.authors),
        ("citation_publication_date", one.published.replace("-", "/")),
        (published_in, one.publisher),
        ("citation_language", one.language),
        *(("citation_keywords", name) for name in one.keywords),
        ("citation_public_url", one.url if "://" in one.url else ""),
        ("citation_pdf_url", original if document.media_type == "application/pdf" else ""),
    ]


def _dublin_core(one: Work) -> list[tuple[str, str]]:
    return [
        ("DC.title", one.title),
        *(("DC.creator", name) for name in one.authors),
        ("DC.publisher", one.publisher),
        ("DC.date", one.published),
        ("DC.language", one.language),
        ("DC.identifier", one.url if "://" in one.url else ""),
    ]
