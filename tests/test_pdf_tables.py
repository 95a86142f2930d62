from __future__ import annotations

from ingest.pdf_aligned import aligned_tables
from ingest.pdf_layout import rows
from ingest.pdf_paragraphs import Header, table_blocks
from ingest.pdf_ruled import ruled_tables
from ingest.pdf_rules import Rules
from ingest.pdf_tables import Table
from tests.pdf_made import piece

NONE = Rules()


def told(table: Table, before: Header = Header(), words: frozenset[str] = frozenset()) -> list[str]:
    return [block.line.text for block in table_blocks(table, before, words)[0]]


def aligned(lines: list[list[tuple[str, float]]], rules: Rules = NONE, bold: int = 0) -> list[Table]:
    pieces = [piece(text, x, 100 + 14 * n, bold=n < bold) for n, line in enumerate(lines) for text, x in line]
    return [table for _, _, table in aligned_tables(rows(pieces), rules)]


def test_columns_of_figures_with_names_are_a_table() -> None:
    (table,) = aligned([[("Post", 50), ("Fee", 200)], [("Torkham", 50), ("12", 200)], [("Chaman", 50), ("10", 200)]])
    assert told(table) == ["Post: Torkham; Fee: 12", "Post: Chaman; Fee: 10"]


def test_without_names_the_rows_stand_as_they_are() -> None:
    (table,) = aligned([[("Torkham", 50), ("12", 200)], [("Chaman", 50), ("10", 200)], [("Kharlachi", 50), ("9", 200)]])
    assert told(table) == ["Torkham; 12", "Chaman; 10", "Kharlachi; 9"]


def test_years_are_names_if_a_rule_or_bold_type_says_so() -> None:
    lines = [[("Item", 50), ("2021", 200)], [("Rail", 50), ("7", 200)], [("Road", 50), ("71", 200)]]
    assert told(aligned(lines)[0])[0] == "Item; 2021"
    assert told(aligned(lines, Rules(horizontal=((106, 50, 260),)))[0]) == ["Item: Rail; 2021: 7", "Item: Road; 2021: 71"]
    assert told(aligned(lines, bold=1)[0]) == ["Item: Rail; 2021: 7", "Item: Road; 2021: 71"]


def test_prose_lists_and_contents_are_no_tables() -> None:
    prose = "words of prose that fill a column of some width"
    assert not aligned([[(prose, 50), (prose, 310), (prose, 570)] for _ in range(9)])
    assert not aligned([[(f"({letter})", 50), ("the text of the item", 90)] for letter in "abcd"])
    assert not aligned([[(f"Chapter {n}", 50), (". . . . . . . . .", 150), (str(n), 400)] for n in range(5)])


def test_columns_in_arabic_script_are_read_from_the_right() -> None:
    (table,) = aligned([[("فیس", 50), ("چوکی", 200)], [("12", 50), ("طورخم کا", 200)], [("10", 50), ("چمن سرحد", 200)]])
    assert told(table) == ["چوکی: طورخم کا; فیس: 12", "چوکی: چمن سرحد; فیس: 10"]


def grid(xs: list[float], ys: list[float]) -> Rules:
    return Rules(tuple((y, xs[0], xs[-1]) for y in ys), tuple((x, ys[0], ys[-1]) for x in xs))


def test_a_grid_with_a_cell_over_two_rows() -> None:
    rules = grid([50, 150, 250], [90, 110, 130, 150])
    rules = Rules((rules.horizontal[0], rules.horizontal[1], (130, 150, 250), rules.horizontal[3]), rules.vertical)
    pieces = [
        *(piece(text, x, 105, bold=True) for text, x in (("State", 55), ("Fee", 155))),
        piece("Kabul", 55, 134),
        *(piece(text, 155, y) for text, y in (("12", 125), ("10", 145))),
    ]
    rest, (table,) = ruled_tables(pieces, rules)
    assert not rest
    assert told(table) == ["State: Kabul; Fee: 12", "State: Kabul; Fee: 10"]


def test_a_rule_cuts_a_stretch_of_text_and_a_box_around_text_is_no_table() -> None:
    pieces = [piece("State Fee", 128, 105), piece("Kabul 12", 123, 125)]
    _, (table,) = ruled_tables(pieces, grid([50, 155, 250], [90, 110, 130]))
    assert [[cell.text for cell in row] for row in table.parts[0].cells] == [["State", "Fee"], ["Kabul", "12"]]
    rest, tables = ruled_tables(pieces, grid([50, 250], [90, 130]))
    assert rest == pieces and not tables


def test_rows_between_horizontal_rules() -> None:
    rules = Rules(horizontal=tuple((y, 50.0, 300.0) for y in (110.0, 140.0, 160.0, 180.0)))
    cells = [
        ("Country", 50, 105),
        ("Exports", 200, 105),
        ("Tajikistan and", 50, 122),
        ("its neighbours", 50, 134),
        ("5", 200, 128),
    ]
    cells += [("Uzbekistan", 50, 154), ("97", 200, 154), ("Kabul", 50, 174), ("3", 200, 174)]
    rest, (table,) = ruled_tables([piece(text, x, y) for text, x, y in cells], rules)
    assert not rest
    assert told(table)[0] == "Country: Tajikistan and its neighbours; Exports: 5"


def test_a_table_that_goes_on_keeps_its_header() -> None:
    first = aligned([[("Post", 50), ("Fee", 200)], [("Torkham", 50), ("12", 200)], [("Chaman", 50), ("10", 200)]])[0]
    second = aligned([[("Kharlachi", 50), ("9", 201)], [("Khunjerab", 50), ("15", 201)], [("Gwadar", 50), ("1", 201)]])[0]
    _, header = table_blocks(first, Header(), frozenset())
    assert told(second, header)[0] == "Post: Kharlachi; Fee: 9"
    other = aligned([[("a", 90), ("9", 201)], [("b", 90), ("15", 201)], [("c", 90), ("1", 201)]])[0]
    assert told(other, header)[0] == "a; 9"


def test_words_and_figures_that_a_narrow_cell_breaks_are_made_whole() -> None:
    rules = grid([50, 75, 200], [90, 130, 170])
    pieces = [piece("Dist", 53, 100, bold=True), piece("ance", 53, 112, bold=True), piece("Route", 80, 100, bold=True)]
    pieces += [piece("2,00", 53, 140), piece("0 km", 53, 152), piece("Termez to Kabul", 80, 140)]
    _, (table,) = ruled_tables(pieces, rules)
    assert told(table, words=frozenset(["distance"])) == ["Distance: 2,000 km; Route: Termez to Kabul"]


def test_words_of_a_narrow_header_stay_words() -> None:
    rules = grid([50, 88, 200], [90, 130, 170])
    pieces = [piece("Persons", 51, 100, bold=True), piece("tested", 54, 112, bold=True), piece("State", 100, 100, bold=True)]
    pieces += [piece("3,665", 53, 140), piece("Delhi" + "." * 9, 100, 140)]
    _, (table,) = ruled_tables(pieces, rules)
    assert told(table) == ["Persons tested: 3,665; State: Delhi"]


def test_whole_words_and_figures_below_each_other_stay_apart() -> None:
    rules = grid([50, 110, 200], [90, 130, 170])
    pieces = [piece("Safe water", 53, 100, bold=True), piece("consumed", 53, 112, bold=True), piece("Cost", 120, 100, bold=True)]
    pieces += [piece("1,022,490", 63, 140), piece("2,586,688", 63, 152), piece("a remark", 120, 140)]
    _, (table,) = ruled_tables(pieces, rules)
    assert told(table) == ["Safe water consumed: 1,022,490 2,586,688; Cost: a remark"]


def statistics(names: list[list[tuple[str, float]]]) -> list[str]:
    """A table with rules around its header and its border alone."""
    rules = grid([50, 150, 200, 250], [90, 110, 110 + 14.0 * len(names)])
    pieces = [piece(text, x, 105, bold=True) for text, x in (("State", 55), ("Exports", 155), ("Imports", 205))]
    pieces += [piece(text, x, 122 + 12.0 * row) for row, line in enumerate(names) for text, x in line]
    _, (table,) = ruled_tables(pieces, rules)
    return told(table)


def test_rows_that_no_rule_parts_are_told_by_their_figures() -> None:
    lines = [
        [(name, 55.0), (str(n), 160.0), (f"{n}.5", 210.0)] for n, name in enumerate(("Tajikistan", "Uzbekistan", "Kazakhstan"))
    ]
    assert statistics(lines)[2] == "State: Kazakhstan; Exports: 2; Imports: 2.5"
    assert len(statistics(lines)) == 3


def test_names_of_two_lines_stay_with_their_figures() -> None:
    figures = [[(str(n), 160.0), (f"{n}.5", 210.0)] for n in range(3)]
    below = [[("Tajikistan", 55.0), *figures[0]], [("Kyrgyz", 55.0), *figures[1]], [("Republic", 55.0)]]
    below += [[("Uzbekistan", 55.0), *figures[2]], [("in part", 55.0)]]
    assert statistics(below)[1:] == [
        "State: Kyrgyz Republic; Exports: 1; Imports: 1.5",
        "State: Uzbekistan in part; Exports: 2; Imports: 2.5",
    ]
    above = [
        [("Central", 55.0)],
        [("Asia", 55.0), *figures[0]],
        [("Turkmenistan", 55.0), *figures[1]],
        [("Iran", 55.0), *figures[2]],
    ]
    assert statistics(above)[0] == "State: Central Asia; Exports: 0; Imports: 0.5"
    group = [
        [("Tajikistan", 55.0), *figures[0]],
        [("Its neighbours", 55.0)],
        [("Uzbekistan", 55.0), *figures[1]],
        [("Iran", 55.0), *figures[2]],
    ]
    assert statistics(group)[1] == "Its neighbours"


def test_columns_of_a_header_go_on_where_its_table_has_a_border_alone() -> None:
    across = ((90, 50, 250), (110, 50, 250), (160, 50, 250))
    rules = Rules(across, ((50, 90, 160), (150, 90, 110), (200, 90, 110), (250, 90, 160)))
    pieces = [piece(text, x, 105, bold=True) for text, x in (("State", 55), ("Exports", 155), ("Imports", 205))]
    for n in range(3):
        pieces += [piece(text, x, 122 + 12.0 * n) for text, x in ((f"State {n}", 55), (f"{n}1", 160), (f"{n}2", 210))]
    _, (table,) = ruled_tables(pieces, rules)
    assert told(table)[1] == "State: State 1; Exports: 11; Imports: 12"


def test_names_are_told_where_no_value_tells_them() -> None:
    pieces = [piece(text, x, 105, bold=True) for text, x in (("Claim", 55), ("Made by", 105), ("Status", 155))]
    pieces += [piece("none", 55, 125), piece("nobody", 105, 125)]
    _, (table,) = ruled_tables(pieces, grid([50, 100, 150, 200], [90, 110, 130]))
    assert told(table) == ["Claim; Made by; Status", "Claim: none; Made by: nobody"]


def test_lines_beside_ruled_figures_belong_to_one_each_and_a_paragraph_to_all() -> None:
    ys = [90.0, 110.0, 130.0, 150.0]
    rules = Rules(
        ((90, 50, 350), (110, 300, 350), (130, 300, 350), (150, 50, 350)), tuple((x, 90, 150) for x in (50.0, 300.0, 350.0))
    )
    figures = [piece(f"{n}1", 320, y + 15) for n, y in enumerate(ys[:3])]
    labels = [piece(text, 55, y + 15) for text, y in zip(("wages", "interest", "dividends"), ys[:3], strict=True)]
    _, (table,) = ruled_tables([*labels, *figures], rules)
    assert told(table) == ["wages; 01", "interest; 11", "dividends; 21"]
    prose = [piece("a remark on each of the three lines, xxxxxxxxxxx", 55, y + 15) for y in ys[:3]]
    _, (table,) = ruled_tables([*prose, *figures], rules)
    assert told(table)[1:] == ["11", "21"]
    assert told(table)[0].count("remark") == 3


def test_the_frame_of_a_drawing_over_lines_of_text_is_no_table() -> None:
    lines = [piece("the outer loop calls the inner one again", 40, 100 + 14.0 * n) for n in range(8)]
    labels = [piece(text, x, 100 + 28.0 * n) for n in range(4) for text, x in (("Trunk", 260), ("Guard", 320))]
    across = tuple((y, 52.0, 370.0) for y in (90.0, 120.0, 150.0, 210.0))
    rules = Rules(across, tuple((x, 90.0, 210.0) for x in (52.0, 310.0, 370.0)))
    rest, tables = ruled_tables([*lines, *labels], rules)
    assert not tables and rest == [*lines, *labels]
