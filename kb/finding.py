"""What was judged and may answer; what contradicts it; why there is no answer; how sure one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kb.abstain import SEARCHED_IN_PART, not_one_question, reason_for_abstaining
from kb.conflicts import conflicts_of
from kb.directions import turned_round
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.measured import gives_another_measure, only_aimed_at
from kb.offices import Office, names_holder, office_asked, says_holder
from kb.premise import (
    Objection,
    is_another_edition,
    is_on_another,
    lacks_a_company,
    names_what_is_asked,
    objection,
    tells_of_it,
    unknown_names,
)
from kb.question import Question
from kb.question_parts import has_halves
from kb.records import Citation, Conflict, Filters
from kb.retrieve import Query
from kb.said import is_silent
from kb.stated import Stated
from kb.statuses import status_conflict, statuses

LIKELY = 0.05  # of a sentence that could be said: what names the others hold costs time and changes nothing
MISLED: tuple[Objection, ...] = ("another", "turned", "planned")
#: Share of the probability of the best, which is objected to, that a sentence must reach to answer in its place; chosen.
NEARLY = 0.75
HOLDS = 0.6  # probability of a sentence that says who holds the office asked about; chosen


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
    office = office_asked(question, gazetteer)
    if office:
        judged = _with_holders_first(office, judged, gazetteer)
    objections = [_objection(question, evidence, gazetteer, office) for evidence in judged]
    kept = [evidence for evidence, found in zip(judged, objections, strict=True) if found is None]
    unknown = unknown_names(question, frequencies)
    if kept and objections[0] == "another" and not question.article:
        kept = [
            evidence for evidence in kept if names_what_is_asked(question, _named(evidence.text, gazetteer), gazetteer.entities)
        ]
    if kept and objections[0] in MISLED and kept[0].probability < NEARLY * judged[0].probability:
        kept = []  # what the question is nearest to is no answer to it, and this is further off
    return Finding([] if unknown or not_one_question(question) else kept, judged, next(iter(objections), None), unknown)


def _objection(question: Question, evidence: Evidence, gazetteer: Gazetteer, office: Office | None) -> Objection | None:
    """Why a sentence cannot answer; names are looked for only where it could be said."""
    text = evidence.text
    types = {m.entity_id: gazetteer.entities[m.entity_id].type for m in question.entities if m.entity_id}
    found = objection(question, text, date.today(), types)
    if found or evidence.probability < LIKELY or question.article:  # an article is known by its number
        return found
    named = _named(text, gazetteer)
    title = _named(evidence.candidate.hit.document.metadata.title, gazetteer)
    if is_on_another(question, named, gazetteer.entities, title) or is_another_edition(question.text, text):
        return "another"
    if turned_round(question.text, text, gazetteer):
        return "turned"
    if office and not names_holder(office, text, gazetteer, evidence.candidate.hit.document.metadata.published):
        return "missing"
    if is_silent(text):
        return None
    if gives_another_measure(question, text) or (not has_halves(question) and not tells_of_it(question, text)):
        return "missing"
    if lacks_a_company(question, text, {one: gazetteer.entities[one].type for one in named}, named):
        return "missing"
    return "planned" if only_aimed_at(question, text) else None


def _named(text: str, gazetteer: Gazetteer) -> set[str]:
    return {mention.entity_id for mention in gazetteer.find(text) if mention.entity_id}


def _with_holders_first(office: Office, judged: Sequence[Evidence], gazetteer: Gazetteer) -> list[Evidence]:
    """The sentences, those that say who holds the office with HOLDS at least: they are identified and not judged by meaning."""
    raised = [
        replace(evidence, probability=max(evidence.probability, HOLDS))
        if says_holder(office, evidence.text, gazetteer)
        else evidence
        for evidence in judged
    ]
    return sorted(raised, key=lambda evidence: -evidence.probability)


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
