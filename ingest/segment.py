"""Cut a parsed document into passages: structure first, whole sentences, exact spans.

A passage is a span of body text and holds no heading: the headings go before it when it is embedded (`context`) and name its
place (`locator.section`). It never crosses a heading or a page; a heading with nothing under it is a passage of its own, so
that it can be found. Short paragraphs of one section are joined; a long paragraph is cut between sentences, the last sentence
repeated in the next passage, because with pieces that neither overlap nor follow the structure a part of the evidence
(12 % in a trial) could be found by no ranking. Rows of a table stay together; their first row joins the context of the rest,
unless they have places: such rows name their columns themselves, and one row's values are no context for another.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

from ingest.headings import Pinpoint
from ingest.pinpoint import joined_places, paragraph_label, pinpoint, push_label, unlabelled
from ingest.structure import Structure, structure
from kb.language import detect, language_script, letters, script
from kb.records import Anchor, Block, Locator, Page, Parsed, Passage, Row
from kb.sentences import sentence_spans

MIN_TOKENS = 120  # a passage this long ends at the next paragraph
MAX_TOKENS = 220  # and none grows longer, but for a short rest (TAIL_TOKENS) or one long sentence
TAIL_TOKENS = 30  # a rest shorter than this says little alone: it stays with what comes before
LONGEST = 400  # tokens of one sentence before it is cut at a clause: the encoder reads 512 with prefix and context
# Characters that count as a token at the least: any number of letters that the model does not know are one to it.
MOST_IN_TOKEN = 20
# Characters of one sentence that is cut before its tokens are counted: one of five million, counted at each halving, took a
# quarter of an hour and 2.7 GB.
UNCOUNTED = LONGEST * MOST_IN_TOKEN
COUNTED_AT_ONCE = 1_000_000  # characters: the tokens of all of a long text would fill the memory
MAX_OVERLAP = 80  # tokens of a sentence that is repeated; a longer one would fill the next passage
MAX_CONTEXT = 200  # characters
# What a part without a heading is about, in the words that people ask in: "Done at Minsk on …" does not say "signed".
UNHEADED = {"preamble": "Preamble", "closing": "Closing formula: where and when it was signed"}
MIN_LETTERS = 40  # of a passage before its own script may overrule the document's language

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading in force: its reader's level, its text and what it means as law."""

    level: int
    text: str
    legal: Pinpoint | None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or a table row with all that its place in the document says. `group` changes where no passage may cross."""

    start: int
    end: int
    group: int
    paragraph: int
    labels: tuple[str, ...]
    sections: tuple[_Section, ...]
    page: Page | None
    kind: str
    place: str
    tokens: int = 0

    @property
    def is_placed_row(self) -> bool:
        return self.kind == "table_row" and self.place != ""


def segment(document_id: str, parsed: Parsed, language: str, count_tokens: CountTokens) -> tuple[Passage, ...]:
    """Return the passages of `parsed` in reading order; `parsed.text[locator.start:locator.end] == text` for each.

    `language` is the document's; `count_tokens` gives the model's tokens for each text, without the special ones.
    An id is the hash of document, text and the count of the same text before it: it outlives changes elsewhere.
    """
    units = _fitting(parsed.text, list(_units(parsed)), count_tokens)
    seen: Counter[str] = Counter()
    passages: list[Passage] = []
    for _, members in groupby(units, key=lambda unit: unit.group):
        group = list(members)
        for number, (low, high) in enumerate(_pack(group)):
            chosen = group[low:high]
            text = parsed.text[chosen[0].start : chosen[-1].end]
            has_header = number and group[0].kind == "table_row" and not group[0].place
            header = parsed.text[group[0].start : group[0].end] if has_header else ""
            passages.append(
                Passage(
                    id=_passage_id(document_id, text, seen[text]),
                    document_id=document_id,
                    ordinal=len(passages),
                    text=text,
                    locator=_locator(chosen),
                    language=_language(text, language),
                    context=_context(parsed.metadata.title, chosen[0].sections, header),
                    rows=tuple(Row(unit.start, unit.end, unit.place) for unit in chosen if unit.is_placed_row),
                    anchors=_anchors(chosen),
                )
            )
            seen[text] += 1
    return tuple(passages)


def _units(parsed: Parsed) -> Iterator[_Unit]:
    """Sentences and rows in reading order, each with headings, page and paragraph numbers in force."""
    law = structure(parsed.text, parsed.blocks)
    headings = [_heading(parsed, index, law) for index in range(len(parsed.blocks))]
    sections: tuple[_Section, ...] = ()
    labels: tuple[str, ...] = ()
    paragraph = group = 0
    before: tuple[object, ...] = ()
    for index, block in enumerate(parsed.blocks):
        heading, body = headings[index], block.start
        if heading is not None:
            sections, labels = _under(sections, heading, _is_title(parsed, index, law)), ()
            body = law.marks[index].body if index in law.marks else block.end
            if body == block.end and not _childless(headings, index, _is_title(parsed, index + 1, law)):
                group += 1
                continue
        paragraph += 1
        alone = body == block.end
        label = None if alone or block.kind == "table_row" else paragraph_label(parsed.text[body : block.end])
        labels = push_label(labels, label) if label else unlabelled(labels)
        for start, end, page in _pieces(parsed, block):
            here = (sections, page and page.number, block.kind == "table_row", block.place != "", alone)
            group, before = group + (here != before), here
            yield _Unit(start, end, group, paragraph, labels, sections, page, block.kind, block.place)
        group += alone


def _heading(parsed: Parsed, index: int, law: Structure) -> _Section | None:
    """The heading that a block is or begins with. Plain text has none marked: its legal headings count as such.

    A preamble and a closing formula are sections without a heading's text.
    """
    block, mark = parsed.blocks[index], law.marks.get(index)
    if mark is not None:
        text = " ".join(parsed.text[block.start : mark.body].split())
        return _Section(block.level or 6, text.rstrip(" .:—–-"), mark.pinpoint)
    if index in law.others or (block.kind != "heading" and index not in law.titles):
        return None
    return _Section(block.level or 6, " ".join(parsed.text[block.start : block.end].split()), None)


def _is_title(parsed: Parsed, index: int, law: Structure) -> bool:
    """Is the heading the title of the legal one right before it, which has none ("Article 5" / "Transit fees")?"""
    before = law.marks.get(index - 1)
    if index in law.titles or before is None or before.pinpoint.title or before.body != parsed.blocks[index - 1].end:
        return index in law.titles
    return index not in law.marks


def _under(sections: tuple[_Section, ...], new: _Section, is_title: bool) -> tuple[_Section, ...]:
    """Return the path of headings once `new` is met. Law nests by its own ranks; other headings by their levels."""
    if is_title and sections:
        return (*sections, replace(new, level=max(new.level, sections[-1].level + 1)))
    for index, section in enumerate(sections):
        if new.legal is not None and section.legal is not None:
            closes = new.legal.closes(section.legal)
        elif new.legal is not None:
            closes = section.level >= new.level and index > 0
        else:
            closes = section.level >= new.level
        if closes:
            return (*sections[:index], new)
    return (*sections, new)


def _childless(headings: Sequence[_Section | None], index: int, is_title: bool) -> bool:
    """Has the heading neither text nor a lower heading under it? `is_title`: what follows is its title."""
    heading = headings[index]
    following = headings[index + 1] if index + 1 < len(headings) else heading
    if heading is None or following is None:
        return False
    if following is heading:
        return True
    if heading.legal is not None and following.legal is not None:
        return following.legal.rank <= heading.legal.rank
    if heading.legal is not None:
        return bool(heading.legal.title) and not is_title and following.level <= heading.level
    return following.level <= heading.level and following.legal is None


def _pieces(parsed: Parsed, block: Block) -> Iterator[tuple[int, int, Page | None]]:
    """The sentences of a block (a row or a heading is one piece), cut where a page ends."""
    text = parsed.text[block.start : block.end]
    spans = [_strip(text, 0, len(text))] if block.kind in ("table_row", "heading") else sentence_spans(text)
    for low, high in spans:
        start, end = block.start + low, block.start + high
        edges: list[tuple[int, int, Page | None]] = [
            (max(start, page.start), min(end, page.end), page) for page in _pages_of(parsed.pages, start, end)
        ]
        for left, right, page in edges or [(start, end, None)]:
            left, right = _strip(parsed.text, left, right)
            if left < right:
                yield left, right, page


def _pages_of(pages: Sequence[Page], start: int, end: int) -> Iterator[Page]:
    """The pages that [start, end) touches, found by halving: a book has thousands of pages, and each sentence asks."""
    first = bisect_right(pages, start, key=lambda page: page.end)
    return takewhile(lambda page: page.start < end, map(pages.__getitem__, range(first, len(pages))))


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _fitting(text: str, units: list[_Unit], count_tokens: CountTokens) -> list[_Unit]:
    """Count the tokens of every unit, and cut those above LONGEST."""
    short = [piece for unit in units for piece in _shortened(text, unit)]
    counted: list[_Unit] = []
    for unit, tokens in zip(short, _counts(text, short, count_tokens), strict=True):
        whole = replace(unit, tokens=tokens)
        counted.extend([whole] if tokens <= LONGEST else _cut(text, whole, count_tokens))
    return counted


def _counts(text: str, units: Sequence[_Unit], count_tokens: CountTokens) -> Iterator[int]:
    batch: list[str] = []
    size = 0
    for number, unit in enumerate(units, 1):
        batch.append(text[unit.start : unit.end])
        size += unit.end - unit.start
        if size >= COUNTED_AT_ONCE or number == len(units):
            for piece, tokens in zip(batch, count_tokens(batch), strict=True):
                yield max(tokens, len(piece) // MOST_IN_TOKEN)
            batch, size = [], 0


def _shortened(text: str, unit: _Unit) -> list[_Unit]:
    """The unit, or pieces of it that are short enough to be counted."""
    if unit.end - unit.start <= UNCOUNTED:
        return [unit]
    return [piece for half in _halves(text, unit) for piece in _shortened(text, half)]


def _cut(text: str, unit: _Unit, count_tokens: CountTokens) -> list[_Unit]:
    """Halve an over-long unit until each part fits."""
    if unit.end - unit.start < 2:
        return [unit]
    parts = _halves(text, unit)
    done = [replace(part, tokens=tokens) for part, tokens in zip(parts, _counts(text, parts, count_tokens), strict=True)]
    return [piece for part in done for piece in ([part] if part.tokens <= LONGEST else _cut(text, part, count_tokens))]


def _halves(text: str, unit: _Unit) -> list[_Unit]:
    """Two parts of at least two characters, parted at the clause end or space nearest its middle."""
    middle = (unit.start + unit.end) // 2
    reach = max(1, min((unit.end - unit.start) // 4, UNCOUNTED // 2))
    edge = _nearest(text, middle, reach, ";:،,؛；，—|\n") or _nearest(text, middle, reach, " \u00a0\t") or middle
    halves = [_strip(text, unit.start, edge), _strip(text, edge, unit.end)]
    return [replace(unit, start=start, end=end) for start, end in halves if start < end]


def _nearest(text: str, middle: int, reach: int, marks: str) -> int:
    """The offset behind the mark nearest to `middle` that has white space behind it (or is it); 0 if none is in reach."""
    for distance in range(reach):
        for at in (middle - distance, middle + distance):
            if text[at - 1] in marks and (text[at - 1].isspace() or text[at].isspace() or text[at - 1] in "；，،"):
                return at
    return 0


def _pack(group: list[_Unit]) -> Iterator[tuple[int, int]]:
    """Ranges of `group` that make passages: up to MAX_TOKENS, ending with a paragraph from MIN_TOKENS on."""
    low = 0
    while low < len(group):
        high, tokens = low + 1, group[low].tokens
        while high < len(group) and tokens + group[high].tokens <= MAX_TOKENS:
            if tokens >= MIN_TOKENS and group[high].paragraph != group[high - 1].paragraph and group[high].kind != "table_row":
                break
            tokens += group[high].tokens
            high += 1
        rest = _rest(group, high)
        if rest < TAIL_TOKENS and tokens + rest <= LONGEST:
            high = len(group)
        yield low, high
        low = high - 1 if _repeats(group, low, high) else high


def _rest(group: list[_Unit], high: int) -> int:
    """The tokens from `high` on; counted no further than TAIL_TOKENS, or a table of 100,000 rows would take minutes."""
    tokens = 0
    while high < len(group) and tokens < TAIL_TOKENS:
        tokens += group[high].tokens
        high += 1
    return tokens


def _repeats(group: list[_Unit], low: int, high: int) -> bool:
    """Does the next passage begin with the last sentence of this one: in the midst of a paragraph, and a short one?"""
    if high >= len(group) or high - low < 2 or group[high].kind == "table_row":
        return False
    last, following = group[high - 1], group[high]
    return last.paragraph == following.paragraph and last.tokens <= MAX_OVERLAP and last.tokens + following.tokens <= MAX_TOKENS


def _locator(chosen: Sequence[_Unit]) -> Locator:
    first, last = chosen[0], chosen[-1]
    return Locator(
        start=first.start,
        end=last.end,
        page=first.page.number if first.page else None,
        page_label=first.page.label if first.page else None,
        ocr=first.page.ocr if first.page else None,
        section=tuple(section.text for section in first.sections if section.text),
        pinpoint=_pinpoint(first, last),
    )


def _pinpoint(first: _Unit, last: _Unit) -> str:
    headings = [section.legal for section in first.sections]
    place = joined_places(first.place, last.place)
    return place or pinpoint(headings, first.labels, last.labels, first.page, (first.paragraph, last.paragraph))


def _anchors(chosen: Sequence[_Unit]) -> tuple[Anchor, ...]:
    """Where the place changes within a passage; none if it does not, or if rows tell it."""
    places = [] if chosen[0].is_placed_row else [(unit.start, _pinpoint(unit, unit)) for unit in chosen]
    changes = [place for at, place in enumerate(places) if not at or place[1] != places[at - 1][1]]
    return tuple(Anchor(*place) for place in changes) if len(changes) > 1 else ()


def _context(title: str, sections: Sequence[_Section], header: str) -> str:
    """title › section › … at most MAX_CONTEXT characters: the title, then the innermost headings that fit."""
    told = [section.text or UNHEADED.get(section.legal.unit if section.legal else "", "") for section in sections]
    names = [name for name in told if name and name.casefold() != title.casefold()]
    inner = [" ".join(part.split()) for part in (*names, header) if part.strip()]
    outer = [title] if title else []
    while inner and len(" › ".join([*outer, *inner])) > MAX_CONTEXT:
        if len(inner) == 1:
            room = MAX_CONTEXT - len(inner[0]) - 3
            outer = [title[: room - 1].rstrip() + "…"] if outer and room > 20 else []
            break
        inner = inner[1:]
    return " › ".join([*outer, *inner])[:MAX_CONTEXT]


def _language(text: str, language: str) -> str:
    """The document's language, unless the passage is plainly in another script: a Russian column in an English treaty."""
    home, own = language_script(language), script(text)
    if own in ("none", home) or home == "none" or letters(text) < MIN_LETTERS:
        return language
    return detect(text)


def _passage_id(document_id: str, text: str, occurrence: int) -> str:
    return hashlib.sha256(f"{document_id}\0{text}\0{occurrence}".encode()).hexdigest()[:16]
