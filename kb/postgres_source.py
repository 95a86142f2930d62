"""Readings of what is published in PostgreSQL: the newest generation that the primary names; while it does not answer, the newest
that a standby knows, told to be stale."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from kb.errors import IndexMissing, IndexStale, PartMissing, StoreUnavailable, WriteFailed
from kb.manifest import PARTIAL, vector_model
from kb.ports import Reading
from kb.postgres import CONNECT, Host, Unanswered, reason
from kb.postgres_search import Generation, Kept, opened
from kb.postgres_shards import CONTROL, LAYOUT, GenerationRows, Scatter, Shard, Shards, checked_layout, why
from kb.records import IndexManifest
from kb.staging import original_path

PUBLISHED = f"""SELECT g.number, g.schema_name, g.manifest, g.mean_length, g.layout FROM {CONTROL}.generations AS g
 JOIN {CONTROL}.published AS p ON p.number = g.number"""
REINDEX = "Run `python -m ingest reindex` with this KB_STORE"


class PostgresSource:
    """Safe to use from several threads."""

    def __init__(self, shards: Shards, identity: tuple[str, str], home: Path) -> None:
        """Originals that are asked for are kept under `home`."""
        self._shards = shards
        self._home = home
        self._identity = identity
        self._lock = threading.Lock()
        self._known: tuple[Generation, Kept] | None = None

    def close(self) -> None:
        self._shards.close()

    def reading(self) -> Reading:
        """Raises IndexMissing, IndexStale, StoreUnavailable."""
        generation, stale = newest(self._shards)
        scatter = self._shards.scatter(generation.schema)
        manifest = replace(generation.manifest, stale=stale)
        snapshot = opened(scatter, generation, manifest, self._kept(generation, scatter))
        return Reading(snapshot, GenerationRows(scatter), scatter.missing)

    def original(self, sha256: str) -> Path:
        """Fetched from the store where it is not here already. Raises WriteFailed, StoreUnavailable."""
        path = original_path(self._home, sha256)
        if path.is_file():
            return path
        scatter = self._shards.scatter(newest(self._shards)[0].schema)
        rows = scatter.everywhere(f"SELECT content FROM {CONTROL}.originals WHERE sha256 = %(name)s", {"name": sha256})
        if not rows and scatter.missing():
            raise PartMissing(
                f"the original is on a server that does not answer ({', '.join(scatter.missing())}); ask again in a while."
            )
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

    def _kept(self, generation: Generation, scatter: Scatter) -> Kept:
        """What is remembered of a generation, which is checked when it is first seen."""
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
        sql = """SELECT t.vector FROM vectors AS v JOIN token_codes AS t ON t.vector = v.num
                 WHERE v.model = %(model)s AND v.key = (SELECT vector_key FROM passages LIMIT 1)"""
        if manifest.passages and not scatter.everywhere(sql, {"model": vector_model(*self._identity)}):
            raise IndexStale(
                f"the token vectors in the store were made by another version of this program. {REINDEX} to make them anew."
            )
        kept = Kept()
        with self._lock:
            self._known = generation, kept
        return kept


def newest(shards: Shards) -> tuple[Generation, bool]:
    """What the first server publishes: that is the collection's state. While it does not answer, the newest that another of its
    part, or of any part, was told of; and whether that may be stale. Raises IndexMissing, IndexStale, StoreUnavailable."""
    first, *others = shards.shards
    if not others:
        return published(first)[1:]
    asking = [shard for shard in shards.shards if not shard.lacking] or shards.shards  # if none is left, each is tried again
    if first in asking:
        found = _told(shards, [first])
        if found:
            _, generation, stale = found[0]
            return generation, stale
    told = [(number, generation) for number, generation, _ in _told(shards, [shard for shard in others if shard in asking])]
    if not told:
        raise Unanswered([shard.lacking for shard in shards.shards if shard.lacking])
    return max(told, key=lambda one: one[0])[1], True


def _told(shards: Shards, asking: Sequence[Shard]) -> list[tuple[int, Generation, bool]]:
    """What those of them that answer name as published."""
    gathered, found = shards.at_once(asking, published), []
    for shard, future in gathered.done.items():
        try:
            found.append(future.result())
            shard.answered()
        except StoreUnavailable as error:
            shard.failed(why(error))
        except IndexMissing:
            if shard is shards.shards[0]:
                raise
    for shard in gathered.late:
        shard.failed(shards.late(shard))
    return found


def published(shard: Shard) -> tuple[int, Generation, bool]:
    """The number and generation that a server names as published, and whether a standby had to be asked. Raises as `asked`, and
    StoreUnavailable if none of its servers answers."""
    failures, hosts = [], shard.hosts
    try:
        return *asked(hosts.primary, shard.layout), False
    except psycopg.OperationalError as error:
        failures.append(f"{hosts.primary.name}: {reason(error)}")
    found = []
    for host in hosts.standbys:
        try:
            found.append(asked(host, shard.layout))
        except psycopg.OperationalError as error:
            failures.append(f"{host.name}: {reason(error)}")
    if not found:
        raise Unanswered(failures)
    return *max(found, key=lambda one: one[0]), True


def asked(host: Host, wanted: str = LAYOUT) -> tuple[int, Generation]:
    """The number and what a server names as published, in the layout `wanted`. Raises psycopg.OperationalError, IndexMissing,
    IndexStale, StoreUnavailable."""
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
    checked_layout(host.name, str(layout), wanted)
    return int(number), generation_of(schema, manifest, mean_length)


def generation_of(schema: str, manifest: str, mean_length: float) -> Generation:
    """Raises IndexStale for a manifest of another version."""
    try:
        fields: dict[str, Any] = json.loads(manifest)
        return Generation(schema, IndexManifest(**fields), float(mean_length))
    except (ValueError, TypeError) as error:
        raise IndexStale(f"the manifest of {schema} cannot be read ({error}). {REINDEX} to publish it anew.") from error
