"""Backup and restore, export and import: what comes back answers as what went out, and nothing is overwritten in silence."""

import dataclasses
import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import numpy as np
import pytest

from kb.__main__ import main
from kb.backup import back_up, restore, verified
from kb.check import check
from kb.errors import BadRequest, Busy, Damaged, IndexMissing
from kb.exchange import export
from kb.library import Library
from kb.load import load
from kb.staging import STORE_FILE, Staging
from tests.crash_bench import OLD, QUESTIONS, ROOT, identify, in_process, state_of, write_files
from tests.fakes import FakeEncoder
from tests.test_library import TEXTS
from tests.test_reindex import Bench, counts

SIDECAR = 'projects = ["CASA-1000"]\nsources = ["https://example.org/1", "https://example.org/2"]\n'


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.local_runner.read_sandboxed", in_process)
    made = Bench(tmp_path)
    write_files(made.docs, OLD | TEXTS)
    (made.docs / "power.txt.meta.toml").write_text(SIDECAR, encoding="utf-8")
    made.run()
    return made


def at(bench, home):
    return dataclasses.replace(bench.settings, home=home)


def top_ten(settings):
    library = Library(settings, FakeEncoder, identify(settings))
    try:
        return [
            [(hit.passage.id, hit.document.uri, hit.passage.text) for hit in library.search(q, n=10).items] for q in QUESTIONS
        ]
    finally:
        library.close()


def stage_something(bench):
    """A change that is staged and not published, as beside a running re-index."""
    with Staging(bench.settings.home) as staging:
        (uid,) = staging.connection.execute("SELECT id FROM documents WHERE uri = 'docs/power.txt'").fetchone()
        staging.replace_source("docs/power.txt", [])
    return uid


@pytest.mark.parametrize("link", [True, False])
def test_a_backup_comes_back_as_it_went(bench, tmp_path, link):
    before = state_of(bench.settings)
    made = back_up(bench.settings.home, tmp_path / "b" / "one", link=link)
    assert made == verified(tmp_path / "b" / "one")
    assert (made.generation, made.missing) == (1, ())
    assert {path.stat().st_nlink > 1 for path in (tmp_path / "b" / "one" / "originals").glob("*/*")} == {link}
    assert (tmp_path / "b" / "one" / "generations" / "000001" / "manifest.json").stat().st_nlink == 1  # it carries locks
    restored = at(bench, tmp_path / "elsewhere")
    assert restore(tmp_path / "b" / "one", restored.home) == (made, None)
    assert state_of(restored) == before
    assert check(restored, identify=identify, deep=True).findings == ()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["one"]


def test_a_backup_beside_a_writer_is_what_is_published(bench, tmp_path):
    before = state_of(bench.settings)
    stage_something(bench)
    with Staging(bench.settings.home) as staging:  # holds the writer's lock, and a transaction
        staging.connection.execute("BEGIN IMMEDIATE")
        staging.connection.execute("DELETE FROM mentions")
        back_up(bench.settings.home, tmp_path / "b")
        staging.connection.execute("ROLLBACK")
    restored = at(bench, tmp_path / "elsewhere")
    restore(tmp_path / "b", restored.home)
    assert state_of(restored) == before
    assert check(restored, identify=identify).notes == ()
    bench.settings = restored
    assert counts(bench.run()) == (0, 0, 10, 0, 0)  # the file that was staged as gone is there, and known
    assert bench.opened == 1  # and nothing is embedded again


def test_after_a_restore_the_next_generation_has_a_new_number(bench, tmp_path):
    back_up(bench.settings.home, tmp_path / "b")
    restore(tmp_path / "b", bench.settings.home, force=True)
    bench.write("more.txt", "A document more, about wheat.")
    assert bench.run().generation == 2


def test_nothing_is_overwritten_in_silence(bench, tmp_path):
    target = tmp_path / "b"
    back_up(bench.settings.home, target)
    with pytest.raises(BadRequest, match="there already"):
        back_up(bench.settings.home, target)
    with pytest.raises(BadRequest, match="there already"):
        export(bench.settings.home, target)
    with pytest.raises(BadRequest, match="--force moves it aside"):
        restore(target, bench.settings.home)
    bench.write("power.txt", "The CASA-1000 line is 9 km long.")
    bench.run()
    newer = state_of(bench.settings)
    with Staging(bench.settings.home), pytest.raises(Busy):
        restore(target, bench.settings.home, force=True)
    library = bench.library()
    library.info()
    with pytest.raises(Busy, match="stop it, restore"):
        restore(target, bench.settings.home, force=True)
    library.close()
    made, aside = restore(target, bench.settings.home, force=True)
    assert state_of(bench.settings).digest == made.digest != newer.digest
    assert state_of(at(bench, aside)) == newer


def test_there_must_be_something_to_back_up(bench, tmp_path):
    with pytest.raises(IndexMissing):
        back_up(tmp_path / "nowhere", tmp_path / "b")
    with Staging(tmp_path / "empty"):
        pass
    for copy in (back_up, export):
        with pytest.raises(IndexMissing, match="nothing has been published"):
            copy(tmp_path / "empty", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_lost_original_is_told_and_the_rest_is_backed_up(bench, tmp_path):
    lost = next((bench.settings.home / "originals").glob("*/*"))
    lost.unlink()
    assert back_up(bench.settings.home, tmp_path / "b").missing == (lost.name,)
    restore(tmp_path / "b", tmp_path / "elsewhere")
    assert state_of(at(bench, tmp_path / "elsewhere")) == state_of(bench.settings)
    with pytest.raises(Damaged, match="check --repair"):
        export(bench.settings.home, tmp_path / "x", originals=True)


def change_list(folder, **fields):
    path = folder / "backup.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def other_store(folder):
    """A whole database of the right name and hash, with other documents than the index."""
    with closing(sqlite3.connect(folder / STORE_FILE)) as connection, connection:
        connection.execute("UPDATE documents SET uri = uri || 'x'")
    path, content = folder / STORE_FILE, (folder / STORE_FILE).read_bytes()
    listed = json.loads((folder / "backup.json").read_text())
    for item in listed["files"]:
        if item["path"] == STORE_FILE:
            item |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(content).hexdigest()}
    change_list(folder, files=listed["files"])


DAMAGE = {
    "no list": (BadRequest, lambda folder: (folder / "backup.json").unlink()),
    "odd list": (BadRequest, lambda folder: (folder / "backup.json").write_text('{"files": [1]}')),
    "another format": (BadRequest, lambda folder: change_list(folder, format=9)),
    "a path that leads out": (
        BadRequest,
        lambda folder: change_list(folder, files=[{"path": "originals/../../x", "bytes": 1, "sha256": "0"}]),
    ),
    "a file less": (Damaged, lambda folder: next((folder / "originals").glob("*/*")).unlink()),
    "a byte changed": (Damaged, lambda folder: (folder / STORE_FILE).write_bytes(b"x" + (folder / STORE_FILE).read_bytes()[1:])),
    "a file cut": (Damaged, lambda folder: (folder / STORE_FILE).write_bytes((folder / STORE_FILE).read_bytes()[:-1])),
    "another store": (Damaged, other_store),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_before_anything_is_changed(bench, tmp_path, damage):
    back_up(bench.settings.home, tmp_path / "b", link=False)
    kind, spoil = DAMAGE[damage]
    spoil(tmp_path / "b")
    with pytest.raises(kind):
        restore(tmp_path / "b", tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_restore_that_is_killed_is_done_again(bench, tmp_path, nth):
    """At each move, the old index or none is there; the same command brings the backup."""
    wanted = state_of(bench.settings)
    back_up(bench.settings.home, tmp_path / "b")
    code = f"""
        import os, signal
        from pathlib import Path
        from kb import faults
        from kb.backup import restore
        seen = []
        def reached(step):
            seen.append(step)
            if len(seen) == {nth}:
                os.kill(os.getpid(), signal.SIGKILL)
        faults.reached = reached
        restore(Path({str(tmp_path / "b")!r}), Path({str(bench.settings.home)!r}), force=True)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    restore(tmp_path / "b", bench.settings.home, force=(bench.settings.home / STORE_FILE).exists())
    assert state_of(bench.settings) == wanted
    assert check(bench.settings, identify=identify).findings == ()


@pytest.mark.parametrize("half", [False, True])
def test_an_export_is_loaded_with_the_same_digest_and_results(bench, tmp_path, half):
    stage_something(bench)
    made = export(bench.settings.home, tmp_path / "x", half=half, originals=True)
    assert np.load(tmp_path / "x" / "vectors.npy").dtype == ("<f2" if half else "<f4")
    loaded = at(bench, tmp_path / "elsewhere")
    assert load(tmp_path / "x", loaded.home).digest == made.index.digest
    assert top_ten(loaded) == top_ten(bench.settings)
    assert [row for row in top_ten(loaded) if row]
    if not half:
        assert state_of(loaded) == state_of(bench.settings)
    assert check(loaded, identify=identify, deep=True).findings == ()
    bench.settings = loaded
    assert counts(bench.run()) == (0, 0, 10, 0, 0)
    with pytest.raises(BadRequest, match="an empty KB_HOME"):
        load(tmp_path / "x", loaded.home)


def test_an_export_can_be_read_without_this_program(bench, tmp_path):
    export(bench.settings.home, tmp_path / "x")
    passages = [json.loads(line) for line in (tmp_path / "x" / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = {
        one["id"]: one for one in map(json.loads, (tmp_path / "x" / "documents.jsonl").read_text(encoding="utf-8").splitlines())
    }
    for passage in passages:
        at = passage["locator"]
        assert documents[passage["document_id"]]["text"][at["start"] : at["end"]] == passage["text"]
    (power,) = (one for one in documents.values() if one["uri"] == "docs/power.txt")
    assert (power["metadata"]["projects"], len(power["metadata"]["sources"])) == (["CASA-1000"], 2)
    vectors, offsets = np.load(tmp_path / "x" / "vectors.npy"), np.load(tmp_path / "x" / "tokens.npy")
    assert len(passages) == len(vectors) == len(offsets) - 1
    assert (tmp_path / "x" / "tokens.bin").stat().st_size == offsets[-1]
    assert [(p["document_id"], p["ordinal"]) for p in passages] == sorted((p["document_id"], p["ordinal"]) for p in passages)


def rewritten(folder, name, change):
    """An export whose manifest fits a file that was changed by hand."""
    path = folder / name
    change(path)
    listed = json.loads((folder / "manifest.json").read_text())
    listed["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(listed))


def nan_vectors(path):
    vectors = np.load(path)
    vectors[0] = np.nan
    np.save(path, vectors)


ODD = {
    "texts": ("passages.jsonl", lambda path: path.write_text(path.read_text().replace("1,387 km", "9,999 km"))),
    "uris": ("documents.jsonl", lambda path: path.write_text(path.read_text().replace("docs/power.txt", "docs/other.txt"))),
    "no json": ("documents.jsonl", lambda path: path.write_text("[")),
    "fields": ("documents.jsonl", lambda path: path.write_text(path.read_text().replace('"reader"', '"raeder"'))),
    "vectors": ("vectors.npy", nan_vectors),
    "rows": ("vectors.npy", lambda path: np.save(path, np.load(path)[1:])),
    "pickles": ("vectors.npy", lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True)),
    "tokens": ("tokens.bin", lambda path: path.write_bytes(bytes(path.stat().st_size))),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_export_is_refused_and_nothing_is_published(bench, tmp_path, odd):
    export(bench.settings.home, tmp_path / "x")
    rewritten(tmp_path / "x", *ODD[odd])
    with pytest.raises(Damaged):
        load(tmp_path / "x", tmp_path / "elsewhere")
    with pytest.raises(IndexMissing):
        state_of(at(bench, tmp_path / "elsewhere"))


def test_a_changed_export_is_refused(bench, tmp_path):
    export(bench.settings.home, tmp_path / "x")
    (tmp_path / "x" / "documents.jsonl").write_text("")
    with pytest.raises(Damaged, match="not what was exported"):
        load(tmp_path / "x", tmp_path / "elsewhere")
    with pytest.raises(BadRequest, match="is no export"):
        load(tmp_path, tmp_path / "elsewhere")


def test_an_empty_generation_goes_out_and_in(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.local_runner.read_sandboxed", in_process)
    bench = Bench(tmp_path)
    bench.write("a.txt", "One.")
    bench.run()
    (bench.docs / "a.txt").unlink()
    bench.write("b.bin", "")
    bench.run(allow_removals=True)
    export(bench.settings.home, tmp_path / "x")
    assert load(tmp_path / "x", tmp_path / "elsewhere").passages == 0
    back_up(bench.settings.home, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "again")


def test_the_commands_need_no_model(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KB_HOME", str(bench.settings.home))
    monkeypatch.setenv("KB_MODEL", str(tmp_path / "no such model"))
    assert main(["backup", str(tmp_path / "b"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["generation"] == 1
    assert main(["backup", str(tmp_path / "b"), "--verify"]) == 0
    assert main(["backup", str(tmp_path / "b")]) == 2
    assert "never writes over anything" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "b")]) == 2
    assert main(["restore", str(tmp_path / "b"), "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["former"]
    assert main(["export", str(tmp_path / "x"), "--half", "--originals"]) == 0
    monkeypatch.setenv("KB_HOME", str(tmp_path / "elsewhere"))
    assert main(["import", str(tmp_path / "x")]) == 0
    assert "imported" in capsys.readouterr().out
