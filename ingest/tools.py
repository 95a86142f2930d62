"""What a run works with, put together before it is known whether any of it is needed; and the seam between a run and the machines
that read and embed for it.

Those are this one (`local_runner`), or a cluster (`ray_runner`). Whichever it is, the run stays the only writer: a runner reads
files and encodes texts, and gives back values. Nothing of a job's state is the runner's, so that what a lost machine had at hand
is done again and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ingest.passwords import Passwords
from ingest.plan import Versions
from ingest.tesseract import Engine
from kb.encoder import Encoder
from kb.records import Failure, Parsed, SourceFile
from kb.staging import MissingVector

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Read = tuple[SourceFile, tuple[Parsed, ...] | Failure]


class Embedded(NamedTuple):
    """A batch that came back: (content hash, vector, packed token vectors) of each text, and the seconds it took."""

    items: list[tuple[bytes, npt.NDArray[np.float32], bytes]]
    seconds: float


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


@dataclass(frozen=True, slots=True)
class Tools:
    """What the work is done with. `encoder` opens the model when it is first called; `publish` makes visible what is staged.
    Without `may_embed` files are read and staged and nothing else. `runner`: who reads and embeds; None: this machine.
    """

    encoder: Callable[[], Encoder]
    model: str
    versions: Versions
    engine: Engine | None = None
    passwords: Passwords = field(default_factory=Passwords)
    jobs: int = 1
    publish: Callable[[], None] = lambda: None
    publish_every: int = 0
    may_embed: bool = True
    runner: Runner | None = None
