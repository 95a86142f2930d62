"""The language of the interface: English, Russian or Urdu, as the browser asks or the reader chose; numbers and dates in it.

Only pages speak it: documents keep their own languages, the API and the log are English.
"""

from __future__ import annotations

from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, has_request_context, request
from flask_babel import Babel, force_locale

from web.phrases import translated

#: In their own words, as the switch shows them. The first is for whoever asks for none of them.
LANGUAGES = {"en": "English", "ru": "Русский", "ur": "اردو"}
DIRECTIONS = {"ur": "rtl"}
COOKIE = "language"

__all__ = ["LANGUAGES", "chosen", "country", "day", "direction", "force_locale", "language_name", "number", "register"]


def register(app: Flask) -> None:
    """Templates get `_`, `ngettext` and what is named below; catalogues are those of web/translations."""
    Babel(app, locale_selector=chosen)
    app.jinja_env.globals.update(
        interface=chosen, interface_direction=direction, interfaces=LANGUAGES, number=number, translated=translated
    )


def chosen() -> str:
    """One of LANGUAGES: what the reader chose, else what the browser asks for first."""
    if not has_request_context():
        return "en"
    kept = request.cookies.get(COOKIE, "")
    return kept if kept in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en") or "en"


def direction() -> str:
    return DIRECTIONS.get(chosen(), "ltr")


def number(value: int) -> str:
    """With its thousands set apart."""
    return format_decimal(value, locale=chosen())


def country(code: str) -> str:
    """The name of a country in the interface's language, "" if that has none."""
    return str(Locale(chosen()).territories.get(code, ""))


def language_name(code: str) -> str:
    return str(Locale(chosen()).languages.get(code, ""))


def day(value: date, precision: int) -> str:
    """A day (3), month (2) or year (1), written out."""
    if precision == 1:
        return f"{value.year:04}"
    return format_date(value, "d MMMM y" if precision == 3 else "LLLL y", locale=chosen())
