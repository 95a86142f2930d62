"""Spans of a sentence that could be what a question asks for: dates, figures with what they measure, names.

By the writing alone, in English, Russian and Urdu: nothing here needs a model, and a sentence takes some ten microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from kb.question import MONTHS, YEAR

Span = tuple[int, int]

_MONTH = "|".join(MONTHS)
_FIGURE = r"\d+(?:[.,\u00a0 ]\d+)*"
_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|half|"
    "один|одна|два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|дв[ау]х|тр[её]х|четыр[её]х|"
    "دو|تین|چار|پانچ|چھ|سات|آٹھ|نو|دس"
)
_MONEY = (
    r"usd|dollars?|us\$|\$|€|euros?|eur|rupees?|rs\.?|pkr|cents?|tenge|sums?|somoni|manat|yuan|"
    r"руб\w*|доллар\w*|долл|цент\w*|евро|тенге|ڈالر|روپے|سینٹ"
)
_LENGTH = r"km|kilomet\w+|met(?:re|er)s?|m|miles?|feet|ft|км|километр\w*|метр\w*|м|کلومیٹر|میٹر|میل"
_SPAN = (
    r"hours?|minutes?|days?|weeks?|months?|years?|час\w*|минут\w*|д(?:ень|ня|ней)|недел\w*|месяц\w*|год\w*|лет|گھنٹ\w*|دن|ماہ|سال"
)
KINDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "date": re.compile(
            rf"(?:\b\d{{1,2}}(?:st|nd|rd|th)?\s+)?\b(?:{_MONTH})\b(?:\s+\d{{1,2}}(?!\d))?(?:,?\s+{YEAR})?|\b{YEAR}\b", re.I
        ),
        "number": re.compile(rf"{_FIGURE}|\b(?:{_WORDS})\b", re.I),
        "money": re.compile(rf"(?:{_MONEY})\s*{_FIGURE}|{_FIGURE}\s*(?:\w+\s+)?(?:{_MONEY})", re.I),
        "percent": re.compile(rf"{_FIGURE}\s*(?:%|per ?cent|процент\w*|فیصد)", re.I),
        "distance": re.compile(rf"{_FIGURE}\s*-?(?:{_LENGTH})\b", re.I),
        "duration": re.compile(rf"(?:{_FIGURE}|\b(?:{_WORDS}))\s*-?(?:{_SPAN})\b", re.I),
        "person": re.compile(r"[A-ZА-ЯЁ][\w'’.-]+\s+(?:[a-z]{2,3}\s+)?[A-ZА-ЯЁ][\w'’-]+|[\u0600-\u06ff]{2,}"),
        "place": re.compile(r"(?<=[\w,;:(–—-] )[A-ZА-ЯЁ][\w'’-]+|[\u0600-\u06ff]{2,}"),
    }
)
#: Kinds that a wording asks for beyond the five that kb.question knows; the first that matches decides.
FINER: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("percent", re.compile(r"percentage|per ?cent|\bshare of\b|interest rate|процент|\bдол[яиюе]й?\b|ставк|فیصد|شرح", re.I)),
    ("money", re.compile(
        r"how much (?:money|does .* (?:cost|pay)|did .* (?:cost|pay))|"
        r"\b(?:price|cost|salary|fee|fine|budget|tariff|worth|profit)s?\b|"
        r"\bцен[аыу]\b|стоимост|зарплат|штраф|пошлин|бюджет|قیمت|لاگت|تنخواہ|جرمان", re.I)),
    ("distance", re.compile(
        r"how (?:long is|far|high|deep|wide|tall)|\b(?:length|distance|height|depth|gauge)\b|"
        r"протяж|длин|высот|глубин|لمبائی|فاصل|گہرائی|بلندی", re.I)),
    ("duration", re.compile(
        r"how (?:long (?:does|did|will|can|may|has|have|was|were)|many (?:days|hours|months|years))|"
        r"срок|сколько (?:дней|лет|месяц)|کتنے دن", re.I)),
)  # fmt: skip


def asked_kind(question: str, expected: str) -> str:
    """The kind of span that would answer: a key of KINDS, or "" where the wording does not tell."""
    if expected in ("date", "person", "place"):
        return expected
    return next((kind for kind, pattern in FINER if pattern.search(question)), expected)


def spans_of(kind: str, sentence: str, question: str) -> list[Span]:
    """Spans of the kind in the sentence, in order, without those that the question has itself: they cannot be its answer."""
    said = question.casefold()
    return [span for span, text in _matches(kind, sentence) if text not in said]


@lru_cache(maxsize=16_384)  # sentences: 10 MB
def _matches(kind: str, sentence: str) -> tuple[tuple[Span, str], ...]:
    return tuple((match.span(), match[0].casefold()) for match in KINDS[kind].finditer(sentence))
