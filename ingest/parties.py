"""Who made an agreement: the names that its preamble lists, each where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from babel.core import Locale

from ingest.headings import ARTICLE_RANK
from ingest.structure import Structure
from kb.records import Block, Stated

INSTRUMENT = r"(?:Agreement|Treaty|Protocol|Convention|Memorandum|Accord|Arrangement)"
OPENING = 50  # characters before the first party's name: "The Government of the", "Authorized representatives of"
PARTIES_WITHIN = 6  # blocks from where the preamble begins, a title among them

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'‘`-]*"
_STATE = (
    r"Republic|Kingdom|Federation|Confederation|Principality|Sultanate|Duchy|Union|Emirates|State|States|Commonwealth|Community"
)
_COUNTRIES = "|".join(
    re.escape(name)
    for code, name in sorted(Locale("en").territories.items())
    if code.isalpha() and name.isascii() and len(name) > 3
)
_PARTY = re.compile(
    rf"\b(?:the )?(?:(?:Government|Cabinet of Ministers|Council of Ministers) of (?:the )?"
    rf"(?P<of>{_CAPITAL}(?: (?:of (?:the )?)?{_CAPITAL}){{0,5}})"
    rf"|(?P<coal>European Coal and Steel Community)"
    rf"|(?P<state>(?:{_CAPITAL} ){{0,3}}(?:{_STATE})(?: of (?:the )?{_CAPITAL}(?: {_CAPITAL})?)?)"
    rf"|(?P<short>{_COUNTRIES})(?!\w))"
)
_PARTY_RU = re.compile(
    r"Правительств(?:о|ом|а)\s+(?P<of>(?:[А-ЯЁ][\w-]+\s+){0,3}(?:Республик|Федераци|Союз)\w+(?:\s[А-ЯЁ][\w-]+)?|[А-ЯЁ][\w-]+)"
)
_CALLED = re.compile(r"\b(?:hereinafter|hereafter|hereinbelow)\b|\bдалее\b|\bименуем|جنہیں", re.IGNORECASE)
_BETWEEN = frozenset(
    "and the of on one other part hand hereinafter referred to as its member states both government cabinet ministers council "
    "collectively individually together with represented by behalf parties party contracting community each individual и с одной "
    "другой стороны правительство правительством republic kingdom".split()
)
_NO_PARTY = ("Parties", "Contracting", "Member", "Signatory", "State", "States")
_SHORTENED = frozenset(_STATE.split("|"))  # "the Community", "the Union" alone, which a text defined before
# Names that stand for others: "(hereinafter referred to as “the EFTA States”)", "hereinafter called 'Latvia'".
_ASIDE = re.compile(r"\([^()]*\)|\b(?:as|called|named)\s+(?:the\s+)?[“\"'‘«„][^“”\"'‘’«»]{1,60}[”\"'’»]")


def parties(text: str, blocks: Sequence[Block], law: Structure) -> Iterator[Stated]:
    """The list of names before "hereinafter", or that opens the preamble; nothing from a paragraph on another agreement.

    A collection may head all before the first article "Preamble", and the agreement its own preamble again.
    """
    first = min((index for index, mark in law.marks.items() if mark.pinpoint.rank == ARTICLE_RANK), default=0)
    openings = [index for index, mark in law.marks.items() if mark.pinpoint.unit == "preamble"]
    openings = [index for index in openings if index < first] or openings[:1]
    law_begins = blocks[first].start
    named = (_listed(text, blocks[opening : opening + PARTIES_WITHIN], law_begins) for opening in reversed(openings))
    found = next((names for names in named if len(names) > 1), [])
    yield from {fact.value: fact for fact in reversed(found)}.values()


def _listed(text: str, near: Sequence[Block], law_begins: int) -> list[Stated]:
    """The names near the preamble's beginning; from the first article on only of those who "hereby establish" something."""
    if found := _called(text, near):
        return found
    said = [block for block in near if block.start < law_begins or "hereby" in text[block.start : block.end]]
    opens = (_list_of(text[block.start : block.end], block.start, block.end - block.start, last=False) for block in said)
    return next((names for names in opens if len(names) > 1), [])


def _called(text: str, near: Sequence[Block]) -> list[Stated]:
    """The names up to the last "hereinafter" of the first paragraph that has one and of those that go on with it: "and
    Montenegro, on the other, hereinafter …". The list may have begun in a paragraph before."""
    named = [position for position, block in enumerate(near) if _CALLED.search(text, block.start, block.end)]
    if not named:
        return []
    last = named[0]
    while last + 1 in named and re.match("and |[a-z]", text[near[last + 1].start : near[last + 1].start + 9]):
        last += 1
    *_, call = _CALLED.finditer(text, near[named[0]].start, near[last].end)
    found: list[Stated] = []
    for block in (near[0], near[named[0]]):
        names = _list_of(text[block.start : near[last].end], block.start, call.start() - block.start, last=True)
        found = names if len(names) > max(1, len(found)) else found
    return found


def _list_of(piece: str, start: int, end: int, *, last: bool) -> list[Stated]:
    """The names up to `end` that nothing but "and", "of the one part" and the like parts: the last such run, or the first one
    if it opens the paragraph."""
    piece = _ASIDE.sub(lambda aside: " " * len(aside[0]), piece)
    runs: list[list[Stated]] = [[]]
    formal: set[int] = set()  # runs with more than the short names of countries, which recitals too may begin with
    for match in sorted((*_PARTY.finditer(piece, 0, end), *_PARTY_RU.finditer(piece, 0, end)), key=lambda match: match.start()):
        group = match.lastgroup or ""
        value = match[group].removeprefix("The ")
        at = match.end(group) - len(value)
        if value.split()[0] in _NO_PARTY or value in _SHORTENED:
            continue
        done = runs[-1][-1].end - start if runs[-1] else 0
        if runs[-1] and not set(re.findall(r"\w+", piece[done:at].lower())) <= _BETWEEN:
            runs.append([])
        runs[-1].append(Stated("party", value, start + at, start + match.end(group)))
        formal |= {len(runs) - 1} if group != "short" else set()
    first = runs[0][0].start - start if runs[0] else 0
    opened = 0 in formal and first <= OPENING and not re.search(INSTRUMENT, piece[:first], re.IGNORECASE)
    return runs[-1] if last else runs[0] if opened else []
