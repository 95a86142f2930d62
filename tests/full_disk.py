"""Re-indexes on a file system that is full, for tests/test_full_disk.py: `python -m tests.full_disk FOLDER`, in its own mount.

For each moment: index, change the files, index again while the disk fills at that moment, look at the damage, make room, go on.
Prints one JSON object a line.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import ingest.local_runner
from ingest.reindex import Options, reindex
from kb import faults
from kb.check import check
from kb.errors import KnowledgeBaseError
from kb.library import Library
from kb.serialize import answer_json
from tests.crash_bench import NEW, OLD, QUESTIONS, identify, in_process, settings_of, state_of, write_files
from tests.fakes import FakeEncoder

MORE = {f"more{number}.txt": f"Sentence {number}: the depth of the water is {number} metres. " * 60 for number in range(12)}
#: When the disk fills, and the kilobytes that are left then. The index is written after "publish building".
MOMENTS = (("start", 0), ("start", 120), ("start", 260), ("original copying", 0), ("vectors writing", 0), ("publish building", 8))


def main(folder: Path) -> None:
    ingest.local_runner.read_sandboxed = in_process
    docs = folder.parent / "docs"
    for moment, left in MOMENTS:
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        (folder / "ballast").unlink(missing_ok=True)
        write_files(docs, OLD)
        settings = settings_of(home, docs)
        run(settings)
        before = state_of(settings)
        serving = Library(settings, FakeEncoder, identify(settings))
        serving.info()
        write_files(docs, NEW | MORE)
        failed = run_while_it_fills(settings, folder, moment, left * 1024)
        told = {"moment": moment, "failed": failed, "same": said(serving) == [json.loads(answer) for answer in before.answers]}
        (folder / "ballast").unlink()
        told["findings"] = [str(finding) for finding in check(settings, identify=identify).findings]
        told["again"] = run(settings)
        told["after"] = check(settings, identify=identify, deep=True).findings == () and serving.info().digest
        serving.close()
        print(json.dumps(told), flush=True)
    shutil.rmtree(folder / "home")
    run(settings)
    print(json.dumps({"clean": state_of(settings).digest}), flush=True)


def run_while_it_fills(settings, folder: Path, moment: str, left: int) -> list[str]:
    filled = []

    def reached(step: str) -> None:
        if step == moment and not filled:
            filled.append(step)
            fill(folder, left)

    nothing, faults.reached = faults.reached, reached
    reached("start")
    failed = run(settings)
    faults.reached = nothing
    return failed if filled else ["the moment never came"]


def said(library: Library) -> list[dict[str, object]]:
    answers = [answer_json(library.ask(question)) for question in QUESTIONS]
    return [{name: value for name, value in answer.items() if name not in ("index", "timings_ms")} for answer in answers]


def run(settings) -> list[str]:
    """What went wrong, in the words that an operator reads."""
    try:
        report = reindex(settings, [settings.corpus], Options(jobs=1), identify, lambda _: FakeEncoder())
    except KnowledgeBaseError as error:
        return [f"{type(error).__name__}: {error}"]
    return [failure.reason for failure in report.failures]


def fill(folder: Path, left: int) -> None:
    space = os.statvfs(folder)
    size = max(space.f_bavail * space.f_frsize - left, 0)
    with (folder / "ballast").open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
