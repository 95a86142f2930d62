"""The legal structure of whole texts: what heads an article, what only names one."""

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.read_text import add_plain_text
from ingest.structure import Structure, structure
from ingest.text import TextBuilder


def read(*paragraphs: str) -> tuple[list[str], Structure]:
    """The paragraphs as the text reader makes them, and their structure."""
    builder = TextBuilder()
    add_plain_text(builder, "\n\n".join(paragraphs))
    text, blocks, _ = builder.build()
    return [text[block.start : block.end] for block in blocks], structure(text, blocks)


def marks(*paragraphs: str) -> list[str]:
    _, law = read(*paragraphs)
    return [str(mark.pinpoint) for mark in law.marks.values()]


AGREED = "The Parties to this text, wishing to ease the movement of goods, have agreed as follows:"
BODY = "The Parties shall exchange lists of crossings."


def test_preamble_chapters_articles_and_closing_formula() -> None:
    assert marks(
        "AGREEMENT ON SPECIMENS",
        AGREED,
        "CHAPTER I GENERAL",
        "Article 1",
        BODY,
        "Article 2 Fees",
        BODY,
        "Done at Tashkent on 15 July 2021 in two originals.",
        "For the Government",
    ) == ["preamble", "ch. I", "art. 1", "art. 2", "closing formula"]


def test_a_title_in_a_line_of_its_own_is_the_headings() -> None:
    lines, law = read("Article 5", "Transit fees", BODY, "Article 6", "Payment", BODY)
    assert [(str(mark.pinpoint), mark.pinpoint.title) for mark in law.marks.values()] == [
        ("art. 5", "Transit fees"),
        ("art. 6", "Payment"),
    ]
    assert [lines[index] for index in sorted(law.titles)] == ["Transit fees", "Payment"]


def test_a_sentence_below_a_heading_is_text() -> None:
    _, law = read("Article 5", "Fees are published.", BODY, "Article 6", "(a) none", "Article 7", "The Parties shall not:", BODY)
    assert not law.titles


def test_a_table_of_contents_heads_nothing() -> None:
    contents = ["CONTENTS", "Article 1 Scope", "Article 2 Fees", "3", "Article 3 Disputes"]
    lines, law = read(*contents, "Article 1 Scope", BODY, "Article 2 Fees", BODY, "Article 3 Disputes", BODY)
    assert [lines.index(lines[index], 5) for index in law.marks] == list(law.marks)
    assert {lines[index] for index in law.others} == {"Article 1 Scope", "Article 2 Fees", "3", "Article 3 Disputes"}
    assert marks("Article 1 Scope ......... 2", "Article 2 Fees ......... 7", "Article 1 Scope", BODY) == ["art. 1"]


def test_headings_of_reserved_articles_are_no_table_of_contents() -> None:
    assert marks("Article 1", "Article 2", "Article 3", "Article 4", BODY) == ["art. 1", "art. 2", "art. 3", "art. 4"]


def test_a_reference_in_a_line_of_its_own_is_no_heading() -> None:
    assert marks("Article 4", "Goods move in accordance with", "Article 112", "of the Convention.", "Article 5", BODY) == [
        "art. 4",
        "art. 5",
    ]
    assert marks("Article 4", BODY, "Article 112", BODY, "Article 5", BODY) == ["art. 4", "art. 5"]


def test_gaps_inserted_articles_and_decimal_numbers_are_kept() -> None:
    numbers = ["1", "2", "2 bis", "3", "7", "8"]
    assert marks(*(part for number in numbers for part in (f"Article {number}", BODY))) == [f"art. {n}" for n in numbers]
    numbers = ["1.1", "1.2", "1.10", "2.1", "2.2", "8bis.1", "9.1"]
    assert marks(*(part for number in numbers for part in (f"Article {number}", BODY))) == [f"art. {n}" for n in numbers]


def test_an_article_that_lost_its_number_gets_the_one_that_is_left() -> None:
    assert marks("ARTICLE", BODY, "ARTICLE 2", BODY) == ["art. [1]", "art. 2"]
    assert marks("ARTICLE", BODY, "ARTICLE 5", BODY) == ["art. 5"]


def test_text_in_one_line_with_its_heading() -> None:
    lines, law = read("Статья 1. Стороны обеспечивают свободу транзита.", "Статья 2. 1. Сборы публикуются.")
    (first, second) = law.marks.values()
    assert [str(first.pinpoint), str(second.pinpoint)] == ["art. 1", "art. 2"]
    text = "\n\n".join(lines)
    assert text[first.body :].startswith("Стороны") and text[second.body :].startswith("1. Сборы")


def test_an_annex_and_a_protocol_number_their_own_articles() -> None:
    one = ["Article 1", BODY, "Article 2", BODY, "Done at Tashkent on 15 July 2021."]
    annex = ["ANNEX II", "Article 1", BODY, "Article 2", BODY]
    protocol = ["Protocol on Exceptions", "The Parties have agreed as follows:", "Article 1", BODY]
    own = ["art. 1", "art. 2", "closing formula"]
    assert marks(*one, *annex) == [*own, "annex II", "art. 1", "art. 2"]
    assert marks(*one, *protocol) == [*own, "Protocol on Exceptions", "preamble", "art. 1"]
    assert marks(*one, *annex, *protocol) == [*own, "annex II", "art. 1", "art. 2", "Protocol on Exceptions", "art. 1"]


def test_numbered_titles_are_the_articles_of_an_agreement_without_any() -> None:
    titles = ["1 Scope", "2 Definitions", "3 Rules of Origin", "4 Disputes", "5 Entry into Force"]
    body = [part for title in titles for part in (title, BODY)]
    assert marks(AGREED, *body)[1:] == ["para. 1", "para. 2", "para. 3", "para. 4", "para. 5"]
    assert marks(*body) == []  # a report, nobody agreed on anything


def test_news_speeches_and_reports_have_no_structure() -> None:
    assert (
        marks("Under Article 5 of the treaty, goods pass.", "Signed in Tashkent on 15 July 2021, the agreement opens roads.")
        == []
    )
    assert marks("CONCLUSIONS", "The corridor is open.") == []
    assert marks("13. Глава МИД прибыл с визитом в Пакистан.", "14. Другое сообщение.") == []


PIECES = st.sampled_from(
    [
        *("Article 1", "Article 2 Scope", "ARTICLE", "Annex I", "CHAPTER II", "1 Scope", "Статья 3. Сборы публикуются.", AGREED),
        *("Article 9", "of the Treaty.", "in accordance with", "Done at Minsk on 26 May, 1995.", "Protocol on Fees", "Fees", "7"),
        BODY,
    ]
)


@given(st.lists(PIECES, max_size=16))
@example(["Article 1", "Article 1", "Article 1", "ARTICLE", "Article 2 Scope", "Article 1"])
def test_every_mark_lies_in_its_block_and_nothing_is_two_things(paragraphs: list[str]) -> None:
    builder = TextBuilder()
    for paragraph in paragraphs:
        builder.add("paragraph", paragraph)
    text, blocks, _ = builder.build()
    law = structure(text, blocks)
    for index, mark in law.marks.items():
        assert blocks[index].start <= mark.body <= blocks[index].end
    assert not set(law.marks) & (law.titles | law.others)
    assert not law.titles & law.others
    assert max([*law.marks, *law.titles, *law.others], default=-1) < len(blocks)
