import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadRequest
from kb.filters import checked, condition, date_range
from kb.records import Filters


def code(name):
    return {"uz": "UZ", "uzbekistan": "UZ"}.get(name.lower())


def entity(name):
    return {"casa-1000": "project:casa-1000"}.get(name.lower())


def test_values_are_brought_to_the_stores_spelling():
    given = Filters(country=("Uzbekistan",), kind=("NEWS",), date_from="2021", date_to="2021-02", entity=("CASA-1000",))
    got = checked(given, code, ("en", "ru"), entity)
    assert got == Filters(("UZ",), ("news",), date_from="2021-01-01", date_to="2021-02-28", entity=("project:casa-1000",))


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (Filters(country=("Atlantis",)), "unknown country 'Atlantis'"),
        (Filters(kind=("rumour",)), "unknown kind 'rumour'; known are agreement"),
        (Filters(language=("xx",)), "unknown language 'xx'; known are en, ru"),
        (Filters(entity=("Atlantis",)), "unknown entity 'Atlantis'"),
        (Filters(date_from="yesterday"), "'yesterday' is not a date for from"),
        (Filters(date_from="2022", date_to="2021"), "the date range is empty"),
        (Filters(document=("d",) * 201), "201 values for the filter document"),
    ],
)
def test_what_cannot_match_is_an_error(filters, message):
    with pytest.raises(BadRequest, match=message):
        checked(filters, code, ("en", "ru"), entity)


@pytest.mark.parametrize("value", ["2021-13", "2021-02-30", "0000", "21", "2021-7", "2021-07-15T00:00", "٢٠٢١-07", ""])
def test_dates_that_are_none(value):
    with pytest.raises(BadRequest):
        date_range(value)


@given(st.dates(min_value=datetime.date(1, 1, 1)))
def test_a_day_lies_in_its_month_and_year(day):
    iso = day.isoformat()
    for partial in (iso, iso[:7], iso[:4]):
        first, last = date_range(partial)
        assert first <= iso <= last


def test_values_are_bound_and_never_part_of_the_sql():
    sql, values = condition(Filters(publisher=("x' OR 1=1 --",), country=("UZ", "TJ"), date_from="2021-01-01"))
    assert "OR 1=1" not in sql
    assert values == ["x' OR 1=1 --", "UZ", "TJ", "2021-01-01"]
    assert sql.count("?") == 4
