"""A folder that changes by day is indexed once it rests; nothing that changes is missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest.watch import LONGEST_WAIT, TICK, Changes, Command, Pace, watch
from kb.errors import BadRequest

ROOT = Path(__file__).parents[1]
QUICK = Pace(settle=0.3, every=3600, retry=0.3)
LONG = 60.0  # seconds, after which something must be wrong


class Runs:
    """Plays the re-index: notes what each run saw of the folder, and ends when it is let."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[set[str]] = []
        self.let = threading.Event()
        self.let.set()

    def __call__(self) -> int:
        self.seen.append({path.name for path in self.folder.rglob("*") if path.is_file()})
        assert self.let.wait(LONG)
        return 0

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + LONG
        while not holds():
            assert time.monotonic() < ends, f"the runs saw {self.seen}"
            time.sleep(0.02)

    def until_they_see(self, *names: str) -> None:
        """The last of them; how many it takes is the machine's affair, which may stand still between two files."""
        self.until(lambda: bool(self.seen) and self.seen[-1] == set(names))


@contextmanager
def watching(runs: Runs, pace: Pace = QUICK) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=([runs.folder], runs, pace, stop))
    thread.start()
    try:
        runs.until(lambda: len(runs.seen) > 0)
        yield
    finally:
        runs.let.set()
        stop.set()
        thread.join(LONG)
        assert not thread.is_alive()


@pytest.mark.parametrize("pace", [QUICK, Pace(settle=0.3, poll=0.2)], ids=["told", "polled"])
def test_what_was_there_and_each_change_is_indexed(tmp_path: Path, pace: Pace) -> None:
    (tmp_path / "old.txt").write_text("old")
    runs = Runs(tmp_path)
    with watching(runs, pace):
        assert runs.seen == [{"old.txt"}]
        (tmp_path / "below").mkdir()
        (tmp_path / "below" / "new.txt").write_text("new")
        runs.until_they_see("old.txt", "new.txt")
        (tmp_path / "old.txt").unlink()
        runs.until_they_see("new.txt")


def test_what_changes_during_a_run_is_answered_by_another(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with watching(runs):
        runs.let.clear()
        (tmp_path / "a.txt").write_text("a")
        runs.until_they_see("a.txt")
        (tmp_path / "b.txt").write_text("b")
        runs.let.set()
        runs.until_they_see("a.txt", "b.txt")


def test_reading_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    runs = Runs(tmp_path)
    with watching(runs):
        (tmp_path / "a.txt").read_text()
        list(tmp_path.iterdir())
        time.sleep(1.0)  # a run that is late is not seen, one that comes is wrong
    assert len(runs.seen) == 1


class Played:
    """Time and a folder's changes, in the place of the clock and of the kernel: nothing takes any."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changes: Sequence[float] = (), until: float = 60.0) -> None:
        self.now, self._until = 100.0, 100.0 + until
        self._left = sorted(self.now + at for at in changes)
        self.began: list[float] = []
        monkeypatch.setattr("ingest.watch.time", self)
        monkeypatch.setattr("ingest.watch._observing", self._observing)

    def _observing(self, _folders: Sequence[Path], changes: Changes, _poll: float) -> Played:
        self._changes = changes
        return self

    def stop(self) -> None:
        """There is no observer."""

    join = stop

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        """As the event that ends the watching has it."""
        over = self.now + seconds
        while self._left and self._left[0] <= over:
            self.now = self._left.pop(0)
            self._changes.note()
        self.now = over
        return self.now > self._until

    def watch(self, pace: Pace, status: Callable[[int], int] = lambda number: 0) -> list[float]:
        """Seconds at which the runs began."""

        def run() -> int:
            self.began.append(round(self.now - 100.0, 1))
            return status(len(self.began))

        watch([], run, pace, self)  # type: ignore[arg-type]
        return self.began


def test_a_burst_is_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    burst = [10 + 0.4 * number for number in range(20)]
    assert Played(monkeypatch, burst).watch(Pace(settle=1.0)) == [TICK, pytest.approx(burst[-1] + 1.0, abs=TICK)]


def test_a_folder_that_never_rests_is_indexed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    restless = [10 + 0.5 * number for number in range(60)]
    first, *others = Played(monkeypatch, restless).watch(Pace(settle=1.0))
    assert first == TICK
    assert others[0] == pytest.approx(10 + LONGEST_WAIT, abs=TICK) and len(others) == 3
    assert others[-1] == pytest.approx(restless[-1] + 1.0, abs=TICK)


def test_a_failed_run_is_tried_again_ever_later_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    began = Played(monkeypatch, [40]).watch(Pace(settle=1.0, retry=4.0), lambda number: int(number != 5))
    assert began == pytest.approx([TICK, 4, 12, 28, 41], abs=5 * TICK)


def test_without_a_change_there_is_a_run_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Played(monkeypatch).watch(Pace(every=25.0)) == pytest.approx([TICK, 25, 50], abs=3 * TICK)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="nowhere"):
        watch([tmp_path / "nowhere"], lambda: 0, QUICK, threading.Event())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    environment = os.environ | {"KB_HOME": str(tmp_path / "home"), "KB_CORPUS": str(tmp_path / "corpus")}
    (tmp_path / "corpus").mkdir()
    command = [sys.executable, "-m", "ingest", "watch", "--options=--only=*.none"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stderr is not None
            assert "watching" in process.stderr.readline()
            process.send_signal(number)
            assert process.wait(120) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("moment", ["before", "while it starts", "while it runs", "after"])
def test_a_signal_at_any_moment_ends_the_run(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    def told() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *_: object, **options: Any) -> None:
            super().__init__([sys.executable, "-c", "input()" if moment != "after" else ""], stdin=subprocess.PIPE, **options)
            if moment == "while it starts":
                told()

        def wait(self, timeout: float | None = None) -> int:
            if moment == "while it runs":
                told()
            status = super().wait(LONG)
            if moment == "after":
                told()
            assert self.stdin is not None
            self.stdin.close()
            return status

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = threading.Event()
    try:
        run = Command([], stop)
        monkeypatch.setattr("ingest.watch.subprocess.Popen", Started)
        if moment == "before":
            told()
        assert run() == (-signal.SIGTERM if "while" in moment else 0)
        assert stop.is_set() and run() == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("wrong", [["--settle", "0"], ["--every", "soon"], ["nowhere"]])
def test_wrong_use_says_so(tmp_path: Path, wrong: list[str]) -> None:
    command = [sys.executable, "-m", "ingest", "watch", *wrong]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 2 and wrong[-1] in done.stderr
