"""Dates as agreements write them: "15 July 2021", "this 29th day of May 2015", "the eighth day of December nineteen hundred and
seventy-one", «15 июля 2021 года», ۱۵ جولائی ۲۰۲۱; and as pages and agreements of Central Asia do: "2021-yil 15-iyul",
«2021 жылғы 15 шілде», "2021-nji ýylyň 15-nji iýuly", «15 июли соли 2021»."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

EARLIEST = 1400  # years before are parts of other ones, or of other calendars

_MONTHS = (
    "january|jan|января|جنوری february|feb|февраля|فروری march|mar|марта|مارچ april|apr|апреля|اپریل may|мая|مئی "
    "june|jun|июня|جون july|jul|июля|جولائی august|aug|августа|اگست september|sept|sep|сентября|ستمبر "
    "october|oct|октября|اکتوبر november|nov|ноября|نومبر december|dec|декабря|دسمبر"
).split()
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")}
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
# Kazakh, Uzbek, Kyrgyz (as Russian, but for the case), Tajik, Turkmen, Persian and Dari; endings may follow.
_MONTHS_OF_THE_REGION = (
    "қаңтар|yanvar|январь|январ|ýanwar|ژانویه|جنوری ақпан|fevral|февраль|феврал|fewral|فوریه|فبروری|فروری "
    "наурыз|mart|март|مارس|مارچ сәуір|aprel|апрель|апрел|آوریل|اپریل мамыр|may|май|maý|می|مه|مئی "
    "маусым|iyun|июнь|июн|iýun|ژوئن|جون шілде|iyul|июль|июл|iýul|ژوئیه|جولای|جولائی тамыз|avgust|август|awgust|اوت|اگست "
    "қыркүйек|sentabr|sentyabr|сентябрь|сентябр|sentýabr|سپتامبر|سپتمبر|ستمبر "
    "қазан|oktabr|oktyabr|октябрь|октябр|oktýabr|اکتبر|اکتوبر "
    "қараша|noyabr|ноябрь|ноябр|noýabr|نوامبر|نومبر желтоқсан|dekabr|декабрь|декабр|dekabr|دسامبر|دسمبر"
).split()
_REGION_OF = _MONTH_OF | {name: number for number, names in enumerate(_MONTHS_OF_THE_REGION, 1) for name in names.split("|")}
_REGION = "|".join(sorted(_REGION_OF, key=len, reverse=True))
_UNITS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth"
).split()
_VALUE = {word: n for n, word in enumerate(_UNITS, 1)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_DAY_VALUE = {word: n for n, word in enumerate(_ORDINALS, 1)} | {"thirtieth": 30} | _VALUE
_TOKEN = re.compile("|".join(sorted([*_DAY_VALUE, "hundred", "thousand"], key=len, reverse=True)))  # "seventyseven" is two
_DAY_WORD = rf"(?:(?:twenty|thirty)\s?-?\s?)?(?:{'|'.join(sorted(_DAY_VALUE, key=len, reverse=True))})"
_YEAR_WORD = rf"(?:(?:{'|'.join(sorted(_VALUE, key=len, reverse=True))}|hundred|thousand|and)[\s,-]*){{2,8}}"
_DAY = rf"(?:(?P<day>\d{{1,2}})\s?(?:st|nd|rd|th)?|(?P<day_word>{_DAY_WORD}))"
_YEAR = rf"(?:in\s+(?:the\s+year\s+)?|of\s+the\s+year\s+)?(?:(?P<year>\d{{4}})|(?P<year_word>{_YEAR_WORD}))"
_FORMS = (
    rf"(?<![\w-]){_DAY}\s*(?:day\s+)?(?:of\s+)?(?P<month>{_MONTH})\.?,?\s*{_YEAR}(?!\d)",
    rf"(?<!\w)(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s*(?P<year>\d{{4}})(?!\d)",
    rf"(?<![\w-])(?P<day>\d{{1,2}})(?:[-–]?(?:nji|njy|чи|чы|inchi)\b)?[\s.–-]{{1,3}}(?P<month>{_REGION})\w{{0,5}}[\s.,،–-]{{0,3}}(?:соли\s+)?"
    rf"(?P<year>\d{{4}})(?!\d)",
    rf"(?<![\w-])(?P<year>\d{{4}})[\s–-]{{0,2}}(?:nji\s+ýyl|ýyl|yil|йил|жыл|год)\w{{0,4}}[\s,]+"
    rf"(?P<day>\d{{1,2}})(?:[-–]?(?:nji|njy|чи|чы|inchi)\b)?[\s–-]{{1,3}}(?P<month>{_REGION})\w{{0,5}}(?!\w)",
    r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month_number>\d{1,2})\.(?P<year>\d{4})(?![\d.])",
    r"(?<![\d-])(?P<year>\d{4})-(?P<month_number>\d{2})-(?P<day>\d{2})(?![\d-])",
)
_DATES = tuple(re.compile(form, re.IGNORECASE) for form in _FORMS)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """`iso` is YYYY-MM-DD; the date is written at `[start, end)`."""

    iso: str
    start: int
    end: int


def dates_in(text: str) -> list[FoundDate]:
    """The whole dates (day, month, year) that `text` writes, in order, in figures or in English words."""
    found: list[FoundDate] = []
    for one in sorted(_found(text), key=lambda one: (one.start, -one.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return found


def _found(text: str) -> Iterator[FoundDate]:
    plain = text.translate(_DIGITS)
    for form in _DATES:
        for match in form.finditer(plain):
            parts = match.groupdict()
            year = int(parts["year"]) if parts.get("year") else _year(parts.get("year_word") or "")
            month = _REGION_OF[parts["month"].lower()] if parts.get("month") else int(parts["month_number"])
            day = int(parts["day"]) if parts.get("day") else _day(parts.get("day_word") or "")
            if year < EARLIEST:
                continue  # "in the year one thousand" is part of a year
            try:
                found = date(year, month, day)
            except ValueError:
                continue  # "31 of June", "day 45": no date is written here
            written = match[0].rstrip(" \t\n-,").removesuffix(" and").rstrip(" ,-")
            yield FoundDate(found.isoformat(), match.start(), match.start() + len(written))


def _day(words: str) -> int:
    return sum(_DAY_VALUE[word] for word in _TOKEN.findall(words.lower()))


def _year(words: str) -> int:
    """ "two thousand and six" → 2006, "nineteen hundred and seventy-one" → 1971, "nineteen ninety-three" → 1993."""
    total = pending = 0
    parts = _TOKEN.findall(words.lower())
    for word in parts:
        if word == "thousand":
            total, pending = total + max(pending, 1) * 1000, 0
        elif word == "hundred":
            total, pending = total + max(pending, 1) * 100, 0
        else:
            pending += _VALUE[word]
    if "hundred" not in parts and "thousand" not in parts and len(parts) > 1 and _VALUE[parts[0]] in (18, 19, 20):
        return _VALUE[parts[0]] * 100 + pending - _VALUE[parts[0]]
    return total + pending
