"""SQLite connections: one per thread for readers, one for the writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from kb.errors import StoreDamaged, WriteFailed

BUSY_TIMEOUT_MS = 10_000  # a checkpoint on a slow disk; readers in WAL mode otherwise never wait
AUTO_VACUUM = "INCREMENTAL"  # of a new file: `gc` gives space back in steps; it turns an old file over once


def connect_reader(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open an existing file for reading alone. Raises sqlite3.OperationalError if it does not exist."""
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if immutable else ''}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only = ON")
    return connection


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open or create a file for writing, in WAL mode, each commit on disk before it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute(f"PRAGMA auto_vacuum = {AUTO_VACUUM}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, also when the block is interrupted."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself has rolled back where the disk was full
            connection.execute("ROLLBACK")
        raise


#: The disk's, the permissions' or another process's fault, and none of this program.
OUTSIDE = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
)  # fmt: skip


def store_error(path: Path, error: sqlite3.Error) -> Exception:
    """What a user has to know of an error of the store's file at `path`; the error itself where that is a fault of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte names the class of an extended code
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(
            f"the store {path} is damaged ({error}). Restore a backup with `python -m kb restore PATH --force`; without one, "
            f"move the folder {path.parent} away and run `python -m ingest reindex` to make everything anew."
        )
    if code not in OUTSIDE:
        return error
    return WriteFailed(
        f"the store {path} cannot be used ({error}). What is published is as it was; free space or mend the disk and its "
        "permissions, then run the same command again: nothing that was done is done twice."
    )


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Errors of the store at `path` leave the block in words for a user (see `store_error`)."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(path, error) from error


class ReaderPool:
    """One read-only connection per thread to one file, opened when first asked for."""

    def __init__(self, path: Path, *, immutable: bool = False) -> None:
        self._path = path
        self._immutable = immutable
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[sqlite3.Connection] = []

    def get(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect_reader(self._path, immutable=self._immutable)
            with self._lock:
                self._opened.append(connection)
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close every thread's connection; the pool is of no use afterwards."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
