"""Word files, byte-stable: fixed times in the properties and in the zip."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import docx
from docx.document import Document as Word
from source import Piece, Written

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def as_docx(document: Written) -> bytes:
    word = docx.Document()
    properties = word.core_properties
    properties.title = document.title
    properties.author = properties.last_modified_by = str(document.meta["publisher"])
    properties.language = str(document.meta["language"])
    properties.comments = ""
    properties.created = properties.modified = datetime.fromisoformat(str(document.meta["date"]))
    word.add_heading(document.title, level=1)
    for piece in document.pieces:
        _add(word, piece)
    word.add_heading(document.sources_heading, level=2)
    for note in document.notes:
        word.add_paragraph(note)
    buffer = io.BytesIO()
    word.save(buffer)
    return _stable_zip(buffer)


def _add(word: Word, piece: Piece) -> None:
    if piece.kind == "table":
        table = word.add_table(rows=0, cols=len(piece.rows[0]), style="Table Grid")
        for number, row in enumerate(piece.rows):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = ""
                cell.paragraphs[0].add_run(text).bold = number == 0
        word.add_paragraph()
    elif piece.kind in ("h2", "h3"):
        word.add_heading(piece.text, level=int(piece.kind[1]))
    elif piece.text:
        word.add_paragraph(piece.text, style="List Bullet" if piece.kind == "li" else None)


def _stable_zip(buffer: io.BytesIO) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return result.getvalue()
