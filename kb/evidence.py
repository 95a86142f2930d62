"""Judging evidence: how probably does a sentence of the retrieved passages answer the question?

What is seen of a sentence is in `evidence_features`, the model over it in `evidence_model`. The best sentence's probability is
the answer's confidence; how far it can be trusted is in docs/calibration.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from kb.embed import Encoded
from kb.evidence_features import FEATURES, REMEMBERED, Probe, features_of, probe, sightings
from kb.evidence_model import Model
from kb.gazetteer import Gazetteer
from kb.question import Question
from kb.question_parts import compared, first_half
from kb.records import Passage
from kb.references import is_reference_list
from kb.retrieve import Candidate
from kb.sentences import sentence_spans
from kb.words import stems

PASSAGES = 10  # judged; the reranker puts the right one among them in all but a few of the development questions
STATEMENT_WORDS = 3  # stems of a sentence that can answer by itself: "(Notes 3, 5.)" is a mark, not a statement
# A sentence that holds none of the figures that the question names is on another year or another session: on both sets of
# questions over the corpus the best sentence lacked them all only where there was no answer.
NO_FIGURE = 0.5
REFERENCE_LINE = re.compile(r"(?:sources?|notes?|источники?|примечани[ея]|حوالہ|ماخذ)\s*:", re.I)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence: `candidate.hit.passage.text[start:end]`, with the probability that it answers; `rank` is its passage's.

    `features` are the figures that the probability was made of, those of `evidence_features.FEATURES`.
    """

    candidate: Candidate
    rank: int
    start: int
    end: int
    features: Mapping[str, float]
    probability: float

    @property
    def text(self) -> str:
        return self.candidate.hit.passage.text[self.start : self.end]


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
        judged = [c for c in candidates[:PASSAGES] if not is_reference_list(c.hit.passage.locator.section)]
        views = [probe(question, self.encoded, self.idf, without) for question, without in self._views()]
        weighed = [self._weighed(asked, judged, candidates) for asked in views]
        found = [max(of_one, key=lambda evidence: evidence.probability) for of_one in zip(*weighed, strict=True)]
        return sorted(_without_other_rows(found), key=lambda e: (-e.probability, e.rank, e.start))

    def _views(self) -> Iterator[tuple[Question, Sequence[tuple[int, int]]]]:
        """The question, and what is left of it without some words: what answers its first half well answers, though it has no
        word of the other, and of countries that are compared a sentence has one."""
        yield self.question, ()
        half = first_half(self.question)
        if half:
            yield self.question, [(len(half), len(self.question.text))]
        countries = compared(self.question, self.gazetteer)
        for one in countries:
            others = [m for m in self.question.entities if m.entity_id in countries and m.entity_id != one]
            kept = tuple(m for m in self.question.entities if m not in others)
            yield replace(self.question, entities=kept), [(m.start, m.end) for m in others]

    def _weighed(self, asked: Probe, judged: Sequence[Candidate], candidates: Sequence[Candidate]) -> list[Evidence]:
        """The sentences of `judged` with their probabilities, in order; `candidates` is the whole list."""
        seen = [
            sighting
            for sighting in sightings(asked, judged, statement_spans)
            if is_statement(sighting.candidate.hit.passage.text[slice(*sighting.span)])
        ]
        rows = features_of(asked, seen, candidates, self.gazetteer)
        held = np.where(rows[:, FEATURES.index("numbers")] > 0, 1.0, NO_FIGURE)
        return [
            Evidence(one.candidate, one.rank, *one.span, dict(zip(FEATURES, row, strict=True)), float(probability))
            for one, row, probability in zip(seen, rows.tolist(), self.model.probabilities(rows) * held, strict=True)
        ]


def _without_other_rows(found: Sequence[Evidence]) -> list[Evidence]:
    """Hold rows back that have fewer of the question's figures or names than another row: "2024-25" asks for 25 too, and a
    question on Kazakhstan is not answered by Uzbekistan's row, though it has all the other words."""
    rows = [evidence for evidence in found if evidence.candidate.hit.passage.rows]
    fullest = {name: max((row.features[name] for row in rows), default=0.0) for name in ("numbers", "entities")}
    return [
        replace(evidence, probability=evidence.probability * NO_FIGURE)
        if evidence.candidate.hit.passage.rows and _lacks(evidence, fullest)
        else evidence
        for evidence in found
    ]


def _lacks(row: Evidence, fullest: Mapping[str, float]) -> bool:
    """A row without any of the figures has been held back already."""
    return row.features["numbers"] > 0 and any(row.features[name] < most for name, most in fullest.items())


def statement_spans(passage: Passage) -> Sequence[tuple[int, int]]:
    """Spans in `passage.text` that are judged one by one: the rows of a table, whole, else sentences."""
    base = passage.locator.start
    return [(row.start - base, row.end - base) for row in passage.rows] or _sentences(passage.text)


@lru_cache(maxsize=4096)  # passages: 10 MB
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Those of lines that are no lists of sources: "Sources: A title. A publisher. 2022" has sentences, and none that answers."""
    return tuple(span for span in sentence_spans(text) if not REFERENCE_LINE.match(text, text.rfind("\n", 0, span[0]) + 1))


@lru_cache(maxsize=REMEMBERED)
def is_statement(text: str) -> bool:
    """Whether a sentence has enough words beside figures to say something by itself, and is no reference with an address."""
    if "://" in text or REFERENCE_LINE.match(text):
        return False
    return sum(any(map(str.isalpha, word)) for word in stems(text)) >= STATEMENT_WORDS
