"""Retrieval: dense and word search over the allowed passages, rank fusion with the language rule, MaxSim over the best.

Everything works on positions of one snapshot; passages are fetched from the store once, for the fused list.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from kb import store
from kb.embed import Encoded
from kb.errors import KnowledgeBaseError
from kb.fuse import reciprocal_rank_fusion
from kb.generations import Snapshot, vector_model
from kb.maxsim import Packed, maxsim, unpack
from kb.question import Question
from kb.records import DocumentSummary, Filters, Hit, Passage
from kb.words import stems

DEPTH = 100  # candidates of each list: a few pages of results, at 3 ms to fetch; chosen, not swept
RERANKED = 20  # by MaxSim, 2 to 3 ms with stored token vectors; XQuAD ru→en nDCG@10 .888 dense, .938 with it
FOREIGN_WORDS = 0.25  # word list, passage in another language: names and figures alone match (ru→en alone: nDCG .14)
ALIAS_WORDS = 0.5  # list of the gazetteer's other names for what the question names: a hint beside it; chosen, not swept


class SnapshotGone(KnowledgeBaseError):
    """The generation was collected while it was read: two were published during one question. Try again with the newest."""

    status = 503


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked hit, the cosine of its passage to the question (the list's lowest, if dense search did not find it), and its
    packed token vectors (None below the reranked ones)."""

    hit: Hit
    cosine: float
    tokens: Packed | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question reads: one snapshot, one connection to the store."""

    snapshot: Snapshot
    connection: sqlite3.Connection

    @property
    def generation(self) -> int:
        return self.snapshot.manifest.generation


class Stopwatch:
    """Milliseconds by step, in order."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = (perf_counter() - began) * 1000


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready for retrieval. `aliases` are other names of what it mentions; `filters` are checked."""

    question: Question
    encoded: Encoded
    aliases: tuple[str, ...]
    filters: Filters


def retrieve(reading: Reading, query: Query, watch: Stopwatch) -> list[Candidate]:
    """Passages in order of relevance, at most a few hundred. Raises SnapshotGone."""
    snapshot = reading.snapshot
    allowed = None
    if query.filters != Filters():
        with watch.step("filter"):
            allowed = snapshot.allowed(store.matching_documents(reading.connection, reading.generation, query.filters))
    with watch.step("dense"):
        nearest = snapshot.vectors.search(query.encoded.vector, DEPTH, allowed)
        dense, cosines = _ranks(nearest), dict(nearest)
    with watch.step("words"):
        words = _ranks(snapshot.words.search(query.question.stems, DEPTH, allowed))
        phrases = list(dict.fromkeys(" ".join(stems(alias)) for alias in query.aliases))
        aliases = _ranks(snapshot.words.search(phrases, DEPTH, allowed))
    with watch.step("fetch"):
        found = _fetch(reading, list(dict.fromkeys([*dense, *words, *aliases])))
    with watch.step("fuse"):
        weights = {p: 1.0 if found[p][0].language == query.question.language else FOREIGN_WORDS for p in words}
        fused = reciprocal_rank_fusion([dense, words, aliases], [1.0, weights, ALIAS_WORDS])
        order = sorted(fused, key=lambda p: (-fused[p], p))
    lowest = min(cosines.values(), default=0.0)
    ranked = [Candidate(Hit(*found[p], fused[p], dense.get(p), words.get(p)), cosines.get(p, lowest), None) for p in order]
    with watch.step("rerank"):
        return _reranked(reading, query.encoded, [int(snapshot.passages[p]) for p in order], ranked)


def _ranks(found: Sequence[tuple[int, float]]) -> dict[int, int]:
    return {position: rank for rank, (position, _) in enumerate(found, 1)}


def _fetch(reading: Reading, positions: Sequence[int]) -> dict[int, tuple[Passage, DocumentSummary]]:
    nums = [int(reading.snapshot.passages[p]) for p in positions]
    rows = store.passages_by_num(reading.connection, nums)
    if len(rows) != len(nums):
        raise SnapshotGone(f"generation {reading.generation} is no longer kept; ask again.")
    return {p: rows[num] for p, num in zip(positions, nums, strict=True)}


def _reranked(reading: Reading, encoded: Encoded, nums: Sequence[int], ranked: Sequence[Candidate]) -> list[Candidate]:
    """The first RERANKED in order of MaxSim, then the rest as they were."""
    manifest = reading.snapshot.manifest
    codes = store.token_codes(reading.connection, nums[:RERANKED], vector_model(manifest.model, manifest.model_digest))
    scored = []
    for num, candidate in zip(nums[:RERANKED], ranked, strict=False):
        if num not in codes:
            raise SnapshotGone(f"generation {reading.generation} is no longer kept; ask again.")
        tokens = unpack(codes[num])
        score = maxsim(encoded.tokens, tokens)
        scored.append(replace(candidate, hit=replace(candidate.hit, rerank=score, score=score), tokens=tokens))
    scored.sort(key=lambda candidate: -candidate.hit.score)
    # Scores stay in one falling order over the whole list, though the tail was not reranked.
    floor = scored[-1].hit.score if scored else 0.0
    tail = ranked[RERANKED:]
    best = tail[0].hit.score if tail else 1.0
    return scored + [replace(c, hit=replace(c.hit, score=floor * c.hit.score / best)) for c in tail]
