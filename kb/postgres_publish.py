"""Publishing to PostgreSQL: what is published under KB_HOME is copied into a schema of its own, indexed and switched to, in one
transaction. A run that is killed in it leaves nothing; the next one begins the copy again, and reads and embeds nothing anew.

Of several servers, each of which takes a part, the first one's word is what is published: the others are filled before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from kb import faults
from kb.config import Settings
from kb.errors import Busy, StoreUnavailable
from kb.manifest import folder_of, read_manifest
from kb.postgres import CONNECT, described, reason, told
from kb.postgres_content import forget
from kb.postgres_load import Part, last_number, load, prepare
from kb.postgres_schema import execute, migrate
from kb.postgres_shards import CONTROL, layout_of
from kb.records import IndexManifest
from kb.staging import Staging
from kb.store import published_generation

LOCK = 0x57414B48414E  # the advisory lock of whoever writes here
LOST = "2s"  # after which a server has to notice that its client is no more
KEPT = 3  # generations, as under KB_HOME


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
        if parts:
            prepare(parts, staging, manifest)
        with servers[0].transaction():
            with ExitStack() as others:  # the other parts are there before the first, whose word counts, says so
                for server in servers[1:]:
                    others.enter_context(server.transaction())
                if parts:
                    load(parts, staging, manifest, number)
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
            if not collect(server, keep):
                forget(server)  # what a run sent that was killed before it published


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
        # A program that is killed while an index is built: the server notices, and lets the next one publish.
        server.execute(
            "SELECT set_config('client_connection_check_interval', %s, false) WHERE version() LIKE '%%linux%%'", (LOST,)
        )
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
        forget(server)
    return gone


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
    return 1 + max(map(last_number, servers)), list(range(len(servers)))
