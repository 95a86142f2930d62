"""The page of citations: what is cited, in the styles that people write, and the files that programs read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote as quoted
from urllib.parse import urlencode

from kb.citation_styles import Written, written
from kb.citations import Work
from kb.errors import BadRequest
from kb.records import Citation
from web import names

MOST = 20  # places in one address: few answers have more, and each costs a tenth of a second to write in three styles
SPAN = re.compile(r"(?P<id>.+):(?P<start>\d{1,9})-(?P<end>\d{1,9})", re.S)


@dataclass(frozen=True, slots=True)
class Place:
    """A document, or text[start:end] of it."""

    document_id: str
    start: int | None = None
    end: int | None = None

    @classmethod
    def read(cls, value: str) -> Self:
        """ "document" or "document:start-end". Raises BadRequest."""
        match = SPAN.fullmatch(value)
        if match:
            return cls(match["id"], int(match["start"]), int(match["end"]))
        if not value.strip():
            raise BadRequest("at is empty; it takes a document or document:start-end.")
        return cls(value)

    def __str__(self) -> str:
        return self.document_id if self.start is None else f"{self.document_id}:{self.start}-{self.end}"

    @property
    def address(self) -> str:
        """Of the document's page with the place marked."""
        path = f"/documents/{quoted(self.document_id)}"
        return path if self.start is None else f"{path}?start={self.start}&end={self.end}#quote"


@dataclass(frozen=True, slots=True)
class Download:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Cited:
    title: str
    language: str
    direction: str
    href: str
    place: str
    styles: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class CitationPage:
    cited: tuple[Cited, ...]
    downloads: tuple[Download, ...]


def citation_page(places: Sequence[Place], works: Sequence[Work]) -> CitationPage:
    cited = (
        Cited(one.title, one.language, names.direction(one.language), place.address, one.place, written(one))
        for place, one in zip(places, works, strict=True)
    )
    return CitationPage(tuple(cited), downloads(places))


def downloads(places: Iterable[Place]) -> tuple[Download, ...]:
    known = {"bib": "BibTeX", "ris": "RIS", "json": "CSL-JSON"}
    query = _query(places)
    return tuple(Download(label, f"/cite.{form}?{query}") for form, label in known.items())


def cite_address(places: Iterable[Place]) -> str:
    return f"/cite?{_query(places)}"


def places_of(citations: Iterable[Citation]) -> tuple[Place, ...]:
    """Of an answer, the first MOST."""
    return tuple(Place(one.document.id, one.locator.start, one.locator.end) for one in citations)[:MOST]


def _query(places: Iterable[Place]) -> str:
    return urlencode([("at", str(place)) for place in places], safe=":")
