"""Legal headings in many languages, and the order of their numbers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.headings import MAX_HEADING, Pinpoint, ordinal, parse_heading, parse_run_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Article 5", "art. 5"),
        ("ARTÍCULO 3-13 Derechos", "art. 3-13"),
        ("Artikel 5", "art. 5"),
        ("ARTICLE V", "art. V"),
        ("ARTICLE - 3 Principles", "art. 3"),
        ("Art. 5 — Title", "art. 5"),
        ("Article 1.1: Definitions", "art. 1.1"),
        ("Article 4.03", "art. 4.03"),
        ("Article 6 bis", "art. 6 bis"),
        ("Article 4bis", "art. 4 bis"),
        ("ARTICLE 8BIS.1 Scope", "art. 8BIS.1"),
        ("Article Five", "art. 5"),
        ("ARTICLE TWENTY-ONE Final Provisions", "art. 21"),
        ("Article First", "art. 1"),
        ("Article No. 5", "art. 5"),
        ("Chapter II", "ch. II"),
        ("CHAPTER IV Creation Of A Single Economic Area", "ch. IV"),
        ("PART ONE", "pt. 1"),
        ("Section 3", "sec. 3"),
        ("Section A.1", "sec. A.1"),
        ("Annex II", "annex II"),
        ("ANNEX", "annex"),
        ("Annexure B", "annex B"),
        ("Appendix A", "app. A"),
        ("Schedule I", "sch. I"),
        ("Preamble", "preamble"),
        ("Статья 5. Сроки", "art. 5"),
        ("СТАТЬЯ 5", "art. 5"),
        ("Статья пятая", "art. 5"),
        ("Глава 2", "ch. 2"),
        ("Раздел III", "sec. III"),
        ("Приложение № 1", "annex 1"),
        ("آرٹیکل 5", "art. 5"),
        ("آرٹیکل نمبر 5", "art. 5"),
        ("دفعہ ۵", "art. 5"),
        ("باب 2", "ch. 2"),
        ("ضمیمہ ۲", "annex 2"),
        ("ماده ۵", "art. 5"),
        ("5-modda. Qo‘llanish sohasi", "art. 5"),
        ("5-модда", "art. 5"),
        ("12-бап. Анықтамалар", "art. 12"),
        ("Моддаи 5. Мақсад", "art. 5"),
        ("5-берене", "art. 5"),
        ("Madde 5 – Kapsam", "art. 5"),
        ("II bob", "ch. II"),
        ("Article 1-01: Definitions", "art. 1-01"),
        ("ARTICLE A-01 Objectives", "art. A-01"),
        ("Article 1603 — Scope", "art. 1603"),
        ("Article Thirty-first", "art. 31"),
        ("ARTICLE 151 Non-Application Of Article 8 And Chapter 14", "art. 151"),
        ("TITLE III Trade", "title III"),
        ("Annex O-06", "annex O-06"),
        ("Annex 2 to the Agreement", "annex 2"),
        ("Статья 26-1. Особые условия", "art. 26-1"),
        ("Статья двадцать первая", "art. 21"),
        ("Приложение N 1", "annex 1"),
        ("Приложение № 2 к Соглашению", "annex 2"),
        ("Приложение А", "annex А"),
        ("آرٹیکل پنجم", "art. 5"),
        ("ماده پنجم", "art. 5"),
        ("باب اول", "ch. 1"),
        ("المادة 5", "art. 5"),
        ("5-nji madda", "art. 5"),
        ("第五条", "art. 5"),
        ("第二十一条 定义", "art. 21"),
        ("第一章 总则", "ch. 1"),
    ],
)
def test_headings(text: str, expected: str) -> None:
    assert str(parse_heading(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Pursuant to Article 5 the Parties agree",
        "Article 5 applies to goods in transit.",
        "Article 5, paragraph 2",
        "Article 5(2)",
        "article 5",
        "Article 5 The Parties shall exchange lists",
        "Article 5 of this Agreement",
        "Article 5. (Note 1.)",
        "Article 5 Transit fees ........ 12",
        "Article 1 Scope 3 Article 2 Fees 4",
        "ARTICLE",
        "Статья 5 настоящего Соглашения",
        "Статьи 5",
        "В соответствии со статьёй 5",
        "13. Глава МИД прибыл с визитом",
        "آرٹیکل 5 کے تحت",
        "معاہدے کے آرٹیکل 5",
        "Articles of clothing",
        "Party A",
        "Particle 5",
        "Annex O-06 applies to the persons named in it",
        "Annex 2 to the Agreement is an integral part of it.",
        "Приложение № 2 к Соглашению является его частью.",
        "第五条的规定适用于过境货物。",
        "第五条、第六条",
        "Conclusion",
        "Article 9 " + "Word " * 60,
        "",
    ],
)
def test_references_sentences_and_contents_are_no_headings(text: str) -> None:
    assert parse_heading(text) is None


def test_heading_keeps_number_and_title() -> None:
    assert parse_heading("ARTICLE 2 Regime With Respect To Non-Member States") == Pinpoint(
        "article", "2", "Regime With Respect To Non-Member States"
    )


@pytest.mark.parametrize(
    ("text", "number", "body"),
    [
        ("Article 5. The Parties shall meet.", "5", "The Parties shall meet."),
        ("Article V - Goods pass.", "V", "Goods pass."),
        ("Статья 5. Стороны обязуются.", "5", "Стороны обязуются."),
        ("Статья 5. 1. Стороны обязуются.", "5", "1. Стороны обязуются."),
        ("آرٹیکل 5۔ فریقین ملیں گے۔", "5", "فریقین ملیں گے۔"),
    ],
)
def test_headings_that_share_a_line_with_their_text(text: str, number: str, body: str) -> None:
    found = parse_run_in(text)
    assert found is not None
    assert (found[0].number, text[found[1] :]) == (number, body)


@pytest.mark.parametrize("text", ["Article 5 applies.", "Article 5.", "article 5. The", "Article 5.2 applies", "Art"])
def test_other_lines_share_nothing(text: str) -> None:
    assert parse_run_in(text) is None


@pytest.mark.parametrize(
    ("number", "value"),
    [
        *(("5", (5,)), ("V", (5,)), ("XLIX", (49,)), ("4.03", (4, 3)), ("4 bis", (4, 0, 2)), ("8BIS.1", (8, 0, 2, 1))),
        *(("5A", (5, 0, 1)), ("A", (1,)), ("A.2", (1, 2)), ("[1]", (1,)), ("", ()), ("x", ())),
    ],
)
def test_numbers_compare(number: str, value: tuple[int, ...]) -> None:
    assert ordinal(number) == value


def test_inserted_roman_articles_and_lettered_ones_compare() -> None:
    assert ordinal("V") < ordinal("V bis") < ordinal("VI")
    assert ordinal("26") < ordinal("26-1") < ordinal("27")
    assert ordinal("A-01") < ordinal("A-02") < ordinal("B-01")
    assert ordinal("Б") == (2,)


def test_a_chinese_article_stands_in_the_line_of_its_text() -> None:
    assert parse_run_in("第三条 缔约双方应公布其费用。") == (Pinpoint("article", "3"), 4)
    assert parse_run_in("第三条的规定适用。") is None


def test_inserted_articles_stand_between_their_neighbours() -> None:
    numbers = ["1", "4", "4 bis", "4 ter", "5", "5A", "5B", "6"]
    assert sorted(numbers, key=ordinal) == numbers


def test_the_title_of_an_agreement_is_cut_in_a_pinpoint() -> None:
    assert str(Pinpoint("instrument", "", "Protocol on Fees")) == "Protocol on Fees"
    assert len(str(Pinpoint("instrument", "", "Protocol on " + "very " * 40))) == 60


@given(st.text(alphabet="ArticleANNEXСтатья آرٹیکل0129.IVXbis —-:\t\n(), aZ", max_size=MAX_HEADING + 30))
def test_any_line_is_read_or_left(text: str) -> None:
    found = parse_heading(text)
    if found is not None:
        assert len(" ".join(text.split())) <= MAX_HEADING
        assert re.fullmatch(r"[\w.: -]*", found.number)
