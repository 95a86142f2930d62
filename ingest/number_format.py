"""A cell's value as a spreadsheet shows it, as far as that changes what is read: decimals, per cent, signs and units.

Two liberties: dates are ISO 8601, whatever their format, and thousands are not parted, so that a figure is found by its digits.
Fractions and exponents ("# ?/?", "0.0E+00") are shown as plain numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

LONGEST_FORMAT = 500  # characters; the longest of the built-in ones have 70
MOST_DECIMALS = 15  # digits that a double holds
# One piece of a format: a quoted text, an escaped character, a bracket, a space as wide as a character, one that fills the
# cell, digits with their point and commas, or any other character.
_PIECE = re.compile(r'"([^"]*)"|\\(.)|\[([^\]]*)\]|(_.)|(\*.)|([0#?](?:[0#?.,]*[0#?,.])?)|(.)', re.DOTALL)
_PLAIN = ("", "general", "@")


@dataclass(frozen=True, slots=True)
class _Form:
    """`before` and `after` are printed, the value times `scale` between them with `decimals` (None: as many as it has)."""

    before: str = ""
    after: str = ""
    scale: Decimal = Decimal(1)
    decimals: int | None = None


def shown(value: object, number_format: str) -> str:
    """Text of a cell's value; "" for None. Numbers are rounded as the format rounds them, halves away from zero."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, int | float):
        return _number(Decimal(format(value, ".15g")), _form(number_format[:LONGEST_FORMAT]))
    return str(value) if isinstance(value, str | timedelta) else f"{value}"


def _number(value: Decimal, form: _Form) -> str:
    if not value.is_finite():
        return str(value)
    scaled = abs(value * form.scale)
    if form.decimals is not None:
        scaled = scaled.quantize(Decimal(1).scaleb(-form.decimals), ROUND_HALF_UP) if scaled < 10**20 else scaled
        digits = f"{scaled:f}"
    else:
        digits = f"{scaled:f}"
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    sign = "-" if value < 0 and digits.strip("0.") else ""
    return f"{sign}{form.before}{digits}{form.after}"


@lru_cache(maxsize=1000)
def _form(number_format: str) -> _Form:
    """What a format's first section, the one for positive numbers, prints around a number and how it scales and rounds it."""
    if number_format.strip().casefold() in _PLAIN:
        return _Form()
    before, after, digits, percent = "", "", "", 0
    for quoted, escaped, bracket, _, _, run, other in _PIECE.findall(number_format):
        if other == ";":
            break
        if run:
            if digits or "/" in number_format:
                return _Form()  # a fraction, a telephone number: shown as the number it is
            digits = run
            continue
        if other in ("E", "e") and digits:
            return _Form()
        text = quoted or escaped or (bracket[1:].partition("-")[0] if bracket.startswith("$") else "") or other
        percent += other == "%"
        if digits:
            after += text
        else:
            before += text
    if not digits:
        return _Form()
    _, _, part = digits.partition(".")
    commas = len(digits) - len(digits.rstrip(","))
    scale = Decimal(100) ** percent / Decimal(1000) ** commas
    least, most = part.count("0"), sum(part.count(mark) for mark in "0#?")
    return _Form(before.lstrip(), after.rstrip(), scale, least if least == most and most <= MOST_DECIMALS else None)
