"""Dates as agreements write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import dates_in


@pytest.mark.parametrize(
    ("text", "iso", "written"),
    [
        ("on 15 July 2021 in two originals", "2021-07-15", "15 July 2021"),
        ("the second day of May nineteen seventyseven", "1977-05-02", None),
        ("the twentysecond day of May two thousand andsix", "2006-05-22", None),
        ("2021-yil 15-iyulda Toshkentda", "2021-07-15", "2021-yil 15-iyulda"),
        ("2021 жылғы 15 шілдеде Ташкентте", "2021-07-15", "2021 жылғы 15 шілдеде"),
        ("2021-жылдын 15-июлунда Бишкекте", "2021-07-15", "2021-жылдын 15-июлунда"),
        ("15 июли соли 2021 дар Душанбе", "2021-07-15", "15 июли соли 2021"),
        ("2021-nji ýylyň 15-nji iýulynda", "2021-07-15", "2021-nji ýylyň 15-nji iýulynda"),
        ("on July 15, 2021 in", "2021-07-15", "July 15, 2021"),
        ("26 May, 1995, in", "1995-05-26", "26 May, 1995"),
        ("this 29th day of May 2015,", "2015-05-29", "29th day of May 2015"),
        ("this 1st day of August, 2002 in", "2002-08-01", "1st day of August, 2002"),
        ("as of 15May 1992,", "1992-05-15", "15May 1992"),
        ("this eighth day of December nineteen hundred and seventy-one in a copy", "1971-12-08", None),
        ("the thirteenth day of April, one thousand nine hundred and eighty-eight, the texts", "1988-04-13", None),
        ("this ELEVENTH day of APRIL One Thousand Nine Hundred Ninety Three", "1993-04-11", None),
        ("the twenty- fourth day of November two thousand and six.", "2006-11-24", None),
        ("the thirty-first day of May nineteen ninety-four", "1994-05-31", None),
        ("the twentieth day of November in the year one thousand, nine hundred and ninety-five.", "1995-11-20", None),
        ("15 июля 2021 года", "2021-07-15", "15 июля 2021"),
        ("مورخہ ۱۵ جولائی ۲۰۲۱ کو", "2021-07-15", "۱۵ جولائی ۲۰۲۱"),
        ("15.07.2021", "2021-07-15", "15.07.2021"),
    ],
)
def test_one_date(text: str, iso: str, written: str | None) -> None:
    (found,) = dates_in(text)
    assert found.iso == iso
    if written:
        assert text[found.start : found.end] == written


@pytest.mark.parametrize(
    "text",
    ["May 2015", "31 June 2020", "45 May 2015", "in 2021", "Article 15 May apply", "1.2.3", "1 May in the year one thousand", ""],
)
def test_no_whole_date(text: str) -> None:
    assert dates_in(text) == []


@given(st.dates(date(1800, 1, 1), date(2100, 1, 1)), st.sampled_from(["{d.day} {d:%B} {d.year}", "{d:%B} {d.day}, {d.year}"]))
def test_written_dates_come_back(day: date, form: str) -> None:
    written = form.format(d=day)
    (found,) = dates_in(f"Done on {written}, in two originals.")
    assert found.iso == day.isoformat()


@given(st.text(alphabet="0123456789 .,-MayJune ofthdyrs", max_size=80))
def test_spans_lie_in_the_text_without_overlap(text: str) -> None:
    done = 0
    for found in dates_in(text):
        assert done <= found.start < found.end <= len(text)
        date.fromisoformat(found.iso)
        done = found.end
