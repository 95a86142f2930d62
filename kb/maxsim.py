"""Token vectors in two bits a number, and MaxSim (late interaction, as in ColBERT) over them.

The tokens of a passage have much in common (the mean over all has length .76), and signs or levels of the whole vectors are spent
on that. So the passage's own mean is stored once and each token's difference from it in four even levels, with one factor for
the difference and one that gives the decoded row length 1. No figure is fitted to a model: any KB_MODEL is coded alike.
Reranking the dense top 20 of XQuAD, MRR@10 against float32 tokens, 793 questions that the code was not chosen on: en→en .9829
(float32 .9824), ru→en .9244 (.9240). On the 397 that it was chosen on, ru→en: one bit .8992, three levels .9145, two bits
.9182, four bits .9182, float32 .9196; so one bit and three levels miss the .003 that was allowed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.errors import IndexStale

Floats = npt.NDArray[np.float32]

FORMAT = 2  #: first byte of a blob; the bytes of another format are not read
HEADER = struct.Struct("<BBHH")  # format, bytes of an offset (2 or 4), dimension, tokens
STEP = np.float32(
    0.9957
)  # spacing of four even levels with the least squared error for normal numbers (Max, 1960), in deviations

BATCH_TOKENS = 2048  # 3 MB decoded; of 1,024 to 8,192 all within a tenth, one product a passage takes 1.4 times as long
#: Four decoded numbers for each byte of codes: one look-up is 2.3 times as fast as shifting and masking.
LEVELS = ((np.arange(256)[:, None] >> np.arange(0, 8, 2) & 3) - 1.5).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Packed:
    """t tokens as stored, views into the blob; `starts` and `ends` int32 (t,): see kb.embed.Encoded.

    Row i stands for `lengths[i] * mean + factors[i] * (levels(codes[i]) - 1.5)`, which has length 1. `codes` is uint8
    (t, ceil(d / 4)): bits 2g and 2g+1 of byte j are the level of number g * ceil(d / 4) + j.
    """

    mean: Floats
    lengths: Floats
    factors: Floats
    codes: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


def pack(tokens: Floats, starts: npt.NDArray[np.integer], ends: npt.NDArray[np.integer]) -> bytes:
    """Bytes to store for `tokens`, float32 (t, d) with t and d below 65,536; 104 bytes a token and 774 a passage for d = 384."""
    count, dimension = tokens.shape
    mean = (tokens.mean(axis=0) if count else np.zeros(dimension)).astype("<f2")
    rest = tokens - mean.astype(np.float32)
    deviation = np.sqrt(np.square(rest).mean(axis=1, keepdims=True)) if count else rest[:, :1]
    levels = np.clip(np.floor(rest / np.maximum(deviation * STEP, 1e-12)) + 2, 0, 3).astype(np.uint8)
    decoded = levels - np.float32(1.5)
    scale = (rest * decoded).sum(axis=1) / np.maximum(np.square(decoded).sum(axis=1), 1e-12)
    rows = mean.astype(np.float32) + scale[:, None] * decoded
    lengths = 1 / np.maximum(np.linalg.norm(rows, axis=1), 1e-4)
    wide = "<u4" if count and int(ends.max()) > 0xFFFF else "<u2"
    parts = (mean, lengths.astype("<f2"), (scale * lengths).astype("<f2"), _four_a_byte(levels))
    head = HEADER.pack(FORMAT, int(wide[-1]), dimension, count)
    return head + b"".join(part.tobytes() for part in (*parts, starts.astype(wide), ends.astype(wide)))


def _four_a_byte(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    width = -(-levels.shape[1] // 4)
    full = np.zeros((len(levels), 4 * width), np.uint8)
    full[:, : levels.shape[1]] = levels
    a, b, c, d = (full[:, g * width : (g + 1) * width] for g in range(4))
    result: npt.NDArray[np.uint8] = a | b << 2 | c << 4 | d << 6
    return result


def unpack(blob: bytes) -> Packed:
    """What `pack` stored. Raises IndexStale for bytes of another format or length."""
    if len(blob) < HEADER.size or blob[0] != FORMAT:
        raise _stale(f"are of format {blob[0] if blob else 'none'}, not {FORMAT}")
    _, offset_bytes, dimension, count = HEADER.unpack_from(blob)
    width = -(-dimension // 4)
    expected = HEADER.size + 2 * dimension + count * (4 + width + 2 * offset_bytes)
    if offset_bytes not in (2, 4) or len(blob) != expected:
        raise _stale(f"have {len(blob):,} bytes instead of {expected:,}")
    at = HEADER.size
    mean = np.frombuffer(blob, "<f2", dimension, at).astype(np.float32)
    at += 2 * dimension
    lengths, factors = np.frombuffer(blob, "<f2", 2 * count, at).astype(np.float32).reshape(2, count)
    at += 4 * count
    codes = np.frombuffer(blob, np.uint8, count * width, at).reshape(count, width)
    at += count * width
    starts, ends = np.frombuffer(blob, f"<u{offset_bytes}", 2 * count, at).astype(np.int32).reshape(2, count)
    return Packed(mean, lengths, factors, codes, starts, ends)


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
        levels = np.take(LEVELS, codes, axis=0).reshape(len(codes), 4 * codes.shape[1])
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
    """Columns in the order in which decoded bytes give them: number g * width + j at 4 * j + g."""
    full = np.zeros((len(query), 4 * width), np.float32)
    full[:, : query.shape[1]] = query
    return np.ascontiguousarray(full.reshape(-1, 4, width).transpose(0, 2, 1)).reshape(len(query), -1)


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
