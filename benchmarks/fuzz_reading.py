"""Damaged files through the readers: what gives anything but documents that hold together, or a sentence why there are none?

`python -m benchmarks.fuzz_reading FOLDER … [--reader docx] [--seconds 60] [--seed 1] [--keep FOLDER] [--sandbox]`: every file
that is found below the folders is changed (see benchmarks.mutate), over and over, and read. Reported once for each place in the
code, with the smallest file that came there: an exception that is not UnreadableFile, a crash, more than 10 s of processor
time, more than 1 GiB of memory, a result that the run would refuse, a file on which discovery fails; what comes of a document
in the run's own process (names, passages that are slices of it) counts with its reading. With --sandbox each file
is read as a run reads it instead, and reported is what is neither documents nor a failure of that file.

Readers run in this program, a hundred files a process. Exit status: 0 nothing found, 1 something.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random

from benchmarks.mutate import LARGEST, mutated, plain_pdf
from ingest.discovery import discover
from ingest.enrich import enrich
from ingest.readers import read_file
from ingest.sandbox import Limits, parsed_from_json, parsed_to_json, read_sandboxed
from ingest.segment import segment
from ingest.sources import SUFFIXES
from ingest.text import UnreadableFile
from kb.records import Failure, Parsed, SourceFile

BATCH, CPU_SECONDS, MEMORY = 100, 10, 1 << 30
LARGEST_SEED = 2 << 20


@dataclass(frozen=True, slots=True)
class Seed:
    """A file to change; `kind` is its suffix without the dot, `media_type` as discovery tells it."""

    name: str
    kind: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind`: exception | crash | slow | memory | result | discovery; `place` tells findings apart."""

    kind: str
    place: str
    told: str


@dataclass(slots=True)
class Run:
    """What was tried and found. `places` holds for each finding the size of the smallest file that made it."""

    seed: int
    work: Path
    keep: Path | None
    cases: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    places: dict[str, int] = field(default_factory=dict)


def seeds_from(folders: Sequence[Path], readers: Sequence[str]) -> list[Seed]:
    """The files below `folders` that a reader takes, each PDF also with its objects in the open."""
    seeds = []
    for folder in folders:
        for file in discover(folder, folder.name).files:
            kind = Path(file.path).suffix.casefold()[1:]
            if (readers and kind not in readers) or os.path.getsize(file.path) > LARGEST_SEED:
                continue
            data = Path(file.path).read_bytes()
            seeds.append(Seed(file.uri, kind, file.media_type, data))
            if kind == "pdf":
                try:
                    opened = plain_pdf(data)
                except Exception as error:  # noqa: BLE001 (told: some of the files are broken on purpose)
                    print(f"  {file.uri}: not opened up ({type(error).__name__})", file=sys.stderr)
                else:
                    seeds.append(Seed(file.uri + " opened", kind, file.media_type, opened[:LARGEST]))
    return seeds


def case(seeds: Sequence[Seed], seed: int, number: int) -> tuple[Seed, bytes]:
    """The kinds take turns, however many files there are of each."""
    random = Random(f"{seed}/{number}")
    kinds = sorted({one.kind for one in seeds})
    same = [one for one in seeds if one.kind == kinds[number % len(kinds)]]
    chosen = random.choice(same)
    return chosen, mutated(chosen.data, [one.data for one in same], chosen.kind, random)


def examine(path: Path, media_type: str) -> Finding | None:
    """Discover and read one file in this process."""
    try:
        discover(path.parent, "c")
    except MemoryError:
        return Finding("memory", "discovery", "discovery needs too much memory")
    except Exception as error:  # noqa: BLE001 (that is what is looked for)
        return Finding("discovery", _place(error), _told(error))
    try:
        documents = read_file(SourceFile("c/" + path.name, str(path), media_type, ""))
    except UnreadableFile as reason:
        said = str(reason)
        return None if len(said) > 10 and said.endswith(".") else Finding("result", "sentence", f"no sentence: {said!r}")
    except MemoryError as error:
        return Finding("memory", _place(error), "more than 1 GiB")
    except Exception as error:  # noqa: BLE001 (that is what is looked for)
        return Finding("exception", _place(error), _told(error))
    return _examine_result(documents)


def _examine_result(documents: Sequence[Parsed]) -> Finding | None:
    try:
        if parsed_from_json(parsed_to_json(documents)) != tuple(documents):
            return Finding("result", "round trip", "the documents are others after their way through JSON")
        for document in documents:
            enriched = enrich(document, statistical=False)
            complete, pages = replace(document, metadata=enriched.metadata), {page.number for page in document.pages}
            for passage in segment("d", complete, enriched.metadata.language, _tokens):
                where = passage.locator
                if passage.text != document.text[where.start : where.end] or (where.page is not None and where.page not in pages):
                    return Finding("result", "passage", f"{where} is not {passage.text[:80]!r}")
    except ValueError as error:
        return Finding("result", f"{_place(error)} {str(error)[:25]}", _told(error))
    except Exception as error:  # noqa: BLE001 (that is what is looked for)
        return Finding("exception", _place(error), _told(error))
    return None


def _tokens(texts: Sequence[str]) -> list[int]:
    return [len(text) // 4 + 1 for text in texts]


def _place(error: BaseException) -> str:
    """The innermost line of ours and the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent.name in ("ingest", "kb")]
    named = [f"{Path(frame.filename).name}:{frame.name}" for frame in (*ours[-1:], *frames[-1:])]
    return f"{type(error).__name__} in {' … '.join(dict.fromkeys(named))}"


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " ← ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:200]} ({where})"


# ---- a process for a batch --------------------------------------------------------------------------------------------------


def batch(seeds: Sequence[Seed], run: Run, first: int, count: int = BATCH) -> tuple[int, Finding | None]:
    """Examine the cases from `first` on in a child. The case to go on with, and what the last one gave if it is new."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _in_child(seeds, run, range(first, first + count), writing)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as answers:
        lines = answers.read().splitlines()
    _, status = os.waitpid(child, 0)
    done = [json.loads(line) for line in lines]
    found = next((Finding(**line) for line in done if isinstance(line, dict)), None)
    numbers = [line for line in done if isinstance(line, int)]
    reached = numbers[-1] if numbers else first
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"case {reached} could not be made or examined: the fault is this program's own")
    if os.WIFSIGNALED(status):
        return reached + 1, _ended(status, run.work / "trace")
    return reached + 1, found


def _ended(status: int, trace: Path) -> Finding:
    lines = [line.strip() for line in trace.read_text(errors="replace").splitlines() if line.strip().startswith("File ")]
    ours = [line for line in lines if "/ingest/" in line or "/kb/" in line]
    named = [line.rpartition(" in ")[2] for line in (*lines[:1], *ours[:1])]
    number = os.WTERMSIG(status)
    kind = "slow" if number in (signal.SIGPROF, signal.SIGALRM) else "crash"
    return Finding(kind, " … ".join(dict.fromkeys(named)) or "?", f"{signal.Signals(number).name}: {' ← '.join(lines[:4])}")


def _in_child(seeds: Sequence[Seed], run: Run, numbers: range, writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    with (run.work / "trace").open("w") as trace:
        faulthandler.enable(trace)
        faulthandler.register(signal.SIGPROF, trace, all_threads=False, chain=True)
        for number in numbers:
            os.write(writing, b"%d\n" % number)
            seed, data = case(seeds, run.seed, number)
            path = put(run.work, seed, data)
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            signal.alarm(12 * CPU_SECONDS)  # it may also wait for something
            found = examine(path, seed.media_type)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if found is not None and len(data) < run.places.get(f"{found.kind} {found.place}", LARGEST + 1):
                os.write(writing, json.dumps(asdict(found)).encode() + b"\n")
                return


def put(work: Path, seed: Seed, data: bytes) -> Path:
    folder = work / "files"
    folder.mkdir(exist_ok=True)
    path = folder / f"case.{seed.kind}"
    for other in folder.iterdir():
        if other != path:
            other.unlink()
    path.write_bytes(data)
    return path


# ---- the run ----------------------------------------------------------------------------------------------------------------


def fuzz(seeds: Sequence[Seed], run: Run, seconds: float) -> None:
    end, number = time.monotonic() + seconds, 0
    kinds = sorted({one.kind for one in seeds})
    while time.monotonic() < end:
        following, found = batch(seeds, run, number)
        run.cases.update(kinds[done % len(kinds)] for done in range(number, following))
        number = following
        if found is not None:
            _record(seeds, run, number - 1, found)


def _record(seeds: Sequence[Seed], run: Run, number: int, found: Finding) -> None:
    """Told once it has come again in a fresh process: memory and time of a hundred files may add up."""
    run.outcomes[found.kind] += 1
    key = f"{found.kind} {found.place}"
    seed, data = case(seeds, run.seed, number)
    if len(data) >= run.places.get(key, LARGEST + 1):
        return
    _, again = batch(seeds, run, number, 1)
    if again is None:
        run.outcomes[f"{found.kind}, not again alone"] += 1
        return
    first = key not in run.places
    run.places[key] = len(data)
    name = "".join(letter if letter.isalnum() else "-" for letter in key)[:90]
    if run.keep is not None:
        (run.keep / f"{name}.{seed.kind}").write_bytes(data)
    if first:
        print(
            f"{found.kind:10} {found.place}\n           {found.told}\n           {seed.name}, case {number}, {len(data):,} bytes",
            flush=True,
        )


def fuzz_sandbox(seeds: Sequence[Seed], run: Run, seconds: float) -> None:
    """As a run reads: nothing may come of a file but documents or a failure, and every file is answered."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        files = []
        for place in range(BATCH):
            seed, data = case(seeds, run.seed, number + place)
            path = run.work / f"{place}.{seed.kind}"
            path.write_bytes(data)
            files.append(SourceFile(f"c/{place}", str(path), seed.media_type, ""))
            run.cases[seed.kind] += 1
        for source, result in read_sandboxed(files, 1, Limits(seconds=2 * CPU_SECONDS, cpu_seconds=CPU_SECONDS)):
            reason = result.reason if isinstance(result, Failure) else "documents"
            odd = any(part in reason for part in ("crashed", "stopped", "unexpectedly", "hold together", "without a result"))
            run.outcomes["odd" if odd else "failure" if isinstance(result, Failure) else "documents"] += 1
            if odd and run.places.setdefault(reason[:60], number) == number:
                print(f"{source.path}: {reason}", flush=True)
                if run.keep is not None:
                    (run.keep / f"sandbox-{number}-{Path(source.path).name}").write_bytes(Path(source.path).read_bytes())
        number += BATCH


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_reading", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="files to change")
    parser.add_argument(
        "--reader", action="append", default=[], choices=sorted(suffix[1:] for suffix in SUFFIXES), help="only these"
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the files that found something go")
    parser.add_argument("--sandbox", action="store_true", help="read as a run does")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = seeds_from(options.folders, options.reader)
    if not seeds:
        parser.error("no file there that a reader takes")
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        run = Run(options.seed, Path(work), options.keep)
        (fuzz_sandbox if options.sandbox else fuzz)(seeds, run, options.seconds)
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(run.cases.items()))
    took = f"{time.monotonic() - began:.0f} s from {len(seeds)} seeds"
    print(f"{sum(run.cases.values())} files in {took} ({counts}); {dict(run.outcomes)}")
    return 1 if run.places else 0


if __name__ == "__main__":
    sys.exit(main())
