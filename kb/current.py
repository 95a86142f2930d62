"""Whether the published generation holds what is staged: each run asks, and opens no index if it need not."""

from __future__ import annotations

import json
import sqlite3
from importlib import import_module

from kb.connections import transaction
from kb.errors import IndexStale
from kb.manifest import folder_of, is_untouched, read_manifest
from kb.migrations import SCHEMA
from kb.staging import DROPPED, Staging
from kb.store import intermediate_generations, published_generation


def is_current(staging: Staging, model: str, model_digest: str) -> bool:
    """Whether the published generation already holds what is staged, made with this model, and its folder is whole."""
    generation = published_generation(staging.connection)
    if generation == 0:
        return False
    (changed,) = staging.connection.execute(
        """SELECT EXISTS (SELECT 1 FROM documents WHERE gen_from > :g)
           OR EXISTS (SELECT 1 FROM documents WHERE gen_to IS NOT NULL AND gen_to > :g)""",
        {"g": generation},
    ).fetchone()
    if changed:
        return False
    folder = folder_of(staging.home, generation)
    try:
        manifest = read_manifest(folder)
        made_with = (manifest.schema <= SCHEMA, manifest.model, manifest.model_digest)
        if made_with == (True, model, model_digest) and is_untouched(folder):
            return True
        # Files that were copied, or changed, are looked at by what reads them: FAISS and numpy, a quarter of a second to import.
        import_module("kb.generations").open_snapshot(staging.home, generation, model, model_digest).close()
    except IndexStale:
        return False
    return True


def settle(staging: Staging) -> None:
    """A run has ended with everything embedded: the published generation is its result, also where it was published as an
    intermediate one."""
    all_embedded(staging.connection)
    passing, published = intermediate_generations(staging.connection), published_generation(staging.connection)
    if published in passing:
        with transaction(staging.connection) as connection:
            mark_intermediate(connection, passing - {published})


def all_embedded(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM meta WHERE key = ?", (DROPPED,)).fetchone():
        connection.execute("DELETE FROM meta WHERE key = ?", (DROPPED,))


def mark_intermediate(connection: sqlite3.Connection, generations: set[int]) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('intermediate', ?)", (json.dumps(sorted(generations)),))
