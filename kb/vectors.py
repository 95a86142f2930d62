"""The dense index: FAISS over the passages' vectors, rebuilt from the store at will and never the truth.

The vectors in half precision, in memory-mapped parts, are searched whole: exact, with any filter or none. Beyond FLAT_MOST
passages a question without a filter asks an index of 4-bit codes first (product quantisation, all of them scanned) and decides
among its candidates by the stored vectors. Inverted lists lost to it: the lists near a question in another language than the
passages do not hold its nearest (recall@10 .90 for Hindi where English had .99). The figures behind the numbers: docs/scale.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from kb.errors import IndexStale

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FLAT_MOST = 200_000  # passages; 5.3 ms a question at that number, on one core
PART = 1 << 18  # rows of a file: 200 MB at 384 dimensions, twice that while it is built
CODED = 2  # numbers that share a code of 4 bits
CANDIDATES = 10  # for each wanted passage
FEWEST_CANDIDATES = 1000
SAMPLE = 40_000  # rows that the codes are learnt from
SEED = 1234
BATCH = 16_384  # rows: 25 MB of float32 at 384 dimensions


def build_vectors(folder: Path, batches: Iterable[Floats], dimension: int, flat_most: int = FLAT_MOST) -> tuple[int, str]:
    """Write the index of batches of shape (n, dimension), in order of position, into `folder`, which holds none yet.

    Returns the number of rows and the type of the index in words. The same rows give the same files. Memory: two parts at most,
    and dimension / 4 bytes a row for the codes.
    """
    with _all_cores():
        count = 0
        for part in _parts(batches, dimension):
            faiss.write_index(part, str(_part_file(folder, count // PART)))
            count += int(part.ntotal)
            del part  # before the next one grows
        if count <= flat_most:
            return count, "flat fp16"
        codes = _codes(folder, dimension, count)
        faiss.write_index(codes, str(_code_file(folder)))
        learnt = f"{min(count, SAMPLE):,} rows, seed {SEED}"
        return count, f"PQ{codes.pq.M}x4fs ({learnt}), {CANDIDATES} candidates a passage rescored in fp16"


def _part_file(folder: Path, number: int) -> Path:
    return folder / f"vectors.{number:03}.faiss"


def _code_file(folder: Path) -> Path:
    return folder / "codes.faiss"


def _parts(batches: Iterable[Floats], dimension: int) -> Iterator[Any]:
    """Exact indexes of PART rows each, the last one of fewer; one of none where there are no rows."""
    part, full = _flat(dimension), 0
    for batch in batches:
        rows = np.ascontiguousarray(batch, dtype=np.float32)
        while len(rows):
            fits = PART - int(part.ntotal)
            part.add(rows[:fits])
            rows = rows[fits:]
            if part.ntotal == PART:
                yield part
                part, full = _flat(dimension), full + 1
    if part.ntotal or not full:
        yield part


def _flat(dimension: int) -> Any:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _codes(folder: Path, dimension: int, count: int) -> Any:
    """Codes of the rows less their mean. What a mean adds to a product is the same for every passage, so the question stays as
    it is; and what varies is coded the finer."""
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.choice(count, min(count, SAMPLE), replace=False))
    files = [_part_file(folder, number) for number in range(-(-count // PART))]
    # One part is mapped at a time: what is mapped and read counts as the process's memory, 768 bytes a row.
    within = [chosen[chosen // PART == number] % PART for number in range(len(files))]
    sampled = [_mapped(file).reconstruct_batch(rows) for file, rows in zip(files, within, strict=True) if len(rows)]
    sample = np.concatenate(sampled)
    mean = sample.mean(axis=0)
    index = faiss.IndexPQFastScan(dimension, -(-dimension // CODED), 4, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.seed, index.pq.cp.min_points_per_centroid = SEED, 1
    index.train(sample - mean)
    for part in map(_mapped, files):
        for at in range(0, part.ntotal, BATCH):
            index.add(part.reconstruct_n(at, min(BATCH, part.ntotal - at)) - mean)
    return index


def _mapped(path: Path) -> Any:
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def _rows(parts: Sequence[Any], positions: Positions) -> Floats:
    """The vectors at positions, float32 (n, d)."""
    rows = np.empty((len(positions), parts[0].d), np.float32)
    numbers = positions // PART
    for number in np.unique(numbers):
        mine = numbers == number
        rows[mine] = parts[number].reconstruct_batch(positions[mine] % PART)
    return rows


@contextmanager
def _all_cores() -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class VectorIndex:
    """A published dense index, memory-mapped, for reading; safe to search from several threads."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexStale if it cannot be read."""
        try:
            self._parts = [_mapped(path) for path in sorted(folder.glob("vectors.*.faiss"))]
            self._codes = _mapped(_code_file(folder)) if _code_file(folder).exists() else None
        except RuntimeError as error:
            raise _stale(folder, str(error).splitlines()[-1][:200]) from error
        counts = [int(part.ntotal) for part in self._parts]
        if not counts or any(count != PART for count in counts[:-1]):
            raise _stale(folder, f"its parts have {counts} rows")
        if self._codes is not None and self._codes.ntotal != len(self):
            raise _stale(folder, f"{self._codes.ntotal} codes for {len(self)} rows")

    def __len__(self) -> int:
        return sum(int(part.ntotal) for part in self._parts)

    def rows(self, first: int, last: int) -> Floats:
        """The vectors at the positions from `first` to before `last`, as they are kept: in half precision."""
        return _rows(self._parts, np.arange(first, last))

    def search(self, query: Floats, k: int, allowed: Mask | None = None) -> list[tuple[int, float]]:
        """The k nearest (position, cosine) to a vector of shape (dimension,), nearest first.

        `allowed` is a mask over positions, shape (passages,): the search is exact over those. It is without one too up to
        FLAT_MOST passages; beyond, the cosines are exact and of the ten nearest at least 98 in a hundred are there.
        """
        wanted = min(k, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if wanted <= 0:
            return []
        # One thread a search: two at a time waited for each other and for the encoder's threads, 11 ms for 310 passages
        # against 0.2 ms alone; several questions at once use the other cores. OpenMP keeps the number by calling thread.
        faiss.omp_set_num_threads(1)
        query = query[np.newaxis].astype(np.float32)
        if self._codes is None or allowed is not None:
            return self._exact(query, wanted, allowed)
        _, found = self._codes.search(query, min(len(self), max(CANDIDATES * wanted, FEWEST_CANDIDATES)))
        candidates = np.sort(found[0][found[0] >= 0])
        return _best(candidates, _rows(self._parts, candidates) @ query[0], wanted)

    def _exact(self, query: Floats, k: int, allowed: Mask | None) -> list[tuple[int, float]]:
        positions, cosines = list[Positions](), list[Floats]()
        for number, part in enumerate(self._parts):
            first, selected = number * PART, None
            if allowed is not None:
                mine = allowed[first : first + part.ntotal]
                if not mine.any():
                    continue
                selected = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mine, bitorder="little")))
            scores, found = part.search(query, min(k, int(part.ntotal)), params=selected)
            there = found[0] >= 0
            positions.append(found[0][there] + first)
            cosines.append(scores[0][there])
        return _best(np.concatenate(positions), np.concatenate(cosines), k)


def _best(positions: Positions, cosines: Floats, k: int) -> list[tuple[int, float]]:
    order = np.lexsort((positions, -cosines))[:k]
    return [(int(positions[i]), float(cosines[i])) for i in order]


def _stale(folder: Path, reason: str) -> IndexStale:
    return IndexStale(
        f"the dense index in {folder} cannot be read ({reason}). "
        "Run `python -m ingest reindex` to build it again from the store; nothing is embedded anew."
    )
