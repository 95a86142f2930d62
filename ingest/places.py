"""Where a document's articles, annexes and their paragraphs begin, so that a reference can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.headings import ARTICLE_RANK, Pinpoint, ordinal
from ingest.pinpoint import paragraph_label, push_label, unlabelled
from ingest.structure import Structure
from kb.records import Block

Number = tuple[int, ...]
Scope = tuple[int, str, Number]  # the agreement of the file, counted from 0; the annex in it ("", () outside of any)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands: the legal headings over it, outermost first, and the path of paragraph numbers.

    `body` is the offset behind a heading that the block holds or begins with.
    """

    index: int
    body: int
    scope: Scope
    headings: tuple[Pinpoint, ...]
    labels: tuple[str, ...]

    @property
    def article(self) -> Number:
        """The number of the article (or numbered paragraph of a text without articles) over it; () outside of any."""
        return next((ordinal(heading.number) for heading in reversed(self.headings) if heading.rank == ARTICLE_RANK), ())


def places(text: str, blocks: Sequence[Block], law: Structure) -> Iterator[Place]:
    """The place of every block, in order."""
    headings: tuple[Pinpoint, ...] = ()
    labels: tuple[str, ...] = ()
    scope: Scope = (0, "", ())
    for index, block in enumerate(blocks):
        mark, body = law.marks.get(index), block.start
        if mark is not None:
            headings = (*_enclosing(headings, mark.pinpoint), mark.pinpoint)
            labels, body = (), mark.body
            scope = _scope(scope, mark.pinpoint)
        elif index in law.titles:
            body = block.end
        label = None if body == block.end or block.kind == "table_row" else paragraph_label(text[body : block.end])
        labels = push_label(labels, label) if label else unlabelled(labels)
        yield Place(index, body, scope, headings, labels)


def _enclosing(headings: Sequence[Pinpoint], new: Pinpoint) -> tuple[Pinpoint, ...]:
    kept = next((at for at, heading in enumerate(headings) if new.closes(heading)), len(headings))
    return tuple(headings[:kept])


def _scope(scope: Scope, heading: Pinpoint) -> Scope:
    if heading.rank == 0:
        return (scope[0] + 1, "", ())
    return (scope[0], heading.unit, ordinal(heading.number)) if heading.rank == 1 else scope


@dataclass(frozen=True, slots=True)
class PlaceIndex:
    """Offsets of places. Keys: `articles` (scope, number, labels), `divisions` (agreement, unit, number)."""

    articles: dict[tuple[Scope, Number, tuple[str, ...]], int] = field(default_factory=dict)
    divisions: dict[tuple[int, str, Number], int] = field(default_factory=dict)

    def article(self, scope: Scope, number: Number, labels: tuple[str, ...]) -> int | None:
        """Where a paragraph of an article begins, or the nearest thing that encloses it; None if the article is not there.

        An annex without articles of its own uses the agreement's. "4.3" is paragraph 4.3 of article 4 if there is no article 4.3.
        """
        for where in dict.fromkeys((scope, (scope[0], "", ()))):
            for depth in range(len(labels), -1, -1):
                found = self.articles.get((where, number, labels[:depth]))
                if found is not None:
                    return found
            dotted = ".".join(map(str, number))
            if len(number) > 1 and (found := self.articles.get((where, number[:1], (dotted,)))) is not None:
                return found
        return None


def index_of(found: Sequence[Place], blocks: Sequence[Block], law: Structure) -> PlaceIndex:
    """The first of places that go by the same name counts."""
    index = PlaceIndex()
    for place in found:
        block, mark = blocks[place.index], law.marks.get(place.index)
        if mark is not None and mark.pinpoint.rank == ARTICLE_RANK:
            index.articles.setdefault((place.scope, place.article, ()), block.start)
        elif mark is not None:
            index.divisions.setdefault((place.scope[0], mark.pinpoint.unit, ordinal(mark.pinpoint.number)), block.start)
        if place.article and place.labels:
            index.articles.setdefault((place.scope, place.article, place.labels), block.start)
    return index
