"""The word index: BM25 over memory-mapped postings of stems, files of one generation, never changed.

The formula is that of SQLite's FTS5 (k1 1.2, b .75, a factor a column), which served before; what differs is the work: FTS5 asks
for every match's row again, 94 ms a question at 100,000 passages, where adding up lists of numbers takes 2 (docs/scale.md).

    words.terms           the stems, sorted by their UTF-8 bytes, a line each
    words.<name>.npy      arrays by stem in that order; see `_NAMES`

Every word has a place: its number in the collection, body before context, one number left out after each of the two, so that
stems which follow each other in a text, and they alone, have places that follow each other.
"""

from __future__ import annotations

import bisect
import math
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from kb.errors import KnowledgeBaseError
from kb.words import stems

# A word of the title or heading counts more than one in the passage: parallel treaties differ in little else. Evidence recall@5
# of words over treaties and speeches .816 at a weight of .25, .855 at .5, .868 from 1 on; fused with dense .947, .947, .961.
CONTEXT_WEIGHT = 1.5
SATURATION = 1.2  # k1: no term scores more than its idf times SATURATION + 1
LENGTH_SHARE = 0.75  # b: how far a passage's length counts
LEAST_IDF = 1e-6  # of a stem in more than half of the passages, as in FTS5
RUN_PLACES = 1 << 21  # places that are sorted at once: 80 MB while building
KEPT_PIECES = 400_000  # of text between spaces, whose stems' numbers are remembered while building: 80 MB
LEFT_OUT = 0xFFFFFFFF  # stands in a place that no stem has
#: ends of a stem's line in words.terms; ends of its slice of `passages` and `impacts`; of its slice of `places`.
_NAMES = ("lines", "posting_ends", "passages", "impacts", "place_ends", "places", "segments")

Array = npt.NDArray[Any]


def build_words(folder: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Write the index of (text, context) rows, in order of position, into `folder`. Memory does not grow with the rows, but for
    the vocabulary and 8 bytes a row."""
    ids = _Ids()
    segments = array("Q", [0])
    runs = [_stored(folder, n, run) for n, run in enumerate(_runs(ids, segments, rows))]
    order = sorted(range(len(ids.terms)), key=ids.terms.__getitem__)
    lines = [ids.terms[i] for i in order]
    (folder / "words.terms").write_bytes(b"".join(line + b"\n" for line in lines))
    _save(folder, "lines", np.cumsum([len(line) + 1 for line in lines], dtype=np.uint64))
    starts = np.frombuffer(segments, np.uint64).astype(np.uint32)
    _save(folder, "segments", starts)
    _merge(folder, runs, np.array(order, dtype=np.int64), _norms(starts))


class _Ids(dict[str, tuple[int, ...]]):
    """Piece of text between spaces → numbers of its stems, in order of appearance. Asking for pieces that were seen before is
    a third of the work of finding words in whole texts."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: list[bytes] = []
        self._numbers: dict[bytes, int] = {}

    def __missing__(self, piece: str) -> tuple[int, ...]:
        if len(self) >= KEPT_PIECES:
            self.clear()
        numbers = self[piece] = tuple(self._number(term.encode()) for term in stems(piece))
        return numbers

    def _number(self, term: bytes) -> int:
        number = self._numbers.setdefault(term, len(self.terms))
        if number == len(self.terms):
            self.terms.append(term)
        return number


@dataclass(frozen=True, slots=True)
class _Run:
    """Sorted by stem's number: how many places and postings each stem has here, and those themselves."""

    place_counts: Array
    places: Array
    posting_counts: Array
    passages: Array
    weights: Array


def _runs(ids: _Ids, segments: array[int], rows: Iterable[tuple[str, str]]) -> Iterator[_Run]:
    """Appends to `segments` where each column begins, and where the last one ends."""
    buffer, first = array("I"), 0
    for row in rows:
        for column in row:
            buffer.extend(chain.from_iterable(map(ids.__getitem__, column.split())))
            buffer.append(LEFT_OUT)
            segments.append(segments[first] + len(buffer))
        if len(buffer) >= RUN_PLACES:
            yield _sorted(buffer, segments, first, len(ids.terms))
            buffer, first = array("I"), len(segments) - 1
    yield _sorted(buffer, segments, first, len(ids.terms))


def _sorted(buffer: array[int], segments: array[int], first: int, terms: int) -> _Run:
    """The run of the columns from `first` on."""
    if segments[-1] >= 1 << 32:
        raise KnowledgeBaseError(
            "the collection has more than 4,294,967,295 words, and its word index cannot number them. Split it."
        )
    begins = np.frombuffer(segments, np.uint64)[first:]
    stream = np.frombuffer(buffer, np.uint32)
    keys = stream.astype(np.uint64) << np.uint64(32) | np.arange(len(stream), dtype=np.uint64)
    keys = np.sort(keys[stream != LEFT_OUT])
    numbers, places = (keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(LEFT_OUT)).astype(np.uint32)
    columns = np.repeat(np.arange(first, first + len(begins) - 1, dtype=np.uint32), np.diff(begins).astype(np.int64))[places]
    passages = columns >> np.uint32(1)
    at = np.flatnonzero(np.append(True, (numbers[1:] != numbers[:-1]) | (passages[1:] != passages[:-1]))[: len(keys)])
    weighed = np.where(columns & np.uint32(1), np.float32(CONTEXT_WEIGHT), np.float32(1))
    return _Run(
        np.bincount(numbers, minlength=terms),
        places + begins[0].astype(np.uint32),
        np.bincount(numbers[at], minlength=terms),
        passages[at],
        np.add.reduceat(weighed, at) if len(at) else weighed,
    )


def _stored(folder: Path, number: int, run: _Run) -> Path:
    path = folder / f"words.run{number}.npz"
    np.savez(path, **{name: getattr(run, name) for name in _Run.__slots__})
    return path


def _norms(starts: Array) -> Array:
    """What stands beside a term's weight in BM25's denominator, by passage: float64."""
    lengths: Array = np.diff(starts[::2].astype(np.int64)) - 2
    mean = lengths.mean() if len(lengths) and lengths.any() else 1.0
    norms: Array = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths / mean)
    return norms


def _merge(folder: Path, runs: Sequence[Path], order: Array, norms: Array) -> None:
    """The runs one behind the other within each stem: later runs hold later passages."""
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    totals = {name: np.zeros(len(order), np.int64) for name in ("place_counts", "posting_counts")}
    for path in runs:
        with np.load(path) as run:
            for name, total in totals.items():
                total[ranks[: len(run[name])]] += run[name]
    ends = {name: np.cumsum(total) for name, total in totals.items()}
    _save(folder, "place_ends", ends["place_counts"])
    _save(folder, "posting_ends", ends["posting_counts"])
    free = {name: ends[name] - totals[name] for name in totals}
    places = _created(folder, "places", np.uint32, int(totals["place_counts"].sum()))
    passages = _created(folder, "passages", np.uint32, int(totals["posting_counts"].sum()))
    impacts = _created(folder, "impacts", np.float32, len(passages))
    for path in runs:
        with np.load(path) as run:
            places[_targets(run["place_counts"], ranks, free["place_counts"])] = run["places"]
            to, weights = _targets(run["posting_counts"], ranks, free["posting_counts"]), run["weights"].astype(np.float64)
            passages[to] = run["passages"]
            impacts[to] = weights * (SATURATION + 1) / (weights + norms[run["passages"]])
        for mapped in (places, passages, impacts):
            _let_go(mapped)
        path.unlink()


def _targets(counts: Array, ranks: Array, free: Array) -> Array:
    """Where the entries of a run go, and moves `free` on."""
    mine = ranks[: len(counts)]
    begins = np.cumsum(counts) - counts
    to: Array = np.arange(int(counts.sum())) + np.repeat(free[mine] - begins, counts)
    free[mine] += counts
    return to


def _save(folder: Path, name: str, values: Array) -> None:
    np.save(folder / f"words.{name}.npy", values, allow_pickle=False)


def _created(folder: Path, name: str, kind: type[np.generic], count: int) -> Array:
    if not count:  # a file of no bytes cannot be mapped
        _save(folder, name, np.zeros(0, kind))
        return np.zeros(0, kind)
    path = folder / f"words.{name}.npy"
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(count,))
    with path.open(
        "r+b"
    ) as file:  # a disk that fills up is an error here; met while writing to the map it would kill the process
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return mapped


def weight(passages: int, frequency: int) -> float:
    """What BM25 weighs a stem by that stands in `frequency` of so many passages; above 0."""
    return max(math.log((passages - frequency + 0.5) / (frequency + 0.5)), LEAST_IDF)


def rarity(frequencies: Mapping[str, int], passages: int) -> dict[str, float]:
    """Stem → ln(1 + (N - df + 0.5) / (df + 0.5)), by how many of N passages have it."""
    return {term: math.log(1 + (passages - df + 0.5) / (df + 0.5)) for term, df in frequencies.items()}


def _let_go(mapped: Array) -> None:
    """Of what is mapped, what was written so far stays in the file and the system's cache, and counts no more as memory of this
    process: 1.2 GB at a million passages."""
    if isinstance(mapped, np.memmap):
        mapped._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]  # numpy has no other way to it


class WordIndex:
    """A published word index, for reading; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError or ValueError if a file is missing or damaged."""
        loaded = {name: _loaded(folder / f"words.{name}.npy") for name in _NAMES}
        self._lines, self._posting_ends, self._place_ends = loaded["lines"], loaded["posting_ends"], loaded["place_ends"]
        self._passages, self._impacts, self._places = loaded["passages"], loaded["impacts"], loaded["places"]
        self._segments = loaded["segments"]
        self._terms = np.memmap(folder / "words.terms", np.uint8, "r") if len(self._lines) else np.zeros(0, np.uint8)
        totals = [int(ends[-1]) if len(ends) else 0 for ends in (self._lines, self._posting_ends, self._place_ends)]
        if totals != [len(self._terms), len(self._passages), len(self._places)] or len(self._impacts) != len(self._passages):
            raise ValueError(f"the word index holds {len(self._passages)} postings where {totals[1]} are counted")

    def __len__(self) -> int:
        """Passages."""
        return len(self._segments) // 2

    @property
    def mean_length(self) -> float:
        """Of a passage with its context, in words; above 0."""
        return max((int(self._segments[-1]) - 2 * len(self)) / max(len(self), 1), 1e-9)

    def terms(self) -> list[bytes]:
        """The stems by their numbers, which follow their UTF-8 bytes."""
        return self._terms.tobytes().split(b"\n")[:-1]

    @property
    def begins(self) -> Array:
        """Where the columns begin, body and context of each passage in turn, and where the last one ends: (2 * passages + 1,)."""
        return self._segments

    def in_order(self, file: IO[bytes]) -> Array:
        """The number of the stem in each place, LEFT_OUT where there is none, uint32; mapped to `file`, which is empty and takes
        4 bytes a word."""
        total = int(self._segments[-1])
        if not total:
            return np.zeros(0, np.uint32)
        os.posix_fallocate(file.fileno(), 0, 4 * total)
        stream = np.memmap(file, np.uint32, "r+", shape=(total,))
        stream[self._segments[1:] - np.uint32(1)] = LEFT_OUT
        for first in range(0, len(self._places), RUN_PLACES):
            places = self._places[first : first + RUN_PLACES]
            low, high = np.searchsorted(self._place_ends, [first, first + len(places) - 1], side="right")
            ends = np.minimum(self._place_ends[low : high + 1], first + len(places))
            stream[places] = np.repeat(np.arange(low, high + 1, dtype=np.uint32), np.diff(ends, prepend=first))
            _let_go(stream)
        return stream

    def search(self, terms: Sequence[str], k: int, allowed: npt.NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """The k best (position, BM25) of the passages that hold any of the stems, best first; larger is better.

        A term with spaces is a phrase: stems that follow each other. `allowed` is a mask over positions, shape (passages,).
        Only true matches are returned.
        """
        lists = [self._phrase(term.split(" ")) if " " in term else self._postings(term) for term in terms]
        lists = [(passages, impacts) for passages, impacts in lists if len(passages)]
        if not lists or k < 1:
            return []
        scores = np.zeros(len(self))
        for passages, impacts in lists:
            scores[passages] += impacts * self._idf(len(passages))
        if allowed is not None:
            scores[~allowed] = 0
        found = np.flatnonzero(scores)
        if len(found) > k:
            least = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= least]
        best = found[np.lexsort((found, -scores[found]))][:k]
        return [(int(position), float(scores[position])) for position in best]

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each stem occurs (0: in none)."""
        return {term: len(self._postings(term)[0]) for term in terms}

    def idf(self, terms: Sequence[str], passages: int) -> dict[str, float]:
        """Stem → ln(1 + (N - df + 0.5) / (df + 0.5)), BM25's inverse document frequency, over the N passages of the index."""
        return rarity(self.document_frequencies(terms), passages)

    def _idf(self, frequency: int) -> float:
        return weight(len(self), frequency)

    def _number(self, term: str) -> int | None:
        wanted = term.encode(errors="replace")
        number = bisect.bisect_left(range(len(self._lines)), wanted, key=self._term)
        return number if number < len(self._lines) and self._term(number) == wanted else None

    def _term(self, number: int) -> bytes:
        return self._terms[_slice(self._lines, number)].tobytes()[:-1]

    def _postings(self, term: str) -> tuple[Array, Array]:
        number = self._number(term)
        where = slice(0) if number is None else _slice(self._posting_ends, number)
        return self._passages[where], self._impacts[where]

    def _phrase(self, stems: Sequence[str]) -> tuple[Array, Array]:
        """Postings as `_postings` gives them."""
        places: Array | None = None
        for offset, number in enumerate(map(self._number, stems)):
            if number is None:
                return self._passages[:0], self._impacts[:0]
            begins = self._places[_slice(self._place_ends, number)].astype(np.int64) - offset
            places = begins if places is None else np.intersect1d(places, begins, assume_unique=True)
        columns = np.searchsorted(self._segments, places if places is not None else [], side="right") - 1
        passages, which = np.unique(columns >> 1, return_inverse=True)
        weights = np.bincount(which, np.where(columns & 1, CONTEXT_WEIGHT, 1.0), len(passages))
        return passages, weights * (SATURATION + 1) / (weights + self._norms_of(passages))

    def _norms_of(self, passages: Array) -> Array:
        lengths = self._segments[2 * passages + 2].astype(np.int64) - self._segments[2 * passages] - 2
        norms: Array = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths / self.mean_length)
        return norms


def _slice(ends: Array, number: int) -> slice:
    return slice(int(ends[number - 1]) if number else 0, int(ends[number]))


def _loaded(path: Path) -> Array:
    """Mapped, not read; an array of no entries cannot be mapped."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)) if shape[0] else np.zeros(0, kind)
