"""Servers of PostgreSQL: their pools, time limits, and which of them is asked.

Each published generation is a schema of its own that never changes and whose name is never used again, so a statement may be put
to any server that has it: a standby that lags has no such schema and is passed over, and no answer mixes two generations.
"""

from __future__ import annotations

import functools
import logging
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from kb.errors import BadRequest, SnapshotGone, StoreUnavailable

T = TypeVar("T")
CONNECT = 3  # seconds
STATEMENT = 10  # seconds that a reader's statement may take: a hundred times what the slowest takes at a million passages
HANGS = 1  # seconds after which a server that has not ended a statement at its time limit is held to hang
ELSEWHERE = 4  # seconds after which a statement that hangs is put to another server, if there is one
DOWN = 5.0  # seconds for which a server that failed is asked last, and waited for hardly
HARDLY = 0.05  # seconds
AGAIN = 1.0  # seconds for a second try
MOST = 10  # connections of a process to a server: its threads are eight
#: For each reader's session. An iterative scan goes on until a filter has let enough rows through. ef_search is the most that
#: pgvector takes: of a million perturbed vectors, asked 211 questions, 400 found .954 of the ten nearest in 6 ms, 600 .973 in 8,
#: 1,000 .982 in 11.
SESSION = (
    "SET lock_timeout = '2s'", "SET default_transaction_read_only = on",
    "SET hnsw.ef_search = 1000", "SET hnsw.iterative_scan = relaxed_order", "SET jit = off", "SET search_path = public",
)  # fmt: skip
#: Where the address does not say otherwise. A server that vanishes without a word is given up after 11 seconds.
DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT, "application_name": "wakhan", "keepalives_idle": 5, "keepalives_interval": 2,
    "keepalives_count": 3, "tcp_user_timeout": 11_000,
}  # fmt: skip
_USER = re.compile(r'\b(?:user|role) "[^"]*"')
_ABSENT = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # a server that is down is told by who asks it, once


class _Number(Loader):
    """Sums come as numeric: whole ones are wanted as int."""

    def load(self, data: Any) -> int | float:
        value = bytes(data)
        return float(value) if b"." in value else int(value)


class Hung(psycopg.OperationalError):
    """A server took a statement and did not answer in time."""


class Session(psycopg.Connection[tuple[Any, ...]]):
    """A reader's connection, which remembers the schema that it looks into, and waits `patience` seconds for a server that may
    hang: its kernel goes on acknowledging what is sent, so no limit of TCP ends that."""

    schema = "public"
    patience: float = CONNECT
    failures: ClassVar[dict[str, psycopg.OperationalError]] = {}  # why there was no connection, by address: a pool does not tell

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Session:
        try:
            made = super().connect(conninfo, **kwargs)
        except psycopg.OperationalError as error:
            cls.failures[conninfo] = error
            raise
        cls.failures.pop(conninfo, None)
        return made

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        limit = self.patience if timeout is None else timeout
        ends = time.monotonic() + limit
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if time.monotonic() < ends:
                raise
            self.pgconn.finish()
            raise Hung(f"no answer in {limit:.0f} s") from error


def _configured(seconds: int, session: Session) -> None:
    session.adapters.register_loader("numeric", _Number)
    for statement in (*SESSION, f"SET statement_timeout = '{seconds}s'"):
        session.execute(statement.encode())


class Host:
    """One server."""

    def __init__(self, address: str, seconds: int = STATEMENT) -> None:
        """`address` may name several servers of which one is the primary (`host=a,b target_session_attrs=primary`)."""
        self.name = described(address)
        self._down_until = 0.0
        self._patience = seconds + HANGS
        self._address = make_conninfo(**(DEFAULTS | conninfo_to_dict(address)))
        self._pool = ConnectionPool(
            self._address,
            connection_class=Session,
            kwargs={"autocommit": True},
            configure=functools.partial(_configured, seconds),
            min_size=0,
            max_size=MOST,
            timeout=CONNECT,
            reconnect_timeout=CONNECT,
            open=False,
        )

    @property
    def down(self) -> bool:
        return time.monotonic() < self._down_until

    def fetch(
        self, schema: str, sql: str, parameters: Any, *, binary: bool = False, patience: float = 0
    ) -> list[tuple[Any, ...]]:
        """`patience`: seconds for a server that hangs, if fewer than those of any statement. Raises psycopg.OperationalError if
        the server cannot be asked, UndefinedTable if it has no such schema."""
        self._pool.open()
        query = schema, sql.encode(), parameters, patience or self._patience
        try:
            try:
                rows = self._fetched(query, binary, HARDLY if self.down else CONNECT)
            except Hung:
                self._pool.drain()  # its other connections hang as well
                raise
            except psycopg.OperationalError:
                if self.down:
                    raise
                self._pool.check()  # the server was started anew: connections of before are replaced
                rows = self._fetched(query, binary, AGAIN)
        except psycopg.OperationalError as error:
            self._down_until = time.monotonic() + DOWN
            if isinstance(error, PoolTimeout):
                raise self._why(error) from error
            raise
        self._down_until = 0.0
        return rows

    def _why(self, error: PoolTimeout) -> psycopg.OperationalError:
        return Session.failures.get(self._address, error)

    def _fetched(self, query: tuple[str, bytes, Any, float], binary: bool, timeout: float) -> list[tuple[Any, ...]]:
        schema, sql, parameters, patience = query
        with self._pool.connection(timeout=timeout) as session:
            session.patience = patience
            if session.schema != schema:
                session.execute(b"SELECT set_config('search_path', %s, false)", (f"{schema}, public",))
                session.schema = schema
            with session.cursor(binary=binary) as cursor:
                return cursor.execute(sql, parameters).fetchall()

    def close(self) -> None:
        self._pool.close()


class Hosts:
    """The primary and its standbys. Safe to use from several threads."""

    def __init__(self, primary: str, standbys: Sequence[str] = (), seconds: int = STATEMENT) -> None:
        """`seconds`: that a statement may take. Raises BadRequest for an address that cannot be read."""
        self.primary = Host(primary, seconds)
        self.standbys = [Host(address, seconds) for address in standbys]

    def close(self) -> None:
        for host in (self.primary, *self.standbys):
            host.close()

    def fetch(
        self, schema: str, sql: str, parameters: Any = None, *, binary: bool = False, patience: float = 0
    ) -> list[tuple[Any, ...]]:
        """The rows of a generation, from a standby that has it, or else the primary. `patience`: see Host.fetch. Raises
        SnapshotGone if no server has it any more, StoreUnavailable if none answers."""
        failures, absent = [], False
        *others, last = self._in_order()
        for host, seconds in (*((other, patience or ELSEWHERE) for other in others), (last, patience)):
            try:
                return host.fetch(schema, sql, parameters, binary=binary, patience=seconds)
            except _ABSENT:
                absent = True
            except psycopg.OperationalError as error:
                failures.append(f"{host.name}: {reason(error)}")
        if absent:
            raise SnapshotGone("the generation that was being read is no longer kept; ask again.")
        raise Unanswered(failures)

    def _in_order(self) -> list[Host]:
        hosts = [*random.sample(self.standbys, len(self.standbys)), self.primary]
        return sorted(hosts, key=lambda host: host.down)


@functools.lru_cache(maxsize=1024)
def translated(sql: str) -> str:
    """The common subset of SQL (see kb.ports) as psycopg takes it: `?` and `:name` are places for values. What only tells SQLite
    which index to use is left out; a comparison that stands among values is a number, as there."""
    return _PLACE.sub(_placed, sql)


_PLACE = re.compile(r"\b(d\.\w+ = '')(?=,| ASC| DESC)|'(?:[^']|'')*'|\?|(?<!:):([a-z]\w*)|%|INDEXED BY \w+|IN \(\)|\browid\b")


def _placed(match: re.Match[str]) -> str:
    whole, compared, name = match[0], match[1], match[2]
    if compared:
        return f"({compared})::int"
    if name:
        return f"%({name})s"
    if whole == "?":
        return "%s"
    if whole == "IN ()":  # a list of none, which only SQLite takes
        return "IN (NULL)"
    if whole == "rowid":  # the order in which rows were written
        return "ctid"
    return "" if whole.startswith("INDEXED") else whole.replace("%", "%%")


class Result:
    """Rows, as sqlite3.Cursor hands them out."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


def described(address: str) -> str:
    """Servers and database of an address, without user and password. Raises BadRequest."""
    try:
        parts = conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise BadRequest("KB_STORE or KB_STORE_READ cannot be read; an address is like postgresql://user@host/wakhan.") from None
    hosts = str(parts.get("host") or parts.get("hostaddr") or "localhost").split(",")
    ports = str(parts.get("port") or 5432).split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    servers = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=False))
    return f"{servers}/{parts.get('dbname', '')}"


def reason(error: psycopg.Error) -> str:
    """In one line, without the name of a user. Of an address with several servers, what each said."""
    if isinstance(error, PoolTimeout):
        return "no connection"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    attempts = [line.removeprefix("- ") for line in lines if line.startswith("- host: ")]
    return _USER.sub("the user", "; ".join(attempts) or lines[0])[: 200 * max(1, len(attempts))]


class Unanswered(StoreUnavailable):
    """None of the servers that could be asked answers; `failures` is what each said."""

    def __init__(self, failures: Sequence[str]) -> None:
        self.failures = "; ".join(failures)
        super().__init__(f"no server of the store answers ({self.failures}). Start one, or correct KB_STORE and KB_STORE_READ.")


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Errors of a server leave the block in words for a user."""
    try:
        yield
    except psycopg.Error as error:
        raise StoreUnavailable(
            f"{doing} failed ({reason(error)}). What is published is as it was; mend the server, then run the same command again."
        ) from error
