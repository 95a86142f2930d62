"""The values in a sentence that could be what a question asks for, each with one spelling in every language.

Two sentences that hold the same values about the same things say the same; one that holds another value adds something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kb.gazetteer import Gazetteer
from kb.measured import asked
from kb.periods import dates_in, source_fields
from kb.quantities import Dimension, Quantity, quantities_of
from kb.question import ARABIC, ARTICLE, Question, articles_in, expected_in, numbers_in
from kb.records import Mention
from kb.spans import asked_kind, spans_of
from kb.words import FUNCTION_WORDS, WORD, fold, stem

Span = tuple[int, int]
PLACES = ("port", "crossing", "place", "country")
ENTITIES: Mapping[str, tuple[str, ...]] = {
    "person": ("person",),
    "place": PLACES,
    "country": ("country",),
    "port": ("port",),
    "crossing": ("crossing",),
    "organisation": ("organisation",),
    "agreement": ("agreement",),
    "project": ("project",),
}
#: What the items of a list are, by their noun; of other nouns ("strands", "routes") nothing tells the items apart.
ITEMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("country", re.compile(r"\b(?:countries|states|members|стран\w*|государств\w*)\b|ممالک|ملکوں", re.I)),
    ("port", re.compile(r"\b(?:sea)?ports\b|\bпорт(?:ы|ов|а)\b|بندرگاہ", re.I)),
    ("crossing", re.compile(r"\b(?:crossings|переход\w*)\b|گزرگاہ|گذرگاہ", re.I)),
    ("place", re.compile(r"\b(?:cities|towns|places|город\w*)\b|شہروں", re.I)),
    ("person", re.compile(r"\b(?:ministers|officials|people|presidents|signatories|ambassadors|министр\w*|"
                          r"посл[ыао]\w*)\b|وزرا|سفیروں", re.I)),
    ("date", re.compile(r"\b(?:dates|days|years|visits|sessions|даты|годы|визит\w*)\b|تاریخیں|دورے", re.I)),
    ("number", re.compile(r"\b(?:figures|estimates|values|sums|amounts|lengths|numbers|counts|prices|costs?|"
                          r"цифр\w*|оцен\w*|данны\w*)\b|اعداد|تخمین", re.I)),
    ("agreement", re.compile(r"\b(?:agreements|treaties|conventions|protocols|соглашени\w*|договор\w*)\b|معاہدوں", re.I)),
    ("organisation", re.compile(r"\b(?:organi[sz]ations|banks|companies|bodies|организаци\w*|банк\w*|"
                                r"компани\w*)\b|تنظیم|ادارے", re.I)),
    ("project", re.compile(r"\b(?:projects|проект\w*)\b|منصوبوں", re.I)),
)  # fmt: skip
#: "Which minister came?" asks for a person, though no "who" stands there.
_ROLE_ASKED = re.compile(
    r"\b(?:which|what)\s+(?:[\w'’-]+\s+){0,2}(?:official|minister|president|ambassador|envoy|secretary|leader|adviser|general)\b|"
    r"\bin whose presence\b|\bкак(?:ой|ого|ая)\s+(?:\w+\s+)?(?:министр|посол|посла|президент|чиновник)\w*|کس (?:وزیر|سفیر|صدر)",
    re.I,
)
#: Those who looked on have signed nothing.
_LOOKED_ON = re.compile(
    r"\bwitness\w*|\bin the presence of|\blooked on|\bpresent at|\battended|\bbefore (?=(?:the )?(?:Prime |Vice )?[A-Z])|"
    r"\bв присутствии|присутствова\w+|کی موجودگی",
    re.I,
)
_PRESENCE_ASKED = re.compile(r"witness|presence|present|attend|присутств|موجود", re.I)
NEAR = 20  # characters at which a word of the question counts half for a value: its clause counts, the next hardly
NAMED = 0.5  # weight of a name beside that of a word for what happened
BEHIND = 0.5  # weight of a word behind a date or name in English and Russian: "signed on 9 March" (in Urdu the verb comes last)
BESIDE = 25  # characters behind a figure in which stands what it counts
CLOSE = 0.9  # share of the best value's score: what is as near as that may be the answer as well, and is shown beside it
MAIN = 3  # values of one type that are the sentence's answer, at most
_MEASURED = frozenset({"number", "money", "distance", "duration"})
_JOINED = re.compile(r"-[a-z]", re.I)  # "a 56-inch pipe"
_NUMBERED = re.compile(r"[.)]\s")  # behind the number of a paragraph or of a source in a list
_INSIDE = re.compile(r"\b(?:in|to|at|from|into|в|во|на|из)\s+(?:the\s+)?$", re.I)
_CURRENCY = re.compile(r"(?:USD|US\$|\$|EUR|€|PKR|Rs\.?)\s?$", re.I)
_UNIT = re.compile(
    r"(?:\s?%|[\s-](?:million|billion|thousand|trillion|млн|млрд|тыс\.?|ملین|ارب|کروڑ|لاکھ|ہزار)\b)?"
    r"(?:[\s-](?:per ?cent|US cents?|cents?|dollars?|MW|GW|kV|kWh|km|metres?|m|tonnes?|tons?|cubic (?:feet|"
    r"metres)|days|years|months|hours|"
    r"процент\w*|цент\w*|долл\w*|МВт|кВ|км|тонн\w?|дн\w*|лет|месяц\w*|час\w*|فیصد|میگاواٹ|کلومیٹر|ڈالر|سینٹ|ٹن|دن|مکعب فٹ)\b)?",
    re.I,
)
# Two or three capitalised words in a row; which of them are people only the gazetteer and the words below can tell.
_NAME = re.compile(r"[A-ZА-ЯЁ][\w’'-]+(?:\s+(?:[a-z]{2,3}\s+)?[A-ZА-ЯЁ][\w’'-]+){1,2}")
#: One name alone is a person's where its office stands behind it: "Amanov, who heads the company".
_SURNAME = re.compile(
    r"(?<![\w-] )\b[A-Z][a-z’'-]{3,}(?=, (?:who (?:is|was|heads|headed|leads|led|chairs|chaired|directs)|(?:the )?head of)\b)"
)
_NO_PERSON = frozenset(
    "agreement transit trade treaty protocol convention memorandum commission ministry minister committee council bank company "
    "conference summit joint strategic partnership republic national international assembly university embassy forum state news "
    "corridor railway pipeline project road transport north south east west central asia asian prime deputy foreign president "
    "the in on at of and for by with its this that january february march april may june july august september october november "
    "december desk times tribune nation recorder post express today agency press article source note "
    "соглашение договор протокол комиссия министерство совет банк республика меморандум президент премьер министр".split()
)


@dataclass(frozen=True, slots=True)
class Value:
    """`text[start:end]` of the sentence; `key` is the same for the same value in any language or spelling."""

    start: int
    end: int
    type: str
    key: str


def values_of(question: Question, sentence: str, gazetteer: Gazetteer) -> list[Value]:
    """Values of the types that the question asks for, in order, without those that it names itself."""
    mentions = gazetteer.find(sentence)
    types = asked_types(question)
    sources = source_fields(sentence)
    dimensions = asked(question).dimensions - {"date"} if set(types) & _MEASURED else frozenset()
    named = {value.key for kind in types for value in _of_type(kind, question.text, question.entities, gazetteer)}
    found: list[Value] = []
    for kind in types:
        for value in _measured(_of_type(kind, sentence, mentions, gazetteer), kind, sentence, dimensions):
            apart = not any(value.start < other.end and other.start < value.end for other in found)
            if value.key not in named and apart and not any(start <= value.start < end for start, end in sources):
                found.append(value)
    return sorted(found, key=lambda value: value.start)


def asked_types(question: Question) -> tuple[str, ...]:
    """Types of thing that the wording asks for, the first the main one: "when and by whom" asks for two."""
    found: list[tuple[int, str]] = [*expected_in(question.text)] or ([(0, question.expected)] if question.expected else [])
    role = _ROLE_ASKED.search(question.text) if question.kind != "list" else None
    types: list[str] = [kind for _, kind in sorted([*found, *([(role.start(), "person")] if role else [])])]
    if question.kind == "article":
        return () if question.article else ("article", *types)
    if question.kind == "timeline":
        types = ["date"]
    elif question.kind in ("list", "comparison") and not types:
        types = [kind for kind, pattern in ITEMS if pattern.search(question.text)][:2]
    return tuple(dict.fromkeys(asked_kind(question.text, kind) if kind == "number" else kind for kind in types))


def main_values(question: Question, sentence: str, values: Sequence[Value], gazetteer: Gazetteer) -> list[Value]:
    """Of the values those that answer: of each type the ones with most of the question's words around them."""
    if question.kind == "comparison":  # "do they agree on how many were signed when he came?" compares one thing
        return [value for value in values if value.type == asked_types(question)[0]]
    if question.kind == "list" or not values:
        return list(values)
    score = _scorer(question, sentence, gazetteer)
    chosen = []
    for kind in dict.fromkeys(value.type for value in values):
        same = [value for value in values if value.type == kind]
        if kind == "person" and not _PRESENCE_ASKED.search(question.text):
            same = _without_onlookers(same, sentence)
        best = max(map(score, same), default=0.0)
        chosen += [value for value in same if kind == "person" or score(value) >= CLOSE * best][:MAIN]
    return sorted(chosen, key=lambda value: value.start)


def nearness_of(question: Question, sentence: str, main: Sequence[Value], gazetteer: Gazetteer) -> float:
    """How near the question's words stand to the nearest of the values that answer: 0 for far or none, 1 for one word beside."""
    return max(map(_scorer(question, sentence, gazetteer), main), default=0.0)


def _scorer(question: Question, sentence: str, gazetteer: Gazetteer) -> Callable[[Value], float]:
    places = _event_places(question, sentence, gazetteer)
    return partial(_nearness, places=places, behind=1.0 if ARABIC.search(sentence) else BEHIND)


def _nearness(value: Value, places: Sequence[tuple[int, str, float]], behind: float) -> float:
    """How many of the question's words stand how near around a value; of one that comes twice the nearer counts."""
    best: dict[str, float] = {}
    for place, word, weight in places:
        if value.type in ENTITIES or value.type == "date":
            side = 1.0 if place < value.start else behind
        else:  # a figure stands before what it counts
            side = 2.0 if value.end <= place < value.end + BESIDE else 1.0
        near = weight * side / (1 + max(value.start - place, place - value.end, 0) / NEAR)
        best[word] = max(best.get(word, 0.0), near)
    return sum(best.values())


def _without_onlookers(people: list[Value], sentence: str) -> list[Value]:
    """People without those before "witnessed the signing" and behind "in the presence of"."""
    looked = _LOOKED_ON.search(sentence)
    if looked is None:
        return people
    active = looked[0].lower().startswith(("witness", "looked", "present at", "attend", "присутствова"))
    return [one for one in people if (one.start > looked.end() if active else one.end < looked.start())]


def _event_places(question: Question, sentence: str, gazetteer: Gazetteer) -> list[tuple[int, str, float]]:
    """Where which of the question's words stand in a sentence, with weights: what happened tells values apart, to whom less."""
    rest = list(question.text)
    for mention in question.entities:
        rest[mention.start : mention.end] = " " * (mention.end - mention.start)
    wanted = content("".join(rest))
    asked = {mention.entity_id for mention in question.entities if mention.entity_id}
    return [
        *((word.start(), stem(word[0]), 1.0) for word in WORD.finditer(sentence) if stem(word[0]) in wanted),
        *((mention.start, mention.entity_id, NAMED) for mention in gazetteer.find(sentence) if mention.entity_id in asked),
    ]


def facts_of(sentence: str, gazetteer: Gazetteer) -> set[str]:
    """What a sentence names at all: entities, figures, dates."""
    return {m.entity_id for m in gazetteer.find(sentence) if m.entity_id} | set(numbers_in(sentence))


def content(text: str) -> set[str]:
    """The stems that carry meaning."""
    return {stem(word[0]) for word in WORD.finditer(text) if word[0].casefold() not in FUNCTION_WORDS}


def _of_type(kind: str, text: str, mentions: Iterable[Mention], gazetteer: Gazetteer) -> list[Value]:
    if kind == "date":
        return [Value(one.start, one.end, kind, f"{one.period.start}/{one.period.end}") for one in dates_in(text)]
    if kind == "article":
        return [Value(m.start(), m.end(), kind, f"article {min(articles_in(m[0]))}") for m in ARTICLE.finditer(text)]
    if kind not in ENTITIES:
        return _figures(kind, text) or (_figures("number", text) if kind in ("distance", "duration") else [])
    mentions = list(mentions)
    known = [m for m in mentions if m.entity_id and gazetteer.entities[m.entity_id].type in ENTITIES[kind]]
    if kind == "place":  # "in Tashkent, Uzbekistan" answers with the city
        finer = [m for m in known if m.entity_id and gazetteer.entities[m.entity_id].type != "country"]
        known = finer or [m for m in known if _INSIDE.search(text[: m.start]) or text[m.end :].lstrip().startswith("میں")]
    found = [Value(m.start, m.end, kind, m.entity_id or "") for m in known]
    return found + (_people(text, mentions) if kind == "person" else [])


def _people(text: str, mentions: Iterable[Mention]) -> list[Value]:
    """Names that the gazetteer does not know: capitalised words in a row, none of which belongs to an institution or a treaty."""
    taken = [(m.start, m.end) for m in mentions]
    found = []
    for match in _NAME.finditer(text):
        words = [fold(word) for word in match[0].split()]
        if any(a < match.end() and match.start() < b for a, b in taken) or not _NO_PERSON.isdisjoint(words):
            continue
        found.append(Value(match.start(), match.end(), "person", words[-1]))
    for match in _SURNAME.finditer(text):
        if fold(match[0]) not in _NO_PERSON and not any(a < match.end() and match.start() < b for a, b in taken):
            found.append(Value(match.start(), match.end(), "person", fold(match[0])))
    return found


def _measured(found: list[Value], kind: str, text: str, dimensions: frozenset[Dimension]) -> list[Value]:
    """Of figures those of the dimensions asked for (a length, a sum), as wide as they are written; where there are none, those
    that have no other: "56 inches" and "500 km" are no capacity."""
    if kind not in _MEASURED or not dimensions or dimensions == {"count"}:
        return found
    quantities = quantities_of(text)
    fit = [_value(kind, q, text) for q in quantities if q.dimension in dimensions]
    others = [q for q in quantities if q.dimension not in ("count", *dimensions)]
    single = [value for value in found if not _JOINED.match(text, value.end)]
    return (
        fit
        or [v for v in single if not any(q.start < v.end and v.start < q.end for q in others)]
        or (
            single if "percent" in dimensions else []  # "how large is the share of gas" may be told in cubic feet
        )
    )


def _value(kind: str, quantity: Quantity, text: str) -> Value:
    end = quantity.start + len(text[quantity.start : quantity.end].rstrip())
    return Value(quantity.start, end, kind, f"{quantity.low:g}–{quantity.high:g} {quantity.unit}")


def _figures(kind: str, text: str) -> list[Value]:
    """Figures with their currency and unit, none that belongs to a date."""
    dated = [(one.start, one.end) for one in dates_in(text)]
    found = []
    for start, end in spans_of(kind, text, ""):
        if any(a < end and start < b for a, b in dated) or (not text[:start].strip() and _NUMBERED.match(text, end)):
            continue
        key = next(iter(numbers_in(text[start:end])), fold(text[start:end]))
        before, after = _CURRENCY.search(text[:start]), _UNIT.match(text, end)
        found.append(Value(before.start() if before else start, after.end() if after else end, kind, key))
    written = [value for value in found if any(map(str.isdigit, value.key))]
    return written or found  # "exports to the five countries were 197 million"
