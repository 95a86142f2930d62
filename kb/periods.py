"""What a sentence dates, and which period a question asks about, by kb.timespans: "since 2021", "between …", "last year"."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from kb.records import Period
from kb.timespans import Timespan, timespans_of

YEARS = 366  # days; a span of several years gives bounds, and no date that a source would write the same way

_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "ten": 10,
    "два": 2,
    "три": 3,
    "пять": 5,
    "десять": 10,
    "دو": 2,
    "تین": 3,
    "پانچ": 5,
}

_YEARS_NAMED = r"\s*(?:года?у?|гг?\.?|year)?\s*"
_FROM = re.compile(r"\b(?:between|from|между|в период с|со?)\s+$", re.I)
_TO = re.compile(rf"^{_YEARS_NAMED}(?:and|to|till|until|through|и|по|до)\s+$", re.I)
_URDU_TO, _URDU_BETWEEN = re.compile(r"^\s+(?:سے|اور)\s+$"), re.compile(r"\s+(?:تک|کے درمیان)(?=\s|$)")
_SINCE = re.compile(r"\b(?P<word>since|after|from|starting in|начиная с|с|после)\s+$", re.I)
_UNTIL = re.compile(r"\b(?P<word>until|till|before|up to|до)\s+$", re.I)
_URDU_SINCE = re.compile(r"\s+(?P<word>کے بعد|سے(?:\s+اب تک)?)(?=\s|$)")
_URDU_UNTIL = re.compile(r"\s+(?P<word>سے پہلے|سے قبل|تک)(?=\s|$)")
_WITHOUT = frozenset(("after", "после", "کے بعد", "before", "سے پہلے", "سے قبل"))  # the date itself is not in the period
_SOURCE_FIELD = re.compile(
    r"[^:;]*\b(?:source|said|says|as of|reported|note|источник\w*|сообщ\w*|примечан\w*)\b[^:;]*:|"
    r"[^:;]*(?:ذریعہ|ذرائع|حوالہ)[^:;]*:",
    re.I,
)
_RELATIVE = re.compile(
    r"\b(?P<last>last year|previous year|прошл\w+ год\w*)\b|\b(?P<this>this year|current year|(?:эт\w+|текущ\w+) год\w*)\b|"
    r"(?P<ur_last>(?:پچھلے|گزشتہ|گذشتہ) سال)(?!وں)|(?P<ur_this>(?:اس|رواں) سال)|"
    r"\b(?:(?:last|past)\s+(?P<n>\d{1,2}|two|three|four|five|ten) years|последни\w+\s+(?P<n_ru>\d{1,2}|два|три|"
    r"пять|десять) (?:года?|лет))\b|"
    r"(?:پچھلے|گزشتہ)\s+(?P<n_ur>\d{1,2}|دو|تین|پانچ)\s+سال(?:وں)?",
    re.I,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dated:
    """A date as written at `[start, end)`, and the days that it covers."""

    start: int
    end: int
    period: Period


def dates_in(text: str) -> list[Dated]:
    """Dates that name a year, in order: days, months, years, fiscal years. Days that no calendar has are left out."""
    return [Dated(span.start, span.end, _period(span, text[span.start : span.end])) for span in timespans_of(text)]


def period_of(text: str, today: date) -> Period | None:
    """The period that a question names, or None. What is relative ("last year") counts from `today`, the asker's calendar day.

    It is not the newest document's date: an asker in 2027 who says "last year" means 2026, and has to be told that the documents
    do not reach so far.
    """
    spans = timespans_of(text)
    found = _relative(text, today) or _between(text, spans) or _open(text, spans)
    if found or len(spans) != 1:
        return found
    period = _period(spans[0], text[spans[0].start : spans[0].end])
    return replace(period, ranged=True) if spans[0].days > YEARS else period


def _period(span: Timespan, text: str) -> Period:
    return Period(_iso(span.first), _iso(span.last), text)


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def within(text: str, period: Period) -> bool:
    """Whether a text dates nothing, or something within the period; in a table's row, when it was said does not count."""
    sources = source_fields(text)
    dated = [one for one in dates_in(text) if not any(start <= one.start < end for start, end in sources)]
    return not dated or any(overlap(one.period, period) for one in dated)


def source_fields(text: str) -> list[tuple[int, int]]:
    """Spans of the fields of a table's row ("Header: value; …") that say who said it and when, not what is said."""
    found, start = [], 0
    for part in text.split("; "):
        if _SOURCE_FIELD.match(part):
            found.append((start, start + len(part)))
        start += len(part) + len("; ")
    return found


def overlap(one: Period, other: Period) -> bool:
    return (not one.end or not other.start or other.start <= one.end) and (
        not other.end or not one.start or one.start <= other.end
    )


def _between(text: str, spans: Sequence[Timespan]) -> Period | None:
    """ "from 2015 to 2018", «с 2019 по 2022 год», "2015 سے 2018 تک"."""
    for one, other in pairwise(spans):
        begin, joint = _FROM.search(text[: one.start]), text[one.end : other.start]
        end = _URDU_BETWEEN.match(text, other.end)
        if one.first <= other.last and ((begin and _TO.match(joint)) or (end and _URDU_TO.match(joint))):
            written = text[begin.start() if begin else one.start : end.end() if end else other.end]
            return Period(_iso(one.first), _iso(other.last), written, ranged=True)
    return None


def _open(text: str, spans: Sequence[Timespan]) -> Period | None:
    """ "since 2021", "before March 2020", "2021 کے بعد"."""
    for span in spans:
        before = text[: span.start]
        since = _SINCE.search(before) or _URDU_SINCE.match(text, span.end)
        until = _UNTIL.search(before) or _URDU_UNTIL.match(text, span.end)
        match = until if until and not (since and since.end() > until.end()) else since
        if match is None:
            continue
        without = match["word"].lower() in _WITHOUT
        # Behind the date the match is in the whole text, before it in the part that ends with it.
        written = text[min(match.start(), span.start) : max(match.end(), span.end)]
        if match is until:
            return Period("", _iso(span.first - 1 if without else span.last), written, ranged=True)
        return Period(_iso(span.last + 1 if without else span.first), "", written, ranged=True)
    return None


def _relative(text: str, today: date) -> Period | None:
    match = _RELATIVE.search(text)
    if match is None:
        return None
    count = match["n"] or match["n_ru"] or match["n_ur"]
    if count:
        years = int(count) if count.isdecimal() else _NUMBERS[count.lower()]
        return Period(_years_before(today, years).isoformat(), today.isoformat(), match[0], ranged=True)
    year = today.year if match["this"] or match["ur_this"] else today.year - 1
    return Period(f"{year}-01-01", f"{year}-12-31", match[0])


def _years_before(today: date, years: int) -> date:
    day = min(today.day, calendar.monthrange(today.year - years, today.month)[1])
    return date(today.year - years, today.month, day)
