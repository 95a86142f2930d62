"""Paragraph numbers and pinpoints."""

import pytest

from ingest.headings import Pinpoint
from ingest.pinpoint import cells_place, joined_places, paragraph_label, pinpoint, push_label, unlabelled
from kb.records import Page


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2. The rate", "2"),
        ("(2) The rate", "2"),
        ("(b) goods", "b"),
        ("5.2 The rate", "5.2"),
        ("(iv) road", "iv"),
        ("а) товары", "а"),
        ("۲. شرح", "2"),
        ("1.5 million tonnes", None),
        ("1991. A year", None),
        ("12 May", None),
        ("А. Б. Иванов", None),
        ("The rate", None),
    ],
)
def test_paragraph_label(text: str, label: str | None) -> None:
    assert paragraph_label(text) == label


def path(labels: str) -> list[str]:
    now: tuple[str, ...] = ()
    out = []
    for label in labels.split():
        now = push_label(now, label)
        out.append(".".join(now))
    return out


def test_push_label_nests_numbers_letters_and_roman_numbers() -> None:
    assert path("1 a b i ii c 2 a") == ["1", "1.a", "1.b", "1.b.i", "1.b.ii", "1.c", "2", "2.a"]
    assert path("1 a b c d e f g h i j")[-2:] == ["1.i", "1.j"]
    assert path("i ii iii iv v") == ["i", "ii", "iii", "iv", "v"]
    assert (unlabelled(("2", "b")), unlabelled(("b",)), unlabelled(())) == (("2",), (), ())


ARTICLE, ANNEX, CHAPTER = Pinpoint("article", "5"), Pinpoint("annex", "II"), Pinpoint("chapter", "I")
PAGE, FRONT = Page(16, None, 0, 1), Page(4, "iv", 0, 1)


@pytest.mark.parametrize(
    ("headings", "first", "last", "page", "expected"),
    [
        ([ARTICLE], ("2", "b"), ("2", "b"), None, "art. 5(2)(b)"),
        ([CHAPTER, ARTICLE], ("2",), ("2",), PAGE, "art. 5(2), p. 16"),
        ([ARTICLE], ("1",), ("3",), None, "art. 5(1)–(3)"),
        ([ARTICLE], ("2", "a"), ("2", "c"), None, "art. 5(2)(a)–(c)"),
        ([ARTICLE], ("2", "a"), ("3", "c"), None, "art. 5(2)–(3)"),
        ([ARTICLE], ("2",), ("1",), None, "art. 5(2)"),
        ([ARTICLE], ("5.2",), ("5.2",), None, "art. 5.2"),
        ([ARTICLE], ("5.2",), ("5.4",), None, "art. 5.2–5.4"),
        ([ANNEX], ("3",), ("3",), None, "annex II, para. 3"),
        ([ANNEX], ("1",), ("3",), None, "annex II, paras. 1–3"),
        ([ANNEX, ARTICLE], ("3",), ("3",), None, "annex II, art. 5(3)"),
        ([None], (), (), FRONT, "p. iv"),
        ([], ("1",), ("2",), None, "paras. 3–4"),
        ([CHAPTER], (), (), None, "paras. 3–4"),
    ],
)
def test_pinpoint(headings, first, last, page, expected) -> None:  # type: ignore[no-untyped-def]
    assert pinpoint(headings, first, last, page, (3, 4)) == expected


def test_one_paragraph_is_singular() -> None:
    assert pinpoint([], (), (), None, (7, 7)) == "para. 7"


@pytest.mark.parametrize(
    ("first", "last", "joined"),
    [
        ("row 5", "row 9", "rows 5–9"),
        ("row 5", "row 5", "row 5"),
        (cells_place("Trade", 5, ("A", "F")), cells_place("Trade", 9, ("B", "AA")), "sheet ‘Trade’, A5:AA9"),
        (cells_place("a’, Z", 5, ("B", "B")), cells_place("a’, Z", 5, ("B", "B")), "sheet ‘a’, Z’, B5"),
        (cells_place("x", 1, ("B", "B")), cells_place("x", 2, ("A", "A")), "sheet ‘x’, A1:B2"),
        ("", "", ""),
    ],
)
def test_places_of_tables(first: str, last: str, joined: str) -> None:
    assert joined_places(first, last) == joined
