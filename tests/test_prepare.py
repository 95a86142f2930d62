from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest import prepare
from ingest.discovery import discover
from ingest.plan import Versions
from ingest.processor_limit import TookTooLong, processor_limit
from kb.records import Block, Failure, Metadata, Parsed
from kb.staging import Staging


def endless(texts: Sequence[str] = ()) -> list[int]:
    while True:
        pass


def test_work_past_its_time_is_ended_and_the_old_signal_restored() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TookTooLong, match=r"more than 0\.05 s of processor time"), processor_limit(0.05):
        endless()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_waiting_does_not_count() -> None:
    with processor_limit(5.0):
        assert signal.getitimer(signal.ITIMER_REAL)[1] == 1.0
        threading.Event().wait(0.01)


def test_another_thread_is_left_alone() -> None:
    done: list[bool] = []

    def work() -> None:
        with processor_limit(0.0):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_text_that_takes_too_long_is_a_failure_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "road.txt"
    text = "The Parties shall build the road."
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(prepare, "MOST_SECONDS", 0.05)
    (source,) = discover(tmp_path, "c").files
    parsed = Parsed(text, (Block("paragraph", 0, len(text)),), (), Metadata(), "reader")
    with Staging(tmp_path / "home") as staging:
        found = prepare.prepared(source, (parsed,), staging, Versions(lambda kind: "reader", "segmenter"), endless)
    assert isinstance(found, Failure)
    assert found.stage == "segment"
    assert "more than 0.05 s of processor time" in found.reason
