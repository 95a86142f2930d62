"""PostgreSQL as the store: publishing is whole or not at all, standbys never mix, and who is killed loses nothing published."""

import dataclasses
import threading
from pathlib import Path

import psycopg
import pytest

from ingest.__main__ import main as ingest
from kb import faults, postgres
from kb.errors import Busy, IndexStale, StoreUnavailable
from kb.findings import Checked
from kb.library import Library
from kb.manifest import sha256_of
from kb.postgres import described, reason, translated
from kb.postgres_check import checked
from kb.postgres_export import export_of, import_into
from kb.postgres_publish import mirror, writing
from kb.postgres_schema import READER
from kb.records import Filters
from kb.rollback import roll_back
from kb.staging import Staging
from tests.fakes import FakeEncoder
from tests.postgres_made import identity, settings_of, staged_and_published
from tests.records_made import staged
from tests.test_store_conformance import QUESTIONS
from tests.test_store_conformance import documents as collection
from web import create_app

QUESTION = "When was the transit agreement signed?"


def said(year: int) -> list:
    return [staged("a", f"The transit agreement was signed in Tashkent on 15 July {year}."), staged("b", f"Rail of {year}.")]


@pytest.fixture
def encoder():
    return FakeEncoder()


@pytest.fixture
def settings(servers, tmp_path):
    primary, standby = servers.database()
    return settings_of(tmp_path, primary, (standby,))


@pytest.fixture
def library(settings, encoder):
    opened = Library(settings, lambda: encoder, identity(encoder))
    yield opened
    opened.close()


def schemas(settings):
    with psycopg.connect(settings.store) as connection:
        return [name for (name,) in connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wakhan\__%'")]


def test_a_load_that_is_cut_leaves_nothing_and_the_next_run_publishes(settings, library, encoder, monkeypatch):
    staged_and_published(settings, said(2021), encoder)

    def cut(step):
        if step == "postgres loaded":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(faults, "reached", cut)
        with pytest.raises(KeyboardInterrupt):
            staged_and_published(settings, said(2022), encoder)
    assert len(schemas(settings)) == 1
    assert "2021" in library.ask(QUESTION).text
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    assert "2022" in library.ask(QUESTION).text
    with Staging(settings.home) as staging:
        assert not mirror(settings, staging).copied


def test_what_another_version_wrote_is_refused_and_published_anew(settings, library, encoder):
    staged_and_published(settings, said(2021), encoder)
    with psycopg.connect(settings.store, autocommit=True) as connection:
        connection.execute("UPDATE wakhan.generations SET layout = '0.0'")
    with pytest.raises(IndexStale, match="another version"):
        library.ask(QUESTION)
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    assert "2021" in library.ask(QUESTION).text


def test_one_writer_at_a_time(settings, encoder):
    with writing(settings.store), pytest.raises(Busy, match="another program"):
        staged_and_published(settings, said(2021), encoder)
    assert staged_and_published(settings, said(2022), encoder).copied


def test_a_rollback_moves_the_server_without_a_copy_and_old_generations_go(settings, library, encoder):
    for year in range(2018, 2023):
        staged_and_published(settings, said(year), encoder)
    assert len(schemas(settings)) == 3
    with Staging(settings.home) as staging:
        roll_back(staging)
        assert not mirror(settings, staging).copied
    answer = library.ask(QUESTION)
    assert (answer.index.generation, "2021" in answer.text) == (4, True)


def test_a_new_generation_is_taken_up_without_a_failed_or_mixed_answer(settings, library, encoder):
    staged_and_published(settings, said(2001), encoder)
    seen, errors, stop = set(), [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answer = library.ask(QUESTION)
                seen.add((answer.index.generation, answer.text))
            except Exception as error:  # noqa: BLE001 (collected, and asserted to be none)
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for year in range(2002, 2005):
            staged_and_published(settings, said(year), encoder)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors
    assert seen
    assert all(str(2000 + generation) in text for generation, text in seen)


def test_readers_may_read_and_no_more(servers, settings, encoder):
    with servers.connected() as admin:
        admin.execute(f"DROP ROLE IF EXISTS web_of_test; DROP ROLE IF EXISTS {READER}".encode())
        admin.execute(f"CREATE ROLE {READER}; CREATE ROLE web_of_test LOGIN IN ROLE {READER}".encode())
    staged_and_published(settings, said(2021), encoder)
    address = settings.store.replace("postgres@", "web_of_test@")
    library = Library(dataclasses.replace(settings, store=address, store_read=()), lambda: encoder, identity(encoder))
    assert "2021" in library.ask(QUESTION).text
    library.close()
    (schema,) = schemas(settings)
    with psycopg.connect(address) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"DELETE FROM {schema}.documents".encode())


def test_check_finds_what_was_changed_in_the_database(settings, encoder):
    staged_and_published(settings, said(2021), encoder)
    assert not checked(settings, Checked()).findings
    (schema,) = schemas(settings)
    with psycopg.connect(settings.store, autocommit=True) as connection:
        turned = f"(SELECT embedding FROM {schema}.embeddings WHERE num = 1)"
        connection.execute(f"UPDATE {schema}.embeddings SET embedding = {turned} WHERE num = 0".encode())
        connection.execute(f"DELETE FROM {schema}.lexemes WHERE num = 1".encode())
        connection.execute(f"UPDATE {schema}.documents SET metadata = '{{}}' WHERE id = 'id-a'".encode())
    found = {finding.code for finding in checked(settings, Checked()).findings}
    assert found == {"postgres-vectors", "postgres-rows", "postgres-digest"}
    with Staging(settings.home) as staging:
        staging.replace_source("docs/a", [])
    staged_and_published(dataclasses.replace(settings, store=""), said(2022), encoder)
    assert "postgres-behind" in {finding.code for finding in checked(settings, Checked()).findings}


def test_a_lagging_standby_is_passed_over(servers, settings, library, encoder):
    staged_and_published(settings, said(2021), encoder)
    servers.caught_up()
    assert "2021" in library.ask(QUESTION).text
    with servers.connected(servers.standby) as standby:
        standby.execute("SELECT pg_wal_replay_pause()")
        try:
            staged_and_published(settings, said(2022), encoder)
            answer = library.ask(QUESTION)
            assert ("2022" in answer.text, answer.index.stale, answer.index.generation) == (True, False, 2)
            assert library.document("id-b").text == "Rail of 2022."
        finally:
            standby.execute("SELECT pg_wal_replay_resume()")
    servers.caught_up()


def test_a_killed_primary_loses_nothing_and_answers_say_that_they_may_be_old(servers, settings, library, encoder):
    """Under synchronous commit: what publishing acknowledged is on the standby."""
    with servers.connected() as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        admin.execute("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
        admin.execute("SELECT pg_reload_conf()")
    follows = "EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')"
    servers.until(f"SELECT current_setting('synchronous_commit') = 'remote_apply' AND {follows}")
    staged_and_published(settings, said(2021), encoder)
    assert not library.ask(QUESTION).index.stale
    staged_and_published(settings, said(2022), encoder)
    servers.kill("primary")
    try:
        answer = library.ask(QUESTION)
        assert ("2022" in answer.text, answer.index.stale) == (True, True)
        web = create_app(library, settings).test_client()
        page = web.get("/", query_string={"q": QUESTION}).get_data(as_text=True)
        assert "does not answer" in page
        assert web.post("/api/v1/ask", json={"question": QUESTION}).json["index"]["stale"]
        assert web.get("/readyz").json["stale"]
        with pytest.raises(StoreUnavailable, match="mend the server"):
            staged_and_published(settings, said(2023), encoder)
        servers.kill("standby")
        with pytest.raises(StoreUnavailable, match="no server of the store answers"):
            library.ask(QUESTION)
        assert web.post("/api/v1/ask", json={"question": QUESTION}).status_code == 503
        servers.start("standby")
    finally:
        servers.start("primary")
        with servers.connected() as admin:
            admin.execute("ALTER SYSTEM RESET ALL")
            admin.execute("SELECT pg_reload_conf()")
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    again = Library(settings, lambda: encoder, identity(encoder))
    answer = again.ask(QUESTION)
    again.close()
    assert ("2023" in answer.text, answer.index.stale) == (True, False)


def test_a_server_that_was_started_anew_is_used_without_a_failed_answer(servers, settings, encoder, monkeypatch):
    monkeypatch.setattr("kb.postgres.AGAIN", 60.0)
    alone = dataclasses.replace(settings, store_read=())
    staged_and_published(alone, said(2021), encoder)
    library = Library(alone, lambda: encoder, identity(encoder))
    library.ask(QUESTION)
    servers.kill("primary")
    servers.start("primary")
    assert library.documents(Filters()).total == 2
    library.close()


def test_a_round_trip_between_stores_gives_the_same(settings, encoder, tmp_path):
    """Embedded → PostgreSQL → embedded: digests, files and answers."""
    here = dataclasses.replace(settings_of(tmp_path / "first"), store="")
    staged_and_published(here, collection(), encoder)
    export_of(here, tmp_path / "out1")
    there = dataclasses.replace(settings_of(tmp_path / "second"), store=settings.store)
    import_into(there, tmp_path / "out1")
    made = export_of(there, tmp_path / "out2")
    back = settings_of(tmp_path / "third")
    assert import_into(back, tmp_path / "out2").digest == made.index.digest
    for name, sha256 in made.files.items():
        assert sha256_of(tmp_path / "out1" / name) == sha256, name
    libraries = [Library(one, lambda: encoder, identity(encoder)) for one in (here, there, back)]
    for question in QUESTIONS:
        first, *others = [[hit.passage.id for hit in one.search(question).items] for one in libraries]
        assert others == [first, first]
    for one in libraries:
        one.close()


def test_a_machine_without_the_files_serves_them(settings, encoder, tmp_path):
    """Originals come from the database, and go with the last generation that was made of them."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"The transit agreement was signed in Tashkent on 15 July 2021.\r\n")
    (item, *_) = said(2021)
    with Staging(settings.home) as staging:
        sha256 = staging.keep_original(path)
    kept = dataclasses.replace(item, document=dataclasses.replace(item.document, original_sha256=sha256))
    staged_and_published(settings, [kept], encoder)
    elsewhere = dataclasses.replace(settings, home=tmp_path / "elsewhere")
    library = Library(elsewhere, lambda: encoder, identity(encoder))
    assert Path(library.original("id-a").path).read_bytes() == path.read_bytes()
    library.close()
    for year in range(2022, 2026):
        staged_and_published(settings, said(year), encoder)
    with psycopg.connect(settings.store) as connection:
        assert connection.execute("SELECT count(*) FROM wakhan.originals").fetchone() == (0,)


def test_statements_are_translated_and_addresses_are_told_without_passwords():
    assert translated("SELECT ':a' , x::int, ? FROM t WHERE a = :name AND b LIKE 'art.%'") == (
        "SELECT ':a' , x::int, %s FROM t WHERE a = %(name)s AND b LIKE 'art.%%'"
    )
    assert described("postgresql://user:secret@db.example:6000/wakhan") == "db.example:6000/wakhan"
    two = "postgresql://user:secret@db1.example,db2.example:6000/wakhan?target_session_attrs=primary"
    assert described(two) == "db1.example:5432,db2.example:6000/wakhan"
    assert described("postgresql://user@/wakhan?host=a,b&port=7000") == "a:7000,b:7000/wakhan"
    assert postgres.STATEMENT < 30


def test_what_each_of_several_servers_said_is_told_without_the_user():
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect("postgresql://somebody:secret@127.0.0.1:1,127.0.0.1:2/wakhan", connect_timeout=3)
    said = reason(caught.value)
    assert "port: '1'" in said and "port: '2'" in said and "refused" in said
    assert "\n" not in said
    assert reason(psycopg.OperationalError('FATAL:  password authentication failed for user "somebody"')).endswith("for the user")


def test_commands_say_what_is_wrong_with_an_address(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KB_STORE", "mysql://user:secret@host/db")
    assert ingest(["status"]) == 2
    shown = capsys.readouterr().err
    assert "KB_STORE" in shown
    assert "secret" not in shown
    monkeypatch.setenv("KB_STORE", "")
    monkeypatch.setenv("KB_STORE_READ", "postgresql://host/db")
    assert ingest(["status"]) == 2
    assert "KB_STORE is not set" in capsys.readouterr().err
