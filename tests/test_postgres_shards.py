"""A collection divided among servers: parts that fail are told, parts that come back are used, and publishing is whole or not."""

import dataclasses
import json
import time

import psycopg
import pytest

from kb import faults
from kb import library as kb_library
from kb.__main__ import main as kb
from kb.errors import IndexStale, NotFound, PartMissing, StoreUnavailable
from kb.findings import Checked
from kb.library import Library
from kb.postgres_check import checked
from kb.postgres_export import export_of
from kb.postgres_publish import mirror
from kb.records import Filters
from kb.rollback import roll_back
from kb.staging import Staging
from tests.fakes import FakeEncoder
from tests.postgres_made import identity, schemas, settings_of, staged_and_published
from tests.records_made import staged
from web import create_app

FIRST, SECOND = "d0", "d2"  # documents of the first and of the second part, of two
FILLERS = ("d1", "d7", "d3", "d4")  # two of each: the best sentence is judged beside others
TRANSIT, CUSTOMS = "When was the transit agreement signed?", "When was the customs agreement signed?"


def said(year: int) -> list:
    return [
        staged(FIRST, f"The transit agreement was signed in Tashkent on 15 July {year}."),
        staged(SECOND, f"The customs agreement was signed in Karachi on 3 May {year}."),
        *(staged(name, f"A railway of {length} km was built in {year}.") for length, name in enumerate(FILLERS, 20)),
    ]


@pytest.fixture
def encoder():
    return FakeEncoder()


@pytest.fixture
def addresses(servers, others):
    """(primary, standby) of each of two parts."""
    return servers.database(), others.database()


@pytest.fixture
def settings(addresses, tmp_path):
    return settings_of(tmp_path, " ".join(primary for primary, _ in addresses))


@pytest.fixture
def library(settings, encoder):
    opened = Library(settings, lambda: encoder, identity(encoder))
    yield opened
    opened.close()


def waited_for(true):
    """A part that came back is used, within seconds where nothing else is going on."""
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_a_part_that_is_killed_is_missing_from_answers_that_say_so_until_it_is_back(
    others, settings, library, encoder, monkeypatch, capsys
):
    staged_and_published(settings, said(2021), encoder)
    assert "2021" in library.ask(CUSTOMS).text
    whole = library.documents(Filters())
    web = create_app(library, settings).test_client()
    tag = web.get("/", query_string={"q": TRANSIT}).headers.get("ETag")
    assert tag
    others.kill("primary")
    try:
        answer = library.ask(TRANSIT)
        assert ("2021" in answer.text, answer.index.partial, answer.index.stale) == (True, True, False)
        none = library.ask(CUSTOMS)
        assert (none.status, none.index.missing) == ("abstained", answer.index.missing)
        assert "could not be searched" in none.reason
        assert library.documents(Filters()) == whole
        assert library.entities() and library.facets().kind
        assert library.document(f"id-{FIRST}").text
        for call, name in ((library.document, f"id-{SECOND}"), (library.passages, f"id-{SECOND}"), (library.passage, "nonesuch")):
            with pytest.raises(PartMissing, match="does not answer"):
                call(name)
        with pytest.raises(NotFound):
            library.document("id-nonesuch")
        _told_by_the_web(web)
        _told_by_the_command(settings, library, monkeypatch, capsys)
        with pytest.raises(StoreUnavailable):
            staged_and_published(settings, said(2022), encoder)
        with pytest.raises(StoreUnavailable):
            export_of(settings, settings.home.parent / "out")
    finally:
        others.start("primary")
    waited_for(lambda: not library.ask(CUSTOMS).index.partial)
    assert "2021" in library.ask(CUSTOMS).text
    assert web.get("/readyz").json["partial"] is False
    assert web.get("/", query_string={"q": TRANSIT}).headers.get("ETag")
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    assert "2022" in library.ask(CUSTOMS).text


def _told_by_the_web(web):
    for language, words in (("en", "could not be searched"), ("ru", "недоступна для поиска"), ("ur", "تلاش نہ ہو سکی")):
        for question in (TRANSIT, CUSTOMS):
            page = web.get("/", query_string={"q": question}, headers={"Accept-Language": language})
            assert words in page.get_data(as_text=True)
            assert ("ETag" in page.headers, page.headers["Cache-Control"]) == (False, "no-store")
    for index in (
        web.post("/api/v1/ask", json={"question": TRANSIT}).json["index"],
        web.get("/api/v1/search", query_string={"q": TRANSIT}).json["index"],
        web.get("/readyz").json,
    ):
        assert (index["partial"], len(index["missing"]), index["stale"]) == (True, 1, False)
    assert web.get(f"/documents/id-{SECOND}").status_code == 503
    assert web.get(f"/documents/id-{FIRST}").status_code == 200
    assert web.get("/documents").status_code == 200
    assert web.get("/documents/id-nonesuch").status_code == 404


def _told_by_the_command(settings, library, monkeypatch, capsys):
    monkeypatch.setenv("KB_HOME", str(settings.home))
    monkeypatch.setattr(kb_library.Library, "open", classmethod(lambda cls, settings: library))
    assert kb(["ask", CUSTOMS]) == 1
    shown = capsys.readouterr()
    assert "documents that could be searched do not say" in shown.out
    assert "does not answer" in shown.err
    assert kb(["search", TRANSIT, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["index"]["partial"]


def test_without_the_first_server_the_others_answer_and_say_that_they_may_be_old(servers, others, settings, library, encoder):
    staged_and_published(settings, said(2021), encoder)
    servers.kill("primary")
    try:
        answer = library.ask(CUSTOMS)
        assert ("2021" in answer.text, answer.index.partial, answer.index.stale) == (True, True, True)
        fresh = Library(settings, lambda: encoder, identity(encoder))
        assert "2021" in fresh.ask(CUSTOMS).text
        fresh.close()
        others.kill("primary")
        try:
            with pytest.raises(StoreUnavailable, match="no server of the store answers"):
                library.ask(CUSTOMS)
            app = create_app(library, settings).test_client()
            assert app.post("/api/v1/ask", json={"question": CUSTOMS}).status_code == 503
        finally:
            others.start("primary")
    finally:
        servers.start("primary")
    waited_for(lambda: library.info() == dataclasses.replace(answer.index, stale=False, missing=()))


def test_standbys_of_any_part_stand_in_for_it(servers, others, settings, addresses, encoder):
    mirrored = dataclasses.replace(settings, store_read=tuple(standby for _, standby in reversed(addresses)))
    staged_and_published(mirrored, said(2021), encoder)
    servers.caught_up()
    others.caught_up()
    library = Library(mirrored, lambda: encoder, identity(encoder))
    others.kill("primary")
    try:
        answer = library.ask(CUSTOMS)
        assert ("2021" in answer.text, answer.index.partial, answer.index.stale) == (True, False, False)
        notes = checked(mirrored, Checked()).notes
        assert len(notes) == 2
    finally:
        others.start("primary")
        library.close()
    assert sum("up to date" in note for note in checked(mirrored, Checked()).notes) == 2


def test_a_server_that_hangs_does_not_hold_an_answer(others, settings, library, encoder, monkeypatch):
    staged_and_published(settings, said(2021), encoder)
    assert not library.ask(TRANSIT).index.partial
    shards = library._source._shards
    shards.limit = 5.0  # the other part has to answer within it, on any machine
    shards.shards[1]._patience = 4.0
    with others.paused("primary"):
        assert "2021" in (answer := library.ask(TRANSIT)).text  # it would wait for ever
        assert answer.index.partial
    waited_for(lambda: not library.ask(CUSTOMS).index.partial)


def test_servers_in_another_order_or_number_are_refused(settings, encoder, tmp_path):
    staged_and_published(settings, said(2021), encoder)
    first, second = settings.stores
    for named, words in (
        (f"{second} {first}", "part 2/2 of the collection, KB_STORE names it as part 1/2"),
        (first, "part 1/2 of the collection, KB_STORE names it as part 1/1"),
        (second, "part 2/2"),
        (f"{first} {first}", "part 1/2 of the collection, KB_STORE names it as part 2/2"),
        (f"{first} {second} {second}", "names it as part 1/3"),
    ):
        library = Library(dataclasses.replace(settings, store=named), lambda: encoder, identity(encoder))
        with pytest.raises(IndexStale, match=words):
            library.ask(TRANSIT)
        library.close()


@pytest.mark.parametrize("step", ["postgres loaded", "postgres parts committed", "postgres switched"])
def test_a_publish_that_is_cut_mixes_nothing_and_the_next_completes_it(settings, library, encoder, monkeypatch, step):
    staged_and_published(settings, said(2021), encoder)

    def cut(reached):
        if reached == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(faults, "reached", cut)
        with pytest.raises(KeyboardInterrupt):
            staged_and_published(settings, said(2022), encoder)
    year = "2022" if step == "postgres switched" else "2021"
    for question in (TRANSIT, CUSTOMS):
        answer = library.ask(question)
        assert (year in answer.text, answer.index.partial) == (True, False)
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied == (step != "postgres switched")
        assert not mirror(settings, staging).copied
    for question in (TRANSIT, CUSTOMS):
        assert "2022" in library.ask(question).text
    assert schemas(settings.stores[0]) == schemas(settings.stores[1])
    assert not checked(settings, Checked()).findings


def test_a_server_that_lacks_the_generation_is_missing_and_gets_it_again(settings, library, encoder):
    for year in (2021, 2022):
        staged_and_published(settings, said(year), encoder)
    newest = max(schemas(settings.stores[1]))
    with psycopg.connect(settings.stores[1], autocommit=True) as server:
        server.execute("UPDATE wakhan.published SET number = number - 1")
        assert {one.code for one in checked(settings, Checked()).findings} == {"postgres-untold"}
        server.execute("DELETE FROM wakhan.generations WHERE number = (SELECT max(number) FROM wakhan.generations)")
        server.execute(f"DROP SCHEMA {newest} CASCADE".encode())
    fresh = Library(settings, lambda: encoder, identity(encoder))
    answer = fresh.ask(CUSTOMS)
    assert (answer.status, answer.index.partial) == ("abstained", True)
    with Staging(settings.home) as staging:
        assert mirror(settings, staging).copied
    assert schemas(settings.stores[0]) == schemas(settings.stores[1])
    waited_for(lambda: "2022" in fresh.ask(CUSTOMS).text)
    fresh.close()


def test_a_rollback_moves_all_servers_and_old_generations_go(settings, library, encoder):
    for year in range(2018, 2023):
        staged_and_published(settings, said(year), encoder)
    assert [len(schemas(address)) for address in settings.stores] == [3, 3]
    with Staging(settings.home) as staging:
        roll_back(staging)
        assert not mirror(settings, staging).copied
    for question in (TRANSIT, CUSTOMS):
        answer = library.ask(question)
        assert (answer.index.generation, "2021" in answer.text) == (4, True)
