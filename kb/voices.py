"""Whom a sentence names as the source of a value in it: "Dawn wrote of …", "(PTI, 5 February 2026)", «по данным …»."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.quantities import Quantity
from kb.timespans import Timespan, timespans_of
from kb.words import stems

REACH = 90  # characters before or behind a value in which its source is named


def voice_of(text: str, value: Quantity, values: Sequence[Quantity]) -> str:
    """Who is named as the source of a value: in brackets behind it, by a verb of saying before it, "according to"."""
    following = min((v.start for v in values if v.start > value.end and not _in_same_brackets(text, value, v)), default=len(text))
    behind = text[value.end : min(following, value.end + REACH)]
    bracket = _BRACKET.search(behind)
    if bracket and undated(bracket[1]):
        return undated(bracket[1])
    match = _IN_MEDIUM.search(behind)
    if match:
        return undated(match[1])
    before = text[max(0, value.start - REACH) : value.start]
    said = [m for pattern in _SAID for m in pattern.finditer(before)]
    if said:
        return undated(max(said, key=lambda m: m.end())["who"])
    everywhere = [m for pattern in _SAID for m in pattern.finditer(text)]
    if len(everywhere) == 1 and not _TURN.search(text, min(everywhere[0].end(), value.start), value.start):
        # "Ambassador X gave these figures: …"
        return undated(everywhere[0]["who"])
    match = _ACCORDING.search(text)
    return undated(match["who"] or match["whom"]) if match else ""


def same_voice(one: str, other: str) -> bool:
    """Whether two names are of one source: "Usmanov" and "Ambassador Oybek Usmanov"; no name is another voice than any."""
    a, b = set(stems(one)), set(stems(other))
    return a <= b or b <= a if a and b else a == b


def without_dates(text: str, periods: Sequence[Timespan]) -> str:
    """The text with its dates blanked, so that "in July 2025" is not taken for a source."""
    for period in periods:
        text = text[: period.start] + "_" * (period.end - period.start) + text[period.end :]
    return text


def undated(text: str) -> str:
    """A source without its date: "Dawn, 19 July 2023" → "Dawn". A mere number is a note's and names nobody."""
    text = " ".join(text.split())  # the patterns below are quadratic in runs of spaces
    for period in reversed(timespans_of(text)):
        text = text[: period.start] + text[period.end :]
    text = _NOTES.sub("", text)
    text = re.sub(r"\b(?:undated|early|late|без даты|года?)\b|_+|\(\s*\)", "", text)
    text = re.sub(r"\s*\([^()]*$|\s*\([^()]*\)\s*$", "", text.strip(" ,.;:[]"))
    text = re.sub(r"\s+(?:in|of|on|from|в|от)?\s*$", "", text.strip(" ,.;()[]")).strip(" ,.;:()[]")
    text = re.sub(r"\s+(?:and|or|и|или|اور)$", "", text)
    text = re.sub(r"^(?:The|An?) (?=[a-z])", "", text)
    return text if sum(map(str.isalpha, text)) > 1 else ""


def _in_same_brackets(text: str, value: Quantity, other: Quantity) -> bool:
    between = text[value.end : other.start]
    return between.count("(") > between.count(")")


_NOTES = re.compile(r"\b(?:notes?|sources?|источники?|примечани[ея]|حوالہ|حوالے)\s+\d+(?:\s?[,،–-]\s?\d+)*", re.I)
_BRACKET = re.compile(r"\(([^()]{3,120})\)")
_TURN = re.compile(r"\b(?:but|whereas|while|later|against|однако|но|а)\b|;|جبکہ|لیکن", re.I)
_ROLES = "ambassador|embassy|minister|ministry|president|secretary|office|data|посол|министерство"
_PARTS = (
    r"of|for|the|and|as relayed by|in|[A-ZА-ЯЁ][\w.'’&-]*|\w+(?=\s(?:ministry|office|secretary|side))|ministry|"
    r"office|offices|side|"
    r"secretary|ambassador|press|figures|data|statistics|media|officials|министр\w*|агентств\w*|посол"
)
_NAME = rf"(?:(?:{_ROLES}) (?:of |for )?)?[A-ZА-ЯЁ][\w.'’&-]*(?:\s(?:{_PARTS})){{0,6}}"
_VERBS = (
    r"said|says|report\w*|wrote|writes|g[ai]ve[sn]?|named?s?|puts?|spoke|speaks?|quote\w*|claim\w*|estimat\w*|"
    r"state[sd]?|count\w*|"
    r"announc\w*|told|сообщ\w+|назва\w+|заяв\w+|указ\w+|приво\w+|оцен\w+"
)
_IN_MEDIUM = re.compile(rf"^\s(?:\w+\s){{0,5}}?(?:in|by|per|from|в)\s(?:the report of )?({_NAME})")
_SAID = (
    re.compile(rf"(?P<who>{_NAME})\s(?:of _+\s)?(?:had |has |also |still |only )?(?:{_VERBS})\b"),
    re.compile(r"(?P<who>[\u0600-\u06ff][\u0600-\u06ff\s]{2,40}?)\s(?:کے مطابق|نے بتایا|نے کہا)"),
)
_ACCORDING = re.compile(
    rf"\b(?:[Aa]ccording to|[Bb]y|[Дд]анным|[Пп]о сообщению|[Пп]о оценке)\s(?:the )?(?P<who>{_NAME}(?:\sdata)?)"
    r"|(?P<whom>[\u0600-\u06ff][\u0600-\u06ff\s]{2,40}?)\sکے مطابق"
)
