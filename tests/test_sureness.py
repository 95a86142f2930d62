"""Why an answer is as sure as it is, in clauses that follow from the answer."""

from __future__ import annotations

import pytest

from kb.records import Answer, Citation, Conflict, DocumentSummary, Locator, Metadata, Statement, Understood
from tests.fake_library import MANIFEST
from web.sureness import why


def cited(marker: int, document: str = "d", ocr: float | None = None, **metadata: str) -> Citation:
    known = Metadata(**({"kind": "news", "publisher": "Dawn", "language": "en"} | metadata))
    return Citation(marker, "p", DocumentSummary(document, "u", known, "", 9, 1, 0), Locator(0, 4, ocr=ocr), "1995", "1995", "/")


def answer(*citations: Citation, emphasis=((0, 4),), kind: str = "date", language: str = "en", conflicts=()) -> Answer:
    statement = Statement("1995", tuple(one.marker for one in citations), "", emphasis)
    asked = Understood(language, kind, "a date", None, (), None)
    return Answer("q", "answered", 0.9, (statement,), citations, None, conflicts, (), (), MANIFEST, {}, {}, asked)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (answer(cited(1)), ("the sentence gives a date, as the question asks", "one document says so (news)")),
        (answer(cited(1), emphasis=()), ("one document says so (news)",)),
        (answer(cited(1, kind="")), ("the sentence gives a date, as the question asks", "one document says so")),
        (answer(cited(1), cited(2), emphasis=()), ("one document says so (news)",)),
        (answer(cited(1), cited(2, "e"), emphasis=()), ("2 documents say so",)),
        (answer(cited(1), cited(2, "e", publisher="KUN"), emphasis=()), ("2 documents say so, of 2 publishers",)),
        (
            answer(cited(1), cited(2, "e", publisher="KUN", kind="agreement"), emphasis=()),
            ("2 documents say so, of 2 publishers, among them an agreement",),
        ),
        (
            answer(cited(1), emphasis=(), conflicts=(Conflict("length", ()),)),
            ("one document says so (news)", "other sources give other values, side by side below"),
        ),
        (
            answer(cited(1, language="ur"), emphasis=()),
            ("one document says so (news)", "the question is in English and its source in Urdu, which is matched less surely"),
        ),
        (
            answer(cited(1, ocr=0.61), emphasis=()),
            ("one document says so (news)", "the page was read by OCR, at 61\u00a0%: compare it with its picture"),
        ),
        (answer(cited(1, ocr=0.99), emphasis=()), ("one document says so (news)",)),
    ],
)
def test_clauses(given, told):
    assert why(given) == told


def test_an_abstention_has_its_reason_instead():
    refused = Answer("q", "abstained", 0.1, (), (), "no", (), (), (), MANIFEST, {}, {})
    assert why(refused) == ()
