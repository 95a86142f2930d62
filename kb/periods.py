"""Dates and periods in a text: what a sentence dates, and which period a question asks about, in English, Russian and Urdu.

Our own patterns and not dateparser's: that one takes a string for one moment, where a question says "since 2021" or "FY2024-25",
and its search over a sentence reads "may", "с" and figures of trade as dates.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kb.records import Period

FISCAL_MONTH = 7  # Pakistan's fiscal year runs from July to June and is named by both years, or by the one in which it ends
_MONTHS = (
    ("january", "jan", "январ", "جنوری"),
    ("february", "feb", "феврал", "فروری"),
    ("march", "mar", "март", "مارچ"),
    ("april", "apr", "апрел", "اپریل"),
    ("may", "ма[йяею]", "مئی"),
    ("june", "jun", "июн", "جون"),
    ("july", "jul", "июл", "جولائی"),
    ("august", "aug", "август", "اگست"),
    ("september", "sept", "sep", "сентябр", "ستمبر"),
    ("october", "oct", "октябр", "اکتوبر"),
    ("november", "nov", "ноябр", "نومبر"),
    ("december", "dec", "декабр", "دسمبر"),
)
_MONTH = "|".join(rf"{name}\w{{0,2}}" if re.match("[а-я]", name) else rf"{name}\b\.?" for row in _MONTHS for name in row)
# Four digits before a unit or after a currency are an amount: "2000 MW", "USD 2000".
_YEAR = (
    r"(?<![\d.,/$€])(?<!usd )(?<!eur )(?:19|20)\d{2}(?![\d/%]|[.,]\d|"
    r"\s*(?:million|billion|thousand|km|mw|kv|tonn?e?s?\b|per ?cent|million|people|млн|млрд|тыс|км|мвт|тонн|"
    r"ملین|ارب|کلومیٹر|میگاواٹ|ٹن))"
)
_POINT = (
    rf"(?:(?:(?:\d{{1,2}}\s?(?:[-–—]|to|or|and|по|и|или|سے|تا|اور|یا)\s?)?\d{{1,2}}(?:st|nd|rd|th)?\s+)?(?:{_MONTH})(?:\s+\d{{1,2}}(?:st|nd|rd|th)?,)?(?:\s+of)?\s+{_YEAR}|"
    rf"(?:19|20)\d{{2}}-\d{{2}}-\d{{2}}|{_YEAR})"
)
_FISCAL = r"(?<!\d)(?:19|20)\d{2}\s?[-–/]\s?(?:(?:19|20)\d{2}|\d{2})(?![\d-])"
_SPAN = rf"(?:{_MONTH})(?:\s+{_YEAR})?\s?(?:[-–—]|to|по|سے)\s?(?:{_MONTH})\s+{_YEAR}"  # of months: "July–December 2023"
DATED = re.compile(
    rf"(?P<span>{_SPAN})|(?P<fiscal>{_FISCAL})|(?P<iso>(?:19|20)\d{{2}}-\d{{2}}-\d{{2}})|(?P<point>{_POINT})", re.I
)
_PARTS = re.compile(
    rf"(?:(?:(?P<first>\d{{1,2}})\D{{1,6}})?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+)?(?P<month>{_MONTH})?(?:\s+(?P<after>\d{{1,2}})\w*,)?[^\d]*(?P<year>\d{{4}})",
    re.I,
)
_NAMED_YEAR = r"(?:\s+(?:года?у?|гг?\.?|year))?"
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

_BETWEEN = re.compile(
    rf"(?:between|from|между|с|со|в период с)\s+(?P<a>{_POINT}){_NAMED_YEAR}\s+(?:and|to|till|until|through|и|"
    rf"по|до)\s+(?P<b>{_POINT})|"
    rf"(?P<c>{_POINT})\s+(?:سے|اور)\s+(?P<d>{_POINT})(?:\s+(?:تک|کے درمیان))|(?P<e>{_YEAR})\s?[–—]\s?(?P<f>{_YEAR})",
    re.I,
)  # fmt: skip
_SINCE = re.compile(
    rf"\b(?P<word>since|after|from|starting in|начиная с|с|после)\s+(?P<a>{_POINT})|"
    rf"(?P<b>{_POINT})\s+(?P<tail>کے بعد|سے(?:\s+اب تک)?)(?=\s|$)",
    re.I,
)
_UNTIL = re.compile(
    rf"\b(?P<word>until|till|before|up to|до)\s+(?P<a>{_POINT})|(?P<b>{_POINT})\s+(?P<tail>سے پہلے|سے قبل|تک)(?=\s|$)", re.I
)
_FISCAL_NAMED = re.compile(
    r"(?:\bFY\s?|\b(?:fiscal|financial) year\s+|финансов\w+ год\w*\s+|مالی سال\s+)(?P<year>(?:19|20)\d{2})(?!\s?[-–/]\s?\d)", re.I
)
_SOURCE_FIELD = re.compile(
    r"[^:;]*\b(?:source|said|says|as of|reported|note|источник\w*|сообщ\w*|примечан\w*)\b[^:;]*:|"
    r"[^:;]*(?:ذریعہ|ذرائع|حوالہ)[^:;]*:",
    re.I,
)
_HALF = re.compile(
    rf"(?P<half>first|second|перв\w+|втор\w+)\s+(?:half|полови\w+|полугоди\w+)\s+(?:of\s+)?(?P<year>{_YEAR})", re.I
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
    found = []
    for match in DATED.finditer(text):
        covered = _months(match[0]) if match["span"] else _fiscal(match[0]) if match["fiscal"] else _days(match[0])
        if covered:
            found.append(Dated(match.start(), match.end(), Period(*covered, match[0])))
    return found


def period_of(text: str, today: date) -> Period | None:
    """The period that a question names, or None. What is relative ("last year") counts from `today`, the asker's calendar day.

    It is not the newest document's date: an asker in 2027 who says "last year" means 2026, and has to be told that the documents
    do not reach so far.
    """
    for found in (_relative(text, today), _range(text)):
        if found:
            return found
    named = _FISCAL_NAMED.search(text)
    if named:
        year = int(named["year"])
        return Period(f"{year - 1}-07-01", f"{year}-06-30", named[0])
    half = _HALF.search(text)
    if half:
        first = half["half"].lower().startswith(("first", "перв"))
        return Period(half["year"] + ("-01-01" if first else "-07-01"), half["year"] + ("-06-30" if first else "-12-31"), half[0])
    dated = dates_in(text)
    return dated[0].period if len(dated) == 1 else None


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


def _range(text: str) -> Period | None:
    match = _BETWEEN.search(text)
    if match:
        first, last = (_days(match[a] or match[b] or match[c] or "") for a, b, c in (("a", "c", "e"), ("b", "d", "f")))
        if first and last and first[0] <= last[1]:
            return Period(first[0], last[1], match[0], ranged=True)
    match = _SINCE.search(text)
    covered = _days(match["a"] or match["b"]) if match else None
    if match and covered:
        without = (match["word"] or match["tail"]).lower() in ("after", "после", "کے بعد")
        return Period(_moved(covered[1], 1) if without else covered[0], "", match[0], ranged=True)
    match = _UNTIL.search(text)
    covered = _days(match["a"] or match["b"]) if match else None
    if match is None or covered is None:
        return None
    without = (match["word"] or match["tail"]).lower() in ("before", "سے پہلے", "سے قبل")
    return Period("", _moved(covered[0], -1) if without else covered[1], match[0], ranged=True)


def _moved(day: str, by: int) -> str:
    return (date.fromisoformat(day) + timedelta(by)).isoformat()


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


def _fiscal(text: str) -> tuple[str, str] | None:
    first, last = re.findall(r"\d+", text)
    end = int(last) if len(last) == 4 else int(first[:2] + last)
    if end == int(first) + 1:
        return f"{first}-{FISCAL_MONTH:02}-01", f"{end}-{FISCAL_MONTH - 1:02}-30"
    return (f"{first}-01-01", f"{end}-12-31") if len(last) == 4 and end > int(first) else _days(first)


def _months(text: str) -> tuple[str, str] | None:
    year = re.findall(r"\d{4}", text)[-1]
    first, last = (match[0] for match in list(re.finditer(_MONTH, text, re.I))[:2])
    began, ended = _days(f"{first} {re.findall(r'[0-9]{4}', text)[0]}"), _days(f"{last} {year}")
    return (began[0], ended[1]) if began and ended and began[0] <= ended[1] else None


def _days(text: str) -> tuple[str, str] | None:
    """First and last day of a date as written; None for what is no date: "31 February 2021"."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        year, month, day = (int(part) for part in text.split("-"))
        first = day
    else:
        match = _PARTS.search(text)
        if match is None:
            return None
        year, month, day = int(match["year"]), _month(match["month"] or ""), int(match["day"] or match["after"] or 0)
        first = int(match["first"] or day)
    if not month:
        return f"{year}-01-01", f"{year}-12-31"
    length = calendar.monthrange(year, month)[1] if 1 <= month <= len(_MONTHS) else 0
    if not length or day > length or first > day:
        return None
    return f"{year}-{month:02}-{first or 1:02}", f"{year}-{month:02}-{day or length:02}"


def _month(word: str) -> int:
    return next((number for number, row in _by_month() if any(re.match(name, word, re.I) for name in row)), 0) if word else 0


def _by_month() -> Iterator[tuple[int, tuple[str, ...]]]:
    return iter(enumerate(_MONTHS, 1))
