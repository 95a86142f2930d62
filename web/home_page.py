"""The first screen: the box, questions that are answered, and what the collection holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from kb.records import DocumentSummary, Facets, Filters, IndexManifest
from web import languages, names
from web.form import Form, address
from web.indexing import Indexing
from web.present import Published, Source, published, source_of

LONGEST = 8  # values of a line of what is held; the rest stand in the list of documents
NEWEST = 5


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
    """One line of what the collection holds; `others` counts the values that are not shown."""

    label: str
    counts: tuple[Count, ...]
    others: int


@dataclass(frozen=True, slots=True)
class HomePage:
    form: Form
    hint: str
    examples: tuple[Example, ...]
    holdings: tuple[Holding, ...]
    newest: tuple[Source, ...]
    published: Published
    indexing: Indexing | None


@dataclass(frozen=True, slots=True)
class Collection:
    """What the first screen tells of the published generation."""

    info: IndexManifest
    facets: Facets
    newest: Sequence[DocumentSummary]
    examples: Sequence[tuple[str, str]]
    indexing: Indexing | None = None


def home_page(held: Collection, box: Form, hint: str = "") -> HomePage:
    """`held.examples` are (language, question)."""
    return HomePage(
        form=box,
        hint=hint,
        examples=tuple(
            Example(question, language, address("/", question, Filters())) for language, question in _shown(held.examples)
        ),
        holdings=_holdings(held.facets),
        newest=tuple(source_of(one) for one in held.newest),
        published=published(held.info),
        indexing=held.indexing,
    )


def _shown(examples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """All in the page's own language, then the first of each other: that one may ask in any."""
    own, first = languages.chosen(), dict[str, str]()
    for language, question in examples:
        first.setdefault(language, question)
    return [one for one in examples if one[0] == own] + [one for one in first.items() if one[0] != own]


def _holdings(facets: Facets) -> tuple[Holding, ...]:
    lines = (
        _holding(_("Kinds"), facets.kind, lambda v, n: Count(names.kind(v), n, _list(Filters(kind=(v,))))),
        _holding(_("Countries"), facets.country, lambda v, n: Count(names.country(v), n, _list(Filters(country=(v,))))),
        _holding(_("Languages"), facets.language, lambda v, n: Count(names.language(v), n, _list(Filters(language=(v,))))),
        _holding(_("Projects"), facets.project, lambda v, n: Count(names.entity(v), n, _list(Filters(entity=(v,))))),
    )
    return tuple(line for line in lines if line.counts)


def _holding(label: str, counts: Mapping[str, int], told: Callable[[str, int], Count]) -> Holding:
    shown = list(counts.items())[:LONGEST]
    return Holding(label, tuple(told(value, n) for value, n in shown), len(counts) - len(shown))


def _list(only: Filters) -> str:
    return address("/documents", "", only)
