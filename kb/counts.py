"""The nouns of counting: how many documents have what can be filtered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facets:
    """Value → number of documents, the most frequent first, over the whole published generation or over what a question found.

    `year` is that of publication, `project` the name of a project of the gazetteer that the document mentions or
    is filed under.
    """

    country: Mapping[str, int]
    kind: Mapping[str, int]
    language: Mapping[str, int]
    publisher: Mapping[str, int]
    year: Mapping[str, int] = field(default_factory=dict)
    project: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a question found under its filters, of which a page is a part: what can be turned to, and its facets."""

    passages: int
    documents: int
    facets: Facets
