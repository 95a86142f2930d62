"""What the catalogue gives: documents in an order, and what the collection says of a named thing. Frozen values without I/O."""

from __future__ import annotations

from dataclasses import dataclass

from kb.gazetteer import Entity
from kb.records import DocumentSummary, EntityCount, Passage

SORTS = ("title", "date", "kind", "publisher", "added")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which stretch of a list: `n` documents in the order of `sort` (one of SORTS; dates newest first) from `cursor` on.

    `cursor` is `next` or `previous` of another stretch in the same order, "" for the beginning.
    """

    n: int = 50
    cursor: str = ""
    sort: str = "title"


@dataclass(frozen=True, slots=True)
class YearCount:
    """Documents published in a year ("": those without a date) that mention an entity, and how often they do."""

    year: str
    documents: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Related:
    """An entity that is mentioned in the same documents: in `documents` of them."""

    entity: Entity
    documents: int


@dataclass(frozen=True, slots=True)
class Speaking:
    """The passage of a document that speaks the most of an entity; the document mentions it `mentions` times."""

    passage: Passage
    document: DocumentSummary
    mentions: int


@dataclass(frozen=True, slots=True)
class EntityDetail:
    """What the published generation says of an entity. `years` are in order, without gaps removed; `speaking` best first, and
    `partial` if a part of the collection could not be asked for it."""

    entity: Entity
    count: EntityCount
    years: tuple[YearCount, ...]
    related: tuple[Related, ...]
    speaking: tuple[Speaking, ...]
    partial: bool = False
