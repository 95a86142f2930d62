from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf_arabic import logical_lines
from ingest.pdf_glyphs import Glyph, Style
from tests.pdf_made import WIDTH, glyph


def drawn(visual: str) -> list[Glyph]:
    """The signs of a line as they stand from left to right; a space is a gap."""
    return [glyph(sign, place, 50 + WIDTH * place) for place, sign in enumerate(visual) if sign != " "]


def read(glyphs: list[Glyph]) -> list[str]:
    lines = logical_lines(glyphs, [])
    return [
        "".join((" " if sign.space is not None and place else "") + sign.text for place, sign in enumerate(line))
        for line in lines
    ]


@pytest.mark.parametrize(
    ("visual", "logical"),
    [
        ("ناتسکاپ", "پاکستان"),
        ("نیم 2021 ےن", "نے 2021 مین"),
        ("ہبوصنم (CASA-1000) مہا", "اہم (CASA-1000) منصوبہ"),
        ("رلاڈ 1.2 تگال", "لاگت 1.2 ڈالر"),
        ("اک ےنرک رابع رہن Kabul River ںیم", "میں Kabul River نہر عبار کرنے کا"),
        ("ںیم 2022 2021", "2021 2022 میں"),
        ("۲۰۲۱ لاس", "سال ۲۰۲۱"),
    ],
)
def test_a_line_is_read_from_right_to_left_but_for_latin_and_figures(visual: str, logical: str) -> None:
    assert read(drawn(visual)) == [logical]


@given(st.randoms(use_true_random=False), st.sampled_from(["ہبوصنم (CASA-1000) مہا", "رلاڈ 1.2 تگال"]))
def test_the_order_of_drawing_does_not_matter(mix: object, visual: str) -> None:
    glyphs = drawn(visual)
    expected = read(drawn(visual))
    mix.shuffle(glyphs)  # type: ignore[attr-defined]
    assert read(glyphs) == expected


@pytest.mark.parametrize("pieces", ["لا", "ال"])
def test_the_ligature_of_lam_and_alef_is_spelled_lam_first(pieces: str) -> None:
    ligature = [glyph(sign, place, 50) for place, sign in enumerate(pieces)]
    assert read([*ligature, glyph("ب", 2, 50 + WIDTH)]) == ["بلا"]


@pytest.mark.parametrize("pieces", ["لخ", "خل"])
@pytest.mark.parametrize("step", [WIDTH, -WIDTH])
def test_other_ligatures_are_spelled_as_unicode_spells_them(pieces: str, step: float) -> None:
    ligature = [glyph(sign, place, 50) for place, sign in enumerate(pieces)]
    word = read([*ligature, glyph("ب", 2, 50 + step)])
    assert word == ["بلخ" if step > 0 else "لخب"]


def test_figures_alone_are_read_as_the_line_beside_them() -> None:
    arabic = drawn("ناتسکاپ ناتسکاپ ناتسکاپ")
    latin = [glyph(sign, 30 + place, 50 + WIDTH * place, baseline=130.0) for place, sign in enumerate("widened")]
    year = [glyph(sign, 40 + place, 120 + WIDTH * place, baseline=130.0) for place, sign in enumerate("2021,")]
    assert read([*arabic, *latin, *year])[-2:] == ["widened", "2021,"]
    price = [glyph(sign, 40 + place, 200 + WIDTH * place) for place, sign in enumerate(":150")]
    assert read([*arabic, *price])[-1] == "150:"


def test_letters_of_nastaliq_stand_where_they_begin_not_in_the_middle_of_their_tails() -> None:
    style = Style(10.0, False, 0, nastaliq=True)
    he, ye = (
        glyph("ہ", 0, 61.0, width=3)._replace(style=style),
        glyph("ے", 1, 58.0, width=17, baseline=102.0)._replace(style=style),
    )
    assert read([ye, he]) == ["ہے"]
    space = glyph(" ", 2, 55.5, width=2)._replace(style=style)
    after = glyph("ت", 3, 45.0, width=18)._replace(style=style)
    (line,) = logical_lines([ye, he, after], [space])
    assert [(sign.text, sign.space) for sign in line] == [("ہ", None), ("ے", None), ("ت", 2)]


def test_a_mark_follows_the_letter_that_carries_it() -> None:
    letters = [glyph("ي", 0, 60), glyph("ض", 2, 55), glyph("ا", 3, 50)]
    assert read([letters[0], glyph("\u064b", 1, 57, width=2), *letters[1:]]) == ["يض\u064bا"]


def test_two_lines_and_two_columns_stay_apart() -> None:
    upper = [glyph(sign, place, 50 + WIDTH * place) for place, sign in enumerate("بات")]
    lower = [glyph(sign, 3 + place, 50 + WIDTH * place, baseline=114.0) for place, sign in enumerate("رود")]
    beside = [glyph(sign, 6 + place, 300 + WIDTH * place) for place, sign in enumerate("سبل")]
    assert read([*upper, *lower, *beside]) == ["تاب", "دور", "لبس"]
