"""CSV and its kin: the encoding, the delimiter and the header are found, since the format says none of them."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

from ingest.archive import File
from ingest.encodings import decode
from ingest.pinpoint import row_place
from ingest.tables import GridRow, add_grid, bounded
from ingest.text import TextBuilder, UnreadableFile, one_line
from kb.records import Metadata, Parsed

READER = "csv 1"
DELIMITERS = ",;\t|"
SAMPLE = 100  # records that tell the delimiter
_DECLARED = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)  # Excel's first line, which it does not show


def read(path: File) -> tuple[Parsed, ...]:
    """One document, each record a block that is cited by its row ("row 5": the header counts, as in a spreadsheet program).

    A formula stays the text that it is. Raises UnreadableFile for a file without values and for one past the bounds of `tables`.
    """
    text, warnings = decode(path.read_bytes())
    declared = _DECLARED.match(text)
    text = text[declared.end() :] if declared else text
    records, more = _records(text, declared[1] if declared else delimiter_of(text))
    builder = TextBuilder()
    add_grid(builder, records, lambda number, _first, _last: row_place(number))
    made, blocks, pages = builder.build()
    if not made:
        raise UnreadableFile("it holds no values; replace or remove it.")
    return (Parsed(made, blocks, pages, Metadata(kind="dataset"), READER, (*warnings, *more)),)


def delimiter_of(text: str) -> str:
    """The one of DELIMITERS that cuts the first records most evenly; "," where none cuts at all."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter))


def _evenness(text: str, delimiter: str) -> float:
    """The share of records of the usual width, more for more columns, less for cells that another delimiter would cut.

    The comma is no such other one: it parts thousands and decimals.
    """
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), SAMPLE) if any(row)]
    except csv.Error:
        return 0.0
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
    cells = [cell for row in rows for cell in row]
    whole = sum(not any(other in cell for other in DELIMITERS[1:] if other != delimiter) for cell in cells)
    return widths.count(usual) / len(widths) * (1 - 1 / usual) * whole / len(cells) if cells else 0.0


def _records(text: str, delimiter: str) -> tuple[list[GridRow], tuple[str, ...]]:
    """The records that hold something. A mark that is never closed would swallow the rest: then marks are characters."""
    try:
        found = _split(text, delimiter, csv.QUOTE_MINIMAL)
        swallowed = bool(found) and text.count('"') % 2 == 1 and any("\n" in cell for cell in found[-1].cells)
    except csv.Error:
        swallowed = True
    warnings: tuple[str, ...] = ()
    if swallowed:
        try:
            found = _split(text, delimiter, csv.QUOTE_NONE)
        except csv.Error as error:
            raise UnreadableFile(f"it cannot be cut into records ({error}); save it anew as CSV.") from error
        warnings = ("a quotation mark is opened and never closed; all of them were read as characters. Mend it.",)
    cleaned = [GridRow(row.number, tuple(map(one_line, row.cells))) for row in found]
    return [row for row in cleaned if row.filled], warnings


def _split(text: str, delimiter: str, quoting: int) -> list[GridRow]:
    # `Literal` types of typeshed do not take an int; the constants are the csv module's own.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    return list(bounded(GridRow(number, tuple(cells)) for number, cells in enumerate(reader, 1)))
