"""What a sentence states that can be looked up in another: who and what it names, figures with their units, dates, articles.

The two may be in different languages: names go by the gazetteer, figures and dates by what they come to. A name that the
gazetteer does not know is compared within one script alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.gazetteer import Gazetteer
from kb.language import script
from kb.quantities import Quantity, quantities_of
from kb.question import MONTHS, NUMBER, ORDINALS, articles_in, numbers_in
from kb.timespans import Timespan, timespans_of
from kb.words import FUNCTION_WORDS, WORD, fold

DAY_RANGE = 28  # "5–6 February" bears out "5 February"; a fiscal year does not bear out its first day
ALIKE = 0.7  # of a name's letters from its beginning that another case of it shares: "Мирзиёева", "Мирзиёев"
_DAY_MONTH = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{'|'.join(MONTHS)})\b|\b(?P<first>{'|'.join(MONTHS[:12])})\s+(?P<second>\d{{1,2}})\b",
    re.I,
)
# The United States of "US cents" are no country that a sentence names.
_CURRENCY_COUNTRY = re.compile(
    r"\bUS(?= (?:cents?|dollars?)\b)|\bUS ?\$|(?:цент\w*|долл(?:ар\w*|\.)?) США|امریکی (?:ڈالر|سینٹ)", re.I
)
_CALENDAR = frozenset((*MONTHS, *"monday tuesday wednesday thursday friday saturday sunday".split())) | FUNCTION_WORDS
_SENTENCE_OPENS = re.compile(r"(?:^|[.!?:;\n])[\s\"'“«(]*$")


@dataclass(frozen=True, slots=True)
class Facts:
    """`entities` are the gazetteer's ids, `names` capitalised words that it does not know, each with where it is written;
    `days` are (day, month) pairs, `numbers` what is left of figures, in one spelling."""

    text: str
    entities: dict[str, str]
    names: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    numbers: frozenset[str]
    dates: tuple[Timespan, ...]
    days: frozenset[tuple[int, int]]
    articles: frozenset[str]
    spans: tuple[tuple[int, int], ...]  # of all these in the text

    def written(self, one: Quantity | Timespan) -> str:
        return self.text[one.start : one.end].strip()


def facts_in(text: str, gazetteer: Gazetteer) -> Facts:
    dates = timespans_of(text)
    of_currencies = [match.span() for match in _CURRENCY_COUNTRY.finditer(text)]
    mentions = [m for m in gazetteer.find(text) if m.entity_id and not any(a < m.end and m.start < b for a, b in of_currencies)]
    bare = _blanked(text, [(m.start, m.end) for m in mentions])  # the 1000 of CASA-1000 is no figure
    quantities = tuple(quantities_of(bare, script(text) == "cyrillic"))
    figures = [*((one.start, one.end) for one in dates), *((one.start, one.end) for one in quantities)]
    rest = _blanked(bare, figures)
    names = [match for match in WORD.finditer(rest) if _is_name(rest, match)]
    spans = [*((m.start, m.end) for m in mentions), *figures]
    return Facts(
        text,
        {str(m.entity_id): m.text for m in mentions},
        tuple(dict.fromkeys(match[0] for match in names)),
        quantities,
        frozenset(numbers_in(" ".join(NUMBER.findall(rest)))),
        dates,
        _days(text),
        frozenset(articles_in(text)),
        (*spans, *(match.span() for match in (*names, *NUMBER.finditer(rest)))),
    )


def missing(claim: Facts, told: Sequence[Facts], about: Facts) -> list[str]:
    """What the claim states and none of the texts `told` does, in the claim's words, in the order: names, dates, figures.

    `about` is where they stand (title, headings), which may name what they are on and the article, and give no figure.
    """
    everywhere = (*told, about)
    ids = {one for facts in everywhere for one in facts.entities}
    lacking = [written for one, written in claim.entities.items() if one not in ids]
    lacking += [name for name in claim.names if not _named(name, everywhere)]
    spans = [span for facts in everywhere for span in facts.dates]
    lacking += [claim.written(span) for span in claim.dates if not any(_covers(other, span) for other in spans)]
    if not claim.dates:  # else the days stand in them
        days = {pair for facts in told for pair in facts.days}
        lacking += [f"{day} {MONTHS[month]}" for day, month in sorted(claim.days - days)]
    lacking += [f"article {one}" for one in sorted(claim.articles) if not any(one in facts.articles for facts in everywhere)]
    figures = [(facts, one) for facts in told for one in facts.quantities]
    numbers = {n for facts in everywhere for n in numbers_in(facts.text)}
    lacking += [claim.written(q) for q in claim.quantities if not _said(q, claim, figures, numbers)]
    articles = {n for one in claim.articles for n in numbers_in(one)}
    lacking += sorted(claim.numbers - numbers - articles)
    if all(re.search("[a-z]", facts.text) for facts in told):
        lacking += [word for word in _ordinals(claim.text) if ORDINALS[word.lower()] not in numbers]
    return lacking


def _said(one: Quantity, claim: Facts, figures: Iterable[tuple[Facts, Quantity]], numbers: set[str]) -> bool:
    """The same value in the same unit; a bare number may have its unit in a table's head. "Two" is hardly a figure."""
    digits = set(numbers_in(" ".join(NUMBER.findall(claim.written(one)))))
    if one.dimension == "count" and not digits and one.high <= 2:
        return True
    for facts, other in figures:
        same_unit = _unit(one) == _unit(other)
        if same_unit and math.isclose(one.low, other.low, rel_tol=1e-6) and math.isclose(one.high, other.high, rel_tol=1e-6):
            return _bound(one) == _bound(other)
        plain = other.dimension == "count" and not other.nouns
        if plain and digits and digits <= set(numbers_in(facts.written(other))):
            return True
    return one.dimension == "count" and bool(digits) and digits <= numbers


def _unit(one: Quantity) -> tuple[str, str]:
    """Money for something is money: "9.35 cents per kWh", "a kWh at 9.35 cents"."""
    return ("money", one.unit.partition("/")[0]) if one.dimension in ("money", "price") else (one.dimension, one.unit)


def _bound(one: Quantity) -> str:
    """ "Over 90" and "up to 90" are other statements than 90; "about 90" is hardly one."""
    return one.bound if one.bound in ("over", "under") else ""


def _covers(told: Timespan, claimed: Timespan) -> bool:
    """Whether a date that is told bears out a claimed one: the same, within it, or a few days that begin or end with it."""
    if claimed.first <= told.first and told.last <= claimed.last:
        return True
    return told.days < DAY_RANGE and claimed.days == 1 and claimed.first in (told.first, told.last)


def _days(text: str) -> frozenset[tuple[int, int]]:
    place = {month: number % 12 for number, month in enumerate(MONTHS)}
    found = _DAY_MONTH.finditer(text)
    return frozenset((int(m["day"] or m["second"]), place[(m["month"] or m["first"]).lower()]) for m in found)


def _ordinals(text: str) -> list[str]:
    """But "first" is as often no number."""
    return [
        word for word in re.findall(r"[A-Za-z]+", text) if word.lower() in ORDINALS and word.lower() not in ("first", "second")
    ]


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _is_name(text: str, match: re.Match[str]) -> bool:
    word = match[0]
    if not word[0].isupper() or len(word) < 2 or fold(word) in _CALENDAR:
        return False
    return not _SENTENCE_OPENS.search(text[: match.start()])


def _named(name: str, told: Iterable[Facts]) -> bool:
    """Within the name's script alone: how another writes it, nothing here can tell."""
    folded, home = fold(name).removesuffix("'s"), script(name)
    words = [fold(word).removesuffix("'s") for facts in told if script(facts.text) == home for word in WORD.findall(facts.text)]
    return not words or any(_alike(folded, word) for word in words)


def _alike(one: str, other: str) -> bool:
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return one == other or shared >= max(3, ALIKE * max(len(one), len(other)))
