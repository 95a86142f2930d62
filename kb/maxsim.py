"""Token vectors by written word in three levels a number, and MaxSim (late interaction, as in ColBERT) over them.

A passage of 150 tokens takes 9.4 KB where its tokens in two bits, as they were kept before, took 16.4. What each step costs,
MRR@10 of the dense top 20 of XQuAD reranked, against float32 tokens of which the score is .979 (en→en), .926 (ru→en):

    tokens, two bits              16.4 KB   -.002   +.000
    tokens, one bit                9.2      -.001   -.007
    tokens, two bits of 192 dims   9.2      -.000   -.007   (a basis learnt from other texts)
    words, float32               105        -.001   +.007
    words, two bits               11.4      -.001   +.001
    words, three levels            9.4      -.000   -.002   (this)
    words of meaning, two bits     7.5      -.002   -.004

(595 questions each; hi→en -.000, tr→en -.018, ar→en -.001 of 298 each, where tokens in two bits have +.005, -.008, +.003.)
The words of a passage have much in common (the mean over all has length .76), and levels of the whole vectors are spent on that.
So the passage's own mean is stored once and each word's difference from it in three even levels, with one factor for the
difference and one that gives the decoded row length 1 (without it -.006). No figure is fitted to a model.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.embed import Encoded, Offsets
from kb.errors import IndexStale
from kb.manifest import FORMAT as FORMAT
from kb.words import WORD

Floats = npt.NDArray[np.float32]

HEADER = struct.Struct("<BBHH")  # format, bytes of an offset (1 or 4), dimension, rows
STEP = np.float32(
    1.224
)  # spacing of three even levels with the least squared error for normal numbers (Max, 1960), in deviations
LONGEST = 6  # tokens of one word: where a script writes no spaces, a clause would be one
NUMBERS = 5  # of three levels in a byte
_POWERS = np.array([3**g for g in range(NUMBERS)], np.uint8)
BATCH_TOKENS = 2048  # 3 MB decoded; of 1,024 to 8,192 all within a tenth, one product a passage takes 1.4 times as long
#: The decoded numbers of each byte of codes, float32 (256, 5): one look-up for all of them.
LEVELS = (np.arange(256)[:, None] // _POWERS % 3 - 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Packed:
    """t words as stored, views into the blob; `starts` and `ends` int32 (t,): the characters that each stands for.

    Row i stands for `lengths[i] * mean + factors[i] * levels(codes[i])`, which has length 1. `codes` is uint8 (t, ceil(d / 5)):
    digit g to base 3 of byte j is the level, less one, of number g * ceil(d / 5) + j.
    """

    mean: Floats
    lengths: Floats
    factors: Floats
    codes: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


def by_word(text: str, encoded: Encoded) -> tuple[Floats, Offsets, Offsets]:
    """The mean of each word's tokens, with length 1, and the characters they stand for; tokens in no word are left out."""
    words = np.array([word.span() for word in WORD.finditer(text)], np.int64).reshape(-1, 2)
    last = encoded.ends.astype(np.int64) - 1
    of = np.searchsorted(words[:, 0], last, side="right") - 1
    inside = (of >= 0) & (last < words[np.maximum(of, 0), 1]) if len(words) else np.zeros(len(last), bool)
    of, tokens = of[inside], encoded.tokens[inside]
    if not len(of):
        return tokens, encoded.starts[:0], encoded.ends[:0]
    nth = np.arange(len(of)) - np.searchsorted(of, of)  # of its word
    firsts = np.flatnonzero(nth % LONGEST == 0)
    sums = np.add.reduceat(tokens, firsts, axis=0)
    lasts = np.append(firsts[1:], len(of)) - 1
    rows = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return rows.astype(np.float32), encoded.starts[inside][firsts], encoded.ends[inside][lasts]


def pack(tokens: Floats, starts: npt.NDArray[np.integer], ends: npt.NDArray[np.integer]) -> bytes:
    """Bytes to store for rows of length 1, float32 (t, d) with t and d below 65,536: 774 bytes and 83 a row for d = 384."""
    count, dimension = tokens.shape
    mean = (tokens.mean(axis=0) if count else np.zeros(dimension)).astype("<f2")
    rest = tokens - mean.astype(np.float32)
    deviation = np.sqrt(np.square(rest).mean(axis=1, keepdims=True)) if count else rest[:, :1]
    decoded = np.clip(np.rint(rest / np.maximum(deviation * STEP, 1e-12)), -1, 1)
    scale = (rest * decoded).sum(axis=1) / np.maximum(np.square(decoded).sum(axis=1), 1e-12)
    rows = mean.astype(np.float32) + scale[:, None] * decoded
    lengths = 1 / np.maximum(np.linalg.norm(rows, axis=1), 1e-4)
    steps, widths = np.diff(starts, prepend=0), ends - starts
    wide = "<i4" if count and (min(steps.min(), widths.min()) < 0 or max(steps.max(), widths.max()) > 0xFF) else "u1"
    parts = (mean, lengths.astype("<f2"), (scale * lengths).astype("<f2"), _five_a_byte(decoded))
    head = HEADER.pack(FORMAT, int(wide[-1]), dimension, count)
    return head + b"".join(part.tobytes() for part in (*parts, steps.astype(wide), widths.astype(wide)))


def _five_a_byte(levels: Floats) -> npt.NDArray[np.uint8]:
    width = -(-levels.shape[1] // NUMBERS)
    full = np.zeros((len(levels), NUMBERS * width), np.uint8)
    full[:, : levels.shape[1]] = levels + 1
    result: npt.NDArray[np.uint8] = (full.reshape(len(levels), NUMBERS, width) * _POWERS[:, None]).sum(axis=1, dtype=np.uint8)
    return result


def unpack(blob: bytes) -> Packed:
    """What `pack` stored. Raises IndexStale for bytes of another format or length."""
    if len(blob) < HEADER.size or blob[0] != FORMAT:
        raise _stale(f"are of format {blob[0] if blob else 'none'}, not {FORMAT}")
    _, offset_bytes, dimension, count = HEADER.unpack_from(blob)
    width = -(-dimension // NUMBERS)
    expected = HEADER.size + 2 * dimension + count * (4 + width + 2 * offset_bytes)
    if offset_bytes not in (1, 4) or len(blob) != expected:
        raise _stale(f"have {len(blob):,} bytes instead of {expected:,}")
    at = HEADER.size
    mean = np.frombuffer(blob, "<f2", dimension, at).astype(np.float32)
    at += 2 * dimension
    lengths, factors = np.frombuffer(blob, "<f2", 2 * count, at).astype(np.float32).reshape(2, count)
    at += 4 * count
    codes = np.frombuffer(blob, np.uint8, count * width, at).reshape(count, width)
    at += count * width
    kind = "u1" if offset_bytes == 1 else "<i4"
    steps, widths = np.frombuffer(blob, kind, 2 * count, at).astype(np.int32).reshape(2, count)
    starts = np.cumsum(steps, dtype=np.int32)
    return Packed(mean, lengths, factors, codes, starts, starts + widths)


def _stale(reason: str) -> IndexStale:
    return IndexStale(
        f"the stored token vectors {reason}: they were made by another version of this program or are damaged. "
        "Delete the folder KB_HOME and run `python -m ingest reindex`."
    )


def similarities(query: Floats, passages: Sequence[Packed]) -> list[Floats]:
    """Cosines of the query's tokens, float32 (q, d) with rows of length 1, with each passage's: float32 (q, t) for each."""
    found: list[Floats] = []
    for batch in _batches(passages):
        counts = [len(one.codes) for one in batch]
        codes = np.concatenate([one.codes for one in batch])
        levels = np.take(LEVELS, codes, axis=0).reshape(len(codes), NUMBERS * codes.shape[1])
        means = np.repeat(query @ np.stack([one.mean for one in batch]).T, counts, axis=1)
        lengths, factors = (np.concatenate([getattr(one, name) for one in batch]) for name in ("lengths", "factors"))
        scores = means * lengths + _as_coded(query, codes.shape[1]) @ levels.T * factors
        found += np.split(scores, np.cumsum(counts)[:-1], axis=1)
    return found


def _batches(passages: Sequence[Packed]) -> Iterator[list[Packed]]:
    """Passages in order, so few at a time that their decoded tokens stay in the processor's cache."""
    batch: list[Packed] = []
    tokens = 0
    for one in passages:
        if batch and tokens + len(one.codes) > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(one)
        tokens += len(one.codes)
    if batch:
        yield batch


def _as_coded(query: Floats, width: int) -> Floats:
    """Columns in the order in which decoded bytes give them: number g * width + j at NUMBERS * j + g."""
    full = np.zeros((len(query), NUMBERS * width), np.float32)
    full[:, : query.shape[1]] = query
    return np.ascontiguousarray(full.reshape(-1, NUMBERS, width).transpose(0, 2, 1)).reshape(len(query), -1)


def maxsims(query: Floats, passages: Sequence[Packed]) -> list[float]:
    """For each passage the mean over the query's tokens of the best cosine in it, 0..1: 0 if either has no token.

    Cosines below 0 say no more than 0 does and coding can exceed 1 by a little, so the mean is cut, not stretched, to 0..1.
    """
    found = np.zeros(len(passages))
    read = [n for n, one in enumerate(passages) if len(one.codes)]
    if len(query) and read:
        tops = np.stack([scores.max(axis=1) for scores in similarities(query, [passages[n] for n in read])])
        found[read] = np.clip(tops.mean(axis=1), 0.0, 1.0)
    result: list[float] = found.tolist()
    return result
