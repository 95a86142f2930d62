"""Lists in five orders, what documents speak of, and what is kept of a generation."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import browse
from kb.catalogue_records import SORTS, Listing
from kb.config import settings_from
from kb.connections import connect_reader
from kb.errors import BadRequest, Gone, NotFound
from kb.generations import publish, vector_model
from kb.library import Library
from kb.mentioned import mentioned, says_something
from kb.migrations import MIGRATIONS, migrate
from kb.records import Filters, Mention
from kb.staging import STORE_FILE, Staging
from kb.store import document as stored
from tests.fakes import FakeEncoder
from tests.records_made import staged

MODEL = ("fake", "fake-digest")


def published(home, *items) -> None:
    with Staging(home) as staging:
        for item in items:
            staging.replace_source(item.document.source_uri, [item])
        model = vector_model(*MODEL)
        missing = staging.missing_vectors(model, 1000)
        staging.add_vectors(model, [(one.key, np.ones(4, np.float32) / 2, b"codes") for one in missing])
        publish(staging, *MODEL)


def library(home) -> Library:
    return Library(settings_from({"KB_HOME": str(home)}, home), FakeEncoder, MODEL)


def walked(connection, sort: str, n: int) -> tuple[list[str], list[str]]:
    """Ids by turning forward, and by turning back from the end."""
    forward, back, cursor = [], [], ""
    while True:
        found = browse.documents(connection, 1, Filters(), Listing(n, cursor, sort), 0)
        forward += [one.id for one in found.items]
        last = found
        if found.next is None:
            break
        cursor = found.next
    back = [one.id for one in last.items]
    while last.previous is not None:
        last = browse.documents(connection, 1, Filters(), Listing(n, last.previous, sort), 0)
        back = [one.id for one in last.items] + back
    return forward, back


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    home = tmp_path_factory.mktemp("mixed")
    kinds, dates = ("news", "agreement", ""), ("2021", "2020-05-02", "", "2021-07")

    def facts(i: int) -> dict[str, str]:
        place = {"title": f"T{i % 3}", "kind": kinds[i % 3], "published": dates[i % 4]}
        return place | {"publisher": "PQ"[i % 2] * (i % 3)}

    items = [staged(f"n{i}", f"Uzbekistan {i} " * 9, **facts(i)) for i in range(11)]
    published(home, *items)
    return home


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("n", [1, 3, 4, 50])
def test_turning_forward_and_back_meets_each_document_once_in_one_order(mixed, sort, n):
    with closing(connect_reader(mixed / STORE_FILE)) as connection:
        forward, back = walked(connection, sort, n)
        whole = [one.id for one in browse.documents(connection, 1, Filters(), Listing(50, "", sort), 11).items]
    assert forward == back == whole and len(set(whole)) == 11


def test_orders_are_what_their_names_say(mixed):
    found = {sort: [one.metadata for one in library(mixed).documents(sort=sort).items] for sort in SORTS}
    assert [one.title for one in found["title"]] == sorted(one.title for one in found["title"])
    dates = [one.published for one in found["date"]]
    assert dates.index("2021-07") < dates.index("2020-05-02") < dates.index("") and dates[-1] == ""
    publishers = [one.publisher for one in found["publisher"]]
    assert publishers[-1] == "" and publishers == sorted(publishers, key=lambda one: (one == "", one))


@pytest.mark.parametrize("cursor", ["x", "[]", "[1,2]", '["a"]', '["a",1]', "-", '-["a"]', "[" * 5000])
def test_a_cursor_of_another_order_is_refused(mixed, cursor):
    with pytest.raises(BadRequest, match="cursor"):
        library(mixed).documents(cursor=cursor)
    with pytest.raises(BadRequest, match="known are title"):
        library(mixed).documents(sort="size")


@pytest.mark.parametrize("sort", SORTS)
def test_a_list_walks_the_index_of_its_order_and_sorts_nothing(mixed, sort):
    asked: list[str] = []
    with closing(connect_reader(mixed / STORE_FILE)) as connection:
        connection.set_trace_callback(asked.append)
        browse.documents(connection, 1, Filters(kind=("news",), entity=("Q265",)), Listing(3, "", sort), 4)
        connection.set_trace_callback(None)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    assert any(f"documents_by_{sort}" in step for step in plan) and not any("TEMP B-TREE" in step for step in plan)


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["Q1", "Q2", None])), max_size=30))
@settings(deadline=None)
def test_all_mentions_are_counted_and_the_passage_holds_one(found):
    mentions = [Mention(entity, "GPE", "Name", start, start + 1) for start, entity in found]
    places = [(0, 40, True), (50, 100, False)]
    rows = mentioned("A title", places, mentions)
    assert sum(row.mentions for row in rows) == sum(entity is not None for _, entity in found)
    for row in rows:
        starts = [start for start, entity in found if entity == row.entity_id]
        if row.ordinal is None:
            assert all(40 <= start < 50 for start in starts)
        else:
            assert any(places[row.ordinal][0] <= start < places[row.ordinal][1] for start in starts)


def test_a_passage_about_a_name_stands_before_one_that_lists_it():
    text = Mention
    about = [text("Q1", "GPE", "X", at, at + 1) for at in (0, 5, 9)]
    among = [text(other, "GPE", "Y", 60 + at, 61 + at) for at, other in enumerate(("Q1", "Q2", "Q3", "Q4"))]
    (row,) = [row for row in mentioned("", [(0, 50, True), (50, 120, True)], about + among) if row.entity_id == "Q1"]
    assert (row.ordinal, row.mentions) == (0, 4)
    titled = mentioned("All of Y", [(50, 120, True)], among)
    assert all(row.focus > 4 for row in titled)


@pytest.mark.parametrize(
    ("text", "section", "says"),
    [
        ("The line is " + "long " * 30, (), True),
        ("Short.", (), False),
        ("The line is " + "long " * 30, ("Sources",), False),
        ("See https://example.org/ " + "and so on " * 12, (), False),
        ("Period: 2021; Exports: 5 million; Note: none of the sources gives more than this one figure here\n" * 2, (), False),
    ],
)
def test_lists_and_rows_do_not_stand_for_a_document(text, section, says):
    assert says_something(text, section) is says


def test_a_name_has_its_documents_years_passages_and_company(tmp_path):
    casa = staged("casa", "CASA-1000 brings power from Tajikistan to Pakistan. " * 3, published="2019-04")
    extra = (Mention("project:casa-1000", "PROJECT", "CASA-1000", 0, 9), Mention("Q863", "GPE", "Tajikistan", 28, 38))
    casa = dataclasses.replace(casa, mentions=extra)
    other = dataclasses.replace(staged("other", "CASA-1000 and Tajikistan. " * 5, published=""), mentions=extra)
    published(tmp_path, casa, other, staged("third", "Uzbekistan alone. " * 6))
    books = library(tmp_path)
    detail = books.entity("project:casa-1000")
    assert (detail.count.documents, detail.count.mentions, detail.entity.name) == (2, 2, "CASA-1000")
    assert [(year.year, year.documents) for year in detail.years] == [("", 1), ("2019", 1)]
    assert [one.entity.name for one in detail.related] == ["Tajikistan"]
    assert {one.document.id for one in detail.speaking} == {"id-casa", "id-other"}
    assert books.entity("project:tapi").count.documents == 0
    assert [one.id for one in books.documents(Filters(entity=("CASA-1000",))).items] == ["id-casa", "id-other"]
    assert {one.name: one.mentions for one in books.entities_of("id-casa")} == {"CASA-1000": 1, "Tajikistan": 1}
    assert {one.type for one in books.entities(kind="project")} == {"project"} and len(books.entities()) == 3
    with pytest.raises(NotFound, match="no name has the id"):
        books.entity("Q0")
    books.close()


def test_what_is_taken_out_is_gone_and_counts_follow_the_generation(tmp_path):
    published(tmp_path, staged("a", "Uzbekistan and more. " * 5), staged("b", "Uzbekistan and more still. " * 5))
    books = library(tmp_path)
    assert books.entity("Q265").count.documents == books.documents().total == 2
    assert books.document("id-a") is books.document("id-a")
    with Staging(tmp_path) as staging:
        staging.replace_source("docs/a", [])
        assert books.entity("Q265").count.documents == books.documents().total == 2  # staged, not published
        publish(staging, *MODEL)
    assert books.entity("Q265").count.documents == books.documents().total == len(books.entity("Q265").speaking) == 1
    with pytest.raises(Gone, match="taken out of the collection with generation 2"):
        books.document("id-a")
    with pytest.raises(NotFound, match="no document has the id"):
        books.document("id-c")
    books.close()


def test_a_document_is_among_those_of_its_projects_whether_it_names_them_or_not(tmp_path):
    told = staged("a", "Uzbekistan trades.", projects=("CASA-1000", "Visa policy"), sources=("https://example.org/1",))
    published(tmp_path, told, staged("b", "Uzbekistan trades, too."))
    books = library(tmp_path)
    filed = Filters(entity=("CASA-1000",))
    assert [one.id for one in books.documents(filed).items] == ["id-a"]
    assert books.facets().project == {"CASA-1000": 1}
    assert (books.entity("project:casa-1000").count.documents, books.entity("project:casa-1000").count.mentions) == (1, 0)
    assert books.entity("project:casa-1000").speaking == ()
    assert [one.name for one in books.entities_of("id-a")] == ["Uzbekistan"]  # what it speaks of
    (listed,) = books.documents(filed).items
    whole = books.document("id-a").metadata
    assert listed.metadata.projects == whole.projects == ("CASA-1000", "Visa policy")
    assert (listed.metadata.sources, whole.sources) == ((), ("https://example.org/1",))
    books.close()


def test_a_store_of_before_gets_what_its_documents_speak_of(tmp_path):
    published(tmp_path, staged("a", "Uzbekistan is told of at length here. " * 3))
    path = tmp_path / STORE_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        made = connection.execute("SELECT * FROM document_entities").fetchall()
        for name in ("title", "date", "kind", "publisher", "added"):
            connection.execute(f"DROP INDEX documents_by_{name}")
        for name in ("documents_from", "documents_to", "document_countries_country"):
            connection.execute(f"DROP INDEX {name}")
        connection.execute("DROP TABLE document_entities")
        connection.execute("CREATE INDEX documents_title ON documents (title, id)")
        step = next(number for number, one in enumerate(MIGRATIONS) if one.__name__ == "_browsing")
        MIGRATIONS[step](connection)
        assert connection.execute("SELECT * FROM document_entities").fetchall() == made and len(made) == 1
        assert stored(connection, 1, "id-a").id == "id-a"
        migrate(connection)
