from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive import MemoryFile
from ingest.read_csv import DELIMITERS, delimiter_of, read
from ingest.text import UnreadableFile, one_line
from kb.records import Parsed


def parsed(data: str | bytes) -> Parsed:
    (document,) = read(MemoryFile("a.csv", data if isinstance(data, bytes) else data.encode()))
    return document


def lines(document: Parsed) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("Страна;2021;2022\nКазахстан;97,96;1,5\nУзбекистан;3,5;4,25\n", ";"),
        ("a\tb, c\n1\t2, 3\n", "\t"),
        ("a|b\n1|2;3\n", "|"),
        ("one\ntwo\n", ","),
        ('a;b\n"x, y, z";1\n', ";"),
    ],
)
def test_delimiters(text: str, delimiter: str) -> None:
    assert delimiter_of(text) == delimiter


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert lines(parsed("Страна;Экспорт\nКазахстан;97,96\n".encode(encoding))) == ["Страна: Казахстан; Экспорт: 97,96"]


def test_excels_first_line_and_a_cell_of_two_lines() -> None:
    document = parsed('sep=|\r\nPost|Note\r\nTorkham|"open, since\n1 Sept. 2024; daily"\r\n')
    assert lines(document) == ["Post: Torkham; Note: open, since 1 Sept. 2024; daily"]
    assert document.blocks[0].place == "row 2"


def test_a_quotation_mark_that_is_never_closed_swallows_nothing() -> None:
    document = parsed('a,b\n1,"open\n2,3\n')
    assert lines(document) == ['a: 1; b: "open', "a: 2; b: 3"]
    assert "never closed" in document.warnings[0]
    large = parsed('a,b\n1,"open\n' + "2,3\n" * 50_000)  # past the csv module's own limit for a cell
    assert len(large.blocks) == 50_001


def test_a_formula_is_text_and_nothing_is_computed() -> None:
    assert lines(parsed('a,b\n"=HYPERLINK(""x"")",=1+2\n')) == ['a: =HYPERLINK("x"); b: =1+2']


def test_what_gives_nothing_is_said() -> None:
    with pytest.raises(UnreadableFile, match="no values"):
        parsed(",,\n\n,,\n")
    with pytest.raises(UnreadableFile, match="rows with values"):
        parsed("a,b\n" * 100_001)
    with pytest.raises(UnreadableFile, match="cannot be cut"):
        parsed("a," + "x" * 200_000)


def cells(delimiter: str) -> st.SearchStrategy[str]:
    """Any text, the delimiter, quotes and line breaks in it included, but none of the other delimiters."""
    others = "".join(other for other in DELIMITERS if other != delimiter)
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters=others + "\0"), max_size=12) | st.just(delimiter)


def filled(row: list[str]) -> bool:
    """An empty row parts tables; what comes after may be another header."""
    return any(map(one_line, row))


@given(st.data(), st.sampled_from(DELIMITERS), st.integers(2, 4))
def test_every_cell_stands_in_its_rows_block(data: st.DataObject, delimiter: str, width: int) -> None:
    rows = data.draw(st.lists(st.lists(cells(delimiter), min_size=width, max_size=width).filter(filled), min_size=2, max_size=6))
    rows.insert(0, [f"column {number}" for number in range(width)])
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    document = parsed(file.getvalue())
    blocks = {block.place: document.text[block.start : block.end] for block in document.blocks}
    for number, row in enumerate(rows[1:], 2):
        for cell in filter(None, map(one_line, row)):
            assert cell in blocks[f"row {number}"]
