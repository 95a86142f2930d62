"""Measure answers to questions with known answers: documents found, evidence cited, quotes verbatim, refusals right.

A question is a JSON object a line: {"question", "status": "answered" | "abstained", "document": uri, "evidence": text of the
source that holds the answer, "answer": [accepted strings], "language"}. All but the first two may be missing.
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
class GoldQuestion:
    question: str
    status: str
    document: str
    evidence: str
    answers: tuple[str, ...]
    language: str


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
    answer = item.get("answer", ())
    answers = (answer,) if isinstance(answer, str) else tuple(answer)
    status = item.get("status") or ("abstained" if item.get("kind") == "unanswerable" else "answered")
    return GoldQuestion(
        question=str(question),
        status=str(status),
        document=str(item.get("document", "")),
        evidence=str(item.get("evidence", "")),
        answers=answers,
        language=str(item.get("language") or item.get("lang") or ""),
    )


def outcome(library: Library, gold: GoldQuestion) -> Outcome:
    answer = library.ask(gold.question, n=RECALL_AT)
    answerable = gold.status == "answered"
    near = [fold(hit.passage.text) for hit in answer.nearest]
    cited = [fold(citation.context) for citation in answer.citations]
    evidence = fold(gold.evidence)
    texts = {citation.document.id: library.document(citation.document.id).text for citation in answer.citations}
    return Outcome(
        gold=gold,
        answer=answer,
        document_found=any(_is(hit.document.uri, gold) for hit in answer.nearest) if answerable and gold.document else None,
        evidence_found=any(evidence in text for text in near) if answerable and evidence else None,
        evidence_cited=any(evidence in text for text in cited) if answerable and evidence else None,
        answer_said=any(says(answer.text, accepted) for accepted in gold.answers) if answerable and gold.answers else None,
        verbatim=all(texts[c.document.id][c.locator.start : c.locator.end] == c.quote for c in answer.citations),
    )


def _is(uri: str, gold: GoldQuestion) -> bool:
    """A gold document may be a file of many documents: any of them will do."""
    return uri.partition("#")[0] == gold.document or uri == gold.document


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
