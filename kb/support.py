"""Whether a sentence that a language model wrote is borne out by the passages that it points at, and by which words of theirs.

Two means, since no entailment model comes along: what can be looked up has to be there (kb.claim_facts), in the words that will
be quoted; and every word that carries meaning has to have one near it in meaning there (late interaction, as in reranking). The
least supported word decides: "was cancelled" is near to nothing in "was signed on 15 July 2021", and all the other words agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.claim_facts import Facts, facts_in, missing
from kb.embed import Encoded, Encoder
from kb.evidence import statement_spans
from kb.gazetteer import Gazetteer
from kb.instructions import first_instruction, instructing
from kb.language import detect
from kb.markers import Claim
from kb.maxsim import Packed, similarities
from kb.records import Hit
from kb.words import FUNCTION_WORDS, WORD, stem, stems

Floats = npt.NDArray[np.float32]
Span = tuple[int, int]

# Cosine of the least supported word, within a language and across. Fitted on benchmarks/support_pairs.jsonl, see its report.
BOUND = 0.77
BOUND_ACROSS = 0.74
SENTENCES = 3  # of a passage that may bear a claim out together: a quote stays short
PENALTY = 0.03  # a further sentence has to add so much support: words of several sentences say together what none of them does
_ADDRESS = re.compile(r"https?:|www\.|\w@\w|</?\w|javascript:", re.I)
# What undoes a thing or says that it is not so. In a claim alone: sources tell of ends and refusals beside what they affirm.
_UNDOES = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|cannot|fail\w*|refus\w*|reject\w*|den(?:y|ied|ies)|cancel\w*|terminat\w*|withdr[ae]w\w*|"
    r"abandon\w*|dissol\w*|suspend\w*|boycott\w*|revok\w*|repeal\w*|annul\w*|clos(?:e|es|ed)|stop(?:s|ped)?|halt\w*|ended|left|quit)\b|"
    r"n['’]t\b|"
    r"\b(?:не|нет|без|никогда|ни|отказ\w+|отклон\w+|отмен\w+|расторг\w*|прекра\w+|приостан\w+|распус\w+|аннулир\w+|"
    r"вышел|вышла|вышли|покину\w+|закры\w+)\b|"
    r"نہیں|بغیر|انکار|مسترد|منسوخ|معطل|ختم|بند\b|دستبردار|بائیکاٹ",
    re.I,
)
_NEGATED = re.compile(r"\b(?:not|never|cannot|не|никогда)\b|n['’]t\b", re.I)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage as it was put before the model, with its packed token vectors."""

    hit: Hit
    tokens: Packed


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of a source that bear a claim out: `sources[number - 1].hit.passage.text[start:end]`; `score` is their support."""

    number: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Quotes that bear a claim out, or why none does, for the operator."""

    quotes: tuple[Quoted, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Window:
    span: Span
    lacking: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Checker:
    """`sources` are numbered from 1."""

    sources: Sequence[Source]
    encoder: Encoder
    gazetteer: Gazetteer

    def check(self, claim: Claim) -> Verdict:
        """Look a claim up in the sources that it points at; numbers of none are passed over."""
        cited = [number for number in claim.markers if 1 <= number <= len(self.sources)]
        if not cited:
            return Verdict(reason="it points at no passage")
        if _ADDRESS.search(claim.text) or instructing(claim.text):
            return Verdict(reason="it holds an address or speaks to a program")
        facts, encoded = facts_in(claim.text, self.gazetteer), self.encoder.encode_query(claim.text)
        found = [(number, window) for number in cited if (window := self._best(number, facts, encoded)) is not None]
        if not found:
            return Verdict(reason="its passages say nothing that could bear it out")
        lacking = set.intersection(*(set(window.lacking) for _, window in found))
        if lacking:
            order = [one for _, window in found for one in window.lacking if one in lacking]
            return Verdict(reason=f"its passages do not give {', '.join(dict.fromkeys(order))}")
        return self._judged(claim, found)

    def _judged(self, claim: Claim, found: Sequence[tuple[int, _Window]]) -> Verdict:
        quotes = []
        reason = "its passages say nothing near it"
        for number, window in found:
            text = self.sources[number - 1].hit.passage.text[slice(*window.span)]
            if window.score < bound(claim.text, text):
                continue
            if _contradicted(claim.text, text):
                reason = "it denies what its passages say, or says what they deny"
                continue
            quotes.append(Quoted(number, *window.span, window.score))
        return Verdict(tuple(quotes), "" if quotes else reason)

    def _best(self, number: int, claim: Facts, encoded: Encoded) -> _Window | None:
        """The best supporting words of a source among those that lack least of what is claimed."""
        source = self.sources[number - 1]
        about = facts_in(about_of(source.hit), self.gazetteer)
        (similar,) = similarities(encoded.tokens, [source.tokens])
        rows = content_rows(claim, encoded)
        windows = [
            _Window(
                (start, end),
                tuple(missing(claim, [facts_in(source.hit.passage.text[start:end], self.gazetteer)], about)),
                score - PENALTY * (sentences - 1),
            )
            for start, end, sentences in windows_of(source.hit)
            if (score := support(similar, source.tokens, rows, (start, end))) is not None
        ]
        if not windows:
            return None
        least = min(len(window.lacking) for window in windows)
        fullest = [window for window in windows if len(window.lacking) == least]
        return max(fullest, key=lambda window: window.score)


def about_of(hit: Hit) -> str:
    """What says where a passage stands; "" if it gives orders to a program."""
    about = f"{hit.document.metadata.title}\n{hit.passage.context}\n{hit.passage.locator.pinpoint or ''}"
    return "" if instructing(about) else about


def windows_of(hit: Hit) -> Iterator[tuple[int, int, int]]:
    """(start, end, sentences) of one to SENTENCES neighbouring sentences or rows of a passage, none of those that give orders to
    a program."""
    passage = hit.passage
    limit = first_instruction(passage.text)
    spans = [span for span in statement_spans(passage) if span[1] <= limit]
    for first in range(len(spans)):
        for last in range(first, min(first + SENTENCES, len(spans))):
            yield spans[first][0], spans[last][1], last - first + 1


def content_rows(claim: Facts, encoded: Encoded) -> list[npt.NDArray[np.intp]]:
    """The tokens of each word of a claim that carries meaning and is not looked up."""
    words = [word for word in WORD.finditer(claim.text) if word[0].casefold() not in FUNCTION_WORDS]
    free = [word for word in words if not any(start < word.end() and word.start() < end for start, end in claim.spans)]
    rows = [np.flatnonzero((encoded.starts < word.end()) & (encoded.ends > word.start())) for word in free or words]
    return [row for row in rows if len(row)]


def support(similar: Floats, tokens: Packed, rows: Sequence[npt.NDArray[np.intp]], span: Span) -> float | None:
    """How near the least supported word of a claim comes to a word of the span, -1..1; None where the model has read no word."""
    inside = (tokens.ends > span[0]) & (tokens.starts < span[1])
    if not inside.any() or not rows:
        return None
    best = similar[:, inside].max(axis=1)
    return float(min(best[row].mean() for row in rows))


def _contradicted(claim: str, text: str) -> bool:
    """Whether a claim undoes what a text affirms, or affirms the very word that the text negates ("had not been laid")."""
    if _UNDOES.search(claim):
        return not _UNDOES.search(text)
    affirmed = set(stems(claim))
    for match in _NEGATED.finditer(text):
        word = next((w[0] for w in WORD.finditer(text, match.end()) if w[0].casefold() not in FUNCTION_WORDS), "")
        if word and stem(word) in affirmed:
            return True
    return False


def bound(claim: str, quote: str) -> float:
    """The support that a claim needs, lower between languages."""
    return BOUND if detect(claim) == detect(quote) else BOUND_ACROSS
