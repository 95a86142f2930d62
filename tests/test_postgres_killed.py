"""What PostgreSQL holds after the publishing program, or its session at the server, is killed with SIGKILL in the middle of its
work; and what of a collection is sent again."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from kb.errors import Busy
from kb.findings import Checked
from kb.library import Library
from kb.manifest import folder_of, read_manifest
from kb.postgres import Host
from kb.postgres_check import checked
from kb.postgres_publish import collect_mirrored, mirror
from kb.postgres_source import asked
from kb.staging import Staging
from tests.fakes import FakeEncoder
from tests.postgres_made import identity, settings_of, staged_and_published
from tests.records_made import staged

QUESTION = "When was the transit agreement signed?"
PASSAGES = 30


@pytest.fixture
def encoder():
    return FakeEncoder()


@pytest.fixture
def settings(servers, tmp_path):
    primary, _ = servers.database()
    return settings_of(tmp_path, primary)


def said(year):
    trains = [f"Train {number} of {year} goes to Karachi." for number in range(1, PASSAGES)]
    signed = staged("a", f"The transit agreement was signed in Tashkent on 15 July {year}.")
    return [signed, staged("b", *trains), staged("kept", "Rail to Osh and Bishkek.")]


def counted(settings, table):
    with psycopg.connect(settings.store) as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
        return count


def schemas(settings):
    with psycopg.connect(settings.store) as connection:
        rows = connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wakhan\__%'").fetchall()
        return {name for (name,) in rows}


def session(settings, what="state = 'active'"):
    """The process at the server of the program that publishes; None if there is none, or it is not at that."""
    with psycopg.connect(settings.store, autocommit=True) as connection:
        sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'wakhan ingest' AND datname = current_database() AND "
        row = connection.execute(f"{sql} {what}".encode()).fetchone()
        return row[0] if row else None


def until(found, what):
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            if found():
                return
        except psycopg.OperationalError:  # the server recovers from a crash
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what} was waited for in vain")


@contextmanager
def publishing(settings, where):
    """The program that publishes, at the point where it waits."""
    command = [sys.executable, "-m", "tests.postgres_killed", str(settings.home), settings.store, where]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "there\n"
            yield program
        finally:
            program.kill()


def killed(settings, where, whom):
    """Publish, and kill the program or its session at the server where it is told to wait."""
    with publishing(settings, where) as program:
        doing = "query LIKE 'CREATE INDEX%slow%'" if where == "indexing" else "query LIKE 'COPY%'"
        until(lambda: session(settings, doing), doing)
        os.kill(program.pid if whom == "program" else session(settings, doing), signal.SIGKILL)
        if whom == "session" and where == "indexing":
            assert program.wait() == 1
    until(lambda: session(settings, "true") is None, "the end of the killed program's session")


@pytest.mark.parametrize("whom", ["program", "session"])
@pytest.mark.parametrize("where", ["sending", "copying", "indexing"])
def test_a_kill_leaves_what_was_published_and_the_next_run_goes_on(settings, encoder, where, whom):
    staged_and_published(settings, said(2021), encoder)
    before, kept = schemas(settings), counted(settings, "wakhan.vectors")
    assert kept == PASSAGES + 1
    staged_and_published(dataclasses.replace(settings, store=""), said(2022), encoder)
    killed(settings, where, whom)
    assert schemas(settings) == before
    assert counted(settings, "wakhan.generations") == 1
    sent = counted(settings, "wakhan.vectors") - kept
    assert sent == (19 if where == "sending" else PASSAGES)
    library = Library(settings, lambda: encoder, identity(encoder))
    assert "2021" in library.ask(QUESTION).text
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    assert "2022" in library.ask(QUESTION).text
    library.close()
    assert not checked(settings, Checked()).findings
    host = Host(settings.store)
    assert asked(host)[1].manifest.digest == read_manifest(folder_of(settings.home, 2)).digest
    host.close()
    assert counted(settings, "wakhan.vectors") == 2 * PASSAGES + 1


def test_what_is_there_is_not_sent_again_and_what_nothing_names_goes(settings, encoder):
    staged_and_published(settings, said(2001), encoder)
    with psycopg.connect(settings.store) as connection:
        before = connection.execute("SELECT xmin::text, sha256 FROM wakhan.vectors").fetchall()
    staged_and_published(settings, [*said(2001), staged("new", "A road to Gwadar.")], encoder)
    with psycopg.connect(settings.store) as connection:
        after = connection.execute("SELECT xmin::text, sha256 FROM wakhan.vectors").fetchall()
    assert len(after) == len(before) + 1
    assert set(before) < set(after)
    for year in (2002, 2003, 2004):
        staged_and_published(settings, said(year), encoder)
    assert len(schemas(settings)) == 3
    assert counted(settings, "wakhan.vectors") == 3 * PASSAGES + 2
    collect_mirrored(settings, keep=1)
    assert counted(settings, "wakhan.vectors") == PASSAGES + 2


def test_vectors_of_another_run_of_the_model_are_kept_beside(settings, encoder, tmp_path):
    """A store that was made anew may have other vectors for the same texts: each generation has its own."""
    staged_and_published(settings, said(2021), encoder)

    class Turned(FakeEncoder):
        def encode_passages(self, texts, contexts):
            found = super().encode_passages(texts, contexts)
            return [dataclasses.replace(one, vector=one.vector[::-1].copy()) for one in found]

    elsewhere = dataclasses.replace(settings, home=tmp_path / "elsewhere")
    staged_and_published(elsewhere, [*said(2021), staged("more", "Rail.")], Turned())
    assert counted(settings, "wakhan.vectors") == 2 * (PASSAGES + 1) + 1
    assert not checked(elsewhere, Checked()).findings


def test_check_finds_vectors_that_are_gone_or_changed(settings, encoder):
    staged_and_published(settings, said(2021), encoder)
    with psycopg.connect(settings.store, autocommit=True) as connection:
        connection.execute("DELETE FROM wakhan.vectors WHERE sha256 = (SELECT sha256 FROM wakhan.vectors ORDER BY 1 LIMIT 1)")
    assert {finding.code for finding in checked(settings, Checked()).findings} == {"postgres-content"}
    with psycopg.connect(settings.store, autocommit=True) as connection:
        connection.execute("UPDATE wakhan.vectors SET vector = overlay(vector PLACING '\\x00'::bytea FROM 1)")
    assert "postgres-vectors" in {finding.code for finding in checked(settings, Checked()).findings}


def test_a_run_waits_for_no_dead_program(settings, encoder):
    """The lock goes with the session of a program that was killed while an index was built."""
    staged_and_published(settings, said(2021), encoder)
    staged_and_published(dataclasses.replace(settings, store=""), said(2022), encoder)
    with publishing(settings, "indexing"):
        until(lambda: session(settings, "query LIKE 'CREATE INDEX%slow%'"), "the index")
        other = dataclasses.replace(settings, home=settings.home.parent / "other")
        with pytest.raises(Busy):
            staged_and_published(other, said(2023), encoder)
    until(lambda: session(settings, "true") is None, "the end of its session")
    assert staged_and_published(other, said(2023), encoder).copied
