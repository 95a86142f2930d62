"""The scripts of deploy/postgresql, run: TLS, roles, standby, failover with one address for both servers, backup and restore."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kb.errors import StoreUnavailable
from kb.findings import Checked
from kb.library import Library
from kb.postgres import Host
from kb.postgres_check import checked
from tests.fakes import FakeEncoder
from tests.postgres_made import NEEDED, identity, settings_of, staged_and_published
from tests.postgres_pair import SCRIPTS, Pair, lacking, pair
from tests.test_postgres import QUESTION, said

PRIMARY = "&target_session_attrs=primary"
WRITES = (
    "DELETE FROM {schema}.documents", "UPDATE wakhan.published SET number = 1", "DROP SCHEMA {schema} CASCADE",
    "CREATE TABLE public.x (i int)", "CREATE TEMP TABLE x (i int)", "CREATE SCHEMA x", "SELECT lo_create(0)",
    "ALTER ROLE wakhan_web SUPERUSER", "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/hostname')",
)  # fmt: skip


@pytest.fixture(scope="module")
def two() -> Iterator[Pair]:
    """One pair for all, since each takes seconds; the test that leaves it with other roles is the last."""
    if why := lacking():
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set: {why}")
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="wakhan-pg-", ignore_cleanup_errors=True) as outer:
        os.chmod(outer, 0o711)  # the user postgres goes through it
        with pair(Path(outer)) as made:
            yield made


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


def refused(settings, encoder, address: str) -> str:
    library = Library(dataclasses.replace(settings, store=address, store_read=()), lambda: encoder, identity(encoder))
    with pytest.raises(StoreUnavailable) as caught:
        library.ask(QUESTION)
    library.close()
    return str(caught.value)


def asked(library: Library) -> tuple[int, bool]:
    """The year that is answered, and whether it is told to be stale."""
    answer = library.ask(QUESTION)
    (year,) = [year for year in range(2021, 2030) if str(year) in answer.text]
    return year, answer.index.stale


def test_only_who_proves_itself_reads_and_a_reader_cannot_write(two, encoder, tmp_path):
    settings = settings_of(tmp_path, two.address(servers=(two.first,)))
    staged_and_published(settings, said(2021), encoder)
    web = two.address("wakhan_web", (two.first,))
    library = Library(dataclasses.replace(settings, store=web), lambda: encoder, identity(encoder))
    assert asked(library) == (2021, False)
    library.close()

    subprocess.run(["bash", SCRIPTS / "certificates.sh", "ca", tmp_path / "other"], check=True, capture_output=True, timeout=300)
    wrong_ca = web.replace(str(two.folder / "ca" / "ca.crt"), str(tmp_path / "other" / "ca.crt"))
    assert "certificate verify failed" in refused(settings, encoder, wrong_ca)
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        staged_and_published(
            dataclasses.replace(settings, store=settings.store.replace("/ca.crt", "/a.crt")), said(2022), encoder
        )
    wrong_name = web.replace("@localhost", "@127.0.0.1")
    assert "does not match host name" in refused(settings, encoder, wrong_name)
    assert "no encryption" in refused(settings, encoder, web.replace("sslmode=verify-full", "sslmode=disable"))
    (tmp_path / "pgpass").write_text("*:*:*:wakhan_web:wrong-secret\n")
    (tmp_path / "pgpass").chmod(0o600)
    told = refused(settings, encoder, web.replace(str(two.folder / "pgpass"), str(tmp_path / "pgpass")))
    assert "password authentication failed" in told
    assert not {"wakhan_web", "wrong-secret"} & set(told.replace('"', " ").split())

    schema = _schema(settings.store)
    with psycopg.connect(web, autocommit=True) as reader:
        for statement in WRITES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.format(schema=schema))
        assert reader.execute(f"SELECT count(*) FROM {schema}.documents").fetchone() == (2,)
    with psycopg.connect(settings.store) as writer:
        flags = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        assert writer.execute(f"SELECT {flags} FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def _schema(address: str) -> str:
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT schema_name FROM wakhan.generations").fetchall()
    return rows[-1][0]


def _until(holds) -> None:
    ends = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_what_was_destroyed_is_restored_as_it_was_last_or_at_a_time(two, encoder, tmp_path):
    server = two.first
    settings = settings_of(tmp_path, two.address(servers=(server,)))
    staged_and_published(settings, said(2021), encoder)
    refusal = server.script("restore.sh", check=False)
    assert (refusal.returncode, "nothing was changed" in refusal.stderr, server.psql("SELECT 1")) == (1, True, "1")
    server.script("backup.sh")
    server.psql("SELECT pg_sleep(1.1)")  # pgBackRest tells the times of backups in whole seconds
    staged_and_published(settings, said(2022), encoder)
    between = server.psql("SELECT clock_timestamp()")
    staged_and_published(settings, said(2023), encoder)
    _archived(two)
    server.kill()
    shutil.rmtree(server.data)

    for arguments, year, generation in (((), 2023, 3), (("--time", between), 2022, 2)):
        server.script("restore.sh", *arguments)
        library = Library(settings, lambda: encoder, identity(encoder))
        assert asked(library) == (year, False)
        assert library.info().generation == generation
        library.close()
        codes = {finding.code for finding in checked(settings, Checked()).findings}
        assert codes == (set() if year == 2023 else {"postgres-behind"})  # KB_HOME is newer: a re-index publishes it again
    assert staged_and_published(settings, said(2024), encoder).copied
    assert "in place again" in server.script("restore.sh", "--time", "the day before", check=False).stderr
    server.start()
    assert server.script("backup.sh", "full").returncode == 0


def _archived(two: Pair) -> None:
    """What was published is in the archive, as it is five minutes later at the latest."""
    name = two.first.psql("SELECT pg_walfile_name(pg_switch_wal())")
    _until(lambda: two.first.psql(f"SELECT last_archived_wal >= '{name}' FROM pg_stat_archiver") == "t")


def test_a_standby_takes_over_and_no_setting_is_changed(two, encoder, tmp_path, monkeypatch):
    """Hung, killed, promoted, rejoined: KB_STORE names both servers all the time."""
    first, second = two.first, two.second
    followed(two)
    settings = settings_of(tmp_path, two.address(options="&target_session_attrs=read-write"))
    staged_and_published(settings, said(2021), encoder)
    each = tuple(two.address("wakhan_web", (one,)) for one in (first, second))
    reading = dataclasses.replace(settings, store=two.address("wakhan_web", options=PRIMARY), store_read=each)
    library = Library(reading, lambda: encoder, identity(encoder))
    assert asked(library) == (2021, False)

    monkeypatch.setattr("kb.postgres.DOWN", 0.5)
    first.hang()  # a promise of an answer that never comes
    assert asked(library) == (2021, True)
    first.go_on()
    _until(lambda: not library.info().stale)
    assert "stop it first" in second.script("promote.sh", check=False).stderr

    first.kill()
    assert asked(library) == (2021, True)
    with pytest.raises(StoreUnavailable, match="publishing"):
        staged_and_published(settings, said(2022), encoder)
    second.script("promote.sh")
    assert "already" in second.script("promote.sh").stdout
    _until(lambda: not library.info().stale)
    staged_and_published(settings, said(2023), encoder)
    assert asked(library) == (2023, False)

    rejoined(two)
    staged_and_published(settings, said(2024), encoder)
    assert asked(library) == (2024, False)
    assert checked(dataclasses.replace(settings, store_read=each), Checked()).findings == ()
    first.kill()  # the standby, now: no answer fails or is flagged, and publishing waits until it is told not to
    assert asked(library) == (2024, False)
    told = second.script("check.sh", check=False)
    assert (told.returncode, "none of them follows" in told.stdout) == (1, True)
    second.script("synchronous.sh", "off")
    staged_and_published(settings, said(2025), encoder)
    assert asked(library) == (2025, False)
    library.close()


def followed(two: Pair) -> None:
    """The second follows the first, without the target of the first's last restore, which would end that."""
    assert "follows" in two.second.script("standby.sh", two.first.place).stdout
    assert "recovery_target" not in (two.second.data / "postgresql.auto.conf").read_text()
    assert "a publish waits" in two.first.script("synchronous.sh", "on").stdout


def rejoined(two: Pair) -> None:
    """The first follows the second, and both are well."""
    two.first.script("rejoin.sh", two.second.place)
    two.second.script("synchronous.sh", "on")
    two.second.script("backup.sh")
    for server in (two.first, two.second):
        assert server.script("check.sh").returncode == 0


def test_scripts_say_what_is_missing_and_change_nothing(tmp_path):
    for script in sorted(SCRIPTS.glob("*.sh")):
        subprocess.run(["bash", "-n", script], check=True, timeout=60)
    done = subprocess.run(
        ["bash", SCRIPTS / "primary.sh"], env=os.environ | {"WAKHAN_POSTGRESQL": str(tmp_path / "none")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "root" in done.stderr or "server.env" in done.stderr


def test_an_address_of_two_servers_is_taken():
    host = Host("postgresql://u@db1.example,db2.example/wakhan?target_session_attrs=read-write")
    assert host.name == "db1.example:5432,db2.example:5432/wakhan"
    host.close()
