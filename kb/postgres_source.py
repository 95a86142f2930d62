"""Readings of what is published in PostgreSQL: the newest generation that the primary names; while it does not answer, the newest
that a standby knows, told to be stale."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from kb import store
from kb.errors import IndexMissing, IndexStale, StoreUnavailable, WriteFailed
from kb.manifest import PARTIAL, vector_model
from kb.migrations import SCHEMA
from kb.ports import Reading
from kb.postgres import CONNECT, GenerationRows, Host, Hosts, reason, unavailable
from kb.postgres_search import Generation, PostgresSnapshot, opened
from kb.records import IndexManifest
from kb.staging import original_path

LAYOUT = f"{SCHEMA}.1"  # of a generation's tables: the store's schema, and a number for those that indexes are over
CONTROL = "wakhan"  # the schema of what is published; see kb.postgres_schema
PUBLISHED = f"""SELECT g.number, g.schema_name, g.manifest, g.mean_length, g.layout FROM {CONTROL}.generations AS g
 JOIN {CONTROL}.published AS p ON p.number = g.number"""
REINDEX = "Run `python -m ingest reindex` with this KB_STORE"


class PostgresSource:
    """Safe to use from several threads."""

    def __init__(self, hosts: Hosts, identity: tuple[str, str], home: Path) -> None:
        """Originals that are asked for are kept under `home`."""
        self._hosts = hosts
        self._home = home
        self._identity = identity
        self._lock = threading.Lock()
        self._known: tuple[Generation, PostgresSnapshot] | None = None

    def close(self) -> None:
        self._hosts.close()

    def reading(self) -> Reading:
        """Raises IndexMissing, IndexStale, StoreUnavailable."""
        generation, stale = self._newest()
        snapshot = self._snapshot(generation)
        if stale:
            snapshot = replace(snapshot, manifest=replace(snapshot.manifest, stale=True))
        return Reading(snapshot, GenerationRows(self._hosts, generation.schema))

    def original(self, sha256: str) -> Path:
        """Fetched from the store where it is not here already. Raises WriteFailed, StoreUnavailable."""
        path = original_path(self._home, sha256)
        if path.is_file():
            return path
        rows = self._hosts.fetch(CONTROL, "SELECT content FROM originals WHERE sha256 = %(name)s", {"name": sha256})
        if rows and hashlib.sha256(rows[0][0]).hexdigest() == sha256:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.parent.with_name(f"{os.getpid()}.{threading.get_ident()}{PARTIAL}")
                partial.write_bytes(rows[0][0])
                partial.replace(path)
            except OSError as error:
                raise WriteFailed(
                    f"an original cannot be kept in {path.parent} ({error}); free space or mend the disk."
                ) from error
        return path

    def _newest(self) -> tuple[Generation, bool]:
        hosts = self._hosts
        failures = []
        try:
            return asked(hosts.primary)[1], False
        except psycopg.OperationalError as error:
            failures.append(f"{hosts.primary.name}: {reason(error)}")
        found = []
        for host in hosts.standbys:
            try:
                found.append(asked(host))
            except psycopg.OperationalError as error:
                failures.append(f"{host.name}: {reason(error)}")
        if not found:
            raise unavailable(failures)
        return max(found, key=lambda one: one[0])[1], True

    def _snapshot(self, generation: Generation) -> PostgresSnapshot:
        with self._lock:
            known = self._known
        if known is not None and known[0] == generation:
            return known[1]
        manifest = generation.manifest
        if (manifest.model, manifest.model_digest) != self._identity:
            model, digest = self._identity
            raise IndexStale(
                f"the index was made with the model {manifest.model} ({manifest.model_digest[:12]}), but {model} "
                f"({digest[:12]}) is configured. {REINDEX} to embed the collection with it, or set KB_MODEL back."
            )
        snapshot = opened(self._hosts, generation, manifest)
        rows = GenerationRows(self._hosts, generation.schema)
        if manifest.passages and not store.token_codes(rows, [0], vector_model(*self._identity)):
            raise IndexStale(
                f"the token vectors in the store were made by another version of this program. {REINDEX} to make them anew."
            )
        with self._lock:
            self._known = generation, snapshot
        return snapshot


def asked(host: Host) -> tuple[int, Generation]:
    """The number and what a server names as published. Raises psycopg.OperationalError, IndexMissing, IndexStale,
    StoreUnavailable."""
    try:
        rows = host.fetch("public", PUBLISHED, None, patience=CONNECT)
    except psycopg.OperationalError:
        raise
    except psycopg.errors.UndefinedTable:
        rows = []
    except psycopg.Error as error:
        raise StoreUnavailable(f"the store on {host.name} cannot be read ({reason(error)}); see docs/postgresql.md.") from error
    if not rows:
        raise IndexMissing(f"nothing has been published to {host.name} yet. {REINDEX} to make the index.")
    ((number, schema, manifest, mean_length, layout),) = rows
    if layout != LAYOUT:
        raise IndexStale(
            f"{host.name} publishes what another version of this program wrote (layout {layout}, this one reads {LAYOUT}). "
            f"{REINDEX} to publish it anew, or use that version."
        )
    return int(number), generation_of(schema, manifest, mean_length)


def generation_of(schema: str, manifest: str, mean_length: float) -> Generation:
    """Raises IndexStale for a manifest of another version."""
    try:
        fields: dict[str, Any] = json.loads(manifest)
        return Generation(schema, IndexManifest(**fields), float(mean_length))
    except (ValueError, TypeError) as error:
        raise IndexStale(f"the manifest of {schema} cannot be read ({error}). {REINDEX} to publish it anew.") from error
