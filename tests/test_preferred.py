"""Date and authority of a source decide between near passages only where the question asks for them."""

import pytest

from kb.preferred import Preference, preference, preferred
from kb.records import DocumentSummary, Metadata


@pytest.mark.parametrize(
    ("question", "newest", "official"),
    [
        ("What is the latest cost of CASA-1000?", True, False),
        ("Who is currently the minister of commerce?", True, False),
        ("Каковы последние данные о торговле?", True, False),
        ("تجارت کے تازہ ترین اعداد و شمار کیا ہیں؟", True, False),
        ("What does the official text say of permits?", False, True),
        ("Каков срок согласно соглашению?", False, True),
        ("What is the latest official figure?", True, True),
        ("When was the AUPTT signed?", False, False),
        ("What was traded last year?", False, False),
        ("Какой была последняя станция?", False, False),
    ],
)
def test_what_a_question_prefers(question, newest, official):
    assert preference(question) == Preference(newest, official)


def document(day, kind):
    return DocumentSummary("d", "d", Metadata(title="d", kind=kind, published=day), "text/plain", 0, 1, 0)


DOCUMENTS = [
    document("2019", "agreement"),
    document("2024-03-01", "news"),
    document("", "policy_paper"),
    document("2021", "official"),
]


def test_newest_goes_by_date_and_no_date_comes_last():
    found = preferred(Preference(True, False), DOCUMENTS)
    assert sorted(range(4), key=lambda n: -found[n]) == [1, 3, 0, 2]
    assert max(found) == 1 and min(found) == 0


def test_official_goes_by_kind():
    found = preferred(Preference(False, True), DOCUMENTS)
    assert found[0] > found[3] > found[2] > found[1] >= 0


def test_both_are_halves_and_without_a_wish_nothing_is_preferred():
    assert all(0 <= one <= 1 for one in preferred(Preference(True, True), DOCUMENTS))
    assert preferred(Preference(False, False), DOCUMENTS) == [0] * 4
