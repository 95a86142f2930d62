"""Two database servers on this machine, set up by the scripts of deploy/postgresql as an operator would on two.

`python -m tests.postgres_pair COMMAND` sets them up as primary and standby under synchronous commit, publishes KB_HOME's index to
them, and has the shell run COMMAND, where KB_STORE and KB_STORE_READ name them for readers, WRITER the primary for who publishes,
FIRST and SECOND the settings of each for the scripts.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kb.config import settings_from
from kb.postgres_publish import mirror
from kb.staging import Staging
from tests.ports import free_ports
from tests.postgres_made import children_of, go_on, missing, state_of, stop_all

SCRIPTS = Path(__file__).parents[1] / "deploy" / "postgresql"
FAST = "fsync = off\nshared_buffers = 64MB\nmax_connections = 60\n"  # processes are killed, no machine loses its power


def lacking() -> str:
    """Why the scripts cannot be run here; "" if they can."""
    return missing() or ("" if shutil.which("pgbackrest") else "pgBackRest is not installed; `tests/postgres.sh install` does it")


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two: its settings are in `etc`, its data in `data`."""

    etc: Path
    data: Path
    port: int

    @property
    def place(self) -> str:
        return f"localhost:{self.port}"

    def script(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Raises CalledProcessError with what it printed, if it fails and `check` is set."""
        done = subprocess.run(
            ["bash", str(SCRIPTS / name), *arguments],
            env=os.environ | {"WAKHAN_POSTGRESQL": str(self.etc / "server.env"), "PATIENCE": "120"},
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{name} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def psql(self, sql: str, database: str = "postgres") -> str:
        """As the superuser, by the server's socket."""
        command = ["psql", "-XAtqc", sql, "-h", str(self.etc.parent), "-p", str(self.port), "-d", database]
        command = ["runuser", "-u", "postgres", "--", *command]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, cwd="/").stdout.strip()

    def start(self) -> None:
        """As its service manager would, or an operator after a crash."""
        subprocess.run(
            ["bash", "-c", f'. "{SCRIPTS}/common.sh"; start_server'],
            env=os.environ | {"WAKHAN_POSTGRESQL": str(self.etc / "server.env")}, check=True, timeout=330, cwd="/",
        )  # fmt: skip

    def processes(self) -> list[int]:
        """The postmaster, and those that it started; none if it does not run."""
        try:
            first = int((self.data / "postmaster.pid").read_text().split()[0])
            if str(self.etc).encode() not in Path(f"/proc/{first}/cmdline").read_bytes():
                return []
            return [first, *children_of(first)]
        except (FileNotFoundError, ProcessLookupError):
            return []

    def kill(self) -> None:
        """kill -9 of the postmaster; its processes see that and end."""
        pids = self.processes()
        os.kill(pids[0], signal.SIGKILL)
        ends = time.monotonic() + 120
        while left := [pid for pid in pids if state_of(pid) not in ("Z", "")]:
            assert time.monotonic() < ends, f"{left} outlive the server that was killed"
            time.sleep(0.02)

    def hang(self) -> None:
        """Every process stands still, as on a machine that hangs."""
        stop_all(self.processes()[0])

    def go_on(self) -> None:
        go_on(self.processes()[0])

    def stop(self) -> None:
        """At once, also if it hangs."""
        if pids := self.processes():
            with suppress(ProcessLookupError):
                go_on(pids[0])
                os.kill(pids[0], signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Pair:
    folder: Path
    first: Server
    second: Server

    def address(self, user: str = "wakhan_ingest", servers: tuple[Server, ...] = (), options: str = "") -> str:
        """As KB_STORE would have it; of both servers if none is named."""
        places = ",".join(server.place for server in servers or (self.first, self.second))
        tls = f"sslmode=verify-full&sslrootcert={self.folder}/ca/ca.crt&passfile={self.folder}/pgpass"
        return f"postgresql://{user}@{places}/wakhan?{tls}{options}"


@contextmanager
def pair(folder: Path, settings: str = FAST) -> Iterator[Pair]:
    """The first is a primary, the second not set up yet. `folder` must let the user postgres through."""
    ports = zip("ab", free_ports(2), strict=True)
    made = Pair(folder, *(Server(folder / name / "etc", folder / name / "data", port) for name, port in ports))
    certificates = ["bash", str(SCRIPTS / "certificates.sh")]
    subprocess.run([*certificates, "ca", str(folder / "ca")], check=True, capture_output=True, timeout=300)
    for name, server in (("a", made.first), ("b", made.second)):
        command = [*certificates, "server", str(folder / "ca"), name, "localhost"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        server.etc.mkdir(parents=True)
        for suffix in ("crt", "key"):
            shutil.copy(folder / "ca" / f"{name}.{suffix}", server.etc / f"server.{suffix}")
        shutil.copy(folder / "ca" / "ca.crt", server.etc)
        (server.etc / "extra.conf").write_text(settings)
        (server.etc / "server.env").write_text(
            f"NAME={name}\nPORT={server.port}\nLISTEN=localhost\nCLIENTS='127.0.0.1/32 ::1/128'\nPEERS=\"$CLIENTS\"\n"
            f"DATA='{server.data}'\nSOCKET='{server.etc.parent}'\nBACKUPS='{folder}/backups'\nUNIT=\n"
        )
    try:
        made.first.script("primary.sh")
        shutil.copy(made.first.etc / "pgpass", made.second.etc)
        shutil.copy(made.first.etc / "pgpass", folder)
        os.chown(folder / "pgpass", 0, 0)
        yield made
    finally:
        for server in (made.second, made.first):
            server.stop()


def main(command: str) -> int:
    with tempfile.TemporaryDirectory(prefix="wakhan-pair-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o711)  # the user postgres goes through it
        with pair(Path(name), "") as two:
            two.second.script("standby.sh", two.first.place)
            two.first.script("synchronous.sh", "on")
            environment = os.environ | {
                "FIRST": str(two.first.etc / "server.env"),
                "SECOND": str(two.second.etc / "server.env"),
                "WRITER": two.address(options="&target_session_attrs=primary"),
                "KB_STORE": two.address("wakhan_web", options="&target_session_attrs=primary"),
                "KB_STORE_READ": " ".join(two.address("wakhan_web", (server,)) for server in (two.first, two.second)),
            }
            settings = dataclasses.replace(settings_from(os.environ, Path.cwd()), store=environment["WRITER"], store_read=())
            with Staging(settings.home) as staging:
                mirror(settings, staging)
            return subprocess.run(command, shell=True, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
