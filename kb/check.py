"""Do store, index and originals agree? Each finding is a sentence that names the remedy."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from kb.config import Settings
from kb.connections import connect_reader
from kb.embed import model_identity
from kb.errors import IndexMissing, IndexStale
from kb.generations import open_snapshot
from kb.staging import OPEN, STORE_FILE, original_path
from kb.store import published_generation


def check(settings: Settings) -> list[str]:
    """Findings, none if all is well. Reads every passage and every original; writes nothing. Raises IndexMissing."""
    path = settings.home / STORE_FILE
    if not path.exists():
        raise IndexMissing(f"there is no index under {settings.home}. Run `python -m ingest reindex` to make it.")
    with closing(connect_reader(path)) as connection:
        findings = _sqlite(connection)
        findings += _spans(connection)
        findings += _originals(connection, settings.home)
        findings += _index(connection, settings)
    return findings


def _sqlite(connection: sqlite3.Connection) -> list[str]:
    rows = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    return (
        []
        if rows == ["ok"]
        else [f"the store is damaged ({'; '.join(rows)}); restore it from a backup or delete it and re-index."]
    )


def _spans(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        """SELECT d.uri, count(*) FROM passages AS p JOIN documents AS d ON d.num = p.document
           WHERE substr(d.text, p.start + 1, p."end" - p.start) != p.text GROUP BY d.num"""
    )
    return [
        f"{uri}: {count} passages are not the document's text at their place; run `python -m ingest reindex --full`."
        for uri, count in rows
    ]


def _originals(connection: sqlite3.Connection, home: Path) -> list[str]:
    findings = []
    for uri, sha256 in connection.execute(f"SELECT source_uri, original_sha256 FROM documents WHERE {OPEN} GROUP BY 1, 2"):
        path = original_path(home, sha256)
        if not path.is_file():
            findings.append(f"{uri}: its original is missing; run `python -m ingest reindex --full`.")
        elif _sha256(path) != sha256:
            findings.append(f"{uri}: its original {path} has changed; delete it and run `python -m ingest reindex --full`.")
    return findings


def _index(connection: sqlite3.Connection, settings: Settings) -> list[str]:
    generation = published_generation(connection)
    try:
        snapshot = open_snapshot(settings.home, generation, *model_identity(settings))
    except (IndexMissing, IndexStale) as error:
        return [str(error)]
    (stored,) = connection.execute(
        """SELECT count(*) FROM passages AS p JOIN documents AS d ON d.num = p.document
           WHERE d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)""",
        {"g": generation},
    ).fetchone()
    snapshot.words.close()
    if stored != snapshot.manifest.passages:
        return [f"the store has {stored} passages, the index {snapshot.manifest.passages}; delete its folder and re-index."]
    return []


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
