from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.number_format import shown


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (None, "General", ""),
        ("text", "0.00", "text"),
        (True, "General", "TRUE"),
        (97.96000000000001, "General", "97.96"),
        (2023, "General", "2023"),
        (1e-7, "General", "0.0000001"),
        (1234567.891, "#,##0.00", "1234567.89"),
        (2.5, "0", "3"),
        (-1234.567, "#,##0.00;[Red](#,##0.00)", "-1234.57"),
        (-0.001, "0.00", "0.00"),
        (0.1234, "0.0%", "12.3%"),
        (0.5, "0%", "50%"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12.5, '#,##0.0" km"', "12.5 km"),
        (5, "[$$-409]#,##0.00", "$5.00"),
        (12, '"$"0', "$12"),
        (7, "_-* #,##0.00_-", "7.00"),
        (5.25, "0.##", "5.25"),
        (1 / 3, "# ?/?", "0.333333333333333"),
        (3000, "0.00E+00", "3000"),
        (datetime(2024, 6, 30), "dd/mm/yy", "2024-06-30"),
        (datetime(2024, 6, 30, 14, 5), "General", "2024-06-30 14:05"),
        (date(2024, 6, 30), "General", "2024-06-30"),
        (time(9, 30), "General", "09:30"),
        (float("inf"), "0.0", "Infinity"),
    ],
)
def test_values_as_shown(value: object, number_format: str, expected: str) -> None:
    assert shown(value, number_format) == expected


@given(st.floats(allow_nan=False) | st.integers(), st.text(max_size=20) | st.text('0#?.,%;[$]"\\_*E/ -', max_size=20))
def test_no_value_and_no_format_is_too_odd(value: float, number_format: str) -> None:
    assert shown(value, number_format)


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_keep_their_digits(value: int) -> None:
    assert shown(value, "General") == shown(value, "#,##0") == str(value)
