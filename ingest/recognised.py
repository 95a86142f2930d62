"""What OCR reads of a page: tesseract's table made into blocks whose words know their boxes, and put into the document."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from ingest.text import TextBuilder, heading_level, line_kind, one_line, rejoin_lines
from kb.records import Page, Parsed, WordBox

MUMBLE = 0.5  # a paragraph less than this share as sure as its page is a picture's grain, a seal or a signature
GRAIN = 0.05  # a single sign below this confidence is none
RULES = frozenset("|¦_~^`")  # signs that are no word by themselves: a rule, a fold, the edge of the paper
SPECK = 0.1  # heights of a line's words: a point that stands alone and is smaller is dirt; a full stop has about .15
EDGE = 2  # blocks at either end of a page that may be a running head, foot or page number
SHORT = 120  # characters, at most, of one
LABEL = 4  # signs, at most, of a number that hangs beside its paragraph
WIDEST_PITCH = 3.0  # heights of a line from one to the next within a paragraph
FURTHER = 1.4  # times the pitch of a paragraph's lines: what stands so far above it is no line of it
WIDEST_INDENT = 6.0  # heights of a line between a number and its paragraph
GAP = 1.2  # heights of a word between the cells of a table; words of a justified line stand up to .8 apart
_WORD_LEVEL = "5"
_COLUMNS = 12
_AT_END = re.compile(r"^\d{1,4}(?!\S)|(?<!\S)\d{1,4}$")
_ITEM = re.compile(r"\(?(?:[a-zа-я]|[ivx]{1,5}|\d{1,2})\)\s|\d{1,3}(?:\.\d{1,2})*[.)]\s|[•●▪]\s")

Box = tuple[float, float, float, float]  # left, top, right, bottom in points, from the upper left of the page as it is shown


class Turn(NamedTuple):
    """By how many degrees a page was turned, clockwise, before it was read; its size in points."""

    degrees: float
    width: float
    height: float


NOT_TURNED = Turn(0.0, 0.0, 0.0)


class Word(NamedTuple):
    text: str
    confidence: float  # 0..1
    box: Box


Line = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class RecognisedBlock:
    """A paragraph: its text, and where in it its words stand with their boxes."""

    kind: str
    text: str
    level: int
    places: tuple[tuple[int, int, Box], ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A page that has been read: mean confidence of its words, 0..1, weighed by their length; `models` read it. `unclear` is how
    many paragraphs were left out, `missed` the share of the page's signs in them."""

    blocks: tuple[RecognisedBlock, ...]
    confidence: float
    models: str
    unclear: int = 0
    missed: float = 0.0

    @property
    def text(self) -> str:
        return "\n\n".join(block.text for block in self.blocks)


def recognised(table: str, scale: float, models: str, turn: Turn = NOT_TURNED) -> Recognised | None:
    """Blocks from tesseract's table (TSV); None if it holds no word. `scale` is the picture's pixels a point; `turn` says how
    the page was turned before it was read.

    Lines that cannot be understood are left out: the table comes from a program that read a hostile picture.
    """
    paragraphs = list(_paragraphs(table, scale))
    if turn.degrees:
        paragraphs = [[tuple(word._replace(box=_turned_back(word.box, turn)) for word in line) for line in p] for p in paragraphs]
    least = MUMBLE * _mean(_words(paragraphs))
    clear = [lines for lines in paragraphs if _mean(_words([lines])) >= least]
    blocks = tuple(block for lines in _run_on(_hung(clear)) for block in _blocks(lines))
    if not blocks:
        return None
    missed = 1 - _signs(clear) / _signs(paragraphs)
    return Recognised(blocks, round(_mean(_words(clear)), 3), models, len(paragraphs) - len(clear), missed)


def _turned_back(box: Box, turn: Turn) -> Box:
    """The box at its place on the page, as large as it was read."""
    left, top, right, bottom = box
    cos, sin = math.cos(math.radians(turn.degrees)), math.sin(math.radians(turn.degrees))
    across, down = (left + right - turn.width) / 2, (top + bottom - turn.height) / 2
    x, y = turn.width / 2 + across * cos + down * sin, turn.height / 2 - across * sin + down * cos
    half, tall = (right - left) / 2, (bottom - top) / 2
    return round(x - half, 1), round(y - tall, 1), round(x + half, 1), round(y + tall, 1)


def _words(paragraphs: Sequence[Sequence[Line]]) -> list[Word]:
    return [word for lines in paragraphs for line in lines for word in line]


def _signs(paragraphs: Sequence[Sequence[Line]]) -> int:
    return sum(len(word.text) for word in _words(paragraphs))


def _mean(words: Sequence[Word]) -> float:
    weighed = [(len(word.text), word.confidence) for word in words]
    total = sum(length for length, _ in weighed)
    return sum(length * confidence for length, confidence in weighed) / total if total else 0.0


def _paragraphs(table: str, scale: float) -> Iterator[list[Line]]:
    """Words by line by paragraph, in tesseract's order, which is that of reading."""
    rows = (row for line in table.splitlines() if (row := line.split("\t", _COLUMNS - 1))[0] == _WORD_LEVEL)
    placed = ((tuple(row[1:4]), row[4], word) for row in rows if (word := _word(row, scale)) is not None)
    for _, paragraph in groupby(placed, key=lambda item: item[0]):
        lines = (_clean([word for _, _, word in line]) for _, line in groupby(paragraph, key=lambda item: item[1]))
        yield [line for line in lines if line]


def _clean(words: Sequence[Word]) -> Line:
    """The line without what the scanner's glass and the paper's edge left in it."""
    tall = median(word.box[3] - word.box[1] for word in words)
    return tuple(
        word for word in words if word.text not in RULES and not (_is_point(word.text) and _size(word.box) < SPECK * tall)
    )


def _is_point(text: str) -> bool:
    return len(text) == 1 and unicodedata.category(text) in ("Po", "Pi", "Pf")


def _size(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _word(row: Sequence[str], scale: float) -> Word | None:
    try:
        left, top, width, height, confidence = map(float, row[6:11])
        text = one_line(row[11])
    except (ValueError, IndexError):
        return None
    if not text or not all(map(math.isfinite, (left, top, width, height, confidence))):
        return None
    if len(text) == 1 and confidence < 100 * GRAIN:
        return None
    box = (left / scale, top / scale, (left + width) / scale, (top + height) / scale)
    return Word(text, min(max(confidence / 100, 0.0), 1.0), tuple(round(value, 1) for value in box))  # type: ignore[arg-type]


def _hung(paragraphs: Sequence[list[Line]]) -> list[list[Line]]:
    """Numbers that hang beside their paragraphs ("1.", "(a)") are a column of their own to tesseract: each goes before the line
    that it stands beside."""
    labels = [line for lines in paragraphs for line in lines if len(line) == 1 and len(line[0].text) <= LABEL]
    others = [line for lines in paragraphs for line in lines if line not in labels]
    beside: dict[Line, Word] = {}
    for label in labels:
        right = [line for line in others if line not in beside and _stands_beside(_box(label), _box(line))]
        if right:
            beside[min(right, key=lambda line: _box(line)[0])] = label[0]
    hung = set(beside.values())
    rest = ([line for line in lines if line[0] not in hung] for lines in paragraphs)
    return [[(beside[line], *line) if line in beside else line for line in lines] for lines in rest if lines]


def _stands_beside(label: Box, line: Box) -> bool:
    height = max(label[3] - label[1], line[3] - line[1])
    level = min(label[3], line[3]) - max(label[1], line[1])
    return 0 <= line[0] - label[2] <= WIDEST_INDENT * height and level >= 0.5 * (label[3] - label[1])


def _run_on(paragraphs: Sequence[list[Line]]) -> list[list[Line]]:
    """Tesseract takes each line of a widely spaced text for a paragraph. One that goes on in small letters, right below and
    without a full stop before it, is none; a head stands further off its text than the text's lines from each other."""
    joined: list[list[Line]] = []
    for lines in paragraphs:
        if joined and _goes_on(joined[-1][-1], lines[0]) and not _stands_off(joined[-1][-1], lines):
            joined[-1] = [*joined[-1], *lines]
        else:
            joined.append(lines)
    return joined


def _stands_off(last: Line, lines: Sequence[Line]) -> bool:
    """Is it further from the last line to the first of these than from the first to the second?"""
    return len(lines) > 1 and _box(lines[0])[3] - _box(last)[3] > FURTHER * (_box(lines[1])[3] - _box(lines[0])[3])


def _hangs(line: Line) -> bool:
    """Is its first word set off like a number beside its paragraph?"""
    return len(line) > 1 and line[1].box[0] - line[0].box[2] > 1.5 * (line[1].box[3] - line[1].box[1])


def _goes_on(last: Line, line: Line) -> bool:
    if last[-1].text[-1] in ".!?:;۔؟" or not line[0].text[0].islower() or _ITEM.match(_text(line)) or _hangs(line):
        return False
    (left, top, right, bottom), (next_left, next_top, next_right, next_bottom) = _box(last), _box(line)
    height = max(bottom - top, next_bottom - next_top)
    return 0 < next_bottom - bottom <= WIDEST_PITCH * height and left < next_right and next_left < right


def _box(line: Line) -> Box:
    boxes = [word.box for word in line]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _text(line: Line) -> str:
    return " ".join(word.text for word in line)


def _parted(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Headings by their wording ("Article 5") and items ("(a) …") begin blocks of their own: tesseract sees none."""
    part: list[Line] = []
    heading = False
    for line in lines:
        text = _text(line)
        now_heading = heading_level(text) > 0
        if part and (now_heading or heading or _ITEM.match(text) or (len(line[0].text) <= LABEL and _hangs(line))):
            yield part
            part = []
        part.append(line)
        heading = now_heading
    if part:
        yield part


def _blocks(lines: Sequence[Line]) -> Iterator[RecognisedBlock]:
    if grid := columns_of(lines):
        yield from _table_rows(grid)
        return
    yield from (block for part in _parted(lines) if (block := _block(part)) is not None)


def columns_of(lines: Sequence[Line]) -> list[list[list[Word]]]:
    """The words of a table by row and column; [] for lines that are none: fewer than three, or without a column of figures. Gaps
    wider than GAP part cells; columns are where cells stand below each other."""
    cells = [_cells(line) for line in lines]
    if len(lines) < 3 or sum(len(row) > 1 for row in cells) < 0.8 * len(lines):
        return []
    columns: list[tuple[float, float]] = []
    for left, _, right, _ in sorted(_box(tuple(cell)) for row in cells for cell in row):
        if columns and left <= columns[-1][1]:
            columns[-1] = columns[-1][0], max(columns[-1][1], right)
        else:
            columns.append((left, right))
    grid: list[list[list[Word]]] = []
    for row in cells:
        places = [sum(start <= cell[0].box[0] for start, _ in columns) - 1 for cell in row]
        if len(set(places)) < len(places):
            return []
        held = dict(zip(places, row, strict=True))
        grid.append([held.get(place, []) for place in range(len(columns))])
    return grid if any(_is_figures(column[1:]) for column in list(zip(*grid, strict=True))[1:]) else []


def _cells(line: Line) -> list[list[Word]]:
    cells = [[line[0]]]
    for last, word in pairwise(line):
        if word.box[0] - last.box[2] > GAP * (last.box[3] - last.box[1]):
            cells.append([])
        cells[-1].append(word)
    return cells


def _is_figures(cells: Sequence[Sequence[Word]]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and sum(any(map(str.isdigit, cell[0].text)) for cell in filled) >= 0.6 * len(cells)


def _table_rows(grid: Sequence[Sequence[Sequence[Word]]]) -> Iterator[RecognisedBlock]:
    """Each row with the names of its columns, if the first row names them all and holds no figure."""
    names = [_text(tuple(cell)) for cell in grid[0]]
    named = all(names) and not any(map(str.isdigit, "".join(names)))
    for row in grid[1:] if named else grid:
        text, places = "", []
        for name, cell in zip(names, row, strict=True):
            if cell:
                text += ("; " if text else "") + (f"{name.rstrip(':')}: " if named else "")
                places += [(len(text) + start, len(text) + end, box) for start, end, box in _places(_text(tuple(cell)), cell)]
                text += _text(tuple(cell))
        if text == one_line(text):
            yield RecognisedBlock("table_row", text, 0, tuple(places))


def _block(lines: Sequence[Line]) -> RecognisedBlock | None:
    text = one_line(rejoin_lines(map(_text, lines)))
    kind, text, level = line_kind(text) if text else ("paragraph", "", 0)
    if not any(map(str.isalnum, text)):
        return None
    return RecognisedBlock(kind, text, level, tuple(_places(text, [word for line in lines for word in line])))


def _places(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int, Box]]:
    """Where the words stand in the text that was made of them. They come in its order; what changed is the blanks between
    them, and a hyphen at a line's end that is gone. A word that is not met there has no place."""
    at = 0
    for word in words:
        while at < len(text) and text[at] == " ":
            at += 1
        whole = word.text if text.startswith(word.text, at) else word.text.rstrip("-\u2010\u00ad")
        if whole and text.startswith(whole, at):
            yield at, at + len(whole), word.box
            at += len(whole)


def without_running_heads(read: Mapping[int, Recognised]) -> dict[int, Recognised]:
    """Leave out short first and last blocks that come again, but for their figures, on 60 % of three and more pages, and a last
    or first block that is the page's own number. A page keeps at least one block."""
    edges = {number: {_form(block) for block in _edges(page)} for number, page in read.items()}
    seen = Counter(form for forms in edges.values() for form in forms)
    running = {form for form, times in seen.items() if len(read) >= 3 and times >= 0.6 * len(read)}
    return {number: _without(page, running | {str(number)}) for number, page in read.items()}


def _edges(page: Recognised) -> list[RecognisedBlock]:
    ends = page.blocks if len(page.blocks) <= 2 * EDGE else (*page.blocks[:EDGE], *page.blocks[-EDGE:])
    return [block for block in ends if len(block.text) <= SHORT]


def _form(block: RecognisedBlock) -> str:
    return re.sub(r"\d+", "#", block.text).casefold()


def _without(page: Recognised, away: Collection[str]) -> Recognised:
    out = {id(block) for block in _edges(page) if _form(block) in away or block.text.strip("-–— .") in away}
    kept = tuple(block for block in page.blocks if id(block) not in out)
    return replace(page, blocks=kept) if kept else page


def printed_numbers(read: Mapping[int, Recognised]) -> dict[int, str]:
    """Numbers that begin or end short first and last blocks, if they count up with the pages on half of these (two at least)."""
    ends = {number: [block.text.strip("-–— .") for block in _edges(page)] for number, page in read.items()}
    found = {number: {int(at) for text in texts for at in _AT_END.findall(text)} for number, texts in ends.items()}
    steps = Counter(value - number for number, values in found.items() for value in values)
    step, times = steps.most_common(1)[0] if steps else (0, 0)
    if times < max(2, len(read) / 2):
        return {}
    return {number: str(number + step) for number, values in found.items() if number + step in values}


def with_pages(document: Parsed, read: Mapping[int, Recognised], labels: Mapping[int, str]) -> Parsed:
    """The document with what was read in place of those pages' text, and their labels where it has none. Other pages keep their
    blocks."""
    if not read:
        return document
    builder = TextBuilder()
    places: list[tuple[int, tuple[tuple[int, int, Box], ...]]] = []  # page and words of each block that is added
    for page in document.pages:
        builder.start_page(page.number, page.label or labels.get(page.number))
        if page.number in read:
            for block in read[page.number].blocks:
                builder.add(block.kind, block.text, block.level)
                places.append((page.number, block.places))
            continue
        for kept in document.blocks:
            if page.start <= kept.start < page.end:
                builder.add(kept.kind, document.text[kept.start : kept.end], kept.level, kept.place)
                places.append((page.number, ()))
    text, blocks, pages = builder.build()
    boxes = tuple(
        WordBox(number, block.start + start, block.start + end, *box)
        for block, (number, words) in zip(blocks, places, strict=True)
        for start, end, box in words
    )
    marked = tuple(_marked(page, read) for page in pages)
    return replace(document, text=text, blocks=blocks, pages=marked, word_boxes=boxes)


def _marked(page: Page, read: Mapping[int, Recognised]) -> Page:
    return replace(page, ocr=read[page.number].confidence) if page.number in read else page
