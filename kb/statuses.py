"""What the sources say of the state of an agreement, project or crossing at different dates: in force, suspended, completed.

A later state supersedes an earlier one and is no contradiction; two that exclude each other within a month are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kb.conflicts import marker_of
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.question import Question
from kb.records import Citation, Conflict, ConflictValue
from kb.timespans import Timespan, timespans_of

State = Literal["on", "off", "done", "undone"]

KINDS = ("yes_no", "factoid", "comparison", "timeline", "keywords")  # who wants a date or a figure asks for no state
POOL = 30  # judged sentences that are looked at, the most probable first
CLOSE = 0.15  # share of the best probability: what was so before is less like the question than what is so
REACH = 40  # characters before the word for a state in which it is denied or put off
SAME_TIME = 31  # days within which two states are of one time
_THINGS = frozenset({"agreement", "project", "crossing", "port"})
_AGAINST: dict[State, State] = {"on": "off", "off": "on", "done": "undone", "undone": "done"}
_STATES = re.compile(
    r"(?P<off>\b(?:suspend\w*|closed|shut|halted|stalled|terminated|cancelled|expired|lapsed|no longer in force|ceased|"
    r"приостановлен\w*|закрыт\w*|прекращ[её]н\w*|расторгнут\w*)\b|معطل|بند (?:ہے|ہیں|رہ|کر|ہو)|منسوخ)|"
    r"(?P<undone>\b(?:unfinished|incomplete|under construction|being built|строится|не заверш[её]н\w*)\b|زیر تعمیر|نامکمل)|"
    r"(?P<done>\b(?:completed|finished|commissioned|заверш[её]н\w*|построен\w*)\b|مکمل (?:ہو|کر))|"
    r"(?P<on>\b(?:in force|into force|in effect|took effect|takes effect|operational|(?:re)?opened|open\b|resumed|restarted|"
    r"вступил\w* в силу|действует|открыт\w*|возобновл[её]н\w*)|نافذ|کھ[لو]\w* (?:ہے|ہیں|دی|گ)|بحال)",
    re.I,
)
_NEGATED = re.compile(r"\b(?:not|not yet|never|neither|nor|не|пока не|ещё не)\s+(?:\w+\s+){0,3}$", re.I)
_NEGATED_BEHIND = re.compile(r"^\s*(?:\S+\s){0,2}نہیں")
#: Nobody says that it is so: it is to be, it was so before, or it is asked whether.
_NOT_NOW = re.compile(
    r"\b(?:to be|to stay|should|would|will|could|(?-i:may)|might|expected|planned|plans?|aim\w*|wish\w*|want\w*|until|before|"
    r"had|used to|formerly|if|whether|when|spoke of|putting|for|can|must|date of|"
    r"будет|должн\w+|до|раньше|если|планир\w+)\s+(?:\w+\s+){0,4}$",
    re.I,
)
_ASKED = re.compile(
    r"\b(?:in force|into force|effect\w*|open\w*|clos\w+|shut|suspend\w*|operat\w+|complet\w+|finish\w+|status|state of|resum\w+|"
    r"running|work(?:s|ing)?)\b|в силу|действу|закрыт|открыт|приостанов|заверш|статус|نافذ|معطل|بند|کھل|مکمل|حیثیت",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Status:
    """`evidence.text[start:end]` says that the thing asked about is in `state`, at `when`."""

    evidence: Evidence
    start: int
    end: int
    state: State
    when: Timespan


def statuses(question: Question, evidence: Sequence[Evidence], gazetteer: Gazetteer) -> list[Status]:
    """States that exclude each other, the newest first; none where the question asks for no state or all agree."""
    asked = {str(m.entity_id) for m in question.entities if gazetteer.entities[str(m.entity_id)].type in _THINGS}
    if question.kind not in KINDS or not asked or not evidence or not _ASKED.search(question.text):
        return []
    enough = CLOSE * evidence[0].probability
    about = [
        item
        for item in evidence[:POOL]
        if item.probability >= enough and asked & {str(m.entity_id) for m in gazetteer.find(item.text)}
    ]
    found = sorted((s for item in about if (s := status_of(item))), key=lambda s: -s.when.last)
    newest: dict[State, Status] = {}
    for status in found:
        newest.setdefault(status.state, status)
    return [status for state, status in newest.items() if _AGAINST[state] in newest]


def status_of(item: Evidence) -> Status | None:
    """The state that a sentence tells with its day; None where it tells none, several, one to come, or no day."""
    text = item.text
    told = [(m, s) for m in _STATES.finditer(text) if (s := _state(text, m))]
    today = date.today().toordinal()
    dated = [span for span in timespans_of(text) if span.first <= today]
    if len({state for _, state in told}) != 1 or not dated:
        return None
    match, state = told[0]
    near = min(dated, key=lambda span: abs(span.start - match.start()))
    denied = _NEGATED.search(text, max(0, match.start() - REACH), match.start())
    return Status(item, denied.start() if denied else match.start(), match.end(), state, near)


def _state(text: str, match: re.Match[str]) -> State | None:
    state: State = match.lastgroup  # type: ignore[assignment]  # a group of _STATES
    before = text[max(0, match.start() - REACH) : match.start()]
    if _NEGATED.search(before) or _NEGATED_BEHIND.search(text[match.end() :]):
        return _AGAINST[state]
    return None if _NOT_NOW.search(before) else state


def status_conflict(
    found: Sequence[Status], question: Question, gazetteer: Gazetteer, said: Sequence[Citation], text_of: Callable[[str], str]
) -> tuple[tuple[Conflict, ...], tuple[Citation, ...]]:
    """`statuses` as a conflict, each older one marked as superseded unless it is of the time of the newest, and the citations
    that it adds to `said`. Raises kb.cite.QuoteMismatch."""
    if not found:
        return (), ()
    added: list[Citation] = []
    values = tuple(
        ConflictValue(
            value=status.evidence.text[status.start : status.end],
            citation=marker_of(status.evidence, said, added, text_of),
            as_of=status.when.iso,
            tier=status.evidence.candidate.hit.document.metadata.kind,
            superseded=found[0].when.last - status.when.last > SAME_TIME,
        )
        for status in found
    )
    names = dict.fromkeys(gazetteer.entities[str(m.entity_id)].name for m in question.entities)
    return (Conflict(f"status ({', '.join(names)})", values),), tuple(added)
