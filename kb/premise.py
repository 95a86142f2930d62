"""What a question takes for granted and a sentence has to bear out before it may answer: a period, an ending, a name.

The judge compares words by meaning, and by meaning "leave the SCO" is close to "join the SCO".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

from kb.cells import cells_of, is_row
from kb.gazetteer import Entity
from kb.periods import dates_in, overlap, within
from kb.question import MONTHS, Question
from kb.records import Period
from kb.words import FUNCTION_WORDS, WORD, stem

Objection = Literal["period", "future", "ending", "missing", "another", "turned", "planned"]

_ENDED = (
    r"\b(?:cancel\w*|terminat\w*|annul\w*|revok\w*|abolish\w*|repeal\w*|denounc\w*|dissol\w*|scrap(?:s|ped)|renounc\w*|"
    r"отмен\w+|расторг\w+|денонсир\w+|аннулир\w+|упраздн\w+|разорва\w+)\b|منسوخ"
)
_LEFT = (
    r"\b(?:withdr[ae]w\w*|quit|expel\w*|исключ[иеё]\w+ из|(?:выш(?:ел|ла|ло|ли)|выйти|выход\w*) из|"
    r"покинул\w*|покинуть)\b|دستبردار|علیحدگی اختیار|"
    r"کو چھوڑ"
)
_LEAVE = re.compile(r"\b(?:leave|leaves|left|leaving|exit|exits|exited)\s+(?:the\s+)?$", re.I)
#: What a question says, and what a source may say of the same: an end is told in more ways than it is asked for.
_ENDINGS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(_ENDED, re.I),
        re.compile(
            _ENDED
            + r"|\b(?:no longer|expir\w+|suspen\w+|lapsed|withdr\w+|call\w* off|drop(?:s|ped)|abandon\w*|shelved|lift(?:s|ed)|"
            r"waiv\w+|remov\w+|abrogat\w+|прекра\w+|приостан\w+|истек\w+|снял\w*|снят\w*)\b|ختم|معطل",
            re.I,
        ),
    ),
    (re.compile(_LEFT, re.I), re.compile(_LEFT + r"|\b(?:leave|leaves|left|leaving|exit\w*|no longer|ceas\w+)\b|چھوڑ|نکل", re.I)),
)
_FORCE = r"\b(?:in(?:to)? (?:force|effect)|tak(?:e|es|ing) effect|took effect|вступ\w+|в силу|действ\w+)\b|نافذ"
#: What a question asks for or takes for granted, and what a source may say of the same.
_EVENTS: tuple[tuple[bool, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (dated, re.compile(asked, re.I), re.compile(f"{asked}|{told}" if told else asked, re.I))
    for dated, asked, told in (  # dated: only where the day is asked for; "recognition" of diplomas is another thing
        (True, _FORCE, r"\b(?:effective\w*|appl(?:y|ied|ies)|valid\w*|operati\w+|date of effect)\b"),
        (True, r"\bratif\w+|\bратифи\w+|توثیق", ""),
        (True, r"\brecogni(?:[sz]\w+|tion)\b|\bпризна\w+|تسلیم", ""),
        (False, r"\bpenalt\w+|\bfine[sd]?\b|\bштраф\w*|جرمان", r"\b(?:sanction|liab|punish|forfeit|confiscat)\w*"),
        (
            False,
            r"\bprices?\b|\bцен[аыуе]\b|قیمت",
            r"\b(?:priced|tariff|cents?|цент|тариф)\w*|سینٹ|نرخ|\bcharges?\b|\bcosts? (?:per|a)\b",
        ),
        (False, r"\binterest rates?\b|\bпроцентн\w+ ставк\w+|شرح سود", r"\binterest\b"),
        (
            False,
            r"\bvisa[- ]free\b|\bwithout (?:a )?visas?\b|\bбезвиз\w+",
            r"\b(?:no|exempt\w*|waiv\w+)\b.*\bvisa|\bvisa (?:exempt|waiv)\w+",
        ),
    )
)
_COMPANY_ASKED = re.compile(r"\b(?:which|what) (?:\w+ )?(company|firm|contractor|bank|airline|carrier|supplier|operator)\b", re.I)
_EDITION = re.compile(r"\b([^\W\d_]{3,})[- ]([IVX]{1,4}|\d{1,2})\b(?![\w.,]*\d)")
_LEAVABLE = frozenset({"organisation", "agreement", "project"})
_OPENS = re.compile(r"(?:^|[.!?:;\n])[\s\"'“«(]*$")  # a sentence: its first word is capitalised whatever it is
_CALENDAR = frozenset((*MONTHS, *"monday tuesday wednesday thursday friday saturday sunday".split())) | FUNCTION_WORDS
_NAME = re.compile(r"[A-Z][a-z]{2,}|[A-Z]{3,}|[А-ЯЁ]{3,}")
#: Asks for the project itself: those that it names are others.
_WHICH_PROJECT = re.compile(
    r"\b(?:which|what)\s+(?:\w+\s+){0,2}(?:projects?|pipelines?|railways?|lines?|roads?)\b|"
    r"\bкак\w+\s+(?:\w+\s+){0,2}(?:проект|лини|дорог)\w*|کون\s?س[اےی]\s+(?:\w+\s+){0,2}منصوب\w*",
    re.I,
)


_WHICH_COUNTRY = re.compile(
    r"\b(?:which|what)\s+(?:\w+\s+){0,2}(?:countr(?:y|ies)|states?|republics?|capitals?|cit(?:y|ies))\b|\bwhere\b|\bгде\b|"
    r"\bкак\w+\s+(?:\w+\s+){0,2}(?:стран|государств|город)\w*|کہاں|کس (?:ملک|شہر)",
    re.I,
)
_STATES = ("country", "place")
#: Pakistan stands in nearly every question of the collection, and Afghanistan between it and all others.
HUBS = frozenset({"PK", "AF"})


def objection(question: Question, sentence: str, today: date, types: Mapping[str, str]) -> Objection | None:
    """Why a sentence cannot answer, however near it is. `types` maps entity ids to the gazetteer's types."""
    period = question.period
    if period and period.ranged and not within(sentence, period):
        return "period"
    if period and _of_another_period(sentence, period):
        return "period"
    if period and period.start > today.isoformat() and not any(overlap(one.period, period) for one in dates_in(sentence)):
        return "future"
    if any(not told.search(sentence) for told in endings(question, types)):
        return "ending"
    return None


def _of_another_period(sentence: str, period: Period) -> bool:
    """Whether a table's row says in its column of periods that its values are of another than the one asked about: what was
    said in 2023 of 2021 does not answer for 2023."""
    told = cells_of(sentence).period if is_row(sentence) else None
    days = [date.fromisoformat(day).toordinal() if day else None for day in (period.start, period.end)]
    return told is not None and ((days[1] is not None and told.first > days[1]) or (days[0] is not None and told.last < days[0]))


def tells_of_it(question: Question, sentence: str) -> bool:
    """Whether a sentence tells of what a question asks for, where that is one of _EVENTS: what was signed on a day did not enter
    into force on it."""
    day = question.kind == "date"
    return all(told.search(sentence) for dated, asked, told in _EVENTS if (day or not dated) and asked.search(question.text))


def lacks_a_company(question: Question, sentence: str, types: Mapping[str, str], named: Collection[str]) -> bool:
    """Whether a question asks which company or bank, and a sentence names no institution that the question does not name."""
    asked = _COMPANY_ASKED.search(question.text)
    if asked is None:
        return False
    known = {mention.entity_id for mention in question.entities}
    if any(types[one] == "organisation" for one in named if one not in known):
        return False
    return not re.search(
        r"\b(?:[A-Z][\w&’'-]+ ){1,3}(?:Ltd|Inc|LLC|Group|Compan(?:y|ies)|Corporation|Airlines?|Airways|Bank)\b(?! Agreement)",
        sentence,
    )


def is_another_edition(question: str, sentence: str) -> bool:
    """Whether a sentence is on Dosti-I where the question asks of Dosti-II."""
    asked = dict(_EDITION.findall(question))
    told: dict[str, set[str]] = {}
    for name, number in _EDITION.findall(sentence):
        told.setdefault(name, set()).add(number)
    return any(name in told and number not in told[name] for name, number in asked.items())


def is_on_another(
    question: Question, named: Collection[str], entities: Mapping[str, Entity], title: Collection[str] = ()
) -> bool:
    """Whether a sentence that names the entities `named` is on another project or country than the one that the question asks of:
    all that it names are others. Of agreements nothing follows: "the PTA" and "its rules" are known by their context. Where the
    document's title names the country, and none of the others, it is that country's word on them."""
    if question.kind in ("list", "comparison"):
        return False
    asked = {m.entity_id for m in question.entities if m.entity_id}
    wanted = {one for one in asked if entities[one].type == "project"}
    others = {one for one in named if entities[one].type == "project"}
    if wanted and others and not wanted & others and not _WHICH_PROJECT.search(question.text):
        return True
    countries = _countries(asked, entities, _STATES)
    other = _countries(named, entities, _STATES)
    if not countries or not other or countries & _countries(named, entities) or _WHICH_COUNTRY.search(question.text):
        return False
    told = _countries(title, entities, _STATES)
    return not (countries & told) or bool(other & told)


def names_what_is_asked(question: Question, named: Collection[str], entities: Mapping[str, Entity]) -> bool:
    """Whether a sentence names one of the projects and countries of the question, or something of theirs; true where there are
    none: beside sentences on another country one that names none may be on that, too."""
    asked = {m.entity_id for m in question.entities if m.entity_id}
    projects = {one for one in asked if entities[one].type == "project"}
    countries = _countries(asked, entities, _STATES)
    return (not projects and not countries) or bool(projects & set(named)) or bool(countries & _countries(named, entities))


def _countries(ids: Iterable[str], entities: Mapping[str, Entity], types: Collection[str] = ()) -> set[str]:
    """The countries that entities belong to, of some types or (none given) of all, but those of the HUBS."""
    found = (entities[one] for one in ids)
    return {code for one in found if not types or one.type in types for code in one.countries} - HUBS


def endings(question: Question, types: Mapping[str, str]) -> list[re.Pattern[str]]:
    """What a source would have to say of the ends that the question takes for granted: that something was left or cancelled.

    Trucks leave a crossing, and that is another leaving: the verb counts only before an organisation, an agreement or a project.
    """
    told = [pattern for asked, pattern in _ENDINGS if asked.search(question.text)]
    left = any(
        _LEAVE.search(question.text[: mention.start]) and types.get(mention.entity_id or "") in _LEAVABLE
        for mention in question.entities
    )
    return [*told, _ENDINGS[1][1]] if left else told


def unknown_names(question: Question, frequencies: Callable[[Sequence[str]], Mapping[str, int]]) -> tuple[str, ...]:
    """Capitalised words of the question that neither the gazetteer nor any passage knows: "Atlantis", "President Smith".

    In Latin letters, and acronyms in Cyrillic: the collection is mostly English, and a name in other letters may be there in
    those only; but one acronym is near any other to the encoder.
    """
    names = [word[0] for word in _names(question)]
    found = frequencies([stem(name) for name in names])
    return tuple(dict.fromkeys(name for name in names if not found[stem(name)]))


def _names(question: Question) -> Iterable[re.Match[str]]:
    known = [(mention.start, mention.end) for mention in question.entities]
    for word in WORD.finditer(question.text):
        opens = _OPENS.search(question.text[: word.start()])
        inside = any(start < word.end() and word.start() < end for start, end in known)
        if not opens and not inside and _NAME.fullmatch(word[0]) and not of_the_calendar(word[0]):
            yield word


def of_the_calendar(word: str) -> bool:
    """Whether a word names a month or a day, or nothing at all: "March", "the"."""
    return word.lower() in _CALENDAR
