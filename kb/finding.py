"""What was judged and may answer; what contradicts it; why there is no answer; how sure one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kb.abstain import SEARCHED_IN_PART, not_one_question, reason_for_abstaining
from kb.conflicts import conflicts_of
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.premise import Objection, is_on_another, objection, unknown_names
from kb.question import Question
from kb.records import Citation, Conflict, Filters
from kb.retrieve import Query
from kb.stated import Stated
from kb.statuses import status_conflict, statuses

LIKELY = 0.05  # of a sentence that could be said: what names the others hold costs time and changes nothing


@dataclass(frozen=True, slots=True)
class Finding:
    """`evidence` may answer, of all that was `judged`; `objection` is to the best of that; `unknown` are names nobody knows."""

    evidence: list[Evidence]
    judged: list[Evidence]
    objection: Objection | None
    unknown: tuple[str, ...]


def finding_of(
    question: Question, judged: list[Evidence], gazetteer: Gazetteer, frequencies: Callable[[Sequence[str]], Mapping[str, int]]
) -> Finding:
    """The sentences that bear out what the question takes for granted, and why the best of the others were left out."""
    types = {uid: entity.type for uid, entity in gazetteer.entities.items()}
    today = date.today()

    def against(evidence: Evidence) -> Objection | None:
        found = objection(question, evidence.text, today, types)
        if found or evidence.probability < LIKELY:
            return found
        named = {mention.entity_id for mention in gazetteer.find(evidence.text) if mention.entity_id}
        return "another" if is_on_another(question, named, types) else None

    objections = [against(evidence) for evidence in judged]
    kept = [evidence for evidence, found in zip(judged, objections, strict=True) if found is None]
    unknown = unknown_names(question, frequencies)
    return Finding([] if unknown or not_one_question(question) else kept, judged, next(iter(objections), None), unknown)


def reason(query: Query, finding: Finding, threshold: float, partial: bool = False) -> str:
    """Why there is no answer. `partial`: a part of the collection could not be searched."""
    question, best = query.question, next(iter(finding.judged), None)
    passed_over = finding.evidence and finding.evidence[0].probability >= threshold
    against: Objection | None = "missing" if passed_over else finding.objection
    filtered = query.filters != Filters()
    told = not_one_question(question)
    if told is None and partial and not finding.unknown:  # words are counted over the whole collection
        told = SEARCHED_IN_PART
    return told or reason_for_abstaining(question, best, filtered, against, finding.unknown)


def confidence(finding: Finding, most: float) -> float:
    """The best sentence's probability; of an abstention no more than what is answered from."""
    return min(finding.evidence[0].probability, most) if finding.evidence else 0.0


def contradictions(
    question: Question,
    differing: Sequence[Sequence[Stated]],
    judged: Sequence[Evidence],
    gazetteer: Gazetteer,
    said: tuple[Citation, ...],
    text_of: Callable[[str], str],
) -> tuple[tuple[Conflict, ...], tuple[Citation, ...]]:
    """What sources disagree on and what changed over time, and the citations that they add to those of the statements."""
    conflicts, cited = conflicts_of(differing, question, gazetteer, said, text_of)
    course, also = status_conflict(statuses(question, judged, gazetteer), question, gazetteer, said + cited, text_of)
    return conflicts + course, cited + also
