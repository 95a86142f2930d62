"""PDF: structure (labels, bookmarks, properties, locks) by pypdf, characters with their places by PDFium.

Measured on 26 awkward files and three of ours: both give the same letters, within 1 %, on 18 of the 22 files with a text layer.
On the others PDFium is the better one (a broken page tree: 6 letters against none; fonts with a faulty or no table of signs:
words against signs apart), at a tenth of the time, and it tells where each sign stands, which rebuilding paragraphs needs. So
PDFium's text is taken. pypdf's is taken for a page on which PDFium finds next to nothing, and for the order of letters in
Arabic script, where PDFium turns the ligature of lam and alef round.
"""

from __future__ import annotations

import ctypes
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import pairwise
from statistics import median
from typing import Any

import pypdf
import pypdfium2

from ingest.archive import File, MemoryFile
from ingest.metadata import metadata_from
from ingest.text import TextBuilder, UnreadableFile, heading_level, line_kind, normalise, one_line, rejoin_lines
from kb.records import Metadata, Parsed

pdfium: Any = pypdfium2  # its wrappers and the bindings below them carry no types
raw: Any = pypdfium2.raw

READER = f"pypdf {version('pypdf')}, pypdfium2 {version('pypdfium2')}"
LARGER = 1.12  # times the body's font size: a heading. Footnotes and captions are smaller, body fonts vary by a few percent
FEW_LETTERS = 20  # fewer on a page: pypdf is asked too
_DEFECTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, NotImplementedError, OSError)
_DEFECTS_PYPDF = (*_DEFECTS, pypdf.errors.PyPdfError, pypdf.errors.DependencyError, ZeroDivisionError)
_JUNK_TITLE = re.compile(
    r"(?:microsoft \w+ - |untitled|document\s?\d*$|print(?:ing)?$)|\.(?:docx?|pdf|indd|qxd|pptx?|odt|rtf)$", re.I
)
_PAGE_NUMBER = re.compile(
    r"[\s\-–—|]*(?:page\s|p\.\s?|стр\.\s?|صفحہ\s)?([0-9]{1,4}|[ivxlcdm]{1,8})(?:\s?(?:of|/|из)\s?[0-9]{1,4})?[\s\-–—|]*", re.I
)
_ITEM = re.compile(r"(?:[•●▪◦]|[*–—-]\s|\(?(?:[a-zа-я]|[ivx]{1,5})\)\s|\(\d{1,2}\)\s|\d{1,3}(?:\.\d{1,2})*[.)]\s)\s*\S")
_KOREAN = re.compile("[\uac00-\ud7a3]")
_MISREAD = re.compile("[\ud080-\ud0bf\ud180-\ud1bf]")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page as PDFium orders them. Points from the page's lower left; `size` is the font's."""

    text: str
    left: float
    right: float
    bottom: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """What pypdf knows of a file: printed labels (None where the file gives none) and bookmarks by page number."""

    labels: tuple[str | None, ...] = ()
    bookmarks: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    warnings: tuple[str, ...] = ()


def read(path: File) -> tuple[Parsed, ...]:
    """One document with all its pages; pages without a text layer stay empty (see ingest.ocr).

    Raises UnreadableFile for a locked or damaged file, and for a scanned attachment.
    """
    document = _open(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader, structure = _structure(path, document)
            pages = [_page_lines(document, index, reader) for index in range(len(document))]
    finally:
        document.close()
    missing = [number for number, lines in enumerate(pages, 1) if not any(_letters(line.text) for line in lines)]
    if len(missing) == len(pages) and isinstance(path, MemoryFile):  # an attachment's pages cannot be drawn for OCR
        raise UnreadableFile(
            f"no text layer: {len(pages)} page{'s' * (len(pages) != 1)}, probably a scan; run OCR over it (for example "
            "ocrmypdf) and replace it."
        )
    text, blocks, spans = _assemble(_without_running_heads(pages, structure.labels), structure)
    return (Parsed(text, blocks, spans, structure.metadata, READER, structure.warnings),)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _open(path: File) -> Any:
    """Owner-locked files (free to read, not to change) open; so do those whose user password is empty."""
    try:
        document = pdfium.PdfDocument(path.data if isinstance(path, MemoryFile) else path)
        if len(document):
            return document
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableFile("the PDF is locked with a password; save a copy without one and replace the file.") from error
        raise UnreadableFile("the PDF is damaged and cannot be opened; print it to a new PDF, or replace it.") from error
    raise UnreadableFile("the PDF has no pages; replace it with a sound copy.")


def _structure(path: File, document: Any) -> tuple[pypdf.PdfReader | None, Structure]:
    """What pypdf reads of the structure. Where it cannot read the file, PDFium's labels and no bookmarks, with a warning."""
    count = len(document)
    try:
        reader = pypdf.PdfReader(path.open() if isinstance(path, MemoryFile) else path, strict=False)
        if reader.is_encrypted:
            reader.decrypt("")
        if len(reader.pages) != count:
            raise ValueError(f"{len(reader.pages)} pages against PDFium's {count}")
        labels = tuple(reader.page_labels) if "/PageLabels" in reader.root_object else (None,) * count
        properties = reader.metadata
        raw_values: dict[str, object] = {"language": _property(reader.root_object.get("/Lang"))}
        title = _property(properties.title if properties else None)
        if not _JUNK_TITLE.search(title):
            raw_values["title"] = title
    except _DEFECTS_PYPDF as error:
        note = f"bookmarks and properties of the PDF cannot be read ({one_line(str(error))[:120]})."
        shown = tuple(document.get_page_label(index) or None for index in range(count))
        return None, Structure(shown, warnings=(note,))
    metadata, _ = metadata_from(raw_values)  # a property that cannot be used is the file's, not the operator's, doing
    return reader, Structure(tuple(label or None for label in labels), _bookmarks(reader), metadata)


def _property(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _bookmarks(reader: pypdf.PdfReader) -> dict[int, dict[str, int]]:
    """Page number → title as compared → level 1..6."""
    found: dict[int, dict[str, int]] = {}

    def walk(items: Iterable[object], level: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, level + 1)
            elif isinstance(item, pypdf.generic.Destination):
                index = reader.get_destination_page_number(item)
                if index is not None and item.title:
                    found.setdefault(index + 1, {})[_compared(item.title)] = min(level, 6)

    try:
        walk(reader.outline, 1)
    except _DEFECTS_PYPDF:
        return {}  # broken bookmarks only cost headings, which the fonts give as well
    return found


def _compared(text: str) -> str:
    return re.sub(r"[\W_]+", "", one_line(text)).casefold()


def _page_lines(document: Any, index: int, reader: pypdf.PdfReader | None) -> list[Line]:
    lines: list[Line] = []
    try:
        page = document[index]
        try:
            textpage = page.get_textpage()
            lines = _cyrillic_mended(list(_lines(textpage)))
            textpage.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        lines = []  # a page that PDFium cannot load: pypdf is asked next, and an empty page is reported
    seen = sum(_letters(line.text) for line in lines)
    arabic = _is_arabic(" ".join(line.text for line in lines))
    if reader is None or (seen >= FEW_LETTERS and not arabic):
        return lines
    try:
        other = normalise(reader.pages[index].extract_text()).split("\n")
    except _DEFECTS_PYPDF:
        return lines
    if arabic:
        return _with_ligatures_in_order(lines, other)
    if sum(map(_letters, other)) <= 1.5 * seen + 3:
        return lines
    return [Line(text, 0, 0, -12.0 * number, 0, False) for number, text in enumerate(other) if text.strip()]


def _cyrillic_mended(lines: list[Line]) -> list[Line]:
    """Some producers write a font's table of signs in UTF-8 where UTF-16 is due: И (D0 98) is then read as the syllable U+D098.

    A page is mended if all its Korean syllables are such pairs of bytes; real Korean has mostly others.
    """
    if not any(_KOREAN.search(line.text) for line in lines) or any(_KOREAN.search(_MISREAD.sub("", line.text)) for line in lines):
        return lines
    return [replace(line, text=_MISREAD.sub(lambda sign: ord(sign[0]).to_bytes(2, "big").decode(), line.text)) for line in lines]


def _with_ligatures_in_order(lines: Sequence[Line], other: Iterable[str]) -> list[Line]:
    """Lines of the same letters in pypdf's order: PDFium turns the ligature of lam and alef round (إلنتاجية for لإنتاجية)."""
    same = {_sorted_letters(text): text for text in other}
    return [replace(line, text=same.get(_sorted_letters(line.text), line.text)) for line in lines]


def _sorted_letters(text: str) -> str:
    return "".join(sorted(filter(str.isalnum, normalise(text))))


def _lines(textpage: Any) -> Iterator[Line]:
    """Sign by sign, since PDFium's ready text may leave out signs and then its positions no longer fit."""
    start = 0
    signs: list[str] = []
    count = textpage.count_chars()
    for position in range(count + 1):
        code = raw.FPDFText_GetUnicode(textpage, position) if position < count else 10
        if code in (10, 13):
            if text := "".join(signs).strip():
                yield _line(textpage, text, start, position)
            start, signs = position + 1, []
        else:
            signs.append(chr(code) if code < 0x110000 else "\ufffd")
            if code in (2, 0xFFFE) and position + 1 < count:  # a hyphen that breaks a word: PDFium runs the lines together
                yield _line(textpage, "".join(signs).strip(), start, position + 1)
                start, signs = position + 1, []


def _line(textpage: Any, text: str, start: int, end: int) -> Line:
    first, last = start, end - 1
    while first < last and raw.FPDFText_GetUnicode(textpage, first) in (32, 160):
        first += 1
    while last > first and raw.FPDFText_GetUnicode(textpage, last) in (32, 160, 2, 0xFFFE):
        last -= 1
    left, bottom, right, _ = textpage.get_charbox(first, loose=True)
    end_left, _, end_right, _ = textpage.get_charbox(last, loose=True)
    middle = (first + last) // 2
    while middle < last and raw.FPDFText_GetUnicode(textpage, middle) in (32, 160):  # a space may be PDFium's own, of size 1
        middle += 1
    size = raw.FPDFText_GetFontSize(textpage, middle) * _scale(textpage, middle)
    bold = all(_is_bold(textpage, position) for position in {first, middle, last})
    return Line(text, min(left, end_left), max(right, end_right), bottom, round(size, 1), bold)


def _scale(textpage: Any, position: int) -> float:
    """How much the text matrix enlarges the font: many producers write a font of size 1 and scale it."""
    matrix = raw.FS_MATRIX()
    if not raw.FPDFText_GetMatrix(textpage, position, matrix):
        return 1.0
    return math.hypot(matrix.c, matrix.d)


def _is_bold(textpage: Any, position: int) -> bool:
    if raw.FPDFText_GetFontWeight(textpage, position) >= 600:
        return True
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, position, name, 128, flags)
    return b"bold" in name.value.lower() or b"black" in name.value.lower()


def _without_running_heads(pages: Sequence[Sequence[Line]], labels: Sequence[str | None]) -> list[list[Line]]:
    """Leave out heads and feet that come again on 60 % of 3 and more pages, and the printed page number.

    Only the two topmost and two lowest lines of a page can be one; digits count as equal.
    """
    edges = [_edges(lines) for lines in pages]
    seen = Counter(form for edge in edges for form in {_form(line) for line in edge})
    repeated = {form for form, times in seen.items() if len(pages) >= 3 and times >= 0.6 * len(pages)}
    kept = []
    for number, (lines, edge, label) in enumerate(zip(pages, edges, labels, strict=True), 1):
        away = {id(line) for line in edge if _form(line) in repeated or _is_number(line, number, label)}
        kept.append([line for line in lines if id(line) not in away])
    return kept


def _edges(lines: Sequence[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: -line.bottom)
    return by_height if len(by_height) <= 4 else by_height[:2] + by_height[-2:]


def _form(line: Line) -> str:
    return re.sub(r"\d+", "#", one_line(line.text)).casefold()


def _is_number(line: Line, number: int, label: str | None) -> bool:
    found = _PAGE_NUMBER.fullmatch(line.text)
    return found is not None and found[1].casefold() in (str(number), (label or "").casefold())


def _assemble(pages: Sequence[Sequence[Line]], structure: Structure) -> tuple[Any, ...]:
    """Paragraphs and headings of all pages. A paragraph that goes over a page's end is two blocks: each quote has one page."""
    body = _body_size(pages)
    sizes = sorted({line.size for lines in pages for line in lines if line.size >= LARGER * body > 0}, reverse=True)
    words = frozenset(
        word.lower() for lines in pages for line in lines for word in re.findall(r"[^\W\d_][\w-]*\w", line.text[:-1])
    )
    builder = TextBuilder()
    for number, (lines, label) in enumerate(zip(pages, structure.labels, strict=True), 1):
        builder.start_page(number, label)
        bookmarks = structure.bookmarks.get(number, {})
        for paragraph in _paragraphs(lines):
            text = one_line(rejoin_lines((line.text for line in paragraph), words))
            level = bookmarks.get(_compared(text), 0) or _font_level(paragraph, text, body, sizes)
            if level:
                builder.add("heading", text, level)
            elif text:
                builder.add(*line_kind(text))
    return builder.build()


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The font size that most signs of the document have; 0 if no size is known."""
    count: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            count[line.size] += len(line.text)
    return max(count, key=lambda size: count[size], default=0.0)


def _font_level(paragraph: Sequence[Line], text: str, body: float, sizes: Sequence[float]) -> int:
    """1..6 if the type says that this is a heading: larger than the body's, or bold and short."""
    if len(paragraph) > 3 or len(text) > 200 or text[-1] in ".,;":
        return 0
    if _letters(text) < 3 or 2 * sum(map(str.isalpha, text)) < _letters(text):
        return 0
    if all(line.size >= LARGER * body > 0 for line in paragraph):
        return min(1 + sizes.index(max(line.size for line in paragraph)), 6)
    if all(line.bold and line.size >= 0.95 * body for line in paragraph) and len(text) <= 120 and text[-1] != ":":
        return heading_level(text) or min(len(sizes) + 1, 6)
    return 0


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    if not lines:
        return
    steps = [above.bottom - below.bottom for above, below in pairwise(lines) if above.bottom > below.bottom]
    step = median(steps) if steps else 0.0
    paragraph = [lines[0]]
    for line in lines[1:]:
        if _begins(line, paragraph, step, lines):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    yield paragraph


def _begins(line: Line, paragraph: Sequence[Line], step: float, lines: Sequence[Line]) -> bool:
    """Does a new paragraph begin with this line?"""
    last = paragraph[-1]
    if last.text[-1] in "\x02\ufffe\u00ad":
        return False
    if last.bold != line.bold and (last.bold or heading_level(one_line(line.text))):
        return True
    if _ITEM.match(line.text) or heading_level(one_line(line.text)) or heading_level(one_line(last.text)):
        return True
    if abs(line.size - last.size) > 0.1 * max(line.size, last.size, 1):
        return True
    down = last.bottom - line.bottom
    if down < -0.5 * line.size:  # up again: the next column; a sentence may go on there
        return last.text[-1] in ".!?:۔؟"
    if down > 1.35 * max(step, 1.0 * line.size):
        return True
    return down > 0.5 * line.size and _had_room(last, line, lines)


def _had_room(last: Line, line: Line, lines: Sequence[Line]) -> bool:
    """Would the line's first word have fitted behind the last line? Then the break was meant.

    The margin is that of the lines of its size which begin (in Arabic script: end) where the last one does.
    """
    width = (last.right - last.left) / max(len(last.text), 1)
    word = (len(line.text.split(maxsplit=1)[0]) + 1.5) * width
    near = max(3 * last.size, 30.0)
    alike = [other for other in lines if abs(other.size - last.size) <= 0.1 * last.size]
    if _is_arabic(last.text):
        return last.left - min(other.left for other in alike if abs(other.right - last.right) <= near) > word
    return max(other.right for other in alike if abs(other.left - last.left) <= near) - last.right > word


def _is_arabic(text: str) -> bool:
    return len(_ARABIC.findall(text)) > len(text) / 3
