"""Publishing to PostgreSQL: what is published under KB_HOME is copied into a schema of its own, indexed and switched to, in one
transaction. A run that is killed in it leaves nothing; the next one begins the copy again, and reads and embeds nothing anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import psycopg

from kb import faults, postgres_search
from kb.config import Settings
from kb.errors import Busy, IndexStale, StoreUnavailable
from kb.generations import VECTOR_BATCH
from kb.manifest import folder_of, read_manifest, vector_model
from kb.postgres import CONNECT, described, reason, told
from kb.postgres_copy import ENCODERS, blob, copy, copy_divided, embeddings, integer, text
from kb.postgres_lexemes import Lexemes
from kb.postgres_schema import Table, create_indexes, create_tables, execute, grant, migrate, tables_of
from kb.postgres_shards import CONTROL, WHOLE, layout_of, shard_of
from kb.postings import WordIndex
from kb.records import IndexManifest
from kb.staging import Staging, original_path
from kb.store import published_generation
from kb.vectors import VectorIndex

LOCK = 0x57414B48414E  # the advisory lock of whoever writes here
KEPT = 3  # generations, as under KB_HOME
INDEX_MEMORY = 512  # MB to build an index in, where the server's own setting is less
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
    names = ", ".join(map(described, settings.stores))
    with told(f"publishing to {names}"), ExitStack() as stack:
        servers = [stack.enter_context(_locked(address)) for address in settings.stores]
        number, lacking = _agreed(servers, manifest)
        parts = [Part(servers[place], place, len(servers)) for place in lacking]
        with servers[0].transaction():
            with ExitStack() as others:  # the other parts are there before the first, whose word counts, says so
                for server in servers[1:]:
                    others.enter_context(server.transaction())
                if parts:
                    _loaded(parts, staging, manifest, number)
                faults.reached("postgres loaded")
            faults.reached("postgres parts committed")
            _publish(servers[0], number)
        faults.reached("postgres switched")
        _tell(servers[1:], settings.stores[1:], number)
        for server in servers:
            collect(server)
    return Mirrored(manifest, names, bool(parts))


def _publish(server: psycopg.Connection[Any], number: int) -> None:
    execute(
        server,
        f"""INSERT INTO {CONTROL}.published (number) VALUES (%s)
            ON CONFLICT (one) DO UPDATE SET number = excluded.number WHERE published.number != excluded.number""",
        (number,),
    )


def _tell(servers: Sequence[psycopg.Connection[Any]], addresses: Sequence[str], number: int) -> None:
    """What the first server publishes now: they are asked for it while that one does not answer. Raises StoreUnavailable."""
    for server, address in zip(servers, addresses, strict=True):
        try:
            _publish(server, number)
        except psycopg.Error as error:
            raise StoreUnavailable(
                f"the collection is published, but {described(address)} could not be told so ({reason(error)}): while the first "
                "server is down, an older state would be read. Mend that server, then run the same command again."
            ) from error


def collect_mirrored(settings: Settings, keep: int) -> None:
    """Drop what is not kept in KB_STORE, if there is one. Raises as `mirror` does."""
    for address in settings.stores:
        with writing(address) as server:
            collect(server, keep)


@contextmanager
def writing(address: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that may write, under the lock of the one who does. Raises Busy, StoreUnavailable."""
    with told(f"publishing to {described(address)}"), _locked(address) as server:
        yield server


@contextmanager
def _locked(address: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(address, autocommit=True, connect_timeout=CONNECT, application_name="wakhan ingest") as server:
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
    used = " UNION ".join(f"SELECT original_sha256 FROM {schema}.documents WHERE {WHOLE}" for (schema,) in rows)
    execute(server, f"DELETE FROM {CONTROL}.originals WHERE sha256 NOT IN ({used})")


def _agreed(servers: Sequence[psycopg.Connection[Any]], manifest: IndexManifest) -> tuple[int, list[int]]:
    """The number that the generation has or gets on all servers, and the places of the servers that lack it."""
    having, taken = [], []
    for place, server in enumerate(servers):
        rows = execute(server, f"SELECT number, generation, digest, layout FROM {CONTROL}.generations").fetchall()
        wanted = manifest.generation, manifest.digest, layout_of(place, len(servers))
        having.append({int(number) for number, *what in rows if tuple(what) == wanted})
        taken.append({int(number) for number, *_ in rows})
    for number in sorted(set[int]().union(*having), reverse=True):
        lacking = [place for place in range(len(servers)) if number not in having[place]]
        if not any(number in taken[place] for place in lacking):
            return number, lacking
    return 1 + max(map(_last_number, servers)), list(range(len(servers)))


def _last_number(server: psycopg.Connection[Any]) -> int:
    """That was ever given to a generation here, also to one that was never published."""
    sql = "SELECT max(last_value) FROM pg_sequences WHERE schemaname = %s AND sequencename = 'generations_number_seq'"
    ((number,),) = execute(server, sql, (CONTROL,)).fetchall()
    return int(number or 0)


def _loaded(parts: Sequence[Part], staging: Staging, manifest: IndexManifest, number: int) -> None:
    """Make the generation's schema on each of these servers, filled and indexed, in the transactions that are open there."""
    store = staging.connection
    tables, schema = tables_of(store), f"{CONTROL}_{number:06}_{manifest.digest[:8]}"
    words = WordIndex(folder_of(staging.home, manifest.generation))
    _placed(store, manifest, parts[0].shards)
    for part in parts:
        _registered(part, manifest, number, (schema, words.mean_length))
        execute(part.server, f"CREATE SCHEMA {schema}")
        part.server.execute("SELECT set_config('search_path', %s, true)", (f"{schema}, public",))
        _give_memory(part.server)
        create_tables(part.server, tables, manifest.dimension)
        _filled(part, store, tables, manifest)
    _indexed(parts, staging, manifest, words)
    store.execute("DROP TABLE temp.placed")
    for part in parts:
        _originals(part, staging)
    _each(parts, lambda part: _completed(part.server, tables, schema))


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
    number = max(number, _last_number(part.server))
    execute(part.server, f"SELECT setval('{CONTROL}.generations_number_seq', %s)", (number,))


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


def _in_words(passages: int) -> str:
    vectors = "pgvector halfvec, exact" if passages <= postgres_search.EXACT_MOST else "pgvector halfvec HNSW"
    return f"{vectors}; words by GIN candidates and exact BM25"


def _give_memory(server: psycopg.Connection[Any]) -> None:
    server.execute(
        """SELECT set_config('maintenance_work_mem', %s, true) FROM pg_settings
           WHERE name = 'maintenance_work_mem' AND setting::bigint < %s""",
        (f"{INDEX_MEMORY}MB", INDEX_MEMORY * 1024),
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
        copy(part.server, f"{table.name} ({', '.join(names)})", encoders, rows)
    values = {"model": vector_model(manifest.model, manifest.model_digest), "part": part.place}
    used = "v.model = :model AND v.key IN (SELECT vector_key FROM placed WHERE part = :part)"
    rows = store.execute(f"SELECT v.num, v.key, v.model, v.vector FROM vectors AS v WHERE {used}", values)
    copy(part.server, "vectors", (integer, blob, text, blob), rows)
    rows = store.execute(
        f"SELECT t.vector, t.codes FROM vectors AS v JOIN token_codes AS t ON t.vector = v.num WHERE {used}", values
    )
    copy(part.server, "token_codes", (integer, blob), rows)


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

    copy_divided(servers, "embeddings (num, document, embedding)", embedded())
    lexemes = Lexemes(words, documents, staging.home)
    blocks = lexemes.divided(owners, [part.place for part in parts])
    copy_divided(servers, "lexemes (num, document, length, words, impacts)", blocks)
    for server in servers:
        copy(server, "terms (term, num, passages)", (text, integer, integer), lexemes.terms())
