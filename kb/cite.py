"""Citations: a quote is a slice of the document, and is checked to be one whenever an answer is made."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote as quoted

from kb.errors import KnowledgeBaseError
from kb.records import Citation, Document, DocumentSummary, Locator, Passage

FRAGMENT_WORDS = 5  # enough to tell a sentence from others, few enough to stand on one line of the page


class QuoteMismatch(KnowledgeBaseError):
    """A quote is not the document's text at its place: the store is damaged, and nothing may be shown from it."""


def cite(marker: int, passage: Passage, document: DocumentSummary, span: tuple[int, int], text: str) -> Citation:
    """Cite `passage.text[span[0]:span[1]]`; `text` is the whole document's. A quote from one row of a table is cited by that row,
    one from a paragraph of law by that paragraph.

    Raises QuoteMismatch.
    """
    start, end = passage.locator.start + span[0], passage.locator.start + span[1]
    quote = passage.text[span[0] : span[1]]
    verify(quote, Locator(start, end), text, document.uri)
    return Citation(
        marker=marker,
        passage_id=passage.id,
        document=document,
        locator=replace(passage.locator, start=start, end=end, pinpoint=place_of(passage, start, end)),
        quote=quote,
        context=passage.text,
        permalink=permalink(document.id, passage.id, start, end),
    )


def place_of(passage: Passage, start: int, end: int) -> str | None:
    """The pinpoint of the quote at `[start, end)` of the document: its row's, its paragraph's, or the passage's."""
    row = next((row.place for row in passage.rows if row.start <= start and end <= row.end), "")
    anchors = [anchor for anchor in passage.anchors if anchor.start < end]
    within = [anchor.pinpoint for anchor in anchors if anchor.start <= start]
    if row or not within or anchors[-1].start > start:  # a quote that runs over several paragraphs is cited by all of them
        return row or passage.locator.pinpoint
    return within[-1]


def verify(quote: str, locator: Locator, text: str, uri: str) -> None:
    """`text[locator.start:locator.end] == quote`, or QuoteMismatch."""
    if not quote or text[locator.start : locator.end] != quote:
        raise QuoteMismatch(
            f"the passage of {uri} at characters {locator.start}–{locator.end} does not match the document's text; "
            "run `python -m ingest check`, then `python -m ingest reindex --full`."
        )


def source_link(document: Document | DocumentSummary, quote: str) -> str:
    """Address of a quote in the public source, if that is a page of the web: browsers go to the text and mark it.

    "" for other documents. A long quote is given by its first and last words.
    """
    url = document.metadata.url
    if document.media_type != "text/html" or not url.startswith(("http://", "https://")) or not quote.strip():
        return ""
    words = quote.split()
    ends = (words[:FRAGMENT_WORDS], words[-FRAGMENT_WORDS:]) if len(words) > 2 * FRAGMENT_WORDS else (words,)
    text = ",".join(quoted(" ".join(part), safe="").replace("-", "%2D") for part in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={text}"


def permalink(document_id: str, passage_id: str, start: int, end: int) -> str:
    """Path of the document's page with the quote marked and scrolled to."""
    return f"/documents/{quoted(document_id)}?start={start}&end={end}#{quoted(passage_id)}"
