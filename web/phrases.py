"""Sentences that the knowledge base says in English, for pages in other languages: known by their wording, put in by gettext."""

from __future__ import annotations

import re
from functools import cache

from flask_babel import gettext


def N_(text: str) -> str:
    """Marks a text for the catalogues where it is translated later, or elsewhere."""
    return text


#: What kb says to people, with names for what changes. tests/test_languages.py holds them to kb's own wording.
PHRASES = (
    N_("the documents"),
    N_("the documents that the filters let through"),
    N_("Nothing in %(where)s comes near the question."),
    N_("Nothing in %(where)s comes near the question. Try fewer filters."),
    N_("No passage names %(names)s; check the spelling, or ask without it."),
    N_("The nearest passages date what they tell outside the period asked about (%(period)s); %(where)s do not say more."),
    N_("The nearest passages do not speak of %(text)s, which has not come yet; %(where)s do not say more."),
    N_("The nearest passages are on the subject but give no such thing as %(thing)s; %(where)s do not say."),
    N_("The nearest passages, below, tell of no such end as the question takes for granted; %(where)s do not say more."),
    N_("The nearest passages are on another project or country than the one asked about; %(where)s do not say more."),
    N_("The nearest passages tell of the other direction than is asked about; %(where)s do not say."),
    N_("The nearest passages give what was aimed at and not what was reached; %(where)s do not say."),
    N_("The nearest passages do not speak of %(text)s, which the question names; %(where)s do not say."),
    N_("The nearest passages do not name everything that the question asks about; %(where)s do not say."),
    N_("The nearest passages are on a related subject but do not answer the question; %(where)s do not say."),
    N_(
        "Questions in scripts that set no spaces between words are searched for, but how far an answer could be trusted "
        "has not been measured. The passages below come nearest; ask in English, Russian or Urdu for an answer."
    ),
    N_("These are %(count)s questions at once; ask one at a time. The passages below come nearest to all of them together."),
    N_("The text names nothing that could be looked for; name the agreement, project, country or person that you mean."),
    N_("“%(text)s” names something but asks nothing of it; ask when, how much, who or where. The passages below name it."),
    N_("Part of the collection could not be searched, and the rest does not answer the question; ask again later."),
    N_("article %(number)s"),
    N_("an article"),
    N_("events in order of date"),
    N_("values to compare"),
    N_("whether it is so"),
    N_("several things"),
    N_("a date"),
    N_("a figure"),
    N_("a person"),
    N_("a place"),
    N_("what the documents say of these words"),
    N_("a statement"),
    N_("from %(start)s on"),
    N_("until %(end)s"),
    N_("%(start)s to %(end)s"),
)
NAME = re.compile(r"%\((\w+)\)s")


def translated(text: str) -> str:
    """In the interface's language if the wording is known, else as it is."""
    whole = gettext(text)
    if whole != text:
        return whole
    for phrase, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return gettext(phrase) % {name: translated(value) for name, value in found.groupdict().items()}
    return text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Of the phrases with names, the longest first: a shorter one may fit as well."""
    named = sorted((phrase for phrase in PHRASES if NAME.search(phrase)), key=len, reverse=True)
    return tuple((phrase, re.compile(_pattern(phrase), re.S)) for phrase in named)


def _pattern(phrase: str) -> str:
    pieces = NAME.split(phrase)  # words, name, words, …
    dated = {"start": r"[\d-]+", "end": r"[\d-]+", "number": r"[\w.()/-]+", "count": r"\d+"}
    return "".join(
        f"(?P<{piece}>{dated.get(piece, '.+')})" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    )
