"""The store that needs no server: SQLite for rows, files under KB_HOME for the indexes of each generation."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from threadpoolctl import threadpool_limits

from kb import store
from kb.connections import ReaderPool, store_error
from kb.errors import IndexMissing, IndexStale
from kb.generations import Snapshot, open_snapshot, vector_model
from kb.migrations import check_not_older, schema_of
from kb.ports import Reading
from kb.staging import STORE_FILE, original_path


class EmbeddedSource:
    """Readings of what is published under KB_HOME; safe to use from several threads."""

    def __init__(self, home: Path, identity: tuple[str, str]) -> None:
        self._home = home
        self._identity = identity
        self._pool = ReaderPool(home / STORE_FILE)
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def close(self) -> None:
        self._pool.close()
        if self._snapshot is not None:
            self._snapshot.close()

    def original(self, sha256: str) -> Path:
        return original_path(self._home, sha256)

    def reading(self) -> Reading:
        """The newest published generation; opened when it is first seen."""
        path = self._home / STORE_FILE
        try:
            connection = self._pool.get()
            with self._lock:
                return Reading(self._newest(connection), connection)
        except sqlite3.OperationalError as error:
            if path.exists():
                raise store_error(path, error) from error
            raise IndexMissing(f"there is no index under {path.parent}. Run `python -m ingest reindex` to make it.") from error
        except sqlite3.DatabaseError as error:
            raise store_error(path, error) from error

    def _newest(self, connection: sqlite3.Connection) -> Snapshot:
        generation = store.published_generation(connection)
        if self._snapshot is None or self._snapshot.manifest.generation != generation:
            try:
                # The old snapshot is dropped, not closed: another thread may be in the middle of an answer with it.
                self._snapshot = self._opened(generation, connection)
            except IndexStale:
                if store.published_generation(connection) == generation:
                    raise
                return self._newest(connection)  # it was published over and taken away while it was opened
        return self._snapshot

    def _opened(self, generation: int, connection: sqlite3.Connection) -> Snapshot:
        check_not_older(schema_of(connection))
        # One thread a product: the encoder's threads still spin when it is done, and a product that shared itself out among
        # numpy's waited for them, 390 ms instead of 2. Several questions at once use the other cores.
        threadpool_limits(1, user_api="blas")
        snapshot = open_snapshot(self._home, generation, *self._identity)
        first = [int(num) for num in snapshot.passages[:1]]
        if first and not store.token_codes(connection, first, vector_model(*self._identity)):
            raise IndexStale(
                f"the token vectors under {self._home} were made by another version of this program. "
                "Run `python -m ingest reindex` to make them anew."
            )
        return snapshot
