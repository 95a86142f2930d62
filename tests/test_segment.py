"""Passages: exact spans over documents that repeat themselves, structure kept, places named."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ingest.segment import LONGEST, MAX_CONTEXT, MAX_TOKENS, segment
from kb.evidence import statement_spans
from kb.records import Block, Metadata, Page, Parsed, Passage

Row = tuple[str, str]


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def parsed(rows: Sequence[Row], pages: Sequence[int] = (), title: str = "Title") -> Parsed:
    """Blocks of (kind, text), a blank line between; `pages` are offsets at which a new page begins."""
    text, blocks = "", []
    for kind, piece in rows:
        blocks.append(Block(kind, len(text), len(text) + len(piece), 2 if kind == "heading" else 0))
        text += piece + "\n\n"
    edges = [0, *sorted({edge for edge in pages if 0 < edge < len(text)}), len(text)]
    made = tuple(Page(n + 1, None if n else "i", low, high) for n, (low, high) in enumerate(itertools.pairwise(edges)))
    return Parsed(text, tuple(blocks), made if pages else (), Metadata(title=title), "test 1")


def cut(rows: Sequence[Row], pages: Sequence[int] = ()) -> tuple[Passage, ...]:
    return segment("doc", parsed(rows, pages), "en", words)


ROWS = st.sampled_from(
    [
        ("heading", "Article 1"),
        ("heading", "Article 2 Scope"),
        ("heading", "Overview"),
        ("paragraph", "Article 3"),
        ("paragraph", "Terms apply."),
        ("paragraph", "1. Terms apply. Terms apply. " * 40),
        ("paragraph", "(a) Terms apply; " * 300),
        ("paragraph", "x" * 900),
        ("list_item", "(b) Goods in transit."),
        ("table_row", "Rail | 5"),
        ("table_row", "Road | " + "7 " * 150),
        ("note", "See above."),
    ]
)


@given(st.lists(ROWS, max_size=14), st.lists(st.integers(1, 4000), max_size=4))
def test_spans_are_exact_cover_the_text_and_cross_nothing(rows: list[Row], pages: list[int]) -> None:
    document = parsed(rows, pages)
    passages = segment("doc", document, "en", words)
    covered: set[int] = set()
    for passage in passages:
        where = passage.locator
        assert document.text[where.start : where.end] == passage.text == passage.text.strip() != ""
        assert len(passage.context) <= MAX_CONTEXT
        assert words([passage.text])[0] <= LONGEST
        inside = [page for page in document.pages if page.start <= where.start and where.end <= page.end]
        assert [page.number for page in inside] == ([where.page] if document.pages else [])
        covered.update(range(where.start, where.end))
    for block in document.blocks:
        body = document.text[block.start : block.end]
        if block.kind != "heading" and body != "Article 3":
            missing = [at for at in range(block.start, block.end) if at not in covered and not document.text[at].isspace()]
            assert missing == []
    assert len({passage.id for passage in passages}) == len(passages)
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))


@given(st.lists(ROWS, max_size=10), ROWS.filter(lambda row: not row[1].startswith("Article")))
def test_an_id_outlives_what_is_added_behind(rows: list[Row], more: Row) -> None:
    kept = {passage.id for passage in cut([*rows, ("heading", "Overview"), ("paragraph", "End.")])[:-1]}
    longer = {
        passage.id for passage in cut([*rows, ("heading", "Overview"), ("paragraph", "End."), ("heading", "Overview"), more])
    }
    assert kept <= longer


def test_articles_are_never_joined_and_name_their_place() -> None:
    rows = [
        ("heading", "Article 1 Scope"),
        ("paragraph", "1. Goods in transit."),
        ("paragraph", "2. Vehicles."),
        ("heading", "Article 2"),
        ("heading", "Fees"),
        ("paragraph", "(a) None."),
    ]
    first, second = cut(rows)
    assert first.text == "1. Goods in transit.\n\n2. Vehicles."
    assert (first.locator.pinpoint, first.context) == ("art. 1(1)–(2)", "Title › Article 1 Scope")
    assert second.locator.section == ("Article 2", "Fees")
    assert second.locator.pinpoint == "art. 2(a)"


def test_headings_of_plain_text_count_and_a_preamble_encloses_nothing() -> None:
    rows = [
        ("paragraph", "PREAMBLE"),
        ("paragraph", "The Parties, wishing well,"),
        ("paragraph", "CHAPTER I GENERAL"),
        ("paragraph", "ARTICLE 1"),
        ("paragraph", "Goods move freely, as Article 5 says."),
    ]
    before, after = cut(rows)
    assert before.locator.pinpoint == "preamble"
    assert after.locator.section == ("CHAPTER I GENERAL", "ARTICLE 1")
    assert after.locator.pinpoint == "art. 1"


def test_a_long_paragraph_repeats_one_sentence() -> None:
    sentences = [f"Sentence {number} has exactly ten words in it, as they say." for number in range(60)]
    passages = cut([("paragraph", " ".join(sentences))])
    assert len(passages) > 2
    for before, after in itertools.pairwise(passages):
        assert before.text.endswith(after.text.split(". ")[0].removesuffix(".") + ".")
        assert words([before.text])[0] <= MAX_TOKENS


def test_pages_and_their_labels_are_exact() -> None:
    first, second = cut([("paragraph", "On one page. And on the next.")], [13])
    assert (first.text, first.locator.page, first.locator.page_label, first.locator.pinpoint) == ("On one page.", 1, "i", "p. i")
    assert (second.text, second.locator.page, second.locator.pinpoint) == ("And on the next.", 2, "p. 2")


def test_a_heading_without_text_can_be_found() -> None:
    assert [passage.text for passage in cut([("heading", "Alone"), ("heading", "Other"), ("paragraph", "Text.")])] == [
        "Alone",
        "Text.",
    ]


def test_later_rows_of_a_table_carry_its_header() -> None:
    rows = [("table_row", "Route | Days"), *[("table_row", f"Route {number} | " + "9 " * 40) for number in range(12)]]
    passages = cut(rows)
    assert len(passages) > 1
    assert passages[1].context == "Title › Route | Days"


def test_a_passage_in_another_script_has_its_own_language() -> None:
    russian = "Стороны обеспечивают свободу транзита товаров через свои территории для обеих стран."
    assert [passage.language for passage in cut([("paragraph", russian), ("heading", "B"), ("paragraph", "ШОС")])] == ["ru", "en"]


def test_a_sentence_without_end_is_cut_and_never_counted_whole() -> None:
    counted: list[int] = []

    def one_token_each(texts: Sequence[str]) -> list[int]:  # as a model counts letters that it does not know
        counted.append(sum(map(len, texts)))
        return [1] * len(texts)

    document = parsed([("paragraph", "\U00013000" * 3_000_000)])
    passages = segment("doc", document, "en", one_token_each)
    assert "".join(passage.text for passage in passages) == document.text.strip()
    assert max(len(passage.text) for passage in passages) <= LONGEST * 20
    assert sum(counted) == 3_000_000 and max(counted) < 1_100_000


def test_empty_document_has_no_passages() -> None:
    assert cut([]) == ()


def test_rows_with_places_are_kept_whole_and_lend_no_context() -> None:
    lines = [f"country: Tajikistan; period: Jan. The {year}; exports: {year}" for year in range(1990, 2030)]
    text, blocks = "", []
    for number, line in enumerate(lines, 2):
        blocks.append(Block("table_row", len(text), len(text) + len(line), 0, f"row {number}"))
        text += line + "\n"
    passages = segment("doc", Parsed(text, tuple(blocks), (), Metadata(title="Title"), "test 1"), "en", words)
    assert len(passages) > 1
    assert [row.place for passage in passages for row in passage.rows] == [block.place for block in blocks]
    for passage in passages:
        rows = passage.text.split("\n")
        assert [text[row.start : row.end] for row in passage.rows] == rows
        assert [passage.text[start:end] for start, end in statement_spans(passage)] == rows
        assert passage.context == "Title"
    assert passages[0].locator.pinpoint == f"rows 2–{len(passages[0].rows) + 1}"


def test_each_paragraph_of_a_passage_has_its_place() -> None:
    rows = [("heading", "Article 5"), ("paragraph", "1. One. More."), ("paragraph", "2. Two:"), ("list_item", "(a) six.")]
    (passage,) = cut(rows)
    assert passage.locator.pinpoint == "art. 5(1)–(2)"
    places = [(passage.text[anchor.start - passage.locator.start :][:2], anchor.pinpoint) for anchor in passage.anchors]
    assert places == [("1.", "art. 5(1)"), ("2.", "art. 5(2)"), ("(a", "art. 5(2)(a)")]
    assert cut([("paragraph", "One. Two.")])[0].anchors == ()
    assert [anchor.pinpoint for anchor in cut([("paragraph", "One."), ("paragraph", "Two.")])[0].anchors] == [
        "para. 1",
        "para. 2",
    ]


def test_a_preamble_and_a_closing_formula_without_headings_are_places() -> None:
    rows = [
        ("heading", "AGREEMENT"),
        ("paragraph", "The Parties, wishing to ease trade, have agreed as follows:"),
        ("paragraph", "Article 1. The Parties meet."),
        ("paragraph", "Done at Tashkent on 15 July 2021."),
    ]
    assert [(passage.locator.pinpoint, passage.locator.section[-1]) for passage in cut(rows)] == [
        ("preamble", "AGREEMENT"),
        ("art. 1", "Article 1"),
        ("closing formula", "AGREEMENT"),
    ]


def test_a_table_of_contents_is_text() -> None:
    contents = [("heading", f"Article {number} Scope") for number in (1, 2, 3)]
    rows = [*contents, *[row for heading in contents for row in (heading, ("paragraph", "Goods pass."))]]
    first, *rest = cut(rows)
    assert first.text == "Article 1 Scope\n\nArticle 2 Scope\n\nArticle 3 Scope"
    assert [passage.locator.pinpoint for passage in rest] == ["art. 1", "art. 2", "art. 3"]
