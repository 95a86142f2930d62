"""The seam to the knowledge base: what the views call. kb.library.Library and the tests' in-memory library both serve it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from flask import Flask, current_app

from kb.catalogue_records import EntityDetail
from kb.pictures import Picture
from kb.records import (
    Answer,
    Document,
    DocumentPage,
    DocumentSummary,
    EntityCount,
    Facets,
    Filters,
    IndexManifest,
    Original,
    Passage,
    SearchPage,
)

EXTENSION = "wakhan"


class Knowledge(Protocol):
    """Reads from the published generation. Every call may raise BadRequest, IndexMissing, IndexStale or ModelUnavailable;
    the calls that take an id raise NotFound, and `picture` Busy."""

    def ask(self, question: str, filters: Filters = ..., n: int = ..., *, expand: bool = ...) -> Answer: ...

    def quoted(self, question: str) -> Answer: ...

    def asking(
        self, question: str, filters: Filters = ..., n: int = ..., *, expand: bool = ...
    ) -> Iterator[SearchPage | Answer]: ...

    def search(
        self, query: str, filters: Filters = ..., n: int = ..., offset: int = ..., *, expand: bool = ...
    ) -> SearchPage: ...

    def documents(self, filters: Filters = ..., n: int = ..., cursor: str = ..., sort: str = ...) -> DocumentPage: ...

    def document(self, document_id: str) -> Document: ...

    def passages_within(self, document_id: str, start: int, end: int) -> tuple[Passage, ...]: ...

    def passage(self, passage_id: str) -> Passage: ...

    def original(self, document_id: str) -> Original: ...

    def picture(self, document_id: str, page: int, span: tuple[int, int] | None = ...) -> Picture: ...

    def facets(self) -> Facets: ...

    def newest(self, n: int) -> tuple[DocumentSummary, ...]: ...

    def entities(self, n: int = ..., kind: str = ...) -> tuple[EntityCount, ...]: ...

    def entity(self, entity_id: str) -> EntityDetail: ...

    def entities_of(self, document_id: str) -> tuple[EntityCount, ...]: ...

    def info(self) -> IndexManifest: ...

    def ready(self) -> IndexManifest: ...


def attach(app: Flask, knowledge: Knowledge) -> None:
    """Give the application the library that its views read."""
    app.extensions[EXTENSION] = knowledge


def library() -> Knowledge:
    """The library of the application that is serving this request."""
    return cast(Knowledge, current_app.extensions[EXTENSION])
