"""Measure answers to questions with known answers: documents found, evidence cited, quotes verbatim, refusals right.

A question is a JSON object a line: {"question", "status": "answered" | "abstained", "evidence": [{"document": uri, "text": words
of that document that answer}, …], "answer": [accepted strings], "language", "kind"}. All but the first two may be missing. The
entries of "evidence" are alternatives: any one of them answers. "document" (one uri or a list of alternatives) with "evidence"
as a plain string is read too.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import BadRequest
from kb.library import Library
from kb.question import numbers_in
from kb.records import Answer
from kb.words import fold, stems

RECALL_AT = 5


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Words of a source that answer, verbatim but for line breaks. `document` is its uri, "" for any."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """`documents` and `evidence` are alternatives; empty where the question does not say."""

    question: str
    status: str
    documents: tuple[str, ...]
    evidence: tuple[GoldEvidence, ...]
    answers: tuple[str, ...]
    language: str
    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question; None where the gold question does not say what is right."""

    gold: GoldQuestion
    answer: Answer
    document_found: bool | None
    evidence_found: bool | None
    evidence_cited: bool | None
    answer_said: bool | None
    verbatim: bool


def load_questions(path: Path) -> list[GoldQuestion]:
    """Raises BadRequest with the line's number for a line that is not such a question."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}; give a JSONL file of questions.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_gold(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest(
                f"{path}, line {number}: not a question ({error!r}); it needs at least question and status."
            ) from error
    if not found:
        raise BadRequest(f"{path} holds no question; write one JSON object a line.")
    return found


def _gold(item: dict[str, Any]) -> GoldQuestion:
    question = item.get("question") or item["q"]
    documents, evidence = _alternatives(item)
    return GoldQuestion(
        question=str(question),
        status=str(item.get("status") or ("abstained" if item.get("kind") == "unanswerable" else "answered")),
        documents=documents,
        evidence=evidence,
        answers=_strings(item.get("answer", ())),
        language=str(item.get("language") or item.get("lang") or ""),
        kind=str(item.get("kind") or ""),
    )


def _alternatives(item: dict[str, Any]) -> tuple[tuple[str, ...], tuple[GoldEvidence, ...]]:
    documents = [name for name in _strings(item.get("document", ())) if name]
    given = item.get("evidence") or ()
    if isinstance(given, str):
        return tuple(documents), tuple(GoldEvidence(name, given) for name in documents or [""])
    evidence = tuple(GoldEvidence(str(entry["document"]), str(entry["text"])) for entry in given)
    return tuple(dict.fromkeys([*documents, *(entry.document for entry in evidence)])), evidence


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r} is neither a string nor a list of strings")
    return tuple(value)


def outcome(library: Library, gold: GoldQuestion) -> Outcome:
    answer = library.ask(gold.question, n=RECALL_AT)
    answerable = gold.status == "answered"
    near = [(hit.document.uri, flat(hit.passage.text)) for hit in answer.nearest]
    cited = [(citation.document.uri, flat(citation.context)) for citation in answer.citations]
    texts = {citation.document.id: library.document(citation.document.id).text for citation in answer.citations}
    known = answerable and gold.evidence
    return Outcome(
        gold=gold,
        answer=answer,
        document_found=any(of(uri, name) for uri, _ in near for name in gold.documents)
        if answerable and gold.documents
        else None,
        evidence_found=any(answers_by(gold, *passage) for passage in near) if known else None,
        evidence_cited=any(answers_by(gold, *passage) for passage in cited) if known else None,
        answer_said=any(says(answer.text, accepted) for accepted in gold.answers) if answerable and gold.answers else None,
        verbatim=all(texts[c.document.id][c.locator.start : c.locator.end] == c.quote for c in answer.citations),
    )


def answers_by(gold: GoldQuestion, uri: str, text: str) -> bool:
    """Whether the (flat) text of the document holds one of the alternatives of evidence."""
    return any(of(uri, entry.document) and flat(entry.text) in text for entry in gold.evidence)


def of(uri: str, name: str) -> bool:
    """A gold document may be a file of many documents: any of them will do. "" names any document."""
    return not name or uri == name or uri.partition("#")[0] == name


def flat(text: str) -> str:
    """Folded, with single spaces: passages of a PDF break lines where the evidence does not."""
    return " ".join(fold(text).split())


def says(text: str, accepted: str) -> bool:
    """Whether all words and numbers of an accepted answer stand in the text, in any order and inflection."""
    numbers = set(numbers_in(accepted))
    words = {stem for stem in stems(accepted) if not stem[0].isdigit()}
    return numbers <= set(numbers_in(text)) and words <= set(stems(text))


def evaluate(library: Library, questions: Sequence[GoldQuestion]) -> dict[str, Any]:
    """Shares in 0..1 over the questions that each figure applies to (None if to none), counts and times in milliseconds."""
    outcomes = [outcome(library, gold) for gold in questions]
    right = [o for o in outcomes if o.gold.status == "answered"]
    wrong = [o for o in outcomes if o.gold.status != "answered"]
    times = [sum(o.answer.timings_ms.values()) for o in outcomes]

    def share(of: Sequence[Outcome], value: Callable[[Outcome], bool | None]) -> float | None:
        known = [value(o) for o in of if value(o) is not None]
        return round(sum(map(bool, known)) / len(known), 4) if known else None

    return {
        "questions": len(outcomes),
        "answerable": len(right),
        "unanswerable": len(wrong),
        f"document_recall@{RECALL_AT}": share(right, lambda o: o.document_found),
        f"evidence_recall@{RECALL_AT}": share(right, lambda o: o.evidence_found),
        "evidence_cited": share(right, lambda o: o.evidence_cited),
        "answer_said": share(right, lambda o: o.answer_said),
        "citations_verbatim": share(outcomes, lambda o: o.verbatim),
        "refused_of_unanswerable": share(wrong, lambda o: o.answer.status == "abstained"),
        "refused_of_answerable": share(right, lambda o: o.answer.status == "abstained"),
        "ms_p50": round(statistics.median(times), 1),
        "ms_p95": round(sorted(times)[int(0.95 * (len(times) - 1))], 1),
        "index": outcomes[0].answer.index.digest,
    }


def readable(metrics: dict[str, Any]) -> str:
    return "\n".join(f"{name:26}{'–' if value is None else value}" for name, value in metrics.items())
