"""PDF: structure (labels, bookmarks, properties, locks) by pypdf, characters with their places by PDFium, the layout by ours.

Each page's text is PDFium's, unless pypdf reads a fifth more letters on it, less three for every sign without a meaning (see
`_is_better`). Measured on 26 awkward files: both give the same letters, within 1 %, on 18 of the 22 with a text layer; on the
others PDFium is the better one (a broken page tree: 6 letters against none; fonts with a faulty or no table of signs: words
against signs apart), and it alone tells where each sign stands. On none of them does the rule take pypdf's: it is for pages that
PDFium cannot load or finds signs without a meaning on.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import pypdf
import pypdfium2

from ingest.archive import File, MemoryFile
from ingest.pdf_aligned import aligned_tables
from ingest.pdf_fragments import Fragment, PageText, page_text
from ingest.pdf_furniture import without_furniture
from ingest.pdf_glyphs import Box, character_boxes, load_page
from ingest.pdf_layout import Line, line_of, regions, rows
from ingest.pdf_ligatures import FontLigatures
from ingest.pdf_paragraphs import Header, Item, PdfBlock, page_blocks, table_blocks, typography
from ingest.pdf_ruled import ruled_tables
from ingest.pdf_rules import Rules, page_rules
from ingest.pdf_structure import DEFECTS, Structure, structure
from ingest.pdf_tables import Table
from ingest.text import GLYPH_CODE, TextBuilder, UnreadableFile, normalise
from ingest.traced import NOWHERE, Traced, put_in
from kb.records import Parsed

pdfium: Any = pypdfium2  # its wrappers carry no types

PDFIUM = f"pypdfium2 {version('pypdfium2')}"
PYPDF = f"pypdf {version('pypdf')}"
FEW_LETTERS = 20  # fewer on a page: pypdf is asked too
MANY_UNKNOWN = 0.02  # of a page's characters without a meaning: pypdf is asked too
_MISREAD = re.compile("[\ud080-\ud0bf\ud180-\ud1bf]")
_KOREAN = re.compile("[\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class _Read:
    """A document as read: its text with the source of every character (PDFium's number for it on its page)."""

    parsed: Parsed
    sources: list[int]
    by_pypdf: frozenset[int]  # page numbers


def read(path: File, passwords: Sequence[str] = ()) -> tuple[Parsed, ...]:
    """One document with all its pages; those without a text layer stay empty (see ingest.ocr). `passwords` are tried in turn on a
    locked file.

    Raises UnreadableFile for a locked or damaged file, and for a scanned attachment.
    """
    document, password = _open(path, passwords)
    try:
        return (_read(path, document, password).parsed,)
    finally:
        document.close()


def pdf_places(path: File, number: int, passwords: Sequence[str] = ()) -> tuple[str, list[Box | None]]:
    """The text of page `number` (from 1), as `read` gives it, and for each of its characters its box on the page as shown
    (turned and cropped), in points from its upper left: left, top, right, bottom.

    None for a character that has no place: a space between lines, a column's name before its cell on a later page, all text of
    a page that pypdf read. The document is read whole, as heads, labels and words broken over lines need. Raises UnreadableFile
    as `read` does, IndexError for a page that is not there.
    """
    document, password = _open(path, passwords)
    try:
        if not 1 <= number <= len(document):
            raise IndexError(f"page {number} of a PDF of {len(document)} pages")
        done = _read(path, document, password)
        page = done.parsed.pages[number - 1]
        sources = done.sources[page.start : page.end]
        text = done.parsed.text[page.start : page.end]
        if number in done.by_pypdf:
            return text, [None] * len(text)
        return text, character_boxes(load_page(document, number - 1), sources)
    finally:
        document.close()


def _open(path: File, passwords: Sequence[str]) -> tuple[Any, str]:
    """Owner-locked files (free to read, not to change) open; so do those whose user password is empty or among those given."""
    for password in ("", *passwords):
        try:
            document = pdfium.PdfDocument(path.data if isinstance(path, MemoryFile) else path, password or None)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                continue
            raise UnreadableFile("the PDF is damaged and cannot be opened; print it to a new PDF, or replace it.") from error
        if len(document):
            return document, password
        raise UnreadableFile("the PDF has no pages; replace it with a sound copy.")
    tried = f"none of the {len(passwords)} passwords for it fits" if passwords else "no password is given for it"
    raise UnreadableFile(
        f"the PDF is locked with a password, and {tried}; name it in the file given with --password-file, or save a copy "
        "without a password."
    )


def _read(path: File, document: Any, password: str) -> _Read:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader, known = structure(path, document, password)
        fonts = FontLigatures(reader)
        pages = [_page_text(document, index, fonts) for index in range(len(document))]
        other = {index: text for index, page in enumerate(pages) if (text := better_text(reader, index, page))}
    pages = [PageText(page.width, page.height) if index in other else page for index, page in enumerate(pages)]
    missing = [n for n, page in enumerate(pages, 1) if not page.fragments and n - 1 not in other]
    if len(missing) == len(pages) and isinstance(path, MemoryFile):  # an attachment's pages cannot be drawn for OCR
        raise UnreadableFile(
            f"no text layer: {len(pages)} page{'s' * (len(pages) != 1)}, probably a scan; run OCR over it (for example "
            "ocrmypdf) and replace it."
        )
    pages, labels = without_furniture(pages, known.labels)
    items = [_items(document, index, page, other) for index, page in enumerate(pages)]
    known = replace(known, labels=tuple(labels))
    notes = [*known.warnings]
    builder, sources, headless = _assembled(items, known)
    if headless:
        notes.append(f"tables without a header on {_numbers(headless)}: their rows are given without column names.")
    text, blocks, spans = builder.build()
    used = PDFIUM if not other else f"{PDFIUM}; {PYPDF} for {_numbers([index + 1 for index in sorted(other)])}"
    parsed = Parsed(text, blocks, spans, known.metadata, used, tuple(notes))
    return _Read(parsed, sources, frozenset(index + 1 for index in other))


def _numbers(pages: Sequence[int]) -> str:
    shown = ", ".join(map(str, pages[:10])) + (" …" if len(pages) > 10 else "")
    return f"page{'s' * (len(pages) != 1)} {shown}"


def _page_text(document: Any, index: int, fonts: FontLigatures) -> PageText:
    try:
        page = load_page(document, index)
        try:
            return _cyrillic_mended(page_text(page, fonts.on(index)))
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return PageText(0, 0)  # a page that PDFium cannot load: pypdf is asked next, and an empty page is reported


def _cyrillic_mended(page: PageText) -> PageText:
    """Some producers write a font's table of signs in UTF-8 where UTF-16 is due: И (D0 98) is then read as the syllable U+D098.

    A page is mended if all its Korean syllables are such pairs of bytes; real Korean has mostly others.
    """
    texts = [piece.text for pieces in page.fragments.values() for piece in pieces]
    if not any(map(_KOREAN.search, texts)) or any(_KOREAN.search(_MISREAD.sub("", text)) for text in texts):
        return page
    fragments = {angle: [_mended(piece) for piece in pieces] for angle, pieces in page.fragments.items()}
    return replace(page, fragments=fragments)


def _mended(piece: Fragment) -> Fragment:
    text = _MISREAD.sub(lambda sign: ord(sign[0]).to_bytes(2, "big").decode(), piece.text)
    return replace(piece, line=Traced(text, piece.line.sources))


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def better_text(reader: pypdf.PdfReader | None, index: int, page: PageText) -> str:
    """pypdf's text of the page if it is the better one (see above), else "". It is asked only where PDFium's is doubtful."""
    seen = "".join(piece.text for pieces in page.fragments.values() for piece in pieces)
    if reader is None or (_letters(seen) >= FEW_LETTERS and page.unknown <= MANY_UNKNOWN * len(seen)):
        return ""
    try:
        text = normalise(reader.pages[index].extract_text())
    except DEFECTS:
        return ""
    return text if _is_better(text, seen, page.unknown) else ""


def _is_better(text: str, seen: str, unknown: int) -> bool:
    """Does pypdf's text hold a fifth more letters than PDFium's? A sign without a meaning counts as three letters lost, since it
    spoils the word that it stands in; three letters more are needed in any case, as blank pages give one or two by chance."""
    text = GLYPH_CODE.sub("\ufffd", text)
    strange = sum(not letter.isprintable() or "\ue000" <= letter <= "\uf8ff" or letter == "\ufffd" for letter in text)
    return _letters(text) - 3 * strange > 1.2 * (_letters(seen) - 3 * unknown) + 3


def _items(document: Any, index: int, page: PageText, other: dict[int, str]) -> list[Item]:
    """The page's lines and tables in reading order: the text of the main direction first."""
    if index in other:
        return [
            Line(put_in(line), (0, 12.0 * row, 0, 12.0 * row + 12), 12.0 * row, 0, False, (0, 0))
            for row, line in enumerate(other[index].split("\n"))
            if line.strip()
        ]
    result: list[Item] = []
    angles = sorted(page.fragments, key=lambda angle: -sum(len(piece.text) for piece in page.fragments[angle]))
    if angles:
        shown = load_page(document, index)
        rules = page_rules(shown, angles)
        shown.close()
        for angle in angles:
            result += _laid_out(page.fragments[angle], rules[angle])
    return result


def _laid_out(fragments: Sequence[Fragment], rules: Rules) -> Iterator[Item]:
    rest, tables = ruled_tables(fragments, rules)
    atoms: list[Fragment | Table] = [*rest, *tables]
    for region in regions(atoms):
        left, right = min(atom.box[0] for atom in region), max(atom.box[2] for atom in region)
        run: list[list[Fragment]] = []
        for row in [*rows(region), []]:
            held = [atom for atom in row if isinstance(atom, Fragment)]
            drawn = [atom for atom in row if isinstance(atom, Table)]
            if held and not drawn:
                run.append(held)
                continue
            start = 0
            for first, end, table in aligned_tables(run, rules):
                yield from (line_of(row, (left, right)) for row in run[start:first])
                yield table
                start = end
            yield from (line_of(row, (left, right)) for row in run[start:])
            run = rows(held)  # a table is as high as several rows beside it
            yield from drawn


def _assembled(pages: Sequence[Sequence[Item]], known: Structure) -> tuple[TextBuilder, list[int], list[int]]:
    """The blocks of all pages, the source of each character of the text, and the pages with a table of unknown header.

    A paragraph that goes over a page's end is two blocks, so that each quote has one page.
    """
    typed = typography(pages)
    builder, sources, headless = TextBuilder(), _Sources(), []
    header, last_was_table = Header(), False
    for number, (items, label) in enumerate(zip(pages, known.labels, strict=True), 1):
        builder.start_page(number, label)
        begins = True
        for block in page_blocks(items, known.bookmarks.get(number, {}), typed):
            if isinstance(block, PdfBlock):
                sources.add(builder, block)
                last_was_table = last_was_table and block.kind == "note"
            else:
                goes_on = begins and last_was_table
                table_rows, header = table_blocks(block, header if goes_on else Header(), typed.words)
                if not header.names:
                    headless.append(number)
                for row in table_rows:
                    sources.add(builder, row)
                last_was_table = True
            begins = False
    return builder, sources.found, sorted(set(headless))


class _Sources:
    """Keeps the source of every character that a builder is given."""

    def __init__(self) -> None:
        self.found: list[int] = []

    def add(self, builder: TextBuilder, block: PdfBlock) -> None:
        start = builder.add(block.kind, block.line.text, block.level)
        if start is not None:
            self.found += [NOWHERE] * (start - len(self.found))
            self.found += block.line.sources
