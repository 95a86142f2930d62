import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadRequest
from kb.gazetteer import Gazetteer
from kb.question import MAX_CHARACTERS, articles_in, has_expected, numbers_in, understand

GAZETTEER = Gazetteer.load()


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("When was the QTTA signed?", "en", "date"),
        ("How long is the CASA-1000 line?", "en", "number"),
        ("Who signed the agreement for Uzbekistan?", "en", "person"),
        ("Where was it signed?", "en", "place"),
        ("Когда подписано соглашение о транзите?", "ru", "date"),
        ("Какова протяжённость линии CASA-1000?", "ru", "number"),
        ("معاہدے پر کب دستخط ہوئے؟", "ur", "date"),
        ("پاکستان کے حصے کی گیس کتنی ہے؟", "ur", "number"),
        ("Transit permits", "en", ""),
    ],
)
def test_language_and_expected_type(text, language, expected):
    question = understand(text, GAZETTEER)
    assert (question.language, question.expected) == (language, expected)


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("What does Article 12 of the transit agreement say?", "12"),
        ("What does Article IV require?", "4"),
        ("О чём статья 5 соглашения?", "5"),
        ("آرٹیکل 7 کیا کہتا ہے؟", "7"),
        ("Which article governs entry into force?", None),
    ],
)
def test_an_article_looked_up_is_no_figure_of_the_question(text, article):
    question = understand(text, GAZETTEER)
    assert question.article == article
    assert question.numbers == ()


def test_numbers_have_one_spelling():
    assert numbers_in("1,250.50 and 1 250,5 and 97,96 and 0.10, 2021") == ["1250.5", "1250.5", "97.96", "0.1", "2021"]


def test_articles_of_a_text():
    assert articles_in("Article V refers to Article 12; статья 5") == {"5", "12"}
    assert articles_in("an article of 5 pages") == set()


def test_ordinals_are_numbers():
    assert numbers_in("the Eighth session, not the seventh") == ["8", "7"]


@given(st.integers(0, 10**9))
def test_grouping_does_not_change_a_number(n):
    assert numbers_in(f"{n:,}") == numbers_in(str(n)) == numbers_in(f"{n:,}".replace(",", " ")) == [str(n)]


@pytest.mark.parametrize("text", ["", "   ", "???", "\0\0", "\n\t"])
def test_no_words_no_question(text):
    with pytest.raises(BadRequest, match="the question is empty"):
        understand(text, GAZETTEER)


def test_too_long_is_said_with_both_figures():
    with pytest.raises(BadRequest, match="10,000 characters; at most 2,000"):
        understand("a " * 4999 + "bc", GAZETTEER)
    assert understand("a" * MAX_CHARACTERS, GAZETTEER)


@pytest.mark.parametrize(
    ("expected", "sentence", "there"),
    [
        ("date", "It was signed on 15 July 2021.", True),
        ("date", "It was signed in Tashkent.", False),
        ("number", "The line is 1,387 km long.", True),
        ("number", "The line is long.", False),
        ("person", "Abdul Razak Dawood signed for Pakistan.", True),
        ("person", "the adviser signed it.", False),
        ("person", "مشیر نے دستخط کیے", True),
        ("", "Anything.", True),
    ],
)
def test_a_thing_of_the_expected_type(expected, sentence, there):
    assert has_expected(expected, sentence) is there


@pytest.mark.parametrize(
    "text", ["Turkmenistan ambassador", "visa free diplomatic passports Uzbekistan", "Pakistan-Kazakhstan trade"]
)
def test_names_do_not_make_the_language(text):
    assert understand(text, GAZETTEER).language == "en"
