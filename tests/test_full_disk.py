"""A full disk (a small tmpfs in a mount namespace of the test's own), a corpus that is not mounted, a damaged store."""

import json
import shutil
import subprocess
import sys

import pytest

from ingest.__main__ import main
from kb.errors import StoreDamaged
from kb.library import Library
from kb.staging import STORE_FILE, Staging
from tests.crash_bench import OLD, ROOT, identify, in_process, settings_of, state_of, write_files
from tests.fakes import FakeEncoder
from tests.full_disk import MOMENTS
from tests.test_reindex import Bench, counts

MOUNT = 'mount -t tmpfs -o size=5m none "$1" && exec "$2" -m tests.full_disk "$1"'


def can_mount(folder):
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, check=False
    )
    return tried.returncode == 0


def test_a_full_disk_damages_nothing_and_the_next_run_goes_on(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can_mount(disk):
        pytest.skip("needs `unshare -rm` and a tmpfs in it, to have a small disk to fill")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", MOUNT, "sh", str(disk), sys.executable],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    *trials, last = map(json.loads, done.stdout.splitlines())
    assert [trial["moment"] for trial in trials] == [moment for moment, _ in MOMENTS]
    for trial in trials:
        assert trial["failed"], trial
        assert any("free space" in reason or "No space left" in reason for reason in trial["failed"]), trial
        assert trial["same"], trial
        assert (trial["findings"], trial["again"]) == ([], []), trial
        assert trial["after"] == last["clean"], trial
    assert "the index cannot be written" in trials[-1]["failed"][0]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.local_runner.read_sandboxed", in_process)
    made = Bench(tmp_path)
    write_files(made.docs, OLD)
    made.run()
    return made


def test_a_corpus_that_is_not_mounted_removes_nothing(bench):
    before = state_of(bench.settings)
    shutil.rmtree(bench.docs)
    gone = bench.run()
    bench.docs.mkdir()  # the mount point without the mount
    empty = bench.run()
    for report in (gone, empty):
        assert (report.removed, report.generation, len(report.failures)) == (0, 1, 1)
    assert state_of(bench.settings) == before
    write_files(bench.docs, OLD)
    assert counts(bench.run()) == (0, 0, 9, 0, 0)


def damage(bench):
    with Staging(bench.settings.home) as staging:
        staging.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = bench.settings.home / STORE_FILE
    path.write_bytes(b"no database" * (path.stat().st_size // 11))


def test_a_damaged_store_is_one_sentence_with_the_remedy(bench, monkeypatch, capsys):
    damage(bench)
    library = Library(bench.settings, FakeEncoder, identify(bench.settings))
    for call in (library.info, lambda: library.ask("How long is the CASA-1000 line?"), lambda: bench.run()):
        with pytest.raises(StoreDamaged, match="python -m kb restore"):
            call()
    library.close()
    monkeypatch.setenv("KB_HOME", str(bench.settings.home))
    for command in (["rollback"], ["gc"], ["status"], ["check"]):
        assert main(command) == 1
        out, err = capsys.readouterr()
        assert "restore" in out + err and "Traceback" not in err, command


def test_pages_that_are_overwritten_while_it_serves_are_one_sentence(tmp_path, bench):
    library = Library(bench.settings, FakeEncoder, identify(bench.settings))
    library.ask("How long is the CASA-1000 line?")
    with Staging(bench.settings.home) as staging:
        staging.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = bench.settings.home / STORE_FILE
    pages = path.stat().st_size // 4096
    with path.open("r+b") as handle:
        for page in range(1, pages):
            handle.seek(4096 * page)
            handle.write(b"\xff" * 4096)
    other = Library(settings_of(bench.settings.home, bench.docs), FakeEncoder, identify(bench.settings))
    with pytest.raises(StoreDamaged, match="python -m kb restore"):
        other.ask("How long is the CASA-1000 line?")
    library.close()
    other.close()
