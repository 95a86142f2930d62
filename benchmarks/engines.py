"""PostgreSQL beside the embedded store, over the same passages in the same run: loading, searching with filters, agreement, disk
and memory.

`python -m benchmarks.engines TEXT… --questions FILE… --store postgresql://… [postgresql://…] [--passages N…] [--real M]
[--cache DIR] [--home DIR] [--again] [--restart COMMAND]`

Passages and vectors are those of `benchmarks.large`; DIR/N keeps the embedded store of N passages, which is then not made again.
The name of STORE's database with N behind it names a new one for each N, so the address must be of one who may make them;
among several servers the collection is divided. Both
stores are asked each question in turn, by one thread; times are p50 · p95 in ms. "recall@10" is against the exact search of the
embedded store under the same filter, "words@10" the share of its ten best by words. Of loading, seconds by the clock, and in
brackets processor seconds of this process and of the server's, which has to run on the same machine for that and for its memory
(PSS: what processes share is counted once). `--again`: then a hundredth of new documents is published. `--restart`: then the last
server is stopped (SIGSTOP) and goes on, is killed (SIGKILL), and is started by COMMAND; one thread asks questions all the while.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.large import A_DOCUMENT, documents, fill, published, stage
from benchmarks.large_asked import EVERY, percentiles
from benchmarks.large_passages import Real, embedded
from kb import postgres_load, postgres_publish, postgres_schema, store
from kb.config import Settings, settings_from
from kb.embed import model_identity
from kb.errors import KnowledgeBaseError
from kb.filters import checked
from kb.generations import publish
from kb.manifest import vector_model
from kb.ports import Reading, Source
from kb.records import Filters
from kb.sources import source_of
from kb.staging import Staging
from kb.words import query_stems

FILTERS = {
    "none": Filters(),
    "country": Filters(country=("KZ",)),  # a tenth
    "kind and date": Filters(kind=("agreement",), date_from="2010", date_to="2014"),  # one in 25
    "narrow": Filters(publisher=("Desk 7",)),  # one in 400
}
PARTS = ("send", "_filled", "_originals", "_indexed", "_each")  # the last: indexes and statistics
ASKED_LOST = 100  # questions for each state of a server
PATIENCE = 180  # seconds
COPIED = ("send", "_filled", "_originals", "_indexed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--store", nargs="+", required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[200_000])
    parser.add_argument("--real", type=int, default=8192)
    parser.add_argument("--cache", type=Path, default=Path("var/large"))
    parser.add_argument("--home", type=Path, help="where the embedded stores stay; default: they are removed")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--restart", help="starts the last of STORE again")
    options = parser.parse_args()
    real = embedded(options.texts, options.questions, options.real, options.cache)
    for count in options.passages:
        with tempfile.TemporaryDirectory() as temporary:
            home = (options.home or Path(temporary)) / str(count)
            figures = embedded_store(home, options.texts, real, count)
            addresses = [new_database(address, count) for address in options.store]
            plain = dataclasses.replace(settings_from({"HOME": str(home)}, home), home=home)
            there = dataclasses.replace(plain, store=" ".join(addresses))
            told(figures)
            told(loaded(there, Servers(addresses)) | sizes(addresses))
            told(compared(plain, there, options.cache, options.questions))
            if options.again:
                told(published_again(there, options.texts, real, count))
            if options.restart:
                told(lost(there, options.cache, options.questions, options.restart))


def told(figures: dict[str, Any]) -> None:
    print(json.dumps(figures | {"load": f"{os.getloadavg()[0]:.1f}"}, indent=1, ensure_ascii=False), flush=True)


def embedded_store(home: Path, texts: list[Path], real: Real, count: int) -> dict[str, Any]:
    """What building it took, once."""
    built = home / "built.json"
    if not built.exists():
        home.mkdir(parents=True)
        built.write_text(json.dumps({"passages": count} | published(home, texts, real, count)))
    figures: dict[str, Any] = json.loads(built.read_text())
    return figures


def new_database(address: str, label: object) -> str:
    name = f"{address.rsplit('/', 1)[-1]}_{label}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name}".encode())
    return f"{address.rsplit('/', 1)[0]}/{name}"


class Servers:
    """The processes of servers on this machine; figures of 0 where they run elsewhere."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._mains = []
        for address in addresses:
            with psycopg.connect(address) as connection:
                stat = Path(f"/proc/{connection.info.backend_pid}/stat")
                self._mains += [_fields(stat)[1]] if stat.exists() else []

    def processes(self) -> list[Path]:
        """Their stat in /proc, the first of each server before those that it started."""
        found = [path for path in Path("/proc").glob("[0-9]*/stat") if (_fields(path) or ["", ""])[1] in self._mains]
        return [*(Path(f"/proc/{main}/stat") for main in self._mains), *found]

    def processor(self) -> float:
        """Seconds so far, those of processes that have ended among them."""
        fields = [_fields(path) for path in self.processes()]
        ticks = sum(sum(map(int, one[11:13])) for one in fields if one)
        ended = sum(sum(map(int, one[13:15])) for one in fields[: len(self._mains)] if one)
        return (ticks + ended) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """MB."""
        rollups = [_read(path.with_name("smaps_rollup")) for path in self.processes()]
        return sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) // 1000


def _fields(stat: Path) -> list[str]:
    """Behind the name in brackets: state, number of the parent, and so on; none of a process that has ended."""
    return _read(stat).rpartition(")")[2].split()


def _read(path: Path) -> str:
    """Nothing of a process that has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def loaded(settings: Settings, servers: Servers) -> dict[str, Any]:
    """Seconds of the parts of a copy to the servers."""
    spent: dict[str, list[float]] = {}
    kept = postgres_load, postgres_schema
    before = [dict(vars(module)) for module in kept]
    for name in PARTS:
        setattr(postgres_load, name, _timed(getattr(postgres_load, name), lambda arguments, n=name: n, (spent, servers)))
    if len(settings.stores) == 1:  # several make theirs at once
        postgres_schema.execute = _timed(postgres_schema.execute, _index_kind, (spent, servers))
    try:
        with Staging(settings.home) as staging:
            began = time.perf_counter()
            mirrored = postgres_publish.mirror(settings, staging)
            whole = time.perf_counter() - began
    finally:
        for module, names in zip(kept, before, strict=True):
            vars(module).update(names)
    assert mirrored is not None
    copied = sum(spent[name][0] for name in COPIED if name in spent)
    rate = mirrored.manifest.passages / copied
    parts = {f"pg {name.strip('_')} s": "{:.1f} ({:.1f} + {:.1f})".format(*one) for name, one in spent.items() if name}
    return {"pg copied rows/s": round(rate), "pg publish s": round(whole, 1)} | parts


def _index_kind(arguments: Any) -> str:
    statement = arguments[1]
    if "INDEX" not in statement and "KEY (" not in statement:
        return ""
    return next((kind for kind in ("hnsw", "gin") if f"USING {kind}" in statement), "b-trees")


def _timed(call: Any, named: Any, into: tuple[dict[str, list[float]], Servers]) -> Any:
    spent, servers = into

    def run(*arguments: Any, **more: Any) -> Any:
        name = named(arguments)
        began = time.perf_counter(), time.process_time(), servers.processor()
        try:
            return call(*arguments, **more)
        finally:
            ended = time.perf_counter(), time.process_time(), servers.processor()
            sums = spent.setdefault(name, [0.0, 0.0, 0.0])
            spent[name] = [total + end - begin for total, begin, end in zip(sums, began, ended, strict=True)]

    return run


def published_again(settings: Settings, texts: list[Path], real: Real, count: int) -> dict[str, Any]:
    """A hundredth of new documents, in a new generation."""
    identity = model_identity(settings)
    with Staging(settings.home) as staging:
        first = count // A_DOCUMENT
        more = max(first // 100, 1)
        keys = [key for number, parts in documents(texts, more * A_DOCUMENT) for key in stage(staging, first + number, parts)]
        fill(staging, vector_model(*identity), real, keys)
        publish(staging, *identity)
    return {f"again: {name}": figure for name, figure in loaded(settings, Servers(settings.stores)).items()}


def setting(address: str, name: str) -> str:
    with psycopg.connect(address) as connection:
        ((value,),) = connection.execute("SELECT current_setting(%s)", (name,)).fetchall()
    return str(value)


def sizes(addresses: Sequence[str]) -> dict[str, int]:
    """Megabytes of the relations, of all servers together."""
    found: Counter[str] = Counter()
    for address in addresses:
        with psycopg.connect(address) as connection:
            rows = connection.execute(RELATIONS).fetchall()
            ((whole,),) = connection.execute("SELECT pg_database_size(current_database()) / 1000000").fetchall()
        found.update({"pg MB": int(whole)} | {f"pg MB {name}": int(size) for name, size in rows})
    return dict(found.most_common())


RELATIONS = """SELECT CASE relkind WHEN 'i' THEN c.relname ELSE 'table ' || c.relname END, pg_table_size(c.oid) / 1000000
               FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname LIKE 'wakhan%' AND relkind IN ('r', 'i') AND pg_table_size(c.oid) > 5000000"""


def asked_of(cache: Path, questions: list[Path]) -> list[tuple[str, Any]]:
    """Questions with their vectors."""
    records = [json.loads(line) for path in questions for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [record.get("question") or record["text"] for record in records][::EVERY]
    return list(zip(texts, np.load(cache / "asked.npy")[::EVERY], strict=True))


def compared(plain: Settings, there: Settings, cache: Path, questions: list[Path]) -> dict[str, Any]:
    identity = model_identity(plain)
    sources = {"embedded": source_of(plain, identity), "pg": source_of(there, identity)}
    readings = {name: source.reading() for name, source in sources.items()}
    asked = asked_of(cache, questions)
    figures: dict[str, Any] = {}
    for label, filters in FILTERS.items():
        times: dict[str, list[float]] = {f"{name} {leg}": [] for name in readings for leg in ("filter", "dense", "words")}
        nearest, worded = [], []
        for text, vector in asked:
            found = {}
            for name, reading in readings.items():
                began = time.perf_counter()
                allowed = _allowed(reading, filters)
                filtered = time.perf_counter()
                dense = reading.snapshot.vectors.search(vector, 100, allowed)
                between = time.perf_counter()
                words = reading.snapshot.words.search(query_stems(text), 100, allowed)
                ended = time.perf_counter()
                for leg, spent in (("filter", filtered - began), ("dense", between - filtered), ("words", ended - between)):
                    times[f"{name} {leg}"].append(spent * 1000)
                found[name] = [position for position, _ in dense[:10]], [position for position, _ in words[:10]]
            exact = _exact(readings["embedded"], vector, filters)
            nearest.append(share(found["pg"][0], exact))
            worded.append(share(found["pg"][1], set(found["embedded"][1])))
        figures |= {f"{label}: {name} ms": percentiles(values) for name, values in times.items()}
        figures |= {f"{label}: pg recall@10": f"{np.mean(nearest):.3f}", f"{label}: pg words@10": f"{np.mean(worded):.3f}"}
    figures |= {"pg PSS MB": Servers(there.stores).memory(), "pg shared_buffers": setting(there.stores[0], "shared_buffers")}
    for source in sources.values():
        source.close()
    return figures


def lost(settings: Settings, cache: Path, questions: list[Path], restart: str) -> dict[str, Any]:
    """What questions meet while the last server hangs, goes on, is killed and is started: how many found all parts, how many not,
    how many failed; ms p50 · p95 and the longest; seconds until the first that told, and until all parts were found again."""
    asked = itertools.cycle(asked_of(cache, questions))
    source = source_of(settings, model_identity(settings))
    last = Servers(settings.stores[-1:])
    steps = {
        "before": (lambda: None, False),
        "stopped": (lambda: _signalled(last, signal.SIGSTOP), True),
        "goes on": (lambda: _signalled(last, signal.SIGCONT), False),
        "killed": (lambda: _signalled(last, signal.SIGKILL), True),
        "started": (lambda: subprocess.run(restart, shell=True, check=True, stdout=subprocess.DEVNULL), False),
    }
    figures: dict[str, Any] = {}
    for name, (act, missing) in steps.items():
        act()
        figures |= {f"{name}: {what}": figure for what, figure in _met(source, asked, missing).items()}
    source.close()
    return figures


def _signalled(servers: Servers, number: int) -> None:
    for stat in servers.processes():
        os.kill(int(stat.parent.name), number)


def _met(source: Source, asked: Iterator[tuple[str, Any]], missing: bool) -> dict[str, Any]:
    """Of questions one after the other: until ASKED_LOST came out as wanted, each with a reading of its own."""
    began, told, counts, times = time.perf_counter(), 0.0, Counter[str](), list[float]()
    while counts["partial" if missing else "whole"] < ASKED_LOST:
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit(
                f"{'partial' if missing else 'whole'} was not seen {ASKED_LOST} times in {PATIENCE} s: {dict(counts)}"
            )
        text, vector = next(asked)
        first = time.perf_counter()
        try:
            reading = source.reading()
            best = reading.snapshot.vectors.search(vector, 100, None)
            reading.snapshot.words.search(query_stems(text), 100, None)
            store.passages_by_num(reading.connection, [int(reading.snapshot.passages[position]) for position, _ in best[:10]])
            seen = "partial" if reading.missing() else "whole"
        except KnowledgeBaseError:
            seen = "failed"
        times.append((time.perf_counter() - first) * 1000)
        counts[seen] += 1
        if not told and seen == ("partial" if missing else "whole"):
            told = time.perf_counter() - began
    return dict(counts) | {"ms": percentiles(times), "longest ms": round(max(times)), "seconds until": round(told, 2)}


def share(found: list[int], wanted: set[int]) -> float:
    """Of what is wanted that is found; where nothing is, of what is found that is wanted."""
    return len(wanted.intersection(found)) / len(wanted) if wanted else float(not found)


def _allowed(reading: Reading, filters: Filters) -> Any:
    if filters == Filters():
        return None
    chosen = checked(filters, lambda code: code, ("en",), lambda name: name)
    return reading.snapshot.allowed(store.matching_documents(reading.connection, reading.generation, chosen))


def _exact(reading: Reading, vector: Any, filters: Filters) -> set[int]:
    mask = np.ones(len(reading.snapshot.vectors), bool) if filters == Filters() else _allowed(reading, filters)
    return {position for position, _ in reading.snapshot.vectors.search(vector, 10, mask)}


if __name__ == "__main__":
    main()
