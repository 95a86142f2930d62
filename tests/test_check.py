"""`check` finds each kind of damage and names the remedy; `repair` mends what it says it mends."""

import argparse
import dataclasses
import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from ingest.commands_store import add
from kb.check import check, repair
from kb.errors import Busy, IndexMissing
from kb.keeping import collect, generations_on_disk
from kb.manifest import folder_of
from kb.staging import STORE_FILE, Staging
from tests.crash_bench import in_process
from tests.test_library import TEXTS
from tests.test_reindex import Bench, counts

QUESTION = "How long is the CASA-1000 line?"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.local_runner.read_sandboxed", in_process)
    made = Bench(tmp_path)
    for name, text in TEXTS.items():
        made.write(name, text)
    made.run()
    return made


def checked(bench, **options):
    return check(bench.settings, identify=bench.identify, **options)


def repaired(bench, **options):
    return repair(bench.settings, identify=bench.identify, **options)


def codes(told):
    return {finding.code for finding in told.findings}


def change(bench, statement, *values):
    with closing(sqlite3.connect(bench.settings.home / STORE_FILE)) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0, "nothing was damaged"


def answers(bench):
    library = bench.library()
    try:
        return library.ask(QUESTION).text
    finally:
        library.close()


@pytest.mark.parametrize("deep", [False, True])
def test_what_is_whole_has_no_findings(bench, deep):
    told = checked(bench, deep=deep)
    assert (told.findings, told.notes) == ((), ())
    bench.write("more.txt", "A fourth document about wheat.")
    bench.run()
    assert checked(bench, deep=deep).findings == ()


def test_nothing_to_check_is_an_error(tmp_path):
    with pytest.raises(IndexMissing):
        checked(Bench(tmp_path))


def garble(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(bytes(content))


def other_vectors(folder):
    """The index with the first two rows' places exchanged: still a whole FAISS file, and every count is right."""
    numbers = np.load(folder / "passages.npy")
    numbers[[0, 1]] = numbers[[1, 0]]
    np.save(folder / "passages.npy", numbers)


def other_words(folder):
    """The postings of every stem with the passages in another order: every count is right."""
    passages = np.load(folder / "words.passages.npy")
    np.save(folder / "words.passages.npy", passages.max() - passages)


DAMAGE = {
    "folder": lambda folder: [path.unlink() for path in folder.iterdir()] and folder.rmdir(),
    "manifest": lambda folder: (folder / "manifest.json").write_text("{"),
    "digest": lambda folder: (folder / "manifest.json").write_text(
        json.dumps(json.loads((folder / "manifest.json").read_text()) | {"digest": "0" * 64})
    ),
    "count": lambda folder: np.save(folder / "documents.npy", np.zeros(5, dtype=np.int64)),
    "positions": other_vectors,
    "vectors": lambda folder: garble(folder / "vectors.000.faiss"),
    "no vectors": lambda folder: (folder / "vectors.000.faiss").write_bytes(b""),
    "words": lambda folder: garble(folder / "words.passages.npy"),
    "words beyond": lambda folder: np.save(folder / "words.passages.npy", np.load(folder / "words.passages.npy") + np.uint32(9)),
    "words elsewhere": other_words,
    "no words": lambda folder: (folder / "words.places.npy").write_bytes(b""),
    "stems": lambda folder: garble(folder / "words.terms"),
}


def test_a_bit_that_flips_in_an_index_is_found(bench):
    for path in folder_of(bench.settings.home, 1).iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert codes(checked(bench)) == {"index"}, path.name
        path.write_bytes(content)
    assert checked(bench).findings == ()


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_found_and_built_again_without_the_model(bench, damage, hashes):
    before = answers(bench)
    if not hashes:  # a generation of before there were any
        (folder_of(bench.settings.home, 1) / "hashes.json").unlink()
    DAMAGE[damage](folder_of(bench.settings.home, 1))
    told = checked(bench)
    assert codes(told) == {"index"}
    assert all(finding.repair and "--repair" in finding.remedy for finding in told.findings)
    opened = bench.opened
    told = repaired(bench)
    assert told.findings == () and "generation 1 again" in told.repaired[0]
    assert (answers(bench), bench.opened) == (before, opened)
    assert counts(bench.run()) == (0, 0, 3, 0, 0)
    assert generations_on_disk(bench.settings.home) == [1]


def test_repairing_an_index_does_not_publish_what_is_staged(bench):
    bench.write("power.txt", "The CASA-1000 line is 9 km long.")
    bench.encoder.encode_passages = lambda texts, contexts: (_ for _ in ()).throw(RuntimeError("killed"))
    with pytest.raises(RuntimeError, match="killed"):
        bench.run()
    DAMAGE["vectors"](folder_of(bench.settings.home, 1))
    told = repaired(bench)
    assert told.findings == ()
    assert "staged" in " ".join(told.notes) and "did not finish" in " ".join(told.notes)
    del bench.encoder.encode_passages
    assert "1,387 km" in answers(bench)
    bench.run()
    assert "9 km" in answers(bench)


def test_a_kept_generation_that_is_damaged_is_found_too(bench):
    bench.write("more.txt", "A fourth document about wheat.")
    bench.run()
    (folder_of(bench.settings.home, 1) / "passages.npy").unlink()
    assert "Generation 1" in checked(bench).findings[0].what
    assert repaired(bench).findings == ()


def test_a_passage_that_is_not_its_documents_text_is_read_again(bench):
    change(bench, "UPDATE passages SET text = text || ' and more' WHERE text LIKE '%1,387 km%'")
    assert "spans" in codes(checked(bench))
    assert "spans" in codes(told := repaired(bench)) and "docs/power.txt" in told.repaired[0]
    assert counts(bench.run()) == (0, 1, 2, 0, 0)  # that one file alone
    (old,) = repaired(bench).findings  # in the generation that can be gone back to
    assert (old.code, old.repair) == ("spans", False) and "gc --keep 1" in old.remedy
    with Staging(bench.settings.home) as staging:
        collect(staging, keep=1)
    assert checked(bench).findings == ()


def test_lost_passages_are_found(bench):
    change(bench, "DELETE FROM passages WHERE text LIKE '%1,387 km%'")
    assert codes(checked(bench)) == {"passages", "index"}
    repaired(bench)
    assert counts(bench.run()) == (0, 1, 2, 0, 0)
    assert "1,387 km" in answers(bench)


BAD_VECTORS = {
    "size": lambda blob: blob[:-4],
    "not finite": lambda blob: np.full(len(blob) // 4, np.nan, "<f4").tobytes(),
    "not normalised": lambda blob: (2 * np.frombuffer(blob, "<f4")).tobytes(),
}


@pytest.mark.parametrize("damage", BAD_VECTORS)
def test_a_damaged_vector_is_dropped_and_embedded_again(bench, damage):
    with closing(sqlite3.connect(bench.settings.home / STORE_FILE)) as connection:
        num, blob = connection.execute("SELECT num, vector FROM vectors LIMIT 1").fetchone()
    change(bench, "UPDATE vectors SET vector = ? WHERE num = ?", BAD_VECTORS[damage](blob), num)
    assert "vectors" in codes(checked(bench))
    assert codes(repaired(bench)) == {"vectors-missing"}
    batches = len(bench.encoder.batches)
    bench.run()
    assert bench.encoder.batches[batches:] == [1]
    assert checked(bench).findings == ()
    batches = len(bench.encoder.batches)
    bench.run()
    assert len(bench.encoder.batches) == batches


@pytest.mark.parametrize("statement", ["UPDATE token_codes SET codes = x'0102'", "DELETE FROM token_codes"])
def test_damaged_token_vectors_are_embedded_again(bench, statement):
    change(bench, statement)
    assert codes(checked(bench)) == {"vectors"}
    assert codes(repaired(bench)) == {"vectors-missing"}
    bench.run()
    assert checked(bench).findings == ()
    assert "1,387 km" in answers(bench)


def original_of(bench, name):
    with closing(sqlite3.connect(bench.settings.home / STORE_FILE)) as connection:
        (sha256,) = connection.execute("SELECT original_sha256 FROM documents WHERE source_uri = ?", (f"docs/{name}",)).fetchone()
    return bench.settings.home / "originals" / sha256[:2] / sha256


def test_an_original_is_taken_from_its_folder_again(bench):
    original_of(bench, "power.txt").unlink()
    original_of(bench, "urdu.txt").write_text("changed", encoding="utf-8")
    assert codes(checked(bench)) == {"original-missing", "original-changed"}
    assert repaired(bench).findings == ()
    assert original_of(bench, "urdu.txt").read_text(encoding="utf-8") == TEXTS["urdu.txt"]


def test_an_original_whose_file_has_changed_is_read_again(bench):
    original_of(bench, "power.txt").unlink()
    bench.write("power.txt", "The CASA-1000 line is 1,400 km long.")
    assert codes(repaired(bench)) == {"original-missing"}
    assert bench.run().updated == 1
    told = checked(bench)  # the old version, which can be gone back to, has lost its file for good
    assert codes(told) == {"original-missing"}


def test_rows_that_belong_to_nothing_are_deleted(bench):
    change(bench, "INSERT INTO mentions VALUES (999, 'Q1', 'GPE', 'x', 0, 1)")
    change(bench, "INSERT INTO document_countries VALUES (999, 'UZ')")
    change(bench, "INSERT INTO token_codes VALUES (999, x'00')")
    assert codes(checked(bench)) == {"orphans"}
    assert "3 rows" in repaired(bench).repaired[0]
    assert checked(bench).findings == ()


def test_an_index_of_the_store_that_lacks_rows_is_made_again(bench):
    path = bench.settings.home / STORE_FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'passages_id'").fetchone()
        connection.execute("UPDATE sqlite_master SET sql = sql || ' WHERE 0' WHERE name = 'passages_id'")
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("REINDEX passages_id")  # of no row
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'passages_id'", (made,))
        connection.commit()
    assert codes(checked(bench, deep=True)) == {"store-index"}
    assert repaired(bench, deep=True).findings == ()


def test_a_store_that_is_no_database_names_the_backup(bench):
    path = bench.settings.home / STORE_FILE
    with Staging(bench.settings.home) as staging:
        staging.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path.write_bytes(b"no database" * 1000)
    told = repaired(bench)
    assert codes(told) == {"store"} and not told.findings[0].repair
    assert "python -m kb restore" in f"{told.findings[0]}"


def test_a_page_of_the_store_that_is_overwritten_is_found(bench):
    path = bench.settings.home / STORE_FILE
    with Staging(bench.settings.home) as staging:
        staging.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with path.open("r+b") as handle:
        for page in range(3, 12):
            handle.seek(4096 * page)
            handle.write(b"\xff" * 4096)
    assert codes(checked(bench)) == {"store"}


def test_another_model_is_a_finding(bench):
    told = check(bench.settings, identify=lambda settings: ("other", "digest"))
    assert codes(told) == {"model"}


def test_leftovers_are_notes_and_repair_removes_them(bench):
    generations = bench.settings.home / "generations"
    (generations / "000002.partial").mkdir()
    (generations / "000003.gone").mkdir()
    (bench.settings.home / "originals" / "7.partial").write_bytes(b"half")
    told = checked(bench)
    assert told.findings == () and "000002.partial" in told.notes[0]
    with Staging(bench.settings.home):
        assert checked(bench).notes == ("A re-index is running.",)
        (generations / "000002.partial").mkdir()  # its own
        with pytest.raises(Busy):
            repaired(bench)
    assert repaired(bench).notes == ()
    assert [path.name for path in generations.iterdir()] == ["000001"]


def test_the_command_prints_remedies_and_says_by_its_status(bench, capsys, monkeypatch):
    monkeypatch.setattr("kb.check.model_identity", bench.identify)
    monkeypatch.setattr("ingest.commands_store.check", lambda settings, deep: checked(bench, deep=deep))
    monkeypatch.setattr("ingest.commands_store.repair", lambda settings, deep: repaired(bench, deep=deep))
    assert call(bench, "check") == 0
    assert capsys.readouterr().out == "store, index and originals agree\n"
    original_of(bench, "power.txt").unlink()
    assert call(bench, "check") == 1
    said = capsys.readouterr().out
    assert "WRONG  docs/power.txt" in said and "remedy: `python -m ingest check --repair`" in said
    assert call(bench, "check", "--repair", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["findings"], len(told["repaired"])) == (True, [], 1)


def call(bench, *arguments):
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers())
    options = parser.parse_args(arguments)
    return options.run(options, dataclasses.replace(bench.settings))
