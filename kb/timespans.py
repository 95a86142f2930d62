"""Dates and periods in a text, of any precision, in English, Russian and Urdu, as spans and as days.

Not dateparser: it reads a date, but neither Urdu months in running text nor fiscal years or ranges of months with their spans.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

FISCAL_START = 7  # Pakistan's fiscal year begins in July
SPAN_DAYS = 80  # from a quarter on a period is what a figure is for; a day or month is when it was said


@dataclass(frozen=True, slots=True)
class Timespan:
    """A date or period at `text[start:end]`: `first`..`last` are day numbers (date.toordinal), both included."""

    start: int
    end: int
    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def iso(self) -> str:
        """ "2021-07-15", "2021-07" or "2021"; of another length "first day/last day"."""
        first, last = date.fromordinal(self.first), date.fromordinal(self.last)
        if first == last:
            return first.isoformat()
        if (first.year, first.month, first.day) == (last.year, last.month, 1) and (last + timedelta(1)).day == 1:
            return f"{first:%Y-%m}"
        if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
            return f"{first:%Y}"
        return f"{first.isoformat()}/{last.isoformat()}"


@lru_cache(maxsize=4096)  # a sentence is asked for its dates, its values and who says them; and again by the next question
def timespans_of(text: str) -> tuple[Timespan, ...]:
    """In order, without overlap: days, months, years, Pakistani fiscal years ("2022-23", "FY25"), ranges of days and months.

    What names no year is left out.
    """
    if not _HAS_YEAR.search(text):
        return ()
    found = []
    for match in _DATE.finditer(text):
        days = _days_of(match)
        if days is not None:
            found.append(Timespan(match.start(), match.end(), *days))
    return tuple(found)


_HAS_YEAR = re.compile(r"(?:19|20|۱۹|۲۰)\d\d|FY", re.I)
_MONTHS = (
    r"jan(?:uary|\.)?|январ[яьею]\w*|جنوری",
    r"feb(?:ruary|\.)?|феврал[яьею]\w*|فروری",
    r"mar(?:ch|\.)?|март[аеу]?|مارچ",
    r"apr(?:il|\.)?|апрел[яьею]\w*|اپریل",
    r"may|ма[йяею]|مئی",
    r"june?|июн[яьею]\w*|جون",
    r"july?|июл[яьею]\w*|جولائی",
    r"aug(?:ust|\.)?|август[аеу]?|اگست",
    r"sep(?:t(?:ember)?)?\.?|сентябр[яьею]\w*|ستمبر",
    r"oct(?:ober|\.)?|октябр[яьею]\w*|اکتوبر",
    r"nov(?:ember|\.)?|ноябр[яьею]\w*|نومبر",
    r"dec(?:ember|\.)?|декабр[яьею]\w*|دسمبر",
)
_MONTH = "(?:" + "|".join(_MONTHS) + ")"
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11}
_YEAR = r"(?:19|20|۱۹|۲۰)\d{2}"
# Four digits before a unit or after a currency are an amount: "2000 MW", "USD 2000".
_AMOUNT = (
    r"(?!\d|[.,]\d|%|\s?(?:million|billion|thousand|MW|kV|km|tonn?e?s?\b|per ?cent|people|млн|млрд|тыс|МВт|км|тонн|"
    r"ملین|ارب|کلومیٹر|میگاواٹ|ٹن))"
)
_TO = r"(?:[–—-]|and|or|to|и|или|до|по|سے|تا|اور|یا)"
_FISCAL_WORD = r"(?:FY\s?|(?:fiscal|financial) year |финансов\w+ год\w* |مالی سال )"
_DATE = re.compile(
    rf"(?<![\w.,/$€-])(?<!usd )(?<!eur )"
    rf"(?:(?P<iso>{_YEAR}-\d{{2}}-\d{{2}})(?!-?\d)|(?P<dotted>\d{{1,2}}\.\d{{1,2}}\.{_YEAR})"
    rf"|(?P<day>\d{{1,2}})(?:\s?{_TO}\s?(?P<lastday>\d{{1,2}}))?(?:st|nd|rd|th)?\s(?:of )?(?P<month>{_MONTH}),?\s"
    rf"(?P<year>{_YEAR})"
    rf"|(?P<usmonth>{_MONTH})\s(?P<usday>\d{{1,2}})(?:st|nd|rd|th)?,\s(?P<usyear>{_YEAR})"
    rf"|(?P<from>{_MONTH})(?:\s(?P<fromyear>{_YEAR}))?\s?(?:[–—-]|to|through|до|по|سے|تا)\s?(?P<to>{_MONTH}),?\s(?:of )?"
    rf"(?P<spanyear>{_YEAR})"
    rf"|(?P<half>first|second|перв\w+|втор\w+|پہلی|دوسری) (?:half|six months|полугоди\w+|половин\w+|"
    rf"ششماہی) (?:of )?(?P<halfyear>{_YEAR})"
    rf"|first (?P<count>two|three|four|five|seven|eight|nine|ten|eleven|\d\d?) months of (?P<countyear>{_YEAR})"
    rf"|(?P<onlymonth>{_MONTH}),?\s(?:of )?(?P<monthyear>{_YEAR})"
    rf"|{_FISCAL_WORD}?(?P<fiscal>{_YEAR})\s?[-–/]\s?(?P<fiscalend>{_YEAR}|\d{{2}})(?!\d|[-/]\d)"
    rf"|{_FISCAL_WORD}(?P<short>{_YEAR}|(?<=FY)\d{{2}}|(?<=FY )\d{{2}})\b|(?P<years>{_YEAR}){_AMOUNT})(?!\w)",
    re.I,
)


def _days_of(match: re.Match[str]) -> tuple[int, int] | None:
    """First and last day as ordinals; None for a day that no calendar has."""
    part = match.groupdict()
    try:
        if part["iso"]:
            return (date.fromisoformat(part["iso"]).toordinal(),) * 2
        if part["dotted"]:
            d, m, y = map(int, part["dotted"].split("."))
            return (date(y, m, d).toordinal(),) * 2
        if part["year"]:
            month, year = _month(part["month"]), int(part["year"])
            first, last = int(part["day"]), int(part["lastday"] or part["day"])
            return date(year, month, first).toordinal(), date(year, month, last).toordinal()
        if part["usyear"]:
            return (date(int(part["usyear"]), _month(part["usmonth"]), int(part["usday"])).toordinal(),) * 2
    except ValueError:
        return None
    if part["fromyear"]:
        first, _ = _months(int(part["fromyear"]), _month(part["from"]), _month(part["from"]))
        _, last = _months(int(part["spanyear"]), _month(part["to"]), _month(part["to"]))
        return (first, last) if first <= last else None
    if part["spanyear"]:
        return _months(int(part["spanyear"]), _month(part["from"]), _month(part["to"]))
    if part["monthyear"]:
        month = _month(part["onlymonth"])
        return _months(int(part["monthyear"]), month, month)
    if part["halfyear"]:
        second = part["half"].casefold()[:3] in ("sec", "вто", "دوس")
        return _months(int(part["halfyear"]), 7 if second else 1, 12 if second else 6)
    if part["countyear"]:
        months = _COUNTS.get(part["count"].casefold()) or int(part["count"])
        return _months(int(part["countyear"]), 1, months) if 1 <= months <= 12 else None
    return _years(part)


def _years(part: dict[str, str | None]) -> tuple[int, int] | None:
    """Years and fiscal years; "FY25" ends in June 2025. "2022-25" is a span of years, "2022-23" a fiscal year."""
    if part["fiscal"]:
        first, last = int(part["fiscal"]), int(str(part["fiscalend"]))
        last = last if last > 100 else first - first % 100 + last
        if last == first + 1:
            return date(first, FISCAL_START, 1).toordinal(), date(last, FISCAL_START, 1).toordinal() - 1
        return (date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()) if last > first else None
    if part["short"]:
        last = int(part["short"]) + (2000 if int(part["short"]) < 100 else 0)
        return date(last - 1, FISCAL_START, 1).toordinal(), date(last, FISCAL_START, 1).toordinal() - 1
    return _months(int(str(part["years"])), 1, 12)


def _months(year: int, first: int, last: int) -> tuple[int, int]:
    """ "November–February 2024" ends in 2024."""
    begin = year if first <= last else year - 1
    return date(begin, first, 1).toordinal(), date(year, last, calendar.monthrange(year, last)[1]).toordinal()


def _month(name: str) -> int:
    return next(number for number, pattern in enumerate(_MONTHS, 1) if re.fullmatch(pattern, name, re.I))
