from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from ingest.archive import MemoryFile
from ingest.read_xlsx import read
from ingest.text import UnreadableFile
from kb.records import Parsed


def book(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    out, made = io.BytesIO(), openpyxl.Workbook()
    fill(made)
    made.save(out)
    return out.getvalue()


def parsed(data: bytes) -> Parsed:
    (document,) = read(MemoryFile("a.xlsx", data))
    return document


def lines(document: Parsed) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def simple(made: openpyxl.Workbook) -> None:
    made.active.append(["Post", "Lorries"])
    made.active.append(["Torkham", 410])


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one file in it rewritten, as a hostile sender would."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename == name else content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_name_that_a_program_gave_is_no_heading() -> None:
    document = parsed(book(simple))
    assert lines(document) == ["Post: Torkham; Lorries: 410"]
    assert document.blocks[0].place == "sheet ‘Sheet’, A2:B2"


def test_merged_cells_fill_the_rows_below_that_hold_something() -> None:
    def fill(made: openpyxl.Workbook) -> None:
        for row in (["Country", "Year", "Value"], ["Kazakhstan", 2022, 1], [None, 2023, 2], [], ["Iran", 2023, 3]):
            made.active.append(row)
        made.active.merge_cells("A2:A4")

    assert lines(parsed(book(fill))) == [
        "Country: Kazakhstan; Year: 2022; Value: 1",
        "Country: Kazakhstan; Year: 2023; Value: 2",
        "Country: Iran; Year: 2023; Value: 3",
    ]


def test_a_formula_with_a_stored_value_is_that_value() -> None:
    def fill(made: openpyxl.Workbook) -> None:
        simple(made)
        made.active.append(["Sum", "=B2+1"])

    data = book(fill)
    assert "first: B3" in parsed(data).warnings[0]
    stored = changed(data, SHEET, lambda xml: re.sub(rb"<f>B2\+1</f><v ?/>|<f>B2\+1</f><v></v>", b"<f>B2+1</f><v>411</v>", xml))
    document = parsed(stored)
    assert lines(document)[-1] == "Post: Sum; Lorries: 411"
    assert not document.warnings


def test_damaged_empty_and_hidden() -> None:
    data = book(simple)
    for broken in (b"PK\3\4 broken", data[: len(data) // 2], changed(data, SHEET, lambda xml: xml[:200]), b""):
        with pytest.raises(UnreadableFile, match="damaged"):
            parsed(broken)
    with pytest.raises(UnreadableFile, match="no values"):
        parsed(book(lambda made: None))


def test_a_bomb_is_not_opened() -> None:
    with pytest.raises(UnreadableFile, match="zip bomb"):
        parsed(changed(book(simple), SHEET, lambda xml: xml + b" " * 40_000_000))


def test_a_part_cannot_be_larger_than_the_file() -> None:
    data = bytearray(book(simple))
    entry = data.index(b"PK\1\2")  # the first of the directory; its packed size is 20 bytes on
    data[entry + 20 : entry + 24] = (2_248_147_230).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match=r"damaged \(its parts are said to take 2,248"):
        parsed(bytes(data))


def test_entities_are_refused() -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(UnreadableFile, match="EntitiesForbidden"):
        parsed(changed(book(simple), SHEET, lambda xml: doctype + xml))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 100_002)), "100,000 rows"),
        ("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 200)), "3,000,000 cells"),
        ('<row r="99999999"><c r="A99999999"><v>1</v></c></row>', "1,048,576 rows"),
    ],
)
def test_bounds_are_named(rows: str, reason: str) -> None:
    def change(xml: bytes) -> bytes:
        return re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + rows.encode() + b"</sheetData>", xml, flags=re.DOTALL)

    with pytest.raises(UnreadableFile, match=reason):
        parsed(changed(book(simple), SHEET, change))


def test_the_size_that_a_sheet_claims_is_not_believed() -> None:
    claimed = changed(book(simple), SHEET, lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', xml))
    assert lines(parsed(claimed)) == ["Post: Torkham; Lorries: 410"]
