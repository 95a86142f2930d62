"""The nouns: frozen values that pass between the packages. No I/O, no SQL, no HTTP here.

Offsets are half-open ranges of characters (code points) into a document's normalised text, everywhere.
Dates are ISO 8601 strings and may be partial: "2021", "2021-07", "2021-07-15".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kb.counts import Facets as Facets
from kb.counts import Found as Found
from kb.reports import Failure as Failure
from kb.reports import Planned as Planned
from kb.reports import ReindexReport as ReindexReport
from kb.structure import BLOCK_KINDS as BLOCK_KINDS
from kb.structure import Anchor as Anchor
from kb.structure import Block as Block
from kb.structure import Mention as Mention
from kb.structure import Page as Page
from kb.structure import Reference as Reference
from kb.structure import Row as Row
from kb.structure import Stated as Stated
from kb.structure import WordBox as WordBox

KINDS = ("agreement", "official", "policy_paper", "news", "dataset")  # ordered by tier, the most authoritative first
STATUSES = ("signed", "in_force", "amended", "superseded", "terminated", "unknown")

Role = Literal["query", "passage"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a document beside its text. Empty string / empty tuple: not known."""

    title: str = ""
    kind: str = ""
    publisher: str = ""
    published: str = ""
    url: str = ""
    language: str = ""
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2, upper case, sorted
    parties: tuple[str, ...] = ()
    status: str = ""
    status_date: str = ""
    author: str = ""  # as the page names who wrote it; several are parted by "; "
    projects: tuple[str, ...] = ()  # what it is filed under, as its metadata name it
    sources: tuple[str, ...] = ()  # addresses (http, https) of what it rests on; of a whole document alone, lists leave them out


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reader makes of one document of a file. `text` is normalised (see ingest.text); blocks and pages index it.

    `key` tells the documents of one file apart (a JSONL line's id); it is "" where the file is the document.
    `reader` is name and version, e.g. "pypdf 7.1.0"; `warnings` are sentences for the operator. `word_boxes` are those of pages
    read by OCR; `unread` are pages that it could read, were it installed.
    """

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]
    metadata: Metadata
    reader: str
    warnings: tuple[str, ...] = ()
    key: str = ""
    word_boxes: tuple[WordBox, ...] = ()
    unread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file found by discovery. `uri` is `<collection>/<path below its folder>`; `sha256` covers the file and its sidecar,
    `content_sha256` the file alone. `stat` tells size, time and inode of both; see ingest.hashing."""

    uri: str
    path: str
    media_type: str
    sha256: str
    content_sha256: str = ""
    stat: str = ""


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a span stands. `page` counts from 1 (None: the source has no pages); `page_label` is the printed one.

    `section` is the path of headings, outermost first; `pinpoint` is what a lawyer writes: "art. 5(2)(b)", "p. 12". `ocr` is the
    page's confidence, 0..1, if it was read by OCR, else None.
    """

    start: int
    end: int
    page: int | None = None
    page_label: str | None = None
    section: tuple[str, ...] = ()
    pinpoint: str | None = None
    ocr: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A citable span: `document.text[locator.start:locator.end] == text`, always.

    `context` ("title › section") goes before the text when it is embedded and is never quoted. `rows` are those of a table whose
    blocks have places; such a passage holds nothing else. `anchors`, in order, tell the places of a passage that has more than
    one (paragraphs 2 and 3); without any, all of it is cited by its locator.
    """

    id: str
    document_id: str
    ordinal: int
    text: str
    locator: Locator
    language: str
    context: str = ""
    rows: tuple[Row, ...] = ()
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document. `source_uri` is its file; `source_sha256` is the file's content (and sidecar's) hash."""

    id: str
    uri: str
    source_uri: str
    source_sha256: str
    original_sha256: str
    media_type: str
    metadata: Metadata
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]
    reader: str
    warnings: tuple[str, ...]
    ingested_at: str
    stated: tuple[Stated, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def title(self) -> str:
        return self.metadata.title


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text, for lists."""

    id: str
    uri: str
    metadata: Metadata
    media_type: str
    characters: int
    passages: int
    pages: int


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """`items` in the order asked for; `next` and `previous` are cursors of the pages around it or None; `total` counts all."""

    items: tuple[DocumentSummary, ...]
    next: str | None
    total: int
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """A conjunction over fields; within a field any value will do; empty means no restriction.

    `entity` are ids of the gazetteer: documents that mention one of them or are filed under it.
    """

    country: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    publisher: tuple[str, ...] = ()
    collection: tuple[str, ...] = ()
    document: tuple[str, ...] = ()
    date_from: str = ""
    date_to: str = ""
    entity: tuple[str, ...] = ()  # what it mentions or is filed under: names or ids of the gazetteer


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked passage. Ranks count from 1 (None: not in that list); `rerank` is mean MaxSim, 0..1; `score` orders the list."""

    passage: Passage
    document: DocumentSummary
    score: float
    dense_rank: int | None = None
    word_rank: int | None = None
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`next` is the offset of the following page as a string, or None. `index` tells what was searched."""

    query: str
    items: tuple[Hit, ...]
    next: str | None
    also_searched: tuple[str, ...] = ()
    found: Found | None = None
    index: IndexManifest | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """`quote` equals `document.text[locator.start:locator.end]`, verified when made; `context` is the passage around it."""

    marker: int
    passage_id: str
    document: DocumentSummary
    locator: Locator
    quote: str
    context: str
    permalink: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of the sources, or a language model's that they bear out, with the markers of its citations.

    `context` says what a pronoun or a table's row belongs to: the sentence before it, or its heading; it is no part of the quote.
    `emphasis` are the spans of `text` that answer (a date, a figure, a name), half-open, in order. `as_of`: when it holds.
    """

    text: str
    citations: tuple[int, ...]
    context: str = ""
    emphasis: tuple[tuple[int, int], ...] = ()
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included, ISO 8601; "" leaves that side open. `text` is its wording.

    `ranged`: the wording gives bounds ("since 2021") and not one date that a source would write the same way.
    """

    start: str
    end: str
    text: str
    ranged: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """How a question was read: its kind (kb.question_kind), what was looked for in words, the entities' names."""

    language: str
    kind: str
    looked_for: str
    period: Period | None
    entities: tuple[str, ...]
    article: str | None


@dataclass(frozen=True, slots=True)
class ConflictValue:
    """A value as its source writes it, and what it comes to: `low`..`high` in `unit` ("USD", "km", "" for counts).

    Dates have the unit "day" and day numbers (date.toordinal). `said_by` is whom the source names, `as_of` when that was
    said (ISO), `period` what the value is for, in the source's words; "" where the source does not tell. `tier` is one of
    KINDS or "". `superseded`: a later value has taken its place.
    """

    value: str
    citation: int
    low: float | None = None
    high: float | None = None
    unit: str = ""
    said_by: str = ""
    as_of: str = ""
    period: str = ""
    tier: str = ""
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that give different values for the same thing."""

    about: str
    values: tuple[ConflictValue, ...]

    @property
    def contradicts(self) -> bool:  # and is no mere change over time
        return sum(not value.superseded for value in self.values) > 1


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence of a language model that is not in the answer, and why, for the operator."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Generated:
    """What the language model `model` did to an answer. `unresolved_markers` counts its references to passages that it was not
    given. `fallback` is why it was passed over and the quoted sentences answer, None where it was not.
    """

    model: str
    dropped: tuple[Dropped, ...] = ()
    unresolved_markers: int = 0
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What a generation was made with. Written last when it is built, checked when it is opened."""

    generation: int
    digest: str
    schema: int
    model: str
    model_digest: str
    dimension: int
    documents: int
    passages: int
    created_at: str
    vector_index: str = ""  #: its type and parameters, in words
    stale: bool = False  #: the store's primary does not answer, and a standby's newest generation is read
    missing: tuple[str, ...] = ()  #: servers of parts of the collection that do not answer: what was read is without those

    @property
    def partial(self) -> bool:
        return bool(self.missing)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answered with citations, or abstained with a reason and the nearest passages. `confidence` is 0..1. `generated` is None
    where no language model was asked."""

    question: str
    status: Literal["answered", "abstained"]
    confidence: float
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    reason: str | None
    conflicts: tuple[Conflict, ...]
    nearest: tuple[Hit, ...]
    also_searched: tuple[str, ...]
    index: IndexManifest
    models: Mapping[str, str]
    timings_ms: Mapping[str, float]
    understood: Understood | None = None
    generated: Generated | None = None

    @property
    def written(self) -> bool:
        """Whether the statements are a language model's, and not sentences of the sources."""
        return self.status == "answered" and self.generated is not None and self.generated.fallback is None

    @property
    def text(self) -> str:
        """The statements in order, each followed by its markers: "… [1] … [2]"."""
        return " ".join(f"{s.text} {''.join(f'[{m}]' for m in s.citations)}" for s in self.statements)


@dataclass(frozen=True, slots=True)
class Original:
    """The file as it was ingested: `path` under KB_HOME, `name` safe for a download header."""

    path: str
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class EntityCount:
    """An entity of the gazetteer, in how many documents it is mentioned and how often."""

    id: str
    name: str
    type: str
    documents: int
    mentions: int
