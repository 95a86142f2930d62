import pytest

from kb.quantities import quantities_of
from kb.timespans import timespans_of
from kb.voices import undated, voice_of, without_dates


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Dawn wrote of USD 16 million in December 2025.", "Dawn"),
        ("Trade was USD 53 million, according to Radio Pakistan.", "Radio Pakistan"),
        ("President Alvi gave USD 219 million for 2021-22.", "President Alvi"),
        ("The ambassador of Kazakhstan spoke of USD 95 million.", "ambassador of Kazakhstan"),
        ("They signed 28 documents (PTI, 5 February 2026).", "PTI"),
        ("подписано 28 документов (агентство PTI, 5 февраля 2026 года)", "агентство PTI"),
        ("Посол Тухтаев назвал 450 млн долларов.", "Посол Тухтаев"),
        ("اسٹیٹ بینک کے مطابق برآمدات 197 ملین ڈالر تھیں", "اسٹیٹ بینک"),
        ("Trade was USD 53 million.", ""),
        ("Exports were USD 11 million in July 2025.", ""),
    ],
)
def test_who_is_named_for_a_value(text, voice):
    masked = without_dates(text, timespans_of(text))
    values = quantities_of(text, russian="\u0400" <= text[0] <= "\u04ff")
    assert voice_of(masked, values[0], values) == voice


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Dawn, 19 July 2023", "Dawn"),
        ("AP report on May 2024", "AP report"),
        ("WE News, 4 February 2026", "WE News"),
        ("undated", ""),
        ("Dawn" + " " * 20_000 + "(", "Dawn"),
        ("14", ""),
        ("Notes 2, 3.", ""),
        ("Источники 2, 3.", ""),
        ("حوالے 2، 3", ""),
        ("Trend, 26 февраля 2025 года", "Trend"),
    ],
)
def test_a_source_without_its_date(cell, name):
    assert undated(cell) == name
