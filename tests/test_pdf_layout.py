from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf_fragments import Fragment
from ingest.pdf_layout import line_of, regions, rows
from tests.pdf_made import piece

LINE = "as many words as a column of prose holds"


def texts(found: list[list[object]]) -> list[list[str]]:
    return [[atom.text for row in rows(region) for atom in row] for region in found]  # type: ignore[attr-defined, type-var]


@given(st.integers(3, 30), st.integers(3, 30), st.floats(0, 12), st.randoms(use_true_random=False))
def test_columns_are_read_one_after_the_other_however_the_file_draws_them(
    left: int, right: int, shift: float, mix: object
) -> None:
    first = [piece(f"left {n} {LINE}", 50, 100 + 12 * n) for n in range(left)]
    second = [piece(f"right {n} {LINE}", 310, 100 + shift + 12 * n) for n in range(right)]
    atoms = [piece("A heading over both of the columns, and over the gutter between them", 50, 60), *first, *second]
    mix.shuffle(atoms)  # type: ignore[attr-defined]
    read = [text for region in texts(regions(atoms)) for text in region]
    assert read[0].startswith("A heading")
    assert read[1:] == [item.text for item in (*first, *second)]


def test_three_columns_and_a_note_over_all() -> None:
    columns = [[piece(f"{name}{n} {LINE}", x, 100 + 12 * n) for n in range(6)] for name, x in (("a", 50), ("b", 300), ("c", 550))]
    note = piece("A line below that goes over all three of them " * 3, 50, 300)
    atoms = [part for row in zip(*columns, strict=True) for part in row] + [note]
    read = [text for region in texts(regions(atoms)) for text in region]
    assert read == [part.text for column in columns for part in column] + [note.text]


def test_rows_of_short_cells_are_no_columns() -> None:
    atoms = [piece(text, x, 100 + 12 * n, 10 * n + x // 50) for n in range(8) for text, x in ((f"Item {n}", 50), (f"{n}.5", 300))]
    assert len(regions(atoms)) == 1


def test_short_lines_that_the_file_draws_column_by_column_are_columns() -> None:
    atoms = [piece(name, x, 100 + 12 * n, x + n) for x, names in ((50, "abc"), (900, "xyz")) for n, name in enumerate(names)]
    atoms = [piece(f"country {atom.text}", atom.box[0], atom.baseline, atom.order) for atom in atoms]
    read = [text for region in texts(regions(atoms)) for text in region]
    assert read == [f"country {name}" for name in "abcxyz"]


def test_a_raised_figure_is_a_superscript() -> None:
    row = [piece("in 2023", 50, 100), piece("1", 85, 96, size=6), piece(", later", 89, 100)]
    assert line_of(row, (50, 200)).text == "in 2023¹, later"


def test_what_stands_below_within_a_row_keeps_a_space() -> None:
    assert line_of([piece("Father's", 50, 100, size=7), piece("Name", 50, 107, size=7)], (50, 200)).text == "Father's Name"


def test_arabic_rows_are_read_from_the_right() -> None:
    row = rows([piece("ازبکستان", 50, 100), piece("پاکستان", 200, 100)])
    assert [part.text for part in row[0]] == ["پاکستان", "ازبکستان"]


def test_labels_that_hang_beside_the_second_column_make_no_column_of_their_own() -> None:
    left = [piece(f"left {n} {LINE}", 50, 100 + 12 * n) for n in range(6)]
    right = []
    for n in range(16):
        label = [piece(f"[{n}]", 310, 100 + 12 * n)] if n % 2 == 0 else []
        right += [*label, piece(f"right {n} {LINE} and so on", 340, 100 + 12 * n)]
    read = [text for region in texts(regions([*left, *right])) for text in region]
    assert read == [part.text for part in (*left, *right)]


def test_lines_that_hang_in_the_second_column_make_no_column_of_their_own() -> None:
    left = [piece(f"left {n} {LINE}", 50, 100 + 12 * n) for n in range(16)]
    right = [piece(f"right {n} {LINE}", 300 if n % 3 == 0 else 315, 100 + 12 * n) for n in range(16)]
    read = [text for region in texts(regions([*left, *right])) for text in region]
    assert read == [part.text for part in (*left, *right)]


def justified(words: list[str], left: float, right: float, baseline: float) -> list[Fragment]:
    """A line whose words are driven apart to fill the column."""
    gap = (right - left - sum(5.0 * len(word) for word in words)) / max(len(words) - 1, 1)
    places = [left + sum(5.0 * len(word) + gap for word in words[:n]) for n in range(len(words))]
    return [piece(word, x, baseline) for word, x in zip(words, places, strict=True)]


def test_columns_of_words_driven_apart_are_read_one_after_the_other() -> None:
    prose = (
        "the permits were given free of charge to the first twelve hundred carriers that asked for them in the year after both"
    )
    words = prose.split() * 3
    left = [part for n in range(12) for part in justified(words[4 * n : 4 * n + 7], 50, 240, 100 + 12 * n)]
    right = [part for n in range(12) for part in justified(words[3 * n + 1 : 3 * n + 8], 300, 490, 100 + 12 * n)]
    both = [replace(part, order=n) for n, part in enumerate([*left, *right])]
    assert [len(region) for region in regions(both)] == [len(left), len(right)]
    cells = [piece(text, x, 100 + 12 * n) for n in range(12) for text, x in (("Torkham", 50), ("by road", 130), ("12", 210))]
    beside = [piece(text, x, 100 + 12 * n) for n in range(12) for text, x in (("Chaman", 300), ("by rail", 380), ("10", 460))]
    mixed = [part for row in zip(cells, beside, strict=True) for part in row]
    assert len(regions([replace(part, order=n) for n, part in enumerate(mixed)])) == 1


def test_two_last_lines_at_the_head_of_a_page_are_columns_if_the_file_writes_them_so() -> None:
    left = [piece(f"{LINE} {n}", 50, 100 + 12 * n, n) for n in range(2)]
    right = [piece(f"{LINE} {n}", 300, 100 + 12 * n, 10 + n) for n in range(6)]
    assert [len(region) for region in regions([*left, *right])] == [2, 6]
