"""Shards: the servers that a collection is divided among by document. They are asked at once, and where one does not answer, the
others' rows are told to be without it.

Each has in full what lists, counts and filters are made of, and each stem's frequency in the whole collection. Divided are
passages with their vectors and words, the documents' texts, and originals: what is searched, and what is long. The numbers of
passages are those of an undivided store, and so are scores and order.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

import psycopg

from kb.errors import IndexStale, PartMissing, SnapshotGone, StoreUnavailable
from kb.migrations import SCHEMA
from kb.ports import Rows
from kb.postgres import AGAIN, DOWN, MOST, STATEMENT, Host, Hosts, Result, Unanswered, translated

T = TypeVar("T")
Row = tuple[Any, ...]
CONTROL = "wakhan"  # the schema of what is published; see kb.postgres_schema
LAYOUT = f"{SCHEMA}.2"  # of a generation's tables: the store's schema, and a number for those that indexes are over
WHOLE = "text IS NOT NULL"  # of a document, on the server of its part
FRESH = 1.0  # seconds for which a server is believed to hold the generation that it was seen to hold
HANG = 0.8  # of what an answer waits for a part: after it a server that hangs is given up for another of the same part
QUICK = 0.25  # seconds to wait for one that failed, where nobody has looked for a while
#: Which part of the collection a server has of a generation; the cast fails where it has none. Standbys: of whichever they know.
LOOK = f"SELECT layout FROM {CONTROL}.generations WHERE schema_name = %(schema)s AND 'documents'::regclass IS NOT NULL"
KNOWN = f"SELECT layout FROM {CONTROL}.generations ORDER BY number DESC"


def shard_of(document_id: str, shards: int) -> int:
    """Which of so many servers has a document, from 0: by its id alone, the same in every program and generation."""
    return int.from_bytes(hashlib.sha256(document_id.encode()).digest()[:8]) % shards


def layout_of(number: int, shards: int) -> str:
    """What is written beside a generation: how its tables are laid out, and which part of how many they are."""
    return LAYOUT if shards == 1 else f"{LAYOUT} {number + 1}/{shards}"


def checked_layout(name: str, told: str, wanted: str) -> None:
    """Raises IndexStale if a server publishes what this program, or this KB_STORE, does not read."""
    if told == wanted:
        return
    (version, _, part), (ours, _, place) = told.partition(" "), wanted.partition(" ")
    if version != ours:
        raise IndexStale(
            f"{name} publishes what another version of this program wrote (layout {version}, this one reads {ours}). "
            "Run `python -m ingest reindex` with this KB_STORE to publish it anew, or use that version."
        )
    raise IndexStale(
        f"{name} holds part {part or '1/1'} of the collection, KB_STORE names it as part {place or '1/1'}. Name all servers in "
        "the order in which they were published to, or run `python -m ingest reindex` with this KB_STORE to divide it anew."
    )


def why(error: StoreUnavailable) -> str:
    return error.failures if isinstance(error, Unanswered) else str(error)


class Shard:
    """One part of the collection, on a primary and its standbys. `lacking` tells why it cannot be asked now, "" if it can."""

    def __init__(self, hosts: Hosts, number: int, shards: int, limit: float) -> None:
        """`limit`: seconds that an answer waits for it."""
        self.hosts = hosts
        self._patience = HANG * limit if shards > 1 else 0.0
        self.number = number
        self.layout = layout_of(number, shards)
        self.lacking = ""
        self.wrong: IndexStale | None = None
        self._schema = ""
        self._tried = 0.0
        self._looking = threading.Lock()

    @property
    def name(self) -> str:
        return self.hosts.primary.name

    def fetch(self, schema: str, sql: str, parameters: Any = None, *, binary: bool = False) -> list[Row]:
        """Raises SnapshotGone, StoreUnavailable."""
        return self.hosts.fetch(schema, sql, parameters, binary=binary, patience=self._patience)

    def has(self, schema: str) -> bool:
        """It was seen to have the generation just now."""
        return not self.lacking and self._schema == schema and self.tried_since(FRESH)

    def tried_since(self, seconds: float) -> bool:
        return time.monotonic() - self._tried < seconds

    def failed(self, why: str) -> None:
        self.lacking, self._tried = why, time.monotonic()

    def answered(self) -> None:
        """It does again; a look tells what it holds."""
        self.lacking = ""

    def gone(self) -> None:
        """It has no longer what it had."""
        self._schema = ""

    def look(self, schema: str, *, wait: bool = True) -> None:
        """See whether it answers and has the generation. One looks at a time; who does not `wait` leaves it to that one."""
        if not self._looking.acquire(blocking=wait):
            return
        try:
            if self.has(schema):
                return
            self._tried = time.monotonic()
            rows = self.fetch(schema, LOOK, {"schema": schema})
            checked_layout(self.name, str(rows[0][0]) if rows else "", self.layout)
            self._schema, self.wrong, self.lacking = schema, None, ""
        except IndexStale as error:
            self.wrong = error
        except SnapshotGone:
            self.lacking = f"{self.name}: it does not hold the published generation"
        except StoreUnavailable as error:
            self.failed(why(error))
        finally:
            self._looking.release()


class Shards:
    """All parts. Safe to use from several threads."""

    def __init__(self, addresses: Sequence[str], standbys: Sequence[str] = (), seconds: int = STATEMENT) -> None:
        """`standbys`: of any of them, in any order. `seconds`: that a statement may take, twice what an answer waits for a part.
        Raises BadRequest for an address that cannot be read."""
        count = len(addresses)
        self.limit = seconds / 2
        self.shards = [
            Shard(Hosts(address, standbys if count == 1 else (), seconds), number, count, self.limit)
            for number, address in enumerate(addresses)
        ]
        self._unplaced = [] if count == 1 else [Host(address, seconds) for address in standbys]
        self._placed_at = 0.0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MOST * count, thread_name_prefix="shard")

    def __len__(self) -> int:
        return len(self.shards)

    @property
    def name(self) -> str:
        return ", ".join(shard.name for shard in self.shards)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for shard in self.shards:
            shard.hosts.close()
        for host in self._unplaced:
            host.close()

    def scatter(self, schema: str, *, whole: bool = False) -> Scatter:
        """The way to a generation's rows. `whole`: a part that is missing is an error. Raises IndexStale if a server has another
        part than KB_STORE says, PartMissing, StoreUnavailable if none answers."""
        if len(self) == 1:
            return Scatter(self, schema, whole=whole)
        self._place()
        alive = [shard for shard in self.shards if not shard.lacking and not shard.has(schema)]
        for shard in self.at_once(alive, lambda shard: shard.look(schema)).late:
            shard.failed(self.late(shard))
        self._probe(schema)
        for shard in self.shards:
            if shard.wrong is not None:
                raise shard.wrong
        return Scatter(self, schema, whole=whole)

    def late(self, shard: Shard) -> str:
        return f"{shard.name}: no answer in {self.limit:.0f} s"

    def at_once(self, shards: Iterable[Shard], work: Callable[[Shard], T]) -> Gathered[T]:
        """What `work` gives for each, or raises; those that take longer than the limit are left to themselves."""
        futures = {shard: self._threads.submit(work, shard) for shard in shards}
        wait(futures.values(), timeout=self.limit)
        return Gathered(futures)

    def _probe(self, schema: str) -> None:
        """Look in the background after those that failed, every second at most, so that no question waits for them; after a pause
        in which nobody asked, for a moment."""
        lacking = [shard for shard in self.shards if shard.lacking and not shard.tried_since(AGAIN)]
        waited_for = [shard for shard in lacking if not shard.tried_since(DOWN)]
        futures = {shard: self._threads.submit(shard.look, schema, wait=False) for shard in lacking}
        wait([futures[shard] for shard in waited_for], timeout=QUICK)

    def _place(self) -> None:
        """Find out whose standby each of those is of which that is not known yet."""
        with self._lock:
            if not self._unplaced or time.monotonic() - self._placed_at < AGAIN:
                return
            first, self._placed_at = not self._placed_at, time.monotonic()
            futures = [self._threads.submit(self._placed, host) for host in self._unplaced]
        wait(futures, timeout=self.limit if first else 0)  # one that is down is asked again, and not waited for

    def _placed(self, host: Host) -> None:
        try:
            rows = host.fetch(CONTROL, KNOWN, None)
        except psycopg.Error:
            return  # it is asked again with a later question; `check` tells of it
        known = {str(layout) for (layout,) in rows}
        for shard in self.shards:
            if shard.layout in known:
                with self._lock:
                    if host in self._unplaced:
                        self._unplaced.remove(host)
                        shard.hosts.standbys = [*shard.hosts.standbys, host]
                return


class Gathered(Generic[T]):
    """Futures by shard, of which some may not be done."""

    def __init__(self, futures: dict[Shard, Future[T]]) -> None:
        self.done = {shard: future for shard, future in futures.items() if future.done()}
        self.late = [shard for shard in futures if shard not in self.done]
        for shard in self.late:
            futures[shard].cancel()


class Scatter:
    """One reading's way to the parts of a generation. A part that failed stays missing to the reading's end, so that no answer is
    with it in one half and without it in the other."""

    def __init__(self, shards: Shards, schema: str, *, whole: bool = False) -> None:
        self._shards = shards
        self._schema = schema
        self._whole = whole
        self._lost = {shard: shard.lacking for shard in shards.shards if shard.lacking}
        if len(self._lost) == len(shards):
            raise Unanswered(list(self._lost.values()))
        self._refuse()

    def __len__(self) -> int:
        return len(self._shards)

    def missing(self) -> tuple[str, ...]:
        """Names of the servers whose parts are missing from what was read until now."""
        return tuple(shard.name for shard in self._shards.shards if shard in self._lost)

    def everywhere(self, sql: str, parameters: Any = None, *, binary: bool = False) -> list[Row]:
        """The rows of all parts, one part after the other. Raises SnapshotGone, StoreUnavailable if none is left."""
        if len(self) == 1:
            return self._shards.shards[0].fetch(self._schema, sql, parameters, binary=binary)
        asked = [shard for shard in self._shards.shards if shard not in self._lost]
        gathered = self._shards.at_once(asked, lambda one: one.fetch(self._schema, sql, parameters, binary=binary))
        found = []
        for shard, future in gathered.done.items():
            try:
                found += future.result()
            except SnapshotGone:
                shard.gone()
                raise
            except StoreUnavailable as error:
                self._lose(shard, why(error))
        for shard in gathered.late:
            self._lose(shard, self._shards.late(shard))
        if len(self._lost) == len(self):
            raise Unanswered(list(self._lost.values()))
        self._refuse()
        return found

    def at(self, number: int, sql: str, parameters: Any = None) -> list[Row]:
        """The rows of one part. Raises PartMissing, SnapshotGone."""
        shard = self._shards.shards[number]
        if len(self) == 1:
            return shard.fetch(self._schema, sql, parameters)
        rows = self._one(shard, sql, parameters)
        if rows is None:
            raise PartMissing(
                f"what is asked for is in a part of the collection whose server does not answer ({self._lost[shard]}). The other "
                "parts do; ask again in a while, or start that server."
            )
        return rows

    def anywhere(self, sql: str, parameters: Any = None) -> list[Row]:
        """The rows of what every part has in full. Raises SnapshotGone, StoreUnavailable if none is left."""
        if len(self) == 1:
            return self._shards.shards[0].fetch(self._schema, sql, parameters)
        start = time.monotonic_ns() // 1000 % len(self)  # in turn, as it comes
        for number in range(len(self)):
            rows = self._one(self._shards.shards[(start + number) % len(self)], sql, parameters)
            if rows is not None:
                return rows
        raise Unanswered(list(self._lost.values()))

    def _one(self, shard: Shard, sql: str, parameters: Any) -> list[Row] | None:
        """None from a part that is missing."""
        if shard in self._lost:
            return None
        gathered = self._shards.at_once([shard], lambda one: one.fetch(self._schema, sql, parameters))
        try:
            if gathered.done:
                return gathered.done[shard].result()
            self._lose(shard, self._shards.late(shard))
        except SnapshotGone:
            shard.gone()
            raise
        except StoreUnavailable as error:
            self._lose(shard, why(error))
        self._refuse()
        return None

    def _lose(self, shard: Shard, why: str) -> None:
        shard.failed(why)
        self._lost[shard] = why

    def _refuse(self) -> None:
        if self._whole and self._lost:
            raise PartMissing(f"a part of the collection cannot be read ({'; '.join(self._lost.values())}); all are needed here.")


class GenerationRows:
    """The rows of one generation, wherever they are: kb.ports.Divided."""

    def __init__(self, scatter: Scatter) -> None:
        self._scatter = scatter

    def execute(self, sql: str, parameters: Any = (), /) -> Result:
        return Result(self._scatter.anywhere(translated(sql), _values(parameters)))

    def of_document(self, document_id: str) -> Rows:
        return _DocumentRows(self._scatter, document_id)

    def gathered(self, sql: str, parameters: Any, order: Callable[[Any], Any] | None) -> Result:
        rows = self._scatter.everywhere(translated(sql), _values(parameters))
        if order is not None and len(self._scatter) > 1:
            rows.sort(key=order)
        return Result(rows)


class _DocumentRows:
    """Those of the part that a document is in. Of a document that there is not, none, also if that part is missing."""

    def __init__(self, scatter: Scatter, document_id: str) -> None:
        self._scatter = scatter
        self._id = document_id

    def execute(self, sql: str, parameters: Any = (), /) -> Result:
        try:
            return Result(self._scatter.at(shard_of(self._id, len(self._scatter)), translated(sql), _values(parameters)))
        except PartMissing:
            if self._scatter.anywhere("SELECT 1 FROM documents WHERE id = %(id)s", {"id": self._id}):
                raise
            return Result([])


def _values(parameters: Any) -> Any:
    return parameters if isinstance(parameters, dict) else tuple(parameters)
