"""The tables in PostgreSQL: what is published, as numbered steps, and those of one generation, made of the store's own.

A generation's tables have the names and columns of kb.migrations, so that the same statements read both; beside them stand those
that its indexes are over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kb.errors import IndexStale
from kb.postgres_shards import CONTROL

READER = "wakhan_reader"  # a role that an administrator may make; who has it may read what is published, and no more
LEAST_PGVECTOR = (0, 8)  # of iterative scans
TYPES = {"TEXT": 'text COLLATE "C"', "INTEGER": "bigint", "REAL": "float8", "BLOB": "bytea"}

MIGRATIONS = (
    f"""
CREATE TABLE {CONTROL}.generations (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schema_name text NOT NULL UNIQUE,
  generation bigint NOT NULL,
  digest text NOT NULL,
  layout text NOT NULL,
  manifest text NOT NULL,
  mean_length float8 NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE {CONTROL}.published (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  number bigint NOT NULL REFERENCES {CONTROL}.generations (number)
);
CREATE TABLE {CONTROL}.originals (sha256 text PRIMARY KEY, content bytea NOT NULL)""",
    f"""
CREATE TABLE {CONTROL}.vectors (sha256 bytea PRIMARY KEY, vector bytea NOT NULL, codes bytea NOT NULL);
ALTER TABLE {CONTROL}.vectors ALTER codes SET STORAGE EXTERNAL""",
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the store that every generation has: its columns (name, type of SQLite) and the names of its key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]


def migrate(connection: psycopg.Connection[Any]) -> None:
    """Make what is missing, under the caller's lock. Raises IndexStale if a newer program wrote here, or pgvector is too old."""
    with connection.transaction():
        connection.execute(b"CREATE EXTENSION IF NOT EXISTS vector")
        ((version,),) = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchall()
        if tuple(int(part) for part in str(version).split(".")[:2]) < LEAST_PGVECTOR:
            raise IndexStale(f"the database has pgvector {version}; 0.8.0 or newer is needed. ALTER EXTENSION vector UPDATE.")
        execute(connection, f"CREATE SCHEMA IF NOT EXISTS {CONTROL}")
        execute(connection, f"CREATE TABLE IF NOT EXISTS {CONTROL}.migrations (number integer PRIMARY KEY)")
        ((done,),) = execute(connection, f"SELECT coalesce(max(number), 0) FROM {CONTROL}.migrations").fetchall()
        if done > len(MIGRATIONS):
            raise IndexStale(f"the database has schema {done}, this program knows {len(MIGRATIONS)}: use the newer program.")
        for number, step in enumerate(MIGRATIONS[done:], done + 1):
            execute(connection, step)
            execute(connection, f"INSERT INTO {CONTROL}.migrations VALUES ({number})")
        grant(connection, CONTROL)


def execute(connection: psycopg.Connection[Any], statement: str, parameters: Any = None) -> psycopg.Cursor[Any]:
    return connection.execute(statement.encode(), parameters)


def grant(connection: psycopg.Connection[Any], schema: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (READER,)).fetchone():
        execute(connection, f"GRANT USAGE ON SCHEMA {schema} TO {READER}")
        execute(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {READER}")


def tables_of(store: sqlite3.Connection) -> list[Table]:
    """`documents`, and whatever belongs to one of them or tells where they came from."""
    names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = []
    for name in names:
        rows = store.execute(f"PRAGMA table_info({name})").fetchall()
        columns = tuple((str(row[1]), str(row[2])) for row in rows)
        if name in ("documents", "collections") or "document" in dict(columns):
            key = [row for row in rows if row[5]]
            found.append(Table(name, columns, tuple(str(row[1]) for row in sorted(key, key=lambda row: int(row[5])))))
    return found


def create_tables(connection: psycopg.Connection[Any], tables: Iterable[Table], dimension: int, model: str) -> None:
    """In the first schema of the search path. Vectors and token vectors, which generations share (kb.postgres_content), are seen
    there as the tables that the store has of them: those of `model`."""
    for table in tables:
        columns = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in table.columns)
        execute(connection, f"CREATE TABLE {table.name} ({columns})")
    for statement in f"""
CREATE TABLE vector_keys (num bigint, key bytea, sha256 bytea);
CREATE VIEW vectors AS SELECT k.num, k.key, {sql.quote(model)} AS model, v.vector
  FROM vector_keys AS k LEFT JOIN {CONTROL}.vectors AS v USING (sha256);
CREATE VIEW token_codes AS SELECT k.num AS vector, v.codes FROM vector_keys AS k JOIN {CONTROL}.vectors AS v USING (sha256);
CREATE TABLE embeddings (num bigint, document bigint, embedding halfvec({dimension}));
CREATE TABLE lexemes (num bigint, document bigint, length integer, words tsvector, impacts sparsevec);
ALTER TABLE lexemes ALTER impacts SET STORAGE main;
CREATE TABLE terms (term text COLLATE "C", num bigint, passages bigint)""".split(";"):
        execute(connection, statement)


def create_indexes(connection: psycopg.Connection[Any], tables: Iterable[Table], *, approximate: bool) -> None:
    """Over tables that are filled. `approximate`: there are more vectors than are compared one by one."""
    for table in tables:
        if table.key:
            key = ", ".join(f'"{name}"' for name in table.key)
            execute(connection, f"ALTER TABLE {table.name} ADD PRIMARY KEY ({key})")
        if "document" in dict(table.columns):
            execute(connection, f"CREATE INDEX ON {table.name} (document)")
    statements = [
        "ALTER TABLE embeddings ADD PRIMARY KEY (num)", "CREATE INDEX ON embeddings (document)",
        "ALTER TABLE lexemes ADD PRIMARY KEY (num)", "CREATE INDEX ON lexemes (document)",
        "ALTER TABLE terms ADD PRIMARY KEY (term)", "ALTER TABLE vector_keys ADD PRIMARY KEY (num)",
        "CREATE UNIQUE INDEX ON vector_keys (key)",
        "CREATE INDEX ON documents (id)", "CREATE INDEX ON passages (id)", "CREATE INDEX ON passages (document, ordinal)",
        "CREATE INDEX ON lexemes USING gin (words)",
    ]  # fmt: skip
    if approximate:
        statements.append("CREATE INDEX ON embeddings USING hnsw (embedding halfvec_ip_ops)")
    for statement in statements:
        execute(connection, statement)
