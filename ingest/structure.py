"""The legal structure of a whole document: which paragraphs head an article, a chapter, an annex, and which only name one.

A line alone does not tell: "Article 5" may head an article, end a wrapped sentence, or stand in a table of contents. What comes
before and after decides, the order of the numbers above all. Preambles and closing formulas have no heading in most
agreements and are known by their wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.headings import ARTICLE_RANK, Pinpoint, is_leader, is_title, ordinal, parse_heading, parse_run_in
from kb.records import Block

CONTENTS_RUN = 3  # headings in a row with nothing under them, all of which come again: a table of contents
NUMBERED_RUN = 5  # numbered titles in a row that are a text's articles where it has no other
SENTENCE_WORDS = 3  # with a full stop behind them are a sentence: «Статья 1. Стороны публикуют свои сборы.»
TITLE_WORDS = 14  # of a title in a line of its own below "Article 5": the longest of 140 has 13
LOOK_BACK = 8  # blocks before an "Article 1" in which the title of the next agreement of the file may stand


@dataclass(frozen=True, slots=True)
class Mark:
    """A block opens `pinpoint`; the text under it begins at the offset `body`.

    `body` is the block's end if the block is a heading and no more, its start if no heading is written (a preamble), else
    between: heading and text share the paragraph.
    """

    pinpoint: Pinpoint
    body: int


@dataclass(frozen=True, slots=True)
class Structure:
    """By index of block: `marks`; `titles`, blocks that hold only the title of the heading before; `others`, blocks that look
    like legal headings and head nothing: references, and entries of a table of contents."""

    marks: Mapping[int, Mark]
    titles: frozenset[int]
    others: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Lines:
    blocks: Sequence[Block]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.blocks)


def structure(text: str, blocks: Sequence[Block]) -> Structure:
    """The legal structure that the blocks of `text` show; empty for a text that is no law."""
    lines = _Lines(blocks, [text[block.start : block.end] for block in blocks])
    look_alike = _candidates(lines)
    found = {index: mark for index, mark in look_alike.items() if not _in_sentence(lines, index)}
    contents = _contents(lines, found)
    found = _in_order({index: mark for index, mark in found.items() if index not in contents})
    if not any(mark.pinpoint.unit == "article" for mark in found.values()):
        found |= _numbered_titles(lines)
    found |= _unnumbered(lines, found)
    if any(mark.pinpoint.rank == ARTICLE_RANK for mark in found.values()):
        found |= _unheaded(lines, found)
    found = {index: mark for index, mark in found.items() if index not in contents}  # a lone "ARTICLE" among its entries too
    others = frozenset(look_alike) - set(found) | contents
    titles = _titles(lines, found) - others
    marks = {
        index: replace(mark, pinpoint=replace(mark.pinpoint, title=lines.texts[index + 1])) if index + 1 in titles else mark
        for index, mark in sorted(found.items())
    }
    return Structure(marks, titles, others)


# What ends a line whose sentence goes on: "… in accordance with" / "Article 5" / "of this Agreement".
_GOES_ON = re.compile(
    r"(?:\b(?:of|in|with|under|to|by|and|or|see|the|from|per|this|that|than|for|в|с|со|и|или|по|к|согласно|со)|[,(])$",
    re.IGNORECASE,
)


def _candidates(lines: _Lines) -> dict[int, Mark]:
    found: dict[int, Mark] = {}
    for index, (block, line) in enumerate(zip(lines.blocks, lines.texts, strict=True)):
        if block.kind not in ("heading", "paragraph"):
            continue
        heading, run_in = parse_heading(line), parse_run_in(line)
        words = heading.title.split() if heading else []
        is_sentence = line[-1] in ".۔" and (len(words) >= SENTENCE_WORDS or words[:1] == ["1."] or words[:1] == ["(1)"])
        if heading and not (run_in and is_sentence):
            found[index] = Mark(heading, block.end)
        elif run_in:
            found[index] = Mark(run_in[0], block.start + run_in[1])
    return found


def _in_sentence(lines: _Lines, index: int) -> bool:
    """Does the sentence of the block before go on here, or this one in the block behind?"""
    line = lines.texts[index]
    if line[:7].isupper():
        return False
    before = lines.texts[index - 1] if index and lines.blocks[index - 1].kind != "heading" else ""
    after = lines.texts[index + 1] if index + 1 < len(lines) else ""
    return bool(_GOES_ON.search(before)) or (after[:1].islower() and len(line) < 60 and not re.match(r"[a-zа-я]{1,3}[).]", after))


def _contents(lines: _Lines, found: Mapping[int, Mark]) -> frozenset[int]:
    """Blocks of a table of contents: headings in a row without text under them, whose numbers come again further on."""
    indexes = [*sorted(found), len(lines)]
    last = {_key(found[index].pinpoint): index for index in indexes[:-1]}
    contents: set[int] = set()
    run: list[int] = []
    for index, following in pairwise(indexes):
        empty = all(_is_entry(lines.texts[between]) for between in range(index + 1, following))
        if empty and following < len(lines) and last[_key(found[index].pinpoint)] > index:
            run += range(index, following)
            continue
        contents |= _long_enough(run, found)
        run = []
    return frozenset(contents | _long_enough(run, found))


def _long_enough(run: Sequence[int], found: Mapping[int, Mark]) -> set[int]:
    return set(run) if sum(index in found for index in run) >= CONTENTS_RUN else set()


def _key(heading: Pinpoint) -> tuple[str, tuple[int, ...]]:
    return heading.unit, ordinal(heading.number)


def _is_entry(line: str) -> bool:
    return is_leader(line) or line.strip(" .·…ivxlc0123456789") == "" or (is_title(line) and len(line.split()) <= TITLE_WORDS)


def _in_order(found: Mapping[int, Mark]) -> dict[int, Mark]:
    """Leave out an article whose number breaks an order that goes on without it: a reference in a line of its own."""
    kept = dict(found)
    articles: list[int] = []
    for index, mark in [*sorted(found.items()), (-1, Mark(Pinpoint("annex", ""), 0))]:
        if mark.pinpoint.unit == "article":
            articles.append(index)
        elif mark.pinpoint.rank <= 1:
            for stray in _strays([(at, ordinal(found[at].pinpoint.number)) for at in articles], found):
                del kept[stray]
            articles = []
    return kept


def _strays(articles: Sequence[tuple[int, tuple[int, ...]]], found: Mapping[int, Mark]) -> Iterator[int]:
    before: tuple[int, ...] = ()
    following = [*(number for _, number in articles[1:]), ()]
    for (index, number), after in zip(articles, following, strict=False):
        breaks = bool(before) and not _follows(before, number) and not before < number < after
        if breaks and _follows(before, after) and not found[index].pinpoint.title:
            yield index
            continue
        before = number


def _follows(before: tuple[int, ...], number: tuple[int, ...]) -> bool:
    """Is `number` the next after `before`, or one of its inserted ones (4 bis, 4.1)?"""
    if not number:
        return False
    if not before:
        return number[-1] == 1 or len(number) > 1
    if number[: len(before)] == before and len(number) > len(before):
        return True
    if len(number) == len(before) and number[:-1] == before[:-1]:
        return number[-1] == before[-1] + 1
    return number[0] == before[0] + 1


_NUMBERED = re.compile(r"(\d{1,2})[.)]?\s+(\S.*)")
_AGREED = re.compile(
    r"\bagreed?\s+(?:(?:up)?on|as|to)\s+(?:the\s+)?follow|\bon the following:?$"
    r"|(?:договорились|согласились)\s+о\s+(?:ниже)?следующем"
    r"|quyidagilar\w*\s(?:\w+\s)?kelish|қуйидагилар\w*\s(?:\w+\s)?келиш|төмендегі\w*\s(?:\w+\s)?келіс|төмөн\w+\s(?:\w+\s)?макулда"
    r"|зерин\s(?:созиш|мувофиқа)|aşakdaky\w*\s(?:\w+\s)?ylalaş|(?:زیر|ذیل)\s(?:به\s)?(?:توافق|موافقت)"
    r"|(?:من)?درج[ہه]?\s?ذیل\s(?:\w+\s){0,3}(?:متفق|اتفاق)",
    re.IGNORECASE,
)
# Kazakh, Kyrgyz, Uzbek, Turkmen, Tajik, Persian: the city stands first.
SIGNED_IN = (
    r"[\w’‘ʻ'-]{2,30}\s(?:shahrida|шаҳрида|қаласында|шаарында|şäherinde)\b|дар\sшаҳри\s\w+|در\s(?:شهر\s)?[\w\u200c]+\sبه\sتاریخ\b"
)
_CLOSING = re.compile(
    r"(?:in (?:witness|faith) (?:whereof|thereof)|(?:done|made|executed|performed|concluded|drawn up|signed)\b[^.;]{0,80}?"
    r"\b(?:at|in|on)\b|в удостоверение|(?:совершено|учинено|подписано|исполнено|заключено)\b[^.;]{0,40}?\bв\b|بمقام"
    rf"|{SIGNED_IN})",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b|\b(?:thousand|hundred)\b|(?:in|at) (?:duplicate|two|three|four)", re.IGNORECASE)


def is_closing(line: str) -> bool:
    """Does a paragraph begin the closing formula: "IN WITNESS WHEREOF", "Done at … on …", «Совершено в …»?"""
    found = _CLOSING.match(line)
    return found is not None and line[0].isupper() | (not line[0].isascii()) and ("witness" in found[0].lower() or _dated(line))


def _dated(line: str) -> bool:
    return len(line) < 1500 and (_YEAR.search(line[:400]) is not None or line.startswith(("В удостоверение", "بمقام", "در ")))


def _numbered_titles(lines: _Lines) -> dict[int, Mark]:
    """The run of numbered titles, from 1 on without a gap, of an agreement without articles: "1 Scope", "2 Rules of origin"."""
    if not any(_AGREED.search(line) or is_closing(line) for line in lines.texts):
        return {}
    run: dict[int, Mark] = {}
    for index, (block, line) in enumerate(zip(lines.blocks, lines.texts, strict=True)):
        found = _NUMBERED.fullmatch(line) if block.kind != "table_row" and len(line) < 200 else None
        if found and int(found[1]) == len(run) + 1 and is_title(found[2]):
            run[index] = Mark(Pinpoint("paragraph", found[1], found[2]), block.end)
    return run if len(run) >= NUMBERED_RUN else {}


def _unnumbered(lines: _Lines, found: Mapping[int, Mark]) -> dict[int, Mark]:
    """A heading "ARTICLE" that lost its number, where its neighbours leave one number for it."""
    articles = sorted(index for index, mark in found.items() if mark.pinpoint.unit == "article")
    more = {}
    for index, line in enumerate(lines.texts):
        if line not in ("ARTICLE", "СТАТЬЯ"):
            continue
        before = max((at for at in articles if at < index), default=None)
        after = min((at for at in articles if at > index), default=None)
        low = ordinal(found[before].pinpoint.number)[:1] if before is not None else (0,)
        high = ordinal(found[after].pinpoint.number)[:1] if after is not None else ()
        if low and high and high[0] == low[0] + 2:
            more[index] = Mark(Pinpoint("article", f"[{low[0] + 1}]"), lines.blocks[index].end)
    return more


_INSTRUMENT = re.compile(
    r"(?:(?:additional|optional|final|supplementary|дополнительный)\s)?"
    r"(?:protocol|agreement|treaty|exchange of (?:letters|notes)|side letter|"
    r"memorandum|joint declaration|understanding|протокол|соглашение|договор|меморандум|پروٹوکول|معاہدہ)(?!\w)",
    re.IGNORECASE,
)


def _unheaded(lines: _Lines, found: Mapping[int, Mark]) -> dict[int, Mark]:
    """Preambles, closing formulas, and the titles of further agreements in the same file."""
    more: dict[int, Mark] = {}
    closed = False
    articles = 0
    start = 0  # where this agreement begins
    for index, (block, line) in enumerate(zip(lines.blocks, lines.texts, strict=True)):
        mark = found.get(index)
        if mark is None and closed and _opens_instrument(lines, found, index):
            more[index] = Mark(Pinpoint("instrument", "", line), block.end)
            closed, articles, start = False, 0, index + 1
        elif mark is None and articles and not closed and (is_closing(line) or line.casefold().strip(".:") == "conclusion"):
            more[index] = Mark(Pinpoint("closing", ""), block.start if is_closing(line) else block.end)
            closed = True
        elif mark is None and not articles and _AGREED.search(line[-80:]):
            more |= _preamble(lines, found, start, index)
        elif mark is not None and mark.pinpoint.rank == ARTICLE_RANK:
            if ordinal(mark.pinpoint.number) == (1,) and articles > 1 and not closed:
                more |= _title_before(lines, found, index)
            articles += 1
        elif mark is not None and mark.pinpoint.rank <= 1:
            closed, articles, start = False, 0, index + 1
    return more


def _opens_instrument(lines: _Lines, found: Mapping[int, Mark], index: int) -> bool:
    line = lines.texts[index]
    if len(line) > 300 or not _INSTRUMENT.match(line) or not is_title(line):
        return False
    return any(index < at and mark.pinpoint.rank == ARTICLE_RANK for at, mark in found.items()) or line.isupper()


def _title_before(lines: _Lines, found: Mapping[int, Mark], index: int) -> dict[int, Mark]:
    for at in range(index - 1, max(index - LOOK_BACK, -1), -1):
        if at in found:
            return {}
        line = lines.texts[at]
        if _INSTRUMENT.match(line) and is_title(line):
            return {at: Mark(Pinpoint("instrument", "", line), lines.blocks[at].end)}
    return {}


def _preamble(lines: _Lines, found: Mapping[int, Mark], start: int, end: int) -> dict[int, Mark]:
    """From the first paragraph that is no title to the one that says what follows is agreed; nothing if it has a heading."""
    if any(start <= at <= end and mark.pinpoint.unit == "preamble" for at, mark in found.items()):
        return {}
    for index in range(start, end + 1):
        line = lines.texts[index]
        if lines.blocks[index].kind not in ("heading", "table_row") and (line[-1] in ",;:" or len(line) > 120):
            return {index: Mark(Pinpoint("preamble", ""), lines.blocks[index].start)}
    return {}


def _titles(lines: _Lines, found: Mapping[int, Mark]) -> frozenset[int]:
    """Blocks below a heading without a title that are its title: short, no sentence, and text of the article behind them.

    In a text without articles a short paragraph below "Section 2" is its text.
    """
    titles = set()
    kinds = ("heading", "paragraph") if any(mark.pinpoint.rank == ARTICLE_RANK for mark in found.values()) else ("heading",)
    for index, mark in found.items():
        at = index + 1
        if mark.pinpoint.title or mark.body != lines.blocks[index].end or at + 1 >= len(lines) or at in found or at + 1 in found:
            continue
        if mark.pinpoint.rank > ARTICLE_RANK or lines.blocks[at].kind not in kinds:
            continue
        line = lines.texts[at]
        if is_title(line) and len(line.split()) <= TITLE_WORDS and not lines.texts[at + 1][:1].islower():
            titles.add(at)
    return frozenset(titles)
