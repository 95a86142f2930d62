"""Word files, byte-stable: fixed times in the properties and in the zip."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

import docx
from docx.document import Document as Word
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from source import Piece, Written

RIGHT_TO_LEFT = ("ur",)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")  # openpyxl puts the clock's time here


def as_docx(document: Written) -> bytes:
    word = docx.Document()
    properties = word.core_properties
    properties.title = document.title
    properties.author = properties.last_modified_by = str(document.meta["publisher"])
    properties.language = str(document.meta["language"])
    properties.comments = ""
    properties.created = properties.modified = document.when
    word.add_heading(document.title, level=1)
    for piece in document.pieces:
        _add(word, piece)
    word.add_heading(document.sources_heading, level=2)
    for note in document.notes:
        word.add_paragraph(note)
    if document.meta["language"] in RIGHT_TO_LEFT:
        _turn(word)
    buffer = io.BytesIO()
    word.save(buffer)
    return stable_zip(buffer, properties.created)


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


def _turn(word: Word) -> None:
    """Set every paragraph, run and table from right to left, as Word itself marks them."""
    body = word.element.body
    for paragraph in body.iter(qn("w:p")):
        paragraph.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for run in body.iter(qn("w:r")):
        properties = run.get_or_add_rPr()
        if (bold := properties.find(qn("w:b"))) is not None:
            bold.addnext(OxmlElement("w:bCs"))  # "b" alone is for letters from left to right
        properties.append(OxmlElement("w:rtl"))
    for table in body.iter(qn("w:tblPr")):
        table.insert(1, OxmlElement("w:bidiVisual"))  # after the style, before the width: the order is the schema's


def stable_zip(buffer: io.BytesIO, modified: datetime) -> bytes:
    """Return the Office file with fixed times in its entries and, in its properties, `modified` as the time of saving."""
    result = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = old.read(name)
            if name == "docProps/core.xml":
                content = MODIFIED.sub(rb"\g<1>" + modified.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + rb"\2", content)
            new.writestr(entry, content)
    return result.getvalue()
