from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.recognised import Recognised, Turn, Word, _block, printed_numbers, recognised, with_pages, without_running_heads
from kb.records import Block, Metadata, Page, Parsed, WordBox


def table(*lines: tuple[int, int, str], confidence: float = 90) -> str:
    """Tesseract's table of lines given as (paragraph, line, words); a word is 50 by 10 pixels."""
    rows = ["level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"]
    for paragraph, line, words in lines:
        rows.append(f"4\t1\t1\t{paragraph}\t{line}\t0\t0\t0\t900\t10\t-1\t")
        for number, word in enumerate(words.split()):
            top = 100 * paragraph + 12 * line
            rows.append(f"5\t1\t1\t{paragraph}\t{line}\t{number}\t{60 * number}\t{top}\t50\t10\t{confidence}\t{word}")
    return "\n".join(rows) + "\n"


def read(*lines: tuple[int, int, str]) -> Recognised:
    found = recognised(table(*lines), 2.0, "eng")
    assert found is not None
    return found


def test_boxes_of_a_page_that_was_turned_are_where_the_words_stand() -> None:
    rows = table((1, 1, "Ports"))  # 0 to 25 by 56 to 61 points
    for turn, box in (
        (Turn(180.0, 200.0, 100.0), (175.0, 39.0, 200.0, 44.0)),
        (Turn(90.0, 100.0, 100.0), (46.0, 85.0, 71.0, 90.0)),  # of its size: the middle goes to the lower edge
    ):
        found = recognised(rows, 2.0, "eng", turn)
        assert found is not None and found.blocks[0].places == ((0, 5, box),)


def test_a_head_is_not_run_on_into_the_text_below() -> None:
    lines = "\n".join(
        f"5\t1\t1\t{part}\t{line}\t1\t0\t{top}\t50\t10\t90\t{word}"
        for part, line, top, word in ((1, 1, 0, "Gazette"), (2, 1, 28, "of"), (2, 2, 42, "goods"), (2, 3, 56, "sold."))
    )
    found = recognised(lines, 2.0, "eng")
    assert found is not None and [block.text for block in found.blocks] == ["Gazette", "of goods sold."]


def test_lines_become_blocks_whose_words_know_their_boxes() -> None:
    found = read(
        (1, 1, "Article 5"), (1, 2, "Goods in trans-"), (1, 3, "it pay no"), (1, 4, "(a) duties"), (2, 1, "Ports are open.")
    )
    assert [(block.kind, block.level, block.text) for block in found.blocks] == [
        ("heading", 3, "Article 5"),
        ("paragraph", 0, "Goods in transit pay no"),
        ("list_item", 0, "(a) duties"),
        ("paragraph", 0, "Ports are open."),
    ]
    text, places = found.blocks[1].text, found.blocks[1].places
    assert [text[start:end] for start, end, _ in places] == ["Goods", "in", "trans", "it", "pay", "no"]
    assert places[1][2] == (30.0, 62.0, 55.0, 67.0)
    assert found.confidence == 0.9


def test_a_widely_spaced_sentence_is_one_paragraph() -> None:
    wide = "level\n" + "".join(
        f"5\t1\t1\t{number}\t1\t1\t0\t{20 * number}\t300\t10\t95\t{word}\n"
        for number, word in enumerate(["Carriers", "pay", "tolls.", "other"], 1)
    )
    found = recognised(wide, 1.0, "eng")
    assert found is not None
    assert [block.text for block in found.blocks] == ["Carriers pay tolls.", "other"]


def test_grain_and_nonsense_are_left_out() -> None:
    assert recognised("", 1.0, "eng") is None
    assert (
        recognised("5\t1\n5\t1\t1\t1\t1\t1\tx\t0\t1\t1\t90\tword\n5\t1\t1\t1\t1\t1\tnan\t0\t1\t1\t90\tword\n", 1.0, "eng") is None
    )
    assert recognised(table((1, 1, "— | ~")), 1.0, "eng") is None


def test_dirt_and_rules_between_words_are_no_words() -> None:
    rows = table((1, 1, "Abdullah | runs . on :"))
    assert [block.text for block in recognised(rows, 1.0, "eng").blocks] == ["Abdullah runs . on :"]
    speck = rows.replace("180\t112\t50\t10\t90\t.", "180\t112\t.5\t.5\t90\t.")
    assert speck != rows
    assert [block.text for block in recognised(speck, 1.0, "eng").blocks] == ["Abdullah runs on :"]


def test_a_piece_much_less_sure_than_its_page_is_left_out_and_counted() -> None:
    found = recognised(table((1, 1, "Clear words of a page.")) + table((2, 1, "sE4l"), confidence=40), 1.0, "eng")
    assert found is not None
    assert (found.text, found.unclear, found.confidence) == ("Clear words of a page.", 1, 0.9)
    found = recognised(table((1, 1, "Unclear words of a page."), confidence=40) + table((2, 1, "too"), confidence=40), 1.0, "eng")
    assert found is not None
    assert (found.unclear, found.confidence) == (0, 0.4)


def test_numbers_that_hang_beside_their_paragraphs() -> None:
    def row(block: int, line: int, left: int, top: int, words: str) -> str:
        return "".join(
            f"5\t1\t{block}\t1\t{line}\t{n}\t{left + 70 * n}\t{top}\t60\t20\t90\t{word}\n" for n, word in enumerate(words.split())
        )

    hanging = row(1, 1, 0, 100, "1.") + row(1, 2, 0, 200, "a") + row(2, 1, 120, 100, "Fees are") + row(2, 2, 120, 200, "Ports")
    alone = row(4, 1, 0, 900, "7")
    found = recognised(hanging + alone, 1.0, "eng")
    assert found is not None
    assert [block.text for block in found.blocks] == ["1. Fees are", "a Ports", "7"]
    assert found.blocks[0].places[0] == (0, 2, (0.0, 100.0, 60.0, 120.0))


def test_running_heads_and_page_numbers_go() -> None:
    def page(number: int) -> Recognised:
        head, foot = f"Treaty series 19{number}", f"- {number} -"
        return read((1, 1, head), (2, 1, f"Text {'abc'[number % 3]}."), (3, 1, f"It goes to {'xyz'[number % 3]}."), (4, 1, foot))

    texts = {number: one.text for number, one in without_running_heads({n: page(n) for n in (11, 12, 13)}).items()}
    assert texts == {11: "Text c.\n\nIt goes to z.", 12: "Text a.\n\nIt goes to x.", 13: "Text b.\n\nIt goes to y."}
    assert without_running_heads({5: page(6)})[5] == page(6)
    assert without_running_heads({6: page(6)})[6].text.endswith("goes to x.")
    alone = read((1, 1, "6"))
    assert without_running_heads({6: alone})[6] == alone


@given(st.text(max_size=300), st.floats(0.1, 10))
def test_any_table_gives_spans_of_its_text(written: str, scale: float) -> None:
    rows = "".join(f"5\t1\t1\t1\t{line}\t1\t{line}\t2\t3\t4\t80\t{text}\n" for line, text in enumerate(written.split("\n")))
    found = recognised(rows, scale, "eng")
    last = 0
    for block in found.blocks if found else ():
        last = 0
        for start, end, _ in block.places:
            assert last <= start < end <= len(block.text)
            last = end


@given(st.lists(st.lists(st.text("aé-\u0301 بِ\u200cfi", min_size=1, max_size=6).filter(str.strip), min_size=1), min_size=1))
def test_words_are_found_where_they_stand(lines: list[list[str]]) -> None:
    block = _block([tuple(Word(word.strip(), 0.9, (0, 0, 1, 1)) for word in line) for line in lines])
    if block is not None:
        words = {word.strip() for line in lines for word in line}
        for start, end, _ in block.places:
            assert block.text[start:end] in words | {word.rstrip("-") for word in words}


DOCUMENT = Parsed(
    "One.\n\nRow a\nRow b\n\nThree.",
    (Block("paragraph", 0, 4), Block("table_row", 6, 11, 0, "row 1"), Block("table_row", 12, 17), Block("heading", 19, 25, 2)),
    (Page(1, "i", 0, 6), Page(2, None, 6, 19), Page(3, "1", 19, 19), Page(4, "2", 19, 25)),
    Metadata("t"),
    "r 1",
)


def test_printed_numbers_of_scans_are_their_labels() -> None:
    def page(number: int) -> Recognised:
        head = f"{number} Treaty Series 1999" if number % 2 else f"1999 Treaty Series {number}"
        return read((1, 1, head), (2, 1, f"Article {number % 3}"), (3, 1, "It says so."))

    assert printed_numbers({n: page(210 + n) for n in (1, 2, 3)}) == {1: "211", 2: "212", 3: "213"}
    assert printed_numbers({n: read((1, 1, "In 1995 it was so.")) for n in (1, 2, 3)}) == {}
    labelled = with_pages(DOCUMENT, {2: read((1, 1, "Read by eye."))}, {2: "212"})
    assert [page.label for page in labelled.pages] == ["i", "212", "1", "2"]


def test_rows_of_a_scanned_table_have_the_names_of_their_columns() -> None:
    rows = [("Post", "Lorries", "Fee"), ("Kabul gate", "12850", "150"), ("Gwadar", "", "60"), ("Termez", "15020", "100")]
    lines = []
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            for place, word in enumerate(cell.split()):
                left = 10 + 300 * column + 60 * place
                lines.append(f"5\t1\t1\t1\t{number}\t{place}\t{left}\t{20 * number}\t50\t10\t90\t{word}")
    found = recognised("\n".join(lines), 1.0, "eng")
    assert found is not None and {block.kind for block in found.blocks} == {"table_row"}
    told = ["Post: Kabul gate; Lorries: 12850; Fee: 150", "Post: Gwadar; Fee: 60", "Post: Termez; Lorries: 15020; Fee: 100"]
    assert found.text.split("\n\n") == told
    first = found.blocks[0]
    assert [first.text[start:end] for start, end, _ in first.places] == ["Kabul", "gate", "12850", "150"]


def test_pages_are_put_in_and_all_else_stays() -> None:
    document = with_pages(DOCUMENT, {3: read((1, 1, "Read by eye."))}, {3: "213"})
    assert document.text == "One.\n\nRow a\nRow b\n\nRead by eye.\n\nThree."
    assert [(page.number, page.label, page.ocr, document.text[page.start : page.end].strip()) for page in document.pages] == [
        (1, "i", None, "One."),
        (2, None, None, "Row a\nRow b"),
        (3, "1", 0.9, "Read by eye."),
        (4, "2", None, "Three."),
    ]
    assert [block.place for block in document.blocks] == ["", "row 1", "", "", ""]
    assert document.word_boxes[1] == WordBox(3, 24, 26, 30.0, 56.0, 55.0, 61.0)
    assert [document.text[word.start : word.end] for word in document.word_boxes] == ["Read", "by", "eye."]
    assert with_pages(DOCUMENT, {}, {}) is DOCUMENT
    replaced = with_pages(DOCUMENT, {1: read((1, 1, "Won."))}, {})
    assert replaced.text == "Won.\n\nRow a\nRow b\n\nThree."
