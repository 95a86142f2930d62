"""Numbers as word processors write them before paragraphs: "iv", "(б)", "Third", "ب"."""

from __future__ import annotations

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"),
    (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_ENGLISH = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"  # as the standard has it: without ё, й, ъ and ь
_ARABIC = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"
_ABJAD = "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ONES += ["seventeen", "eighteen", "nineteen"]
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_LARGEST = 10_000  # a number beyond is written in digits: letters would repeat for a page


def roman(number: int) -> str:
    """In small letters; digits outside 1..3,999."""
    if not 0 < number < 4000:
        return str(number)
    out = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        out += letters * count
    return out


def letters(number: int, alphabet: str) -> str:
    """a … z, aa, bb …: past its end the alphabet begins anew with doubled letters."""
    if not 0 < number <= _LARGEST:
        return str(number)
    times, place = divmod(number - 1, len(alphabet))
    return alphabet[place] * (times + 1)


def cardinal(number: int) -> str:
    """ "Twenty-three"; digits from a thousand on."""
    if not 0 <= number < 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    parts = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        tens, ones = divmod(rest, 10)
        parts.append(_ONES[rest] if rest < 20 else _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else ""))
    return " ".join(parts).capitalize()


def ordinal_words(number: int) -> str:
    """ "Twenty-third"."""
    words = cardinal(number)
    if words.isdigit():
        return ordinal(number)
    stem, dash, last = words.rpartition("-") if "-" in words else words.rpartition(" ")
    made = _IRREGULAR.get(last.lower()) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return stem + dash + (made if dash else made.capitalize())


def ordinal(number: int) -> str:
    """ "23rd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_WRITERS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02d}",
    "upperRoman": lambda number: roman(number).upper(),
    "lowerRoman": roman,
    "upperLetter": lambda number: letters(number, _ENGLISH.upper()),
    "lowerLetter": lambda number: letters(number, _ENGLISH),
    "russianLower": lambda number: letters(number, _RUSSIAN),
    "russianUpper": lambda number: letters(number, _RUSSIAN.upper()),
    "arabicAlpha": lambda number: letters(number, _ARABIC),
    "arabicAbjad": lambda number: letters(number, _ABJAD),
    "ordinal": ordinal,
    "ordinalText": ordinal_words,
    "cardinalText": cardinal,
    "numberInDash": lambda number: f"- {number} -",
    "none": lambda number: "",
    "bullet": lambda number: "",
}  # all of WordprocessingML's that our languages use; others (East Asian ones) are written in digits


def number_text(number: int, form: str) -> str:
    """`number` in a number format of WordprocessingML ("lowerRoman"); in digits if the format is not known."""
    writer = _WRITERS.get(form)
    return writer(number) if writer else str(number)
