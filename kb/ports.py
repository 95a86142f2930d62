"""What a store of published generations is: the seam behind which SQLite with FAISS, and PostgreSQL, are the same.

A source hands out readings; a reading is one generation's indexes and its rows. Rows are asked in the common subset of SQL that
both engines take (kb.store, `?` and `:name` for values), so that every question to them is written once; fusion, the formula of
BM25, ranking anew and answers know nothing of engines. tests/test_store_conformance.py holds both to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kb.recent import Recent
from kb.records import DocumentSummary, IndexManifest, Passage

if TYPE_CHECKING:  # a re-index that finds nothing new does without numpy
    import numpy as np
    import numpy.typing as npt


class Cursor(Protocol):
    """Of sqlite3.Cursor, what reading needs."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Rows(Protocol):
    """The rows of one generation."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...


@runtime_checkable
class Divided(Protocol):
    """Rows that several servers share out by document: the text of a document, its passages and what else is long are on one of
    them, all else is on each. `execute` asks any of them, so it is for what is on each."""

    def of_document(self, document_id: str) -> Rows:
        """The rows where this document is whole."""
        ...

    def gathered(self, sql: str, parameters: Any, order: Callable[[Any], Any] | None) -> Cursor:
        """The rows of all of them."""
        ...


def of_document(rows: Rows, document_id: str) -> Rows:
    """Where to ask for the text and the passages of a document."""
    return rows.of_document(document_id) if isinstance(rows, Divided) else rows


def gathered(rows: Rows, sql: str, parameters: Any = (), order: Callable[[Any], Any] | None = None) -> Cursor:
    """Rows of passages, whichever documents they are of. `order`: the key of a row by which the statement orders them."""
    return rows.gathered(sql, parameters, order) if isinstance(rows, Divided) else rows.execute(sql, parameters)


class Vectors(Protocol):
    """The dense index. `allowed` is what the same snapshot's `allowed` or `only` returned."""

    def __len__(self) -> int: ...

    def search(self, query: npt.NDArray[np.float32], k: int, allowed: Any = None) -> list[tuple[int, float]]:
        """The k nearest (position, cosine) to a vector of length 1, nearest first."""
        ...


class Words(Protocol):
    """The word index, with the scores of kb.postings."""

    def search(self, terms: Sequence[str], k: int, allowed: Any = None) -> list[tuple[int, float]]:
        """The k best (position, BM25) that hold any of the stems or phrases, best first."""
        ...

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]: ...

    def idf(self, terms: Sequence[str], passages: int) -> dict[str, float]: ...


class Indexes(Protocol):
    """The indexes of one generation. `passages[i]` is the number of the row at position i; what was last read of its passages is
    remembered by that number."""

    @property
    def manifest(self) -> IndexManifest: ...

    @property
    def vectors(self) -> Vectors: ...

    @property
    def words(self) -> Words: ...

    @property
    def passages(self) -> Any: ...

    @property
    def found(self) -> Recent[int, tuple[Passage, DocumentSummary]]: ...

    @property
    def languages(self) -> Recent[int, str]: ...

    @property
    def tokens(self) -> Recent[int, Any]: ...  # kb.maxsim.Packed, whose module imports numpy

    def allowed(self, document_nums: list[int]) -> Any:
        """What limits a search to the passages of these documents."""
        ...

    def only(self, passage_nums: list[int]) -> Any:
        """What limits a search to these passages."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question reads: one snapshot, one connection to the store. `missing` names the servers that did not answer until
    now; what was read of the generation is without what they hold."""

    snapshot: Indexes
    connection: Rows
    missing: Callable[[], tuple[str, ...]] = tuple

    @property
    def manifest(self) -> IndexManifest:
        """As of now: who asks at the end is told what was missing in the middle."""
        return replace(self.snapshot.manifest, missing=self.missing())

    @property
    def generation(self) -> int:
        return self.snapshot.manifest.generation


class Source(Protocol):
    """Where readings come from. Every call may raise the errors of kb.errors."""

    def reading(self) -> Reading:
        """The newest published generation."""
        ...

    def original(self, sha256: str) -> Path:
        """Where the file is that a document was made of; nothing is there if it has gone."""
        ...

    def close(self) -> None: ...
