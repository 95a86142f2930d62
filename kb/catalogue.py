"""Browsing the published generation: documents in an order, counts by field, and what is said of each named thing.

Counts over the whole generation are made once for it: what is published does not change.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar, cast

from kb import browse, facets, store
from kb.catalogue_records import EntityDetail, Listing, Related, Speaking
from kb.errors import NotFound
from kb.gazetteer import Entity, Gazetteer
from kb.ports import Reading
from kb.records import Document, DocumentPage, DocumentSummary, EntityCount, Facets, Filters, Passage

T = TypeVar("T")
MOST_TEXT = 4_000_000  # characters of the documents that are kept; with their blocks about 30 MB
KEPT = 512  # counts of one generation: a few kB each at most
SPEAKING = 10  # passages about an entity
RELATED = 16
FEWEST_TOGETHER = 2  # two names in one document say little: they may stand pages apart


class Catalogue:
    """Safe in threads. Every call reads the newest generation, and may raise IndexMissing or IndexStale."""

    def __init__(self, reading: Callable[[], Reading], gazetteer: Gazetteer) -> None:
        self._reading = reading
        self._gazetteer = gazetteer
        self._lock = threading.Lock()
        self._generation = 0
        self._counts: dict[Hashable, Any] = {}
        self._read: dict[str, Document] = {}

    def documents(self, filters: Filters, listing: Listing) -> DocumentPage:
        """`filters` are checked. Raises BadRequest for a cursor or sort that is none."""
        reading = self._reading()
        of_these = lambda: browse.count_documents(reading.connection, reading.generation, filters)  # noqa: E731
        total = self._counted(reading, ("documents", filters), of_these)
        return browse.documents(reading.connection, reading.generation, filters, listing, total)

    def document(self, document_id: str) -> Document:
        """Raises NotFound. Those read last are kept: who turns the pages of one asks for it again and again."""
        reading = self._reading()
        with self._lock:
            self._forget(reading)
            kept = self._read.pop(document_id, None)
        found = kept or store.document(reading.connection, reading.generation, document_id)
        with self._lock:
            if reading.generation == self._generation:
                self._read[document_id] = found  # behind the others: the first is the one to go
                size = sum(len(one.text) for one in self._read.values())
                while size > MOST_TEXT and len(self._read) > 1:
                    size -= len(self._read.pop(next(iter(self._read))).text)
        return found

    def facets(self) -> Facets:
        reading = self._reading()
        projects = self._gazetteer.projects()
        return self._counted(reading, "facets", lambda: facets.facets(reading.connection, reading.generation, projects))

    def newest(self, n: int) -> tuple[DocumentSummary, ...]:
        """The documents that were published last, of those that have a date."""
        dated = self.documents(Filters(), Listing(n, "", "date")).items
        return tuple(one for one in dated if one.metadata.published)

    def entities(self, kind: str = "") -> tuple[EntityCount, ...]:
        """Every entity that the documents mention, of one of kb.gazetteer.TYPES if it is given; the most frequent first."""
        counts = self._entity_counts(self._reading())
        return tuple(count for count in counts.values() if kind in ("", count.type))

    def entity(self, entity_id: str) -> EntityDetail:
        """Raises NotFound for an id that is not in the gazetteer. An entity that no document mentions has counts of 0."""
        entity = self._known(entity_id)
        reading = self._reading()
        counts = self._entity_counts(reading)
        spoken = browse.speaking(reading.connection, reading.generation, entity_id, SPEAKING)
        return EntityDetail(
            entity=entity,
            count=counts.get(entity_id, EntityCount(entity_id, entity.name, entity.type, 0, 0)),
            years=browse.years(reading.connection, reading.generation, entity_id),
            related=self._related(reading, entity_id, counts),
            speaking=tuple(Speaking(*one) for one in spoken),
            partial=bool(reading.missing()),
        )

    def entities_of(self, document_id: str) -> tuple[EntityCount, ...]:
        """What a document mentions, the most frequent first."""
        reading = self._reading()
        return self._named(browse.entities_of(reading.connection, reading.generation, document_id))

    def passages_within(self, document_id: str, start: int, end: int) -> tuple[Passage, ...]:
        """The passages of a document that begin in [start, end), in order; none for an unknown document."""
        reading = self._reading()
        return browse.passages_within(reading.connection, reading.generation, document_id, (start, end))

    def _known(self, entity_id: str) -> Entity:
        entity = self._gazetteer.entities.get(entity_id)
        if entity is None:
            raise NotFound(f"no name has the id {entity_id!r:.80}; `/api/v1/entities` lists those there are.")
        return entity

    def _entity_counts(self, reading: Reading) -> dict[str, EntityCount]:
        def count() -> dict[str, EntityCount]:
            return {one.id: one for one in self._named(browse.entity_counts(reading.connection, reading.generation))}

        return self._counted(reading, "entities", count)

    def _named(self, counts: list[EntityCount]) -> tuple[EntityCount, ...]:
        known = self._gazetteer.entities
        return tuple(replace(c, name=known[c.id].name, type=known[c.id].type) for c in counts if c.id in known)

    def _related(self, reading: Reading, entity_id: str, counts: dict[str, EntityCount]) -> tuple[Related, ...]:
        """Those that stand with it more often than their own frequency would have it: else Pakistan is related to everything."""
        found = browse.together(reading.connection, reading.generation, entity_id)
        weighed = {
            other: shared / math.sqrt(counts[other].documents)
            for other, shared in found.items()
            if other in counts and shared >= FEWEST_TOGETHER
        }
        best = sorted(weighed, key=lambda other: (-weighed[other], other))[:RELATED]
        return tuple(Related(self._gazetteer.entities[other], found[other]) for other in best)

    def _counted(self, reading: Reading, key: Hashable, make: Callable[[], T]) -> T:
        """`make()`, or what it gave for this key in this generation."""
        with self._lock:
            self._forget(reading)
            if key in self._counts:
                return cast(T, self._counts[key])
        made = make()  # two threads may both count: that costs a moment, a lock would hold up all others
        with self._lock:
            if reading.generation == self._generation and len(self._counts) < KEPT:
                self._counts[key] = made
        return made

    def _forget(self, reading: Reading) -> None:
        """What was kept of another generation."""
        if reading.generation != self._generation:
            self._generation, self._counts, self._read = reading.generation, {}, {}
