"""Who holds an office: which office a question asks for, and whether a sentence names somebody in that very one.

By meaning any ambassador is near any other. An office is a role, what it is of ("energy"), whose it is, and for an ambassador
where; the gazetteer says of the people it knows what they are, so that "Ambassador Kistafin" is Kazakhstan's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from kb.gazetteer import Entity, Gazetteer
from kb.question import Question
from kb.question_parts import asks_of_now
from kb.timespans import timespans_of

PAST = 3 * 365  # days from which on somebody who held an office is no answer to who holds it now; chosen
_PLACES = ("country", "place")
_ROLES: tuple[tuple[str, str], ...] = (
    ("deputy prime minister", r"(?:deputy|vice)[ -](?:prime minister|premier)|вице-премьер\w*|نائب وزیر ?اعظم"),
    ("deputy minister", r"(?:deputy|vice)[ -](?:\w+ ){0,2}minister|заместител\w+ (?:\w+ ){0,2}министра|نائب وزیر"),
    ("prime minister", r"prime ministers?|premiers?|премьер(?:-министр)?\w*|وزیر ?اعظم"),
    ("president", r"presidents?|президент\w*|صدر"),
    ("ambassador", r"ambassadors?(?:-designate)?|(?<!special )envoy|пос(?:ол|ла|лом|лу|ле)\b|سفیر"),
    ("speaker", r"speaker|спикер\w*|سپیکر|اسپیکر"),
    ("governor", r"governor|губернатор\w*|گورنر"),
    ("minister", r"ministers?|министр\w*|وزیر"),
)
_ROLE = re.compile("|".join(rf"(?<!\w)(?P<r{number}>{words})(?!\w)" for number, (_, words) in enumerate(_ROLES)), re.I)
_BARE = re.compile(r"^(?:\W*\S+){1,6}$")
_WHO_IS = re.compile(r"\bwho(?:['’]?s| is| was| are| were)\s+(?:[\w'’-]+\s+){0,5}$|\bкто\s+(?:[\w-]+\s+){0,3}$", re.I)
_URDU_WHO = re.compile(r"کون (?:ہے|ہیں|تھ[اے])")
_FIELDS: tuple[tuple[str, str], ...] = (
    ("foreign", r"foreign|external|иностранн\w*|خارجہ"),
    ("defence", r"defen[cs]e|оборон\w*|دفاع"),
    ("energy", r"energy|power|petroleum|энергетик\w*|توانائی"),
    ("trade", r"trade|commerce|торговл\w*|تجارت"),
    ("finance", r"finance|финанс\w*|خزانہ"),
    ("interior", r"interior|внутренн\w*|داخلہ"),
    ("transport", r"transport|railways?|communications?|maritime|транспорт\w*|مواصلات|ریلوے"),
    ("education", r"education|science|образовани\w*|تعلیم"),
    ("culture", r"culture|культур\w*|ثقافت"),
    ("economy", r"economy|economic|planning|экономик\w*|منصوبہ بندی"),
    ("climate", r"climate|environment|климат\w*|ماحولیات"),
    ("agriculture", r"agriculture|food|сельск\w*|زراعت"),
    ("health", r"health|здравоохранени\w*|صحت"),
    ("justice", r"justice|law|юстиц\w*|قانون"),
)
_FIELD = re.compile("|".join(rf"(?<!\w)(?P<f{number}>{words})(?!\w)" for number, (_, words) in enumerate(_FIELDS)), re.I)
BESIDE = 30  # characters to either side of a role in which stands of what it is
# Places are blanked out: "ambassador of § Avazbek Atakhanov", "Avazbek Atakhanov, the ambassador of §", "Person: …; Office: …".
_NAME_BEHIND = re.compile(r"(?:\s+(?:of|in|to|for|the)\b|\s*§+(?:['’]?s)?|,)*\s*[A-ZА-ЯЁ][\w’'-]+")
_NAME_BEFORE = re.compile(r"[A-ZА-ЯЁ][\w’'-]+,\s+(?:[\w§’'-]+\s+){0,4}$|^\w+: [A-ZА-ЯЁ][^;:]+; [^;:]+: (?:[\w§’'-]+\s+){0,4}$")
_HOST = re.compile(r"\b(?:in|to|at|в|во)\s+(?:the\s+)?$", re.I)
_URDU_HOST = re.compile(r"^\s*میں(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Office:
    """`field` is what a minister is of, "" where it is not said; `of` and `host` are codes of countries, "" likewise."""

    role: str
    field: str
    of: str
    host: str
    named: bool = False  # a name stands beside it
    asked_on: int = 0  # the day (date.toordinal) on which a question asks who holds it; 0: who held it is no matter

    def fits(self, other: Office) -> bool:
        """Whether it can be the same: of all that both say they say the same."""
        pairs = ((self.field, other.field), (self.of, other.of), (self.host, other.host))
        return self.role == other.role and all(not a or not b or a == b for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Term:
    """An office that somebody held, and the last day (date.toordinal) for which that is said; 0 where nobody says when."""

    office: Office
    last: int


def office_asked(question: Question, gazetteer: Gazetteer) -> Office | None:
    """The office whose holder a question asks for: "Who is the Kazakh ambassador in Islamabad?"; None for another question."""
    text = question.text
    if question.kind not in ("person", "keywords"):
        return None
    found = next((match for match in _ROLE.finditer(text)), None)
    before = text[: found.start()] if found else ""
    bare = question.kind == "keywords" and _BARE.match(text)
    if found is None or not (_WHO_IS.search(before) or _URDU_WHO.search(text) or bare):
        return None
    asked = next((one for one in _offices(text, gazetteer) if one.of), None)
    of_now = not question.period and asks_of_now(question)
    return replace(asked, asked_on=date.today().toordinal()) if asked and of_now else asked


def names_holder(asked: Office, sentence: str, gazetteer: Gazetteer, published: str = "") -> bool:
    """Whether a sentence names the role, and somebody who by the gazetteer or by its own words holds the office.

    Asked who holds it now: nobody of whom it is known that another came after him, or only that he held it long ago.
    `published` is when the sentence was, where it does not say so itself.
    """
    told = [one for one in _offices(sentence, gazetteer) if one.role == asked.role]
    if not told:
        return False
    people = [gazetteer.entities[m.entity_id] for m in gazetteer.find(sentence) if m.entity_id and m.label == "PERSON"]
    known = [term for one in people if one.office for term in _held(one, gazetteer)]
    if fitting := [term for term in known if asked.fits(term.office) and term.office.field == asked.field]:
        return _may_be_now(asked, max(term.last for term in fitting), gazetteer)
    if known or not any(one.named and asked.fits(one) and one.of == asked.of and one.field == asked.field for one in told):
        return False
    told_on = timespans_of(sentence) or timespans_of(published)
    return _may_be_now(asked, max((span.last for span in told_on), default=0), gazetteer)


def _may_be_now(asked: Office, last: int, gazetteer: Gazetteer) -> bool:
    """Whether who held an office on a day (0: nobody says when) may hold it now, by all that is known of others."""
    if not asked.asked_on or not last:
        return True
    newest = max((term.last for _, term in _terms(asked, gazetteer)), default=0)
    return last >= newest and asked.asked_on - last < PAST


def says_holder(asked: Office, sentence: str, gazetteer: Gazetteer) -> bool:
    """Whether a sentence says itself whose the office is, with a name beside it: "Kylychbek Sultan, ambassador of Kyrgyzstan"."""
    told = (one for one in _offices(sentence, gazetteer) if one.named and one.of == asked.of and one.field == asked.field)
    return any(asked.fits(one) for one in told) and names_holder(asked, sentence, gazetteer)


def holders(asked: Office, gazetteer: Gazetteer) -> tuple[str, ...]:
    """Names of those who by the gazetteer hold or held the office, or may hold it now: what to search for."""
    return tuple(name for name, term in _terms(asked, gazetteer) if _may_be_now(asked, term.last, gazetteer))


def _terms(asked: Office, gazetteer: Gazetteer) -> list[tuple[str, Term]]:
    held = ((one.name, term) for one in gazetteer.entities.values() if one.office for term in _held(one, gazetteer))
    return [
        (name, term) for name, term in held if asked.fits(term.office) and term.office.field == asked.field and term.office.of
    ]


@lru_cache(maxsize=512)
def _held(entity: Entity, gazetteer: Gazetteer) -> tuple[Term, ...]:
    """What the gazetteer says: "Foreign Minister of Pakistan (as of December 2025); Finance Minister (as of October 2014)"."""
    return tuple(
        Term(office, max((span.last for span in timespans_of(part)), default=0))
        for part in entity.office.split(";")
        for office in _offices(part, gazetteer)
    )


@lru_cache(maxsize=8192)
def _offices(text: str, gazetteer: Gazetteer) -> tuple[Office, ...]:
    return tuple(_found(text, gazetteer))


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the part of a sentence, or the cell of a row, begins and ends that holds [start, end)."""
    first = max(text.rfind(mark, 0, start) for mark in ":;") + 1
    return first, min((place for mark in ":;" if (place := text.find(mark, end)) >= 0), default=len(text))


def _found(text: str, gazetteer: Gazetteer) -> Iterator[Office]:
    named = [(m.start, m.end, gazetteer.entities[m.entity_id or ""]) for m in gazetteer.find(text)]
    places = [(a, b, one.countries[0]) for a, b, one in named if one.type in _PLACES and len(one.countries) == 1]
    blank = text
    for a, b, _ in places:
        blank = blank[:a] + "§" * (b - a) + blank[b:]
    for match in _ROLE.finditer(text):
        role = _ROLES[int(str(match.lastgroup)[1:])][0]
        first, last = _clause(text, match.start(), match.end())
        near = text[max(first, match.start() - BESIDE) : min(last, match.end() + BESIDE)]
        field = _FIELD.search(near) if role in ("minister", "deputy minister") else None
        hosts = [code for a, b, code in places if _HOST.search(text[:a]) or _URDU_HOST.match(text[b:])]
        own = [
            (max(a - match.end(), match.start() - b), code)
            for a, b, code in places
            if first <= a < last
            and not (_HOST.search(text[:a]) or _URDU_HOST.match(text[b:]))
            and max(a - match.end(), match.start() - b) <= BESIDE
        ]
        of = min(own, default=(0, ""))[1]
        host = next((code for code in hosts if code != of), "") if role == "ambassador" else ""
        beside = _NAME_BEHIND.match(blank[match.end() :]) or _NAME_BEFORE.search(blank[: match.start()])
        yield Office(role, _FIELDS[int(str(field.lastgroup)[1:])][0] if field else "", of, host, bool(beside))
