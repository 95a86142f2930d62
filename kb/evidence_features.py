"""What the judge sees of a sentence: figures made of its words, its token vectors, its passage and the whole list of results.

A question's word is covered as well as the most similar token covers it (late interaction), in the sentence or in its window: the
sentence with its neighbours. Levels of cosines differ between pairs of languages, so beside each level stands what it exceeds:
the list's median, or the question's other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kb.embed import Encoded
from kb.gazetteer import Gazetteer
from kb.maxsim import Packed, similarities
from kb.preferred import standing
from kb.question import Question, articles_in, has_expected, numbers_in
from kb.records import Passage
from kb.retrieve import Candidate
from kb.spans import asked_kind, spans_of
from kb.words import FUNCTION_WORDS, WORD, stem, stems

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.float64]
Span = tuple[int, int]

REMEMBERED = 16_384  # sentences: 35 MB, those of some 2,000 passages
NEAR = 12  # tokens to either side of a date or figure in which the words that it belongs to stand: a clause
FOCUS_WORDS = 2  # "the interest rate of …", "which contractor laid …": what is asked for is named right beside the question word
QUESTION_WORD = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how(?:\s+(?:many|much|long|far|large|big|high|deep|often))?)\b|"
    r"\b(?:что|како\w+|каки\w+|какую|кто|кем|кого|когда|где|куда|откуда|почему|сколько|чем|чей)\b|"
    r"(?:کیا|کب|کہاں|کون|کس|کتن[ایے]|کیوں|کیسے|کونس[ایے])(?=\s|$)",
    re.I,
)
_EACH = re.compile(r"\b(?:for|on|by) (?:each|either|both) (?:sides?|part(?:y|ies)|countr(?:y|ies))\b|\bот каждой стороны\b", re.I)
ARABIC = re.compile(r"[\u0600-\u06ff]")
NEGATION = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|cannot|failed|refused|denied)\b|n['’]t\b|\b(?:не|нет|без|никогда)\b|نہیں|بغیر",
    re.I,
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
#: Left out after a trial, for what they gave or because they did not carry over to sets left out: the passage's cosine and
#: its lead, gaps to the next document, agreement of the lists, the best of other documents, the place in the list, lengths,
#: superlatives.
FEATURES = (
    *("rerank", "rerank_lead", "passage_lead", "sentence", "window", "excess", "weakest", "weakest_window", "focus", "names"),
    *("reverse", "lexical", "rarest", "unmatched", "numbers", "year_conflict", "expected", "typed", "near", "near_drop"),
    *("entities", "entity_conflict", "negation", "foreign", "foreign_rerank_lead", "foreign_passage_lead"),
)
#: Sign of each weight, fixed before fitting: more of the question covered never speaks against a sentence (0: free).
SIGNS = {
    **dict.fromkeys(FEATURES, 1),
    **dict.fromkeys(("rarest", "unmatched", "year_conflict", "near_drop", "entity_conflict", "negation"), -1),
    **dict.fromkeys(("foreign", "foreign_rerank_lead", "foreign_passage_lead"), 0),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """A question ready to be compared with sentences. Rows of `matrix` are the tokens of its content words.

    `firsts` are the rows where each word begins; `weights` float32 (words,), sum 1, by rarity, `token_weights` the same shared
    out among each word's rows; `focus` and `named` are masks over the words: those that say what is asked for, and names and
    figures.
    """

    question: Question
    stems: tuple[str, ...]
    matrix: Floats
    firsts: npt.NDArray[np.intp]
    weights: Floats
    token_weights: Floats
    focus: npt.NDArray[np.bool_]
    named: npt.NDArray[np.bool_]
    kind: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sentence beside the question: how well its tokens cover each word, its window's, its passage's, each float32 (words,).

    `reverse` is the mean best cosine of its tokens to the question's words; `typed`: it holds what is asked for by kind (a
    date); `near`: how well the words around the best such span cover the question.
    """

    candidate: Candidate
    rank: int
    span: Span
    covered: Floats
    window: Floats
    passage: Floats
    reverse: float
    tokens: int
    typed: bool
    near: float


def probe(question: Question, encoded: Encoded, idf: Mapping[str, float], without: Sequence[Span] = ()) -> Probe:
    """The content words with their tokens; all words where none carries meaning. `idf` is by stem. What only asks how things
    stand ("latest") is left out, and what stands at `without`."""
    text = question.text
    beside = [*standing(text), *((m.start(), m.end()) for m in _EACH.finditer(text)), *without]
    meaning = [w for w in WORD.finditer(text) if w[0].casefold() not in FUNCTION_WORDS] or list(WORD.finditer(text))
    matches = [w for w in meaning if not any(a <= w.start() < b for a, b in beside)] or meaning
    words: list[re.Match[str]] = []
    rows: list[int] = []
    firsts: list[int] = []
    for word in matches:
        inside = np.flatnonzero((encoded.starts < word.end()) & (encoded.ends > word.start()))
        if len(inside):
            words.append(word)
            firsts.append(len(rows))
            rows.extend(int(i) for i in inside)
    found = tuple(stem(word[0]) for word in words)
    weights = np.array([idf.get(one, 0.0) for one in found], np.float32)
    total = float(weights.sum())
    weights = weights / total if total > 0 else np.full(len(found), 1 / max(len(found), 1), np.float32)
    focus = _focus(text, [word.span() for word in words])
    mentioned = [(m.start, m.end) for m in question.entities]
    named = [w[0][:1].isupper() or w[0][:1].isdigit() or any(a <= w.start() < b for a, b in mentioned) for w in words]
    kind = asked_kind(text, question.expected)
    counts = np.array([b - a for a, b in pairwise([*firsts, len(rows)])], np.intp)
    shared = np.repeat(weights / np.maximum(counts, 1), counts).astype(np.float32)
    matrix, begins = encoded.tokens[rows], np.array(firsts, np.intp)
    return Probe(question, found, matrix, begins, weights, shared, focus, np.array(named, bool), kind)


def _focus(text: str, words: Sequence[Span]) -> npt.NDArray[np.bool_]:
    """The words beside the question word: after it, or before it where the language puts it behind (Urdu)."""
    chosen = np.zeros(len(words), bool)
    asking = QUESTION_WORD.search(text)
    if asking is None:
        return chosen
    before = [i for i, (_, end) in enumerate(words) if end <= asking.start()]
    after = [i for i, (start, _) in enumerate(words) if start >= asking.end()]
    if ARABIC.search(text) and before:
        chosen[before[-FOCUS_WORDS:]] = True
        return chosen
    for i in after[:FOCUS_WORDS]:
        if chosen.any() and text[words[i - 1][1] : words[i][0]].strip():
            break  # a function word between: another phrase begins
        chosen[i] = True
    return chosen


def sightings(asked: Probe, candidates: Sequence[Candidate], spans_in: Callable[[Passage], Sequence[Span]]) -> list[Sighting]:
    """The sentences of the passages, at `spans_in` of their text, that the model has read. Only of candidates with token vectors.

    `rank` is the candidate's place in the sequence, from 0.
    """
    read = [(n, c, c.tokens) for n, c in enumerate(candidates) if c.tokens is not None and len(c.tokens.codes)]
    if not len(asked.firsts):
        return []
    found = []
    similar = similarities(asked.matrix, [tokens for _, _, tokens in read])
    for (rank, candidate, tokens), one in zip(read, similar, strict=True):
        found += _in_passage(asked, candidate, rank, (tokens, one), spans_in(candidate.hit.passage))
    return found


def _in_passage(
    asked: Probe, candidate: Candidate, rank: int, seen: tuple[Packed, Floats], spans: Sequence[Span]
) -> list[Sighting]:
    tokens, similar = seen
    bounds = np.array(spans, np.intp).reshape(-1, 2)
    firsts, lasts = np.searchsorted(tokens.ends, bounds[:, 0], "right"), np.searchsorted(tokens.starts, bounds[:, 1], "left")
    ranges = [
        (span, first, last) for span, first, last in zip(spans, firsts.tolist(), lasts.tolist(), strict=True) if first < last
    ]
    if not ranges:
        return []
    tops = np.empty((len(similar), len(ranges) + 1), np.float32)
    for i, (_, first, last) in enumerate(ranges):
        similar[:, first:last].max(axis=1, out=tops[:, i])
    similar.max(axis=1, out=tops[:, -1])
    by_word = _by_word(tops, asked.firsts)
    covered, whole = by_word[:, :-1], by_word[:, -1]
    window = covered.copy()
    np.maximum(window[:, 1:], covered[:, :-1], out=window[:, 1:])
    np.maximum(window[:, :-1], covered[:, 1:], out=window[:, :-1])
    best = similar.max(axis=0).tolist()
    found = []
    for i, (span, first, last) in enumerate(ranges):
        typed = spans_of(asked.kind, candidate.hit.passage.text[slice(*span)], asked.question.text) if asked.kind else []
        places = [(span[0] + a, span[0] + b) for a, b in typed]
        near = _near(asked, similar, tokens, (places, first, last)) if typed else float(covered[:, i] @ asked.weights)
        reverse = sum(best[first:last]) / (last - first)
        views = covered[:, i], window[:, i], whole, reverse
        found.append(Sighting(candidate, rank, span, *views, last - first, bool(typed) or not asked.kind, near))
    return found


def _by_word(tops: Floats, firsts: npt.NDArray[np.intp]) -> Floats:
    """Means over each word's tokens: (rows, n) → (words, n)."""
    counts = np.diff(np.append(firsts, len(tops)))
    means: Floats = (np.add.reduceat(tops, firsts, axis=0) / counts[:, None]).astype(np.float32)
    return means


def _near(asked: Probe, similar: Floats, tokens: Packed, where: tuple[Sequence[Span], int, int]) -> float:
    """How well the words around the best of the places cover the question, within the sentence's tokens from first to last."""
    places, first, last = where
    bounds = np.array(places, np.intp)
    left = np.maximum(np.searchsorted(tokens.ends, bounds[:, 0], "right") - NEAR, first)
    right = np.minimum(np.searchsorted(tokens.starts, bounds[:, 1], "left") + NEAR, last)
    around = {(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a < b}
    return max((float(asked.token_weights @ similar[:, a:b].max(axis=1)) for a, b in around), default=0.0)


def features_of(asked: Probe, seen: Sequence[Sighting], candidates: Sequence[Candidate], gazetteer: Gazetteer) -> Rows:
    """Rows of FEATURES for the sightings, (sightings, features). `candidates` is the whole list that was retrieved."""
    if not seen:
        return np.zeros((0, len(FEATURES)))
    surface = _Surface(asked, gazetteer)
    columns = _semantic(asked, seen, candidates)
    written = [surface.of(one) for one in seen]
    columns |= {name: np.array([row[name] for row in written]) for name in written[0]}
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float64)


def _semantic(asked: Probe, seen: Sequence[Sighting], candidates: Sequence[Candidate]) -> dict[str, npt.NDArray[np.floating]]:
    covered, window, whole = (np.stack([getattr(s, name) for s in seen]) for name in ("covered", "window", "passage"))
    rerank = np.array([s.candidate.hit.rerank or 0.0 for s in seen])
    lead = rerank - float(np.median([c.hit.rerank for c in candidates if c.hit.rerank is not None] or [0.0]))
    weights = asked.weights
    passage, sentence = whole @ weights, covered @ weights
    passage_lead = passage - float(np.median(passage))
    focus = asked.focus if asked.focus.any() else np.ones_like(asked.focus)
    named = asked.named if asked.named.any() else np.ones_like(asked.named)
    near = np.array([s.near for s in seen])
    foreign = np.array([float(s.candidate.hit.passage.language != asked.question.language) for s in seen])
    return {
        "rerank": rerank,
        "rerank_lead": lead,
        "passage_lead": passage_lead,
        "sentence": sentence,
        "window": window @ weights,
        "excess": (covered - np.median(covered, axis=0)) @ weights,
        "weakest": covered.min(axis=1),
        "weakest_window": window.min(axis=1),
        "focus": window[:, focus].min(axis=1),
        "names": window[:, named].min(axis=1),
        "reverse": np.array([s.reverse for s in seen]),
        "typed": np.array([float(s.typed) for s in seen]),
        "near": near,
        "near_drop": np.maximum(sentence - near, 0.0),
        "foreign": foreign,
        "foreign_rerank_lead": foreign * lead,
        "foreign_passage_lead": foreign * passage_lead,
    }


@dataclass(frozen=True, slots=True)
class Written:
    """What a text holds, whatever is asked: stems, figures (articles as "article 5"), years, and whether it denies something."""

    stems: frozenset[str]
    numbers: frozenset[str]
    years: frozenset[str]
    negated: bool


@lru_cache(maxsize=REMEMBERED)
def written(text: str) -> Written:
    figures = frozenset(numbers_in(text)) | {f"article {number}" for number in articles_in(text)}
    return Written(frozenset(stems(text)), figures, frozenset(YEAR.findall(text)), bool(NEGATION.search(text)))


class _Surface:
    """What is written in a sentence, its window's passage and its document's title, against what the question names."""

    def __init__(self, asked: Probe, gazetteer: Gazetteer) -> None:
        question = asked.question
        self._asked, self._gazetteer = asked, gazetteer
        self._wanted = {m.entity_id for m in question.entities if m.entity_id}
        self._numbers = question.numbers + ((f"article {question.article}",) if question.article else ())
        self._years = set(YEAR.findall(question.text))
        self._negated = bool(NEGATION.search(question.text))

    def of(self, one: Sighting) -> dict[str, float]:
        passage, metadata, asked = one.candidate.hit.passage, one.candidate.hit.document.metadata, self._asked
        text, about = passage.text[slice(*one.span)], f"{metadata.title}\n{passage.context}\n{metadata.published}"
        said, context = written(text), written(about)
        inside = np.array([s in said.stems for s in asked.stems])
        around = inside | np.array([s in context.stems for s in asked.stems])
        foreign = passage.language != asked.question.language
        # A word that is neither written nor alike: its share counts by how far its cosine stays behind the best-covered word's.
        missing = ~around & (one.window < one.window.max(initial=0.0) - 0.06)
        return {
            # Between languages only names and figures are written alike: no sign of anything.
            "lexical": 0.0 if foreign else float(inside @ asked.weights),
            "rarest": 0.0 if foreign else float(asked.weights[~around].max(initial=0.0)),
            "unmatched": float(missing @ asked.weights),
            "expected": float(has_expected(asked.question.expected, text)),
            "negation": float(self._negated != said.negated),
            **self._figures(said, context),
            **self._entities(one.span, about, passage.text),
        }

    def _figures(self, said: Written, context: Written) -> dict[str, float]:
        if not self._numbers:
            return {"numbers": 1.0, "year_conflict": 0.0}
        there = sum(n in said.numbers or n in context.numbers for n in self._numbers)
        conflict = bool(self._years and said.years and not self._years & said.years)
        return {"numbers": there / len(self._numbers), "year_conflict": float(conflict)}

    def _entities(self, span: Span, about: str, text: str) -> dict[str, float]:
        if not self._wanted:
            return {"entities": 1.0, "entity_conflict": 0.0}
        inside = {m.entity_id for m in self._gazetteer.find(text) if span[0] <= m.start < span[1] and m.entity_id}
        lacking = self._wanted - inside - {m.entity_id for m in self._gazetteer.find(about)}
        types = {self._gazetteer.entities[e].type for e in lacking}
        other = any(self._gazetteer.entities[e].type in types for e in inside - self._wanted)
        return {"entities": 1 - len(lacking) / len(self._wanted), "entity_conflict": float(bool(lacking) and other)}
