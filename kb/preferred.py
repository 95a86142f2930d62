"""Which documents a question prefers by its own words: the newest ("latest"), the authoritative ("officially"). Else none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kb.mentioned import tier
from kb.records import DocumentSummary

_NEWEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|current(?:ly)?|nowadays|at present|right now)\b|"
    r"\bпоследн(?:ие|их|яя|ей|ий|ем|ее) (?:данн|оценк|цифр|сведени|редакц|верси)\w*|"
    r"\b(?:самы\w+ нов\w+|нынешн\w+|текущ\w+|сейчас)\b|"
    r"تازہ ترین|حالیہ|موجودہ|اس وقت",
    re.I,
)
_OFFICIAL = re.compile(
    r"\bofficial(?:ly)?\b|\baccording to the (?:agreement|treaty|protocol|convention|text|government|ministry)\b|"
    r"\bофициальн\w*|\bсогласно (?:соглашени|договор|протокол|конвенци|текст)\w*|سرکاری|باضابطہ|معاہدے کے مطابق",
    re.I,
)
#: Words that ask how things stand, and that no source uses of itself: a sentence need not have them to answer.
_STANDING = re.compile(
    rf"(?:{_NEWEST.pattern})|\b(?:now|today|recent(?:ly)?|so far|updates?|status|state of play|news on|"
    r"last(?! (?:year|month|week|quarter|session|decade|stage|phase)))\b|"
    r"\b(?:статус\w*|состояни\w+ дел|новости о|на сегодня)\b|(?:صورت ?حال|حیثیت|ابھی|آج کل)",
    re.I,
)
TIERS = 4  # of authority below the highest


class Preference(NamedTuple):
    newest: bool
    official: bool


def standing(question: str) -> list[tuple[int, int]]:
    """Where a question asks how things stand now: "latest", "status of", «сейчас»; empty where it does not."""
    return [match.span() for match in _STANDING.finditer(question)]


def without_standing(question: str) -> str:
    """The question with blanks in place of those words: every other stays where it is. As it is where nothing else is left."""
    blank = _STANDING.sub(lambda match: " " * len(match[0]), question)
    return blank if any(map(str.isalpha, blank)) else question


def preference(question: str) -> Preference:
    return Preference(bool(_NEWEST.search(question)), bool(_OFFICIAL.search(question)))


def preferred(wanted: Preference, documents: Sequence[DocumentSummary]) -> list[float]:
    """How much each is preferred among `documents`, 0..1: by its place among their dates, by the authority of its kind."""
    share = 1 / max(wanted.newest + wanted.official, 1)
    dates = sorted({one.metadata.published for one in documents if one.metadata.published})
    places = {day: number / len(dates) for number, day in enumerate(dates, 1)}
    return [
        share * wanted.newest * places.get(one.metadata.published or "", 0.0)
        + share * wanted.official * (1 - min(tier(one.metadata.kind), TIERS) / TIERS)
        for one in documents
    ]
