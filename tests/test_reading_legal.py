"""The twenty treaties: articles found in five forms, facts stated, headers that contradict; and speeches, which are no law."""

from pathlib import Path

import pytest

from benchmarks.reading_legal import FORMS, rows, total
from ingest.discovery import discover
from ingest.enrich import enrich
from ingest.readers import read_file

REAL = Path(__file__).parents[2] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (REAL / "treaties").is_dir(), reason="the real documents are not beside the project"),
]
FLOOR = 0.98
#: The date of signature in the header, and the one that the text's closing formula gives.
CONTRADICTING = {
    "pta_93_Kyrgyz_Republic_Moldova": ("1995-05-16", "1995-05-26"),
    "pta_97_Eurasian_Economic_Community_EAEC": ("1996-03-29", "1999-02-26"),
}


def test_articles_are_found_in_every_form_and_none_in_speeches() -> None:
    done = list(rows(REAL))
    for form in FORMS:
        all_of_it = total([row for row in done if row.expected], form)
        assert all_of_it.expected == 687
        assert min(all_of_it.precision, all_of_it.recall) >= FLOOR, (form, all_of_it)
    assert [row.found for row in done if not row.expected] == [0]


@pytest.mark.parametrize("folder", ["xml", "txt"])
def test_a_header_is_used_unless_the_text_contradicts_it(folder: str) -> None:
    for source in discover(REAL / "treaties" / folder, "treaties").files:
        if source.uri.endswith(".json"):
            continue
        (document,) = read_file(source)
        made = enrich(document, statistical=False)
        signed = {fact.value for fact in made.stated if fact.kind == "signed_on"}
        name = Path(source.path).stem
        if name in CONTRADICTING:
            wrong, right = CONTRADICTING[name]
            assert document.metadata.published == ""
            assert any(wrong in warning and right in warning for warning in document.warnings)
            assert made.metadata.published == right
        else:
            assert document.warnings == ()
            assert document.metadata.published in signed, name
        assert made.warnings == ()


def test_signatures_parties_and_entry_into_force_are_stated() -> None:
    with_fact = {"signed_on": 0, "signed_at": 0, "party": 0, "entry_into_force": 0, "language": 0}
    for source in discover(REAL / "treaties" / "xml", "treaties").files:
        (document,) = read_file(source)
        made = enrich(document, statistical=False)
        for fact in made.stated:
            assert document.text[fact.start : fact.end]
            if fact.kind in ("party", "entry_into_force", "duration"):
                assert document.text[fact.start : fact.end] == fact.value
        for kind in with_fact:
            with_fact[kind] += any(fact.kind == kind for fact in made.stated)
        for link in made.references:
            assert link.target is None or link.entity_id is None
    assert with_fact["signed_on"] == 20 and with_fact["signed_at"] >= 19
    assert with_fact["party"] >= 15 and with_fact["entry_into_force"] >= 19 and with_fact["language"] >= 19
