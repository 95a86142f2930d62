"""Reading in processes, embedding in a thread, writing here: all at once, with bounded amounts waiting between them.

What has been read is stored at once and embedded from the store, so that a kill loses a batch at the most, and memory does not
grow with the collection: reading may run ahead of the model by any number of files, on disk.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Thread

from ingest.embedding import BATCH
from ingest.local_runner import LocalRunner
from ingest.plan import METADATA, Change
from ingest.prepare import failure_of, no_passage, prepared
from ingest.progress import Progress
from ingest.stop import Stop
from ingest.tally import Tally
from ingest.tools import Embedded, Embeds, Read, Reading, Tools
from kb.records import Failure, Parsed, SourceFile
from kb.staging import MissingVector, StagedDocument, Staging

WAIT = 0.2  # seconds between looks at signals and clocks while nothing arrives


class Pipeline:
    """One run over the files to read, and over what earlier runs left without vectors."""

    def __init__(self, staging: Staging, tools: Tools, tally: Tally, progress: Progress, stop: Stop) -> None:
        self._staging = staging
        self._tools = tools
        self._runner = tools.runner or LocalRunner()
        self._tally = tally
        self._progress = progress
        self._stop = stop
        self._inbox: SimpleQueue[Read | Embedded | BaseException | None] = SimpleQueue()
        self._held: deque[Read] = deque()  # files that were read while a publish waits for the model
        self._room = BoundedSemaphore(2 * max(1, tools.jobs))
        self._given_up = Event()
        self._embedder: Embeds | None = None
        self._flying: set[bytes] = set()
        self._batches = self._cursor = 0
        self._fresh = 0  # passages stored since the store was last asked for those without a vector
        self._more = True  # whether it may have more of them: a run before may have left some
        self._unpublished = 0
        self._reading = False

    def run(self, added: Sequence[SourceFile], changed: Sequence[Change]) -> None:
        """Read, store and embed. Raises Stopped after the transaction at hand if a signal came."""
        files = [*added, *(change.file for change in changed)]
        reader = Thread(target=self._read, args=(files,), name="reading", daemon=True)
        try:
            if files:
                self._reading = True
                reader.start()
                self._store_all({change.file.uri: change for change in changed})
            if self._tools.may_embed:
                self._drain()
        finally:
            self._given_up.set()
            if not isinstance(sys.exception(), KeyboardInterrupt):  # a second signal waits for nothing
                self._wind_up(reader if files else None)

    def _store_all(self, changes: Mapping[str, Change]) -> None:
        began = time.monotonic()
        while self._reading or self._held:
            self._feed()
            if (item := self._next_read()) is not None:
                self._store(*item, changes.get(item[0].uri))
            if self._tools.may_embed and self._tools.publish_every and self._unpublished >= self._tools.publish_every:
                self._drain()
                self._tools.publish()
                self._unpublished = 0
        self._tally.spend("reading", time.monotonic() - began)

    def _wind_up(self, reader: Thread | None) -> None:
        """End both threads; what the model had at hand is kept."""
        if reader:
            reader.join()
        if self._embedder:
            self._embedder.end()
        while not self._inbox.empty():
            if isinstance(item := self._inbox.get(), Embedded):
                self._keep(item)

    # ---- reading ---------------------------------------------------------------------------------------------------------

    def _read(self, files: Iterable[SourceFile]) -> None:
        """In a thread: pass on each file's documents, never more than there is room for."""
        tools = self._tools
        reading = Reading(tools.jobs, tools.engine, tools.passwords, self._progress.say, self._given_up)
        try:
            for read in self._runner.read(files, reading):
                while not self._room.acquire(timeout=WAIT):
                    if self._given_up.is_set():
                        return
                self._inbox.put(read)
            self._inbox.put(None)
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits, which raises it)
            self._inbox.put(error)

    def _next_read(self) -> Read | None:
        """The next file that was read, if one came; batches that came back are stored on the way."""
        item = self._held.popleft() if self._held else self._take()
        if item is None:
            return None
        self._room.release()
        return item

    def _store(self, source: SourceFile, result: tuple[Parsed, ...] | Failure, change: Change | None) -> None:
        began = time.monotonic()
        tools, tally = self._tools, self._tally
        staged: list[StagedDocument] | Failure
        if isinstance(result, Failure):
            staged = failure_of(source, result)
        else:
            staged = prepared(source, result, self._staging, tools.versions, tools.encoder().count_tokens)
        self._progress.counts.files += 1
        if isinstance(staged, Failure):
            tally.fail(staged, self._progress)
            tally.kept(source.uri)
        else:
            for item in staged:
                if not item.passages:
                    tally.fail(no_passage(item.document.uri), self._progress)
            kept = [item for item in staged if item.passages]
            metadata_only = change is not None and change.reason == METADATA
            self._staging.replace_source(source.uri, kept, metadata_only=metadata_only)
            tally.stored(source.uri, kept, is_move=change is not None and bool(change.before))
            passages = sum(len(item.passages) for item in kept)
            self._fresh += passages
            self._progress.counts.staged += passages
            self._unpublished += len(kept)
        tally.spend("storing", time.monotonic() - began)
        self._progress.tick()

    # ---- embedding -------------------------------------------------------------------------------------------------------

    def _feed(self, *, all_of_it: bool = False) -> bool:
        """Hand the model what the store lacks: whole batches while it is busy, whatever there is when it is not. Whether there
        is no more."""
        while (
            self._tools.may_embed
            and self._batches < self._runner.ahead
            and (all_of_it or self._more or self._fresh >= BATCH or (self._fresh and not self._batches))
        ):
            missing, cursor = self._staging.missing_after(self._tools.model, BATCH, self._cursor)
            self._more = 2 * len(missing) > BATCH
            self._fresh = max(self._fresh - len(missing), 0) if self._more else 0
            if cursor == self._cursor:
                return True
            self._cursor = cursor
            self._give([item for item in missing if item.key not in self._flying])
        return False

    def _give(self, batch: list[MissingVector]) -> None:
        if not batch:
            return
        if self._embedder is None:
            self._embedder = self._runner.embedder(self._tools.encoder, self._inbox.put)
        self._flying |= {item.key for item in batch}
        self._progress.counts.waiting += len(batch)
        self._batches += 1
        self._embedder.give(batch)

    def _drain(self) -> None:
        """Wait until everything that is staged is embedded. A second pass finds what was numbered behind the first."""
        for _ in range(2):
            ended = False
            while not ended or self._batches:
                ended = ended or self._feed(all_of_it=True)
                if self._batches and (item := self._take()) is not None:
                    self._held.append(item)
            self._cursor = 0

    def _take(self) -> Read | None:
        """Wait a little for what arrives. A batch is stored at once; a file that was read is returned."""
        self._stop.check()
        try:
            item = self._inbox.get(timeout=WAIT)
        except Empty:
            self._progress.tick()
            return None
        if isinstance(item, BaseException):
            raise item
        if item is None:
            self._reading = False
        if isinstance(item, Embedded):
            self._keep(item)
            return None
        return item

    def _keep(self, batch: Embedded) -> None:
        began = time.monotonic()
        self._staging.add_vectors(self._tools.model, batch.items)
        self._batches -= 1
        self._flying.difference_update(key for key, _, _ in batch.items)
        self._tally.embedded += len(batch.items)
        self._tally.spend("embedding", batch.seconds)
        self._tally.spend("storing", time.monotonic() - began)
        self._progress.counts.embedded += len(batch.items)
        self._progress.counts.waiting -= len(batch.items)
        self._progress.tick()
