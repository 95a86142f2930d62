"""Which generations stay: rollback and its hold, leases of readers, and gc."""

import subprocess
import sys
import textwrap

import pytest

from kb import browse, store
from kb.catalogue_records import Listing
from kb.current import is_current
from kb.errors import BadRequest, Held, IndexStale
from kb.generations import open_snapshot, publish, rebuild, vector_model
from kb.keeping import collect, gc, generations_on_disk, plan_gc
from kb.leases import Lease, is_held
from kb.manifest import folder_of
from kb.records import Filters
from kb.rollback import kept, release, roll_back
from kb.staging import Staging
from tests.crash_bench import in_process
from tests.records_made import staged
from tests.test_reindex import Bench
from tests.test_staging import MODEL, embed, published, read


def texts(home, generation):
    with read(home) as connection:
        items = browse.documents(connection, generation, Filters(), Listing(100), 0).items
        return {item.uri: store.document_text(connection, generation, item.id) for item in items}


def generation(home):
    with read(home) as connection:
        return store.published_generation(connection)


def test_a_rollback_publishes_what_was_before_and_going_forward_what_was_after(tmp_path):
    published(tmp_path, staged("a", "One."), staged("b", "Stays."))
    first = texts(tmp_path, 1)
    published(tmp_path, staged("a", "Two."))
    with Staging(tmp_path) as staging:
        assert roll_back(staging).generation == 1
    assert generation(tmp_path) == 1 and texts(tmp_path, 1) == first
    assert open_snapshot(tmp_path, 1, *MODEL).manifest.passages == 2
    assert (kept(tmp_path).published, bool(kept(tmp_path).held)) == (1, True)
    with Staging(tmp_path) as staging:
        roll_back(staging, 2)
    assert texts(tmp_path, generation(tmp_path)) == {"docs/a": "Two.", "docs/b": "Stays."}
    assert not kept(tmp_path).held


def test_after_a_rollback_nothing_is_published_until_it_is_released(tmp_path):
    published(tmp_path, staged("a", "One."))
    published(tmp_path, staged("a", "Two."))
    with Staging(tmp_path) as staging:
        roll_back(staging)
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/c", [staged("c", "Staged meanwhile.")])
        embed(staging)
        assert not is_current(staging, *MODEL)
        with pytest.raises(Held, match="rollback --release"):
            publish(staging, *MODEL)
    assert texts(tmp_path, generation(tmp_path)) == {"docs/a": "One."}
    with Staging(tmp_path) as staging:
        assert release(staging) and not release(staging)
        assert publish(staging, *MODEL).generation == 3  # never a number that was published before
    assert texts(tmp_path, 3) == {"docs/a": "Two.", "docs/c": "Staged meanwhile."}
    assert texts(tmp_path, 2) == {"docs/a": "Two."}
    assert texts(tmp_path, 1) == {"docs/a": "One."}


def test_a_generation_that_is_not_kept_cannot_be_gone_back_to(tmp_path):
    published(tmp_path, staged("a", "One."))
    with Staging(tmp_path) as staging:
        with pytest.raises(BadRequest, match="an earlier generation is not kept; kept are none"):
            roll_back(staging)
        with pytest.raises(BadRequest, match="generation 7 is not kept"):
            roll_back(staging, 7)
    published(tmp_path, staged("a", "Two."))
    (folder_of(tmp_path, 1) / "passages.npy").write_bytes(b"no array")
    with Staging(tmp_path) as staging, pytest.raises(IndexStale, match="damaged"):
        roll_back(staging)
    assert generation(tmp_path) == 2


def test_generations_of_the_middle_of_a_run_do_not_push_out_the_last_nights(tmp_path):
    for number in range(3):
        published(tmp_path, staged("a", f"Night {number}."))
    for number in range(5):
        with Staging(tmp_path) as staging:
            staging.replace_source("docs/b", [staged("b", f"Part {number}.")])
            embed(staging)
            publish(staging, *MODEL, intermediate=True)
    assert generations_on_disk(tmp_path) == [8, 3, 2, 1]
    published(tmp_path, staged("b", "All of it."))
    assert generations_on_disk(tmp_path) == [9, 3, 2]
    with Staging(tmp_path) as staging:
        assert roll_back(staging).generation == 3
    assert texts(tmp_path, 3) == {"docs/a": "Night 2."}


def test_what_a_reader_holds_stays_with_its_rows_until_it_lets_go(tmp_path):
    published(tmp_path, staged("a", "Text 1."))
    snapshot = open_snapshot(tmp_path, 1, *MODEL)
    for number in range(2, 7):
        published(tmp_path, staged("a", f"Text {number}."))
    assert generations_on_disk(tmp_path) == [6, 5, 4, 1]
    assert texts(tmp_path, 1) == {"docs/a": "Text 1."}
    assert len(snapshot.words.search(["text"], 5)) == 1
    with read(tmp_path) as connection:  # 2 and 3 are gone although 1 is not
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (4,)
    snapshot.close()
    with Staging(tmp_path) as staging:
        assert collect(staging).generations == (1,)
    assert texts(tmp_path, 1) == {}


def test_a_lease_ends_with_the_process_that_held_it(tmp_path):
    published(tmp_path, staged("a", "One."))
    folder = folder_of(tmp_path, 1)
    holding = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                f"""
                import sys
                from pathlib import Path
                from kb.leases import Lease
                lease = Lease(Path({str(folder)!r}))
                print("held", flush=True)
                sys.stdin.read()
                """
            ),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holding.stdout.readline() == b"held\n"
    assert is_held(folder)
    holding.kill()
    holding.communicate()
    assert not is_held(folder)
    with pytest.raises(FileNotFoundError):
        Lease(folder_of(tmp_path, 2))


def test_gc_removes_what_nobody_reads_and_nothing_else(tmp_path):
    home = tmp_path / "home"
    kept_file, gone_file = tmp_path / "kept.txt", tmp_path / "gone.txt"
    kept_file.write_text("kept")
    gone_file.write_text("gone" * 5000)
    with Staging(home) as staging:
        kept_hash, gone_hash = staging.keep_original(kept_file), staging.keep_original(gone_file)
    published(home, staged("a", "One."), staged("b", "Two is longer."))
    with Staging(home) as staging:
        staging.connection.execute("UPDATE documents SET original_sha256 = ?", (kept_hash,))
        staging.replace_source("docs/b", [])
        staging.replace_source("docs/c", [staged("c", "Staged, and not yet published.")])
        embed(staging)
        embed(staging, ("other", "digest-9"))
        staging.connection.execute("UPDATE documents SET original_sha256 = ?", (kept_hash,))
    (home / "originals" / "123.partial").write_bytes(b"half")
    (home / "generations" / "000002.partial").mkdir()
    planned = plan_gc(home, {vector_model(*MODEL)})
    with Staging(home) as staging:
        done = gc(staging, {vector_model(*MODEL)})
    assert (done.vectors, done.originals, done.leftovers, done.documents) == (2, 1, 2, 0)
    assert (planned.vectors, planned.originals, planned.leftovers, planned.documents) == (2, 1, 2, 0)
    assert done.bytes_after < done.bytes_before
    with read(home) as connection:  # "Two is longer." is in generation 1, which can be gone back to
        assert connection.execute("SELECT count(*), count(DISTINCT model) FROM vectors").fetchone() == (3, 1)
    assert (home / "originals" / kept_hash[:2] / kept_hash).is_file()
    assert not (home / "originals" / gone_hash[:2] / gone_hash).exists()
    with Staging(home) as staging:
        publish(staging, *MODEL)
        assert gc(staging, {vector_model(*MODEL)}, keep=1).generations == (1,)
    assert texts(home, 2) == {"docs/a": "One.", "docs/c": "Staged, and not yet published."}
    with read(home) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (2,)


def test_gc_gives_space_back_of_a_store_of_before_too(tmp_path, monkeypatch):
    monkeypatch.setattr("kb.connections.AUTO_VACUUM", "NONE")
    published(tmp_path, *(staged(f"n{i}", f"Text {i}. " * 500) for i in range(50)))
    monkeypatch.undo()
    with Staging(tmp_path) as staging:
        for i in range(1, 50):
            staging.replace_source(f"docs/n{i}", [])
        publish(staging, *MODEL)
        done = gc(staging, {vector_model(*MODEL)}, keep=1)
        assert staging.connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert staging.connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert done.documents == 49
    assert done.bytes_after < done.bytes_before / 2
    assert list(texts(tmp_path, 2)) == ["docs/n0"]


def test_a_folder_is_built_again_under_its_own_number_without_what_is_staged(tmp_path):
    first = published(tmp_path, staged("a", "One."))
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [staged("a", "Staged.")])
        (folder_of(tmp_path, 1) / "vectors.000.faiss").unlink()
        again = rebuild(staging, 1, *MODEL)
        assert (again.digest, again.passages, again.generation) == (first.digest, 1, 1)
    assert open_snapshot(tmp_path, 1, *MODEL).words.search(["one"], 5)


def test_a_generation_whose_token_vectors_nobody_can_read_is_not_gone_back_to(tmp_path):
    published(tmp_path, staged("a", "One."))
    published(tmp_path, staged("a", "Two is longer."))
    with Staging(tmp_path) as staging:
        staging.connection.execute("UPDATE vectors SET model = 'words@digest-1/1' WHERE num = 1")
        with pytest.raises(IndexStale, match="another version of this program"):
            roll_back(staging)
    assert generation(tmp_path) == 2


def test_a_store_of_before_there_were_rollbacks_goes_on(tmp_path):
    published(tmp_path, staged("a", "One."))
    with Staging(tmp_path) as staging:
        staging.connection.execute("DELETE FROM meta WHERE key != 'generation'")
    assert published(tmp_path, staged("a", "Two.")).generation == 2
    with Staging(tmp_path) as staging:
        assert roll_back(staging).generation == 1


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.local_runner.read_sandboxed", in_process)
    made = Bench(tmp_path)
    made.write("a.txt", "The first wording.")
    made.run()
    made.write("a.txt", "The second wording, which is wrong.")
    made.run()
    return made


def test_a_re_index_after_a_rollback_stages_tells_and_publishes_nothing(bench):
    home = bench.settings.home
    with Staging(home) as staging:
        roll_back(staging)
    bench.write("b.txt", "Another document.")
    for night in range(2):
        report = bench.run()
        assert (report.generation, [failure.stage for failure in report.failures]) == (1, ["publish"])
        assert report.added == (not night)
        assert texts(home, generation(home)) == {"docs/a.txt": "The first wording."}
    bench.write("a.txt", "The third wording, which is right.")
    with Staging(home) as staging:
        release(staging)
    report = bench.run()
    assert (report.generation, report.failures) == (3, ())
    assert texts(home, 3) == {"docs/a.txt": "The third wording, which is right.", "docs/b.txt": "Another document."}
    assert texts(home, 1) == {"docs/a.txt": "The first wording."}


def test_files_that_are_put_back_after_a_rollback_publish_what_was_rolled_back_to(bench):
    home = bench.settings.home
    with read(home) as connection:
        before = connection.execute("SELECT metadata FROM documents WHERE gen_from = 1").fetchall()
    with Staging(home) as staging:
        wanted = roll_back(staging).digest
        release(staging)
    bench.write("a.txt", "The first wording.")
    embedded = len(bench.encoder.batches)
    assert bench.run().generation == 3
    assert open_snapshot(home, 3, *bench.identify(None)).manifest.digest == wanted
    assert len(bench.encoder.batches) == embedded and before


def test_the_last_of_a_runs_generations_is_its_result(bench):
    home = bench.settings.home
    for number in range(4):
        bench.write(f"n{number}.txt", f"Document {number}.")
    bench.run(publish_every=1)
    with read(home) as connection:
        published = store.published_generation(connection)
        assert published > 3
        assert published not in store.intermediate_generations(connection)
    assert kept(home).published == published
    assert [number for number in generations_on_disk(home) if number not in kept(home).intermediate] == [published, 2, 1]
