"""What each page's template receives, as frozen values: a template reads `page` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from kb.generate import in_words as by_model
from kb.records import (
    Answer,
    Citation,
    Conflict,
    ConflictValue,
    Document,
    DocumentPage,
    DocumentSummary,
    Facets,
    Filters,
    Hit,
    IndexManifest,
    Locator,
    Passage,
    SearchPage,
    Statement,
)
from kb.understood import in_words
from web import names
from web.form import Form, address
from web.reading import Entry, Leaf, Part, checked_span, outline, parts
from web.report import Fact, ReadingReport, at_source, facts, printed, reading_report
from web.said import Said, said

SHOWN_WHOLE = 420  # characters of a passage; a longer one is cut to about five lines, its rest one tap away
CUT_AT = 340


@dataclass(frozen=True, slots=True)
class Example:
    question: str
    language: str
    href: str


@dataclass(frozen=True, slots=True)
class Count:
    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of what the collection holds."""

    label: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is from, ready to print. `place` is pinpoint and page; `facts` are publisher, date, kind …"""

    title: str
    href: str
    facts: tuple[str, ...]
    place: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: `before` + `quote` + `after` is the passage around the quote."""

    marker: int
    source: Source
    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Value:
    stated: ConflictValue
    source: Source | None
    when: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    about: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of a document; `rest` is what the cut left out."""

    text: str
    rest: str
    place: str
    href: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class FoundIn:
    source: Source
    passages: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class AnswerCard:
    answered: bool
    said: tuple[Said, ...]
    read_as: str
    cited: tuple[Cited, ...]
    disagreements: tuple[Disagreement, ...]
    reason: str
    confidence: str
    figure: str
    written: bool
    by_model: str


@dataclass(frozen=True, slots=True)
class Published:
    """The generation that a page was made from."""

    generation: int
    digest: str
    documents: int
    passages: int
    date: str
    stale: bool = False


@dataclass(frozen=True, slots=True)
class HomePage:
    form: Form
    hint: str
    examples: tuple[Example, ...]
    holdings: tuple[Holding, ...]
    published: Published


@dataclass(frozen=True, slots=True)
class ResultPage:
    form: Form
    card: AnswerCard | None
    found: tuple[FoundIn, ...]
    also_searched: tuple[str, ...]
    switch: str
    first: str
    more: str
    published: Published


@dataclass(frozen=True, slots=True)
class Listed:
    source: Source
    countries: tuple[str, ...]
    size: str
    status: str


@dataclass(frozen=True, slots=True)
class ListPage:
    form: Form
    items: tuple[Listed, ...]
    total: int
    first: str
    more: str


@dataclass(frozen=True, slots=True)
class ReadingPage:
    title: str
    language: str
    direction: str
    kind: str
    facts: tuple[Fact, ...]
    report: ReadingReport
    original: str
    original_type: str
    outline: tuple[Entry, ...]
    parts: tuple[Part, ...]
    printed: tuple[Leaf, ...]
    quoted: bool
    at_source: str
    ask: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    status: int
    title: str
    detail: str
    unpublished: bool


TEMPLATES: Mapping[type, str] = {
    HomePage: "home.html",
    ResultPage: "result.html",
    ListPage: "documents.html",
    ReadingPage: "document.html",
    ErrorPage: "error.html",
}


def home_page(info: IndexManifest, facets: Facets, box: Form, examples: Sequence[tuple[str, str]], hint: str = "") -> HomePage:
    """`examples` are (language, question)."""
    shown = tuple(Example(question, language, address("/", question, Filters())) for language, question in examples)
    return HomePage(box, hint, shown, _holdings(facets), published(info))


def answer_page(answer: Answer, box: Form, filters: Filters, n: int) -> ResultPage:
    """The first page of a result; `n` is how many passages were asked for."""
    more = address("/", answer.question, filters, expand=box.expand, next=str(n)) if len(answer.nearest) >= n else ""
    return ResultPage(
        form=box,
        card=_card(answer),
        found=grouped(answer.nearest),
        also_searched=answer.also_searched,
        switch=address("/", box.question, filters, expand=not box.expand),
        first="",
        more=more,
        published=published(answer.index),
    )


def search_page(result: SearchPage, info: IndexManifest, box: Form, filters: Filters) -> ResultPage:
    """A following page of a result: passages alone."""
    return ResultPage(
        form=box,
        card=None,
        found=grouped(result.items),
        also_searched=result.also_searched,
        switch=address("/", box.question, filters, expand=not box.expand),
        first=address("/", box.question, filters, expand=box.expand),
        more=address("/", box.question, filters, expand=box.expand, next=result.next) if result.next else "",
        published=published(info),
    )


def list_page(result: DocumentPage, box: Form, filters: Filters, cursor: str) -> ListPage:
    return ListPage(
        form=box,
        items=tuple(_listed(item) for item in result.items),
        total=result.total,
        first=address("/documents", "", filters) if cursor else "",
        more=address("/documents", "", filters, cursor=result.next) if result.next else "",
    )


def reading_page(document: Document, passages: Sequence[Passage], start: int | None, end: int | None) -> ReadingPage:
    """Raises BadRequest for a span that is not in the text."""
    quote = checked_span(document.text, start, end)
    metadata = document.metadata
    return ReadingPage(
        title=metadata.title or document.uri,
        language=metadata.language,
        direction=names.direction(metadata.language),
        kind=names.kind(metadata.kind),
        facts=facts(document),
        report=reading_report(document),
        original=f"/documents/{quoted(document.id)}/original",
        original_type=names.MEDIA_TYPES.get(document.media_type, "file"),
        outline=outline(document),
        parts=parts(document, passages, quote),
        printed=printed(document, quote),
        quoted=quote is not None,
        at_source=at_source(document, quote),
        ask=address("/", "", Filters(document=(document.id,))),
    )


def published(info: IndexManifest) -> Published:
    return Published(info.generation, info.digest[:12], info.documents, info.passages, names.day(info.created_at), info.stale)


def grouped(hits: Sequence[Hit]) -> tuple[FoundIn, ...]:
    """Hits by document, the document of the best hit first; within a document by rank."""
    by_document: dict[str, list[Hit]] = {}
    for hit in hits:
        by_document.setdefault(hit.document.id, []).append(hit)
    return tuple(FoundIn(_source(group[0].document), tuple(_found(hit) for hit in group)) for group in by_document.values())


def place_of(locator: Locator) -> str:
    """ "art. 5(2) · p. iv", or the nearest heading if there is neither."""
    pieces = [locator.pinpoint] if locator.pinpoint else []
    label = locator.page_label or (str(locator.page) if locator.page else "")
    if label and not (locator.pinpoint or "").startswith(("p.", "slide")):
        pieces.append(f"p. {label}")
    if locator.ocr is not None:
        pieces.append("read by OCR")
    return " · ".join(pieces) or (locator.section[-1] if locator.section else "")


def _holdings(facets: Facets) -> tuple[Holding, ...]:
    kinds = tuple(_count(names.kind(value), n, Filters(kind=(value,))) for value, n in facets.kind.items() if value)
    countries = tuple(_count(names.country(value), n, Filters(country=(value,))) for value, n in facets.country.items() if value)
    languages = tuple(
        _count(names.language(value), n, Filters(language=(value,))) for value, n in facets.language.items() if value
    )
    held = (Holding("Kinds", kinds), Holding("Countries", countries), Holding("Languages", languages))
    return tuple(holding for holding in held if holding.counts)


def _count(label: str, n: int, only: Filters) -> Count:
    return Count(label, n, address("/documents", "", only))


def _card(answer: Answer) -> AnswerCard:
    cited = tuple(_cited(citation) for citation in answer.citations)
    by_marker = {one.marker: one.source for one in cited}
    return AnswerCard(
        answered=answer.status == "answered",
        said=tuple(said(one, _language(answer, one, by_marker)) for one in answer.statements),
        read_as=in_words(answer.understood) if answer.understood else "",
        cited=cited,
        disagreements=tuple(_disagreement(conflict, by_marker) for conflict in answer.conflicts),
        reason=answer.reason or "",
        confidence=names.confidence(answer.confidence),
        figure=f"{answer.confidence:.2f}",
        written=answer.written,
        by_model=by_model(answer),
    )


def _language(answer: Answer, statement: Statement, by_marker: Mapping[int, Source]) -> str:
    """A model writes in the question's language; a quote is in its document's."""
    if answer.written:
        return answer.understood.language if answer.understood else ""
    return by_marker[statement.citations[0]].language if statement.citations else ""


def _disagreement(conflict: Conflict, by_marker: Mapping[int, Source]) -> Disagreement:
    values = (Value(v, by_marker.get(v.citation), names.day(v.as_of)) for v in conflict.values)
    return Disagreement(conflict.about, tuple(values))


def _cited(citation: Citation) -> Cited:
    at = citation.context.find(citation.quote)  # of a view of the passage only: the link carries the exact place
    before, after = (citation.context[:at], citation.context[at + len(citation.quote) :]) if at >= 0 else ("", "")
    at_quote = citation.permalink.partition("#")[0] + "#quote"  # its passage may begin a screen above it
    source = _source(citation.document, at_quote, place_of(citation.locator))
    return Cited(citation.marker, source, before, citation.quote, after)


def _source(document: DocumentSummary, href: str = "", place: str = "") -> Source:
    metadata = document.metadata
    facts = (metadata.publisher, names.day(metadata.published), names.kind(metadata.kind), names.language(metadata.language))
    return Source(
        title=metadata.title or document.uri,
        href=href or f"/documents/{quoted(document.id)}",
        facts=tuple(fact for fact in facts if fact),
        place=place,
        language=metadata.language,
        direction=names.direction(metadata.language),
    )


def _found(hit: Hit) -> Found:
    passage = hit.passage
    text, rest = passage.text.replace("\n\n", "\n"), ""  # a line is enough between paragraphs; nothing is quoted from here
    if len(text) > SHOWN_WHOLE:
        cut = text.rfind(" ", 0, CUT_AT)
        cut = cut if cut > 0 else CUT_AT
        text, rest = text[:cut], text[cut:]
    span = f"start={passage.locator.start}&end={passage.locator.end}"
    href = f"/documents/{quoted(passage.document_id)}?{span}#{quoted(passage.id)}"
    return Found(text, rest, place_of(passage.locator), href, passage.language, names.direction(passage.language))


def _listed(summary: DocumentSummary) -> Listed:
    size = f"{summary.pages} page{'s' * (summary.pages != 1)}" if summary.pages else f"{summary.characters:,} characters"
    status = names.STATUSES.get(summary.metadata.status, "") if summary.metadata.kind == "agreement" else ""
    return Listed(_source(summary), tuple(names.country(code) for code in summary.metadata.countries), size, status)
