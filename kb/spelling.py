"""A question as it is read: names spelt right, codes written out, Roman Urdu glossed in English. What is known stays as it is.

People type in a hurry: "trade with Uzbekstan", "exports to tjk fy25", "Tajikistan ke saath tijarat kitni hai". The encoder
and the word index know none of that; what the question was read as is shown with the answer.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from kb.gazetteer import Gazetteer
from kb.premise import of_the_calendar
from kb.question import Question
from kb.words import FUNCTION_WORDS, WORD, fold, stem

LETTERS = 6  # of the shortest name that is taken for misspelt: of shorter ones other words are as near
ALIKE = 0.87  # difflib's ratio from which a word is a name misspelt: two letters changed places in ten give .90, one lost .95
#: A person misspelt may be another person; what else bears a name that people have to spell does not change so fast.
_SPELT = frozenset({"country", "place", "port", "crossing", "organisation", "project"})
_CODES: Mapping[str, str] = {
    "uzb": "Uzbekistan",
    "tjk": "Tajikistan",
    "kgz": "Kyrgyzstan",
    "kaz": "Kazakhstan",
    "tkm": "Turkmenistan",
    "afg": "Afghanistan",
    "pak": "Pakistan",
}
#: The two letters of ISO 3166 mean countries in capitals only.
_TWO = {"UZ": "uzb", "TJ": "tjk", "KG": "kgz", "KZ": "kaz", "TM": "tkm", "AF": "afg", "PK": "pak"}
_CODE = re.compile(rf"(?<![\w-])(?:(?i:{'|'.join(_CODES)})|{'|'.join(_TWO)})\b(?![.@])|(?<=-)(?:{'|'.join(_TWO)})\b")
_FISCAL = re.compile(r"\bfy[ '’]?(?:20)?(\d\d)\b(?!\s*[-/–]\s*\d)", re.I)  # Pakistan's year is called by the one in which it ends

# Roman Urdu has no fixed spelling; these are the commonest. Grammar, then words of the field.
_ASKING = {"kitna": "how much", "kitni": "how much", "kitne": "how many", "kab": "when", "kahan": "where", "kaun": "who",
           "kon": "who", "kya": "what", "kyun": "why", "kaise": "how", "kis": "which"}  # fmt: skip
_BEHIND = {"mein": "in", "main": "in", "ka": "of", "ki": "of", "ke": "of", "ko": "to", "se": "from", "par": "on", "tak": "to"}
_JOINED = {("ke", "saath"): "with", ("ke", "sath"): "with", ("ke", "liye"): "for", ("ke", "darmiyan"): "between",
           ("ke", "beech"): "between"}  # fmt: skip
_PLAIN = {
    **dict.fromkeys(("hai", "hain", "he", "ho", "ne", "raha", "rahi"), ""),
    **dict.fromkeys(("hoga", "hogi", "honge"), "will be"),
    **dict.fromkeys(("hua", "hui", "huye", "hue", "tha", "thi", "thay"), "was"),
    "aur": "and", "tijarat": "trade", "tijarati": "trade", "baramdaat": "exports", "daramdaat": "imports", "safeer": "ambassador",
    "sadar": "president", "wazir": "minister", "wazeer": "minister", "muahida": "agreement", "muahide": "agreement",
    "dastakhat": "signed", "bijli": "electricity", "parwaz": "flight", "parwazen": "flights", "parwazein": "flights",
    "sarhad": "border", "raasta": "route", "talba": "students", "tulba": "students", "qeemat": "price", "qimat": "price",
    "lagat": "cost", "mukammal": "complete", "shuru": "start", "band": "closed", "khula": "open", "khuli": "open",
    "bandargah": "port", "dora": "visit", "daura": "visit", "hadaf": "target", "lambai": "length", "bheja": "sent",
}  # fmt: skip
_MARKS = frozenset({*_ASKING, *_BEHIND, "saath", "sath", "hai", "hain", "hoga", "hogi", "hua", "hui", "aur", "tha", "thi"}) - {
    "main",
    "par",
    "ho",
}
MARKED = 2  # words of Urdu grammar from which a text in Latin letters is read as Urdu


def read_as(question: Question, gazetteer: Gazetteer, frequencies: Callable[[Sequence[str]], Mapping[str, int]]) -> str:
    """The question's text as it is to be understood; the same text where nothing is misspelt or abbreviated.

    `frequencies` gives the number of passages that hold each stem: a word that the documents know is not misspelt.
    """
    text = _FISCAL.sub(lambda match: f"FY20{(int(match[1]) - 1) % 100:02}-{match[1]}", question.text)
    taken = [question.text[m.start : m.end].casefold() for m in question.entities]
    text = _CODE.sub(lambda match: match[0] if match[0].casefold() in taken else _country(match[0]), text)
    text = _spelt(text, question, gazetteer, frequencies)
    return _glossed(text)


def _country(code: str) -> str:
    return _CODES[_TWO.get(code, code.casefold())]


def _spelt(text: str, question: Question, gazetteer: Gazetteer, frequencies: Callable[[Sequence[str]], Mapping[str, int]]) -> str:
    inside = [question.text[m.start : m.end] for m in question.entities]
    words = [
        word
        for word in dict.fromkeys(WORD.findall(text))
        if len(word) >= LETTERS and word.isalpha() and not of_the_calendar(word) and not any(word in name for name in inside)
    ]
    found = frequencies([stem(word) for word in words]) if words else {}
    for word in words:
        right = None if found[stem(word)] else _nearest(fold(word), gazetteer)
        if right:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", right, text)
    return text


def _nearest(word: str, gazetteer: Gazetteer) -> str | None:
    """The one name that a word is nearly: the same first letter, no other as near."""
    names = {folded: name for folded, name in _names(gazetteer).items() if folded[0] == word[0]}
    near = difflib.get_close_matches(word, names, n=2, cutoff=ALIKE)
    return names[near[0]] if near else None


@lru_cache(maxsize=1)
def _names(gazetteer: Gazetteer) -> dict[str, str]:
    """Names of one word, folded."""
    names = (name for entity in gazetteer.entities.values() if entity.type in _SPELT for name in entity.names)
    found: dict[str, str] = {}
    for name in names:
        if len(name) >= LETTERS and WORD.fullmatch(name):
            found.setdefault(fold(name), name)  # the usual spelling before "Türkmenistan"
    return found


def _glossed(text: str) -> str:
    """Roman Urdu word by word in English: what is asked first, then the things, then what stood before "mein" and "ke saath"."""
    tokens = text.strip(" ?؟.!").split()
    low = [token.casefold().strip(",") for token in tokens]
    if len(_MARKS.intersection(low)) < MARKED or FUNCTION_WORDS.intersection(low) - _MARKS - {"he", "me", "to", "is"}:
        return text
    asked = ""
    things: list[str] = []
    places: list[str] = []
    skip = False
    for i, (token, word) in enumerate(zip(tokens, low, strict=True)):
        if skip:
            skip = False
            continue
        pair = (word, low[i + 1] if i + 1 < len(low) else "")
        behind = _JOINED.get(pair) or _BEHIND.get(word)
        if behind and things:
            places.append(f"{behind} {things.pop()}")
            skip = pair in _JOINED
        elif word in _ASKING:
            asked = asked or _ASKING[word]
        elif _PLAIN.get(word, token):
            things.append(_PLAIN.get(word, token))
    return " ".join([asked, *things, *places]).strip() + "?"
