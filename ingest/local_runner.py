"""Reading in sandboxed processes and embedding in a thread, on this machine: the default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ingest.embedding import AHEAD, Embedder
from ingest.sandbox import Helpers, read_sandboxed
from ingest.tools import Arrived, Embeds, Read, Reading
from kb.embed import Encoder
from kb.records import SourceFile


class LocalRunner:
    ahead = AHEAD

    def read(self, files: Iterable[SourceFile], reading: Reading) -> Iterator[Read]:
        helpers = Helpers(reading.engine, reading.say, reading.passwords.of)
        return read_sandboxed(files, reading.jobs, helpers=helpers, given_up=reading.given_up)

    def embedder(self, encoder: Callable[[], Encoder], arrived: Arrived) -> Embeds:
        return Embedder(encoder(), arrived)
