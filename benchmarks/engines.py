"""PostgreSQL beside the embedded store, over the same passages in the same run: loading, searching with filters, agreement, disk.

`python -m benchmarks.engines TEXT… --questions FILE… --store postgresql://… [--passages N…] [--real M]
[--cache DIR] [--home DIR]`

Passages and vectors are those of `benchmarks.large`. The name of STORE's database with N behind it names a new one for each N, so
the address must be of one who may make them. Both stores are asked each question in turn, by one thread; times are p50 · p95 in
ms. "recall@10" is against the exact search of the embedded store under the same filter, "words@10" the share of its ten best by
words.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.large import published
from benchmarks.large_asked import EVERY, percentiles
from benchmarks.large_passages import embedded
from kb import postgres_copy, postgres_publish, store
from kb.config import Settings, settings_from
from kb.embed import model_identity
from kb.filters import checked
from kb.ports import Reading
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
PARTS = ("_filled", "create_indexes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[200_000])
    parser.add_argument("--real", type=int, default=8192)
    parser.add_argument("--cache", type=Path, default=Path("var/large"))
    parser.add_argument("--home", type=Path, help="an empty folder for the stores; default: a temporary one")
    options = parser.parse_args()
    real = embedded(options.texts, options.questions, options.real, options.cache)
    for count in options.passages:
        home = Path(tempfile.mkdtemp(dir=options.home))
        try:
            address = new_database(options.store, count)
            plain = dataclasses.replace(settings_from({"HOME": str(home)}, home), home=home)
            figures: dict[str, Any] = {"passages": count} | published(home, options.texts, real, count)
            there = dataclasses.replace(plain, store=address)
            figures |= loaded(there) | sizes(address)
            figures |= compared(plain, there, options.cache, options.questions)
            print(json.dumps(figures, indent=1), flush=True)
        finally:
            shutil.rmtree(home)
        print(f"load {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores", file=sys.stderr)


def new_database(address: str, count: int) -> str:
    name = f"{address.rsplit('/', 1)[-1]}_{count}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name}".encode())
    return f"{address.rsplit('/', 1)[0]}/{name}"


def loaded(settings: Settings) -> dict[str, Any]:
    """Seconds of the parts of a copy to the server."""
    spent: dict[str, float] = {}
    for name in PARTS:
        setattr(postgres_publish, name, _timed(getattr(postgres_publish, name), name, spent))
    with Staging(settings.home) as staging:
        began = time.perf_counter()
        mirrored = postgres_publish.mirror(settings, staging)
        whole = time.perf_counter() - began
    assert mirrored is not None
    rate = mirrored.manifest.passages / spent["_filled"]
    return {
        "pg copy rows/s": round(rate),
        "pg copy s": round(spent["_filled"], 1),
        "pg indexes s": round(spent["create_indexes"], 1),
        "pg publish s": round(whole, 1),
        "pg chunk": postgres_copy.CHUNK,
    }


def _timed(call: Any, name: str, spent: dict[str, float]) -> Any:
    def run(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            spent[name] = time.perf_counter() - began

    return run


def sizes(address: str) -> dict[str, int]:
    """Megabytes of the relations."""
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            """SELECT CASE relkind WHEN 'i' THEN c.relname ELSE 'table ' || c.relname END, pg_table_size(c.oid) / 1000000
               FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname LIKE 'wakhan%' AND relkind IN ('r', 'i') AND pg_table_size(c.oid) > 5000000 ORDER BY 2 DESC"""
        ).fetchall()
        ((whole,),) = connection.execute("SELECT pg_database_size(current_database()) / 1000000").fetchall()
    return {"pg MB": int(whole)} | {f"pg MB {name}": int(size) for name, size in rows}


def compared(plain: Settings, there: Settings, cache: Path, questions: list[Path]) -> dict[str, Any]:
    identity = model_identity(plain)
    sources = {"embedded": source_of(plain, identity), "pg": source_of(there, identity)}
    readings = {name: source.reading() for name, source in sources.items()}
    records = [json.loads(line) for path in questions for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [record.get("question") or record["text"] for record in records][::EVERY]
    vectors = np.load(cache / "asked.npy")[::EVERY]
    figures = {}
    for label, filters in FILTERS.items():
        times: dict[str, list[float]] = {f"{name} {leg}": [] for name in readings for leg in ("filter", "dense", "words")}
        nearest, worded = [], []
        for text, vector in zip(texts, vectors, strict=True):
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
            nearest.append(len(set(found["pg"][0]) & exact) / max(len(exact), 1))
            wanted = set(found["embedded"][1])
            worded.append(len(set(found["pg"][1]) & wanted) / max(len(wanted), 1))
        figures |= {f"{label}: {name} ms": percentiles(values) for name, values in times.items()}
        figures |= {f"{label}: pg recall@10": f"{np.mean(nearest):.3f}", f"{label}: pg words@10": f"{np.mean(worded):.3f}"}
    for source in sources.values():
        source.close()
    return figures


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
