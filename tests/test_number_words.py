from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.number_words import number_text, roman


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("decimal", "1 2 3 4 9 10 12 21 29 30 53 100"),
        ("decimalZero", "01 02 03 04 09 10 12 21 29 30 53 100"),
        ("lowerRoman", "i ii iii iv ix x xii xxi xxix xxx liii c"),
        ("upperLetter", "A B C D I J L U CC DD AAA VVVV"),
        ("russianLower", "а б в г и к м х я аа шш нннн"),
        ("ordinal", "1st 2nd 3rd 4th 9th 10th 12th 21st 29th 30th 53rd 100th"),
        ("cardinalText", "One Two Three Four Nine Ten Twelve Twenty-one Twenty-nine Thirty Fifty-three One hundred"),
        (
            "ordinalText",
            "First Second Third Fourth Ninth Tenth Twelfth Twenty-first Twenty-ninth Thirtieth Fifty-third One hundredth",
        ),
        ("arabicAlpha", "أ ب ت ث ذ ر س ق أأ بب نن طططط"),
        ("none", "           "),
        ("thaiCounting", "1 2 3 4 9 10 12 21 29 30 53 100"),
    ],
)
def test_number_formats(form: str, expected: str) -> None:
    numbers = (1, 2, 3, 4, 9, 10, 12, 21, 29, 30, 53, 100)
    assert " ".join(number_text(number, form) for number in numbers) == expected


@given(st.integers(-5, 10**7), st.sampled_from(["lowerLetter", "upperRoman", "ordinalText", "arabicAbjad", "numberInDash"]))
def test_any_number_is_written_and_not_at_length(number: int, form: str) -> None:
    assert 0 < len(number_text(number, form)) < 500


@given(st.integers(1, 3999))
def test_roman_numbers_read_back(number: int) -> None:
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    read = [values[letter] for letter in roman(number)]
    assert sum(-value if value < max(read[place:]) else value for place, value in enumerate(read)) == number
