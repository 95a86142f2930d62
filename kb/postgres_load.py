"""Filling PostgreSQL with a generation: its rows, and what indexes are over, to the server of each part; then the indexes.

Vectors are sent before, by content (kb.postgres_content); all else within the transactions that the caller has open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import psycopg

from kb import postgres_search
from kb.errors import IndexStale
from kb.generations import VECTOR_BATCH
from kb.manifest import folder_of, vector_model
from kb.postgres_content import copy_names, send
from kb.postgres_copy import ENCODERS, blob, copy, copy_divided, embeddings, integer, text
from kb.postgres_lexemes import Lexemes
from kb.postgres_schema import Table, create_indexes, create_tables, execute, grant, tables_of
from kb.postgres_shards import CONTROL, WHOLE, layout_of, shard_of
from kb.postings import WordIndex
from kb.records import IndexManifest
from kb.staging import Staging, original_path
from kb.vectors import VectorIndex

INDEX_MEMORY = 512  # MB to build an index in at least
MOST_MEMORY = 4096  # MB at most: 2.6 million passages
NODE = 800  # bytes of a vector's node in pgvector's graph, beside the vector itself
LARGEST = 500_000_000  # bytes of an original: a value takes 1 GB, and is held in memory twice
#: Divided among the servers: tables, and the long columns of documents. All else each has in full.
DIVIDED = ("passages", "mentions", "cross_references", "word_boxes")
LONG = ("text", "blocks", "pages", "warnings", "stated")
VISIBLE = "d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)"


@dataclass(frozen=True, slots=True)
class Part:
    """The server of one part of the collection: at which place among how many."""

    server: psycopg.Connection[Any]
    place: int
    shards: int


def prepare(parts: Sequence[Part], staging: Staging, manifest: IndexManifest) -> None:
    """Send the vectors that the servers lack, outside of a transaction. Raises IndexStale if some are not in the store."""
    _placed(staging.connection, manifest, parts[0].shards)
    for part in parts:
        send(part.server, staging.connection, vector_model(manifest.model, manifest.model_digest), part.place)


def load(parts: Sequence[Part], staging: Staging, manifest: IndexManifest, number: int) -> None:
    """Make the generation's schema on each of these servers, filled and indexed, in the transactions that are open there: they
    are prepared."""
    store = staging.connection
    tables, schema = tables_of(store), f"{CONTROL}_{number:06}_{manifest.digest[:8]}"
    words = WordIndex(folder_of(staging.home, manifest.generation))
    for part in parts:
        _registered(part, manifest, number, (schema, words.mean_length))
        execute(part.server, f"CREATE SCHEMA {schema}")
        part.server.execute("SELECT set_config('search_path', %s, true)", (f"{schema}, public",))
        _configure(part, manifest)
        create_tables(part.server, tables, manifest.dimension, vector_model(manifest.model, manifest.model_digest))
        _filled(part, store, tables, manifest)
    _indexed(parts, staging, manifest, words)
    store.execute("DROP TABLE temp.placed")
    for part in parts:
        _originals(part, staging)
    _each(parts, lambda part: _completed(part.server, tables, schema))


def last_number(server: psycopg.Connection[Any]) -> int:
    """That was ever given to a generation here, also to one that was never published."""
    sql = "SELECT max(last_value) FROM pg_sequences WHERE schemaname = %s AND sequencename = 'generations_number_seq'"
    ((number,),) = execute(server, sql, (CONTROL,)).fetchall()
    return int(number or 0)


def _registered(part: Part, manifest: IndexManifest, number: int, what: tuple[str, float]) -> None:
    """`what`: the schema's name and the mean length of a passage. Numbers go on from this one, whichever server drew it."""
    fields = asdict(replace(manifest, vector_index=_in_words(manifest.passages // part.shards)))
    layout = layout_of(part.place, part.shards)
    execute(
        part.server,
        f"""INSERT INTO {CONTROL}.generations (number, schema_name, generation, digest, layout, manifest, mean_length)
            OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s)""",
        (number, what[0], manifest.generation, manifest.digest, layout, json.dumps(fields), what[1]),
    )
    number = max(number, last_number(part.server))
    execute(part.server, f"SELECT setval('{CONTROL}.generations_number_seq', %s)", (number,))


def _in_words(passages: int) -> str:
    vectors = "pgvector halfvec, exact" if passages <= postgres_search.EXACT_MOST else "pgvector halfvec HNSW"
    return f"{vectors}; words by GIN candidates and exact BM25"


def _each(parts: Sequence[Part], work: Callable[[Part], None]) -> None:
    """Do it on all servers at once: their processors do the work. Who interrupts interrupts them."""
    if len(parts) == 1:
        return work(parts[0])
    with ThreadPoolExecutor(len(parts)) as threads:
        try:
            for future in as_completed([threads.submit(work, part) for part in parts]):
                future.result()
        except BaseException:
            for part in parts:
                part.server.cancel_safe()
            raise


def _completed(server: psycopg.Connection[Any], tables: Sequence[Table], schema: str) -> None:
    """The tables are filled: indexes, statistics, rights."""
    ((count,),) = server.execute("SELECT count(*) FROM embeddings").fetchall()
    create_indexes(server, tables, approximate=count > postgres_search.EXACT_MOST)
    for (name,) in server.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall():
        execute(server, f"ANALYZE {name}")
    grant(server, schema)


def _originals(part: Part, staging: Staging) -> None:
    """The files that its documents were made of, those that are not there yet. One that has gone from KB_HOME, which `check`
    tells, or is too large for a value, is left out."""
    wanted = {name for (name,) in execute(part.server, f"SELECT DISTINCT original_sha256 FROM documents WHERE {WHOLE}")}
    wanted -= {name for (name,) in execute(part.server, f"SELECT sha256 FROM {CONTROL}.originals")}
    paths = ((name, original_path(staging.home, name)) for name in sorted(wanted))
    rows = ((name, path.read_bytes()) for name, path in paths if path.is_file() and path.stat().st_size <= LARGEST)
    copy(part.server, f"{CONTROL}.originals", (text, blob), rows)


def _configure(part: Part, manifest: IndexManifest) -> None:
    """For this transaction: texts are compressed the quick way, and the graph of vectors is built in memory. A build that goes on
    outside of it makes a hundred and fifty rows a second. What was set for this role or database stands."""
    part.server.execute(
        """SELECT set_config(name, 'lz4', true) FROM pg_settings
           WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"""
    )
    megabytes = manifest.passages // part.shards * (2 * manifest.dimension + NODE) // 1_000_000
    wanted = min(max(INDEX_MEMORY, megabytes), MOST_MEMORY)
    part.server.execute(
        """SELECT set_config(name, %s, true) FROM pg_settings WHERE name = 'maintenance_work_mem'
           AND source IN ('default', 'configuration file') AND setting::bigint < %s""",
        (f"{wanted}MB", wanted * 1024),
    )


def _placed(store: sqlite3.Connection, manifest: IndexManifest, shards: int) -> None:
    """Make the store's table `placed`: the generation's passages by position, and whose part each is. Raises IndexStale if
    vectors lack."""
    store.create_function("part_of", 1, lambda document_id: shard_of(document_id, shards), deterministic=True)
    store.execute("DROP TABLE IF EXISTS temp.placed")
    store.execute(
        f"""CREATE TEMP TABLE placed AS
            SELECT row_number() OVER (ORDER BY d.id, p.ordinal) - 1 AS place, p.num, p.vector_key, part_of(d.id) AS part
            FROM passages AS p JOIN documents AS d ON d.num = p.document WHERE {VISIBLE}""",
        {"g": manifest.generation},
    )
    ((lacking,),) = store.execute(
        """SELECT count(*) FROM placed AS o
           WHERE NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.key = o.vector_key AND v.model = ?)""",
        (vector_model(manifest.model, manifest.model_digest),),
    )
    if lacking:
        raise IndexStale(f"{lacking} of {manifest.passages} passages have no vector; run `check --repair`.")


def _filled(part: Part, store: sqlite3.Connection, tables: Sequence[Table], manifest: IndexManifest) -> None:
    """Copy every row of a part of the generation; see `_placed`."""
    for table in tables:
        names = [f'"{name}"' for name, _ in table.columns]
        encoders = [ENCODERS[kind] for _, kind in table.columns]
        rows = store.execute(_select(table, part.shards), {"g": manifest.generation, "part": part.place})
        copy(part.server, f"{table.name} ({', '.join(names)})", encoders, rows, frozen=True)
    copy_names(part.server, store, part.place)


def _select(table: Table, shards: int) -> str:
    """The generation's rows on the server of `:part`. Passages are numbered by their place; no row tells when it ends."""
    names = [f'x."{name}"' for name, _ in table.columns]
    own = " AND part_of(d.id) = :part" if shards > 1 else ""
    if table.name == "collections":
        return f"SELECT {', '.join(names)} FROM collections AS x"
    if table.name == "documents":
        names = ["NULL" if name == 'x."gen_to"' else name for name in names]
        if own:
            long = {f'x."{name}"' for name in LONG}
            names = [f"CASE WHEN part_of(d.id) = :part THEN {name} END" if name in long else name for name in names]
        return f"SELECT {', '.join(names)} FROM documents AS x JOIN documents AS d ON d.num = x.num WHERE {VISIBLE}"
    if table.name == "passages":
        names = ["o.place" if name == 'x."num"' else name for name in names]
        return f"SELECT {', '.join(names)} FROM placed AS o JOIN passages AS x USING (num) WHERE o.part = :part ORDER BY o.place"
    where = VISIBLE + (own if table.name in DIVIDED else "")
    order = "" if table.key else "ORDER BY x.rowid"
    return f"SELECT {', '.join(names)} FROM {table.name} AS x JOIN documents AS d ON d.num = x.document WHERE {where} {order}"


def _indexed(parts: Sequence[Part], staging: Staging, manifest: IndexManifest, words: WordIndex) -> None:
    """What indexes are over, of the indexes published under KB_HOME: nothing is stemmed or rounded again."""
    folder = folder_of(staging.home, manifest.generation)
    documents = np.load(folder / "documents.npy", allow_pickle=False)
    placed = staging.connection.execute("SELECT part FROM placed ORDER BY place")
    owners = np.fromiter((part for (part,) in placed), np.int64, len(documents))
    vectors = VectorIndex(folder)
    servers = [part.server for part in parts]

    def embedded() -> Iterator[list[bytes]]:
        for first in range(0, len(vectors), VECTOR_BATCH):
            rows = vectors.rows(first, min(first + VECTOR_BATCH, len(vectors)))
            nums = np.arange(first, first + len(rows))
            own = [owners[nums] == part.place for part in parts]
            yield [embeddings(rows[mine], nums[mine], documents[nums[mine]]) for mine in own]

    copy_divided(servers, "embeddings (num, document, embedding)", embedded(), frozen=True)
    lexemes = Lexemes(words, documents, staging.home)
    blocks = lexemes.divided(owners, [part.place for part in parts])
    copy_divided(servers, "lexemes (num, document, length, words, impacts)", blocks, frozen=True)
    for server in servers:
        copy(server, "terms (term, num, passages)", (text, integer, integer), lexemes.terms(), frozen=True)
