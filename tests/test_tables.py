from __future__ import annotations

import pytest

from ingest.tables import MAX_CELLS, MAX_ROWS, GridRow, add_grid, bounded
from ingest.text import TextBuilder, UnreadableFile


def laid_out(grid: str) -> list[tuple[str, str, str]]:
    """(kind, place, text) of the blocks of a grid: a line a row, cells parted by a bar."""
    rows = [GridRow(number, tuple(cell.strip() for cell in line.split("|"))) for number, line in enumerate(grid.split("\n"), 1)]
    builder = TextBuilder()
    add_grid(builder, [row for row in rows if any(row.cells)], lambda row, first, last: f"{row}:{first}-{last}")
    text, blocks, _ = builder.build()
    return [(block.kind, block.place, text[block.start : block.end]) for block in blocks]


def lines(grid: str) -> list[str]:
    return [text for _, _, text in laid_out(grid)]


def test_title_unit_header_rows_and_source() -> None:
    grid = "Trade\nUSD million\n\n|Country|2022|2023\n|Kazakhstan|1.5|\n|Uzbekistan||7\n|Source: made for tests"
    assert laid_out(grid) == [
        ("heading", "1:0-0", "Trade"),
        ("heading", "2:0-0", "USD million"),
        ("table_row", "5:1-3", "Country: Kazakhstan; 2022: 1.5"),
        ("table_row", "6:1-3", "Country: Uzbekistan; 2023: 7"),
        ("note", "7:1-1", "Source: made for tests"),
    ]


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ("Kazakhstan|2023|97.96\nUzbekistan|2022|88", ["Kazakhstan; 2023; 97.96", "Uzbekistan; 2022; 88"]),  # no header
        ("2021|2022\n5|6", ["2021: 5; 2022: 6"]),  # years as names
        ("2021|2022\n2019|2020", ["2021; 2022", "2019; 2020"]),  # years as values
        ("Post|Road\nTorkham|N-5\nKhunjerab|N-35", ["Post: Torkham; Road: N-5", "Post: Khunjerab; Road: N-35"]),
        ("a|b", ["a; b"]),
        ("one\ntwo", ["one", "two"]),
        ("A|B|C\nx|1|2|3", ["A: x; B: 1; C: 2; 3"]),  # a cell past the header
        ("Sold||Bought|\n2022|2023|2022|2023\n1|2|3|4", ["Sold 2022: 1; Sold 2023: 2; Bought 2022: 3; Bought 2023: 4"]),
        ("Post|Exports|\n|2022|2023\nTorkham|1|2", ["Post: Torkham; Exports 2022: 1; Exports 2023: 2"]),
        ("Post:|Fee\nTorkham|1", ["Post: Torkham; Fee: 1"]),
        ("A|B|C\nx|1|2\ny||\nz||", ["A: x; B: 1; C: 2", "A: y", "A: z"]),  # rows without values are no notes
    ],
)
def test_headers(grid: str, expected: list[str]) -> None:
    assert lines(grid) == expected


def test_an_empty_row_parts_tables_only_where_another_header_follows() -> None:
    grid = "Country|Value\nKZ|1\n\nUZ|2\n\nPost|Lorries\nTorkham|410"
    assert lines(grid) == ["Country: KZ; Value: 1", "Country: UZ; Value: 2", "Post: Torkham; Lorries: 410"]


def test_bounds_are_named() -> None:
    with pytest.raises(UnreadableFile, match="100,000 rows"):
        list(bounded(GridRow(number, ("x",)) for number in range(MAX_ROWS + 1)))
    with pytest.raises(UnreadableFile, match="3,000,000 cells"):
        list(bounded(GridRow(number, ("",) * 10_000) for number in range(MAX_CELLS // 10_000 + 1)))
