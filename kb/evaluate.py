"""Measure answers to questions with known answers: documents found, evidence cited, quotes verbatim, refusals right.

A question is a JSON object a line: {"question", "status": "answered" | "abstained", "evidence": [{"document": uri, "text": words
of that document that answer}, …], "answer": [accepted strings], "language", "kind"}. All but the first two may be missing. The
entries of "evidence" are alternatives: any one of them answers. "document" (one uri or a list of alternatives) with "evidence"
as a plain string is read too.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kb.errors import BadRequest
from kb.library import Library
from kb.measures import brier, calibration_error, discounted, interval, mean, precision_recall_f1
from kb.question import numbers_in
from kb.records import Answer, Citation
from kb.words import fold, query_stems, stems

RECALL_AT = 5
DEPTH = 10  # passages asked for
MISSED = 0  # place of what is not among them
DISAGREEING = ("comparison",)  # kinds of question to which a list of differing values belongs


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Words of a source that answer, verbatim but for line breaks. `document` is its uri, "" for any; `pinpoint` is the article
    in which they stand ("art. 5"), "" where it is not known."""

    document: str
    text: str
    pinpoint: str = ""


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
    """What came of one question; None where the gold question does not say what is right.

    `document_place` and `evidence_place` are the place, from 1, of the first passage of a gold document and with gold evidence
    among the DEPTH nearest; MISSED if there is none. `citations` has for each citation whether its quote holds evidence or
    lies in it; `pinpoints` for those that do, and whose article is known, whether they are cited by it.
    """

    gold: GoldQuestion
    answer: Answer
    document_place: int | None
    evidence_place: int | None
    evidence_cited: bool | None
    answer_said: bool | None
    verbatim: bool
    citations: tuple[bool, ...]
    pinpoints: tuple[bool, ...]

    @property
    def answerable(self) -> bool:
        return self.gold.status == "answered"

    @property
    def refused(self) -> bool:
        return self.answer.status == "abstained"

    @property
    def right(self) -> bool:
        """What `confidence` is the probability of: there is an answer, and it was said if any was given."""
        return self.answerable and (self.refused or self.answer_said is not False)


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
    evidence = tuple(GoldEvidence(str(e["document"]), str(e["text"]), str(e.get("pinpoint", ""))) for e in given)
    return tuple(dict.fromkeys([*documents, *(entry.document for entry in evidence)])), evidence


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r} is neither a string nor a list of strings")
    return tuple(value)


def outcome(library: Library, gold: GoldQuestion) -> Outcome:
    answer = library.ask(gold.question, n=DEPTH)
    answerable = gold.status == "answered"
    known = bool(answerable and gold.evidence)
    near = [(hit.document.uri, flat(hit.passage.text)) for hit in answer.nearest]
    cited = [(citation.document.uri, flat(citation.context)) for citation in answer.citations]
    texts = {citation.document.id: library.document(citation.document.id).text for citation in answer.citations}
    quoted = [[entry for entry in gold.evidence if _quotes(citation, entry)] for citation in answer.citations]
    named = [any(of(uri, name) for name in gold.documents) for uri, _ in near]
    return Outcome(
        gold=gold,
        answer=answer,
        document_place=_first(named) if answerable and gold.documents else None,
        evidence_place=_first([answers_by(gold, *passage) for passage in near]) if known else None,
        evidence_cited=any(answers_by(gold, *passage) for passage in cited) if known else None,
        answer_said=any(says(answer.text, accepted) for accepted in gold.answers) if answerable and gold.answers else None,
        verbatim=all(texts[c.document.id][c.locator.start : c.locator.end] == c.quote for c in answer.citations),
        citations=tuple(map(bool, quoted)) if known else (),
        pinpoints=tuple(
            any(_pinpointed(citation.locator.pinpoint or "", entry.pinpoint) for entry in entries)
            for citation, entries in zip(answer.citations, quoted, strict=True)
            if any(entry.pinpoint for entry in entries)
        ),
    )


def _first(found: Sequence[bool]) -> int:
    return found.index(True) + 1 if True in found else MISSED


def _quotes(citation: Citation, entry: GoldEvidence) -> bool:
    quote, text = flat(citation.quote), flat(entry.text)
    return of(citation.document.uri, entry.document) and (text in quote or quote in text)


def _pinpointed(pinpoint: str, article: str) -> bool:
    """ "art. 5(2)" and "art. 5, p. 3" are in "art. 5", "art. 52" is not."""
    return bool(article) and pinpoint.startswith(article) and not pinpoint[len(article) :][:1].isalnum()


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


def share_said(text: str, accepted: str) -> float:
    """The share of an accepted answer's numbers and meaningful words that stand in the text, 0..1: a paraphrase has most."""
    numbers = set(numbers_in(accepted))
    words = {stem for stem in query_stems(accepted) if not stem[0].isdigit()}
    there = len(numbers & set(numbers_in(text))) + len(words & set(stems(text)))
    return there / (len(numbers) + len(words))


def evaluate(library: Library, questions: Sequence[GoldQuestion]) -> dict[str, Any]:
    """Shares in 0..1 over the questions that each figure applies to (None if to none), counts and times in milliseconds.

    "intervals" holds 95 % bootstrap intervals of the shares, "by_language" and "by_kind" the figures of each group with its own.
    """
    outcomes = [outcome(library, gold) for gold in questions]
    per_question = {name: _known(outcomes, value) for name, value in SHARES.items()}
    refused = precision_recall_f1([o.refused for o in outcomes], [not o.answerable for o in outcomes])
    confidences, events = [o.answer.confidence for o in outcomes], [o.right for o in outcomes]
    times = sorted(sum(o.answer.timings_ms.values()) for o in outcomes)
    return {
        "questions": len(outcomes),
        "answerable": sum(o.answerable for o in outcomes),
        "unanswerable": sum(not o.answerable for o in outcomes),
        **{name: mean(values) for name, values in per_question.items()},
        **dict(zip(("refusal_precision", "refusal_recall", "refusal_f1"), refused, strict=True)),
        "calibration_error": calibration_error(confidences, events),
        "brier": brier(confidences, events),
        "ms_p50": round(statistics.median(times), 1),
        "ms_p95": round(times[int(0.95 * (len(times) - 1))], 1),
        "ms_by_step": {
            step: round(statistics.median(o.answer.timings_ms.get(step, 0.0) for o in outcomes), 2)
            for step in dict.fromkeys(step for o in outcomes for step in o.answer.timings_ms)
        },
        "intervals": {name: interval(values) for name, values in per_question.items()},
        "by_language": _groups(outcomes, lambda o: o.gold.language),
        "by_kind": _groups(outcomes, lambda o: o.gold.kind),
        "index": outcomes[0].answer.index.digest,
    }


def _within(place: int | None, depth: int) -> float | None:
    return None if place is None else float(0 < place <= depth)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _contradicted(o: Outcome) -> bool:
    return any(conflict.contradicts for conflict in o.answer.conflicts)


Value = Callable[[Outcome], float | None]
#: Each figure's value for one question; None: it does not apply. Their means are the figures.
SHARES: Mapping[str, Value] = MappingProxyType(
    {
        f"document_recall@{RECALL_AT}": lambda o: _within(o.document_place, RECALL_AT),
        "evidence_recall@1": lambda o: _within(o.evidence_place, 1),
        f"evidence_recall@{RECALL_AT}": lambda o: _within(o.evidence_place, RECALL_AT),
        f"evidence_recall@{DEPTH}": lambda o: _within(o.evidence_place, DEPTH),
        f"ndcg@{DEPTH}": lambda o: None if o.evidence_place is None else discounted(o.evidence_place or None, DEPTH),
        "evidence_cited": lambda o: o.evidence_cited,
        "citation_precision": lambda o: _share(o.citations),
        "citation_recall": lambda o: any(o.citations) if o.evidence_cited is not None else None,
        "pinpoints_right": lambda o: _share(o.pinpoints),
        "answer_said": lambda o: o.answer_said,
        "statements": lambda o: None if o.refused else float(len(o.answer.statements)),
        "answer_words": lambda o: (
            max((share_said(o.answer.text, a) for a in o.gold.answers), default=None) if o.answerable else None
        ),
        "citations_verbatim": lambda o: o.verbatim,
        "refused_of_unanswerable": lambda o: None if o.answerable else o.refused,
        "refused_of_answerable": lambda o: o.refused if o.answerable else None,
        "conflicts_found": lambda o: _contradicted(o) if o.answerable and o.gold.kind in DISAGREEING else None,
        "conflicts_false": lambda o: _contradicted(o) if o.gold.kind and o.gold.kind not in DISAGREEING else None,
    }
)
#: Figures that are not told of groups: the deeper and shallower recalls.
_ONLY_IN_ALL = frozenset({f"document_recall@{RECALL_AT}", "evidence_recall@1", f"evidence_recall@{DEPTH}", "citation_recall"})
GROUPED = tuple(name for name in SHARES if name not in _ONLY_IN_ALL)


def _known(outcomes: Sequence[Outcome], value: Value) -> list[float]:
    return [float(found) for o in outcomes if (found := value(o)) is not None]


def _groups(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault(key(o) or "not said", []).append(o)
    found = {}
    for name, members in sorted(groups.items()):
        values = {figure: _known(members, SHARES[figure]) for figure in GROUPED}
        confidences, events = [o.answer.confidence for o in members], [o.right for o in members]
        found[name] = {
            "questions": len(members),
            **{figure: mean(known) for figure, known in values.items()},
            "calibration_error": calibration_error(confidences, events),
            "intervals": {figure: interval(known) for figure, known in values.items()},
        }
    return found


def readable(metrics: dict[str, Any]) -> str:
    """For people: each figure with its interval, then tables by language and kind."""
    return _laid_out(metrics, lambda cells: f"{cells[0]:26}" + "".join(f"{cell:>24}" for cell in cells[1:]), rule=False)


def markdown(metrics: dict[str, Any]) -> str:
    """The same as tables of Markdown."""
    return _laid_out(metrics, lambda cells: f"| {' | '.join(cells)} |", rule=True)


def _laid_out(metrics: dict[str, Any], line: Callable[[Sequence[str]], str], *, rule: bool) -> str:
    plain = [(name, value) for name, value in metrics.items() if not isinstance(value, dict)]
    steps = ", ".join(f"{step} {value}" for step, value in metrics["ms_by_step"].items())
    tables: list[list[tuple[str, ...]]] = [
        [("figure", "value", "95 %"), *((n, _shown(v), _bounds(metrics["intervals"].get(n))) for n, v in plain)]
    ]
    for title in ("by_language", "by_kind"):
        groups = metrics[title]
        heads = [(title.replace("_", " "), *groups), ("questions", *(str(group["questions"]) for group in groups.values()))]
        rows = [
            (figure, *(_with_bounds(group, figure) for group in groups.values())) for figure in (*GROUPED, "calibration_error")
        ]
        tables.append([*heads, *(row for row in rows if set(row[1:]) != {"–"})])
    lines = []
    for table in tables:
        shown = [line(cells).rstrip() for cells in table]
        lines += [shown[0], *([line(["---"] * len(table[0]))] if rule else []), *shown[1:], ""]
    return "\n".join([*lines, f"ms by step: {steps}"])


def _with_bounds(group: dict[str, Any], figure: str) -> str:
    bounds = _bounds(group["intervals"].get(figure))
    return f"{_shown(group[figure])} {bounds}".strip()


def _bounds(found: tuple[float, float] | None) -> str:
    return f"{found[0]:.2f}–{found[1]:.2f}" if found else ""


def _shown(value: object) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
