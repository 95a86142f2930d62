"""Counts of what can be filtered: over all that is published, and over what a question found; the answer in two steps."""

from __future__ import annotations

import dataclasses
from itertools import islice

import pytest

from kb.errors import BadRequest
from kb.records import Answer, Filters, SearchPage
from tests.test_reindex import Bench

FRONT = (
    "---\ntitle: {title}\nkind: {kind}\npublisher: {publisher}\npublished: {published}\nlanguage: en\ncountries: [{countries}]\n"
    "---\n\n"
)
DOCUMENTS = {
    "casa.md": (
        ("Power", "agreement", "Ministry", "2016-05-12", "PK, TJ"),
        "The CASA-1000 line is 1,387 km long. It reaches Pakistan.",
    ),
    "news.md": (("Lines", "news", "Dawn", "2021", "PK"), "CASA-1000 and TAPI were named in one speech about power lines."),
    "tapi.md": (("Gas", "news", "Dawn", "2021-07", "PK, TM"), "TAPI carries gas. The pipeline is 1,680 km long."),
    "plain.md": (("Undated", "", "", "", ""), "Nothing is said here about lines or power."),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("facets"))
    for name, (front, text) in DOCUMENTS.items():
        title, kind, publisher, published, countries = front
        head = FRONT.format(title=title, kind=kind, publisher=publisher, published=published, countries=countries)
        bench.write(name, head + text)
    bench.run()
    opened = bench.library()
    yield opened
    opened.close()


def test_all_that_is_published_is_counted_the_most_frequent_first(library):
    facets = library.facets()
    assert list(facets.kind.items()) == [("news", 2), ("agreement", 1)]
    assert facets.publisher == {"Dawn": 2, "Ministry": 1}
    assert facets.year == {"2021": 2, "2016": 1}
    assert facets.project == {"CASA-1000": 2, "TAPI": 2}
    assert facets.country["PK"] == 3


@pytest.mark.parametrize("filters", [Filters(), Filters(kind=("news",)), Filters(entity=("TAPI",)), Filters(date_to="2020")])
def test_what_a_question_found_is_counted_over_every_page_of_it(library, filters):
    page = library.search("How long is the line?", filters, 1)
    found, hits = page.found, list(page.items)
    while page.next:
        page = library.search("How long is the line?", filters, 1, int(page.next))
        hits += page.items
        assert page.found == found
    documents = {hit.document.id: hit.document.metadata for hit in hits}
    assert (found.passages, found.documents) == (len(hits), len(documents))
    for kind, n in found.facets.kind.items():
        assert n == sum(metadata.kind == kind for metadata in documents.values())
    for country, n in found.facets.country.items():
        assert n == sum(country in metadata.countries for metadata in documents.values())
    assert sum(found.facets.year.values()) == sum(bool(metadata.published) for metadata in documents.values())
    assert all(n <= len(documents) for n in found.facets.project.values())


@pytest.mark.parametrize(
    ("entity", "titles"),
    [
        (("CASA-1000",), {"Power", "Lines"}),
        (("project:tapi",), {"Gas", "Lines"}),
        (("КАСА-1000",), {"Power", "Lines"}),
        (("CASA-1000", "TAPI"), {"Power", "Lines", "Gas"}),
        (("CPEC",), set()),
    ],
)
def test_documents_are_narrowed_to_those_that_mention_a_name(library, entity, titles):
    filters = Filters(entity=entity)
    assert {one.metadata.title for one in library.documents(filters).items} == titles
    assert {hit.document.metadata.title for hit in library.search("power lines", filters, 50).items} == titles


def test_a_name_that_nobody_has_is_an_error(library):
    with pytest.raises(BadRequest, match="unknown entity 'Atlantis'"):
        library.search("power", Filters(entity=("Atlantis",)))


def test_the_newest_have_a_date_and_come_in_its_order(library):
    assert [one.metadata.title for one in library.newest(2)] == ["Gas", "Lines"]
    assert "Undated" not in [one.metadata.title for one in library.newest(10)]


def test_the_two_steps_are_the_answer(library):
    first, last = library.asking("How long is the CASA-1000 line?", n=2)
    assert isinstance(first, SearchPage) and isinstance(last, Answer)
    whole = library.ask("How long is the CASA-1000 line?", n=2)
    assert dataclasses.replace(last, timings_ms={}) == dataclasses.replace(whole, timings_ms={})
    assert first.items == whole.nearest and first.found.passages >= 2


def test_quotes_are_had_without_the_model_that_writes(library, monkeypatch):
    monkeypatch.setattr(library, "_written", None)  # calling it would fail
    quoted = library.quoted("How long is the CASA-1000 line?")
    assert quoted.statements and quoted.generated is None


def test_a_wrong_question_is_told_before_anything_is_shown(library):
    with pytest.raises(BadRequest):
        library.asking(" ")


def test_nobody_judges_for_who_goes_away_after_the_first_step(library, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("judged")

    monkeypatch.setattr("kb.library.Judge", never)
    steps = library.asking("How long is the CASA-1000 line?")
    assert [type(step) for step in islice(steps, 1)] == [SearchPage]
