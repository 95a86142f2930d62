"""References between places of law: found, followed, or left unresolved; never mixed up with another agreement's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.read_text import add_plain_text
from ingest.references import references
from ingest.structure import structure
from ingest.text import TextBuilder
from kb.gazetteer import Gazetteer
from kb.records import Reference

LAW = """
Article 1

1. The Parties meet.

2. Fees are:

(a) low;

(b) published.

Article 2

{sentence}

Article 3

Goods pass.

Annex II

1. Forms.
"""


def found(text: str, own: frozenset[str] = frozenset()) -> tuple[str, list[Reference]]:
    builder = TextBuilder()
    add_plain_text(builder, text)
    whole, blocks, _ = builder.build()
    mentions = Gazetteer.load().find(whole)
    return whole, list(references(whole, blocks, structure(whole, blocks), mentions, own))


def told(sentence: str, text: str = LAW) -> list[tuple[str, str, str | None]]:
    """(words, pinpoint, beginning of the target) of each reference."""
    whole, links = found(text.format(sentence=sentence))
    return [(whole[r.start : r.end], r.pinpoint, None if r.target is None else whole[r.target :].split("\n")[0]) for r in links]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("As Article 3 says, goods pass.", [("Article 3", "art. 3", "Article 3")]),
        ("Under Article 1(2)(b) of this Agreement.", [("Article 1(2)(b)", "art. 1(2)(b)", "(b) published.")]),
        ("See Articles 1 to 3.", [("Articles 1 to 3", "arts. 1–3", "Article 1")]),
        ("See articles 1 and 3.", [("articles 1", "art. 1", "Article 1"), ("3", "art. 3", "Article 3")]),
        ("Under paragraph 2 of Article 1.", [("paragraph 2 of Article 1", "art. 1(2)", "2. Fees are:")]),
        ("Under Article 1, paragraph 2.", [("Article 1, paragraph 2", "art. 1(2)", "2. Fees are:")]),
        (
            "Under subparagraph (b) of paragraph 2 of Article 1.",
            [("subparagraph (b) of paragraph 2 of Article 1", "art. 1(2)(b)", "(b) published.")],
        ),
        ("Under paragraph 5 of this Article.", [("paragraph 5 of this Article", "art. 2(5)", "Article 2")]),
        ("The form in Annex II to this Agreement.", [("Annex II", "annex II", "Annex II")]),
        ("The form in Annex IV.", [("Annex IV", "annex IV", None)]),
        ("Under Article 9.", [("Article 9", "art. 9", None)]),
        ("Article 3 of GATT 1994 applies.", [("Article 3", "art. 3", None)]),
        ("Article III:2 of the GATT 1994 applies.", [("Article III:2", "art. III:2", None)]),
        ("Article 2.9 or 3 of the WTO Agreement.", [("Article 2.9", "art. 2.9", None), ("3", "art. 3", None)]),
        ("Article 3 of the Treaty on the Union applies.", [("Article 3", "art. 3", None)]),
        ("Article 3 of the Agreement applies.", [("Article 3", "art. 3", "Article 3")]),
        ("GATT Article 3 applies.", [("Article 3", "art. 3", None)]),
        ("Article 3 and 10 lorries.", [("Article 3", "art. 3", "Article 3")]),
        ("В соответствии с пунктом 2 статьи 1.", [("пунктом 2 статьи 1", "art. 1(2)", "2. Fees are:")]),
        ("Согласно статье 3 настоящего Соглашения.", [("статье 3", "art. 3", "Article 3")]),
        ("Согласно статье 3 Венской конвенции.", [("статье 3", "art. 3", None)]),
        ("Форма дана в приложении № 2.", [("приложении № 2", "annex 2", "Annex II")]),
        ("آرٹیکل 1 کی شق 2 کے تحت۔", [("آرٹیکل 1 کی شق 2", "art. 1(2)", "2. Fees are:")]),
        ("دفعہ ۳ دیکھیں۔", [("دفعہ ۳", "art. 3", "Article 3")]),
        ("The articles of clothing, part of the annex.", []),
    ],
)
def test_references(sentence: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert told(sentence) == expected


def test_another_agreement_goes_by_its_id() -> None:
    _, (first, second) = found("Under Article 5(2) of the QTTA and Articles 3 to 7 of the TIR Convention, goods pass.")
    assert (first.pinpoint, first.entity_id, first.target) == ("art. 5(2)", "agreement:qtta", None)
    assert (second.pinpoint, second.entity_id) == ("arts. 3–7", "agreement:tir")


def test_a_document_that_names_itself_is_meant() -> None:
    whole, (link,) = found(LAW.format(sentence="Article 3 of the QTTA applies."), frozenset({"agreement:qtta"}))
    assert whole[link.target :].startswith("Article 3") and link.entity_id is None


def test_outside_of_law_only_articles_are_references() -> None:
    assert told("", "Section 2 of the report, paragraph 3 and Part II say what Article 33 means.") == [
        ("Article 33", "art. 33", None)
    ]


def test_an_annexs_own_articles_go_first() -> None:
    text = "Article 1\n\nGoods.\n\nArticle 2\n\nFees.\n\nAnnex I\n\n"
    whole, (first, second) = found(text + "Article 1\n\nForms, see Article 1, and Article 2 of this Agreement.")
    assert whole[first.target :].startswith("Article 1\n\nForms")
    assert whole[second.target :].startswith("Article 2\n\nFees")


def test_the_agreement_in_a_protocol_is_the_main_one() -> None:
    body = "Article 1\n\nGoods.\n\nArticle 2\n\nFees.\n\nDone at Minsk on 26 May 1995.\n\nProtocol on Fees\n\n"
    whole, (first, second) = found(body + "Article 1\n\nArticle 1 of the Agreement and Article 1 of this Protocol.")
    assert first.target == 0
    assert whole[second.target :].startswith("Article 1\n\nArticle 1 of the")


@given(
    st.lists(
        st.sampled_from("Articles|Article|paragraph|of|(a)|5|3 to 7|, |and|Annex|II|this Article|статьи|.".split("|")),
        max_size=14,
    )
)
def test_spans_lie_in_the_text_without_overlap(words: list[str]) -> None:
    whole, links = found(LAW.format(sentence=" ".join(words) or "x"))
    done = 0
    for link in links:
        assert done <= link.start < link.end <= len(whole)
        assert link.target is None or 0 <= link.target < len(whole)
        done = link.end


@pytest.mark.parametrize(
    "piece", ["paragraph 1 of ", "Article 1, paragraph ", "Articles 1, ", "пункта 1 статьи 2, ", "Annex I, "]
)
def test_endless_chains_end(piece: str) -> None:
    whole, links = found("Article 1\n\n" + piece * 2000)
    assert all(link.start < link.end <= len(whole) for link in links)


HYPHENED = """
Статья 7

1. Стороны встречаются.

Статья 7-1

1. Сборы публикуются.

Статья 8

{sentence}

Статья 9

Товары проходят.
"""


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Согласно статье 7-1 сборы публикуются.", [("статье 7-1", "art. 7-1", "Статья 7-1")]),
        ("Согласно статье 7-9 настоящего Соглашения.", [("статье 7-9", "arts. 7–9", "Статья 7")]),
        ("Согласно статьям 7-9 товары проходят.", [("статьям 7-9", "arts. 7–9", "Статья 7")]),
        ("Согласно пунктам 1-2 статьи 7.", [("пунктам 1-2 статьи 7", "art. 7(1)–(2)", "Статья 7")]),
    ],
)
def test_a_hyphen_parts_an_inserted_article_s_number_or_a_range(sentence: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(sentence, HYPHENED) == expected


def test_an_annex_with_a_letter_is_not_the_annex_without() -> None:
    annexes = "ANNEX 5\n\nFees.\n\nANNEX 5-A\n\nForms.\n\nANNEX B-02\n\nPosts.\n"
    text = f"Article 1\n\nSee Annex 5-A and Annex B-02.\n\nArticle 2\n\nGoods pass.\n\n{annexes}"
    assert told("", text) == [("Annex 5-A", "annex 5-A", "ANNEX 5-A"), ("Annex B-02", "annex B-02", "ANNEX B-02")]
