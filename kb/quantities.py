"""Values in a sentence: money, shares, lengths, power, volumes, masses, durations and counts of things.

English, Russian and Urdu formats, each value with its span and a normalised range, so that two can be compared. Libraries for it
(quantulum3, price-parser) read English, or prices alone, and no Urdu.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from kb.timespans import timespans_of
from kb.words import FUNCTION_WORDS, WORD, stem

Dimension = Literal[
    "money", "price", "percent", "length", "power", "energy", "volume", "mass", "area", "duration", "count", "date"
]
Bound = Literal["exact", "about", "nearly", "over", "under"]

ABOUT = 0.05  # "about 40 million" is said of 38 to 42, "nearly 40 million" of 38 to 40
OVER = 0.25  # "more than 90" may be 98, but nobody says it of 250


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value at `text[start:end]`, the words of approximation included.

    `low`..`high` is in `unit`: a currency, "%", "km", "MW", "kWh", "m3", "m3/day", "t", "ha", "day", "USD/kWh", "" for counts.
    `step` is the place of the last digit given: 197 million is given to 1 million. `nouns` are
    the stems after a count.
    """

    start: int
    end: int
    dimension: Dimension
    unit: str
    low: float
    high: float
    step: float = 0.0
    bound: Bound = "exact"
    nouns: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float, float]:
        """What the value may be, by its rounding and its words."""
        low, high = self.low - self.step / 2, self.high + self.step / 2
        if self.bound == "about":
            return min(low, self.low * (1 - ABOUT)), max(high, self.high * (1 + ABOUT))
        if self.bound == "nearly":
            return min(low, self.low * (1 - ABOUT)), self.high
        if self.bound == "over":
            return self.low, max(high, self.high * (1 + OVER))
        if self.bound == "under":
            return min(low, self.low * (1 - OVER)), self.high
        return low, high


def agree(one: Quantity, other: Quantity) -> bool:
    """Whether both may state one value: their intervals meet. Values of other units do not agree."""
    if (one.dimension, one.unit) != (other.dimension, other.unit):
        return False
    (a, b), (c, d) = one.interval, other.interval
    return max(a, c) < min(b, d) or (max(a, c) == min(b, d) and 0 in (b - a, d - c))  # 27.5 is neither 27 nor 28


def quantities_of(text: str, russian: bool = False) -> list[Quantity]:
    """All values in order, without overlap. In a Russian text the comma is the decimal sign.

    A bare number is a count with the stems that follow, () where none does. In a list the unit is said once: "USD 4.6, 5 and
    8 billion", "USD 250 million in 2022, 180 million in 2021". Dates are left out: see kb.timespans.
    """
    masked = text
    for period in timespans_of(text):
        masked = masked[: period.start] + "\0" * (period.end - period.start) + masked[period.end :]
    found: list[_Read] = []
    done = 0
    numbers = [*_NUMBER.finditer(masked), *(word for word in WORD.finditer(masked) if word[0].casefold() in _NUMBER_WORDS)]
    for match in sorted(numbers, key=re.Match.start):
        if match.start() >= done:
            read = _read(match, masked, russian)
            if read is not None and not _is_label(masked, read.start):
                found.append(read)
                done = read.end
    return [_made(read, masked) for read in _with_shared_units(found, masked)]


def measured_by(cell: str, header: str, russian: bool = False) -> list[Quantity]:
    """The values of a table's cell; a bare number takes the unit of its column's name: "Exports (USD million)"."""
    found = quantities_of(cell, russian)
    unit = _HEADER_UNIT.search(header)
    of_header = quantities_of(f"1 {unit['magnitude'] or ''} {unit['currency'] or unit['unit'] or ''}") if unit else []
    if not of_header or of_header[0].dimension == "count":
        return found
    kind = of_header[0]
    return [
        replace(
            value,
            dimension=kind.dimension,
            unit=kind.unit,
            low=value.low * kind.low,
            high=value.high * kind.low,
            step=value.step * kind.low,
        )
        if value.dimension == "count" and not value.nouns
        else value
        for value in found
    ]


def number_of(written: str, russian: bool = False) -> tuple[float, float]:
    """A written number's value and the place of its last digit: "1,640" → (1640, 1), Russian "97,96" → (97.96, .01).

    Raises ValueError for what is no number.
    """
    word = _NUMBER_WORDS.get(written.casefold())
    if word is not None:
        return float(word), 1.0
    plain = re.sub(r"[\s\u00a0\u202f'’٬]", "", written).replace("٫", ".")
    if russian:
        plain = plain.replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    else:
        plain = plain.replace(",", ".")
    if plain.count(".") > 1 and re.fullmatch(r"\d{1,3}(?:\.\d{3})+", plain):
        plain = plain.replace(".", "")
    digits = len(plain.partition(".")[2])
    return float(plain), 10.0**-digits


# --- words and patterns ------------------------------------------------------------------------------------------------------

_MAGNITUDES = (
    (1e3, r"thousand|тыс\.|тыс(?:яч\w*)?|ہزار"),
    (1e5, r"lakhs?|لاکھ"),
    (1e6, r"millions?|mln|mn|млн\.?|миллион\w*|ملین"),
    (1e7, r"crores?|کروڑ"),
    (1e9, r"billions?|bln|bn|млрд\.?|миллиард\w*|ارب|بلین"),
    (1e11, r"کھرب"),
    (1e12, r"trillions?|трлн\.?|триллион\w*|ٹریلین"),
)
_CURRENCIES = (
    ("cent", r"(?:US )?cents?\b|цент\w*|سینٹ"),
    ("USD", r"USD|US\s?\$|\$|(?:US |U\.S\. |American )?dollars?\b|долл(?:\.|ар\w*)?(?: США)?|امریکی ڈالرز?|ڈالرز?"),
    ("PKR", r"PKR|Rs\.?|(?:Pakistani )?rupees?\b|(?:пакистанск\w+ )?рупи\w+|روپے|روپیہ"),
    ("EUR", r"EUR|€|euros?\b|евро|یورو"),
    ("CNY", r"CNY|RMB|yuan|юан\w*|یوآن"),
    ("RUB", r"RUB|(?:Russian )?roubles?|rubles?|рубл\w+|руб\."),
    ("KZT", r"KZT|tenge|тенге"),
    ("UZS", r"UZS|Uzbek so[um]ms?|узбекск\w+ сум\w*"),
)
# (unit, dimension, factor to the unit, pattern); the longer patterns first where one begins another
_UNITS: tuple[tuple[str, Dimension, float, str], ...] = (
    ("%", "percent", 1, r"%|٪|per\s?cent\b|pc\b|percentage points?|процент\w*|فیصد|فی صد"),
    ("m3/day", "volume", 0.0283168, r"cubic feet (?:a|per) day|cfd\b|мкуб\w*\b|مکعب فٹ یومیہ"),
    ("m3/day", "volume", 28316.8, r"mmcfd\b|MMSCFD\b"),
    ("m3", "volume", 1e9, r"bcm\b|млрд\.? куб\.? ?м\w*"),
    ("m3", "volume", 0.0283168, r"cubic feet|cubic foot|куб\w* фут\w*|مکعب فٹ"),
    ("m3", "volume", 1, r"cubic met(?:re|er)s?|куб\w*\.? ?м(?:етр\w*)?\b|кубометр\w*|مکعب میٹر"),
    ("kWh", "energy", 1e6, r"GWh\b|ГВт[·*⋅-]?ч\w*|gigawatt[- ]hours?"),
    ("kWh", "energy", 1e9, r"TWh\b|ТВт[·*⋅-]?ч\w*|terawatt[- ]hours?"),
    ("kWh", "energy", 1e3, r"MWh\b|МВт[·*⋅-]?ч\w*|megawatt[- ]hours?"),
    ("kWh", "energy", 1, r"kWh\b|кВт[·*⋅-]?ч\w*|киловатт-час\w*|kilowatt[- ]hours?|units of (?:power|electricity)"),
    ("MW", "power", 1e3, r"GW\b|ГВт\b|gigawatts?|гигаватт\w*|گیگاواٹ"),
    ("MW", "power", 1, r"MW\b|МВт\b|megawatts?|мегаватт\w*|میگاواٹ|میگا واٹ"),
    ("MW", "power", 1e-3, r"kW\b|кВт\b|kilowatts?|киловатт\w*|کلوواٹ"),
    ("km", "length", 1, r"-?kms?\b|kilomet(?:re|er)s?|-?км\b|километр\w*|کلومیٹر|کلو میٹر"),
    ("km", "length", 1.609344, r"miles?\b|мил(?:я|и|ь)\b|میل\b"),
    ("km", "length", 1e-3, r"met(?:re|er)s?\b|метр(?:а|ов)?\b|میٹر\b"),
    ("t", "mass", 1, r"(?:metric )?ton(?:ne)?s?\b|тонн\w*|(?<=\s)т\b|میٹرک ٹن|ٹن\b"),
    ("t", "mass", 1e-3, r"kgs?\b|kilograms?|кг\b|килограмм\w*|کلوگرام"),
    ("ha", "area", 1, r"hectares?|гектар\w*|га\b|ہیکٹر"),
    ("ha", "area", 100, r"square kilomet(?:re|er)s?|кв\.? ?км|مربع کلومیٹر"),
    ("day", "duration", 1 / 24, r"-?hours?\b|час(?:а|ов)?\b|گھنٹے|گھنٹوں"),
    ("day", "duration", 1, r"-?days?\b|дн(?:я|ей)\b|день\b|сут\w+|دنوں?\b"),
    ("day", "duration", 7, r"-?weeks?\b|недел\w+|ہفتے|ہفتوں"),
    ("day", "duration", 30.4375, r"-?months?\b|месяц\w*|ماہ\b|مہینے|مہینوں"),
    ("day", "duration", 365.25, r"-?years?\b|лет\b|год(?:а)\b|سالوں?\b|برس\b"),
)
_NUMBER_WORDS = {
    word: value
    for value, words in {
        2: "two two два две двух دو",
        3: "three три трёх трех تین",
        4: "four четыре четырёх четырех چار",
        5: "five пять пяти پانچ",
        6: "six шесть шести چھ",
        7: "seven семь семи سات",
        8: "eight восемь восьми آٹھ",
        9: "nine девять девяти نو",
        10: "ten десять десяти دس",
        11: "eleven одиннадцать گیارہ",
        12: "twelve двенадцать بارہ",
        15: "fifteen пятнадцать پندرہ",
        20: "twenty двадцать بیس",
        30: "thirty тридцать تیس",
        50: "fifty пятьдесят پچاس",
    }.items()
    for word in words.split()
}
_BOUNDS: tuple[tuple[Bound, str], ...] = (
    ("about", r"about|around|approximately|approx\.|some|roughly|circa|около|примерно|порядка|приблизительно|"
        "تقریباً|تقریبا|لگ بھگ|~|≈"),
    ("over", r"over|more than|above|at least|exceed(?:s|ed|ing)|upwards of|свыше|более(?: чем)?|больше|не менее|превы\w+"),
    ("nearly", r"nearly|almost|close to|just under|почти|без малого|قریباً"),
    ("under", r"under|less than|below|up to|at most|до|менее(?: чем)?|меньше|ниже|не более"),
)  # fmt: skip
_AFTER = r"سے زائد|سے زیادہ|سے کم|کے قریب"


def _any(pairs: tuple[tuple[object, str], ...]) -> str:
    return "|".join(pattern for _, pattern in pairs)


_DIGITS = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,٫٬]\d+)*"
_SPACE = r"[ \u00a0\u202f\t-]{0,2}"
_MAGNITUDE = rf"(?:{_any(_MAGNITUDES)})(?!\w)"
_CURRENCY = rf"(?:{_any(_CURRENCIES)})(?!\w)"
_PREFIX = r"(?:USD|US\s?\$|\$|PKR|Rs\.?|EUR|€|CNY|RMB|RUB|KZT|UZS)"
_UNIT = "(?:" + "|".join(pattern for _, _, _, pattern in _UNITS) + ")"
_WORDS = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
# Numbers are found first, then what stands before and behind each: one pattern for all of it was ten times as slow.
_NUMBER = re.compile(rf"(?<![\w.,/])(?<!\w-)(?:{_DIGITS})")
_BEFORE = re.compile(rf"(?:(?<!\w)(?P<bound>{_any(_BOUNDS)})[ \u00a0]?)?(?:(?P<prefix>(?<!\w){_PREFIX}){_SPACE})?$", re.I)
_BEHIND = re.compile(
    rf"(?:(?P<dash>\s?[–—-]\s?| to | до )(?:{_PREFIX} ?)?(?P<second>{_DIGITS}|(?:{_WORDS})(?!\w))(?![\w/]))?"
    rf"(?:{_SPACE}(?P<magnitude>{_MAGNITUDE}))?"
    rf"(?:{_SPACE}(?P<currency>{_CURRENCY})(?!\s?\d)(?:{_SPACE}(?P<per>(?:per |a |/ ?|за |فی )(?:unit\b|{_UNIT}))?)"
    rf"|{_SPACE}(?P<unit>{_UNIT}))?(?:{_SPACE}(?P<after>{_AFTER}))?",
    re.I,
)
_BEFORE_REACH = 40  # characters: the longest words of approximation with a currency
_HEADER_UNIT = re.compile(
    rf"(?:(?P<currency>{_CURRENCY}){_SPACE}(?P<magnitude>{_MAGNITUDE})?|(?P<unit>{_UNIT}))(?=[)\s]*$)", re.I
)
_LABEL = re.compile(
    r"(?:\b(?:No|Nos|Art|Article|Chapter|Section|Annex|Phase|Paragraph|стать\w+|ст|SRO|PP|page|p)\.?|№|#|آرٹیکل)\s?-?$", re.I
)
_LIST = re.compile(r"\s*(?:,|,? and|,? or|,? и|,? или|،|اور|یا)\s*", re.I)
_JOINING = frozenset({"of", "and", "и", "اور"})
_NOUN_STOP = re.compile(r"[.,;:()\[\]\n\0«»\"|]|\d")


@dataclass(frozen=True, slots=True)
class _Read:
    """A value while it is read: numbers as written, and what they are to be multiplied by."""

    start: int
    end: int
    numbers: tuple[float, float, float]  # low, high, step
    bound: Bound
    dimension: Dimension
    unit: str
    size: float
    magnitude: bool


def _read(match: re.Match[str], text: str, russian: bool) -> _Read | None:
    behind = _BEHIND.match(text, match.end())
    reach = max(0, match.start() - _BEFORE_REACH)
    before = _BEFORE.search(text[reach : match.start()])
    assert behind is not None and before is not None  # all their parts are optional
    try:
        low, step = number_of(match[0], russian)
        high = number_of(behind["second"], russian)[0] if behind["second"] else low
    except ValueError:  # "1.2.3" is a section's number
        return None
    magnitude = next((f for f, p in _MAGNITUDES if behind["magnitude"] and re.fullmatch(p, behind["magnitude"], re.I)), 1.0)
    dimension, unit, factor = _unit_of(behind, before["prefix"])
    return _Read(
        reach + before.start(),
        behind.end(),
        (low, max(low, high), step),
        _bound(before["bound"], behind["after"]),
        dimension,
        unit,
        magnitude * factor,
        magnitude > 1,
    )


def _unit_of(behind: re.Match[str], prefix: str | None) -> tuple[Dimension, str, float]:
    currency = _named(_CURRENCIES, behind["currency"] or prefix)
    if currency:
        unit, factor = ("USD", 0.01) if currency == "cent" else (currency, 1.0)
        return ("price", "USD/kWh", factor) if behind["per"] else ("money", unit, factor)
    if behind["unit"]:
        return next((d, u, f) for u, d, f, p in _UNITS if re.fullmatch(p, behind["unit"], re.I))
    return "count", "", 1.0


def _with_shared_units(found: list[_Read], text: str) -> list[_Read]:
    """Give the members of a list what is said once: behind the last ("5, 7 and 8 km"), or before the first ("USD 5, 7 …")."""
    shared = list(found)
    for n in range(len(shared) - 2, -1, -1):
        one, following = shared[n], shared[n + 1]
        if one.magnitude or one.dimension not in ("count", "money") or not _LIST.fullmatch(text, one.end, following.start):
            continue
        if one.dimension == "count":
            shared[n] = replace(
                one, dimension=following.dimension, unit=following.unit, size=following.size, magnitude=following.magnitude
            )
        elif following.magnitude and following.unit in ("", one.unit):
            shared[n] = replace(one, size=following.size, magnitude=True)
    for n in range(1, len(shared)):
        one, earlier = shared[n], shared[n - 1]
        if one.dimension == "count" and one.magnitude and earlier.dimension == "money" and not any(_nouns(text, one.end)):
            shared[n] = replace(one, dimension="money", unit=earlier.unit)
    return shared


def _made(read: _Read, text: str) -> Quantity:
    low, high, step = (float(f"{number * read.size:.12g}") for number in read.numbers)  # 8.2 billion, not 8,199,999,999.999999
    nouns = tuple(_nouns(text, read.end)) if read.dimension == "count" else ()
    return Quantity(read.start, read.end, read.dimension, read.unit, low, high, step, read.bound, nouns)


def _is_label(text: str, start: int) -> bool:
    """Whether a number only names something: "Article 5", "No. 1071"."""
    return bool(_LABEL.search(text, max(0, start - 16), start))


def _named(table: tuple[tuple[str, str], ...], written: str | None) -> str:
    return next((name for name, pattern in table if written and re.fullmatch(pattern, written, re.I)), "")


def _bound(before: str | None, after: str | None) -> Bound:
    if after:
        return "under" if after == "سے کم" else "about" if after == "کے قریب" else "over"
    return next((bound for bound, pattern in _BOUNDS if before and re.fullmatch(pattern, before, re.I)), "exact")


def _nouns(text: str, end: int) -> Iterator[str]:
    """Stems of the up to five words after a count, to the next mark, figure or preposition; "of" and "and" only join them."""
    stop = _NOUN_STOP.search(text, end)
    seen = False
    for word in WORD.findall(text[end : stop.start() if stop else len(text)])[:5]:
        if word.casefold() not in FUNCTION_WORDS:
            seen = True
            yield stem(word)
        elif not (seen and word.casefold() in _JOINING):
            break
