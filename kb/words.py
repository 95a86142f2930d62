"""The word index: stems in a contentless SQLite FTS5 table, one immutable file per generation, ranked by BM25.

The words are stemmed here, by script, and not by FTS5: its own stemmer knows English alone. Rows are numbered position + 1.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import Stemmer

from kb.connections import ReaderPool
from kb.recent import Recent

WORD = re.compile(r"[^\W_⁰¹²³⁴-⁹]+(?:['’][^\W_⁰¹²³⁴-⁹]+)?")  # a note's raised mark is no part of the word before it
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LATIN = re.compile(r"[a-z]")
# A word of the title or heading counts more than one in the passage: parallel treaties differ in little else. Evidence recall@5
# of words over treaties and speeches .816 at a weight of .25, .855 at .5, .868 from 1 on; fused with dense .947, .947, .961.
CONTEXT_WEIGHT = 1.5
TERMS_REMEMBERED = 100_000  # 10 MB
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


def build_words(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Write the index of (text, context) rows, in order of position, to a new file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")  # the file is new and is thrown away if anything fails
        connection.execute("PRAGMA synchronous = OFF")  # the caller syncs the finished file
        # With the ascii tokenizer every other character is part of a token: the stems stay as they are in any script.
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(body, context, content='', tokenize='ascii')")
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab('words', 'row')")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO words (rowid, body, context) VALUES (?, ?, ?)",
            ((n, " ".join(stems(text)), " ".join(stems(context))) for n, (text, context) in enumerate(rows, 1)),
        )
        connection.execute("COMMIT")
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    finally:
        connection.close()


class WordIndex:
    """A published word index, for reading."""

    def __init__(self, path: Path) -> None:
        self._pool = ReaderPool(path, immutable=True)
        self._frequencies: Recent[str, int] = Recent(TERMS_REMEMBERED)

    def search(self, terms: Sequence[str], k: int, allowed: npt.NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """The k best (position, BM25) of the passages that hold any of the stems, best first; larger is better.

        `allowed` is a mask over positions, shape (passages,). Only true matches are returned.
        """
        if not terms:
            return []
        # Quoted, a term is only words to FTS5, whatever its characters; a NUL would end the query's text.
        query = " OR ".join('"' + term.replace('"', '""').replace("\0", " ") + '"' for term in terms)
        rows = self._pool.get().execute(
            f"SELECT rowid - 1, bm25(words, 1.0, {CONTEXT_WEIGHT}) AS cost FROM words WHERE words MATCH ? "
            "ORDER BY cost, rowid LIMIT ?",
            (query, k if allowed is None else -1),
        )
        found = []
        for position, cost in rows:
            if allowed is None or allowed[position]:
                found.append((int(position), -float(cost)))  # FTS5's bm25 is negative, smaller is better
                if len(found) == k:
                    break
        rows.close()
        return found

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each stem occurs (0: in none)."""
        return self._frequencies.get(terms, self._counted)

    def _counted(self, terms: Iterable[str]) -> dict[str, int]:
        connection = self._pool.get()
        found = {}
        for term in terms:
            row = connection.execute("SELECT doc FROM terms WHERE term = ?", (term,)).fetchone()
            found[term] = int(row[0]) if row else 0
        return found

    def idf(self, terms: Sequence[str], passages: int) -> dict[str, float]:
        """Stem → ln(1 + (N - df + 0.5) / (df + 0.5)), BM25's inverse document frequency, over the N passages of the index."""
        found = self.document_frequencies(terms)
        return {term: math.log(1 + (passages - df + 0.5) / (df + 0.5)) for term, df in found.items()}

    def close(self) -> None:
        self._pool.close()
