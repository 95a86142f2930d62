"""One table of what a collection of many passages costs: building, opening, asking, disk and memory.

`python -m benchmarks.large TEXT… --questions FILE… [--passages N…] [--real M] [--cache DIR] [--home DIR]`

The passages are the files' text (of .jsonl the "text"), cut as it stands and then recombined by sentences. The
first M are embedded (DIR keeps them for the next time); the vectors of the others are real ones perturbed, and their word
vectors those of real passages: kept for the first TOKENS alone, which bounds the disk, so whole questions ("ask") are asked of
collections of at most so many. Times of questions are
p50 · p95; of building, seconds by the clock and in brackets those of the processor: quote the load with them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.large_passages import Real, cut, embedded, groups_of, perturbed, recombined
from kb import generations
from kb.config import settings_from
from kb.embed import model_identity
from kb.manifest import folder_of, vector_model
from kb.records import KINDS, Document, Locator, Metadata, Passage
from kb.staging import StagedDocument, Staging, vector_key

TOKENS = 200_000  # passages with token vectors
PARTS = ("build_vectors", "build_words", "content_digest")  # of publishing, by the names of their functions
A_DOCUMENT = 50  # passages
A_BATCH = 8192  # vectors
COUNTRIES = ("KZ", "KG", "TJ", "TM", "UZ", "PK", "CN", "AF", "IR", "TR")  # of a document one
DESKS = 400  # publishers: the narrow filter lets one in so many documents through
ROWS = (
    "passages", "index", "build_vectors s", "build_words s", "content_digest s", "sync and switch s", "publish s",
    "building MB", "open ms", "start s",
    "dense ms", "dense country ms", "dense narrow ms", "recall@10", "words ms", "words country ms", "words narrow ms",
    "ask encode ms", "ask rest ms", "ask narrow rest ms", "resident MB", "of it files MB", "vectors MB", "words MB", "store MB",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[100_000, 200_000, 1_000_000])
    parser.add_argument("--real", type=int, default=8192)
    parser.add_argument("--cache", type=Path, default=Path("var/large"))
    parser.add_argument("--home", type=Path, help="an empty folder for the stores; default: a temporary one")
    options = parser.parse_args()
    real = embedded(options.texts, options.questions, options.real, options.cache)
    columns = []
    for count in options.passages:
        home = Path(tempfile.mkdtemp(dir=options.home))
        try:
            figures = {"passages": f"{count:,}"} | published(home, options.texts, real, count)
            asked = [sys.executable, "-m", "benchmarks.large_asked", str(home), str(options.cache), *map(str, options.questions)]
            done = subprocess.run(asked, check=True, capture_output=True, text=True, env={**os.environ, "KB_HOME": str(home)})
            columns.append(figures | json.loads(done.stdout))
            print(json.dumps(columns[-1]), file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(home)
    print(f"load {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores; {len(real.texts):,} passages really embedded\n")
    print(f"| {' | '.join(['', *(str(c['passages']) for c in columns)])} |\n|{'---|' * (len(columns) + 1)}")
    for name in ROWS[1:]:
        print(f"| {' | '.join([name, *(str(c.get(name, '–')) for c in columns)])} |")


def published(home: Path, files: Sequence[Path], real: Real, count: int) -> dict[str, Any]:
    """Stage and publish `count` passages under `home`; the parts of publishing are timed where it calls them."""
    identity = model_identity(settings_from({}, Path.cwd()))
    with Staging(home) as staging:
        staging.connection.execute("PRAGMA synchronous = OFF")  # filling the store is not what is measured
        (cached,) = staging.connection.execute("PRAGMA cache_size").fetchone()
        staging.connection.execute("PRAGMA cache_size = -400000")
        keys = [key for number, texts in documents(files, count) for key in stage(staging, number, texts)]
        fill(staging, vector_model(*identity), real, keys)
        staging.connection.execute("PRAGMA synchronous = FULL")
        staging.connection.execute(f"PRAGMA cache_size = {cached}")
        spent: dict[str, Spent] = {}
        for name in PARTS:
            setattr(generations, name, timed(getattr(generations, name), name, spent))
        manifest = timed(generations.publish, "publish", spent)(staging, *identity)
    spent["sync and switch"] = spent["publish"] - sum((spent[name] for name in PARTS), Spent(0, 0))
    folder = folder_of(home, manifest.generation)
    sizes = {"vectors MB": megabytes(folder, "*.faiss"), "words MB": megabytes(folder, "words.*")}
    sizes |= {"store MB": megabytes(home, "store.sqlite"), "building MB": memory()["VmHWM"]}
    times = {f"{name} s": f"{one.wall:.1f} ({one.cpu:.1f})" for name, one in spent.items()}
    return {"index": manifest.vector_index.split(" (")[0]} | times | sizes


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock and of this process's threads."""

    wall: float
    cpu: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall - other.wall, self.cpu - other.cpu)


def timed(call: Callable[..., Any], name: str, spent: dict[str, Spent]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        began = Spent(time.perf_counter(), time.process_time())
        try:
            return call(*arguments)
        finally:
            spent[name] = Spent(time.perf_counter(), time.process_time()) - began

    return run


def documents(files: Sequence[Path], count: int) -> Iterator[tuple[int, list[str]]]:
    passages = recombined(cut(files), seed=0)
    for number in range(-(-count // A_DOCUMENT)):
        yield number, [next(passages) for _ in range(min(A_DOCUMENT, count - number * A_DOCUMENT))]


def stage(staging: Staging, number: int, texts: Sequence[str]) -> list[bytes]:
    """One document; returns the keys of its vectors. The texts of short passages may be the same: a number makes them differ."""
    uid, uri = f"{number:016x}", f"large/{number}.txt"
    whole = [f"{text} [{number}.{i}]" for i, text in enumerate(texts)]
    title = f"Report {number}: {texts[0][:60]}"
    country = COUNTRIES[number % len(COUNTRIES)]
    dated = str(2000 + number % 25)
    metadata = Metadata(title, KINDS[number % 5], f"Desk {number % DESKS}", dated, language="en", countries=(country,))
    ends = np.cumsum([len(text) + 1 for text in whole]).tolist()
    passages = tuple(
        Passage(f"{uid}-{i}", uid, i, text, Locator(end - 1 - len(text), end - 1), "en", title)
        for i, (text, end) in enumerate(zip(whole, ends, strict=True))
    )
    record = Document(uid, uri, uri, uid, uid, "text/plain", metadata, "\n".join(whole), (), (), "large", (), "2026-01-01")
    staging.replace_source(uri, [StagedDocument(record, passages, (), "large", "large")])
    return [vector_key(passage.text, passage.context) for passage in passages]


def fill(staging: Staging, model: str, real: Real, keys: Sequence[bytes]) -> None:
    groups = groups_of(real.texts)
    for first in range(0, len(keys), A_BATCH):
        numbers = range(first, min(first + A_BATCH, len(keys)))
        made = perturbed(real.vectors, groups, first, len(numbers))
        kept = real.vectors[first : first + len(numbers)]
        made[: len(kept)] = kept
        codes = (real.codes[n % len(real.codes)] if n < TOKENS else b"" for n in numbers)
        staging.add_vectors(model, zip((keys[n] for n in numbers), made, codes, strict=True))


def megabytes(folder: Path, pattern: str) -> int:
    return round(sum(path.stat().st_size for path in folder.glob(pattern)) / 1e6)


def memory() -> dict[str, int]:
    """Of this process, in MB: VmHWM (most so far), VmRSS, RssFile and others, as Linux names them."""
    lines = (line.split() for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return {line[0].rstrip(":"): round(int(line[1]) / 1000) for line in lines if line[-1:] == ["kB"]}


if __name__ == "__main__":
    main()
