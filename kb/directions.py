"""Who sells to whom, whose students where: what turns round when two names change places, and what the judge cannot see.

By meaning "What does Kazakhstan export to Pakistan?" is as near to "Pakistan exported USD 98 million to Kazakhstan" as can be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kb.gazetteer import Entity, Gazetteer

_PLACES = ("country", "place", "port", "crossing")
_C = r"⟦(\w\w)⟧"
_GAP = r"(?:[^.;:⟦⟧]|\.(?=\d)){0,60}?"
_OUT = r"(?:export\w*|s[eo]ld|sells?|selling|deliver\w*|suppl(?:y|ies|ied))"
_IN = r"(?:import(?!an)\w*|b[uo]y\w*|bought|purchas\w+)"
#: Patterns with the numbers of the groups that name who gives and who takes; 0 where the wording leaves it open.
_TRADE: tuple[tuple[re.Pattern[str], int, int], ...] = (
    (re.compile(rf"{_C}[’'s]* {_GAP}{_OUT}\b{_GAP}\bto (?:the )?{_C}", re.I), 1, 2),
    (re.compile(rf"\b{_OUT} (?:of|from) {_C}{_GAP}\bto {_C}", re.I), 1, 2),
    (re.compile(rf"\b{_OUT}(?! (?:of|from) ⟦){_GAP}\bto (?:the )?{_C}", re.I), 0, 1),
    (re.compile(rf"{_C}[’'s]* {_GAP}{_IN}\b{_GAP}\bfrom (?:the )?{_C}", re.I), 2, 1),
    (re.compile(rf"\b{_IN}\b{_GAP}\bfrom (?:the )?{_C}", re.I), 1, 0),
    (re.compile(rf"\bэкспорт\w* {_C}{_GAP}\bв {_C}", re.I), 1, 2),
    (re.compile(rf"\bэкспорт\w*(?! ⟦){_GAP}\bв {_C}", re.I), 0, 1),
    (re.compile(rf"\bимпорт\w*{_GAP}\bиз {_C}", re.I), 1, 0),
    (re.compile(rf"{_C} کو (?:{_C} کی )?{_GAP}برآمد"), 2, 1),
    (re.compile(rf"{_C} سے (?:{_C} کی )?{_GAP}درآمد"), 1, 2),
)
_WHO = (
    r"(?:students?|visitors?|tourists?|travellers?|workers?|soldiers?|troops|teachers?|pilots?|diplomats?|migrants?|nationals|"
    r"citizens|investors?|compan(?:y|ies)|firms?|trucks?|lorr(?:y|ies)|vehicles?|"
    r"студент\w*|турист\w*|рабоч\w+|солдат\w*|граждан\w*|компани\w+|грузовик\w*|طلبہ|طلبا|سیاح\w*|مزدور\w*|فوجی\w*|ٹرک\w*)"
)
_ORIGINS = (
    re.compile(rf"{_C} (?:[a-zа-яё]+ )?{_WHO}(?!\w)", re.I),
    re.compile(rf"\b{_WHO} (?:from|out of|of|из) {_C}", re.I),
    re.compile(r"⟦⟦(\w\w)⟧⟧"),  # "Pakistanis": a people's name
    re.compile(rf"{_C} کے {_WHO}(?!\w)"),
)
_PEOPLE = re.compile(r"(?:nis|ks|hs|yz|zes|ens|ans|цы|цев|цам|цами)$")
#: Urdu's adjectives, which are no forms of the countries' names and too common as words to be names in the gazetteer.
_URDU = {"پاکستانی": "PK", "ازبک": "UZ", "تاجک": "TJ", "قازق": "KZ", "کرغز": "KG", "ترکمان": "TM", "افغان": "AF"}
_URDU_WORD = re.compile(rf"(?<!\w)(?:{'|'.join(_URDU)})(?!\w)")

Flow = tuple[str, str]


def turned_round(question: str, sentence: str, gazetteer: Gazetteer) -> bool:
    """Whether a sentence tells of the other direction than the question asks of: exports for imports, their students for ours."""
    asked, told = _flows(question, gazetteer), _flows(sentence, gazetteer)
    if asked and told and not any(_agree(one, other) for one in asked for other in told):
        return True
    wanted, named = _origins(question, gazetteer), _origins(sentence, gazetteer)
    return bool(wanted and named) and not wanted & named


def _agree(one: Flow, other: Flow) -> bool:
    """Whether the directions can be the same: what is left open is anybody but who stands on the other side."""
    (giver, taker), (told_giver, told_taker) = one, other
    same = all(not a or not b or a == b for a, b in zip(one, other, strict=True))
    return same and not (giver and giver == told_taker) and not (taker and taker == told_giver)


@lru_cache(maxsize=8192)
def _flows(text: str, gazetteer: Gazetteer) -> frozenset[Flow]:
    marked = _marked(text, gazetteer).replace("⟦⟦", "⟦").replace("⟧⟧", "⟧")
    found = {
        (match[giver] or "" if giver else "", match[taker] or "" if taker else "")
        for pattern, giver, taker in _TRADE
        for match in pattern.finditer(marked)
    }
    return frozenset((giver, taker) for giver, taker in found if giver != taker)


@lru_cache(maxsize=8192)
def _origins(text: str, gazetteer: Gazetteer) -> frozenset[str]:
    marked = _marked(text, gazetteer)
    return frozenset(match[1] for pattern in _ORIGINS for match in pattern.finditer(marked))


def _marked(text: str, gazetteer: Gazetteer) -> str:
    """The text with each name of a place or country as its country's code in ⟦⟧; names of peoples in two."""
    found, done = [], 0
    for mention in gazetteer.find(text):
        entity = gazetteer.entities[mention.entity_id or ""]
        if entity.type in _PLACES and len(entity.countries) == 1:
            people = entity.type == "country" and _PEOPLE.search(mention.text)
            code = f"⟦{entity.countries[0]}⟧"
            found += [text[done : mention.start], f"⟦{code}⟧" if people else code]
            done = mention.end
    return _URDU_WORD.sub(lambda match: f"⟦{_URDU[match[0]]}⟧", "".join([*found, text[done:]]))


def countries_of(named: Mapping[str, Entity], types: tuple[str, ...] = _PLACES) -> frozenset[str]:
    """Codes of the countries that entities of some types stand for: a city for its country, a person for his."""
    return frozenset(entity.countries[0] for entity in named.values() if entity.type in types and len(entity.countries) == 1)
