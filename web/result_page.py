"""The page of a question: the answer with its quotes, or why there is none, and the passages that were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from kb.records import Answer, Citation, Conflict, ConflictValue, Filters, Hit, IndexManifest, Locator, SearchPage, Statement
from kb.words import WORD, query_stems, stem
from web import names
from web.answer_words import by_model, read_as
from web.citation_page import cite_address, places_of
from web.form import Form, address
from web.present import Published, Source, place_of, published, source_of
from web.said import Run, Said, said
from web.sureness import why
from web.viewing import Viewing

PASSAGES = 10  # on a page
SHOWN_WHOLE = 420  # characters of a passage; a longer one is cut to about five lines, its rest one tap away
CUT_AT = 340
AROUND = 160  # characters on each side of a quote in its card
PAGES_AROUND = 2  # numbers of pages on each side of the one that is shown


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page's address asks."""

    question: str
    filters: Filters
    expand: bool

    def address(self, **more: str) -> str:
        return address("/", self.question, self.filters, expand=self.expand, **more)

    def quote(self, document_id: str, locator: Locator, fragment: str) -> str:
        """The document with the place marked. It knows the question, and so what else was found in it."""
        seen = Viewing(document_id, self.question, self.filters, locator.start, locator.end)
        return seen.address(fragment)


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: `before` + `quote` + `after` is the passage around the quote, `near` the same cut to fit a card. `printed` is
    the page of the original with the quote marked ("": none); `cite` leads to it in styles of citation."""

    marker: int
    source: Source
    before: str
    quote: str
    after: str
    near: tuple[str, str]
    printed: str
    cite: str


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """A document with all that is cited of it."""

    source: Source
    quotes: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Value:
    stated: ConflictValue
    source: Source | None
    when: str
    tier: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    about: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a document, the question's words strong; `rest` is what the cut left out."""

    text: tuple[Run, ...]
    rest: tuple[Run, ...]
    place: str
    href: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class Group:
    """The passages of one document."""

    source: Source
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """What the documents say, or why they say nothing. `failed` tells what went wrong while the passages were judged. `written`:
    the sentences are a model's; `by_model` tells what it had to do with them, "" where none was asked. `partial`: a part of the
    collection could not be searched."""

    answered: bool
    said: tuple[Said, ...] = ()
    read_as: str = ""
    cited: tuple[Cited, ...] = ()
    sources: tuple[CitedDocument, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    reason: str = ""
    confidence: str = ""
    figure: str = ""
    why: tuple[str, ...] = ()
    failed: str = ""
    cite: str = ""
    permalink: str = ""
    brief: str = ""
    written: bool = False
    by_model: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A page of the passages; the one that is shown has no address."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Extent:
    """Which passages of how many are shown, counted from 1, and the pages to turn to ("" : there is none)."""

    first: int
    last: int
    passages: int
    documents: int
    previous: str
    following: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """`card` judges the passages when it is called: the page is sent up to there before. None on the pages that follow.
    `asked_under` is the generation of a permalink's answer, if another is published now, else 0."""

    form: Form
    card: Callable[[], AnswerCard] | None
    groups: tuple[Group, ...]
    extent: Extent
    also_searched: tuple[str, ...]
    switch: str
    first: str
    published: Published
    asked_under: int = 0


def result_page(
    shown: SearchPage, info: IndexManifest, box: Form, asked: Asked, card: Callable[[], AnswerCard] | None, offset: int = 0
) -> ResultPage:
    return ResultPage(
        form=box,
        card=card,
        groups=grouped(shown.items, asked),
        extent=_extent(shown, asked, offset),
        also_searched=shown.also_searched,
        switch=address("/", asked.question, asked.filters, expand=not asked.expand),
        first=asked.address() if offset else "",
        published=published(info),
    )


def answer_card(answer: Answer, asked: Asked) -> AnswerCard:
    cited = tuple(_cited(citation, asked) for citation in answer.citations)
    by_marker = {one.marker: one.source for one in cited}
    return AnswerCard(
        answered=answer.status == "answered",
        said=tuple(said(one, _language(answer, one, by_marker)) for one in answer.statements),
        read_as=read_as(answer.understood) if answer.understood else "",
        cited=cited,
        sources=_sources(answer.citations, cited),
        disagreements=tuple(_disagreement(conflict, by_marker) for conflict in answer.conflicts),
        reason=answer.reason or "",
        confidence=names.confidence(answer.confidence),
        figure=f"{answer.confidence:.2f}",
        why=why(answer),
        cite=cite_address(places_of(answer.citations)) if answer.citations else "",
        permalink=asked.address(generation=str(answer.index.generation)),
        brief=asked.address(view="brief"),
        written=answer.written,
        by_model=by_model(answer),
        partial=answer.index.partial,
    )


def _language(answer: Answer, statement: Statement, by_marker: Mapping[int, Source]) -> str:
    """A model writes in the question's language; a quote is in its document's."""
    if answer.written:
        return answer.understood.language if answer.understood else ""
    return by_marker[statement.citations[0]].language if statement.citations else ""


def grouped(hits: Sequence[Hit], asked: Asked) -> tuple[Group, ...]:
    """Hits by document, the document of the best hit first; within a document by rank."""
    words = frozenset(query_stems(asked.question))
    by_document: dict[str, list[Hit]] = {}
    for hit in hits:
        by_document.setdefault(hit.document.id, []).append(hit)
    groups = by_document.values()
    return tuple(Group(source_of(group[0].document), tuple(_passage(hit, asked, words) for hit in group)) for group in groups)


def marked(text: str, words: frozenset[str]) -> tuple[Run, ...]:
    """The text in runs, those strong whose words have a stem of the question's."""
    found, done = [], 0
    for word in WORD.finditer(text):
        if stem(word[0]) in words:
            found += [Run(text[done : word.start()], False), Run(word[0], True)]
            done = word.end()
    return tuple(run for run in (*found, Run(text[done:], False)) if run.text)


def _extent(shown: SearchPage, asked: Asked, offset: int) -> Extent:
    def page(at: int) -> str:
        return asked.address(next=str(at)) if at else asked.address()

    found = shown.found
    passages = found.passages if found else offset + len(shown.items)
    here, last = offset // PASSAGES, max(passages - 1, 0) // PASSAGES
    low, high = max(here - PAGES_AROUND, 0), min(here + PAGES_AROUND, last)
    turns = [Turn(str(n + 1), page(n * PASSAGES) if n != here else "") for n in range(low, high + 1)]
    return Extent(
        first=offset + 1 if shown.items else 0,
        last=offset + len(shown.items),
        passages=passages,
        documents=found.documents if found else 0,
        previous=page(max(offset - PASSAGES, 0)) if offset else "",
        following=page(int(shown.next)) if shown.next else "",
        turns=tuple(turns) if last else (),
    )


def _sources(citations: Sequence[Citation], cited: Sequence[Cited]) -> tuple[CitedDocument, ...]:
    """By document, in the order of their first numbers."""
    by_document: dict[str, list[Cited]] = {}
    for citation, one in zip(citations, cited, strict=True):
        by_document.setdefault(citation.document.id, []).append(one)
    known = {citation.document.id: citation.document for citation in citations}
    return tuple(
        CitedDocument(source_of(known[uid], quotes[0].source.href), tuple(quotes)) for uid, quotes in by_document.items()
    )


def _disagreement(conflict: Conflict, by_marker: Mapping[int, Source]) -> Disagreement:
    values = (Value(v, by_marker.get(v.citation), names.day(v.as_of), names.kind(v.tier)) for v in conflict.values)
    return Disagreement(conflict.about, tuple(values))


def _cited(citation: Citation, asked: Asked) -> Cited:
    at = citation.context.find(citation.quote)  # of a view of the passage only: the link carries the exact place
    before, after = (citation.context[:at], citation.context[at + len(citation.quote) :]) if at >= 0 else ("", "")
    at_quote = asked.quote(citation.document.id, citation.locator, "quote")  # its passage may begin a screen above it
    source = source_of(citation.document, at_quote, place_of(citation.locator))
    near = _last(before, AROUND), _first(after, AROUND)
    return Cited(
        citation.marker, source, before, citation.quote, after, near, _printed(citation), cite_address(places_of([citation]))
    )


def _printed(citation: Citation) -> str:
    if citation.document.media_type != "application/pdf" or citation.locator.page is None:
        return ""
    span = f"start={citation.locator.start}&end={citation.locator.end}"
    return f"/documents/{quoted(citation.document.id)}/pages/{citation.locator.page}.png?{span}"


def _first(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text.rfind(" ", 0, most)
    return text[: cut if cut > 0 else most] + " …"


def _last(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text.find(" ", len(text) - most)
    return "… " + text[cut + 1 if cut >= 0 else len(text) - most :]


def _passage(hit: Hit, asked: Asked, words: frozenset[str]) -> Passage:
    passage = hit.passage
    text, rest = passage.text.replace("\n\n", "\n"), ""  # a line is enough between paragraphs; nothing is quoted from here
    if len(text) > SHOWN_WHOLE:
        cut = text.rfind(" ", 0, CUT_AT)
        cut = cut if cut > 0 else CUT_AT
        text, rest = text[:cut], text[cut:]
    href = asked.quote(passage.document_id, passage.locator, passage.id)
    direction = names.direction(passage.language)
    return Passage(marked(text, words), marked(rest, words), place_of(passage.locator), href, passage.language, direction)
