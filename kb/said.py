"""A judged sentence with what it holds, and when two of them say the same or speak of different things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from kb.answer_values import Value, content, facts_of, main_values, nearness_of, values_of
from kb.cells import cells_of
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.question import Question
from kb.timespans import timespans_of

SAME = 0.8  # Jaccard overlap of stems from which two sentences say the same, whatever is asked
SAME_VALUE = 0.3  # Jaccard overlap of all that they name, if they also give the same values of the asked type
CLOSE = 0.8  # share of a group's best probability from which a sentence may speak for it
ENUMERATED = 3  # items from which a sentence enumerates
_THINGS = frozenset({"agreement", "project"})
#: A sentence on another thing than the one before it, or on what was there before it.
_ANOTHER_ONE = re.compile(
    r"\b(?:another|older|earlier|previous|former)\s+\w+|\b(?:друг(?:ой|ая|ое|ую|ого)|прежн\w+|предыдущ\w+)\s+\w+|"
    r"(?:پرانے|پرانا|سابقہ|دوسرے|دوسرا)\s",
    re.I,
)
#: What the sources themselves say that they do not tell.
_SILENT = re.compile(
    r"\b(?:is|are|was|were) not (?:stated|given|named|known|reported|told)\b|"
    r"\b(?:do|does|did) not (?:state|say|tell|give|name|report|mention|record)\b|"
    r"\b(?:gives?|names?|states?|reports?) no (?:figures?|dates?|names?|numbers?|price|sum|place|reason)\b|"
    r"\bне (?:указан\w*|сообща\w+|назван\w*|говор\w+|известн\w+)\b|(?:نہیں بتا|درج نہیں|معلوم نہیں|ذکر نہیں)",
    re.I,
)
_ABOUT_ITSELF = re.compile(
    r"^(?:This|A|An|The|These)\s+(?:\w+\s+)?(?:brief|digest|document|page|file|note|overview|compilation|summary|sheet)s?\b|"
    r"^(?:Это|Эта|Этот|Настоящ\w+)\s+(?:\w+\s+)?(?:обзор|справк|документ|дайджест|свод)|"
    r"^یہ .{0,50}(?:خلاصہ|دستاویز|صفحہ|فہرست|جائزہ)",
    re.I,
)
_DONE_ASKED = re.compile(r"\b(?:did|was|were|had|has|have)\b|\bкогда \w+(?:л|ла|ло|ли|на|но|ны)\b|\b(?:ہوا|ہوئی|ہوئے)\b", re.I)
_TO_BE = re.compile(
    r"\b(?:was|were|is|are) (?:then )?(?:to \w+|expected|due|planned)\b|\bwould\b|\bplann?ed (?:to|for)\b|"
    r"\bдолж\w+|\bпланир\w+|\bожида\w+",
    re.I,
)
_SEPARATOR = re.compile(r"[,;،؛]\s|\s(?:and|и|اور)\s")
_OUTER_SEPARATOR = re.compile(r"[;؛]\s")


@dataclass(frozen=True, slots=True)
class Said:
    """Values of the asked type, those of them that answer, all that the sentence names, its stems; `things` are the agreements
    and projects among what it names, `nearness` how near the question's words stand to what answers."""

    evidence: Evidence
    values: tuple[Value, ...]
    main: tuple[Value, ...]
    facts: frozenset[str]
    stems: frozenset[str]
    things: frozenset[str]
    nearness: float

    @property
    def text(self) -> str:
        return self.evidence.text

    @property
    def row(self) -> bool:
        return bool(self.evidence.candidate.hit.passage.rows)

    @property
    def place(self) -> str | None:
        return self.evidence.candidate.hit.passage.locator.pinpoint

    @property
    def document(self) -> str:
        return self.evidence.candidate.hit.passage.document_id

    @property
    def probability(self) -> float:
        return self.evidence.probability

    @property
    def part(self) -> frozenset[str]:
        """The part of the whole that a row's values are of, in stems."""
        return frozenset(content(cells_of(self.text).scope)) if self.row else frozenset()

    @property
    def item(self) -> frozenset[str]:
        """What a row of a table is about: the stems of its first cell."""
        cells = cells_of(self.text).values if self.row else ()
        return frozenset(content(cells[0][1])) if cells else frozenset()


def said_by(question: Question, item: Evidence, gazetteer: Gazetteer) -> Said:
    values = values_of(question, item.text, gazetteer)
    main = tuple(main_values(question, item.text, values, gazetteer))
    facts = frozenset(facts_of(item.text, gazetteer))
    return Said(
        evidence=item,
        values=tuple(values),
        main=main,
        facts=facts,
        stems=frozenset(content(item.text)),
        things=frozenset(f for f in facts if f in gazetteer.entities and gazetteer.entities[f].type in _THINGS),
        nearness=nearness_of(question, item.text, main, gazetteer),
    )


def says_the_same(said: Said, one: Said) -> bool:
    """Rows of one table share their columns' names, and differ in what matters: they say the same only if they are equal."""
    if said.row and one.row and said.document == one.document:
        return said.text == one.text
    if one.main:
        return not new_values(one, [said]) and overlap(said.facts, one.facts) >= SAME_VALUE
    return overlap(said.stems, one.stems) >= SAME


def new_values(one: Said, said: Sequence[Said]) -> list[Value]:
    """The values of `one` that nobody has said; a month is no news after its day."""
    known = [value for other in said for value in other.values]
    return [value for value in one.main if not any(_covers(value, other) for other in known)]


def on_another_thing(one: Said, first: Said, question: Question) -> bool:
    """Whether a sentence is on another agreement or project than the first, or on an "older", "another" one."""
    if first.things and one.things and not first.things & one.things:
        return True
    return speaks_of_another(one, question) and not _ANOTHER_ONE.search(first.text)


def speaks_of_another(one: Said, question: Question) -> bool:
    return bool(_ANOTHER_ONE.search(one.text)) and not _ANOTHER_ONE.search(question.text)


def is_of_another_time(one: Said, question: Question) -> bool:
    """Whether a sentence tells what was to be, where the question asks what was."""
    return bool(_DONE_ASKED.search(question.text) and _TO_BE.search(one.text) and not _TO_BE.search(question.text))


def latest(one: Said) -> int:
    """Day number of the latest day that the sentence dates; 0 for none."""
    return max((span.last for span in timespans_of(one.text)), default=0)


def told_until(one: Said, today: int) -> int:
    """The month of the latest day up to `today` (a day number) that the sentence dates, counted from year 0; 0 for none. A day
    of February is no later than February."""
    days = [date.fromordinal(min(span.last, today)) for span in timespans_of(one.text) if span.first <= today]
    return max((day.year * 12 + day.month for day in days), default=0)


def as_much_on_the_subject(one: Said, best: Said) -> bool:
    """Whether a sentence has as many of the question's names and figures as the best one."""
    return all(one.evidence.features[name] >= best.evidence.features[name] for name in ("entities", "numbers"))


def is_silent(text: str) -> bool:
    """Whether a sentence says that the sources do not tell."""
    return bool(_SILENT.search(text))


def is_about_itself(one: Said) -> bool:
    """ "A brief on …": it names what its document holds, and says none of it."""
    return bool(_ABOUT_ITSELF.search(one.text))


def enumerated(text: str) -> int:
    """How many items a sentence enumerates behind a colon, or else at all; fewer than ENUMERATED count as none."""
    behind = text.partition(": ")[2]
    outer = len(_OUTER_SEPARATOR.findall(behind)) + 1 if behind else 0
    items = outer if outer >= ENUMERATED else len(_SEPARATOR.findall(behind or text)) + 1
    return items if items >= ENUMERATED else 0


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard overlap; 0 of nothing."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _covers(value: Value, other: Value) -> bool:
    if value.type == "date" == other.type:
        (start, end), (first, last) = value.key.split("/"), other.key.split("/")
        return start <= first and last <= end
    return value.key == other.key


@dataclass(slots=True)
class Group:
    """Sentences that say the same, the most probable first."""

    members: list[Said] = field(default_factory=list)

    @property
    def first(self) -> Said:
        return self.members[0]

    def let_the_most_direct_speak(self, question: Question) -> None:
        """Put first the nearly as probable sentence that gives the same and the fewest values beside it, for which they may be
        taken."""
        first = self.first
        answer = {value.key for value in first.main}

        def may_speak(one: Said) -> bool:
            same = {value.key for value in one.main} == answer and one.probability >= CLOSE * first.probability
            return same and not speaks_of_another(one, question) and not is_about_itself(one)

        if len(first.values) > len(first.main):
            self.members.sort(key=lambda one: (not may_speak(one), len(one.values)))
