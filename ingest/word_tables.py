"""Tables of Word documents: the grid behind merged cells, and which rows name the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from docx.oxml.ns import qn
from lxml import etree

from ingest.table_grid import LONGEST_CELL, MOST_SPANNED, is_figure, names_columns
from ingest.text import TextBuilder, table_rows
from ingest.word_text import is_on

MOST_PARAGRAPHS = 12  # in a cell with data
_INSIDE = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo")))


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column of a row holds: a `w:tc` or nothing; `across`: it began in the column before, `down`: in the row above."""

    element: etree._Element | None = None
    across: bool = False
    down: bool = False

    @property
    def is_own(self) -> bool:
        return self.element is not None and not self.across and not self.down


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `names`: Word repeats it at the top of each page."""

    cells: tuple[Cell, ...]
    names: bool


def grid(table: etree._Element) -> list[Row]:
    """The rows with a cell for each column of the grid. Rows that tracked changes delete are left out."""
    rows: list[Row] = []
    for row in _descend(table, qn("w:tr")):
        properties = row.find(qn("w:trPr"))
        if properties is not None and properties.find(qn("w:del")) is not None:
            continue
        above = rows[-1].cells if rows else ()
        cells = [Cell()] * _number(properties, "w:gridBefore", 0)
        for element in _descend(row, qn("w:tc")):
            own = element.find(qn("w:tcPr"))
            merged = own.find(qn("w:vMerge")) if own is not None else None
            if merged is not None and merged.get(qn("w:val")) != "restart" and len(cells) < len(above):
                first = Cell(above[len(cells)].element, down=True)
            else:
                first = Cell(element)
            cells += [first, *[Cell(first.element, across=True, down=first.down)] * (_number(own, "w:gridSpan", 1) - 1)]
        rows.append(Row(tuple(cells), properties is not None and is_on(properties.find(qn("w:tblHeader")))))
    return rows


def own_cells(rows: Sequence[Row]) -> Iterator[etree._Element]:
    """Each `w:tc` once, in reading order."""
    for row in rows:
        for cell in row.cells:
            if cell.is_own and cell.element is not None:
                yield cell.element


def is_layout(rows: Sequence[Row]) -> bool:
    """Does the table only place text on the page: in one column, around other tables, or with whole texts in its cells?"""
    if not any(sum(cell.is_own for cell in row.cells) > 1 for row in rows):
        return True
    for cell in own_cells(rows):
        if next(cell.iterdescendants(qn("w:tbl")), None) is not None:
            return True
        if sum(len(node.text or "") for node in cell.iter(qn("w:t"))) > LONGEST_CELL:
            return True
        if sum(1 for paragraph in cell.iter(qn("w:p")) if next(paragraph.iter(qn("w:t")), None) is not None) > MOST_PARAGRAPHS:
            return True
    return False


def add_rows(builder: TextBuilder, rows: Sequence[Row], texts: Mapping[int, str]) -> None:
    """Add a block for each row; `texts` holds each cell's text by the id of its element.

    A cell over several rows is written in each, one over several columns in the first; a name over several columns in all.
    """
    values = [[_text(cell, texts) if not cell.across else "" for cell in row.cells] for row in rows]
    depth = _header_depth(rows, values)
    if depth:
        width = max(len(row.cells) for row in rows)
        named = [[*(_text(cell, texts) for cell in row.cells), *[""] * (width - len(row.cells))] for row in rows[:depth]]
        values = [[" ".join(dict.fromkeys(filter(None, column))) for column in zip(*named, strict=True)], *values[depth:]]
    for line in table_rows(values, has_header=depth > 0):
        builder.add("table_row", line)


def _text(cell: Cell, texts: Mapping[int, str]) -> str:
    return texts.get(id(cell.element), "") if cell.element is not None else ""


def _header_depth(rows: Sequence[Row], values: Sequence[Sequence[str]]) -> int:
    """How many rows name the columns: those that Word repeats on each page, or else the first one if it looks so.

    A table of two columns is as often one of names and values: there the first row must be bold or stand over figures.
    """
    marked = next((index for index, row in enumerate(rows) if not row.names), len(rows))
    if 0 < marked < len(rows):
        return marked
    first = [value for value in values[0] if value] if len(rows) > 1 else []
    if len(first) < 2 or any(is_figure(value) for value in first):
        return 0
    width = max(len(row.cells) for row in rows)
    return 1 if width > 2 or names_columns(values) or _is_bold(rows[0]) else 0


def _is_bold(row: Row) -> bool:
    runs = [run for cell in row.cells if cell.is_own and cell.element is not None for run in cell.element.iter(qn("w:r"))]
    return bool(runs) and all(is_on(run.find(f"{qn('w:rPr')}/{qn('w:b')}")) for run in runs)


def _descend(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, those in content controls and insertions too."""
    for node in element:
        if node.tag == tag:
            yield node
        elif node.tag in _INSIDE:
            yield from _descend(node, tag)


def _number(properties: etree._Element | None, name: str, otherwise: int) -> int:
    found = properties.find(qn(name)) if properties is not None else None
    value = (found.get(qn("w:val")) or "") if found is not None else ""
    return min(int(value), MOST_SPANNED) if value.isascii() and value.isdigit() and len(value) < 6 else otherwise
