"""Excel workbooks: the visible sheets as tables, values as shown, cited by sheet and cells."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import IO, Any

from openpyxl.reader.excel import load_workbook
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from ingest.archive import File, check_unpacked, ordinary
from ingest.metadata import merge, metadata_from
from ingest.number_format import shown
from ingest.pinpoint import cells_place
from ingest.sources import XLSX
from ingest.tables import GridRow, add_grid, bounded
from ingest.text import TextBuilder, UnreadableFile, one_line
from kb.records import Metadata, Parsed

READER = f"openpyxl {version('openpyxl')}"
MOST_SHEETS = 200
LAST_ROW = 1_048_576  # of a sheet, by the standard; a file that claims more would be counted up to it, empty row by empty row
MOST_MERGED = 200_000  # cells that merged ones fill; a sheet of 100,000 rows whose first two columns are merged
LARGEST_TAIL = 8 * 1024 * 1024  # bytes behind a sheet's cells, where merged cells are listed: 40 bytes each
# What openpyxl was seen to raise, or may, on XML that is no workbook's; a defusedxml exception is a ValueError.
_DEFECTS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError, OSError, EOFError, RuntimeError,
    zipfile.BadZipFile, zlib.error, InvalidFileException,
)  # fmt: skip
_UNNAMED = re.compile(r"(?:sheet|лист|tabelle|feuil|sayfa|ورق)\s?\d*", re.IGNORECASE)  # names that a program gives
_END = re.compile(rb"</(?:\w+:)?sheetData>")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Extras:
    """What openpyxl's streaming reader leaves out: does a sheet hold formulas; the ranges of its merged cells."""

    formulas: bool
    merged: tuple[str, ...]


def read(path: File) -> tuple[Parsed, ...]:
    """One document with all visible sheets; each is a heading, but for a name that a program gave ("Sheet1").

    Formulas are not computed: the values are those stored with them. Raises UnreadableFile for a file that is damaged, unpacks
    to too much, is past the bounds of `tables`, or has no values.
    """
    check_unpacked(path, "XLSX")
    notes: list[str] = []
    builder = TextBuilder()
    try:
        with ordinary(path, XLSX).open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's, of features that it would not write again
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            metadata = _properties(book)
            for sheet in _visible(book, notes):
                _add_sheet(builder, sheet, file, notes)
    except _DEFECTS as error:
        cause = error.__cause__ or error  # openpyxl puts a paragraph of its own around some
        told = one_line(f"{type(cause).__name__}: {cause}")[:200]
        raise UnreadableFile(f"the XLSX is damaged ({told}); open it in a spreadsheet program and save it anew.") from error
    text, blocks, pages = builder.build()
    if not any(block.place for block in blocks):
        raise UnreadableFile("the XLSX holds no values in its visible sheets, perhaps only charts; export it as PDF.")
    return (Parsed(text, blocks, pages, metadata, READER, tuple(notes)),)


def _properties(book: Any) -> Metadata:
    """Title and language, as with DOCX. A workbook is data until its sidecar says otherwise."""
    metadata, _ = metadata_from({"title": book.properties.title, "language": book.properties.language})
    return merge(metadata, Metadata(kind="dataset"))


def _visible(book: Any, notes: list[str]) -> list[Any]:
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        names = ", ".join(f"‘{one_line(name)}’" for name in hidden[:10]) + (" …" if len(hidden) > 10 else "")
        notes.append(f"hidden sheets are left out: {names}; unhide what is to be found.")
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if len(sheets) > MOST_SHEETS:
        raise UnreadableFile(f"it has {len(sheets)} sheets and may have {MOST_SHEETS}; split it into smaller files.")
    return sheets


def _add_sheet(builder: TextBuilder, sheet: Any, file: IO[bytes], notes: list[str]) -> None:
    name = one_line(sheet.title)
    with sheet.parent._archive.open(sheet._worksheet_path) as xml:
        extras = _extras(xml)
    above = _merged_down(extras.merged)
    if sum(map(len, above.values())) >= MOST_MERGED:
        notes.append(f"sheet ‘{name}’: only the first {MOST_MERGED:,} cells that merged ones cover are filled in.")
    sheet.reset_dimensions()  # what the file says of its size is not to be trusted
    rows = list(bounded(_rows(sheet, above)))
    if rows and not _UNNAMED.fullmatch(name):
        builder.add("heading", name, 1)

    def place(row: int, first: int, last: int) -> str:
        return cells_place(name, row, (get_column_letter(first + 1), get_column_letter(last + 1)))

    add_grid(builder, rows, place)
    missing = _uncomputed(sheet, file) if extras.formulas else []
    if missing:
        notes.append(
            f"sheet ‘{name}’: {len(missing)} formula{'s' * (len(missing) != 1)} without a stored value (first: {missing[0]}); "
            "open the file in a spreadsheet program and save it."
        )


def _extras(xml: IO[bytes]) -> _Extras:
    formulas, before, tail = False, b"", b""
    while chunk := xml.read(_CHUNK):
        if tail:
            tail += chunk
            if len(tail) > LARGEST_TAIL:
                raise UnreadableFile(f"a sheet has more than {LARGEST_TAIL >> 20} MB behind its cells; save its values alone.")
            continue
        data = before + chunk
        end = _END.search(data)
        formulas = formulas or _FORMULA.search(data[: end.start()] if end else data) is not None
        tail = data[end.start() :] if end else b""
        before = data[-40:]  # a tag that the chunk's end cuts
    return _Extras(formulas, tuple(found.decode("ascii") for found in _MERGED.findall(tail)))


def _merged_down(ranges: tuple[str, ...]) -> Mapping[int, list[tuple[int, int]]]:
    """Row → (column from 0, row whose value it shows) for cells below the first of a merged range.

    Cells beside the first stay empty: a name over several columns is told by that (see `tables`), and a title is one cell.
    """
    covered: dict[int, list[tuple[int, int]]] = {}
    count = 0
    for reference in ranges:
        left, top, _, bottom = range_boundaries(reference)
        for row in range(top + 1, bottom + 1):
            if count == MOST_MERGED:
                return covered
            covered.setdefault(row, []).append((left - 1, top))
            count += 1
    return covered


def _rows(sheet: Any, above: Mapping[int, list[tuple[int, int]]]) -> Iterator[GridRow]:
    """All rows, empty ones too. A row that holds something shows what merged cells above spread over it."""
    shows: dict[tuple[int, int], str] = {}
    firsts = {place for places in above.values() for place in places}
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > LAST_ROW:
            raise UnreadableFile(f"a sheet counts more than {LAST_ROW:,} rows, which no sheet has; save it anew.")
        cells = ["" if cell.value is None else one_line(shown(cell.value, cell.number_format)) for cell in row]
        if firsts:
            shows |= {(column, number): cell for column, cell in enumerate(cells) if cell and (column, number) in firsts}
        if any(cells):
            for column, top in above.get(number, ()):
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or shows.get((column, top), "")
        yield GridRow(number, tuple(cells))


def _uncomputed(sheet: Any, file: IO[bytes]) -> list[str]:
    """Cells with a formula and no value: programs that only write files leave them so."""
    twin = load_workbook(file, read_only=True, data_only=False, keep_links=False)[sheet.title]
    twin.reset_dimensions()
    return [
        formula.coordinate
        for values, formulas in zip(sheet.iter_rows(), twin.iter_rows(), strict=True)
        for value, formula in zip(values, formulas, strict=True)
        if formula.value is not None and formula.data_type == "f" and value.value is None and value.data_type == "n"
    ]
