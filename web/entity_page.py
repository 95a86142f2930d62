"""The pages of named things: the index by type, and what the documents say of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from flask_babel import gettext as _

from kb.catalogue_records import EntityDetail, Speaking
from kb.gazetteer import TYPES, Entity
from kb.language import script
from kb.records import DocumentPage, EntityCount, Filters
from web import names
from web.chart import Chart, chart
from web.form import address
from web.listing import Listed, listed
from web.phrases import N_
from web.present import Source, place_of, source_of
from web.said import Run

SHOWN = 24  # of a type on the index; the others on the type's own page
CUT = 600  # characters of a passage
SCRIPTS = {"latin": ("", "ltr"), "cyrillic": ("ru", "ltr"), "arabic": ("ur", "rtl")}  # language and direction of a script's names
PLURALS = {
    "country": N_("Countries"),
    "organisation": N_("Organisations"),
    "project": N_("Projects"),
    "agreement": N_("Agreements"),
    "port": N_("Ports"),
    "crossing": N_("Border crossings"),
    "place": N_("Places"),
    "person": N_("People"),
}


@dataclass(frozen=True, slots=True)
class Counted:
    name: str
    href: str
    documents: int


@dataclass(frozen=True, slots=True)
class Type:
    """A type of named things: `more` leads to all of them, "" if all are shown."""

    name: str
    label: str
    total: int
    items: tuple[Counted, ...]
    more: str


@dataclass(frozen=True, slots=True)
class EntitiesPage:
    """`only` is the one type shown, "" for all."""

    types: tuple[Type, ...]
    only: str


@dataclass(frozen=True, slots=True)
class Names:
    """Other names in one script."""

    language: str
    direction: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A passage in runs, the names emphasised; `cut`: it goes on."""

    source: Source
    runs: tuple[Run, ...]
    cut: bool
    language: str
    direction: str
    mentions: int


@dataclass(frozen=True, slots=True)
class EntityPage:
    """`years` are (year, documents, mentions), "" for documents without a date. `partial`: passages are of a part of the
    collection."""

    name: str
    type: str
    type_href: str
    office: str
    countries: tuple[Counted, ...]
    aliases: tuple[Names, ...]
    documents: int
    mentions: int
    ask: str
    spoken: tuple[Spoken, ...]
    newest: tuple[Listed, ...]
    all: str
    chart: Chart | None
    years: tuple[tuple[str, int, int], ...]
    related: tuple[Counted, ...]
    partial: bool


def entities_page(counts: Sequence[EntityCount], only: str) -> EntitiesPage:
    types = []
    for name in TYPES if not only else (only,):
        among = [count for count in counts if count.type == name]
        shown = among if only else among[:SHOWN]
        more = f"/entities?type={name}" if len(among) > len(shown) else ""
        if among:
            types.append(Type(name, _(PLURALS[name]), len(among), tuple(_counted(one) for one in shown), more))
    return EntitiesPage(tuple(types), _(PLURALS[only]) if only else "")


def entity_page(detail: EntityDetail, newest: DocumentPage, countries: Sequence[Entity]) -> EntityPage:
    """`countries` are the entities of those that the entity belongs to."""
    entity = detail.entity
    dated = {int(year.year): (year.mentions, year.documents) for year in detail.years if year.year}
    within = Filters(entity=(entity.id,))
    return EntityPage(
        name=names.called(entity),
        type=_(PLURALS[entity.type]),
        type_href=f"/entities?type={entity.type}",
        office=entity.office,
        countries=tuple(Counted(names.called(one), _href(one.id), 0) for one in countries if one.id != entity.id),
        aliases=_aliases(entity),
        documents=detail.count.documents,
        mentions=detail.count.mentions,
        ask=address("/", "", within),
        spoken=tuple(_spoken(one, entity) for one in detail.speaking),
        newest=tuple(listed(item) for item in newest.items),
        all=address("/documents", "", within, sort="date"),
        chart=chart(dated, lambda year: address("/documents", "", _of_year(entity.id, year), sort="date")),
        years=tuple((year.year, year.documents, year.mentions) for year in detail.years),
        related=tuple(Counted(names.called(one.entity), _href(one.entity.id), one.documents) for one in detail.related),
        partial=detail.partial,
    )


def _of_year(entity_id: str, year: int) -> Filters:
    return Filters(entity=(entity_id,), date_from=f"{year:04}", date_to=f"{year:04}")


def _counted(count: EntityCount) -> Counted:
    return Counted(names.entity(count.id), _href(count.id), count.documents)


def _href(entity_id: str) -> str:
    return f"/entities/{quoted(entity_id)}"


def _aliases(entity: Entity) -> tuple[Names, ...]:
    grouped: dict[str, list[str]] = {}
    for name in dict.fromkeys((*entity.names, *entity.ambiguous)):
        if name != names.called(entity):
            grouped.setdefault(script(name), []).append(name)
    return tuple(Names(*SCRIPTS[one], tuple(grouped[one])) for one in SCRIPTS if one in grouped)


def _spoken(one: Speaking, entity: Entity) -> Spoken:
    passage, at = one.passage, one.passage.locator
    text = passage.text.replace("\n\n", "\n")
    cut = text.rfind(" ", 0, CUT) if len(text) > CUT else len(text)
    cut = cut if cut > 0 else CUT
    href = f"/documents/{quoted(passage.document_id)}?start={at.start}&end={at.end}#quote"
    return Spoken(
        source=source_of(one.document, href, place_of(at)),
        runs=_runs(text[:cut], entity),
        cut=cut < len(text),
        language=passage.language,
        direction=names.direction(passage.language),
        mentions=one.mentions,
    )


def _runs(text: str, entity: Entity) -> tuple[Run, ...]:
    runs, done = [], 0
    for mention in names.gazetteer().find(text):
        if mention.entity_id == entity.id:
            runs += [Run(text[done : mention.start], False), Run(text[mention.start : mention.end], True)]
            done = mention.end
    return tuple(run for run in (*runs, Run(text[done:], False)) if run.text)
