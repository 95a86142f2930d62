"""The questions of `benchmarks.large`, in a process of their own, whose memory is a server's: prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.large import TOKENS, memory
from kb import store
from kb.config import settings_from
from kb.connections import connect_reader
from kb.embed import model_identity
from kb.filters import checked
from kb.generations import Snapshot, open_snapshot
from kb.library import Library
from kb.records import Filters
from kb.staging import STORE_FILE
from kb.words import query_stems

EVERY, EVERY_ASKED = 8, 32  # questions of the parts; whole ones
FILTERS = {"": Filters(), "country ": Filters(country=("KZ",)), "narrow ": Filters(publisher=("Desk 7",))}


def main(home: Path, cache: Path, questions: Sequence[Path]) -> None:
    settings = settings_from(os.environ, Path.cwd())
    records = [json.loads(line) for path in questions for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [record.get("question") or record["text"] for record in records][::EVERY]
    vectors = np.load(cache / "asked.npy")[::EVERY]
    began = time.perf_counter()
    library = Library.open(settings)
    manifest = library.ready()
    figures: dict[str, Any] = {"start s": f"{time.perf_counter() - began:.1f}"}
    if manifest.passages <= TOKENS:
        figures |= asked(library, texts[:: EVERY_ASKED // EVERY])
    figures |= {"resident MB": memory()["VmRSS"], "of it files MB": memory()["RssFile"]}
    began = time.perf_counter()
    snapshot = open_snapshot(home, manifest.generation, *model_identity(settings))
    figures["open ms"] = f"{(time.perf_counter() - began) * 1000:.0f}"
    connection = connect_reader(home / STORE_FILE)
    for name, filters in FILTERS.items():
        chosen = checked(filters, lambda code: code, ("en",), lambda name: name)
        mask = snapshot.allowed(store.matching_documents(connection, manifest.generation, chosen)) if name else None
        figures[f"dense {name}ms"] = spent(lambda q, m=mask: snapshot.vectors.search(q, 100, m), vectors)
        figures[f"words {name}ms"] = spent(lambda t, m=mask: snapshot.words.search(query_stems(t), 100, m), texts)
    figures["recall@10"] = f"{recall(snapshot, vectors):.4f}"
    print(json.dumps(figures))


def asked(library: Library, texts: Sequence[str]) -> dict[str, str]:
    figures = {}
    for name in ("", "narrow "):
        steps = [library.ask(text, FILTERS[name]).timings_ms for text in texts]
        figures["ask encode ms"] = percentiles([step["encode"] for step in steps])
        figures[f"ask {name}rest ms"] = percentiles([sum(step.values()) - step["encode"] for step in steps])
    return figures


def spent(run: Callable[[Any], object], items: Sequence[Any]) -> str:
    times = []
    for item in items:
        began = time.perf_counter()
        run(item)
        times.append((time.perf_counter() - began) * 1000)
    return percentiles(times)


def percentiles(times: Sequence[float]) -> str:
    middle, high = np.percentile(times, [50, 95])
    return f"{middle:.1f} · {high:.1f}"


def recall(snapshot: Snapshot, vectors: np.ndarray) -> float:
    """Share of the ten nearest by the exact search that are among the ten found."""
    every = np.ones(len(snapshot.vectors), dtype=bool)
    shares = []
    for query in vectors:
        wanted = {position for position, _ in snapshot.vectors.search(query, 10, every)}
        shares.append(len(wanted & {position for position, _ in snapshot.vectors.search(query, 100)[:10]}) / len(wanted))
    return float(np.mean(shares))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
