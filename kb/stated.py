"""Who states which value of what, for when: the values of a judged sentence or row of a table, as far as the question asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.cells import cells_of, is_row, voice_cells
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.measured import ABOUT_FIGURES, MEASURES, Asked, is_flow, is_planned, measure_of, named_measures, parts_of
from kb.quantities import Quantity, agree, measured_by, quantities_of
from kb.question import Question
from kb.timespans import SPAN_DAYS, Timespan, timespans_of
from kb.voices import REACH, same_voice, voice_of, without_dates
from kb.words import stems

MOST = 24  # values of one sentence or cell; a list of thousands is no statement, and each is compared with each
DATED = 0.8  # share of the best probability from which a sentence's date is the date of what was asked

COMPARED = 0.4  # the same where the question asks for dates that differ
UNNAMED = 0.95  # the same for a count that nobody is named for: "3,600 students were flown out" counts others than asked
OTHER_SIDE = 40  # characters by which a date on the other side of a value seems further away
ADMITTED = 0.2  # the same for a sentence that says that dates differ
_ACRONYM = re.compile(r"\b[A-Z]{3,}\b")  # of a thing that the gazetteer does not know
DAY = 3  # days that a date may span: "16–17 September"


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as `evidence.text[quantity.start:quantity.end]`, of `measure`, by the voice `said_by` ("" not named).

    `as_of` is when it was said, `period` what it is for (a year to `as_of` where only that is known). `admits`: its sentence says
    that figures differ; `label` is what its row of a table is about, in stems; `subjects` are the countries and projects named
    there, `on_subject` whether they are the question's; `scope` is the part that it is of, in stems, none for the whole.
    """

    evidence: Evidence
    quantity: Quantity
    text: str
    measure: str
    planned: bool
    said_by: str = ""
    as_of: Timespan | None = None
    period: Timespan | None = None
    period_text: str = ""
    admits: bool = False
    label: tuple[str, ...] = ()
    subjects: frozenset[str] = frozenset()
    on_subject: bool = False
    scope: frozenset[str] = frozenset()

    @property
    def day(self) -> int | None:
        """Ordinal of the day that the value is of, as near as is known: its period's, its saying's, its document's."""
        published = timespans_of(self.evidence.candidate.hit.document.metadata.published)
        known = self.period or self.as_of or (published[0] if published else None)
        return known.last if known else None

    @property
    def document_id(self) -> str:
        return self.evidence.candidate.hit.passage.document_id


def stated_values(question: Question, item: Evidence, wanted: Asked, gazetteer: Gazetteer, best: float) -> list[Stated]:
    """The values in a sentence that the question asks for; `best` is the best sentence's probability."""
    if not any(map(str.isdigit, item.text)) and not ADMITS.search(item.text):
        return []
    if not _may_measure(item, wanted) or not speaks_of(question, item, gazetteer):
        return []
    found = list(_in_row(item, wanted) if _is_row(item) else _in_prose(item, wanted, best))
    share = ADMITTED if ADMITS.search(item.text) else COMPARED if wanted.compared else DATED
    if "date" in wanted.dimensions and item.probability >= share * best:
        found += _dates(question, item) if _is_on_its_event(question, item, gazetteer) else []
    found = [value for value in found if not _of_a_place(value, question, gazetteer)]
    found = [value for value in found if _IN_ALL.match(item.text, value.quantity.end)] or _unambiguous(found)
    subjects = frozenset(_subjects(item.text, gazetteer) or _subjects(_before(item), gazetteer))
    named = bool(_subjects(question.text, gazetteer))
    return [
        replace(value, subjects=subjects, on_subject=named, said_by="" if _is_place(value.said_by, gazetteer) else value.said_by)
        for value in found
    ]


def _is_place(name: str, gazetteer: Gazetteer) -> bool:
    """ "USD 5 million in Tashkent" tells where, not who."""
    types = [gazetteer.entities[str(m.entity_id)].type for m in gazetteer.find(name) if m.text.casefold() == name.casefold()]
    return types in (["place"], ["country"])


def _of_a_place(value: Stated, question: Question, gazetteer: Gazetteer) -> bool:
    """Whether a count is of a town that the question does not name: "nearly 6,000 in Bishkek"."""
    if value.quantity.dimension != "count":
        return False
    behind = re.split(r"[.,;:()]", value.evidence.text[value.quantity.end : value.quantity.end + REACH])[0]
    asked = {mention.entity_id for mention in question.entities}
    near = [mention.entity_id for mention in gazetteer.find(behind) if mention.entity_id not in asked]
    return any(gazetteer.entities[str(one)].type == "place" for one in near)


def _is_row(item: Evidence) -> bool:
    """A row of a table, also one of a file that has no places of its own."""
    return bool(item.candidate.hit.passage.rows) or is_row(item.text)


def _unambiguous(found: list[Stated]) -> list[Stated]:
    """Leave out what a sentence gives several values of without saying that they differ: it speaks of several things."""
    return [
        value
        for value in found
        if value.admits
        or not any(
            other.measure == value.measure
            and other.planned == value.planned
            and _same_days(other.period, value.period)
            and not agree(other.quantity, value.quantity)
            and (not (other.said_by and value.said_by) or same_voice(other.said_by, value.said_by))
            for other in found
        )
    ]


def _same_days(one: Timespan | None, other: Timespan | None) -> bool:
    return (one is None and other is None) or (
        one is not None and other is not None and (one.first, one.last) == (other.first, other.last)
    )


def _may_measure(item: Evidence, wanted: Asked) -> bool:
    """Whether a word of what is asked for stands in the sentence or its heading: most do not, and need not be read further."""
    if not wanted.measures or "date" in wanted.dimensions:
        return True
    about = f"{item.candidate.hit.document.metadata.title}\n{item.candidate.hit.passage.context}"
    return any(name in wanted.measures for text in (item.text, about) for name, _, _ in named_measures(text))


def speaks_of(question: Question, item: Evidence, gazetteer: Gazetteer) -> bool:
    """Whether a sentence is about what the question names, and not about another country or project of its document."""
    asked = _subjects(question.text, gazetteer)
    if not asked:
        return True
    passage = item.candidate.hit.passage
    inside = _subjects(item.text, gazetteer)
    if not asked - inside:
        return True
    # "trade with Kyrgyzstan", where Tajikistan is asked about; not "Kazakhstan's ambassador", where Almaty is
    if inside - asked - _countries(question.text, gazetteer):
        return False
    before = _subjects(_before(item), gazetteer)
    if before - asked and asked - before:
        return False
    title = f"{item.candidate.hit.document.metadata.title}\n{passage.context}"
    return not asked - inside - before - _subjects(title, gazetteer)


def _subjects(text: str, gazetteer: Gazetteer) -> set[str]:
    """Countries, also those of people named, and projects, agreements and organisations by their ids."""
    found: set[str] = set()
    for mention in gazetteer.find(text):
        entity = gazetteer.entities[str(mention.entity_id)]
        if entity.type in ("country", "person"):
            found.update(entity.countries)
        elif entity.type == "project" or (entity.type == "place" and entity.regional):
            found.add(entity.id)
    return found


def _countries(text: str, gazetteer: Gazetteer) -> set[str]:
    """Of all that a text names."""
    return {code for mention in gazetteer.find(text) for code in gazetteer.entities[str(mention.entity_id)].countries}


def _before(item: Evidence) -> str:
    """The two sentences before, where the subject of "Ambassador X gave USD 5 million" may stand."""
    return item.candidate.hit.passage.text[max(0, item.start - 300) : item.start]


def _in_row(item: Evidence, wanted: Asked) -> Iterator[Stated]:
    russian = item.candidate.hit.passage.language == "ru"
    cells = cells_of(item.text)
    context = f"{item.candidate.hit.passage.context}\n{item.text.partition(':')[0]}"
    for header, cell, at in cells.values:
        values = measured_by(cell, header, russian)[:MOST]
        own = next((period for period in timespans_of(cell) if period.days >= SPAN_DAYS), None)
        if own is None and len(timespans_of(cells.period_text)) > 1:
            continue  # of several values for several years the row does not say which is whose
        seen: set[str] = set()
        for value in values:
            label = f"{header}: {cell}"
            if parts_of(label) - wanted.parts:
                continue
            shifted = _moved(value, len(header) + 2)
            measure = measure_of(label, shifted, [_moved(v, len(header) + 2) for v in values], context)
            if measure in seen or not _fits(value, measure, wanted, f"{header} {cell}") or _PART.search(cell[: value.start]):
                continue
            seen.add(measure)
            yield Stated(
                item,
                _moved(value, at),
                cell[value.start : value.end],
                measure,
                _planned(measure, label),
                cells.said_by,
                cells.as_of,
                *_for_when(
                    measure, own or cells.period, cells.as_of, cells.period_text or (cell[own.start : own.end] if own else "")
                ),
                scope=frozenset(stems(cells.scope)),
                label=tuple(stems(header if at == len(header) + 2 else item.text.partition(": ")[2].partition("; ")[0])),
            )


def _in_prose(item: Evidence, wanted: Asked, best: float) -> Iterator[Stated]:
    text, passage = item.text, item.candidate.hit.passage
    values = quantities_of(text, passage.language == "ru")[:MOST]
    periods, admits = timespans_of(text), bool(ADMITS.search(text))
    context = f"{item.candidate.hit.document.metadata.title}\n{passage.context}"
    masked = without_dates(text, periods)
    for value in values:
        clause, at = _clause(text, value)
        if parts_of(clause) - wanted.parts:
            continue
        measure = measure_of(text, value, values, context)
        if not _fits(value, measure, wanted, text, admits) or _PART.search(text[max(0, value.start - 30) : value.start]):
            continue
        if not admits and _EARLIER.search(text, max(0, value.start - 30), value.start):
            continue
        voice = voice_of(masked, value, values)
        if value.dimension == "count" and not (voice or admits) and item.probability < UNNAMED * best:
            continue
        within = [p for p in periods if at <= p.start < at + len(clause)]
        period = _nearest(value, values, [p for p in within if p.days >= SPAN_DAYS])
        as_of = _nearest(value, values, [p for p in within if p.days < SPAN_DAYS])
        if not is_flow(measure):
            as_of, period = as_of or period, None
        written = text[period.start : period.end] if period else ""
        yield Stated(
            item,
            value,
            text[value.start : value.end],
            measure,
            _planned(measure, clause),
            voice,
            as_of,
            *_for_when(measure, period, as_of, written),
            admits=admits,
        )


def _fits(value: Quantity, measure: str, wanted: Asked, text: str, admits: bool = False) -> bool:
    if value.dimension == "duration" and "date" in wanted.dimensions:
        return admits and wanted.planned  # "several deadlines: four years, two years": years to go, not a length of time
    if value.dimension not in wanted.dimensions:
        return False
    if value.dimension == "count":
        return _counts(value, wanted, text, admits)
    return measure in wanted.measures or not wanted.measures


def _counts(value: Quantity, wanted: Asked, text: str, admits: bool) -> bool:
    """Whether a count is of the things asked about; a bare figure is where its sentence or column counts them."""
    if value.nouns and value.nouns[0] in ABOUT_FIGURES:  # "five counts are reported"
        return False
    nouns = " ".join(value.nouns)
    named = {name for name, _, _ in named_measures(nouns)} | {
        name for name in wanted.measures for noun in value.nouns if any(noun == s for s in stems(MEASURES[name].words))
    }
    same = bool(named & wanted.measures) if wanted.measures else bool(set(value.nouns) & wanted.nouns)
    if same or (value.nouns and not admits):
        return same
    there = {name for name, _, _ in named_measures(text)}
    return bool(there & wanted.measures) or (not wanted.measures and bool(set(stems(text)) & wanted.nouns))


def _is_on_its_event(question: Question, item: Evidence, gazetteer: Gazetteer) -> bool:
    """Whether a sentence dates no other agreement's or country's event, and none to come, than the question asks about."""
    named = gazetteer.find(item.text)
    asked, told = ([gazetteer.entities[str(m.entity_id)] for m in found] for found in (gazetteer.find(question.text), named))
    things = {one.id for one in asked if one.type in ("agreement", "project")}
    others = {one.id for one in told if one.type in ("agreement", "project")} - things
    countries = {code for one in asked for code in one.countries}
    foreign = {code for one in told if one.type == "country" for code in one.countries} - countries
    if things and len(timespans_of(item.text)) > 1:  # "3 March 2022 for the PTA, and 15 July 2021 for the AUPTT"
        short = [m for m in _ACRONYM.finditer(item.text) if not any(n.start < m.end() and m.start() < n.end for n in named)]
        others |= {m[0] for m in short if m[0] not in question.text}
    return not (things and others) and not (countries and foreign) and not is_planned(item.text)


def _dates(question: Question, item: Evidence) -> Iterator[Stated]:
    """The day that a sentence gives to the event asked about; several only if it says that they differ or names their voices."""
    event = _event(question.text, 0)
    text, admits = item.text, bool(ADMITS.search(item.text))
    named = voice_cells(text) if _is_row(item) else []
    everything = [p for p in timespans_of(text) if not any(start <= p.start < end for start, end in named)]
    days = [
        Quantity(p.start, p.end, "date", "day", p.first, p.last)
        for p in everything
        if text.rfind("(", 0, p.start) <= text.rfind(")", 0, p.start) and (p.days <= DAY or admits)
    ]
    masked = without_dates(text, everything)
    voices = [voice_of(masked, day, days) for day in days]
    if not event or (len(days) > 1 and not admits and len(set(filter(None, voices))) < len(days)):
        return
    for day, voice in zip(days, voices, strict=True):
        if _event(text, day.start) == event:
            yield Stated(item, day, text[day.start : day.end], event, False, voice, admits=admits)


def _event(text: str, at: int) -> str:
    """The kind of event whose word stands nearest to a place in the text."""
    found = [(abs(match.start() - at), str(match.lastgroup)) for match in _EVENTS.finditer(text)]
    return min(found)[1] if found else ""


def _planned(measure: str, text: str) -> bool:
    """Targets of flows stand beside what was reached; a planned line's length and cost are its length and cost."""
    fixed = measure in MEASURES and not is_flow(measure) and "count" not in MEASURES[measure].dimensions
    return is_planned(text) and not fixed


def _for_when(measure: str, period: Timespan | None, as_of: Timespan | None, written: str) -> tuple[Timespan | None, str]:
    """What a flow is for: the period named, else the year to the day when it was said."""
    if period is None and as_of is not None and is_flow(measure):
        return Timespan(as_of.start, as_of.end, as_of.last - 364, as_of.last), ""
    return period, written if period is not None else ""


def _nearest(value: Quantity, values: Sequence[Quantity], periods: Sequence[Timespan]) -> Timespan | None:
    """The nearest period, on the side where the sentence has them: behind its values, unless one stands before the first."""
    before = bool(periods) and periods[0].start < values[0].start

    def distance(period: Timespan) -> int:
        low, high = (value.end, period.start) if period.start >= value.end else (period.end, value.start)
        between = sum(low <= other.start < high for other in values if other is not value)
        return high - low + 100 * between + (0 if before == (period.end <= value.start) else OTHER_SIDE)

    return min(periods, key=distance, default=None)


def _clause(text: str, value: Quantity) -> tuple[str, int]:
    """The part of a sentence around a value, and where it begins."""
    start = max((match.end() for match in _CLAUSE.finditer(text, 0, value.start)), default=0)
    end = _CLAUSE.search(text, value.end)
    return text[start : end.start() if end else len(text)], start


def _moved(value: Quantity, by: int) -> Quantity:
    return replace(value, start=value.start + by, end=value.end + by)


ADMITS = re.compile(
    r"\bdiffer(?!ent (?:countr|cit))|\bconflict(?:s|ing)?\b|contradict|disagree|discrepan|\bvar(?:y|ies)\b|"
    r"\bwhereas\b|inconsisten|"
    r"\bseveral (?:figures|counts|dates|deadlines|values|estimates)|\b(?:two|three|four|five|"
    r"six) (?:\w+ ){0,2}(?:figures|counts|dates|"
    r"deadlines|estimates|numbers)|\brang(?:e|es|ed|ing) from|расход|противореч|по разным данным|различа|по-разному|тогда как|"
    r"مختلف (?:ہیں|بتا)|متضاد|تضاد|"
    r"\b(?:do|does) not (?:fit|agree|match)|\bexceeds the\b|(?:larger|smaller) than the (?:full|whole)|не совпада|не сход",
    re.I,
)
_IN_ALL = re.compile(r"(?:\s\w+){0,2}\s(?:in all|in total|altogether|всего|в общей сложности|مجموعی)", re.I)
_PART = re.compile(
    r"(?:\bof (?:them|which|whom)|\bincluding|\bamong them|\bmade up of|\balong with|\bplus|из них|из которых|"
    r"в том числе|включая|"
    r"(?<!\w)(?:ان میں|بشمول|جن میں))\b[^;.]*$|\((?:[^()]*)$",
    re.I,
)
# "grew to USD 20 million, after USD 1 million": what it was before, for a time that is mostly not named.
_EARLIER = re.compile(
    r"\b(?:after|from|against|compared (?:with|to)|than|против|по сравнению с|после)\s*$|کے مقابلے میں\s*$", re.I
)
_CLAUSE = re.compile(
    r"[;\n]|,? (?:whereas|while|but|against)\b|, (?:and|with|as)\b(?! \d)|,? тогда как|,? а (?!также)|, но\b|جبکہ|؛", re.I
)
_EVENTS = re.compile(
    r"(?P<first>\bfirst\b(?! (?:half|quarter|\w+ months))|\bперв\w+|پہل[ایے])|(?P<signed>\bsign(?:ed|ing|s)?\b|"
    r"signature|подпис\w+|دستخط)|(?P<force>into force|in force|take effect|"
    r"took effect|вступи\w+ в силу|نافذ)|"
    r"(?P<started>\blaunch\w*|\bstart\w*|\bbeg[aiu]n\w*|\bopened|inaugurat\w*|\bresum\w*|запу\w+|\bнача\w+|откры\w+|"
    r"شروع|آغاز|افتتاح)|"
    r"(?P<joined>\bacced\w*|accession|\bjoin(?:ed|s)?\b|deposit\w*|присоедин\w+|شمولیت)|"
    r"(?P<held>\bheld\b|took place|\bhost\w*|прош[ёел]\w*|состоя\w+|منعقد)|(?P<visited>\bvisit\w*|\barriv\w*|"
    r"визит\w*|посет\w+|دورہ)|"
    r"(?P<approved>\bapprov\w*|\badopt\w*|\bratif\w*|одобр\w+|утверд\w+|ратиф\w+|منظور)|(?P<completed>\bcomplet\w*|"
    r"\bfinish\w*|заверш\w+|مکمل)",
    re.I,
)
