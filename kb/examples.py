"""Questions that the published documents do answer, to show what can be asked: made of the gazetteer's names, tried, and kept if
the answer is sure. Nothing here knows a collection: another one has other names, and other questions are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.gazetteer import Gazetteer
from kb.language import script
from kb.records import Answer, EntityCount

SURE = 0.7  # confidence: of the answers between .7 and .8, .81 were right (docs/calibration.md)
TRIED = 8  # names of a type, the most mentioned first
MOST = 90  # questions asked for one choice: some seconds of one core, in the background
EACH = 3  # of a language
SCRIPTS = {"en": "latin", "ru": "cyrillic", "ur": "arabic"}

#: Patterns by type of entity and language. {name} stands where it need not be declined; {other} is a second country.
PATTERNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "agreement": {
        "en": ("When was {name} signed?", "Which countries are parties to {name}?"),
        "ru": ("Когда подписано {name}?",),
        "ur": ("{name} پر کب دستخط ہوئے؟",),
    },
    "project": {
        "en": ("How long is {name}?", "How much does {name} cost?", "What is the capacity of {name}?"),
        "ru": ("Какова протяжённость {name}?", "Сколько стоит {name}?", "Какова мощность {name}?"),
        "ur": ("{name} کی لمبائی کتنی ہے؟", "{name} پر کتنی لاگت آئے گی؟"),
    },
    "country": {
        "en": ("When did {name} and {other} establish diplomatic relations?", "What is the trade between {name} and {other}?"),
        "ru": ("Когда {name} и {other} установили дипломатические отношения?", "Какие соглашения подписали {name} и {other}?"),
        "ur": ("{name} اور {other} کی تجارت کتنی ہے؟", "{name} اور {other} نے کب معاہدے پر دستخط کیے؟"),
    },
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that may be answered, and what it is about and how."""

    question: str
    language: str
    entity: str
    pattern: str


def examples(
    ask: Callable[[str], Answer], entities: Sequence[EntityCount], going_on: Callable[[], bool] = lambda: True
) -> tuple[tuple[str, str], ...]:
    """(language, question), at most EACH of each. `entities` are the mentioned ones, the most frequent first; before each
    question `going_on` tells whether to go on. Raises what `ask` raises."""
    chosen: list[Candidate] = []
    wanted = list(_candidates(entities))
    for _ in range(MOST):
        following = next((one for one in wanted if _wanted(one, chosen)), None)
        if following is None or not going_on():
            break
        wanted.remove(following)
        if _sure(ask(following.question), following.language):
            chosen.append(following)
    return tuple((one.language, one.question) for language in SCRIPTS for one in chosen if one.language == language)


def _wanted(one: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Each of a language is about another entity and by another pattern: three dates would show one thing three times."""
    others = [other for other in chosen if other.language == one.language]
    return len(others) < EACH and all(one.entity != other.entity and one.pattern != other.pattern for other in others)


def _sure(answer: Answer, language: str) -> bool:
    """Sure, with the words that answer made out, from a source in the question's language."""
    if answer.status != "answered" or answer.confidence < SURE or not answer.statements[0].emphasis:
        return False
    source = next(one for one in answer.citations if one.marker == answer.statements[0].citations[0])
    return source.document.metadata.language == language


def _candidates(entities: Sequence[EntityCount]) -> Iterator[Candidate]:
    """In turns of the types, so that a cut leaves some of each."""
    gazetteer = Gazetteer.load()
    by_type = {kind: [one for one in entities if one.type == kind][:TRIED] for kind in PATTERNS}
    countries = by_type["country"]
    for place in range(TRIED):
        for kind, patterns in PATTERNS.items():
            named = by_type[kind][1:] if kind == "country" else by_type[kind]
            if place >= len(named):
                continue
            for language, texts in patterns.items():
                name = _name(gazetteer, named[place].id, language, kind)
                first = _name(gazetteer, countries[0].id, language, "country") if countries else ""
                names = {"name": first, "other": name} if kind == "country" else {"name": name}
                if all(names.values()):
                    yield from (Candidate(text.format(**names), language, named[place].id, text) for text in texts)


def _name(gazetteer: Gazetteer, entity_id: str, language: str, kind: str) -> str:
    """The entity's first name in the language's script; in another script only if it is spelt in capitals there too, which every
    language takes over; "" if it has none that need not be declined."""
    names = gazetteer.entities[entity_id].names
    own = [name for name in names if script(name) == SCRIPTS[language]]
    if language == "ru" and kind != "country":
        own = [name for name in own if name.replace("-", "").isupper()]
    taken_over = [name for name in names if language != "en" and name.replace("-", "").isupper()]
    name = next(iter(own + taken_over), "")
    article = language == "en" and (kind == "agreement" or (kind == "project" and " " in name))
    return f"the {name}" if name and article else name
