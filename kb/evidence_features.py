"""What the judge sees of a sentence: figures made of its words, its token vectors, its passage and the whole list of results.

A question's word is covered as well as the most similar token covers it (late interaction), in the sentence or in its window: the
sentence with its neighbours. Levels of cosines differ between pairs of languages, so beside each level stands what it exceeds:
the list's median, or the question's other words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.embed import Encoded
from kb.gazetteer import Gazetteer
from kb.maxsim import Packed, token_similarities
from kb.question import Question, articles_in, has_expected, numbers_in
from kb.records import Mention
from kb.retrieve import Candidate
from kb.spans import asked_kind, spans_of
from kb.words import FUNCTION_WORDS, WORD, stem, stems

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.float64]
Span = tuple[int, int]

NEAR = 12  # tokens to either side of a date or figure in which the words that it belongs to stand: a clause
FOCUS_WORDS = 2  # "the interest rate of …", "which contractor laid …": what is asked for is named right beside the question word
QUESTION_WORD = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how(?:\s+(?:many|much|long|far|large|big|high|deep|often))?)\b|"
    r"\b(?:что|како\w+|каки\w+|какую|кто|кем|кого|когда|где|куда|откуда|почему|сколько|чем|чей)\b|"
    r"(?:کیا|کب|کہاں|کون|کس|کتن[ایے]|کیوں|کیسے|کونس[ایے])(?=\s|$)",
    re.I,
)
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

    `firsts` are the rows where each word begins; `weights` float32 (words,), sum 1, by rarity; `focus` and `named` are masks over
    the words: those that say what is asked for, and names and figures.
    """

    question: Question
    stems: tuple[str, ...]
    matrix: Floats
    firsts: npt.NDArray[np.intp]
    weights: Floats
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


def probe(question: Question, encoded: Encoded, idf: Mapping[str, float]) -> Probe:
    """The content words with their tokens; all words where none carries meaning. `idf` is by stem."""
    text = question.text
    matches = [w for w in WORD.finditer(text) if w[0].casefold() not in FUNCTION_WORDS] or list(WORD.finditer(text))
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
    return Probe(question, found, encoded.tokens[rows], np.array(firsts, np.intp), weights, focus, np.array(named, bool), kind)


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


def sightings(asked: Probe, candidate: Candidate, rank: int, spans: Sequence[Span]) -> list[Sighting]:
    """The sentences of a passage, at `spans` of its text, that the model has read. Candidates need token vectors."""
    tokens = candidate.tokens
    if tokens is None or not len(asked.firsts) or not len(tokens.codes):
        return []
    similar = token_similarities(asked.matrix, tokens)
    ranges = []
    for start, end in spans:
        first, last = int(np.searchsorted(tokens.ends, start, "right")), int(np.searchsorted(tokens.starts, end, "left"))
        if first < last:
            ranges.append(((start, end), first, last))
    if not ranges:
        return []
    tops = np.stack([similar[:, first:last].max(axis=1) for _, first, last in ranges], axis=1)
    covered = _by_word(tops, asked.firsts)
    padded = np.pad(covered, ((0, 0), (1, 1)), constant_values=-1.0)
    window = np.maximum(np.maximum(padded[:, :-2], padded[:, 2:]), covered)
    whole = _by_word(similar.max(axis=1, keepdims=True), asked.firsts)[:, 0]
    found = []
    for i, (span, first, last) in enumerate(ranges):
        inside = similar[:, first:last]
        typed = spans_of(asked.kind, candidate.hit.passage.text[slice(*span)], asked.question.text) if asked.kind else []
        near = max((_near(asked, similar, tokens, (span[0] + a, span[0] + b, first, last)) for a, b in typed), default=-1.0)
        near = near if typed else float(covered[:, i] @ asked.weights)
        reverse = float(inside.max(axis=0).mean())
        seen = covered[:, i], window[:, i], whole, reverse
        found.append(Sighting(candidate, rank, span, *seen, last - first, bool(typed) or not asked.kind, near))
    return found


def _by_word(tops: Floats, firsts: npt.NDArray[np.intp]) -> Floats:
    """Means over each word's tokens: (rows, n) → (words, n)."""
    counts = np.diff(np.append(firsts, len(tops)))
    means: Floats = (np.add.reduceat(tops, firsts, axis=0) / counts[:, None]).astype(np.float32)
    return means


def _near(asked: Probe, similar: Floats, tokens: Packed, where: tuple[int, int, int, int]) -> float:
    start, end, first, last = where
    left = max(first, int(np.searchsorted(tokens.ends, start, "right")) - NEAR)
    right = min(last, int(np.searchsorted(tokens.starts, end, "left")) + NEAR)
    if left >= right:
        return 0.0
    return float(_by_word(similar[:, left:right].max(axis=1, keepdims=True), asked.firsts)[:, 0] @ asked.weights)


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


class _Surface:
    """What is written in a sentence, its window's passage and its document's title, against what the question names."""

    def __init__(self, asked: Probe, gazetteer: Gazetteer) -> None:
        question = asked.question
        self._asked, self._gazetteer = asked, gazetteer
        self._wanted = {m.entity_id for m in question.entities if m.entity_id}
        self._numbers = question.numbers + ((f"article {question.article}",) if question.article else ())
        self._years = set(YEAR.findall(question.text))
        self._negated = bool(NEGATION.search(question.text))
        self._contexts: dict[str, tuple[str, set[str], set[str], tuple[Mention, ...]]] = {}

    def of(self, one: Sighting) -> dict[str, float]:
        passage, asked = one.candidate.hit.passage, self._asked
        text = passage.text[slice(*one.span)]
        about, about_stems, about_ids, mentions = self._context(one.candidate)
        there = set(stems(text))
        inside = np.array([s in there for s in asked.stems])
        around = inside | np.array([s in about_stems for s in asked.stems])
        language = asked.question.language
        foreign = passage.language != language
        # A word that is neither written nor alike: its share counts by how far its cosine stays behind the best-covered word's.
        missing = ~around & (one.window < one.window.max(initial=0.0) - 0.06)
        return {
            # Between languages only names and figures are written alike: no sign of anything.
            "lexical": 0.0 if foreign else float(inside @ asked.weights),
            "rarest": 0.0 if foreign else float(asked.weights[~around].max(initial=0.0)),
            "unmatched": float(missing @ asked.weights),
            "expected": float(has_expected(asked.question.expected, text)),
            "negation": float(self._negated != bool(NEGATION.search(text))),
            **self._figures(text, about),
            **self._entities(one.span, about_ids, mentions),
        }

    def _context(self, candidate: Candidate) -> tuple[str, set[str], set[str], tuple[Mention, ...]]:
        passage, metadata = candidate.hit.passage, candidate.hit.document.metadata
        if passage.id not in self._contexts:
            about = f"{metadata.title}\n{passage.context}\n{metadata.published}"
            ids = {m.entity_id or "" for m in self._gazetteer.find(about)} if self._wanted else set()
            mentions = self._gazetteer.find(passage.text) if self._wanted else ()
            self._contexts[passage.id] = about, set(stems(about)), ids, mentions
        return self._contexts[passage.id]

    def _figures(self, text: str, about: str) -> dict[str, float]:
        if not self._numbers:
            return {"numbers": 1.0, "year_conflict": 0.0}
        both = f"{text} {about}"
        there = set(numbers_in(both)) | {f"article {n}" for n in articles_in(both)}
        years = set(YEAR.findall(text))
        conflict = bool(self._years and years and not self._years & years)
        return {"numbers": sum(n in there for n in self._numbers) / len(self._numbers), "year_conflict": float(conflict)}

    def _entities(self, span: Span, about: set[str], mentions: Sequence[Mention]) -> dict[str, float]:
        if not self._wanted:
            return {"entities": 1.0, "entity_conflict": 0.0}
        inside = {m.entity_id for m in mentions if span[0] <= m.start < span[1] and m.entity_id}
        lacking = self._wanted - inside - about
        types = {self._gazetteer.entities[e].type for e in lacking}
        other = any(self._gazetteer.entities[e].type in types for e in inside - self._wanted)
        return {"entities": 1 - len(lacking) / len(self._wanted), "entity_conflict": float(bool(lacking) and other)}
