import pytest

from kb.cells import cells_of, is_row, voice_cells

ROW = (
    "Trade of Pakistan and Kyrgyzstan: USD 8.63 million; Period: 2022-23; "
    "Who said so, and when: Press Department, 16 October 2024; Note: 3"
)


def test_a_row_is_read_by_its_columns():
    cells = cells_of(ROW)
    assert [(header, cell) for header, cell, _ in cells.values] == [("Trade of Pakistan and Kyrgyzstan", "USD 8.63 million")]
    assert all(ROW[at : at + len(cell)] == cell for _, cell, at in cells.values)
    assert cells.said_by == "Press Department"
    assert cells.as_of is not None and cells.as_of.iso == "2024-10-16"
    assert cells.period is not None and cells.period.iso == "2022-07-01/2023-06-30"


@pytest.mark.parametrize(
    ("row", "said_by", "as_of"),
    [
        ("Count: 20; Source and date: Euronews, 6 February 2026", "Euronews", "2026-02-06"),
        ("Documents: 37; Words of the source: MoUs; Source: DNA News; Date: 4 February 2026", "DNA News", "2026-02-04"),
        (
            "Товарооборот: 450 млн; Кто сообщил и когда: Посол Тухтаев, 12 февраля 2026 года; Источник: 27",
            "Посол Тухтаев",
            "2026-02-12",
        ),
        ("Trade: USD 16 million; Period: December 2025; Source: Dawn", "Dawn", "2025-12"),
        ("Count: 20; Note: 4", "", None),
    ],
)
def test_who_says_so_and_when(row, said_by, as_of):
    cells = cells_of(row)
    assert cells.said_by == said_by
    assert (cells.as_of.iso if cells.as_of else None) == as_of


def test_rows_are_told_from_prose():
    assert is_row(ROW)
    assert not is_row("The sources differ: 20 in Euronews; 27 in Dawn.")
    ((start, end),) = voice_cells(ROW)
    assert ROW[start:end] == "Press Department, 16 October 2024"
