"""The parts of a question: its halves ("when, and by whom?"), the things that it names one by one, what it asks beside names."""

from __future__ import annotations

import re

from kb.answer_values import asked_types, content
from kb.gazetteer import Gazetteer
from kb.preferred import standing
from kb.question import Question

HUB = "PK"  # in nearly every question of this collection: a comparison is between the others
SAYING = 2  # words with a meaning that a half of a question has which says what it is about
ITEMS = 3  # things that a question names behind a colon, from which it asks for each of them
#: A country signs and an embassy opens, but who directs is a person.
OFFICE_ASKED = re.compile(
    r"\bwho (?:is|was|are|were|directs?|directed|heads?|headed|leads?|led|chairs?|chaired|runs?|ran|manages?|founded)\b|"
    r"\bкто (?:возглавля\w+|руковод\w+|является)|کون (?:سربراہ|صدر|سفیر|ہے|تھا)",
    re.I,
)
_VERB = re.compile(
    r"\b(?:was|were|did|had|is|are|do|does|has|have|will|would|\w{2,}ed)\b|\b\w{3,}(?:л|ла|ло|ли|лся|лась|лись|ет|ют|ит|ят)\b|"
    r"(?:ہے|ہیں|تھا|تھی|تھے|ہوا|ہوئی|کیا|رہی|رہیں)(?=\s|$|[؟?])",
    re.I,
)
_ANOTHER_PART = re.compile(
    r"\b(?:and|or|,)\s+(?:(?:by|in|to|from|for|at|on|with|since)\s+)?(?:when|where|who|whom|whose|what|which|how|why|can|is|are|was|were|did|does)\b|"
    r"\bи\s+(?:(?:с|в|на|из|по|от|до)\s+)?(?:ког[од]\w*|где|кто|кем|как\w*|сколько|чег\w|чем|что)\b|اور\s+(?:\S+\s+)?(?:کب|کہاں|کون|کس|کتن[ایے]|کیا)",
    re.I,
)


#: Words of a question for a timeline that no sentence of one has.
COURSE = frozenset(
    content(
        "timeline chronology history milestone steps stages course sequence order develop development evolve change shift "
        "progress project years time dates хронология история этапы развитие проект ход مراحل تاریخ منصوبہ منصوبے ترتیب وار"
    )
)


_NOW = re.compile(
    r"^\W*(?:who(?: is|['’]?s| are)|кто|is|are|has|have)\b(?! (?:was|были?))|\bwhen (?:will|is|are)\b|"
    r"\bhow (?:many|much)\b.*\b(?:is|are|study|live|work|have|has)\b|когда (?:\w+ )?буд|"
    r"کون (?:ہے|ہیں)|گ[ایے](?:\s|$|[؟?])",
    re.I,
)
_BARE = ("keywords", "number")


def asks_of_now(question: Question) -> bool:
    """Whether a question asks how things stand: "who is", "status", "latest", or without a verb ("flights to Tashkent")."""
    if standing(question.text) or _NOW.search(question.text):
        return True
    return question.kind in _BARE and not _VERB.search(question.text)


def has_halves(question: Question) -> bool:
    return len(asked_types(question)) > 1 or bool(_ANOTHER_PART.search(question.text))


def compared(question: Question, gazetteer: Gazetteer) -> tuple[str, ...]:
    """Ids of the countries that a question compares, in its order, without the HUB; none if they are fewer than two."""
    ids = dict.fromkeys(mention.entity_id for mention in question.entities if mention.entity_id)
    known = [gazetteer.entities[one] for one in ids]
    found = tuple(one.id for one in known if one.type == "country" and one.countries != (HUB,))
    return found if question.kind == "comparison" and len(found) > 1 else ()


def first_half(question: Question) -> str:
    """The question before "and by whom", "and in whose presence"; "" where what is left does not say of what it asks ("When and
    where was it signed?")."""
    match = _ANOTHER_PART.search(question.text)
    before = question.text[: match.start()] if match else ""
    return before if len(content(before)) >= SAYING else ""


def other_half(question: Question) -> set[str]:
    """Stems of what is asked behind "and when", "and who"; none where nothing is."""
    match = _ANOTHER_PART.search(question.text)
    return content(question.text[match.start() :]) if match else set()


def named_items(question: Question) -> list[set[str]]:
    """Stems of each of the things behind a colon: "put in order: A, B, C"; none if they are fewer than ITEMS."""
    behind = question.text.partition(": ")[2]
    items = [content(part) for part in re.split(r"[,;،]\s|\s(?:and|и|اور)\s", behind)]
    items = [item for item in items if item]
    return items if len(items) >= ITEMS else []


def own_stems(question: Question) -> frozenset[str]:
    """Stems of the question beside the names in it: what it asks of them."""
    named = {stem for mention in question.entities for stem in content(mention.text)}
    return frozenset(stem for stem in question.stems if stem not in named and not stem.isdigit())
