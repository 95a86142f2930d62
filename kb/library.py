"""The façade and composition root: opens store, indexes and models once, and answers. Nothing here writes to the store.

A Library may be used by several threads. It notices a newly published generation at the next call; each call reads one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar, cast

from kb import facets, store
from kb.article import article_evidence, with_article_first
from kb.catalogue import Catalogue
from kb.catalogue_records import EntityDetail, Listing
from kb.compose import Composer
from kb.config import Settings
from kb.conflicts import disagreements
from kb.connections import store_error
from kb.embed import Encoder, model_identity, open_encoder
from kb.errors import BadRequest, NotFound, PartMissing, SnapshotGone
from kb.evidence import Evidence, Judge
from kb.evidence_model import load_model
from kb.filters import checked
from kb.finding import Finding, confidence, contradictions, finding_of, reason
from kb.gazetteer import Gazetteer
from kb.generate import Task, Writer, Written, writer_of
from kb.language import LANGUAGES
from kb.offices import holders, office_asked
from kb.pictures import PagePictures, Paint, Picture, PictureOrder, checked_mark, marked, page_of
from kb.ports import Reading
from kb.preferred import without_standing
from kb.question import Question, understand
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
from kb.retrieve import Candidate, Query, Ranking, Stopwatch, retrieve
from kb.sources import source_of
from kb.spelling import read_as
from kb.staging import STORE_FILE
from kb.understood import understood

T = TypeVar("T")
MAX_ITEMS = 200  # of any list in one call
MAX_ENTITIES = 1_000  # the gazetteer's names are some hundreds
ALL = 1_000_000  # more candidates than any question has


@dataclass(frozen=True, slots=True)
class _Wish:
    """How a question is answered: `n` nearest passages; `write`, by a language model if there is one; `steps`, with the page of
    passages before the answer."""

    filters: Filters
    n: int
    expand: bool
    write: bool = True
    steps: bool = False


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
        self._catalogue = Catalogue(self._reading, self._gazetteer)

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
        return reading.manifest

    def info(self) -> IndexManifest:
        return self._reading().manifest

    def models(self) -> dict[str, str]:
        """Id, digest and folder of the embedding model, and how it is run, in words."""
        encoder = self._encode()
        return {"model": encoder.model, "digest": encoder.digest, "folder": encoder.folder, "note": encoder.note}

    def ask(self, question: str, filters: Filters = Filters(), n: int = 10, *, expand: bool = True) -> Answer:  # noqa: B008 (frozen)
        """Answer with citations, or abstain; `nearest` holds the `n` best passages either way. Raises BadRequest."""

        def whole() -> Answer:
            *_, answer = self._asked(question, _Wish(filters, _count(n), expand))
            return cast(Answer, answer)

        return self._retried(whole)

    def quoted(self, question: str) -> Answer:
        """`ask` over all documents in their own sentences, also where a language model writes answers."""
        *_, answer = self._asked(question, _Wish(Filters(), 1, True, write=False))
        return cast(Answer, answer)

    def asking(
        self,
        question: str,
        filters: Filters = Filters(),  # noqa: B008 (frozen)
        n: int = 10,
        *,
        expand: bool = True,
    ) -> Iterator[SearchPage | Answer]:
        """`ask` in two steps, for who shows the passages while they are judged: the `n` best passages, then the answer."""

        def begun() -> Iterator[SearchPage | Answer]:
            steps = self._asked(question, _Wish(filters, _count(n), expand, steps=True))
            return chain([next(steps)], steps)

        return self._retried(begun)

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

    def documents(self, filters: Filters = Filters(), n: int = 50, cursor: str = "", sort: str = "title") -> DocumentPage:  # noqa: B008 (frozen)
        """`n` documents from the cursor on, in the order of `sort` (kb.catalogue_records.SORTS). Raises BadRequest."""
        return self._catalogue.documents(self._checked(filters), Listing(_count(n), cursor, sort))

    def document(self, document_id: str) -> Document:
        return self._catalogue.document(document_id)

    def passages(self, document_id: str) -> tuple[Passage, ...]:
        reading = self._reading()
        found = store.passages(reading.connection, reading.generation, document_id)
        if not found:
            raise NotFound(f"no document has the id {document_id!r}; `/api/v1/documents` lists those there are.")
        return found

    def passage(self, passage_id: str) -> Passage:
        reading = self._reading()
        try:
            return store.passage(reading.connection, reading.generation, passage_id)
        except NotFound:
            if missing := reading.missing():
                raise PartMissing(
                    f"whether there is a passage {passage_id!r} is not known: {', '.join(missing)} does not answer, and no other "
                    "server has it. Ask again in a while, or start that server."
                ) from None
            raise

    def original(self, document_id: str) -> Original:
        """The file as it was ingested. Raises NotFound, also if the file has gone from KB_HOME."""
        document = self.document(document_id)
        path = self._source.original(document.original_sha256)
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
        if self._pictures is None:
            raise NotFound("this program was started without what draws pages; `python -m web` has it.")
        shown = page_of(document, page)
        checked_mark(document, span)
        order = PictureOrder(self.original(document_id).path, document.original_sha256, page)
        reading = self._reading()
        words = lambda: store.word_boxes(reading.connection, reading.generation, document_id, page)  # noqa: E731
        return self._pictures.get(marked(order, document, shown, span, words))

    def passages_within(self, document_id: str, start: int, end: int) -> tuple[Passage, ...]:
        """The passages of a document that begin in [start, end), in order."""
        return self._catalogue.passages_within(document_id, start, end)

    def newest(self, n: int) -> tuple[DocumentSummary, ...]:
        """The documents that were published last, the newest first."""
        return self._catalogue.newest(_count(n))

    def facets(self) -> Facets:
        return self._catalogue.facets()

    def entities(self, n: int = MAX_ITEMS, kind: str = "") -> tuple[EntityCount, ...]:
        """What the documents mention of the gazetteer, of one type if `kind` names it; the most frequent first."""
        return self._catalogue.entities(kind)[: _count(n, MAX_ENTITIES)]

    def entity(self, entity_id: str) -> EntityDetail:
        """Raises NotFound."""
        return self._catalogue.entity(entity_id)

    def entities_of(self, document_id: str) -> tuple[EntityCount, ...]:
        """What a document mentions of the gazetteer, the most frequent first; nothing for an unknown document."""
        return self._catalogue.entities_of(document_id)

    def evidence(self, question: str, keep: Callable[[Candidate], bool]) -> list[Evidence]:
        """The judged sentences of the candidates that `keep` lets through, best first: what answers are made of."""
        _, query, reading = self._prepared(question, Filters(), True, Stopwatch())
        return self._judged(reading, query, [one for one in self._retrieved(reading, query, Stopwatch(), 0) if keep(one)])

    def rankings(self, question: str, rankings: Sequence[Ranking]) -> list[list[Candidate]]:
        """The candidates by each ranking, of one reading and one encoding of the question: what ablations are made of."""
        _, query, reading = self._prepared(question, Filters(), True, Stopwatch())
        return [retrieve(reading, query, Stopwatch(), ranking, most=ALL) for ranking in rankings]

    def _asked(self, text: str, wish: _Wish) -> Iterator[SearchPage | Answer]:
        watch = Stopwatch()
        question, query, reading = self._prepared(text, wish.filters, wish.expand, watch)
        candidates = self._retrieved(reading, query, watch, ALL if wish.steps else wish.n)
        if wish.steps:
            yield self._page(reading, query, candidates, (wish.n, 0))
        model = load_model()
        with watch.step("judge"):
            finding = self._found(reading, query, candidates)
        with watch.step("conflicts"):  # among all that was judged: what does not answer may still contradict what does
            answered = bool(finding.evidence) and finding.evidence[0].probability >= model.threshold
            differing = disagreements(question, finding.judged if answered else [], self._gazetteer)
        with watch.step("compose"):
            text_of = lambda uid: store.document_text(reading.connection, reading.generation, uid)  # noqa: E731
            disputed = [value.evidence for group in differing for value in group]
            composed = Composer(question, self._gazetteer, model.threshold, text_of).compose(finding.evidence, disputed)
        quoted = Written(composed.statements, composed.citations)
        written = self._written(Task(question, finding.evidence, composed, text_of), watch) if wish.write else quoted
        with watch.step("statuses"):
            judged = finding.judged if written.statements else []
            conflicts, also_cited = contradictions(
                question, differing if judged else [], judged, self._gazetteer, written.citations, text_of
            )
        index = reading.manifest
        yield Answer(
            question=question.text,
            status="answered" if written.statements else "abstained",
            confidence=confidence(finding, model.threshold if not written.statements else 1.0),
            statements=written.statements,
            citations=written.citations + also_cited,
            reason=None if written.statements else written.reason or reason(query, finding, model.threshold, index.partial),
            conflicts=conflicts,
            nearest=tuple(candidate.hit for candidate in candidates[: wish.n]),
            also_searched=query.aliases,
            index=index,
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
        judged = self._judged(reading, query, candidates)
        judged = article_evidence(query.question, judged, next(iter(candidates), None), self._gazetteer)
        return finding_of(query.question, judged, self._gazetteer, reading.snapshot.words.document_frequencies)

    def _names(self, question: Question) -> tuple[str, ...]:
        known = self._gazetteer.entities
        return tuple(dict.fromkeys(known[m.entity_id].name for m in question.entities if m.entity_id))

    def _search(self, text: str, filters: Filters, page: tuple[int, int], expand: bool) -> SearchPage:
        _, query, reading = self._prepared(text, filters, expand, Stopwatch())
        return self._page(reading, query, self._retrieved(reading, query, Stopwatch(), ALL), page)

    def _page(self, reading: Reading, query: Query, candidates: list[Candidate], page: tuple[int, int]) -> SearchPage:
        n, offset = page
        hits = tuple(candidate.hit for candidate in candidates)
        following = str(offset + n) if len(hits) > offset + n else None
        found = facets.found_by(reading.connection, reading.generation, hits, self._gazetteer.projects())
        return SearchPage(query.question.text, hits[offset : offset + n], following, query.aliases, found, reading.manifest)

    def _prepared(self, text: str, filters: Filters, expand: bool, watch: Stopwatch) -> tuple[Question, Query, Reading]:
        with watch.step("understand"):
            question = understand(text, self._gazetteer)
            chosen = self._checked(filters)
        reading = self._reading()
        with watch.step("read"):
            read = read_as(question, self._gazetteer, reading.snapshot.words.document_frequencies)
            if read != question.text:
                question = understand(read, self._gazetteer)
            aliases = self._aliases(question) if expand else ()
        with watch.step("encode"):
            encoded = self._encode().encode_query(without_standing(question.text))
        return question, Query(question, encoded, aliases, chosen), reading

    def _aliases(self, question: Question) -> tuple[str, ...]:
        """Other names of what the question names; of an office, who holds it."""
        office = office_asked(question, self._gazetteer)
        return (*self._gazetteer.expand(question.text), *(holders(office, self._gazetteer) if office else ()))

    def _retrieved(self, reading: Reading, query: Query, watch: Stopwatch, most: int) -> list[Candidate]:
        """The `most` best, or more."""
        if query.question.article is None:
            return retrieve(reading, query, watch, most=most)
        ranked = retrieve(reading, query, watch, most=ALL)  # the article may stand anywhere among them
        with watch.step("article"):
            return with_article_first(reading, query, ranked, self._gazetteer)

    def _judged(self, reading: Reading, query: Query, candidates: list[Candidate]) -> list[Evidence]:
        snapshot = reading.snapshot
        idf = snapshot.words.idf(query.question.stems, len(snapshot.vectors))
        return Judge(query.question, query.encoded, idf, self._gazetteer, load_model()).judge(candidates)

    def _checked(self, filters: Filters) -> Filters:
        return checked(filters, self._gazetteer.country_code, tuple(LANGUAGES), self._gazetteer.entity_id)

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
        except (SnapshotGone, PartMissing):
            return work()  # the folder was built again under its number while it was read, or a server ended in the middle
        except sqlite3.DatabaseError as error:
            raise store_error(self._settings.home / STORE_FILE, error) from error


def _count(n: int, most: int = MAX_ITEMS) -> int:
    if not 1 <= n <= most:
        raise BadRequest(f"n is {n}; it takes a whole number from 1 to {most}.")
    return n
