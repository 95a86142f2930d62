from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest

from ingest.read_docx import read
from ingest.text import UnreadableFile


def test_a_file_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 30_000_000)
    with pytest.raises(UnreadableFile, match="zip bomb"):
        read(path)


def test_damaged_and_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", b"<x")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(path)
    docx.Document().save(str(path))
    with pytest.raises(UnreadableFile, match="no text"):
        read(path)


def test_order_headings_by_wording_and_merged_cells(tmp_path: Path) -> None:
    document, path = docx.Document(), tmp_path / "a.docx"
    document.add_paragraph("Article 5")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Post", "Fee"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "none"
    document.add_paragraph("After the table.")
    document.add_page_break()
    document.save(str(path))
    (parsed,) = read(path)
    assert parsed.text == "Article 5\n\nPost: none\n\nAfter the table."
    assert parsed.blocks[0].level == 3
    assert parsed.pages == ()
