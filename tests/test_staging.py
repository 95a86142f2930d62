import dataclasses
import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from kb import browse, store
from kb.connections import connect_reader, connect_writer
from kb.current import is_current
from kb.errors import Busy, IndexMissing, IndexStale
from kb.generations import folder_of, open_snapshot, publish, vector_model
from kb.migrations import MIGRATIONS, check_not_older, migrate, schema_of
from kb.records import Anchor, Filters, Reference, Stated
from kb.staging import STORE_FILE, Staging, known_sources, vector_key
from tests.records_made import staged

MODEL = ("words", "digest-1")


def embed(staging, model=MODEL, limit=1000):
    """Vectors made of the text's length: enough to tell passages apart."""
    name = vector_model(*model)
    missing = staging.missing_vectors(name, limit)
    staging.add_vectors(name, [(m.key, np.array([len(m.text), 1, 0], dtype=np.float32), b"codes") for m in missing])
    return len(missing)


def published(home, *documents):
    with Staging(home) as staging:
        for item in documents:
            staging.replace_source(item.document.source_uri, [item])
        embed(staging)
        return publish(staging, *MODEL)


def read(home):
    return closing(connect_reader(home / STORE_FILE))


def test_nothing_staged_is_visible_before_the_switch(tmp_path):
    published(tmp_path, staged("a", "First text."))
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [staged("a", "Second text.")])
        staging.replace_source("docs/b", [staged("b", "New text.")])
        with read(tmp_path) as connection:
            assert store.document(connection, 1, "id-a").text == "First text."
            assert browse.count_documents(connection, 1, Filters()) == 1
        embed(staging)
        publish(staging, *MODEL)
        with read(tmp_path) as connection:
            assert store.published_generation(connection) == 2
            assert store.document(connection, 2, "id-a").text == "Second text."
            assert store.document(connection, 1, "id-a").text == "First text."  # a reader in the middle of an answer
            assert browse.count_documents(connection, 2, Filters()) == 2


def test_what_was_embedded_once_is_not_embedded_again(tmp_path):
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [staged("a", "One.", "Two.", "One.")])
        name = vector_model(*MODEL)
        assert staging.count_missing_vectors(name) == 2
        assert embed(staging) == 2
        staging.replace_source("docs/a", [staged("a", "One.", "Three.")])
        assert [m.text for m in staging.missing_vectors(name, 10)] == ["Three."]
        assert staging.count_missing_vectors(vector_model("other", "digest")) == 2


def test_staged_rows_survive_and_are_known_to_the_next_run(tmp_path):
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [item := staged("a", "One.")])
    with Staging(tmp_path) as staging:
        known = known_sources(staging.connection, "docs")
        assert known["docs/a"].source_sha256 == item.document.source_sha256
        assert known["docs/a"].documents == ("id-a",)
        assert not is_current(staging, *MODEL)


def test_a_document_removed_and_put_back_before_the_switch_is_there_once(tmp_path):
    published(tmp_path, staged("a", "One."))
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [])
        staging.replace_source("docs/a", [staged("a", "One.")])
        embed(staging)
        manifest = publish(staging, *MODEL)
    assert (manifest.documents, manifest.passages) == (1, 1)


def test_the_same_documents_give_the_same_digest_whichever_way_they_came(tmp_path):
    a, b = staged("a", "One.", "Two."), staged("b", "Three.")
    straight = published(tmp_path / "x", a, b)
    published(tmp_path / "y", staged("b", "Other."), staged("c", "Gone."))
    with Staging(tmp_path / "y") as staging:
        staging.replace_source("docs/c", [])
        staging.replace_source("docs/b", [b])
        staging.replace_source("docs/a", [a])
        embed(staging)
        assert publish(staging, *MODEL).digest == straight.digest


def test_a_killed_build_leaves_the_old_generation_and_the_next_run_publishes(tmp_path):
    published(tmp_path, staged("a", "One."))
    partial = folder_of(tmp_path, 2).with_name("000002.partial")
    partial.mkdir()
    (partial / "vectors.000.faiss").write_bytes(b"half")
    folder_of(tmp_path, 2).mkdir()  # renamed, but the switch never came
    assert open_snapshot(tmp_path, 1, *MODEL).manifest.generation == 1
    assert published(tmp_path, staged("b", "Two.")).generation == 2
    assert len(open_snapshot(tmp_path, 2, *MODEL).vectors) == 2


def test_old_generations_go_and_the_last_three_stay(tmp_path):
    for number in range(5):
        published(tmp_path, staged("a", f"Text {number}."))
    assert sorted(p.name for p in (tmp_path / "generations").iterdir()) == ["000003", "000004", "000005"]
    with read(tmp_path) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM passages").fetchone() == (3,)


def test_positions_filters_and_passages_agree(tmp_path):
    published(tmp_path, staged("a", "One.", "Three."), staged("b", "Fifteen.", countries=("TJ",), published="2024"))
    snapshot = open_snapshot(tmp_path, 1, *MODEL)
    with read(tmp_path) as connection:
        for filters, wanted in [(Filters(country=("TJ",)), {"Fifteen."}), (Filters(date_to="2022-01-01"), {"One.", "Three."})]:
            mask = snapshot.allowed(store.matching_documents(connection, 1, filters))
            found = snapshot.vectors.search(np.array([1, 0, 0], dtype=np.float32), 10, mask)
            rows = store.passages_by_num(connection, [int(snapshot.passages[p]) for p, _ in found])
            assert {passage.text for passage, _ in rows.values()} == wanted


@pytest.mark.parametrize("damage", ["truncate", "delete", "manifest", "count"])
def test_a_damaged_index_says_how_to_mend_it_and_the_next_run_mends_it(tmp_path, damage):
    published(tmp_path, staged("a", "One."))
    folder = folder_of(tmp_path, 1)
    if damage == "truncate":
        (folder / "vectors.000.faiss").write_bytes(b"")
    elif damage == "delete":
        (folder / "words.places.npy").unlink()
        (folder / "passages.npy").unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_text("{")
    else:
        np.save(folder / "documents.npy", np.zeros(5, dtype=np.int64))
    with pytest.raises(IndexStale, match="python -m ingest reindex"):
        open_snapshot(tmp_path, 1, *MODEL)
    with Staging(tmp_path) as staging:
        assert not is_current(staging, *MODEL)


def test_another_model_is_named_with_the_command_that_mends(tmp_path):
    published(tmp_path, staged("a", "One."))
    with pytest.raises(
        IndexStale, match=r"made with the model words .* but bge .* is configured. Run `python -m ingest reindex`"
    ):
        open_snapshot(tmp_path, 1, "bge", "digest-2")


def test_no_index_is_said_to_be_missing(tmp_path):
    with pytest.raises(IndexMissing, match="nothing has been indexed"):
        open_snapshot(tmp_path, 0, *MODEL)


def test_one_writer_at_a_time_and_a_dead_one_holds_nothing(tmp_path):
    with Staging(tmp_path), pytest.raises(Busy, match="another re-index is writing"):
        Staging(tmp_path)
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from kb.staging import Staging
        Staging(Path({str(tmp_path)!r}))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -9
    with Staging(tmp_path):
        pass


def test_readers_do_not_write(tmp_path):
    published(tmp_path, staged("a", "One."))
    with read(tmp_path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("UPDATE meta SET value = '9'")


def test_a_store_of_a_newer_program_is_refused(tmp_path):
    connection = connect_writer(tmp_path / STORE_FILE)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(IndexStale, match="written by a newer version"):
        Staging(tmp_path)


def test_migrations_run_once_and_all_or_nothing(tmp_path, monkeypatch):
    connection = connect_writer(tmp_path / STORE_FILE)
    migrate(connection)
    migrate(connection)
    assert schema_of(connection) == len(MIGRATIONS)

    def broken(connection):
        connection.execute("CREATE TABLE half (x)")
        raise RuntimeError("in the middle")

    monkeypatch.setattr("kb.migrations.MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr("kb.migrations.SCHEMA", len(MIGRATIONS) + 1)
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate(connection)
    assert schema_of(connection) == len(MIGRATIONS)
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()
    connection.close()


def test_originals_are_kept_under_their_content_hash(tmp_path):
    source = tmp_path / "paper.pdf"
    source.write_bytes(b"%PDF-1.7 some bytes")
    with Staging(tmp_path / "home") as staging:
        first, second = staging.keep_original(source), staging.keep_original(source)
    kept = tmp_path / "home" / "originals" / first[:2] / first
    assert first == second
    assert kept.read_bytes() == source.read_bytes()
    assert not list((tmp_path / "home" / "originals").glob("*.partial"))


@pytest.mark.parametrize("expected", ["", "kept"])
def test_what_took_the_place_of_a_file_is_not_kept(tmp_path, expected):
    source = tmp_path / "paper.txt"
    source.write_text("some words")
    with Staging(tmp_path / "home") as staging:
        kept = staging.keep_original(source)
        source.unlink()
        os.mkfifo(source)
        for place in (source, Path("/dev/zero")):
            with pytest.raises(OSError, match="no regular file"):
                staging.keep_original(place, kept if expected else "")
    assert not list((tmp_path / "home" / "originals").glob("*.partial"))


def test_the_content_hash_tells_context_from_text():
    assert vector_key("b", "a") != vector_key("ab", "") != vector_key("", "ab")


def test_a_store_of_the_first_schema_is_migrated_with_its_passages(tmp_path, monkeypatch):
    monkeypatch.setattr("kb.migrations.MIGRATIONS", MIGRATIONS[:1])
    connection = connect_writer(tmp_path / STORE_FILE)
    migrate(connection)
    columns = connection.execute(
        "SELECT name, type FROM pragma_table_info('documents') WHERE \"notnull\" AND name != 'num'"
    ).fetchall()
    document = {name: 0 if kind == "INTEGER" else "" for name, kind in columns} | {"num": 1, "id": "d", "gen_from": 1}
    document |= {"metadata": "{}", "blocks": "[]", "pages": "[]", "warnings": "[]"}
    connection.execute(
        f"INSERT INTO documents ({', '.join(document)}) VALUES ({', '.join('?' * len(document))})", [*document.values()]
    )
    connection.execute("INSERT INTO passages VALUES (1, 'p', 1, 0, 'Text.', 0, 5, NULL, NULL, '[]', 'para. 1', 'en', '', x'00')")
    with pytest.raises(IndexStale, match="older version"):
        check_not_older(schema_of(connection))
    connection.close()
    monkeypatch.undo()
    with Staging(tmp_path) as staging:
        check_not_older(schema_of(staging.connection))
        (passage,) = store.passages(staging.connection, 1, "d")
        assert (passage.text, passage.rows, passage.anchors) == ("Text.", (), ())
        old = store.document(staging.connection, 1, "d")
        assert (old.stated, old.references) == ((), ())
        assert (old.metadata.projects, old.metadata.sources) == ((), ())


def test_what_law_says_and_refers_to_comes_back_and_goes_with_its_document(tmp_path):
    item = staged("a", "Article 1 says, in Article 2.")
    facts = (Stated("signed_on", "2021-07-15", 0, 9), Stated("party", "Пакистан", 3, 7))
    links = (Reference(19, 28, "art. 2", 0), Reference(29, 30, "art. 5", None, "agreement:qtta"))
    passage = dataclasses.replace(item.passages[0], anchors=(Anchor(0, "art. 1(1)"), Anchor(9, "art. 1(2)")))
    document = dataclasses.replace(item.document, stated=facts, references=links)
    published(tmp_path, dataclasses.replace(item, document=document, passages=(passage,)))
    with read(tmp_path) as connection:
        found = store.document(connection, 1, "id-a")
        assert (found.stated, found.references) == (facts, links)
        assert store.passages(connection, 1, "id-a") == (passage,)
    for number in range(3):
        published(tmp_path, staged("a", f"Text {number}."))
    with read(tmp_path) as connection:
        assert connection.execute("SELECT count(*) FROM cross_references").fetchone() == (0,)


def test_a_comparison_reads_no_text_and_a_pass_over_passages_goes_by_their_numbers(tmp_path):
    published(tmp_path, staged("a", "One."))
    asked = []
    with Staging(tmp_path) as staging:
        staging.connection.set_trace_callback(asked.append)
        known_sources(staging.connection, "docs")
        staging.published()
        is_current(staging, *MODEL)
        staging.missing_after("model", 5, 1)
        staging.connection.set_trace_callback(None)
        plans = [
            step
            for statement in asked
            if statement.startswith("SELECT") and "FROM meta" not in statement
            for *_, step in staging.connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    of_documents = [step for step in plans if "documents" in step or step.startswith(("SCAN d", "SEARCH d"))]
    assert len(of_documents) >= 4
    for step in of_documents:
        assert "COVERING INDEX" in step or "documents_ended" in step, step
    assert any(step.startswith("SEARCH p USING INTEGER PRIMARY KEY") for step in plans)
