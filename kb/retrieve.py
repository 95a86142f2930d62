"""Retrieval: dense and word search over the allowed passages, rank fusion with the language rule, then the best ranked anew.

Everything works on positions of one snapshot; passages are fetched from the store for the best of the fused list, and kept.
What each step brings is a row of `python -m benchmarks.retrieval`; what brought nothing is not here (a limit on passages of one
document and leaving near-duplicates out: evidence recall@5 over treaties and speeches fell from .934 to .895 at two a document).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import TypeVar

from kb import store
from kb.embed import Encoded
from kb.errors import SnapshotGone
from kb.fuse import reciprocal_rank_fusion
from kb.language import script
from kb.manifest import vector_model
from kb.maxsim import Packed, maxsims, unpack
from kb.ports import Reading
from kb.preferred import preference, preferred
from kb.question import Question, arabic
from kb.records import DocumentSummary, Filters, Hit, Passage
from kb.references import is_reference_list
from kb.words import stem_set, stems

V = TypeVar("V")
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
    times the share of the question's words, by rarity, that it, its title or its section has, both within one language, where
    they are comparable; plus `article` if it stands in the article that is asked about; plus `preferred` times what the question
    prefers by its words, "latest" or "officially" (kb.preferred), no more than what parts neighbours. Lists of literature come
    last.
    Of coverage .15 to .25 gave the same; a share of the highest BM25 in its place, which only the list of words has, found two
    answers less among the first five in 172 questions.
    """

    dense: float = 1.0
    words: float = 1.0
    foreign_words: float = 0.25
    aliases: float = 0.1
    reranked: int = 50
    cosine: float = 1.0
    coverage: float = 0.2
    article: float = 0.1
    preferred: float = 0.03
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
    """Positions by list: rank from 1; and the cosines behind the ranks of the dense one."""

    dense: Mapping[int, int]
    words: Mapping[int, int]
    aliases: Mapping[int, int]
    cosines: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A passage of the fused list with its fused score and the cosine that `Candidate` has."""

    position: int
    score: float
    passage: Passage
    document: DocumentSummary
    cosine: float


def retrieve(reading: Reading, query: Query, watch: Stopwatch, ranking: Ranking = RANKING, most: int = DEPTH) -> list[Candidate]:
    """Passages in order of relevance: the `most` best, or those that are ranked anew if they are more. Raises SnapshotGone."""
    snapshot = reading.snapshot
    allowed = None
    if query.filters != Filters():
        with watch.step("filter"):
            allowed = snapshot.allowed(store.matching_documents(reading.connection, reading.generation, query.filters))
    with watch.step("dense"):
        nearest = snapshot.vectors.search(query.encoded.vector, DEPTH, allowed)
    with watch.step("words"):
        matching = snapshot.words.search(query.question.stems, DEPTH, allowed)
        phrases = list(dict.fromkeys(" ".join(stems(alias)) for alias in query.aliases))
        named = snapshot.words.search(phrases, DEPTH, allowed) if ranking.aliases else []
    lists = _Lists(
        dense=_ranks(nearest) if ranking.dense else {},
        words=_ranks(matching) if ranking.words else {},
        aliases=_ranks(named),
        cosines=dict(nearest),
    )
    with watch.step("fuse"):
        fused = _fused(reading, lists, _language(query.question), ranking)[: max(most, ranking.reranked)]
    with watch.step("fetch"):
        ranked = _ranked(reading, fused, lists)
        tokens = tokens_of(reading, [int(snapshot.passages[p]) for p, _ in fused[: ranking.reranked]])
    with watch.step("rerank"):
        similarities = maxsims(query.encoded.tokens, list(tokens.values()))
        scores = _scores(reading, query, ranked[: len(tokens)], similarities, ranking)
        read = list(zip(scores, similarities, tokens.values(), strict=True))
        return _reordered(ranked, read, lists, ranking.references_last)


def _language(question: Question) -> str:
    """The question's language; "" where it is in a script of none that are known, which `detect` takes for English (hi→en
    nDCG@10 .950, .927 when Hindi, then not known, was compared as English)."""
    return question.language if script(question.text) != "none" else ""


def _fused(reading: Reading, lists: _Lists, language: str, ranking: Ranking) -> list[tuple[int, float]]:
    """(position, fused score), the best first."""
    nums = {p: int(reading.snapshot.passages[p]) for p in lists.words}
    load = partial(store.passage_languages, reading.connection)
    spoken = _all(reading.snapshot.languages.get(nums.values(), load), nums.values(), reading)
    foreign = ranking.words * ranking.foreign_words
    weights = {p: ranking.words if spoken[num] == language else foreign for p, num in nums.items()}
    fused = reciprocal_rank_fusion([lists.dense, lists.words, lists.aliases], [ranking.dense, weights, ranking.aliases])
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


def _ranks(found: Sequence[tuple[int, float]]) -> dict[int, int]:
    return {position: rank for rank, (position, _) in enumerate(found, 1)}


def passages_of(reading: Reading, nums: Sequence[int]) -> dict[int, tuple[Passage, DocumentSummary]]:
    """Passages with their documents by the store's numbers, in that order. Raises SnapshotGone."""
    found = reading.snapshot.found.get(nums, partial(store.passages_by_num, reading.connection))
    return _all(found, nums, reading)


def tokens_of(reading: Reading, nums: Sequence[int]) -> dict[int, Packed]:
    """Token vectors of passages by the store's numbers, in that order. Raises SnapshotGone."""
    manifest = reading.snapshot.manifest
    model = vector_model(manifest.model, manifest.model_digest)

    def load(missing: Sequence[int]) -> dict[int, Packed]:
        return {num: unpack(codes) for num, codes in store.token_codes(reading.connection, missing, model).items()}

    return _all(reading.snapshot.tokens.get(nums, load), nums, reading)


def _all(found: Mapping[int, V], nums: Iterable[int], reading: Reading) -> dict[int, V]:
    try:
        return {num: found[num] for num in nums}
    except KeyError:
        raise SnapshotGone(f"generation {reading.generation} is no longer kept; ask again.") from None


def _ranked(reading: Reading, fused: Sequence[tuple[int, float]], lists: _Lists) -> list[_Ranked]:
    nums = [int(reading.snapshot.passages[p]) for p, _ in fused]
    found = passages_of(reading, nums)
    lowest = min(lists.cosines.values(), default=0.0)
    return [_Ranked(p, score, *found[num], lists.cosines.get(p, lowest)) for (p, score), num in zip(fused, nums, strict=True)]


def _scores(
    reading: Reading, query: Query, ranked: Sequence[_Ranked], similarities: Sequence[float], ranking: Ranking
) -> list[float]:
    """New scores of passages that are ranked anew; `similarities` is their MaxSim."""
    question, snapshot = query.question, reading.snapshot
    rarity = snapshot.words.idf(question.stems, len(snapshot.vectors))
    whole = sum(rarity.values()) or 1.0
    spoken = _language(question)
    middle = median(one.cosine for one in ranked) if ranked else 0.0
    wanted = preference(question.text)
    likings = preferred(wanted, [one.document for one in ranked]) if any(wanted) else [0.0] * len(ranked)
    scores = []
    for one, score, liking in zip(ranked, similarities, likings, strict=True):
        score += ranking.preferred * liking
        if one.passage.language == spoken:
            there = stem_set(one.passage.text) | stem_set(one.passage.context)
            covered = sum(value for stem, value in rarity.items() if stem in there) / whole
            score += ranking.cosine * (one.cosine - middle) + ranking.coverage * covered
        if question.article is not None and question.article in articles_of(one.passage.locator.pinpoint or ""):
            score += ranking.article
        scores.append(score)
    return scores


def _reordered(
    ranked: Sequence[_Ranked], read: Sequence[tuple[float, float, Packed]], lists: _Lists, references_last: bool
) -> list[Candidate]:
    """The first of `ranked` in order of the new scores of `read` (score, MaxSim, token vectors), then the rest as they were.

    Scores are cut so that they fall over the whole list: a list of literature and what was not ranked anew, whose scores are on
    another scale, have none above what stands before.
    """
    pairs = [
        (references_last and is_reference_list(one.passage.locator.section), new, one)
        for one, new in zip(ranked[: len(read)], read, strict=True)
    ]
    pairs.sort(key=lambda pair: (pair[0], -pair[1][0]))
    ordered = [*((one, *new) for _, new, one in pairs), *((one, one.score, None, None) for one in ranked[len(read) :])]
    made, lowest = [], math.inf
    for one, score, similarity, tokens in ordered:
        lowest = min(lowest, score)
        ranks = lists.dense.get(one.position), lists.words.get(one.position)
        made.append(Candidate(Hit(one.passage, one.document, lowest, *ranks, similarity), one.cosine, tokens))
    return made


def articles_of(pinpoint: str) -> set[str]:
    """Numbers in digits of the articles that a pinpoint names: {"5"} for "art. V(2), p. 3"."""
    return {arabic(number) for number in PINPOINT.findall(pinpoint)}
