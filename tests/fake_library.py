"""A knowledge base in memory: a few documents that were hard to show, and answers that follow from the question's words."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flask import Flask

from kb.catalogue_records import EntityDetail, Related, Speaking, YearCount
from kb.cite import permalink
from kb.config import settings_from
from kb.errors import BadRequest, IndexMissing, NotFound
from kb.gazetteer import Gazetteer
from kb.pictures import Picture
from kb.records import (
    KINDS,
    Answer,
    Block,
    Citation,
    Conflict,
    ConflictValue,
    Document,
    DocumentPage,
    DocumentSummary,
    Dropped,
    EntityCount,
    Facets,
    Filters,
    Found,
    Generated,
    Hit,
    IndexManifest,
    Locator,
    Metadata,
    Original,
    Page,
    Passage,
    Period,
    Reference,
    SearchPage,
    Stated,
    Statement,
    Understood,
)
from web import create_app

MANIFEST = IndexManifest(3, "5f0c9b1de2a47788", 1, "fake-model", "d1", 8, 4, 9, "2026-11-20T08:00:00Z")
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAG7buVgAAAABJRU5ErkJggg==")
NAMED = (
    EntityCount("Q265", "Uzbekistan", "country", 3, 12),
    EntityCount("project:casa-1000", "CASA-1000", "project", 1, 2),
    EntityCount("agreement:auptt", "AUPTT", "agreement", 1, 1),
)
HOSTILE_TITLE = "<script>alert('title')</script> \"quoted\" & \u202eevil\u202c"
HOSTILE_TEXT = "<img src=x onerror=alert(1)> and </p><script>document.title='owned'</script> in {{ 7*7 }} a sentence."

TRANSIT = [
    ("heading", 1, "Agreement on Transit Trade"),
    ("heading", 2, "Article 1. Signature"),
    ("paragraph", 0, "The agreement was signed in Tashkent on 15 July 2021. It was signed by the commerce adviser of Pakistan."),
    ("heading", 2, "Article 2. Routes"),
    ("list_item", 0, "(a) Karachi Port and Port Qasim are gateways."),
    ("list_item", 0, "(b) Gwadar Port is a gateway."),
    ("table_row", 0, "Port: Karachi; Depth: 16 m"),
    ("paragraph", 0, "The agreement was signed in Tashkent on 15 July 2021. " * 12),
]
URDU = [
    ("heading", 1, "خبروں کا خلاصہ"),
    ("paragraph", 0, "پاکستان اور ازبکستان نے ٹرانزٹ ٹریڈ معاہدے پر 15 جولائی 2021 کو تاشقند میں دستخط کیے۔ یہ معاہدہ اہم ہے۔"),
]
RUSSIAN = [("paragraph", 0, "Протяжённость линии CASA-1000 составляет около 1222 км. Мощность — 1300 МВт.")]
HOSTILE = [("heading", 1, HOSTILE_TITLE), ("paragraph", 0, HOSTILE_TEXT)]


def document(uid: str, blocks: list[tuple[str, int, str]], metadata: Metadata, media_type: str, paged: bool = False) -> Document:
    text, made = "", []
    for kind, level, words in blocks:
        text += "\n\n" if text else ""
        made.append(Block(kind, len(text), len(text) + len(words.strip()), level))
        text += words.strip()
    middle = made[len(made) // 2].start
    pages = (Page(1, "iv", 0, middle), Page(2, "v", middle, len(text), 0.61)) if paged else ()
    uri = f"agreements/{uid}"
    at = text.find("signed in Tashkent")
    stated = (Stated("signed_at", "Tashkent", at + 10, at + 18),) if at >= 0 else ()
    links = (Reference(at, at + 6, "art. 2", made[3].start), Reference(at + 7, at + 9, "art. 9")) if at >= 0 else ()
    facts = (metadata, text, tuple(made), pages, "fake 1", (), "2026-11-20T08:00:00Z", stated, links)
    return Document(uid, uri, uri, "s", "o", media_type, *facts)


def passages_of(shown: Document) -> tuple[Passage, ...]:
    result = []
    for number, block in enumerate(block for block in shown.blocks if block.kind != "heading"):
        page = next((page for page in shown.pages if page.start <= block.start < page.end), None)
        locator = Locator(block.start, block.end, section=("Section",), pinpoint=f"art. {number + 1}")
        if page:
            locator = replace(locator, page=page.number, page_label=page.label, ocr=page.ocr)
        text = shown.text[block.start : block.end]
        result.append(Passage(f"{shown.id}-p{number}", shown.id, number, text, locator, shown.metadata.language))
    return tuple(result)


def documents() -> tuple[Document, ...]:
    pdf, html, plain = "application/pdf", "text/html", "text/plain"
    odd = {"projects": (HOSTILE_TITLE,), "sources": ("javascript:alert(1)", 'https://example.org/?a="><script>alert(1)</script>')}
    return (
        document(
            "d1",
            TRANSIT,
            Metadata(
                "Agreement on Transit Trade",
                "agreement",
                "Ministry of Commerce",
                "2021-07-15",
                "https://example.org/" + "long/" * 40,
                "en",
                ("PK", "UZ"),
                ("Pakistan", "Uzbekistan"),
                "in_force",
                "2022-02",
                "",
                ("AUPTT", "Silk Route Rail"),
                tuple(f"https://www.example.org/news/{number}/" + "long-" * 40 * (number % 2) for number in range(5)),
            ),
            pdf,
            paged=True,
        ),
        document("d2", URDU, Metadata("خبروں کا خلاصہ", "news", "اخبار", "2026", "", "ur", ("PK",)), plain),
        document(
            "d3", RUSSIAN, Metadata("Энергетика " + "очень длинный заголовок " * 12, "policy_paper", "", "", "", "ru"), plain
        ),
        document(
            "d4", HOSTILE, Metadata(HOSTILE_TITLE, "news", "<b>bold</b>", "2020-13", "javascript:alert(1)", "en", **odd), html
        ),
    )


DISAGREEMENT = Conflict(
    "date signed",
    (
        ConflictValue("15 July 2021", 1, 737986.0, 737986.0, "day", "ARY News", "2021-07-15", "", "agreement"),
        ConflictValue("16 July 2021", 1, 737987.0, 737987.0, "day", "", "", "the visit of July", "news"),
    ),
)


class FakeLibrary:
    """Serves `documents()`. `published=False` is a KB_HOME with no index yet; `broken` is raised by every call, `failing`
    while an answer is judged, which waits for `judging`."""

    def __init__(self, folder: Path, published: bool = True) -> None:
        self.folder = folder
        self.published = published
        self.broken: Exception | None = None
        self.failing: Exception | None = None
        self.judging: threading.Event | None = None
        self.asked: list[tuple[str, Filters, int, bool]] = []
        self.pictured: list[tuple[str, int, tuple[int, int] | None]] = []
        self._documents = {one.id: one for one in documents()}

    def ask(self, question: str, filters: Filters = Filters(), n: int = 10, *, expand: bool = True) -> Answer:
        self._check(question, filters)
        self.asked.append((question, filters, n, expand))
        hits = self._hits(question, filters)
        cited = self._cited(question) if hits and "weather" not in question else ()
        return Answer(
            question=question,
            status="answered" if cited else "abstained",
            confidence=0.91 if cited else 0.12,
            statements=tuple(_statement(one) for one in cited),
            citations=cited,
            reason=None if cited else "No document says anything about the weather.",
            conflicts=(DISAGREEMENT,) if "conflict" in question else (),
            nearest=hits[:n],
            also_searched=("AUPTT", "Узбекистан") if expand else (),
            index=MANIFEST,
            models={"embedder": "fake-model"},
            timings_ms={"encode": 1.5},
            understood=Understood("en", "date", "a date", Period("2021-01-01", "", "since 2021", ranged=True), ("AUPTT",), None),
            generated=Generated("fake-llm", (Dropped("It rained.", "no passage says so"),), 1, "it was busy")
            if "conflict" in question
            else None,
        )

    def quoted(self, question: str) -> Answer:
        return self.ask(question)

    def asking(
        self, question: str, filters: Filters = Filters(), n: int = 10, *, expand: bool = True
    ) -> Iterator[SearchPage | Answer]:
        yield self.search(question, filters, n, expand=expand)
        if self.judging is not None:
            self.judging.wait(300)
        if self.failing is not None:
            raise self.failing
        yield self.ask(question, filters, n, expand=expand)

    def search(
        self,
        query: str,
        filters: Filters = Filters(),
        n: int = 10,
        offset: int = 0,
        *,
        expand: bool = True,
    ) -> SearchPage:
        self._check(query, filters)
        hits = self._hits(query, filters)
        following = str(offset + n) if offset + n < len(hits) else None
        found = Found(len(hits), len({hit.document.id for hit in hits}), self.facets())
        return SearchPage(query, hits[offset : offset + n], following, ("AUPTT", "Узбекистан") if expand else (), found, MANIFEST)

    def documents(self, filters: Filters = Filters(), n: int = 50, cursor: str = "", sort: str = "title") -> DocumentPage:
        self._check("x", filters)
        if cursor and not cursor.isdecimal():
            raise BadRequest(f"the cursor {cursor!r} is not one that was given; leave it out.")
        chosen = [one for one in self._documents.values() if self._passes(one, filters)]
        at = int(cursor or 0)
        following = str(at + n) if at + n < len(chosen) else None
        before = str(max(0, at - n)) if at else None
        return DocumentPage(tuple(summary(one) for one in chosen[at : at + n]), following, len(chosen), before)

    def document(self, document_id: str) -> Document:
        self._check()
        if document_id not in self._documents:
            raise NotFound(f"no document has the id {document_id!r}; /documents lists them.")
        return self._documents[document_id]

    def passages(self, document_id: str) -> tuple[Passage, ...]:
        return passages_of(self.document(document_id))

    def passage(self, passage_id: str) -> Passage:
        self._check()
        for one in self._documents.values():
            for passage in passages_of(one):
                if passage.id == passage_id:
                    return passage
        raise NotFound(f"no passage has the id {passage_id!r}.")

    def original(self, document_id: str) -> Original:
        shown = self.document(document_id)
        return Original(str(self.folder / document_id), shown.media_type, f"файл {document_id}.bin")

    def picture(self, document_id: str, page: int, span: tuple[int, int] | None = None) -> Picture:
        shown = self.document(document_id)
        if shown.media_type != "application/pdf" or not 1 <= page <= len(shown.pages):
            raise NotFound(f"{document_id} has no picture of page {page}.")
        self.pictured.append((document_id, page, span))
        return Picture(PNG, f"{page}{span}")

    def facets(self) -> Facets:
        self._check()
        return Facets(
            country={"PK": 2, "UZ": 1},
            kind={"news": 2, "agreement": 1},
            language={"en": 2, "ru": 1, "ur": 1},
            publisher={"Ministry of Commerce": 1} | {f"Publisher {number}": 1 for number in range(9)},
            year={"2021": 1, "2026": 1},
            project={"CASA-1000": 1},
        )

    def newest(self, n: int) -> tuple[DocumentSummary, ...]:
        self._check()
        dated = [summary(one) for one in self._documents.values() if one.metadata.published]
        return tuple(sorted(dated, key=lambda one: one.metadata.published, reverse=True))[:n]

    def passages_within(self, document_id: str, start: int, end: int) -> tuple[Passage, ...]:
        return tuple(one for one in self.passages(document_id) if start <= one.locator.start < end)

    def entities(self, n: int = 200, kind: str = "") -> tuple[EntityCount, ...]:
        self._check()
        return tuple(one for one in NAMED if kind in ("", one.type))[:n]

    def entity(self, entity_id: str) -> EntityDetail:
        """Every name of the gazetteer is mentioned as Uzbekistan is, but for the power line TAP, which is in no document."""
        self._check()
        known = Gazetteer.load().entities
        if entity_id not in known:
            raise NotFound(f"no name has the id {entity_id!r}.")
        if entity_id == "project:tap-power":
            return EntityDetail(known[entity_id], EntityCount(entity_id, known[entity_id].name, "project", 0, 0), (), (), ())
        years = (YearCount("", 1, 2), YearCount("2021", 1, 7), YearCount("2026", 1, 3))
        shown = [(one, passages_of(one)[0]) for one in self._documents.values()]
        spoken = tuple(Speaking(passage, summary(one), 3) for one, passage in shown)
        related = (Related(known["project:casa-1000"], 2),)
        return EntityDetail(known[entity_id], replace(NAMED[0], id=entity_id), years, related, spoken)

    def entities_of(self, document_id: str) -> tuple[EntityCount, ...]:
        self._check()
        return NAMED

    def info(self) -> IndexManifest:
        self._check()
        return MANIFEST

    def ready(self) -> IndexManifest:
        return self.info()

    def _check(self, question: str = "x", filters: Filters = Filters()) -> None:
        if self.broken is not None:
            raise self.broken
        if not self.published:
            raise IndexMissing("there is no index yet. Run `python -m ingest reindex` to make it.")
        if not question.strip() or len(question) > 2000:
            raise BadRequest(f"the question has {len(question)} characters; it takes 1 to 2,000.")
        if unknown := [kind for kind in filters.kind if kind not in KINDS]:
            raise BadRequest(f"unknown kind {unknown[0]!r}; known are {', '.join(KINDS)}.")

    def _passes(self, one: Document, filters: Filters) -> bool:
        metadata = one.metadata
        return (
            (not filters.country or bool(set(filters.country) & set(metadata.countries)))
            and (not filters.kind or metadata.kind in filters.kind)
            and (not filters.language or metadata.language in filters.language)
            and (not filters.document or one.id in filters.document)
        )

    def _hits(self, question: str, filters: Filters) -> tuple[Hit, ...]:
        chosen = [one for one in self._documents.values() if self._passes(one, filters)]
        pairs = [(summary(one), passage) for one in chosen for passage in passages_of(one)]
        hits = [Hit(passage, one, 1 / rank, rank, None, 0.5) for rank, (one, passage) in enumerate(pairs, 1)]
        # The long lists of the pagination tests: the same passages again and again.
        return tuple(hits * (4 if "many" in question else 1))

    def _cited(self, question: str) -> tuple[Citation, ...]:
        uids = (
            ["d2"] if "معاہدے" in question else ["d3"] if "CASA" in question else ["d4"] if "evil" in question else ["d1", "d2"]
        )
        result = []
        for marker, uid in enumerate(uids, 1):
            shown, passage = self._documents[uid], passages_of(self._documents[uid])[0]
            ends = [at for at in (passage.text.find(end) for end in (". ", "۔ ")) if at >= 0]
            length = min(ends) + 1 if ends else len(passage.text)
            start, end = passage.locator.start, passage.locator.start + length
            quote, link = shown.text[start:end], permalink(uid, passage.id, start, end)
            locator = replace(passage.locator, start=start, end=end)
            result.append(Citation(marker, passage.id, summary(shown), locator, quote, passage.text, link))
        return tuple(result)


def _statement(citation: Citation) -> Statement:
    """The date in the quote is emphasised, if it holds the one of the documents above."""
    at = citation.quote.find("15 July 2021")
    emphasis = ((at, at + len("15 July 2021")),) if at >= 0 else ()
    return Statement(citation.quote, (citation.marker,), "Two ministers met." if emphasis else "", emphasis)


def summary(one: Document) -> DocumentSummary:
    return DocumentSummary(one.id, one.uri, one.metadata, one.media_type, len(one.text), len(passages_of(one)), len(one.pages))


def app_over(folder: Path, published: bool = True) -> tuple[Flask, FakeLibrary]:
    """The web application over a FakeLibrary, and that library; the originals are files of `folder`."""
    library = FakeLibrary(folder, published)
    for one in documents():
        (folder / one.id).write_bytes(
            b"%PDF-1.4 original" if one.media_type == "application/pdf" else b"<script>alert(1)</script>"
        )
    return create_app(library, settings_from({}, folder)), library
