"""Kinds of dense index beside the exact one: recall and time at N passages, in more than one language of question.

`python -m benchmarks.index_types CACHE N --queries FILE.npy…`: CACHE is that of `benchmarks.large`, each FILE the vectors of
questions, float32 (n, dimension). Vectors beyond the real ones are perturbed; candidates are rescored in half precision.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from benchmarks.large_passages import Floats, perturbed

DEPTH, BATCH, SAMPLE = 100, 8192, 40_000
#: name → factory string, lists that are looked into, candidates. "PQ192" is two numbers a code at 384 dimensions.
KINDS = {
    "SQ8, all scanned": ("SQ8", 0, 200),
    "IVF1024,SQ8, 64 lists": ("IVF1024,SQ8", 64, 200),
    "IVF1024,SQ8, 128 lists": ("IVF1024,SQ8", 128, 200),
    "IVF1024,SQ8, 256 lists": ("IVF1024,SQ8", 256, 200),
    "PQ96x4fs, 1000 candidates": ("PQ96x4fs", 0, 1000),
    "PQ128x4fs, 1000 candidates": ("PQ128x4fs", 0, 1000),
    "PQ192x4fs, 500 candidates": ("PQ192x4fs", 0, 500),
    "PQ192x4fs, 1000 candidates": ("PQ192x4fs", 0, 1000),
    "RaBitQfs, 1000 candidates": ("RaBitQfs", 0, 1000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--queries", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    real = np.concatenate([np.load(path)["vectors"] for path in sorted(options.cache.glob("0*.npz"))]).astype(np.float32)
    asked = {path.stem: np.load(path).astype(np.float32) for path in options.queries}
    exact = added(
        faiss.IndexScalarQuantizer(real.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT), real, options.count
    )
    mean = exact.reconstruct_n(0, SAMPLE).mean(axis=0)
    truth = {name: exact.search(queries, DEPTH)[1] for name, queries in asked.items()}
    built: dict[str, Any] = {}
    for name, (factory, probed, candidates) in KINDS.items():
        if factory not in built:
            built = {factory: trained(factory, exact, mean)}
        print(f"| {name} | {' | '.join(row(built[factory], exact, asked, truth, (probed, candidates)))} |", flush=True)


def added(index: Any, real: Floats, count: int) -> Any:
    groups = np.zeros(len(real), np.int64)
    index.add(real[:count])
    for first in range(len(real), count, BATCH):
        index.add(perturbed(real, groups, first, min(BATCH, count - first)))
    return index


def trained(factory: str, exact: Any, mean: Floats) -> Any:
    """Of the vectors less their mean, which adds the same to every product; lists are learnt of whole ones."""
    index = faiss.index_factory(exact.d, factory, faiss.METRIC_INNER_PRODUCT)
    less = np.zeros_like(mean) if factory.startswith("IVF") else mean
    chosen = np.random.default_rng(0).choice(exact.ntotal, SAMPLE, replace=False)
    index.train(exact.reconstruct_batch(chosen) - less)
    for rows in batches(exact):
        index.add(rows - less)
    return index


def batches(exact: Any) -> Iterator[Floats]:
    for first in range(0, exact.ntotal, BATCH):
        yield exact.reconstruct_n(first, min(BATCH, exact.ntotal - first))


def row(index: Any, exact: Any, asked: dict[str, Floats], truth: dict[str, Any], how: tuple[int, int]) -> Iterator[str]:
    faiss.omp_set_num_threads(1)
    parameters, times = faiss.SearchParametersIVF(nprobe=how[0]) if how[0] else None, list[float]()
    for name, queries in asked.items():
        shares = []
        for query, wanted in zip(queries, truth[name], strict=True):
            began = time.process_time()
            found = index.search(query[np.newaxis], how[1], params=parameters)[1][0]
            found = found[found >= 0]
            best = found[np.argsort(-(exact.reconstruct_batch(found) @ query))][:DEPTH]
            times.append(time.process_time() - began)
            shares.append([len(set(best[:n]) & set(wanted[:n])) / n for n in (10, DEPTH)])
        yield "{:.3f} · {:.3f}".format(*np.mean(shares, axis=0))
    yield "{:.1f} · {:.1f}".format(*np.percentile(times, [50, 95]) * 1000)
    faiss.omp_set_num_threads(2)


if __name__ == "__main__":
    main()
