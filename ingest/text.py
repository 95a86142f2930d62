"""One form of text for every reader, and the builder that makes a document's text with spans that index it.

A quote is compared character by character with the text, so the text is changed as little as reading and searching need:
composed to NFC (never NFKC, which would turn "m²" into "m2"), invisible characters dropped, spaces made one kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ingest.files import SUPPORTED as SUPPORTED
from ingest.files import UnreadableFile as UnreadableFile
from ingest.headings import parse_heading
from kb.records import BLOCK_KINDS, Block, Page

# Kept as written: they stand for whole words, and a reader sees one sign.
_WORD_SIGNS = range(0xFDF0, 0xFE00)
_JOINERS = "\u200c\u200d"
_ARABIC = "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"


# Planes 4 to 13 are empty but for the two codes at the end of each, and the last two are private: a fifth of the time, which each
# command pays when it starts. A test holds the table against all codes.
_ENDS = (plane << 16 | code for plane in range(4, 17) for code in (0xFFFE, 0xFFFF))
_USED = (*range(0x40000), *range(0xE0000, 0xE1000), *_ENDS)


def _character_table() -> dict[int, str | None]:
    """What each character that is not kept becomes; None: nothing."""
    table: dict[int, str | None] = {}
    for code in _USED:
        category = unicodedata.category(chr(code))
        if category == "Zs":
            table[code] = " "
        elif category == "Cs":
            table[code] = "\ufffd"
        elif category in ("Cc", "Cf") or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            table[code] = None
    for code in (*range(0xFB00, 0xFB07), *range(0xFB50, 0xFDF0), *range(0xFE80, 0xFEFD)):
        # Glyphs that a typesetter chose (the ligature fi, an Arabic letter's final form): searching needs the letters.
        letters = unicodedata.normalize("NFKC", chr(code))
        if letters != chr(code) and code not in _WORD_SIGNS and not letters[0].isspace():
            table[code] = letters
    table |= {ord(mark): mark for mark in _JOINERS}
    table |= {0x0600 + n: chr(0x0600 + n) for n in range(6)} | {0x06DD: "\u06dd"}  # visible signs, though of category Cf
    table |= dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n") | {0x0A: "\n", 0x09: " "}
    table |= {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF076: "❖", 0xF06E: "■"}  # bullets of Word's Symbol and Wingdings
    table[0x034F] = None
    return table


_TABLE = _character_table()
_JOINER_INSIDE = re.compile(f"(?<=[{_ARABIC}])([{_JOINERS}])[{_JOINERS}]*(?=[{_ARABIC}])|[{_JOINERS}]+")
_SPACES = re.compile(r" {2,}")
_SPACE_AT_BREAK = re.compile(r" ?\n ?")
_BREAKS = re.compile(r"\n{3,}")


def normalise(text: str) -> str:
    """The same text in NFC with plain spaces and LF; at most one empty line in a row, no space at a line's ends.

    Soft hyphens, controls, bidirectional overrides and zero-width characters go, but for a (non-)joiner between Arabic
    letters, which spells. Lone surrogates become U+FFFD. normalise(normalise(x)) == normalise(x).
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    text = text.replace("\r\n", "\n").translate(_TABLE)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER_INSIDE.sub(r"\1", text)
    text = unicodedata.normalize("NFC", text)
    text = _SPACE_AT_BREAK.sub("\n", _SPACES.sub(" ", text))
    return _BREAKS.sub("\n\n", text).strip(" \n")


def one_line(text: str) -> str:
    """Normalised, with line breaks as spaces."""
    return _SPACES.sub(" ", normalise(text).replace("\n", " "))


class TextBuilder:
    """Collects blocks and pages in reading order and gives the text with their exact spans.

    A block is one line of text; blocks are parted by an empty line, rows of one table by a line break.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0
        self._pages: list[tuple[int, str | None, int]] = []
        self._waiting: list[tuple[int, str | None]] = []

    def start_page(self, number: int, label: str | None) -> None:
        """What is added from here on stands on page `number` (from 1). A page may stay empty.

        Raises ValueError if text was added before the first page.
        """
        if self._blocks and not self._pages and not self._waiting:
            raise ValueError("text was added before the first page; start the first page first")
        self._waiting.append((number, label))

    def add(self, kind: str, text: str, level: int = 0, place: str = "") -> int | None:
        """Add a block and give where it begins; `level` is 1..6 for a heading, else 0; `place` as in Block. Text without a
        visible character is not added, and None given.

        Raises ValueError for an unknown kind or level.
        """
        if kind not in BLOCK_KINDS or level not in (range(1, 7) if kind == "heading" else (0,)):
            raise ValueError(f"a block cannot be of kind {kind!r} with level {level}")
        text = one_line(text)
        if not text:
            return None
        self._separate(kind)
        self._pages += [(number, label, self._length) for number, label in self._waiting]
        self._waiting.clear()
        self._blocks.append(Block(kind, self._length, self._length + len(text), level, place))
        self._parts.append(text)
        self._length += len(text)
        return self._blocks[-1].start

    def _separate(self, kind: str) -> None:
        if self._blocks:
            separator = "\n" if kind == self._blocks[-1].kind == "table_row" else "\n\n"
            self._parts.append(separator)
            self._length += len(separator)

    def build(self) -> tuple[str, tuple[Block, ...], tuple[Page, ...]]:
        """The text, its blocks and its pages. Pages follow one another without a gap and cover the text; the space between
        two pages' blocks belongs to the earlier page."""
        starts = [*self._pages, *((number, label, self._length) for number, label in self._waiting)]
        ends = [*(start for _, _, start in starts[1:]), self._length]
        pages = tuple(Page(number, label, start, end) for (number, label, start), end in zip(starts, ends, strict=False))
        return "".join(self._parts), tuple(self._blocks), pages


# First halves of words that English writes with a hyphen: at a line's end the hyphen is the word's own.
_HYPHENATED = frozenset(
    "all anti co cross ex extra far half high ill inter intra land long low mid multi near non off one pan post pre pro "
    "self semi short so socio sub three two ultra vice well work year north south east west afro anglo euro sino".split()
)
_HYPHENS = "-\u2010\u00ad\ufffe\x02"  # U+FFFE and U+0002: what PDFium writes for a hyphen that breaks a word
# Chinese and Japanese put no spaces between words: signs, kana, and their full-width punctuation.
#: The name of a glyph that a library gives where it knows no letter.
GLYPH_CODE = re.compile(r"\(cid:\d+\)|/(?:[a-zA-Z]{1,2}|uni)[0-9][0-9A-Fa-f]{0,3}\b|/G[0-9A-F]{2}\b")
_UNSPACED = re.compile("[\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_URL_OPEN = re.compile(r"https?://\S*[\-_=&?%#]$")
_URL = re.compile(r"https?://\S*$")
_URL_REST = re.compile(r"(?=\S*[/=?_%]|(?:[^\s-]+-){2}|\S+\.\w{2,5}(?:\s|$))[a-z0-9/_=?&%.-]\S*")


def rejoin_lines(lines: Iterable[str], words: frozenset[str] = frozenset()) -> str:
    """The lines of a paragraph as one, words that a line end broke made whole again.

    `words` are words (lower case) seen elsewhere in the document: they decide whether "cross-" + "border" keeps its hyphen.
    """
    joined = ""
    for line in lines:
        line = line.strip()
        if line and joined:
            cut, between = line_joint(joined, line, words)
            joined = joined[: len(joined) - cut] + between + line
        else:
            joined = joined or line
    return joined.rstrip("\u00ad\ufffe\x02")


def line_joint(left: str, right: str, words: frozenset[str]) -> tuple[int, str]:
    """How two lines of a paragraph meet: how many characters go from the end of `left` (0 or 1, a hyphen), and what comes
    between: a space, a hyphen of the word's own, or nothing. Both lines hold a visible character at the joint."""
    left = left[-200:]  # no word or address that matters is longer
    if _URL_OPEN.search(left) or (_URL.search(left) and _URL_REST.match(right)):
        return 0, ""
    if left[-1] in "—–" and left[-2:-1].isalnum():
        return 0, ""
    if _UNSPACED.match(left[-1]) and _UNSPACED.match(right[0]):
        return 0, ""
    if left[-1] not in _HYPHENS or not left[-2:-1].isalnum() or not right[0].isalnum():
        return 0, " "
    first = re.split(r"[^\w\u2019']", left[:-1])[-1]
    second = re.match(r"\w*", right)
    return 1, "-" if _keeps_hyphen(first, second.group() if second else "", words) else ""


def _keeps_hyphen(first: str, second: str, words: frozenset[str]) -> bool:
    if not second[:1].islower() or not first.isalpha():
        return not (second[:1].isalpha() and not second[:1].isupper())  # scripts without case break words too
    if (first + second).lower() in words:
        return False
    return f"{first}-{second}".lower() in words or first.lower() in _HYPHENATED


_LEVELS = {0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}  # of a legal heading, by its rank


def heading_level(line: str) -> int:
    """The level 1..3 that the wording of a line gives it ("Article 5", "CHAPTER II", «Статья 5», "دفعہ 5"); 0: no heading.

    A short line in capitals is of level 2. Takes a normalised line.
    """
    if not line or len(line) > 160 or line[-1] in ",;":
        return 0
    legal = parse_heading(line)
    if legal and not (legal.title and line[-1] in ".:۔"):  # a reader looks at one line, and most that end so are sentences
        return _LEVELS.get(legal.rank, 2)
    return 2 if _in_capitals(line) else 0


def _in_capitals(line: str) -> bool:
    letters = [letter for letter in line if letter.isalpha()]
    # One short word is an abbreviation or a name in a table (NTDC, CASA-1000); many digits are a row of it or a file number.
    # 90 characters: longer lines in capitals are shouted sentences.
    if len(letters) < (6 if " " not in line else 4) or 2 * sum(map(str.isdigit, line)) > len(letters):
        return False
    return len(line) <= 90 and all(map(str.isupper, letters)) and ":" not in line and line[-1] != "."


_BULLET = re.compile(r"[•●▪◦‣∙○■□➢➔❖❑❒◆⧫⬧◻▶►▸*–—-]\s+(?=\S)")
_LETTERED = re.compile(r"\(?(?:[a-zа-я]|[ivx]{1,5})\)\s+(?=\S)")


def line_kind(line: str) -> tuple[str, str, int]:
    """Kind, text and level of a paragraph by its first characters. A bullet is dropped; "(a)" and "1." are kept."""
    if level := heading_level(line):
        return "heading", line, level
    if bullet := _BULLET.match(line):
        return "list_item", line[bullet.end() :], 0
    return ("list_item" if _LETTERED.match(line) else "paragraph"), line, 0


def table_rows(rows: Sequence[Sequence[str]], has_header: bool) -> list[str]:
    """One line for each row, "Header: value; Header: value", so that a row can be read and found without its table.

    Without a header the values are parted by "; ". Empty cells are left out.
    """
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    if not has_header or len(cleaned) < 2:
        return [line for row in cleaned if (line := "; ".join(filter(None, row)))]
    header, *body = cleaned
    lines = [line for row in body if (line := row_line(header, row))]
    return lines or table_rows([header], has_header=False)  # a form whose rows are still empty


def row_line(header: Sequence[str], row: Sequence[str]) -> str:
    """A row's cells behind the names of their columns; a cell past the header has none. Takes normalised lines."""
    named = zip(row, (*header, *[""] * len(row)), strict=False)
    return "; ".join(f"{name.rstrip(':')}: {cell}" if name else cell for cell, name in named if cell)
