"""A folder that changes by day is indexed once it rests; nothing that changes is missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.watch import Changes, Pace, watch
from kb.errors import BadRequest

ROOT = Path(__file__).parents[1]
QUICK = Pace(settle=0.3, every=3600, retry=0.3)


class Runs:
    """Plays the re-index: notes what each run saw of the folder."""

    def __init__(self, folder: Path, status: Callable[[int], int] = lambda number: 0, seconds: float = 0.0) -> None:
        self.folder, self.status, self.seconds = folder, status, seconds
        self.seen: list[set[str]] = []

    def __call__(self) -> int:
        self.seen.append({path.name for path in self.folder.rglob("*") if path.is_file()})
        time.sleep(self.seconds)
        return self.status(len(self.seen))

    def until(self, number: int) -> None:
        ends = time.monotonic() + 20
        while len(self.seen) < number:
            assert time.monotonic() < ends, f"{len(self.seen)} runs, not {number}"
            time.sleep(0.02)


@contextmanager
def watching(runs: Runs, pace: Pace = QUICK) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=([runs.folder], runs, pace, stop))
    thread.start()
    try:
        runs.until(1)
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("pace", [QUICK, Pace(settle=0.3, poll=0.2)], ids=["told", "polled"])
def test_what_was_there_and_each_change_is_indexed(tmp_path: Path, pace: Pace) -> None:
    (tmp_path / "old.txt").write_text("old")
    runs = Runs(tmp_path)
    with watching(runs, pace):
        assert runs.seen == [{"old.txt"}]
        (tmp_path / "below").mkdir()
        (tmp_path / "below" / "new.txt").write_text("new")
        runs.until(2)
        assert runs.seen[1] == {"old.txt", "new.txt"}
        (tmp_path / "old.txt").unlink()
        runs.until(3)
        assert runs.seen[2] == {"new.txt"}


def test_a_burst_is_one_run(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with watching(runs):
        for number in range(20):
            (tmp_path / f"{number}.txt").write_text("x")
            time.sleep(0.02)
        runs.until(2)
        time.sleep(1.0)
    assert len(runs.seen) == 2 and len(runs.seen[1]) == 20


def test_what_changes_during_a_run_is_answered_by_another(tmp_path: Path) -> None:
    runs = Runs(tmp_path, seconds=0.5)
    with watching(runs):
        (tmp_path / "a.txt").write_text("a")
        runs.until(2)
        (tmp_path / "b.txt").write_text("b")
        runs.until(3)
    assert runs.seen[2] == {"a.txt", "b.txt"}


def test_reading_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    runs = Runs(tmp_path)
    with watching(runs):
        (tmp_path / "a.txt").read_text()
        list(tmp_path.iterdir())
        time.sleep(1.0)
    assert len(runs.seen) == 1


def test_a_failed_run_is_tried_again_ever_later(tmp_path: Path) -> None:
    runs = Runs(tmp_path, status=lambda number: int(number < 3))
    with watching(runs):
        runs.until(3)
        time.sleep(1.5)
    assert len(runs.seen) == 3


def test_a_folder_that_never_rests_is_due_in_the_end() -> None:
    changes = Changes()
    assert changes.due_in(0.1) is None
    ends = time.monotonic() + 20
    changes.note()
    while (changes.due_in(0.05) or 0.0) > 0:
        changes.note()
        assert time.monotonic() < ends
    changes.take()
    assert changes.due_in(0.1) is None


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="nowhere"):
        watch([tmp_path / "nowhere"], lambda: 0, QUICK, threading.Event())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    environment = os.environ | {"KB_HOME": str(tmp_path / "home"), "KB_CORPUS": str(tmp_path / "corpus")}
    (tmp_path / "corpus").mkdir()
    command = [sys.executable, "-m", "ingest", "watch", "--options=--only=*.none"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        process.send_signal(number)
        assert process.wait(60) == 0


@pytest.mark.parametrize("wrong", [["--settle", "0"], ["--every", "soon"], ["nowhere"]])
def test_wrong_use_says_so(tmp_path: Path, wrong: list[str]) -> None:
    command = [sys.executable, "-m", "ingest", "watch", *wrong]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 2 and wrong[-1] in done.stderr
