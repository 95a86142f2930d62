"""A real PostgreSQL for the tests, primary and hot standby, made by tests/postgres.sh; and collections in it."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from kb.config import Settings, settings_from
from kb.embed import Encoder
from kb.generations import publish, vector_model
from kb.maxsim import by_word, pack
from kb.postgres_publish import Mirrored, mirror
from kb.staging import StagedDocument, Staging
from tests.fakes import FakeEncoder

SCRIPT = Path(__file__).parent / "postgres.sh"
SERVERS = Path("/usr/lib/postgresql")
NEEDED = "NEED_POSTGRES"  # set where a missing server is a failure: on CI
_names = itertools.count(1)


def missing() -> str:
    """Why no server can be started here; "" if one can."""
    if os.geteuid():
        return "only root can start a server as the user postgres"
    versions = [path.parent.parent for path in SERVERS.glob("*/bin/initdb")]
    if not versions:
        return "PostgreSQL is not installed; `tests/postgres.sh install` does it"
    if not any((version / "lib" / "vector.so").exists() for version in versions):
        return "pgvector is not installed; `tests/postgres.sh install` does it"
    return ""


@dataclasses.dataclass(frozen=True, slots=True)
class Servers:
    """A primary and its standby, running."""

    folder: Path
    primary: int
    standby: int

    def database(self) -> tuple[str, str]:
        """Addresses of a new, empty database on both."""
        name = f"wakhan_{next(_names)}"
        with self.connected() as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        return self.address(self.primary, name), self.address(self.standby, name)

    def address(self, port: int, name: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{port}/{name}"

    @contextmanager
    def connected(self, port: int = 0, name: str = "postgres") -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.address(port or self.primary, name), autocommit=True) as connection:
            yield connection

    def run(self, which: str, *command: str) -> None:
        binary = max(SERVERS.glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
        port = {"primary": self.primary, "standby": self.standby}[which]
        log, wait = str(self.folder / f"{which}.log"), ("-w", "-t", "300")
        options = ("-D", str(self.folder / which), "-l", log, "-o", f"-p {port}", *wait, *command)
        subprocess.run(
            ["runuser", "-u", "postgres", "--", "env", "-C", str(self.folder), str(binary), *options],
            check=True, timeout=330, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self, which: str) -> None:
        """All at once, as a machine that loses its power: nothing is written any more."""
        self.run(which, "-m", "immediate", "stop")

    def start(self, which: str) -> None:
        self.run(which, "start")

    @contextmanager
    def paused(self, which: str) -> Iterator[None]:
        """Its processes stand still: connections stay open, and nobody answers."""
        first = int((self.folder / which / "postmaster.pid").read_text().split()[0])
        stop_all(first)
        try:
            yield
        finally:
            go_on(first)

    def caught_up(self) -> None:
        """Wait until the standby has replayed all that the primary wrote."""
        with self.connected() as primary, self.connected(self.standby) as standby:
            ((written,),) = primary.execute("SELECT pg_current_wal_lsn()::text").fetchall()
            for _ in range(2400):
                ((there,),) = standby.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (written,)).fetchall()
                if there:
                    return
                time.sleep(0.05)
        raise AssertionError(f"the standby has not replayed {written} in 120 s")

    def until(self, sql: str) -> None:
        """It is so for a new connection to the primary: what is set while a server runs comes about when it has its turn."""
        for _ in range(2400):
            with self.connected() as primary:
                ((so,),) = primary.execute(sql.encode()).fetchall()
            if so:
                return
            time.sleep(0.05)
        raise AssertionError(f"not so in 120 s: {sql}")


def stop_all(postmaster: int) -> None:
    """A server's processes stand still. The first first, so that it starts no other meanwhile."""
    os.kill(postmaster, signal.SIGSTOP)
    _until_stopped([postmaster])
    pids = children_of(postmaster)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    _until_stopped(pids)


def go_on(postmaster: int) -> None:
    for pid in (*children_of(postmaster), postmaster):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def state_of(pid: int) -> str:
    """A letter, as in `ps`; "" if there is none. Z: it has ended, and nobody has buried it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _until_stopped(pids: list[int]) -> None:
    ends = time.monotonic() + 60
    while not all(state_of(pid) in ("T", "Z", "") for pid in pids):
        assert time.monotonic() < ends, f"{pids} do not stand still"
        time.sleep(0.01)


@contextmanager
def running() -> Iterator[Servers]:
    """Skips the test, saying why, where no server can be had; fails where one is needed."""
    if why := missing():
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set: {why}")
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="wakhan-pg-", ignore_cleanup_errors=True) as outer:
        os.chmod(outer, 0o711)  # the user postgres goes through it
        folder = Path(outer) / "servers"
        try:
            made = subprocess.run([SCRIPT, "start", folder], check=True, capture_output=True, text=True, timeout=600)
            primary, standby = made.stdout.split()
            yield Servers(folder, int(primary), int(standby))
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=False, timeout=330)


def settings_of(home: Path, store: str = "", standbys: tuple[str, ...] = ()) -> Settings:
    made = settings_from({"HOME": str(home)}, home)
    return dataclasses.replace(made, home=home / "home", store=store, store_read=standbys)


def staged_and_published(settings: Settings, documents: list[StagedDocument], encoder: Encoder) -> Mirrored | None:
    """Stage, embed and publish; what KB_STORE then holds."""
    name = vector_model(encoder.model, encoder.digest)
    with Staging(settings.home) as staging:
        for item in documents:
            staging.replace_source(item.document.source_uri, [item])
        missing = staging.missing_vectors(name, 10_000)
        encoded = encoder.encode_passages([one.text for one in missing], [one.context for one in missing])
        staging.add_vectors(
            name,
            [(one.key, made.vector, pack(*by_word(one.text, made))) for one, made in zip(missing, encoded, strict=True)],
        )
        publish(staging, encoder.model, encoder.digest)
        return mirror(settings, staging)


def identity(encoder: FakeEncoder) -> tuple[str, str]:
    return encoder.model, encoder.digest


def schemas(address: str) -> set[str]:
    """Those of generations."""
    with psycopg.connect(address) as connection:
        return {name for (name,) in connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wakhan\__%'")}
