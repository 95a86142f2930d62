"""RTF files: striprtf gives the words; paragraphs, headings by outline level, list numbers as written, tables, notes, boxes."""

from __future__ import annotations

import codecs
import re
from importlib.metadata import version

from striprtf.striprtf import rtf_to_text

from ingest.archive import File
from ingest.metadata import metadata_from
from ingest.rtf_source import ASIDE_END, BOX, BREAK, CELL, HEADING, LAST_HEADING, NOTE, ROW, prepared
from ingest.table_grid import names_columns
from ingest.text import TextBuilder, UnreadableFile, line_kind, one_line, table_rows
from kb.records import Metadata, Parsed

READER = f"striprtf {version('striprtf')}"
LARGEST = 60_000_000  # bytes, pictures included; a megabyte of text takes 1.6 s, and the sandbox has 60
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{2,5})")
_TITLE = re.compile(r"\{\\info\b[^}]{0,300}?(?:\{[^{}]{0,300}\}[^{}]{0,20}){0,10}?\{\\title ([^{}]{1,500})\}", re.DOTALL)
_ASIDE = re.compile(f"([{NOTE}{BOX}])([^{NOTE}{BOX}{ASIDE_END}]*){ASIDE_END}")
_LEVEL = re.compile(f"[{HEADING}-{LAST_HEADING}]")
_MARKS = re.compile(f"[{NOTE}-{ROW}{HEADING}-{LAST_HEADING}]")
_BULLET = re.compile(r"[·•▪o§\uf0a7\uf0b7-]\t")


def read(path: File) -> tuple[Parsed, ...]:
    """Raises UnreadableFile for a file that is no RTF, is too large, or has no text."""
    data = path.read_bytes()
    if len(data) > LARGEST:
        raise UnreadableFile(f"the RTF has {len(data) / 1e6:,.0f} MB and may have {LARGEST / 1e6:,.0f}; save it as DOCX.")
    encoding = _encoding(data)
    source = data.decode(encoding, "replace")
    if not source.lstrip().startswith("{\\rtf"):
        raise UnreadableFile("it is named like an RTF file but its content is none; replace it with a sound copy.")
    try:
        ready, hidden = prepared(_MARKS.sub("", source))
        words = _joined(rtf_to_text(ready, encoding, errors="replace"))
    except (ValueError, TypeError, OverflowError, IndexError, LookupError) as error:
        raise UnreadableFile(f"the RTF is damaged ({str(error)[:200]}); open it in a word processor and save it anew.") from error
    builder = TextBuilder()
    _add_lines(builder, words.split("\n"))
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("the RTF holds no text, perhaps only pictures; export it as PDF with a text layer.")
    metadata, warnings = _properties(source, encoding)
    if hidden:
        warnings = (*warnings, f"{hidden} hidden characters were left out; show them in a word processor if they are needed.")
    return (Parsed(text, blocks, pages, metadata, READER, warnings),)


def _joined(words: str) -> str:
    """Characters past U+FFFF are written as two halves; a half alone becomes U+FFFD."""
    return words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _encoding(data: bytes) -> str:
    found = _CODE_PAGE.search(data[:2000])
    name = f"cp{found[1].decode('ascii')}" if found else "cp1252"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def _properties(source: str, encoding: str) -> tuple[Metadata, tuple[str, ...]]:
    """The title. The author is a person, and the dates are those of the file: neither is used."""
    found = _TITLE.search(source[:20_000])
    title = rtf_to_text(f"{{\\rtf1\\ansi {found[1]}}}", encoding, errors="replace") if found else ""
    return metadata_from({"title": title})


def _add_lines(builder: TextBuilder, lines: list[str]) -> None:
    """Add paragraphs, rows that follow one another as a table, and notes and boxes behind what they belong to."""
    rows: list[list[str]] = []
    notes = 0
    for line in lines:
        asides = list(_ASIDE.finditer(line))
        line = _ASIDE.sub("", line)
        if ROW in line:
            rows.append([_MARKS.sub("", cell) for cell in line.split(ROW)[0].split(CELL)[:-1]])
        elif line.strip():
            _add_table(builder, rows)
            rows = []
            _add_paragraph(builder, line)
        for aside in asides:
            if ROW in line:
                _add_table(builder, rows)
                rows = []
            notes += aside[1] == NOTE
            _add_aside(builder, aside, notes)
    _add_table(builder, rows)


def _add_aside(builder: TextBuilder, aside: re.Match[str], number: int) -> None:
    parts = [part for part in aside[2].split(BREAK) if part.strip()]
    if aside[1] == NOTE:
        builder.add("note", f"[{number}] {_MARKS.sub('', ' '.join(parts))}")
    else:
        for part in parts:
            _add_paragraph(builder, part)


def _add_paragraph(builder: TextBuilder, line: str) -> None:
    outline = _LEVEL.search(line)
    bare = _MARKS.sub("", line).strip(" ")
    listed = _BULLET.match(bare)
    words = one_line(bare[listed.end() :] if listed else bare)
    if outline:
        builder.add("heading", words, min(ord(outline[0]) - ord(HEADING) + 1, 6))
        return
    kind, words, level = line_kind(words)
    builder.add("list_item" if kind == "paragraph" and (listed or "\t" in bare[:12]) else kind, words, level)


def _add_table(builder: TextBuilder, rows: list[list[str]]) -> None:
    if not rows:
        return
    wide = max(map(len, rows)) > 2 and all(cell.strip() for cell in rows[0])
    for line in table_rows(rows, has_header=wide or names_columns(rows)):
        builder.add("table_row", line)
