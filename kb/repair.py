"""What `check --repair` does for each kind of finding.

Nothing here invents: indexes are built again from the store, originals are taken from their folders if they are unchanged, and
what has to come from a file or a model is marked for the next re-index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote

from kb.connections import transaction
from kb.errors import IndexStale
from kb.findings import Finding
from kb.generations import rebuild
from kb.manifest import folder_of, read_manifest, sha256_of
from kb.staging import DROPPED, OPEN, Staging, collections, original_path


def mend(staging: Staging, findings: Iterable[Finding]) -> list[str]:
    """Apply the remedies, the store's before the indexes'; returns a sentence for each thing done."""
    order = list(REMEDIES)
    done = []
    for finding in sorted(findings, key=lambda one: order.index(one.code)):
        try:
            done.append(REMEDIES[finding.code](staging, finding))
        except IndexStale as error:
            done.append(f"could not mend {finding.code}: {error}")
    return done + [f"removed {name}, left by a killed run" for name in staging.leftovers]


def _reindex_store(staging: Staging, finding: Finding) -> str:
    staging.connection.execute("REINDEX")
    return "made the indexes inside the store again from its rows"


def _delete_orphans(staging: Staging, finding: Finding) -> str:
    count = 0
    with transaction(staging.connection) as connection:
        for table in finding.subject:
            for _, _, parent, column, target, *_ in connection.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
                count += connection.execute(
                    f"""DELETE FROM "{table}" WHERE NOT EXISTS
                        (SELECT 1 FROM "{parent}" AS t WHERE t."{target}" = "{table}"."{column}")"""
                ).rowcount
    return f"deleted {count} rows that belonged to nothing"


def _read_again(staging: Staging, finding: Finding) -> str:
    """A file whose pipeline is empty counts as changed."""
    with transaction(staging.connection) as connection:
        connection.executemany(
            f"UPDATE documents SET pipeline = '' WHERE source_uri = ? AND {OPEN}", [(uri,) for uri in finding.subject]
        )
    return f"marked {finding.subject[0]} to be read again by the next re-index"


def _drop_vectors(staging: Staging, finding: Finding) -> str:
    with transaction(staging.connection) as connection:
        connection.executemany("DELETE FROM vectors WHERE num = ?", [(num,) for num in finding.subject])
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (DROPPED,))
    return f"dropped {len(finding.subject)} damaged vectors; the next re-index embeds those texts again"


def _fetch_original(staging: Staging, finding: Finding) -> str:
    (sha256,) = finding.subject
    uris = [uri for (uri,) in staging.connection.execute("SELECT source_uri FROM documents WHERE original_sha256 = ?", (sha256,))]
    for uri in uris:
        path = _file_of(staging.connection, uri)
        if path is not None and sha256_of(path) == sha256:
            original_path(staging.home, sha256).unlink(missing_ok=True)
            staging.keep_original(path)
            return f"took the original of {uri} from {path}"
    original_path(staging.home, sha256).unlink(missing_ok=True)
    return _read_again(staging, Finding(finding.code, "", "", subject=tuple(uris)))


def _file_of(connection: sqlite3.Connection, uri: str) -> Path | None:
    name, _, rest = uri.partition("/")
    root = collections(connection).get(name)
    ways = [Path(root, rest), Path(root, unquote(rest))] if root and rest else []
    return next((path for path in ways if path.is_file()), None)


def _rebuild(staging: Staging, finding: Finding) -> str:
    (generation,) = finding.subject
    model, digest = _model_of(staging, int(generation))
    manifest = rebuild(staging, int(generation), model, digest)
    return f"built the index of generation {generation} again: {manifest.passages} passages; start servers anew that had it open"


def _model_of(staging: Staging, generation: int) -> tuple[str, str]:
    """From the manifest; where that is lost, from the vectors, if they are of one model."""
    try:
        manifest = read_manifest(folder_of(staging.home, generation))
        return manifest.model, manifest.model_digest
    except IndexStale:
        names = [name for (name,) in staging.connection.execute("SELECT DISTINCT model FROM vectors")]
        if len(names) != 1:
            raise IndexStale(
                f"the manifest of generation {generation} is lost and the store has vectors of {len(names)} models. "
                "Run `python -m ingest reindex`, which publishes anew."
            ) from None
        model, _, rest = names[0].rpartition("@")
        return model, rest.rpartition("/")[0]


def _migrated(staging: Staging, finding: Finding) -> str:
    return "brought the store's schema up to date"  # Staging did, when it was opened


REMEDIES: dict[str, Callable[[Staging, Finding], str]] = {
    "schema": _migrated,
    "store-index": _reindex_store,
    "orphans": _delete_orphans,
    "spans": _read_again,
    "passages": _read_again,
    "original-missing": _fetch_original,
    "original-changed": _fetch_original,
    "vectors": _drop_vectors,
    "index": _rebuild,
}
