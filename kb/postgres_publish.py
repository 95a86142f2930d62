"""Publishing to PostgreSQL: what is published under KB_HOME is copied into a schema of its own, indexed and switched to, in one
transaction. A run that is killed in it leaves nothing; the next one begins the copy again, and reads and embeds nothing anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import psycopg

from kb import faults, postgres_search
from kb.config import Settings
from kb.errors import Busy, IndexStale
from kb.generations import VECTOR_BATCH
from kb.manifest import folder_of, read_manifest, vector_model
from kb.postgres import CONNECT, described, told
from kb.postgres_copy import ENCODERS, blob, copy, copy_blocks, embeddings, integer, text
from kb.postgres_lexemes import Lexemes
from kb.postgres_schema import Table, create_indexes, create_tables, execute, grant, migrate, tables_of
from kb.postgres_source import CONTROL, LAYOUT
from kb.postings import WordIndex
from kb.records import IndexManifest
from kb.staging import Staging, original_path
from kb.store import published_generation
from kb.vectors import VectorIndex

LOCK = 0x57414B48414E  # the advisory lock of whoever writes here
KEPT = 3  # generations, as under KB_HOME
INDEX_MEMORY = 512  # MB to build an index in, where the server's own setting is less
LARGEST = 500_000_000  # bytes of an original: a value takes 1 GB, and is held in memory twice
VISIBLE = "d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is published on the server now, and whether it had to be copied there."""

    manifest: IndexManifest
    server: str
    copied: bool


def mirror(settings: Settings, staging: Staging) -> Mirrored | None:
    """Make what is published under KB_HOME what KB_STORE publishes; None without KB_STORE, or if nothing is published.

    Raises Busy if another program writes there, StoreUnavailable, IndexStale.
    """
    generation = published_generation(staging.connection)
    if not settings.store or not generation:
        return None
    manifest = read_manifest(folder_of(staging.home, generation))
    with writing(settings.store) as server:
        number = _kept(server, manifest)
        with server.transaction():
            copied = number is None
            if number is None:
                number = _loaded(server, staging, manifest)
            faults.reached("postgres loaded")
            execute(
                server,
                f"""INSERT INTO {CONTROL}.published (number) VALUES (%s)
                    ON CONFLICT (one) DO UPDATE SET number = excluded.number WHERE published.number != excluded.number""",
                (number,),
            )
        faults.reached("postgres switched")
        collect(server)
    return Mirrored(manifest, described(settings.store), copied)


def collect_mirrored(settings: Settings, keep: int) -> None:
    """Drop what is not kept in KB_STORE, if there is one. Raises as `mirror` does."""
    if settings.store:
        with writing(settings.store) as server:
            collect(server, keep)


@contextmanager
def writing(address: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that may write, under the lock of the one who does. Raises Busy, StoreUnavailable."""
    with (
        told(f"publishing to {described(address)}"),
        psycopg.connect(address, autocommit=True, connect_timeout=CONNECT, application_name="wakhan ingest") as server,
    ):
        ((free,),) = server.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchall()
        if not free:
            raise Busy(f"another program publishes to {described(address)}; wait until it has ended and run this again.")
        server.execute(b"SET lock_timeout = '2s'")
        migrate(server)
        yield server


def collect(server: psycopg.Connection[Any], keep: int = KEPT) -> int:
    """Drop generations that are neither published nor among the last `keep`, unless one is read now. Returns how many went."""
    rows = execute(
        server,
        f"""SELECT number, schema_name FROM {CONTROL}.generations WHERE number NOT IN (SELECT number FROM {CONTROL}.published)
            AND number NOT IN (SELECT number FROM {CONTROL}.generations ORDER BY number DESC LIMIT %s) ORDER BY number""",
        (keep,),
    ).fetchall()
    gone = 0
    for number, schema in rows:
        try:
            with server.transaction():
                execute(server, f"DELETE FROM {CONTROL}.generations WHERE number = %s", (number,))
                execute(server, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        except psycopg.errors.LockNotAvailable:
            continue
        gone += 1
    if gone:
        _forget_originals(server)
    return gone


def _forget_originals(server: psycopg.Connection[Any]) -> None:
    rows = execute(server, f"SELECT schema_name FROM {CONTROL}.generations").fetchall()
    used = " UNION ".join(f"SELECT original_sha256 FROM {schema}.documents" for (schema,) in rows)
    execute(server, f"DELETE FROM {CONTROL}.originals WHERE sha256 NOT IN ({used})")


def _kept(server: psycopg.Connection[Any], manifest: IndexManifest) -> int | None:
    """The number under which the server has this generation already."""
    row = execute(
        server,
        f"""SELECT number FROM {CONTROL}.generations WHERE generation = %s AND digest = %s AND layout = %s
            ORDER BY number DESC LIMIT 1""",
        (manifest.generation, manifest.digest, LAYOUT),
    ).fetchone()
    return int(row[0]) if row else None


def _loaded(server: psycopg.Connection[Any], staging: Staging, manifest: IndexManifest) -> int:
    store = staging.connection
    told_of = replace(manifest, vector_index=_in_words(manifest.passages))
    ((number,),) = execute(
        server,
        f"""INSERT INTO {CONTROL}.generations (schema_name, generation, digest, layout, manifest, mean_length)
            VALUES ('', %s, %s, %s, %s, 1) RETURNING number""",
        (manifest.generation, manifest.digest, LAYOUT, json.dumps(asdict(told_of))),
    ).fetchall()
    schema = f"{CONTROL}_{number:06}_{manifest.digest[:8]}"
    execute(server, f"CREATE SCHEMA {schema}")
    server.execute("SELECT set_config('search_path', %s, true)", (f"{schema}, public",))
    _give_memory(server)
    tables = tables_of(store)
    create_tables(server, tables, manifest.dimension)
    words = WordIndex(folder_of(staging.home, manifest.generation))
    _filled(server, staging, tables, manifest)
    _indexed(server, staging, manifest, words)
    _originals(server, staging)
    create_indexes(server, tables, approximate=manifest.passages > postgres_search.EXACT_MOST)
    for (name,) in server.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall():
        execute(server, f"ANALYZE {name}")
    grant(server, schema)
    execute(
        server,
        f"UPDATE {CONTROL}.generations SET schema_name = %s, mean_length = %s WHERE number = %s",
        (schema, words.mean_length, number),
    )
    return int(number)


def _originals(server: psycopg.Connection[Any], staging: Staging) -> None:
    """The files that documents were made of, those that are not there yet. One that has gone from KB_HOME, which `check` tells,
    or is too large for a value, is left out."""
    wanted = {name for (name,) in server.execute(b"SELECT DISTINCT original_sha256 FROM documents")}
    wanted -= {name for (name,) in execute(server, f"SELECT sha256 FROM {CONTROL}.originals")}
    paths = ((name, original_path(staging.home, name)) for name in sorted(wanted))
    rows = ((name, path.read_bytes()) for name, path in paths if path.is_file() and path.stat().st_size <= LARGEST)
    copy(server, f"{CONTROL}.originals", (text, blob), rows)


def _in_words(passages: int) -> str:
    vectors = "pgvector halfvec, exact" if passages <= postgres_search.EXACT_MOST else "pgvector halfvec HNSW"
    return f"{vectors}; words by GIN candidates and exact BM25"


def _give_memory(server: psycopg.Connection[Any]) -> None:
    server.execute(
        """SELECT set_config('maintenance_work_mem', %s, true) FROM pg_settings
           WHERE name = 'maintenance_work_mem' AND setting::bigint < %s""",
        (f"{INDEX_MEMORY}MB", INDEX_MEMORY * 1024),
    )


def _filled(server: psycopg.Connection[Any], staging: Staging, tables: Sequence[Table], manifest: IndexManifest) -> None:
    """Copy every row of the generation. Raises IndexStale if vectors lack."""
    store, generation = staging.connection, {"g": manifest.generation}
    store.execute("DROP TABLE IF EXISTS temp.placed")
    store.execute(
        f"""CREATE TEMP TABLE placed AS SELECT row_number() OVER (ORDER BY d.id, p.ordinal) - 1 AS place, p.num, p.vector_key
            FROM passages AS p JOIN documents AS d ON d.num = p.document WHERE {VISIBLE}""",
        generation,
    )
    for table in tables:
        names = [f'"{name}"' for name, _ in table.columns]
        encoders = [ENCODERS[kind] for _, kind in table.columns]
        copy(
            server, f"{table.name} ({', '.join(names)})", encoders, store.execute(_select(table), _parameters(table, generation))
        )
    model = {"model": vector_model(manifest.model, manifest.model_digest)}
    ((lacking,),) = store.execute(
        """SELECT count(*) FROM placed AS o
           WHERE NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.key = o.vector_key AND v.model = :model)""",
        model,
    )
    if lacking:
        raise IndexStale(f"{lacking} of {manifest.passages} passages have no vector; run `check --repair`.")
    used = "v.model = :model AND v.key IN (SELECT vector_key FROM placed)"
    rows = store.execute(f"SELECT v.num, v.key, v.model, v.vector FROM vectors AS v WHERE {used}", model)
    copy(server, "vectors", (integer, blob, text, blob), rows)
    rows = store.execute(
        f"SELECT t.vector, t.codes FROM vectors AS v JOIN token_codes AS t ON t.vector = v.num WHERE {used}", model
    )
    copy(server, "token_codes", (integer, blob), rows)
    store.execute("DROP TABLE temp.placed")


def _select(table: Table) -> str:
    """The generation's rows. Passages are numbered by their place, and of no row is told when it ends."""
    names = [f'x."{name}"' for name, _ in table.columns]
    if table.name == "collections":
        return f"SELECT {', '.join(names)} FROM collections AS x"
    if table.name == "documents":
        names = ["NULL" if name == 'x."gen_to"' else name for name in names]
        return f"SELECT {', '.join(names)} FROM documents AS x JOIN documents AS d ON d.num = x.num WHERE {VISIBLE}"
    if table.name == "passages":
        names = ["o.place" if name == 'x."num"' else name for name in names]
        return f"SELECT {', '.join(names)} FROM placed AS o JOIN passages AS x USING (num) ORDER BY o.place"
    order = "" if table.key else "ORDER BY x.rowid"
    return f"SELECT {', '.join(names)} FROM {table.name} AS x JOIN documents AS d ON d.num = x.document WHERE {VISIBLE} {order}"


def _parameters(table: Table, generation: dict[str, int]) -> dict[str, int]:
    return {} if table.name in ("collections", "passages") else generation


def _indexed(server: psycopg.Connection[Any], staging: Staging, manifest: IndexManifest, words: WordIndex) -> None:
    """What indexes are over, of the indexes published under KB_HOME: nothing is stemmed or rounded again."""
    folder = folder_of(staging.home, manifest.generation)
    documents = np.load(folder / "documents.npy", allow_pickle=False)
    vectors = VectorIndex(folder)
    firsts = range(0, len(vectors), VECTOR_BATCH)
    blocks = ((first, vectors.rows(first, min(first + VECTOR_BATCH, len(vectors)))) for first in firsts)
    copy_blocks(
        server,
        "embeddings (num, document, embedding)",
        (embeddings(rows, first, documents[first : first + len(rows)]) for first, rows in blocks),
    )
    lexemes = Lexemes(words, documents, staging.home)
    copy_blocks(server, "lexemes (num, document, length, words, impacts)", lexemes.blocks())
    copy(server, "terms (term, num, passages)", (text, integer, integer), lexemes.terms())
