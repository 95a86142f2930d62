from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.quantities import agree, measured_by, number_of, quantities_of


def read(text: str, russian: bool = False) -> list[tuple[str, str, str, float, float, str]]:
    return [
        (text[q.start : q.end], q.dimension, q.unit, round(q.low, 6), round(q.high, 6), q.bound)
        for q in quantities_of(text, russian)
    ]


@pytest.mark.parametrize(
    ("text", "russian", "expected"),
    [
        ("trade of USD 250 million", False, ("USD 250 million", "money", "USD", 250e6, 250e6, "exact")),
        ("about USD 5 billion", False, ("about USD 5 billion", "money", "USD", 5e9, 5e9, "about")),
        ("it cost $4.8bn.", False, ("$4.8bn", "money", "USD", 4.8e9, 4.8e9, "exact")),
        ("more than 90 million dollars", False, ("more than 90 million dollars", "money", "USD", 90e6, 90e6, "over")),
        ("below USD 10 million", False, ("below USD 10 million", "money", "USD", 10e6, 10e6, "under")),
        ("USD 7-8.2 billion", False, ("USD 7-8.2 billion", "money", "USD", 7e9, 8.2e9, "exact")),
        ("Rs 5 crore", False, ("Rs 5 crore", "money", "PKR", 5e7, 5e7, "exact")),
        ("9.41 US cents per kWh", False, ("9.41 US cents per kWh", "price", "USD/kWh", 0.0941, 0.0941, "exact")),
        ("97,96 млн долларов", True, ("97,96 млн долларов", "money", "USD", 97.96e6, 97.96e6, "exact")),
        ("почти 3,5 млрд долларов США", True, ("почти 3,5 млрд долларов США", "money", "USD", 3.5e9, 3.5e9, "nearly")),
        ("197.06 ملین ڈالر", False, ("197.06 ملین ڈالر", "money", "USD", 197.06e6, 197.06e6, "exact")),
        ("تقریباً 5 ارب ڈالر", False, ("تقریباً 5 ارب ڈالر", "money", "USD", 5e9, 5e9, "about")),
        ("a line of 1,227 km", False, ("1,227 km", "length", "km", 1227, 1227, "exact")),
        ("длиной 1 640 км", True, ("1 640 км", "length", "km", 1640, 1640, "exact")),
        ("1227 کلومیٹر", False, ("1227 کلومیٹر", "length", "km", 1227, 1227, "exact")),
        ("up to 4,000 MW", False, ("up to 4,000 MW", "power", "MW", 4000, 4000, "under")),
        ("1,3 ГВт", True, ("1,3 ГВт", "power", "MW", 1300, 1300, "exact")),
        ("33 billion cubic metres", False, ("33 billion cubic metres", "volume", "m3", 33e9, 33e9, "exact")),
        ("160 tonnes of gas", False, ("160 tonnes", "mass", "t", 160, 160, "exact")),
        ("160 тонн", True, ("160 тонн", "mass", "t", 160, 160, "exact")),
        ("32pc", False, ("32pc", "percent", "%", 32, 32, "exact")),
        ("70 فیصد", False, ("70 فیصد", "percent", "%", 70, 70, "exact")),
        ("within four years", False, ("four years", "duration", "day", 1461, 1461, "exact")),
        ("48 hours", False, ("48 hours", "duration", "day", 2, 2, "exact")),
        ("over 18,000 students", False, ("over 18,000", "count", "", 18000, 18000, "over")),
        ("11 ہزار سے زائد طلبہ", False, ("11 ہزار سے زائد", "count", "", 11000, 11000, "over")),
        ("five memorandums", False, ("five", "count", "", 5, 5, "exact")),
        ("10,000 to 12,000 students", False, ("10,000 to 12,000", "count", "", 10000, 12000, "exact")),
        ("около 20 соглашений", True, ("около 20", "count", "", 20, 20, "about")),
    ],
)
def test_formats_of_three_languages(text, russian, expected):
    assert read(text, russian) == [expected]


@pytest.mark.parametrize(
    "text", ["", "Article 5", "CASA-1000", "No. 1071", "SRO 1256", "15 July 2021", "in 2022-23", "G20", "art. 5"]
)
def test_names_and_dates_are_no_values(text):
    assert read(text) == []


def test_a_unit_said_once_is_that_of_the_whole_list():
    assert [q.low for q in quantities_of("it cost USD 4.6, 4.8, 5, 7 and 8.2 billion")] == pytest.approx(
        [4.6e9, 4.8e9, 5e9, 7e9, 8.2e9]
    )
    assert [(q.low, q.unit) for q in quantities_of("lines of 750 and 477 km")] == [(750, "km"), (477, "km")]
    values = quantities_of("USD 250 million in 2022, 180 million in 2021 and about 120 million in 2020")
    assert [(q.low, q.unit) for q in values] == [(250e6, "USD"), (180e6, "USD"), (120e6, "USD")]
    assert [q.nouns for q in quantities_of("20, 27 or 37 documents")][-1] == ("document",)


def test_a_bare_figure_in_a_table_has_the_unit_of_its_column():
    (value,) = measured_by("almost 90", "Exports (USD million)")
    assert (value.low, value.unit, value.bound) == (90e6, "USD", "nearly")
    assert measured_by("37", "Documents")[0].dimension == "count"
    assert measured_by("USD 5 million", "USD million")[0].low == 5e6


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("about USD 40 million", "USD 39.8 million", True),
        ("USD 197 million", "USD 197.06 million", True),
        ("USD 197 million", "USD 198 million", False),
        ("more than USD 90 million", "USD 98 million", True),
        ("more than USD 90 million", "USD 250 million", False),
        ("nearly USD 500 million", "USD 450 million", False),
        ("nearly USD 500 million", "USD 490 million", True),
        ("1,000 km", "1,000 MW", False),
        ("27 agreements", "28 agreements", False),
        ("10,000 to 12,000 students", "11,000 students", True),
        ("1 km", "1,000 metres", True),
        ("USD 5 million", "Rs 5 million", False),
        ("under 10 percent", "16 percent", False),
    ],
)
def test_values_agree_within_their_precision_and_words(one, other, same):
    (a,), (b,) = quantities_of(one), quantities_of(other)
    assert agree(a, b) is agree(b, a) is same


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_numbers_are_read_as_they_were_written(whole, digits):
    value = whole + (0.5 if digits else 0)
    english = f"{value:,.{digits}f}"
    russian = english.replace(",", "\u00a0").replace(".", ",")
    assert number_of(english)[0] == pytest.approx(value)
    assert number_of(russian, russian=True)[0] == pytest.approx(value)
    assert number_of(english)[1] == pytest.approx(10.0**-digits)


@given(st.text(max_size=80) | st.text(alphabet="0123456789 .,-–USD$million km%млнارب", max_size=80), st.booleans())
def test_any_text_gives_spans_in_order(text, russian):
    values = quantities_of(text, russian)
    assert all(0 <= q.start < q.end <= len(text) and q.low <= q.high and agree(q, q) for q in values)
    assert all(a.end <= b.start for a, b in pairwise(values))
