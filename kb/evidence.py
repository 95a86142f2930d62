"""Judging evidence: how probably does a sentence of the retrieved passages answer the question?

Each sentence gets a few features in 0..1 and a logistic model over them. The coefficients are in evidence.json beside this
file; `python -m benchmarks.fit_evidence` made them. The best sentence's probability is the answer's confidence.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.embed import Encoded
from kb.gazetteer import Gazetteer
from kb.maxsim import token_similarities
from kb.question import Question, articles_in, has_expected, numbers_in
from kb.records import Passage
from kb.references import is_reference_list
from kb.retrieve import Candidate
from kb.sentences import sentence_spans
from kb.words import FUNCTION_WORDS, WORD, stem, stems

Floats = npt.NDArray[np.float32]
PASSAGES = 10  # judged; the reranker puts the right one among them in all but a few of the development questions
STATEMENT_WORDS = 3  # stems of a sentence that can answer by itself: "(Notes 3, 5.)" is a mark, not a statement
# A sentence that holds none of the figures that the question names is on another year or another session: on both sets of
# questions over the corpus the best sentence lacked them all only where there was no answer.
NO_FIGURE = 0.5
REFERENCE_LINE = re.compile(r"(?:sources?|notes?|источники?|примечани[ея]|حوالہ|ماخذ)\s*:", re.I)
FEATURES = ("cosine", "lead", "passage", "sentence", "weakest", "lexical", "foreign", "numbers", "expected", "entities")


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regression: 1 / (1 + exp(-(intercept + weights · features))). Answered from `threshold` on."""

    intercept: float
    weights: Mapping[str, float]
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        return 1 / (1 + math.exp(-(self.intercept + sum(self.weights[name] * features[name] for name in FEATURES))))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence: `candidate.hit.passage.text[start:end]`, with the probability that it answers; `rank` is its passage's."""

    candidate: Candidate
    rank: int
    start: int
    end: int
    features: Mapping[str, float]
    probability: float

    @property
    def text(self) -> str:
        return self.candidate.hit.passage.text[self.start : self.end]


@cache
def load_model() -> Model:
    values = json.loads(Path(__file__).with_name("evidence.json").read_text(encoding="utf-8"))
    return Model(values["intercept"], values["weights"], values["threshold"])


@dataclass(frozen=True, slots=True)
class Judge:
    """What sentences are judged by: the question, its vectors, its words' rarity, the gazetteer and the model."""

    question: Question
    encoded: Encoded
    idf: Mapping[str, float]
    gazetteer: Gazetteer
    model: Model

    def judge(self, candidates: Sequence[Candidate]) -> list[Evidence]:
        """All sentences of the first PASSAGES candidates, the most probable first."""
        weights = token_weights(self.question.text, self.encoded, self.idf)
        middle = float(np.median([candidate.cosine for candidate in candidates])) if candidates else 0.0
        found = [
            evidence
            for rank, candidate in enumerate(candidates[:PASSAGES])
            if candidate.tokens is not None and not is_reference_list(candidate.hit.passage.locator.section)
            for evidence in self._sentences(candidate, rank, weights, middle)
        ]
        return sorted(_without_other_rows(found), key=lambda e: (-e.probability, e.rank, e.start))

    def _sentences(self, candidate: Candidate, rank: int, weights: Floats, middle: float) -> list[Evidence]:
        passage, tokens = candidate.hit.passage, candidate.tokens
        assert tokens is not None  # the caller leaves candidates without token vectors out
        similarities = token_similarities(self.encoded.tokens, tokens)
        about = f"{candidate.hit.document.metadata.title}\n{passage.context}\n{candidate.hit.document.metadata.published}"
        whole = _covered(similarities, weights)
        found = []
        for start, end in statement_spans(passage):
            inside = (np.asarray(tokens.starts) < end) & (np.asarray(tokens.ends) > start)
            text = passage.text[start:end]
            if not inside.any() or not is_statement(text):  # nothing inside: beyond what the model reads of a passage
                continue
            features = {
                "cosine": candidate.cosine,
                "lead": candidate.cosine - middle,
                "passage": whole,
                "sentence": _covered(similarities[:, inside], weights),
                "weakest": _weakest(similarities[:, inside], weights),
                **self._surface(text, about, passage.language),
            }
            probability = self.model.probability(features) * (1.0 if features["numbers"] > 0 else NO_FIGURE)
            found.append(Evidence(candidate, rank, start, end, features, probability))
        return found

    def _surface(self, sentence: str, about: str, language: str) -> dict[str, float]:
        question = self.question
        foreign = language != question.language
        there = set(stems(f"{sentence} {about}"))
        total = sum(self.idf.values())
        numbers = set(numbers_in(f"{sentence} {about}")) | {f"article {n}" for n in articles_in(f"{sentence} {about}")}
        asked = question.numbers + ((f"article {question.article}",) if question.article else ())
        wanted = {mention.entity_id for mention in question.entities}
        named = {mention.entity_id for mention in self.gazetteer.find(f"{sentence}\n{about}")} if wanted else set()
        return {
            "lexical": 0.0 if foreign or not total else sum(self.idf[s] for s in question.stems if s in there) / total,
            "foreign": float(foreign),
            "numbers": _share(asked, numbers),
            "expected": float(has_expected(question.expected, sentence)),
            "entities": _share(tuple(wanted), named),
        }


def _without_other_rows(found: Sequence[Evidence]) -> list[Evidence]:
    """Hold rows back that have fewer of the question's figures than another row: "2024-25" asks for 25 too."""
    shares = [evidence.features["numbers"] if evidence.candidate.hit.passage.rows else None for evidence in found]
    fullest = max((share for share in shares if share is not None), default=0.0)
    return [
        replace(evidence, probability=evidence.probability * NO_FIGURE) if share and share < fullest else evidence
        for evidence, share in zip(found, shares, strict=True)
    ]


def statement_spans(passage: Passage) -> list[tuple[int, int]]:
    """Spans in `passage.text` that are judged one by one: the rows of a table, whole, else sentences."""
    base = passage.locator.start
    return [(row.start - base, row.end - base) for row in passage.rows] or sentence_spans(passage.text)


def is_statement(text: str) -> bool:
    """Whether a sentence has enough words beside figures to say something by itself, and is no reference with an address."""
    if "://" in text or REFERENCE_LINE.match(text):
        return False
    return sum(any(map(str.isalpha, word)) for word in stems(text)) >= STATEMENT_WORDS


def idf_of(
    question_stems: Sequence[str], frequencies: Callable[[Sequence[str]], Mapping[str, int]], passages: int
) -> dict[str, float]:
    """Stem → ln(1 + (N - df + 0.5) / (df + 0.5)), BM25's inverse document frequency, over the N passages of the index."""
    found = frequencies(question_stems)
    return {term: math.log(1 + (passages - df + 0.5) / (df + 0.5)) for term, df in found.items()}


def token_weights(text: str, encoded: Encoded, idf: Mapping[str, float]) -> Floats:
    """Weight of each question token, shape (q,), sum 1: its word's idf, nothing for function words and punctuation."""
    weights = np.zeros(len(encoded.tokens), dtype=np.float32)
    for word in WORD.finditer(text):
        if word[0].casefold() in FUNCTION_WORDS:
            continue
        inside = (np.asarray(encoded.starts) < word.end()) & (np.asarray(encoded.ends) > word.start())
        if inside.any():
            weights[inside] = idf.get(stem(word[0]), 0.0) / inside.sum()
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / max(len(weights), 1), dtype=np.float32)


def _covered(similarities: Floats, weights: Floats) -> float:
    """Weighted mean over question tokens of their best match: late interaction (Khattab, Zaharia 2020) with idf weights."""
    return float(similarities.max(axis=1) @ weights)


def _weakest(similarities: Floats, weights: Floats) -> float:
    """The best match of the question token that is matched worst, among those that carry meaning."""
    carrying = weights > 0
    return float(similarities.max(axis=1)[carrying].min()) if carrying.any() else 0.0


def _share(wanted: Sequence[object], there: set[object] | set[str] | set[str | None]) -> float:
    return sum(item in there for item in wanted) / len(wanted) if wanted else 1.0
