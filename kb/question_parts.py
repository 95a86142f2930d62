"""The parts of a question: its halves ("when, and by whom?"), the things that it names one by one, what it asks beside names."""

from __future__ import annotations

import re

from kb.answer_values import asked_types, content
from kb.question import Question

ITEMS = 3  # things that a question names behind a colon, from which it asks for each of them
#: A country signs and an embassy opens, but who directs is a person.
OFFICE_ASKED = re.compile(
    r"\bwho (?:is|was|are|were|directs?|directed|heads?|headed|leads?|led|chairs?|chaired|runs?|ran|manages?|founded)\b|"
    r"\bкто (?:возглавля\w+|руковод\w+|является)|کون (?:سربراہ|صدر|سفیر|ہے|تھا)",
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


def has_halves(question: Question) -> bool:
    return len(asked_types(question)) > 1 or bool(_ANOTHER_PART.search(question.text))


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
