"""The façade and composition root: opens store, indexes and models once, and answers. Nothing here writes to the store.

A Library may be used by several threads. It notices a newly published generation at the next call; each call reads one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from kb import store
from kb.abstain import not_one_question, reason_for_abstaining
from kb.article import article_evidence, with_article_first
from kb.compose import Composer
from kb.config import Settings
from kb.conflicts import conflicts_of
from kb.connections import store_error
from kb.embed import Encoder, model_identity, open_encoder
from kb.errors import BadRequest, NotFound, SnapshotGone
from kb.evidence import Evidence, Judge, idf_of
from kb.evidence_model import load_model
from kb.filters import checked
from kb.gazetteer import Gazetteer
from kb.generate import Task, Writer, Written, writer_of
from kb.language import LANGUAGES
from kb.pictures import PAGED, PagePictures, Paint, Picture, PictureOrder
from kb.ports import Reading
from kb.premise import Objection, objection, unknown_names
from kb.question import Question, understand
from kb.records import (
    Answer,
    Document,
    DocumentPage,
    EntityCount,
    Facets,
    Filters,
    IndexManifest,
    Original,
    Passage,
    SearchPage,
)
from kb.retrieve import Candidate, Query, Ranking, Stopwatch, retrieve
from kb.sources import source_of
from kb.staging import STORE_FILE, original_path
from kb.understood import understood

T = TypeVar("T")
MAX_ITEMS = 200  # of any list in one call


@dataclass(frozen=True, slots=True)
class Finding:
    """`evidence` may answer, of all that was `judged`; `objection` is to the best of that; `unknown` are names nobody knows."""

    evidence: list[Evidence]
    judged: list[Evidence]
    objection: Objection | None
    unknown: tuple[str, ...]


class Library:
    """The published knowledge base. Make one with `Library.open`."""

    def __init__(
        self,
        settings: Settings,
        encoder: Callable[[], Encoder],
        identity: tuple[str, str],
        painter: tuple[Paint, str] | None = None,
        writer: Writer | None = None,
    ) -> None:
        """`encoder` is called once, at the first question; `identity` is its (model id, digest). `painter` draws pages, and
        names how it does; without one there are no pictures. `writer` writes answers with a language model."""
        self._settings = settings
        self._make_encoder = encoder
        self._identity = identity
        self._gazetteer = Gazetteer.load()
        self._pictures = PagePictures(settings.home, *painter) if painter else None
        self._writer = writer
        self._source = source_of(settings, identity)
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None

    @classmethod
    def open(cls, settings: Settings, painter: tuple[Paint, str] | None = None) -> Library:
        """Raises ModelUnavailable if the configured model is not there, BadRequest for an unusable key of a language model.
        Nothing published is not an error yet."""
        return cls(settings, lambda: open_encoder(settings), model_identity(settings), painter, writer_of(settings.llm))

    def close(self) -> None:
        self._source.close()

    def ready(self) -> IndexManifest:
        """Load model and index. Raises IndexMissing, IndexStale or ModelUnavailable."""
        reading = self._reading()
        self._encode().encode_query("warm-up")
        return reading.snapshot.manifest

    def info(self) -> IndexManifest:
        return self._reading().snapshot.manifest

    def models(self) -> dict[str, str]:
        """Id, digest and folder of the embedding model, and how it is run, in words."""
        encoder = self._encode()
        return {"model": encoder.model, "digest": encoder.digest, "folder": encoder.folder, "note": encoder.note}

    def ask(self, question: str, filters: Filters = Filters(), n: int = 10, *, expand: bool = True) -> Answer:  # noqa: B008 (frozen)
        """Answer with citations, or abstain; `nearest` holds the `n` best passages either way. Raises BadRequest."""
        return self._retried(lambda: self._ask(question, filters, _count(n), expand))

    def search(
        self,
        query: str,
        filters: Filters = Filters(),  # noqa: B008 (frozen)
        n: int = 10,
        offset: int = 0,
        *,
        expand: bool = True,
    ) -> SearchPage:
        """Ranked passages from `offset` on. Raises BadRequest."""
        if offset < 0:
            raise BadRequest(f"the offset {offset} is below 0; leave it out, or take the value of `next`.")
        return self._retried(lambda: self._search(query, filters, (_count(n), offset), expand))

    def documents(self, filters: Filters = Filters(), n: int = 50, cursor: str = "") -> DocumentPage:  # noqa: B008 (frozen)
        reading = self._reading()
        return store.documents(reading.connection, reading.generation, self._checked(filters), _count(n), cursor)

    def document(self, document_id: str) -> Document:
        reading = self._reading()
        return store.document(reading.connection, reading.generation, document_id)

    def passages(self, document_id: str) -> tuple[Passage, ...]:
        reading = self._reading()
        found = store.passages(reading.connection, reading.generation, document_id)
        if not found:
            raise NotFound(f"no document has the id {document_id!r}; `/api/v1/documents` lists those there are.")
        return found

    def passage(self, passage_id: str) -> Passage:
        reading = self._reading()
        return store.passage(reading.connection, reading.generation, passage_id)

    def original(self, document_id: str) -> Original:
        """The file as it was ingested. Raises NotFound, also if the file has gone from KB_HOME."""
        document = self.document(document_id)
        path = original_path(self._settings.home, document.original_sha256)
        if not path.is_file():
            raise NotFound(
                f"the original of {document.uri} is gone from {path.parent}; `python -m ingest reindex --full` mends it."
            )
        return Original(str(path), document.media_type, document.source_uri.rsplit("/", 1)[-1])

    def picture(self, document_id: str, page: int, span: tuple[int, int] | None = None) -> Picture:
        """Page `page` (from 1) of a PDF as PNG, with what of `span` (characters of the document's text) stands on it marked.

        Raises NotFound for another format, a page that is not there or cannot be drawn, BadRequest for a span that is not in the
        text, Busy if too many pages are being drawn.
        """
        document = self.document(document_id)
        shown = next((one for one in document.pages if one.number == page), None)
        if self._pictures is None or document.media_type != PAGED or shown is None:
            raise NotFound(_no_picture(document, page))
        order = PictureOrder(self.original(document_id).path, document.original_sha256, page)
        if span is None:
            return self._pictures.get(order)
        if not 0 <= span[0] < span[1] <= len(document.text):
            raise BadRequest(f"{span[0]} to {span[1]} is no span of a text of {len(document.text)} characters.")
        start, end = max(span[0], shown.start), min(span[1], shown.end)
        if start >= end:
            return self._pictures.get(order)
        if shown.ocr is None:
            text, spans = document.text[shown.start : shown.end], ((start - shown.start, end - shown.start),)
            return self._pictures.get(replace(order, text=text, spans=spans))
        reading = self._reading()
        words = store.word_boxes(reading.connection, reading.generation, document_id, page)
        boxes = tuple((w.left, w.top, w.right, w.bottom) for w in words if w.start < end and start < w.end)
        return self._pictures.get(replace(order, boxes=boxes))

    def facets(self) -> Facets:
        reading = self._reading()
        return store.facets(reading.connection, reading.generation)

    def entities(self, n: int = MAX_ITEMS) -> tuple[EntityCount, ...]:
        reading = self._reading()
        known = self._gazetteer.entities
        counts = store.entity_counts(reading.connection, reading.generation, _count(n))
        return tuple(replace(c, name=known[c.id].name, type=known[c.id].type) for c in counts if c.id in known)

    def evidence(self, question: str, keep: Callable[[Candidate], bool]) -> list[Evidence]:
        """The judged sentences of the candidates that `keep` lets through, best first: what answers are made of."""
        _, query, reading = self._prepared(question, Filters(), True, Stopwatch())
        return self._judged(reading, query, [one for one in self._retrieved(reading, query, Stopwatch()) if keep(one)])

    def rankings(self, question: str, rankings: Sequence[Ranking]) -> list[list[Candidate]]:
        """The candidates by each ranking, of one reading and one encoding of the question: what ablations are made of."""
        _, query, reading = self._prepared(question, Filters(), True, Stopwatch())
        return [retrieve(reading, query, Stopwatch(), ranking) for ranking in rankings]

    def _ask(self, text: str, filters: Filters, n: int, expand: bool) -> Answer:
        watch = Stopwatch()
        question, query, reading = self._prepared(text, filters, expand, watch)
        candidates = self._retrieved(reading, query, watch)
        model = load_model()
        with watch.step("judge"):
            finding = self._found(reading, query, candidates)
        with watch.step("compose"):
            text_of = lambda uid: store.document_text(reading.connection, reading.generation, uid)  # noqa: E731
            composed = Composer(question, self._gazetteer, model.threshold, text_of).compose(finding.evidence)
        written = self._written(Task(question, finding.evidence, composed, text_of), watch)
        with watch.step("conflicts"):  # among all that was judged: what does not answer may still contradict what does
            judged = finding.judged if written.statements else []
            conflicts, also_cited = conflicts_of(question, judged, self._gazetteer, written.citations, text_of)
        return Answer(
            question=question.text,
            status="answered" if written.statements else "abstained",
            confidence=_confidence(finding, model.threshold if not written.statements else 1.0),
            statements=written.statements,
            citations=written.citations + also_cited,
            reason=None if written.statements else written.reason or self._reason(query, finding, model.threshold),
            conflicts=conflicts,
            nearest=tuple(candidate.hit for candidate in candidates[:n]),
            also_searched=query.aliases,
            index=reading.snapshot.manifest,
            models={"embedder": self._identity[0], "embedder_digest": self._identity[1], "note": self._encode().note},
            timings_ms=watch.milliseconds,
            understood=understood(question, self._names(question)),
            generated=written.generated,
        )

    def _written(self, task: Task, watch: Stopwatch) -> Written:
        """The answer as a language model writes it, if there is one and something to write from."""
        if self._writer is None or not task.composed.statements:
            return Written(task.composed.statements, task.composed.citations)
        with watch.step("generate"):
            return self._writer.write(task, self._encode(), self._gazetteer)

    def _found(self, reading: Reading, query: Query, candidates: list[Candidate]) -> Finding:
        """The sentences that bear out what the question takes for granted, and why the best of the others were left out."""
        question, today = query.question, date.today()
        judged = self._judged(reading, query, candidates)
        judged = article_evidence(question, judged, next(iter(candidates), None), self._gazetteer)
        types = {
            mention.entity_id: self._gazetteer.entities[mention.entity_id].type
            for mention in question.entities
            if mention.entity_id
        }
        objections = [objection(question, evidence.text, today, types) for evidence in judged]
        kept = [evidence for evidence, against in zip(judged, objections, strict=True) if against is None]
        unknown = unknown_names(question, reading.snapshot.words.document_frequencies)
        return Finding([] if unknown or not_one_question(question) else kept, judged, next(iter(objections), None), unknown)

    def _reason(self, query: Query, finding: Finding, threshold: float) -> str:
        question, best = query.question, next(iter(finding.judged), None)
        passed_over = finding.evidence and finding.evidence[0].probability >= threshold
        against: Objection | None = "missing" if passed_over else finding.objection
        filtered = query.filters != Filters()
        return not_one_question(question) or reason_for_abstaining(question, best, filtered, against, finding.unknown)

    def _names(self, question: Question) -> tuple[str, ...]:
        known = self._gazetteer.entities
        return tuple(dict.fromkeys(known[m.entity_id].name for m in question.entities if m.entity_id))

    def _search(self, text: str, filters: Filters, page: tuple[int, int], expand: bool) -> SearchPage:
        n, offset = page
        question, query, reading = self._prepared(text, filters, expand, Stopwatch())
        candidates = self._retrieved(reading, query, Stopwatch())
        items = tuple(candidate.hit for candidate in candidates[offset : offset + n])
        following = str(offset + n) if len(candidates) > offset + n else None
        return SearchPage(question.text, items, following, query.aliases)

    def _prepared(self, text: str, filters: Filters, expand: bool, watch: Stopwatch) -> tuple[Question, Query, Reading]:
        with watch.step("understand"):
            question = understand(text, self._gazetteer)
            chosen = self._checked(filters)
            aliases = self._gazetteer.expand(question.text) if expand else ()
        reading = self._reading()
        with watch.step("encode"):
            encoded = self._encode().encode_query(question.text)
        return question, Query(question, encoded, aliases, chosen), reading

    def _retrieved(self, reading: Reading, query: Query, watch: Stopwatch) -> list[Candidate]:
        ranked = retrieve(reading, query, watch)
        if query.question.article is None:
            return ranked
        with watch.step("article"):
            return with_article_first(reading, query, ranked, self._gazetteer)

    def _judged(self, reading: Reading, query: Query, candidates: list[Candidate]) -> list[Evidence]:
        snapshot = reading.snapshot
        idf = idf_of(query.question.stems, snapshot.words.document_frequencies, len(snapshot.vectors))
        return Judge(query.question, query.encoded, idf, self._gazetteer, load_model()).judge(candidates)

    def _checked(self, filters: Filters) -> Filters:
        return checked(filters, self._gazetteer.country_code, tuple(LANGUAGES))

    def _encode(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = self._make_encoder()
            return self._encoder

    def _reading(self) -> Reading:
        return self._source.reading()

    def _retried(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except SnapshotGone:
            return work()  # the generation, or the server that it was read from, went away in the middle
        except sqlite3.DatabaseError as error:
            raise store_error(self._settings.home / STORE_FILE, error) from error


def _no_picture(document: Document, page: int) -> str:
    if document.media_type != PAGED:
        return f"{document.uri} is of type {document.media_type}; pictures are of PDFs. Its original shows it as it was."
    if not 1 <= page <= len(document.pages):
        return f"{document.uri} has no page {page}; its pages are 1 to {len(document.pages)}."
    return "this program was started without what draws pages; `python -m web` has it."


def _confidence(finding: Finding, most: float) -> float:
    """The best sentence's probability; of an abstention no more than what is answered from."""
    return min(finding.evidence[0].probability, most) if finding.evidence else 0.0


def _count(n: int) -> int:
    if not 1 <= n <= MAX_ITEMS:
        raise BadRequest(f"n is {n}; it takes a whole number from 1 to {MAX_ITEMS}.")
    return n
