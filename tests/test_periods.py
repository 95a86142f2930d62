from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.periods import dates_in, overlap, period_of, within
from kb.records import Period

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("text", "start", "end", "ranged"),
    [
        ("Exports since 2021", "2021-01-01", "", True),
        ("What happened after July 2021?", "2021-08-01", "", True),
        ("Visits between 2015 and 2018", "2015-01-01", "2018-12-31", True),
        ("trade 2015–2018", "2015-01-01", "2018-12-31", True),
        ("Trade before March 2020", "", "2020-02-29", True),
        ("Permits until 15 July 2021", "", "2021-07-15", True),
        ("Exports last year", "2025-01-01", "2025-12-31", False),
        ("Exports this year", "2026-01-01", "2026-12-31", False),
        ("the past three years", "2023-11-25", "2026-11-25", True),
        ("Exports in FY2024-25", "2024-07-01", "2025-06-30", False),
        ("exports in FY2025", "2024-07-01", "2025-06-30", False),
        ("Imports in the second half of 2023", "2023-07-01", "2023-12-31", False),
        ("the figure for July–December 2023", "2023-07-01", "2023-12-31", False),
        ("What was signed on 15 July 2021?", "2021-07-15", "2021-07-15", False),
        ("визиты с 2019 по 2022 год", "2019-01-01", "2022-12-31", True),
        ("после июля 2021 года", "2021-08-01", "", True),
        ("экспорт в прошлом году", "2025-01-01", "2025-12-31", False),
        ("за последние три года", "2023-11-25", "2026-11-25", True),
        ("2021 سے اب تک کتنے دورے ہوئے؟", "2021-01-01", "", True),
        ("2015 سے 2018 تک", "2015-01-01", "2018-12-31", True),
        ("گزشتہ سال کی برآمدات", "2025-01-01", "2025-12-31", False),
        ("مالی سال 2024-25 کی برآمدات", "2024-07-01", "2025-06-30", False),
    ],
)
def test_the_period_of_a_question(text, start, end, ranged):
    period = period_of(text, TODAY)
    assert (period.start, period.end, period.ranged) == (start, end, ranged)
    assert period.text in text


@pytest.mark.parametrize("text", ["How long is CASA-1000?", "USD 2000 million", "a 2000 MW line", "from 2021 to 2018 words"])
def test_what_names_no_period(text):
    period = period_of(text, TODAY)
    assert period is None or period.start.startswith("2021")  # bounds the wrong way round are no range


def test_the_last_three_years_from_a_leap_day():
    assert period_of("the last three years", date(2024, 2, 29)).start == "2021-02-28"


def test_dates_of_a_sentence_in_three_languages():
    text = (
        "Signed on 13–14 April 2004, 26 февраля 2025 года and 3 مارچ 2022; July 15, 2021; FY2024-25; May 2024; "
        "not 31 February 2020"
    )
    assert [(one.period.start, one.period.end) for one in dates_in(text)] == [
        ("2004-04-13", "2004-04-14"),
        ("2025-02-26", "2025-02-26"),
        ("2022-03-03", "2022-03-03"),
        ("2021-07-15", "2021-07-15"),
        ("2024-07-01", "2025-06-30"),
        ("2024-05-01", "2024-05-31"),
    ]
    assert all(text[one.start : one.end] == one.period.text for one in dates_in(text))


def test_within_a_period():
    since = Period("2021-01-01", "", "since 2021", ranged=True)
    assert within("It was signed on 15 July 2021.", since)
    assert within("It was signed in Tashkent.", since)  # dates nothing
    assert not within("It was signed in 1995.", since)
    assert within("Trade of FY2020-21 grew.", since)
    assert not within("Trade: USD 33.6 million; Period: 2014; Who said so, and when: Embassy, August 2021; Note: 35", since)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_back(day):
    for written in (f"{day:%d %B %Y}", f"{day:%B} {day.day}, {day.year}", day.isoformat()):
        (found,) = dates_in(f"It was on {written} there.")
        assert found.period.start == found.period.end == day.isoformat()


@given(st.text(alphabet="0123456789 –-/.,abMay июля سے to", max_size=40))
def test_no_text_breaks_the_patterns(text):
    for one in dates_in(text):
        assert one.period.start <= one.period.end
        assert date.fromisoformat(one.period.start)
    period_of(text, TODAY)


def test_overlap_is_symmetric_with_open_ends():
    old, since = Period("", "2019-12-31", "until 2019"), Period("2021-01-01", "", "since 2021")
    assert not overlap(old, since)
    assert not overlap(since, old)
    assert overlap(since, Period("", "", "ever"))
