"""Retrieval: dense and word search over the allowed passages, rank fusion with the language rule, then the best ranked anew.

Everything works on positions of one snapshot; passages are fetched from the store once, for the fused list. What each step
brings is a row of `python -m benchmarks.retrieval`; what brought nothing is not here (a limit on passages of one document and
leaving near-duplicates out: evidence recall@5 over treaties and speeches fell from .934 to .895 with two a document).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

from kb import store
from kb.embed import Encoded
from kb.errors import SnapshotGone
from kb.fuse import reciprocal_rank_fusion
from kb.language import script
from kb.manifest import vector_model
from kb.maxsim import Packed, maxsim, unpack
from kb.ports import Reading
from kb.question import Question, arabic
from kb.records import DocumentSummary, Filters, Hit, Passage
from kb.references import is_reference_list
from kb.words import stems

DEPTH = 100  # candidates of each list: a few pages of results
PINPOINT = re.compile(r"\bart\. ?(\d+(?:\.\d+)*(?:bis|ter|quater)?|[IVXLC]+)\b")


@dataclass(frozen=True, slots=True)
class Ranking:
    """How passages are ranked: weights of the lists in the fusion (0: without the list), then of what orders the best anew.

    Swept on a third of XQuAD (en, ru), on our own questions and on those on treaties and speeches: of the latter two all, so what
    they show is not held out; Hindi, Turkish and Arabic are.
    `foreign_words`: a word match in a passage of another language; names and figures alone match (nDCG .13 by words, ru→en).
    `aliases`: the gazetteer's other names for what the question names. They bring candidates and must not order them: at .5
    nDCG@10 fell from .874 to .744 over treaties, whose questions name countries that stand on every page.
    `reranked`: how many of the fused list; 20 lost one in sixteen of our Russian questions, more than 50 brought nothing.
    The score of those is mean MaxSim; plus `cosine` times how far the passage's cosine is above the median, and `coverage`
    times its share of the highest possible BM25, both within one language, where they are comparable; plus `article` if it
    stands in the article that is asked about. Lists of literature come after the others.
    """

    dense: float = 1.0
    words: float = 1.0
    foreign_words: float = 0.25
    aliases: float = 0.1
    reranked: int = 50
    cosine: float = 1.0
    coverage: float = 0.2
    article: float = 0.1
    references_last: bool = True


RANKING = Ranking()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked hit, the cosine of its passage to the question (the list's lowest, if dense search did not find it), and its
    packed token vectors (None below the reranked ones)."""

    hit: Hit
    cosine: float
    tokens: Packed | None


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


@dataclass(frozen=True, slots=True)
class _Lists:
    """Positions by list: rank from 1; and the scores behind the ranks, cosine and share of the highest BM25."""

    dense: Mapping[int, int]
    words: Mapping[int, int]
    aliases: Mapping[int, int]
    cosines: Mapping[int, float]
    coverage: Mapping[int, float]


def retrieve(reading: Reading, query: Query, watch: Stopwatch, ranking: Ranking = RANKING) -> list[Candidate]:
    """Passages in order of relevance, at most a few hundred. Raises SnapshotGone."""
    snapshot = reading.snapshot
    allowed = None
    if query.filters != Filters():
        with watch.step("filter"):
            allowed = snapshot.allowed(store.matching_documents(reading.connection, reading.generation, query.filters))
    with watch.step("dense"):
        nearest = snapshot.vectors.search(query.encoded.vector, DEPTH, allowed)
    with watch.step("words"):
        matching = snapshot.words.search(query.question.stems, DEPTH, allowed)
        highest = snapshot.words.highest(query.question.stems, len(snapshot.vectors))
        phrases = list(dict.fromkeys(" ".join(stems(alias)) for alias in query.aliases))
        named = snapshot.words.search(phrases, DEPTH, allowed) if ranking.aliases else []
    spoken = _language(query.question)
    lists = _Lists(
        dense=_ranks(nearest) if ranking.dense else {},
        words=_ranks(matching) if ranking.words else {},
        aliases=_ranks(named),
        cosines=dict(nearest),
        coverage={position: score / highest for position, score in matching},
    )
    with watch.step("fetch"):
        found = _fetch(reading, list(dict.fromkeys([*lists.dense, *lists.words, *lists.aliases])))
    with watch.step("fuse"):
        ranked = _fused(lists, found, spoken, ranking)
    with watch.step("rerank"):
        return _reranked(reading, query, ranked, lists, ranking)


def _language(question: Question) -> str:
    """The question's language; "" where it is in a script of none that are served, which `detect` takes for English (hi→en
    nDCG@10 .950, .927 when its cosines were compared as English ones)."""
    return question.language if script(question.text) != "none" else ""


def _fused(
    lists: _Lists, found: Mapping[int, tuple[Passage, DocumentSummary]], language: str, ranking: Ranking
) -> list[tuple[int, Candidate]]:
    """(position, candidate) by fused score."""
    foreign = ranking.words * ranking.foreign_words
    weights = {p: ranking.words if found[p][0].language == language else foreign for p in lists.words}
    fused = reciprocal_rank_fusion([lists.dense, lists.words, lists.aliases], [ranking.dense, weights, ranking.aliases])
    lowest = min(lists.cosines.values(), default=0.0)
    return [
        (p, Candidate(Hit(*found[p], fused[p], lists.dense.get(p), lists.words.get(p)), lists.cosines.get(p, lowest), None))
        for p in sorted(fused, key=lambda p: (-fused[p], p))
    ]


def _ranks(found: Sequence[tuple[int, float]]) -> dict[int, int]:
    return {position: rank for rank, (position, _) in enumerate(found, 1)}


def _fetch(reading: Reading, positions: Sequence[int]) -> dict[int, tuple[Passage, DocumentSummary]]:
    nums = [int(reading.snapshot.passages[p]) for p in positions]
    rows = store.passages_by_num(reading.connection, nums)
    if len(rows) != len(nums):
        raise SnapshotGone(f"generation {reading.generation} is no longer kept; ask again.")
    return {p: rows[num] for p, num in zip(positions, nums, strict=True)}


def _reranked(
    reading: Reading, query: Query, ranked: Sequence[tuple[int, Candidate]], lists: _Lists, ranking: Ranking
) -> list[Candidate]:
    """The first `ranking.reranked` in order of their new score, then the rest as they were."""
    manifest, nums = reading.snapshot.manifest, reading.snapshot.passages
    best, tail = ranked[: ranking.reranked], [candidate for _, candidate in ranked[ranking.reranked :]]
    wanted = [int(nums[p]) for p, _ in best]
    codes = store.token_codes(reading.connection, wanted, vector_model(manifest.model, manifest.model_digest))
    if len(codes) < len(set(wanted)):
        raise SnapshotGone(f"generation {reading.generation} is no longer kept; ask again.")
    spoken = _language(query.question)
    middle = median(candidate.cosine for _, candidate in best) if best else 0.0
    scored = []
    for (position, candidate), num in zip(best, wanted, strict=True):
        tokens = unpack(codes[num])
        similarity = maxsim(
            query.encoded.tokens, tokens
        )  # all in one product was 1.5 times as fast on one thread, 40 times as slow on two
        passage = candidate.hit.passage
        score = similarity
        if passage.language == spoken:
            score += ranking.cosine * (candidate.cosine - middle) + ranking.coverage * lists.coverage.get(position, 0.0)
        if query.question.article is not None and query.question.article in articles_of(passage.locator.pinpoint or ""):
            score += ranking.article
        scored.append(replace(candidate, hit=replace(candidate.hit, rerank=similarity, score=score), tokens=tokens))
    scored.sort(key=lambda c: (ranking.references_last and is_reference_list(c.hit.passage.locator.section), -c.hit.score))
    return _falling(scored + tail)


def _falling(ordered: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with scores cut so that they fall over the whole list: a list of literature and what was not reranked, whose
    scores are on another scale, have none above what stands before."""
    result, lowest = [], math.inf
    for candidate in ordered:
        if candidate.hit.score > lowest:
            candidate = replace(candidate, hit=replace(candidate.hit, score=lowest))
        lowest = candidate.hit.score
        result.append(candidate)
    return result


def articles_of(pinpoint: str) -> set[str]:
    """Numbers in digits of the articles that a pinpoint names: {"5"} for "art. V(2), p. 3"."""
    return {arabic(number) for number in PINPOINT.findall(pinpoint)}
