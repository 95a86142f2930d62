"""Rows of a generation's `lexemes` as PostgreSQL's binary COPY takes them, made of the word index that is published beside them:
nothing is stemmed again, and a block of passages is a dozen operations over arrays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.postgres_search import SPARSE, lexeme
from kb.postings import CONTEXT_WEIGHT, LEFT_OUT, LENGTH_SHARE, SATURATION, WordIndex

BLOCK = 2048  # passages made at once: 10 MB while they are
LAST_PLACE = 16_383  # of a word in a tsvector
MOST_PLACES = 255  # of one word
CONTEXT = 3 << 14  # weight A, in a place's highest bits
PLACES = 1 << 19  # of a passage that are told apart
COLUMNS = 5
FIXED = 2 + 12 + 12 + 8 + 8  # bytes of a row before its first lexeme: columns, num, document, length, size and number of stems
SPARSE_HEAD = 4 + 12

Array = npt.NDArray[Any]


class Lexemes:
    """`divided` once; then `terms` tells of all the passages."""

    def __init__(self, index: WordIndex, documents: npt.NDArray[np.int64], scratch: Path) -> None:
        """`documents`: of each passage, by position. 4 bytes a word are kept in the folder `scratch` meanwhile."""
        self._index = index
        self._documents = documents
        self._scratch = scratch
        cut = [lexeme(term.decode()).encode() for term in index.terms()]
        self._names = sorted(set(cut))  # of two that are cut to the same bytes, there is one
        numbers = {name: number for number, name in enumerate(self._names)}
        self._numbers = np.array([numbers[name] for name in cut], np.uint64)
        self._frequencies = np.zeros(len(self._names), np.int64)

    def divided(self, owners: Array, places: Sequence[int]) -> Iterator[list[bytes]]:
        """Blocks of rows (num, document, length, words, impacts), in order: of each block those of the passages that belong to
        each of `places`. `owners`: whose each passage is."""
        with tempfile.TemporaryFile(dir=self._scratch) as file:
            stream, begins = self._index.in_order(file), self._index.begins.astype(np.int64)
            lengths = np.array([len(name) for name in self._names], np.int64)
            bytes_of = np.frombuffer(b"".join(self._names), np.uint8)
            for first in range(0, len(self._index), BLOCK):
                last = min(first + BLOCK, len(self._index))
                found = self._found(stream, begins[2 * first : 2 * last + 1])
                self._frequencies += np.bincount(found.numbers, minlength=len(self._names))
                nums = np.arange(first, last), self._documents[first:last]
                rows, sizes = _rows(nums, found, (lengths, bytes_of))
                own = [owners[first:last] == place for place in places]
                yield [(rows if mine.all() else rows[np.repeat(mine, sizes)]).tobytes() for mine in own]

    def terms(self) -> Iterator[tuple[str, int, int]]:
        """(stem, its number, how many passages have it)."""
        for number, name in enumerate(self._names):
            yield name.decode(), number, int(self._frequencies[number])

    def _found(self, stream: Array, begins: Array) -> _Found:
        """Of the passages whose columns begin there; numbers of passages count from the first of them."""
        count = len(begins) // 2
        sizes = np.diff(begins[::2])
        within = np.arange(begins[0], begins[-1]) - np.repeat(begins[:-1:2], sizes)
        of_context = within >= np.repeat(np.diff(begins)[::2], sizes)
        passages = np.repeat(np.arange(count), sizes)
        stems = stream[begins[0] : begins[-1]]
        there = stems != LEFT_OUT
        numbers = self._numbers[stems[there]]
        place = np.minimum(within[there] + 1, PLACES - 1).astype(np.uint64)
        # One sort by passage, stem and place: all three in a number, and in its last bit whether the word is of the context.
        keys = passages[there].astype(np.uint64) << np.uint64(50) | numbers << np.uint64(20) | place << np.uint64(1)
        keys = np.sort(keys | of_context[there].astype(np.uint64))
        return _Found.of(keys, sizes - 2, self._index.mean_length)


@dataclass(frozen=True, slots=True)
class _Found:
    """The stems of a block's passages: entry i is the stem `numbers[i]` in the passage `passages[i]`, both ascending; `impacts`
    are what it adds to a score; `counts` of its places are kept, and stand in `places` with their weights' bits."""

    lengths: Array  # of each passage, in words
    passages: Array
    numbers: Array
    impacts: Array
    counts: Array
    places: Array

    @classmethod
    def of(cls, keys: Array, lengths: Array, mean: float) -> _Found:
        starts = np.flatnonzero(np.append(True, keys[1:] >> np.uint64(20) != keys[:-1] >> np.uint64(20))[: len(keys)])
        sizes = np.diff(starts, append=len(keys))
        of_context = (keys & np.uint64(1)).astype(bool)
        places = (keys >> np.uint64(1)).astype(np.int64) & (PLACES - 1)
        kept = (places <= LAST_PLACE) & (np.arange(len(keys)) - np.repeat(starts, sizes) < MOST_PLACES)
        passages, numbers = (keys[starts] >> np.uint64(50)).astype(np.int64), (keys[starts] >> np.uint64(20)).astype(np.int64)
        weights = _sums(np.where(of_context, CONTEXT_WEIGHT, 1.0), starts)
        norms = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths / mean)
        return cls(
            lengths,
            passages,
            numbers & ((1 << 30) - 1),
            weights * (SATURATION + 1) / (weights + norms[passages]),
            _sums(kept.astype(np.int64), starts),
            np.where(of_context, CONTEXT | places, places)[kept],
        )


def _sums(values: Array, starts: Array) -> Array:
    return np.add.reduceat(values, starts) if len(starts) else values


def _rows(nums: tuple[Array, Array], found: _Found, names: tuple[Array, Array]) -> tuple[Array, Array]:
    """Rows one behind the other, and how many bytes each takes. `nums`: the passages' and their documents'; `names`: lengths of
    the stems, and their bytes one behind the other."""
    count, lengths, bytes_of = len(nums[0]), *names
    stems = np.bincount(found.passages, minlength=count)
    entries = lengths[found.numbers] + 3 + 2 * found.counts  # a stem, 0, how many places, and those
    words = 4 + np.bincount(found.passages, entries, count).astype(np.int64)
    sizes = FIXED - 4 + words + SPARSE_HEAD + 8 * stems
    row = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), np.uint8)
    head = np.zeros(count, _HEAD)
    head["columns"], head["num_size"], head["document_size"], head["length_size"] = COLUMNS, 8, 8, 4
    head["num"], head["document"] = nums
    head["length"], head["words_size"], head["stems"] = found.lengths, words, stems
    _put(out, row, head)
    at = row[found.passages] + FIXED + _before(entries, found.passages, count)
    taken = lengths[found.numbers]
    _put_bytes(out, at, (bytes_of, (np.cumsum(lengths) - lengths)[found.numbers], taken))
    at += taken + 1
    _put(out, at, found.counts.astype(">u2"))
    firsts = np.cumsum(found.counts) - found.counts
    nth = np.arange(len(found.places)) - np.repeat(firsts, found.counts)
    _put(out, np.repeat(at + 2, found.counts) + 2 * nth, found.places.astype(">u2"))
    tail = np.zeros(count, _TAIL)
    tail["size"], tail["dimension"], tail["stems"] = 12 + 8 * stems, SPARSE, stems
    begin = row + FIXED - 4 + words
    _put(out, begin, tail)
    nth = np.arange(len(found.passages)) - np.repeat(np.cumsum(stems) - stems, stems)
    at = (begin + SPARSE_HEAD)[found.passages] + 4 * nth
    _put(out, at, found.numbers.astype(">i4"))
    _put(out, at + 4 * stems[found.passages], found.impacts.astype(">f4"))
    return out, sizes


_HEAD = np.dtype(
    [
        ("columns", ">i2"), ("num_size", ">i4"), ("num", ">i8"), ("document_size", ">i4"), ("document", ">i8"),
        ("length_size", ">i4"), ("length", ">i4"), ("words_size", ">i4"), ("stems", ">i4"),
    ]
)  # fmt: skip
_TAIL = np.dtype([("size", ">i4"), ("dimension", ">i4"), ("stems", ">i4"), ("unused", ">i4")])


def _before(sizes: Array, passages: Array, count: int) -> Array:
    """How many bytes of a passage's entries stand before each."""
    ends = np.cumsum(sizes)
    stems = np.bincount(passages, minlength=count)
    firsts = np.cumsum(stems) - stems
    at = ends - sizes
    before: Array = at - np.repeat(at[np.minimum(firsts, max(len(at) - 1, 0))], stems) if len(at) else at
    return before


def _put(out: Array, at: Array, values: Array) -> None:
    """Each of `values` with its first byte at `at`."""
    out[at[:, np.newaxis] + np.arange(values.itemsize)] = values.view(np.uint8).reshape(len(values), values.itemsize)


def _put_bytes(out: Array, at: Array, source: tuple[Array, Array, Array]) -> None:
    """`source`: bytes, and which of them go to each of `at`: from where, how many."""
    values, begins, sizes = source
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out[np.repeat(at, sizes) + within] = values[np.repeat(begins, sizes) + within]
