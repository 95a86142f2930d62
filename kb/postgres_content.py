"""Vectors and packed token vectors in PostgreSQL: kept once, by content, for all generations that have a passage with that text.

They are most of a collection's bytes, so a publish sends those that the server has not. They are sent before the generation, each
batch committed by itself: nobody reads what no generation names, and a run that is killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

import psycopg

from kb.errors import IndexStale
from kb.postgres_copy import blob, copy, integer
from kb.postgres_schema import execute
from kb.postgres_shards import CONTROL, WHOLE

BATCH = 2_000  # vectors a transaction: 24 MB with their tokens'


def send(server: psycopg.Connection[Any], store: sqlite3.Connection, model: str, part: int) -> int:
    """Send what the server lacks of the vectors of a part of the store's table `placed`, outside of a transaction; from then on
    its table `named` tells their names. Returns how many were sent. Raises IndexStale if one has no token vectors."""
    store.execute(
        """CREATE TEMP TABLE IF NOT EXISTS named
           (part INTEGER NOT NULL, num INTEGER NOT NULL, key BLOB NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (part, num))"""
    )
    store.execute("DELETE FROM named WHERE part = ?", (part,))
    rows = store.execute(
        """SELECT v.num, v.key, v.vector FROM vectors AS v
           WHERE v.model = ? AND v.key IN (SELECT vector_key FROM placed WHERE part = ?) ORDER BY v.num""",
        (model, part),
    )
    sent = 0
    while batch := rows.fetchmany(BATCH):
        named = [(num, key, name(model, key, vector)) for num, key, vector in batch]
        store.executemany(f"INSERT INTO named VALUES ({part}, ?, ?, ?)", named)
        there = _there(server, [sha256 for *_, sha256 in named])
        pairs = zip(named, batch, strict=True)
        lacking = [(num, sha256, vector) for (num, _, sha256), (*_, vector) in pairs if sha256 not in there]
        if lacking:
            whole = ((sha256, vector, _codes(store, num)) for num, sha256, vector in lacking)
            copy(server, f"{CONTROL}.vectors (sha256, vector, codes)", (blob, blob, blob), whole)
        sent += len(lacking)
    if sent:
        execute(server, f"ANALYZE {CONTROL}.vectors")
    return sent


def name(model: str, key: bytes, vector: bytes) -> bytes:
    """What a vector and its token vectors are kept under. The vector itself is in it: another run of a model may have given
    another, and its tokens' with it."""
    return hashlib.sha256(b"\0".join((model.encode(), key, vector))).digest()


def copy_names(server: psycopg.Connection[Any], store: sqlite3.Connection, part: int) -> None:
    """Fill the table of which vectors are the generation's own, in this part."""
    rows = store.execute("SELECT num, key, sha256 FROM named WHERE part = ? ORDER BY num", (part,))
    copy(server, "vector_keys (num, key, sha256)", (integer, blob, blob), rows, frozen=True)
    store.execute("DELETE FROM named WHERE part = ?", (part,))


def forget(server: psycopg.Connection[Any]) -> None:
    """Remove originals and vectors that no generation names: of a divided one, its part here."""
    for table, column, own in (("documents", "original_sha256", f"n.{WHOLE}"), ("vector_keys", "sha256", "true")):
        rows = server.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename = %s AND schemaname LIKE %s", (table, rf"{CONTROL}\_%")
        ).fetchall()
        unnamed = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {schema}.{table} AS n WHERE n.{column} = c.sha256 AND {own})" for (schema,) in rows
        )
        kept = {"documents": "originals", "vector_keys": "vectors"}[table]
        execute(server, f"DELETE FROM {CONTROL}.{kept} AS c WHERE {unnamed or 'true'}")


def _there(server: psycopg.Connection[Any], names: list[bytes]) -> set[bytes]:
    with server.cursor(binary=True) as cursor:
        sql = f"SELECT sha256 FROM {CONTROL}.vectors WHERE sha256 = ANY(%s)"
        return {bytes(sha256) for (sha256,) in cursor.execute(sql.encode(), (names,))}


def _codes(store: sqlite3.Connection, num: int) -> bytes:
    row = store.execute("SELECT codes FROM token_codes WHERE vector = ?", (num,)).fetchone()
    if row is None:
        raise IndexStale("a passage has no token vectors in the store; run `python -m ingest check --repair`, then reindex.")
    return bytes(row[0])
