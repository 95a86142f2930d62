"""Does a page's text layer say anything? Some say nothing, though the page looks well: fonts without a table of their signs,
letters of a wrong code page, an OCR that ran all words together.

The bounds were measured over 827 pages and page-long pieces of text (English, Russian, Urdu, Chinese, French, Latin; prose, law,
tables, forms) and over eight of them spoilt on purpose; each stands between the two with room on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from kb.language import script

MIN_LETTERS = 60  # fewer letters are no evidence, but for signs that mean nothing
MIN_LATIN = 200
SIGNS = 0.05  # share of characters without a meaning: sound pages have .000
FOREIGN = 0.4  # share of À to ÿ among letters: French has .06; Russian in a wrong code page .9, Urdu .8
SOME, MANY_SCRIPTS = 0.02, 5  # share of letters that makes a script count; so many on one page are chance
RARE = 0.2  # share of letters of Latin Extended-B without Romanian's ș and ț: sound pages have .00
VOWELS = 0.25  # share among Latin letters: sound pages .35 to .47; each letter moved to another one's place .17 to .22
LONG_WORD = 25  # characters a word: sound pages have 8; no blanks at all: hundreds
SINGLE = 0.6  # share of words of one letter: sound pages .14; a blank after each letter .95

GLYPH_CODE = re.compile(r"\(cid:\d+\)|/(?:[a-zA-Z]{1,2}|uni)[0-9][0-9A-Fa-f]{0,3}\b|/G[0-9A-F]{2}\b")
_SPACED = ("latin", "cyrillic", "arabic")


def trouble_with(text: str) -> str:
    """What is wrong with a page's text, to go after "its text layer"; "" if it seems sound or there is too little to tell."""
    bare = GLYPH_CODE.sub("\ufffd", text)
    signs = sum(not sign.isspace() for sign in bare)
    if signs and sum(map(_is_meaningless, bare)) > SIGNS * signs:
        return "holds signs without a meaning"
    letters = [sign for sign in bare if sign.isalpha()]
    if len(letters) < MIN_LETTERS:
        return ""
    if sum("\u00c0" <= sign <= "\u00ff" for sign in letters) > FOREIGN * len(letters):
        return "is in a wrong code page"
    if len(_scripts(letters)) >= MANY_SCRIPTS:
        return "is in a wrong code page"
    if sum("\u01c0" <= sign <= "\u024f" and sign not in "\u0218\u0219\u021a\u021b" for sign in letters) > RARE * len(letters):
        return "has other letters than the page shows"
    words = bare.split()
    main = script(bare)
    if main in _SPACED and signs > LONG_WORD * len(words):
        return "has no spaces between words"
    if main in _SPACED and sum(len(word) == 1 and word.isalpha() for word in words) > SINGLE * len(words):
        return "has spaces between letters"
    if main == "latin" and len(letters) >= MIN_LATIN and _vowels(letters) < VOWELS:
        return "has other letters than the page shows"
    return ""


def _scripts(letters: list[str]) -> set[str]:
    """The scripts of at least SOME of the letters, by the first words of their names; Chinese, Japanese and Korean are one."""
    count = Counter(unicodedata.name(letter, "").split(" ", 1)[0] for letter in letters)
    found = {name for name, times in count.items() if times >= SOME * len(letters)}
    return {"CJK" if name in ("HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "HALFWIDTH") else name for name in found}


def _is_meaningless(sign: str) -> bool:
    """Private use, not assigned, or the sign for an unknown one."""
    return sign == "\ufffd" or unicodedata.category(sign) in ("Co", "Cn")


def _vowels(letters: list[str]) -> float:
    """The share of vowels among Latin letters, whatever their accents."""
    bases = [unicodedata.normalize("NFD", sign)[0].lower() for sign in letters]
    latin = [base for base in bases if "a" <= base <= "z"]
    return sum(base in "aeiouy" for base in latin) / len(latin) if latin else 1.0
