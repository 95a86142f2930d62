"""Composing an answer without a language model: the fewest sentences of the sources that answer, verbatim, each cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.cite import cite
from kb.evidence import Evidence
from kb.question import Question
from kb.records import Citation, Statement
from kb.words import stems

STATEMENTS = 3  # a reader minutes before a meeting; what else there is stands below, as passages
# A further sentence must reach this share of the best one's probability. Swept on our questions: .75 says .915 of the answers
# in 1.8 statements, .85 .898 in 1.5, .92 .864 in 1.2.
CLOSE = 0.75
UNRELATED = 0.03  # a best sentence below is on another subject: boiling points and football gave .02 at most, near misses .034
SAME = 0.8  # Jaccard overlap of stems from which two sentences say the same: one statement with both citations


@dataclass(frozen=True, slots=True)
class Composed:
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]


def compose(evidence: Sequence[Evidence], threshold: float, text_of: Callable[[str], str]) -> Composed:
    """Statements from judged sentences, the most probable first. `text_of` gives a document's text by its id.

    Raises kb.cite.QuoteMismatch if a quote is not the document's text.
    """
    groups: list[list[Evidence]] = []
    for item in evidence:
        if item.probability < max(threshold, CLOSE * evidence[0].probability):
            break
        same = next((group for group in groups if _alike(group[0], item)), None)
        if same is not None:
            if all(other.candidate.hit.passage.document_id != item.candidate.hit.passage.document_id for other in same):
                same.append(item)
        elif len(groups) < STATEMENTS:
            groups.append([item])
    citations: list[Citation] = []
    statements = []
    for group in groups:
        markers = []
        for item in group:
            hit = item.candidate.hit
            citations.append(
                cite(len(citations) + 1, hit.passage, hit.document, (item.start, item.end), text_of(hit.document.id))
            )
            markers.append(len(citations))
        statements.append(Statement(group[0].text, tuple(markers)))
    return Composed(tuple(statements), tuple(citations))


def reason_for_abstaining(question: Question, best: Evidence | None, filtered: bool) -> str:
    """Plain words: what was looked for and why the nearest passage does not do."""
    where = "the documents that the filters let through" if filtered else "the documents"
    nothing = f"Nothing in {where} comes near the question." + (" Try fewer filters." if filtered else "")
    if best is None:
        return nothing
    features = best.features
    if features["numbers"] < 1:
        missing = ", ".join(question.numbers + ((f"article {question.article}",) if question.article else ()))
        return f"The nearest passages do not speak of {missing}, which the question names; {where} do not say."
    if best.probability < UNRELATED:
        return nothing
    if features["entities"] < 1:
        return f"The nearest passages do not name everything that the question asks about; {where} do not say."
    if features["expected"] < 1:
        things = {"date": "a date", "number": "a figure", "person": "a person", "place": "a place"}
        return (
            f"The nearest passages are on the subject but give no such thing as {things[question.expected]}; {where} do not say."
        )
    return f"The nearest passages are on a related subject but do not answer the question; {where} do not say."


def _alike(one: Evidence, other: Evidence) -> bool:
    """Rows of a table share their columns' names, and differ in what matters: a year, a partner. They are the same if equal."""
    a, b = set(stems(one.text)), set(stems(other.text))
    of_tables = one.candidate.hit.passage.rows or other.candidate.hit.passage.rows
    return bool(a | b) and len(a & b) / len(a | b) >= (1.0 if of_tables else SAME)
