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
_MIXED = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_WHOLE = re.compile(rb"(?<![A-Za-z\x80-\xff])[\x80-\xff]{3,}(?![A-Za-z\x80-\xff])")
_TURKISH = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")  # ğ, ı, ş, which Windows-1254 has in the place of Icelandic letters
# Characters that a third or more of any Chinese text of law or news is made of.
_HAN = (
    "的一是不了在人有这中来上大为和国地到以说时要就出会可对生能而于下自之年过发后作用行所家种事成方多经法学如同现当动面定分进部"
    "其主理本前开因只从实日者意力与长民第公此工使明性全关点正业外将两间由最重并物应向文体政相利等产或新制加月合回特代内信表化世"
    "位次度任先通教原提立及比员解名论处义各入条平系总数安报结受量建务接场件计管期市直资金指统区保至社便决治展基书则界达权完设式"
    "路品告类求据程边该交规万取领共确观协议约缔贸易关税货服务境运输"
)
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

    Three letters above ASCII in a row do not occur in Western languages but Turkish, and words of other scripts seldom lack
    them; in Turkish they stand beside letters of ASCII, in other scripts beside their like. Among
    pages that charset-normalizer holds for equal, the one is taken whose words are of one script and do not go from lower to
    upper case, and have more of Russian's common letters: KOI8-R read as Windows-1251 has its cases swapped.
    """
    if not _HIGH_RUN.search(data):
        return "cp1252", True
    if len(_MIXED.findall(data)) > 4 * max(1, len(_WHOLE.findall(data))):
        return ("cp1254" if _TURKISH.search(data) else "cp1252"), False
    if _is_chinese(data):
        return "gb18030", True
    found = list(from_bytes(data, cp_isolation=[page for page in CODE_PAGES if page != "cp1252"]))
    if not found:
        return "cp1251", False
    least = min(match.chaos for match in found) + 0.05
    ranked = sorted(
        (*_unlikeness(data.decode(match.encoding, "replace")), match.encoding) for match in found if match.chaos <= least
    )
    return ranked[0][2], len(ranked) == 1 or ranked[0][0] < ranked[1][0] or ranked[0][1] < ranked[1][1] - 0.2


def _is_chinese(data: bytes) -> bool:
    """Is it GB 18030, mostly of common characters? Russian in a code page is valid GB 18030 too, of rare ones."""
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(data)  # a sample may end within a character
    han = [letter for letter in text if "\u4e00" <= letter <= "\u9fff"]
    return len(han) >= 10 and text.count("\ufffd") <= len(text) * _MOST_BROKEN and 3 * sum(map(_HAN.count, han)) >= len(han)


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
