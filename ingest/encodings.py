"""Bytes of a text file made into text: by a byte order mark, as Unicode, as the file declares, or by a guess among code pages."""

from __future__ import annotations

import codecs
import itertools
import re

from charset_normalizer import from_bytes

from ingest.unicode_bytes import BOMS
from ingest.unicode_bytes import wide_encoding as wide_encoding

CODE_PAGES = ("cp1251", "koi8_r", "cp866", "iso8859_5", "cp1252", "cp1256")  # of Russian, Western and Arabic script
_LATIN = ("cp1252", "iso8859-1", "ascii")  # what editors and servers declare when nobody asked them
_MOST_BROKEN = 0.002  # share of bytes that may be broken in a text that is otherwise UTF-8
_SAMPLE = 200_000  # bytes that a guess looks at
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_COMMON = "оеаинт"  # half of all letters in Russian
_WORD = re.compile(r"[^\W\d_]{2,}")


def decode(data: bytes, declared: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a warning where it rests on a guess or holds broken bytes. Never raises.

    Tried in this order: byte order mark, Unicode in two or four bytes a character, UTF-8, the encoding that the file itself
    declares, a guess among CODE_PAGES.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff"), ()
    if wide := wide_encoding(data):
        return data.decode(wide, "replace"), ()
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken <= max(1, len(data) * _MOST_BROKEN) and len(text.encode()) - len(text) > 4 * broken:
        return text, (f"{broken} characters are broken UTF-8 and shown as \ufffd; save the file as UTF-8.",)
    if encoding := _trusted(declared, data):
        return data.decode(encoding, "replace"), ()
    encoding, sure = _guessed(data[:_SAMPLE])
    guess = f"read as {encoding}, a guess" if sure else f"read as {encoding}, an unsure guess; check a sentence of it"
    return data.decode(encoding, "replace"), (f"the file is not UTF-8; it was {guess}: save it as UTF-8.",)


def _trusted(declared: str, data: bytes) -> str:
    """The codec of a declared encoding if the bytes can be that, else "". Latin-1 means Windows-1252, as in browsers."""
    try:
        name = codecs.lookup(declared.strip().lower()).name if declared.strip() else ""
        text = data.decode(name, "replace") if name else ""
    except (LookupError, ValueError, TypeError):  # unknown, or a codec of another kind, such as "hex"
        return ""
    if (
        not text
        or name.startswith(("utf-", "idna", "punycode", "unicode", "raw"))
        or text.count("\ufffd") > len(data) * _MOST_BROKEN
    ):
        return ""
    if name in _LATIN:
        return "" if _HIGH_RUN.search(data) else "cp1252"
    return name


def _guessed(data: bytes) -> tuple[str, bool]:
    """The likeliest of CODE_PAGES, and whether no other one is as likely.

    Three letters above ASCII in a row do not occur in Western languages, and words of other scripts seldom lack them. Among
    pages that charset-normalizer holds for equal, the one is taken whose words are of one script and do not go from lower to
    upper case, and have more of Russian's common letters: KOI8-R read as Windows-1251 has its cases swapped.
    """
    if not _HIGH_RUN.search(data):
        return "cp1252", True
    found = list(from_bytes(data, cp_isolation=[page for page in CODE_PAGES if page != "cp1252"]))
    if not found:
        return "cp1251", False
    least = min(match.chaos for match in found) + 0.05
    ranked = sorted(
        (*_unlikeness(data.decode(match.encoding, "replace")), match.encoding) for match in found if match.chaos <= least
    )
    return ranked[0][2], len(ranked) == 1 or ranked[0][0] < ranked[1][0] or ranked[0][1] < ranked[1][1] - 0.2


def _unlikeness(text: str) -> tuple[int, float]:
    """How often a word goes on in another script or from lower to upper case; less the share of common letters of Russian."""
    words = _WORD.findall(text[:20_000])
    letters = "".join(words).lower()
    common = sum(map(letters.count, _COMMON)) / max(1, len(letters))
    return sum(map(_breaks, words)), -common


def _breaks(word: str) -> int:
    pairs = itertools.pairwise(word)
    return sum((a.islower() and b.isupper()) or _script(a) != _script(b) for a, b in pairs)


def _script(letter: str) -> int:
    """0 Latin, 1 Cyrillic (and Greek), 2 Arabic and all others."""
    code = ord(letter)
    return 0 if code < 0x370 else 1 if code < 0x530 else 2
