"""What the store knows of files themselves: their hashes at their last `stat`, so that a file need not be opened again."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable
from typing import NamedTuple

from kb.connections import transaction
from kb.records import SourceFile


class KnownFile(NamedTuple):
    """As in SourceFile."""

    stat: str
    sha256: str
    content_sha256: str
    media_type: str


def known_files(connection: sqlite3.Connection, collection: str) -> dict[str, KnownFile]:
    """By uri."""
    rows = connection.execute(
        "SELECT uri, stat, sha256, content_sha256, media_type FROM files WHERE collection = ?", (collection,)
    )
    return {
        uri: KnownFile(stat, sha256, sha256 if content == sha256 else content, sys.intern(media_type))  # of a million, few differ
        for uri, stat, sha256, content, media_type in rows
    }


def record_files(connection: sqlite3.Connection, found: Iterable[SourceFile], gone: Iterable[str]) -> None:
    """Keep what discovery found of files, and forget those that are gone, in one transaction."""
    rows = [(f.uri, f.uri.partition("/")[0], f.stat, f.sha256, f.content_sha256, f.media_type) for f in found]
    with transaction(connection):
        connection.executemany("DELETE FROM files WHERE uri = ?", ((uri,) for uri in gone))
        connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
