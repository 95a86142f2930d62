"""The seam between a run and the machines that read and embed for it: this one (`local_runner`), or a cluster (`ray_runner`).

Whichever it is, the run stays the only writer: a runner reads files and encodes texts, and gives back values. Nothing of a job's
state is the runner's, so that what a lost machine had at hand is done again and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from ingest.embedding import Embedded
from ingest.passwords import Passwords
from ingest.tesseract import Engine
from kb.embed import Encoder
from kb.records import Failure, Parsed, SourceFile
from kb.staging import MissingVector

Read = tuple[SourceFile, tuple[Parsed, ...] | Failure]
Arrived = Callable[[Embedded | BaseException], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading needs to know: `jobs` files at a time on this machine; `say` is told of slow pages; the rest as in Helpers of
    ingest.sandbox. Once `given_up` is set, nobody takes results any more."""

    jobs: int
    engine: Engine | None
    passwords: Passwords
    say: Callable[[str], None]
    given_up: Event


class Embeds(Protocol):
    """Hands each batch that it was given to `arrived` as Embedded, or the error that ended it, from a thread of its own."""

    def give(self, batch: Sequence[MissingVector]) -> None: ...

    def end(self) -> None:
        """Returns when nothing more will arrive; batches that nobody has begun are dropped."""


class Runner(Protocol):
    @property
    def ahead(self) -> int:
        """How many batches may be under way at once."""

    def read(self, files: Iterable[SourceFile], reading: Reading) -> Iterator[Read]:
        """Each file's documents or why there are none, in the order they are done. What is read and not yet taken is bounded."""

    def embedder(self, encoder: Callable[[], Encoder], arrived: Arrived) -> Embeds: ...
