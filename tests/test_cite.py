import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.cite import QuoteMismatch, cite, source_link
from kb.records import Anchor, DocumentSummary, Locator, Metadata, Passage, Row

# Few sentences, often repeated: finding a quote again would give the wrong place; slicing does not.
SENTENCES = st.lists(
    st.sampled_from(["Terms apply.", "Goods pass free.", "Статья 5.", "معاہدہ۔", "Terms apply."]), min_size=1, max_size=12
)


def summary():
    return DocumentSummary("d", "docs/d", Metadata(title="D"), "text/plain", 0, 1, 0)


@given(SENTENCES, st.data())
def test_a_quote_is_the_documents_text_at_its_offsets(sentences, data):
    text = " ".join(sentences)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    passage = Passage("p", "d", 0, text[start:end], Locator(start, end), "en")
    a = data.draw(st.integers(0, end - start - 1))
    b = data.draw(st.integers(a + 1, end - start))
    citation = cite(1, passage, summary(), (a, b), text)
    assert text[citation.locator.start : citation.locator.end] == citation.quote == passage.text[a:b]
    assert citation.permalink == f"/documents/d?start={start + a}&end={start + b}#p"


def test_a_passage_that_is_not_the_documents_text_is_never_quoted():
    passage = Passage("p", "d", 0, "Terms apply.", Locator(0, 12), "en")
    with pytest.raises(QuoteMismatch, match="does not match the document's text; run `python -m ingest check`"):
        cite(1, passage, summary(), (0, 12), "Terms differ.")
    shifted = dataclasses.replace(passage, locator=Locator(1, 13))
    with pytest.raises(QuoteMismatch):
        cite(1, shifted, summary(), (0, 12), "Terms apply. Terms apply.")
    with pytest.raises(QuoteMismatch):
        cite(1, passage, summary(), (3, 3), "Terms apply.")


def test_a_quote_from_one_row_is_cited_by_that_row():
    text = "a: 1\nb: 2"
    rows = (Row(0, 4, "row 2"), Row(5, 9, "row 3"))
    passage = Passage("p", "d", 0, text, Locator(0, 9, pinpoint="rows 2–3"), "en", rows=rows)
    assert cite(1, passage, summary(), (5, 9), text).locator.pinpoint == "row 3"
    assert cite(1, passage, summary(), (0, 9), text).locator.pinpoint == "rows 2–3"


@pytest.mark.parametrize(
    ("span", "pinpoint"),
    [((0, 4), "art. 5(1)"), ((5, 9), "art. 5(2)"), ((6, 8), "art. 5(2)"), ((10, 14), "art. 5(3)"), ((0, 9), "art. 5(1)–(3)")],
)
def test_a_quote_from_one_paragraph_is_cited_by_that_paragraph(span, pinpoint):
    text = "One. Two. Six."
    anchors = (Anchor(0, "art. 5(1)"), Anchor(5, "art. 5(2)"), Anchor(10, "art. 5(3)"))
    passage = Passage("p", "d", 0, text, Locator(0, 14, pinpoint="art. 5(1)–(3)"), "en", anchors=anchors)
    assert cite(1, passage, summary(), span, text).locator.pinpoint == pinpoint


@pytest.mark.parametrize(
    ("url", "media_type", "quote", "link"),
    [
        ("https://a.org/x", "text/html", "Fees, low.", "https://a.org/x#:~:text=Fees%2C%20low."),
        ("https://a.org/x#top", "text/html", "co-op", "https://a.org/x#top:~:text=co%2Dop"),
        (
            "https://a.org/x",
            "text/html",
            "one two three four five six seven eight nine ten eleven",
            "https://a.org/x#:~:text=one%20two%20three%20four%20five,seven%20eight%20nine%20ten%20eleven",
        ),
        ("https://a.org/x.pdf", "application/pdf", "Fees", ""),
        ("javascript:alert(1)", "text/html", "Fees", ""),
        ("", "text/html", "Fees", ""),
    ],
)
def test_a_quote_at_its_public_source(url, media_type, quote, link):
    document = dataclasses.replace(summary(), metadata=Metadata(url=url), media_type=media_type)
    assert source_link(document, quote) == link
