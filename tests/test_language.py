"""Languages: the twelve by example, short strings by script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language import LANGUAGES, detect, direction, language_script, letters, script

SENTENCES = [
    ("en", "What does the transit agreement say about customs guarantees?"),
    ("ru", "Что говорится в соглашении о транзитной торговле между странами?"),
    ("ur", "پاکستان اور ازبکستان کے درمیان تجارت کا معاہدہ کب ہوا؟"),
    ("fa", "روابط میان پاکستان و ایران در سال گذشته گسترش یافت"),
    ("ps", "د پاکستان او افغانستان ترمنځ سوداګري زیاته شوې ده"),
    ("kk", "Қазақстан мен Пәкістан арасындағы сауда көлемі өсті"),
    ("ky", "Кыргызстан менен Пакистандын ортосундагы соода көлөмү өстү"),
    ("tg", "Ҷумҳурии Тоҷикистон ва Покистон дар соҳаи энергетика ҳамкорӣ мекунанд"),
    ("uz", "Pakistan va O‘zbekiston o‘rtasida savdo aylanmasi oshdi"),
    ("tk", "Türkmenistan bilen Pakistanyň arasyndaky söwda gatnaşyklary ösdi"),
    ("tr", "Türkiye ile Pakistan arasında serbest ticaret anlaşması imzalandı"),
    ("zh", "中国和巴基斯坦签署了自由贸易协定"),
    ("hi", "पाकिस्तान और उज़्बेकिस्तान के बीच समझौता कब हुआ?"),
]


@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_detect_knows_each_language_by_a_sentence(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("CASA-1000 TAPI", "en"),
        ("ШОС ЭКО", "ru"),
        ("گوادر", "ur"),
        ("Гвадар", "ru"),
        ("ग्वादर", "hi"),
        ("CASA-1000 की लंबाई कितनी है?", "hi"),
        ("", "en"),
        ("2021-07-15", "en"),
        ("TIR", "en"),
    ],
)
def test_short_strings_and_acronyms_fall_back_on_the_script(text: str, language: str) -> None:
    assert detect(text) == language


@given(st.text())
def test_detect_always_gives_one_of_the_languages(text: str) -> None:
    assert detect(text) in LANGUAGES


def test_direction_and_script() -> None:
    assert [direction(code) for code in ("ur", "fa", "ps", "en", "ru", "xx")] == ["rtl"] * 3 + ["ltr"] * 3
    assert (language_script("ru"), language_script("ur"), language_script("uz")) == ("cyrillic", "arabic", "none")
    assert script("Гвадар (Gwadar port)") == "latin"
    assert script("12 + 3") == "none"
    assert letters("Art. 5 ст") == 5
