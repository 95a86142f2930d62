"""Words and their stems, by script: what the word index holds (kb.postings) and what texts are compared by."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

WORD = re.compile(r"[^\W_⁰¹²³⁴-⁹]+(?:['’][^\W_⁰¹²³⁴-⁹]+)?")  # a note's raised mark is no part of the word before it
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LATIN = re.compile(r"[a-z]")
#: Words that ask or join and name nothing. Grammar of our three interface languages, not tuned to any collection.
FUNCTION_WORDS = frozenset(
    """a an the and or of in on at to for from by with about into over under between as is are was were be been being do does did
    has have had will would can could may might shall should must what when where who whom whose which why how many much long far
    often it its this that these those there their them they he she his her we our you your i not no if then than so such also any
    some all each every other s t tell give list say says said please me
    и в во на с со по к ко о об от до за из у для при через над под между а но или что как где когда кто какой какая какое какие
    каков какова каково каковы сколько чем чему это этот эта эти тот та те то не ни ли же бы был была было были есть быть является
    его её их он она они мы вы я который которая которые котором которой чей куда откуда почему зачем все всех
    کا کی کے کو سے میں پر نے اور یا کہ یہ وہ اس ان جو کیا کب کہاں کون کس کتنا کتنی کتنے کیوں کیسے ہے ہیں تھا تھی تھے ہو ہوا
    ہوئی ہوئے گا گی گے تک بھی نہیں کر کیے کیا گیا گئی گئے جس جن لیے ساتھ دی دیا دیے ایک""".split()
)
_stemmers = threading.local()  # a Stemmer keeps a buffer and is not thread-safe


def stems(text: str) -> list[str]:
    """The text's words in order, each folded (case, diacritics, letter variants) and stemmed by its script."""
    return [stem(word) for word in WORD.findall(text)]


@lru_cache(maxsize=16_384)  # passages and their titles: 60 MB at most
def stem_set(text: str) -> frozenset[str]:
    return frozenset(stems(text))


def query_stems(text: str) -> list[str]:
    """Distinct stems of the words that carry meaning, in order; if there are none, of all words."""
    words = [word for word in WORD.findall(text) if fold(word) not in _FOLDED_FUNCTION_WORDS]
    return list(dict.fromkeys(stem(word) for word in words)) or list(dict.fromkeys(stems(text)))


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    folded = fold(word)
    if CYRILLIC.search(folded):
        return str(_stemmer("russian").stemWord(folded))
    if LATIN.search(folded):
        return str(_stemmer("english").stemWord(folded))
    return folded


def fold(word: str) -> str:
    """Lower case, without diacritics, one form for the letters that Urdu, Persian and Arabic keyboards write differently."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    # й decomposes too: recompose what is left after the marks of other scripts are gone.
    bare = "".join(c for c in decomposed if unicodedata.category(c) != "Mn" or c == "\u0306")
    return unicodedata.normalize("NFC", bare).translate(_VARIANTS)


_VARIANTS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ہ", "ه": "ہ", "ۀ": "ہ", "ـ": None, "’": "'", "ё": "е"})
_FOLDED_FUNCTION_WORDS = frozenset(fold(word) for word in FUNCTION_WORDS)


def _stemmer(language: str) -> Stemmer.Stemmer:
    stemmer = getattr(_stemmers, language, None)
    if stemmer is None:
        stemmer = Stemmer.Stemmer(language)
        setattr(_stemmers, language, stemmer)
    return stemmer
