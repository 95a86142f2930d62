"""Runs that are killed: one process imports everything once and forks a child, in a process group of its own, for each run.

Used by tests/test_crash.py and benchmarks/crash.py. The child is killed with SIGKILL, its whole group with it, at a named step
(kb.faults) or after a time. As a program (`python -m tests.crash_bench`) this is that process; it reads one JSON object a line.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ingest.local_runner
import ingest.pipeline
from ingest.readers import read_file
from ingest.reindex import Options, reindex
from kb import faults
from kb.check import check, repair
from kb.config import Settings, settings_from
from kb.errors import KnowledgeBaseError
from kb.keeping import gc
from kb.library import Library
from kb.manifest import vector_model
from kb.rollback import roll_back
from kb.serialize import answer_json
from kb.staging import Staging
from tests.fakes import FakeEncoder

ROOT = Path(__file__).parents[1]
OLD = {
    "transit.txt": "The Transit Trade Agreement was signed in Tashkent on 15 July 2021.\n\nTrucks drive to Karachi.",
    "power.txt": "The CASA-1000 line is 1,387 km long.\n\nIt carries 1,300 MW from Kyrgyzstan and Tajikistan to Pakistan.",
    "rail.md": "# The railway\n\nThe railway from Termez to Peshawar is 573 km long.\n\nIt costs 4.8 billion dollars.",
    "gas.txt": "The TAPI pipeline is 1,814 km long.\n\nIt carries 33 billion cubic metres of gas a year.",
    "port.txt": "The port of Gwadar lies on the Arabian Sea.\n\nIts depth is 14 metres.",
    "wheat.txt": "Kazakhstan sold 200,000 tonnes of wheat to Pakistan in 2023.",
    "news.jsonl": '{"id": "one", "title": "Flights", "text": "Flights between Lahore and Tashkent began in 2017."}\n'
    '{"id": "two", "title": "Visas", "text": "A visa costs 20 dollars since 2019."}',
    "lines/copper.txt": "The copper mine produced 150,000 tonnes in 2022.",
}
NEW = {name: text for name, text in OLD.items() if name != "wheat.txt"} | {
    "power.txt": "The CASA-1000 line is 1,222 km long.\n\nIt carries 1,300 MW from Kyrgyzstan and Tajikistan to Pakistan.",
    "gas.txt": "The TAPI pipeline is 1,840 km long.\n\nIt carries 33 billion cubic metres of gas.\n\nIts pressure is 100 bar.",
    "cotton.txt": "Uzbekistan sold 90,000 tonnes of cotton to Pakistan in 2024.",
    "bridge.txt": "The bridge over the Panj was opened in 2007.\n\nIt is 673 metres long.",
}
MOVED = {("mine/" + name if name == "port.txt" else name.replace("lines/", "moved/")): text for name, text in OLD.items()}
QUESTIONS = (
    "How long is the CASA-1000 line?",
    "When was the Transit Trade Agreement signed?",
    "How long is the railway from Termez to Peshawar?",
    "How long is the TAPI pipeline?",
    "How deep is the port of Gwadar?",
    "How many tonnes of wheat did Kazakhstan sell to Pakistan in 2023?",
    "When did flights between Lahore and Tashkent begin?",
    "How many tonnes did the copper mine produce in 2022?",
    "How many tonnes of cotton did Uzbekistan sell?",
    "When was the bridge over the Panj opened?",
)


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Make `folder` hold these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def settings_of(home: Path, docs: Path) -> Settings:
    return dataclasses.replace(settings_from({"HOME": str(home)}, home), home=home, corpus=docs)


def identify(settings: Settings) -> tuple[str, str]:
    return FakeEncoder.model, "fake-digest"


def in_process(sources: Any, jobs: int = 1, **_: Any) -> Iterator[Any]:
    """Reads without the sandbox, whose start takes longer than all the rest of such a run."""
    for source in sources:
        yield source, read_file(source)


class Runner:
    """The process that forks; `run` gives the exit status of one run, negative for the signal that ended it."""

    def __init__(self) -> None:
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.crash_bench"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, home: Path, docs: Path, action: str = "reindex", **how: Any) -> dict[str, Any]:
        """`kill`: [step, how manyth time]; `after`: seconds until the kill; `sandbox`: read files as the program does.

        Gives {"status", "seconds", "steps": {step: times}} (the steps of a run that was not killed)."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"home": str(home), "docs": str(docs), "action": action} | how) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        told: dict[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        self._process.communicate()


@dataclasses.dataclass(frozen=True)
class State:
    """What a published generation says: its digest and its answers, without times and generation numbers."""

    digest: str
    answers: tuple[str, ...]


def state_of(settings: Settings) -> State:
    """Raises IndexMissing before the first publish, and IndexStale for a damaged index."""
    library = Library(settings, FakeEncoder, identify(settings))
    try:
        digest = library.info().digest
        answers = []
        for question in QUESTIONS:
            answer = answer_json(library.ask(question))
            assert answer.pop("index")["digest"] == digest
            answer.pop("timings_ms")
            answers.append(json.dumps(answer, sort_keys=True))
        return State(digest, tuple(answers))
    finally:
        library.close()


class Crashes:
    """A folder of documents that has changed since it was indexed, and what clean builds of before and after say."""

    def __init__(self, folder: Path, runner: Runner) -> None:
        self.runner, self.folder, self.docs = runner, folder, folder / "docs"
        self.old = self._clean("clean-old", OLD)
        self.new = self._clean("clean-new", NEW)
        assert self.old.digest != self.new.digest and self.old.answers != self.new.answers
        self.settings = settings_of(folder / "home", self.docs)
        self.base, self.full = folder / "base", folder / "full"
        write_files(self.docs, OLD)
        self._well(self.base)
        shutil.copytree(self.base, self.full)
        write_files(self.docs, NEW)
        self._well(self.full)
        self.copied("move")  # what moved keeps its id: no build from nothing gives the same
        self._well(folder / "home", "move")
        self.moved = state_of(self.settings)
        self.last = {"rollback": self.old, "move": self.moved}
        assert self.moved.digest not in (self.old.digest, self.new.digest)

    def _clean(self, name: str, files: dict[str, str]) -> State:
        write_files(self.docs, files)
        self._well(self.folder / name)
        return state_of(settings_of(self.folder / name, self.docs))

    def _well(self, home: Path, action: str = "reindex") -> dict[str, Any]:
        told = self.runner.run(home, self.docs, action)
        assert told["status"] == 0, told
        return told

    def unkilled(self, action: str) -> dict[str, Any]:
        """What `Runner.run` gives of a run that is not killed: its seconds, and how often it comes by each step."""
        return self._well(self.copied(action), action)

    def copied(self, action: str) -> Path:
        """A home of before the action; the same path each time."""
        home = self.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.base if action in ("reindex", "move") else self.full, home)
        write_files(self.docs, MOVED if action == "move" else NEW)
        if action == "repair":
            next((home / "generations" / "000002").glob("*.faiss")).write_bytes(b"damaged")
        return home

    def trial(self, action: str, *kills: dict[str, Any]) -> list[int]:
        """Kill a run, and those that go on after it, at each of `kills`; prove the state after each and at the end.

        Gives the exit status of each: -9, or 0 for a run that was faster than its kill."""
        home = self.copied(action)
        settings, last = self.settings, self.last.get(action, self.new)
        before = self.old if action in ("reindex", "move") else self.new
        statuses = []
        for kill in kills:
            statuses.append(self.runner.run(home, self.docs, action, **kill)["status"])
            assert statuses[-1] in (-signal.SIGKILL, 0), statuses
            if action != "repair":  # what it mends does not answer before
                assert state_of(settings) in (before, last), f"neither the old nor the new state after {kill}"
                told = check(settings, identify=identify)
                assert told.findings == (), (kill, told.findings)
        self._well(home, action)
        assert state_of(settings) == last
        told = check(settings, deep=True, identify=identify)
        assert told.findings == () and not any("killed" in note or "did not finish" in note for note in told.notes), told
        return statuses


def serve() -> None:
    ingest.pipeline.BATCH = 3
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        told = _forked(order)
        print(json.dumps(told), flush=True)


def _warm_up() -> None:
    """Load what is loaded with the first document (language models: 10 s), so that the children have it."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder, "docs"), OLD)
        real, ingest.local_runner.read_sandboxed = ingest.local_runner.read_sandboxed, in_process
        _reindex(settings_of(Path(folder, "home"), Path(folder, "docs")))
        ingest.local_runner.read_sandboxed = real


def _forked(order: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        os.setsid()
        os._exit(_act(order, writer))
    os.close(writer)
    try:
        if order.get("after") is not None:
            _wait(child, order["after"])
            with_group(child, signal.SIGKILL)
        steps = b"".join(iter(lambda: os.read(reader, 65536), b""))
    finally:
        os.close(reader)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    return {"status": os.waitstatus_to_exitcode(status), "seconds": seconds, "steps": json.loads(steps or b"{}")}


def _wait(child: int, seconds: float) -> None:
    """Until the time is over, or the child has ended (and stays a zombie)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.001)


def with_group(process: int, number: int) -> None:
    try:
        os.killpg(process, number)
    except ProcessLookupError:
        return  # it had not yet made its group, or has ended


def _act(order: dict[str, Any], report: int) -> int:
    steps: dict[str, int] = {}
    kill = order.get("kill")

    def reached(step: str) -> None:
        steps[step] = steps.get(step, 0) + 1
        if kill is not None and kill == [step, steps[step]]:
            os.killpg(0, signal.SIGKILL)

    faults.reached = reached
    if not order.get("sandbox"):
        ingest.local_runner.read_sandboxed = in_process
    settings = settings_of(Path(order["home"]), Path(order["docs"]))
    try:
        status = ACTIONS[order["action"]](settings)
    except KnowledgeBaseError as error:
        print(error, file=sys.stderr)
        status = error.exit_code
    os.write(report, json.dumps(steps).encode())
    return status


def _reindex(settings: Settings) -> int:
    report = reindex(settings, [settings.corpus], Options(jobs=1), identify, lambda _: FakeEncoder())
    return 1 if report.failures else 0


def _gc(settings: Settings) -> int:
    with Staging(settings.home) as staging:
        gc(staging, {vector_model(*identify(settings))}, keep=1)
    return 0


def _rollback(settings: Settings) -> int:
    with Staging(settings.home) as staging:
        roll_back(staging, 1)
    return 0


def _repair(settings: Settings) -> int:
    return 1 if repair(settings, identify=identify).findings else 0


ACTIONS = {"reindex": _reindex, "move": _reindex, "gc": _gc, "rollback": _rollback, "repair": _repair}

if __name__ == "__main__":
    serve()
