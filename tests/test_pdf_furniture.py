from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.pdf_fragments import PageText
from ingest.pdf_furniture import without_furniture
from tests.pdf_made import piece

BODY = (
    "carriers of both sides use the roads",
    "fees do not exceed the cost",
    "permits are issued at the border",
    "tolls are published",
)


def page(number: int, head: str = "", foot: str = "", first: str = "") -> PageText:
    lines = [(head, 40.0), (first or f"{BODY[number % 4]} {'abcdefgh'[number % 8]}", 80.0)]
    lines += [(f"{text} {'stuvwxyz'[number % 8]}", 94 + 14.0 * row) for row, text in enumerate(BODY)] + [(foot, 560.0)]
    return PageText(400, 600, {0: [piece(text, 50, y) for text, y in lines if text]})


def kept(pages: Sequence[PageText], labels: Sequence[str | None] = ()) -> tuple[list[list[str]], list[str | None]]:
    cleaned, found = without_furniture(pages, labels or [None] * len(pages))
    return [[item.text for item in one.fragments[0]] for one in cleaned], found


def test_heads_of_left_and_right_pages_go_and_printed_numbers_are_labels() -> None:
    heads = ["The treaty", "Transit trade"]
    texts, labels = kept([page(n, heads[n % 2], str(n + 41)) for n in range(6)])
    assert all(len(text) == 5 for text in texts)
    assert labels == ["41", "42", "43", "44", "45", "46"]


def test_roman_numbers_before_arabic_ones() -> None:
    _, labels = kept([page(n, foot=foot) for n, foot in enumerate(["i", "ii", "iii", "1", "2", "3", "4", "5", "6"])])
    assert labels == ["i", "ii", "iii", "1", "2", "3", "4", "5", "6"]


def test_the_labels_of_the_file_win_over_what_is_printed() -> None:
    assert kept([page(n, foot=str(n + 1)) for n in range(3)], ["a", "b", "c"])[1] == ["a", "b", "c"]


def test_a_line_that_stands_once_stays_and_so_do_figures_in_the_text() -> None:
    texts, labels = kept([page(0, foot="1998"), page(1, foot="17"), page(2)])
    assert texts[0][-1] == "1998" and texts[1][-1] == "17"
    assert labels == [None, None, None]


def test_articles_at_the_top_of_some_pages_stay() -> None:
    pages = [page(n, "Treaty series", first=f"Article {n}" if n in (2, 5, 7) else "") for n in range(10)]
    texts, _ = kept(pages)
    assert [text[0] for text in (texts[2], texts[5], texts[7])] == ["Article 2", "Article 5", "Article 7"]


def test_numbered_headings_at_the_top_stay() -> None:
    heads = ["1 Aims", "2 Means", "3 Costs", "4 Findings", "5 Annex"]
    texts, labels = kept([page(n, head, str(n + 1)) for n, head in enumerate(heads)])
    assert [text[0] for text in texts] == heads
    assert all(len(text) == 6 for text in texts) and labels == ["1", "2", "3", "4", "5"]
    texts, _ = kept([page(0, "Chapter 1")])
    assert texts[0][0] == "Chapter 1"
    large = [
        replace(page(n), fragments={0: [*page(n).fragments[0], piece(head, 50, 40, size=16)]}) for n, head in enumerate(heads)
    ]
    texts, labels = kept(large)
    assert [text[-1] for text in texts] == heads and labels == [None] * 5


def test_of_two_pages_the_first_keeps_what_both_have() -> None:
    texts, labels = kept([page(n, "Invoice 12 of the carrier", str(n + 1)) for n in range(2)])
    assert texts[0][0] == "Invoice 12 of the carrier"
    assert [len(text) for text in texts] == [6, 5] and labels == ["1", "2"]


def test_a_head_that_counts_otherwise_than_the_labels_of_the_file_stays() -> None:
    heads = ["1 Aims", "2 Means", "3 Costs", "4 Findings", "5 Annex"]
    pages = [page(n, head) for n, head in enumerate(heads)]
    assert [text[0] for text in kept(pages, ["i", "ii", "1", "2", "3"])[0]] == heads


def test_numbered_titles_of_slides_stay_and_their_masters_name_goes() -> None:
    def slide(number: int) -> PageText:
        title = piece(f"Corridor {number}: the works", 50, 60, size=20)
        lines = [piece(f"{text} {'stuvwxyz'[number]}", 50, 100 + 14.0 * row) for row, text in enumerate(BODY)]
        return PageText(400, 600, {0: [piece("Ministry of Transport", 50, 30, size=20), title, *lines]})

    texts, _ = kept([slide(number) for number in range(1, 5)])
    assert [text[0] for text in texts] == [f"Corridor {number}: the works" for number in range(1, 5)]


def test_a_title_that_the_heads_repeat_stays() -> None:
    pages = [page(number, "The transit treaty") for number in range(5)]
    title = piece("The transit treaty", 50, 40, size=16)
    pages[0] = replace(pages[0], fragments={0: [title, *pages[0].fragments[0][1:]]})
    texts, _ = kept(pages)
    assert [text[0] == "The transit treaty" for text in texts] == [True, False, False, False, False]
