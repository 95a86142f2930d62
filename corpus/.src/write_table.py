"""Tables as data files: CSV, and Excel workbooks that are byte-stable."""

from __future__ import annotations

import csv
import io
import re

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from source import Piece, Written
from write_docx import stable_zip

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.(\d+))?")
WIDEST = 60  # characters of a column


def as_csv(document: Written) -> bytes:
    (table,) = document.pieces  # a CSV file is one table
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(table.rows)  # RFC 4180
    return buffer.getvalue().encode()


def as_xlsx(document: Written) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for heading, table in zip(document.pieces[::2], document.pieces[1::2], strict=True):
        if (heading.kind, table.kind) != ("h2", "table"):
            raise ValueError(f"{document.out}: a workbook is made of '## Sheet' and a table in turn.")
        _fill(book.create_sheet(heading.text), table)
    properties = book.properties
    properties.title, properties.creator = document.title, str(document.meta["publisher"])
    properties.created = document.when
    buffer = io.BytesIO()
    book.save(buffer)
    return stable_zip(buffer, properties.created)


def _fill(sheet: openpyxl.worksheet.worksheet.Worksheet, table: Piece) -> None:
    for number, row in enumerate(table.rows, start=1):
        for column, text in enumerate(row, start=1):
            cell = sheet.cell(number, column, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
            elif match := NUMBER.fullmatch(text):
                cell.value = float(text) if match.group(1) else int(text)
                cell.number_format = "0." + "0" * len(match.group(1)) if match.group(1) else "0"
    for column in range(1, len(table.rows[0]) + 1):
        longest = max(len(row[column - 1]) for row in table.rows)
        sheet.column_dimensions[get_column_letter(column)].width = min(WIDEST, longest + 2)
    sheet.freeze_panes = "A2"
