from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.timespans import timespans_of


def found(text: str) -> list[tuple[str, str]]:
    return [(text[p.start : p.end], p.iso) for p in timespans_of(text)]


@pytest.mark.parametrize(
    ("text", "written", "iso"),
    [
        ("signed on 15 July 2021 in Tashkent", "15 July 2021", "2021-07-15"),
        ("on July 15, 2021, in", "July 15, 2021", "2021-07-15"),
        ("dated 2021-07-15", "2021-07-15", "2021-07-15"),
        ("от 15.07.2021", "15.07.2021", "2021-07-15"),
        ("15 июля 2021 года", "15 июля 2021", "2021-07-15"),
        ("15 جولائی 2021 کو", "15 جولائی 2021", "2021-07-15"),
        ("the visit of 16–17 September 2021", "16–17 September 2021", "2021-09-16/2021-09-17"),
        ("in February 2026 the", "February 2026", "2026-02"),
        ("в феврале 2026 года", "феврале 2026", "2026-02"),
        ("January–August 2024", "January–August 2024", "2024-01-01/2024-08-31"),
        ("November to February 2024", "November to February 2024", "2023-11-01/2024-02-29"),
        ("in 2024 it", "2024", "2024"),
        ("trade of 2022-23 was", "2022-23", "2022-07-01/2023-06-30"),
        ("in FY2024-25", "FY2024-25", "2024-07-01/2025-06-30"),
        ("2024/25 финансовый год", "2024/25", "2024-07-01/2025-06-30"),
        ("مالی سال 2024-25 میں", "مالی سال 2024-25", "2024-07-01/2025-06-30"),
        ("in FY25 exports", "FY25", "2024-07-01/2025-06-30"),
        ("the second half of 2023", "second half of 2023", "2023-07-01/2023-12-31"),
        ("the first nine months of 2022", "first nine months of 2022", "2022-01-01/2022-09-30"),
        ("the years 2015-2020", "2015-2020", "2015-01-01/2020-12-31"),
        ("rose in FY2023-24.1 Imports fell", "FY2023-24", "2023-07-01/2024-06-30"),
    ],
)
def test_dates_and_periods_as_days(text, written, iso):
    assert found(text) == [(written, iso)]


@pytest.mark.parametrize(
    "text", ["", "SRO 1256(I)", "1,640 km", "on 15 July", "CASA-1000", "30 February 2021", "USD 2024.5", "2000 km"]
)
def test_what_is_no_date_with_a_year(text):
    assert [written for written, _ in found(text) if written != "February 2021"] == []


@given(
    st.dates(date(1950, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["{d} {m} {y}", "{m} {d}, {y}", "{iso}", "{d:02}.{mm:02}.{y}"]),
)
def test_a_written_day_is_read_as_that_day(day, form):
    text = form.format(d=day.day, m=f"{day:%B}", y=day.year, iso=day.isoformat(), mm=day.month)
    (period,) = timespans_of(f"It was {text} then")
    assert (period.first, period.last) == (day.toordinal(), day.toordinal())


@given(st.text(alphabet="0123456789 -–/.,FYJulyмая年\u0660\u06f2", max_size=60))
def test_any_text_gives_spans_in_order(text):
    periods = timespans_of(text)
    assert all(p.first <= p.last and 0 <= p.start < p.end <= len(text) for p in periods)
    assert all(a.end <= b.start for a, b in pairwise(periods))
