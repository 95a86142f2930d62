"""Where sources disagree: values of the same thing and period in the judged sentences that cannot all be right.

A value is compared if it measures what the question asks for, of the things that the question names. Two values conflict if
their intervals do not meet (kb.quantities.agree) and they come from different documents, from different voices within one, or
from a sentence that itself says that the figures differ. Other periods, exports beside totals, and targets beside what was
reached are no conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kb.cite import cite
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.measured import ABOUT_FIGURES, MEASURES, Asked, asked, is_flow, named_measures
from kb.quantities import Quantity, agree, quantities_of
from kb.question import Question
from kb.records import KINDS, Citation, Conflict, ConflictValue
from kb.stated import Stated, stated_values
from kb.timespans import SPAN_DAYS, Timespan, timespans_of
from kb.voices import same_voice
from kb.words import stems

POOL = 30  # judged sentences that are looked at, the most probable first
COVERED = 0.5  # share of the question's other words that a value's sentence and title must hold
FOREIGN = 0.6  # share of the best probability that a sentence in another language than the question must reach
SAME_PERIOD = 0.45  # share of the longer period that both must have in common: a calendar and a fiscal year have half
AS_LONG = 0.8  # share of the longer period that the shorter must last, else it is a part of it
SHIFTED = 1.25  # ratio from which figures for periods that are not quite the same disagree
PART = 0.9  # share of the shorter period that must be within the longer to be a part of it
STALE_DAYS = 731  # counts of people are compared within two years
TARGET_DAYS = 100  # a target that is named later than this after another may be a new one
NEAR_DAYS = 31  # two dates of one event that sources give differently lie near; further apart they are two events
COMPARED_DAYS = 366  # the same where the question asks for dates that differ
SUM = 0.01  # share of a whole by which its parts may miss it, being rounded
VALUES, CONFLICTS = 8, 2  # at most, of one answer


def disagreements(question: Question, evidence: Sequence[Evidence], gazetteer: Gazetteer) -> list[list[Stated]]:
    """Values of one thing that cannot all be right, a list for each thing, in the order to be shown. `evidence` is the judge's,
    best first."""
    wanted = asked(question)
    if not wanted.dimensions or not evidence:
        return []
    periods = timespans_of(question.text)
    relevant = list(_relevant(question, evidence, wanted))
    values = [
        value
        for item in relevant
        for value in stated_values(question, item, wanted, gazetteer, evidence[0].probability)
        # A target is no figure that somebody reports.
        if (wanted.planned or not value.planned) and _of_the_time(value, periods)
    ]
    groups = _groups(_without_parts(values, relevant), COMPARED_DAYS if wanted.compared else NEAR_DAYS)
    shown = [group for n, group in enumerate(groups) if n == 0 or is_flow(group[0].measure)][:CONFLICTS]
    return [_ordered(group)[:VALUES] for group in shown]


def conflicts_of(
    groups: Sequence[Sequence[Stated]],
    question: Question,
    gazetteer: Gazetteer,
    said: Sequence[Citation],
    text_of: Callable[[str], str],
) -> tuple[tuple[Conflict, ...], tuple[Citation, ...]]:
    """`disagreements` as conflicts, and the citations they add to those of the statements, `said`, whose markers are used where
    they quote the same. Raises kb.cite.QuoteMismatch.
    """
    added: list[Citation] = []
    made = []
    for group in groups:
        shown = tuple(_conflict_value(value, marker_of(value.evidence, said, added, text_of)) for value in group)
        made.append(Conflict(_about(group, question, gazetteer), shown))
    return tuple(made), tuple(added)


def _relevant(question: Question, evidence: Sequence[Evidence], wanted: Asked) -> Iterable[Evidence]:
    """Sentences that hold enough of what the question says beside its names, figures and what it measures."""
    names = {word for mention in question.entities for word in stems(mention.text)}
    skipped = names | ABOUT_FIGURES | wanted.nouns | set(question.numbers)
    skipped |= {word for p in timespans_of(question.text) for word in stems(question.text[p.start : p.end])}
    skipped |= {word for _, start, end in named_measures(question.text) for word in stems(question.text[start:end])}
    others = [word for word in question.stems if word not in skipped and not word.isdigit()]
    best = evidence[0].probability
    for item in evidence[:POOL]:
        passage = item.candidate.hit.passage
        if passage.language != question.language:
            if item.probability >= FOREIGN * best:
                yield item
            continue
        there = set(stems(f"{item.text} {passage.context}"))
        if not others or sum(word in there for word in others) / len(others) >= COVERED:
            yield item


def _without_parts(values: Sequence[Stated], relevant: Sequence[Evidence]) -> list[Stated]:
    """Leave out values that some sentence gives as parts of another value: 750 km where "1,227 km" are "750 km and 477 km"."""
    split = [found for item in relevant if (found := parts_and_whole(quantities_of(item.text)))]
    if not split:
        return list(values)

    def is_part(value: Stated) -> bool:
        return any(
            any(agree(value.quantity, part) for part in parts) and any(agree(other.quantity, whole) for other in values)
            for parts, whole in split
        )

    return [value for value in values if not is_part(value)]


def parts_and_whole(quantities: Sequence[Quantity]) -> tuple[list[Quantity], Quantity] | None:
    """The parts and the whole that they add up to (within SUM), among quantities of one unit; None if they do not add up."""
    for unit in {(q.dimension, q.unit) for q in quantities if q.dimension != "date"}:
        same = [q for q in quantities if (q.dimension, q.unit) == unit]
        whole = max(same, key=lambda q: q.high)
        parts = [q for q in same if q is not whole]
        if len(parts) > 1 and abs(sum(q.low for q in parts) - whole.low) <= SUM * whole.low:
            return parts, whole
    return None


def _groups(values: Sequence[Stated], near: int) -> list[list[Stated]]:
    """Values that another conflicts with, by what they measure; of flows by period too. The most probable first."""
    left = sorted(values, key=lambda value: -value.evidence.probability)
    groups: list[list[Stated]] = []
    while left:
        first = left.pop(0)
        against = [other for other in left if conflict(first, other, near)]
        if not against:
            continue
        if is_flow(first.measure):
            like_first = [v for v in left if agree(v.quantity, first.quantity) and any(conflict(v, w, near) for w in against)]
            groups.append([first, *against, *like_first])
            left = [v for v in left if not any(v is other for other in against) and not agree(v.quantity, first.quantity)]
        else:
            alike = [v for v in left if _same_thing(v, first)]
            groups.append(_still_said([v for v in (first, *alike) if any(conflict(v, w, near) for w in (first, *alike))]))
            left = [v for v in left if not _same_thing(v, first)]
    return groups


def _still_said(group: list[Stated]) -> list[Stated]:
    """Leave out what is long past: 350 students in 2005 say nothing on today's number."""
    newest = max((value.day for value in group if value.day), default=0)
    return [value for value in group if value.admits or not value.day or newest - value.day <= _lasting(value)]


def _same_thing(one: Stated, other: Stated) -> bool:
    return (one.measure, one.planned, one.quantity.unit) == (other.measure, other.planned, other.quantity.unit)


def conflict(one: Stated, other: Stated, near: int = NEAR_DAYS) -> bool:
    """Whether two values are of the same thing and period, from different voices, and cannot both be right.

    Dates more than `near` days apart are those of two events, unless a sentence says that they differ.
    """
    a, b = one.quantity, other.quantity
    if (one.measure, one.planned, a.dimension, a.unit) != (other.measure, other.planned, b.dimension, b.unit):
        return False
    if one.scope != other.scope:
        return False
    if one.subjects != other.subjects and not (one.on_subject and other.on_subject):
        return False
    if agree(a, b) or not _independent(one, other):
        return False
    if is_flow(one.measure) and not one.planned:
        return _in_same_period(one, other)
    if one.admits or other.admits:
        return True
    if one.day and other.day and a.dimension != "date" and _days_apart(one, other) > _lasting(one):
        return False
    if one.label and one.label == other.label:
        return True
    if a.dimension == "date":
        return abs(a.low - b.low) <= near
    if one.measure in MEASURES:
        return not MEASURES[one.measure].many
    return a.dimension in ("count", "length", "power", "area")  # of loads, sums and shares without a name there are many


def _days_apart(one: Stated, other: Stated) -> int:
    return abs((one.day or 0) - (other.day or 0))


def _lasting(value: Stated) -> float:
    """Days after which another value is news and no conflict: a new target, more students. Lengths and costs last."""
    if value.planned:
        return TARGET_DAYS
    return STALE_DAYS if value.quantity.dimension in ("count", "percent") else float("inf")


def _independent(one: Stated, other: Stated) -> bool:
    """Different voices. Within a sentence only if it says that figures differ, or names both."""
    same_sentence = one.evidence is other.evidence
    if same_sentence:
        return one.admits or bool(one.said_by and other.said_by and not same_voice(one.said_by, other.said_by))
    if one.said_by and other.said_by:
        return not same_voice(one.said_by, other.said_by)
    if one.document_id != other.document_id or one.admits or other.admits:
        return True
    return bool(one.said_by or other.said_by) and is_flow(one.measure)  # the document's own figure beside one that it reports


def _in_same_period(one: Stated, other: Stated) -> bool:
    if one.period is None or other.period is None:
        return False
    p, q, a, b = one.period, other.period, one.quantity, other.quantity
    common = _common_days(p, q)
    if common >= SAME_PERIOD * max(p.days, q.days) and min(p.days, q.days) >= AS_LONG * max(p.days, q.days):
        said_to_differ = one.evidence is other.evidence and one.admits
        shifted = not said_to_differ and max(abs(p.first - q.first), abs(p.last - q.last)) > 31
        low, high = sorted((max(a.low, 1e-9), max(b.low, 1e-9)))
        return not shifted or high / low >= SHIFTED
    if common < PART * min(p.days, q.days):
        return False
    part, whole = (a, b) if p.days < q.days else (b, a)
    return part.interval[0] > whole.interval[1]  # a part is more than the whole


def _of_the_time(value: Stated, periods: Sequence[Timespan]) -> bool:
    """Whether a flow is for a period that the question names, another value from a sentence that names one, if any."""
    if is_flow(value.measure):
        spans = [period for period in periods if period.days >= SPAN_DAYS]
        return not spans or value.period is None or any(_meet(value.period, period) for period in spans)
    named = timespans_of(value.evidence.text)
    return not periods or not named or any(_common_days(one, other) > 0 for one in named for other in periods)


def _meet(one: Timespan, other: Timespan) -> bool:
    """Whether a value's period is (nearly) the one asked about, or a part of it, or holds it."""
    return _common_days(one, other) >= SAME_PERIOD * min(one.days, other.days)


def _common_days(one: Timespan, other: Timespan) -> int:
    return min(one.last, other.last) - max(one.first, other.first) + 1


def _ordered(group: Sequence[Stated]) -> list[Stated]:
    """One for each value and voice of its best tier; the tiers in order, within one the newest first."""
    kept: list[Stated] = []
    for value in sorted(group, key=lambda v: (_tier(v), -v.evidence.probability)):
        if not any(_is_said_alike(value.quantity, known.quantity) for known in kept):
            kept.append(value)
    return sorted(kept, key=lambda v: (_tier(v), -(v.as_of.last if v.as_of else 0), v.quantity.low))


def _is_said_alike(one: Quantity, other: Quantity) -> bool:
    """Whether a table needs but one of them: "219 million" and "219.12 million", not "12,000" and "10,000 to 12,000"."""
    single = one.low == one.high and other.low == other.high
    return one.bound == other.bound and (agree(one, other) if single else (one.low, one.high) == (other.low, other.high))


def _tier(value: Stated) -> int:
    kind = value.evidence.candidate.hit.document.metadata.kind
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def marker_of(evidence: Evidence, said: Sequence[Citation], added: list[Citation], text_of: Callable[[str], str]) -> int:
    """The marker under which `said` or `added` quote the sentence; else it is cited anew, in `added`. Raises QuoteMismatch."""
    hit = evidence.candidate.hit
    start = hit.passage.locator.start + evidence.start
    for citation in (*said, *added):
        if citation.document.id == hit.document.id and citation.locator.start == start:
            return citation.marker
    marker = len(said) + len(added) + 1
    added.append(cite(marker, hit.passage, hit.document, (evidence.start, evidence.end), text_of(hit.document.id)))
    return marker


def _conflict_value(value: Stated, marker: int) -> ConflictValue:
    quantity = value.quantity
    return ConflictValue(
        value=value.text,
        citation=marker,
        low=quantity.low,
        high=quantity.high,
        unit=quantity.unit,
        said_by=value.said_by,
        as_of=value.as_of.iso if value.as_of else "",
        period=value.period_text,
        tier=value.evidence.candidate.hit.document.metadata.kind,
    )


def _about(group: Sequence[Stated], question: Question, gazetteer: Gazetteer) -> str:
    """ "trade (Pakistan, Kyrgyzstan, 2022-23)": what is measured, of what the question names, for which period if it is one."""
    first = group[0]
    measure = first.measure or (
        "time to a target" if first.quantity.dimension == "duration" and first.planned else first.quantity.dimension
    )
    if first.quantity.dimension == "date":
        measure = f"date {'in force' if measure == 'force' else measure}"
    names = list(dict.fromkeys(gazetteer.entities[m.entity_id].name for m in question.entities if m.entity_id))
    periods = {value.period_text for value in group}
    pieces = [", ".join(names), periods.pop() if len(periods) == 1 else ""]
    head = f"{'target for ' if first.planned and first.measure else ''}{measure}"
    rest = ", ".join(piece for piece in pieces if piece)
    return f"{head} ({rest})" if rest else head
