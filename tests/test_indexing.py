"""Pages tell of a re-index that runs: with nothing published yet, and beside what is published."""

from __future__ import annotations

import json

import pytest

from kb.config import settings_from
from kb.run_log import finish_run, note_progress, start_run
from kb.staging import Staging
from tests.fake_library import app_over
from web.indexing import Indexing, indexing, last_run

PROGRESS = {"stage": "indexing", "files": 1200, "files_expected": 4000, "failures": 3, "embedded": 25000, "seconds_left": 415}


@pytest.fixture
def home(tmp_path):
    """Where the settings of app_over have KB_HOME."""
    return settings_from({}, tmp_path).home


@pytest.fixture
def running(home):
    """A re-index that holds the writer's lock."""
    with Staging(home) as staging:
        run = start_run(staging.connection, "2026-11-25T20:00:00Z")
        note_progress(staging.connection, run, PROGRESS)
        yield staging.connection, run


def test_a_run_is_told_while_it_holds_the_lock(home, running):
    told = indexing(home)
    assert told == Indexing("reading the files and embedding their passages", 1200, 4000, 25000, 3, "about 7 minutes")
    finish_run(
        *running, "finished", "2026-11-25T21:00:00Z", json.dumps({"failures": [{"uri": "a", "stage": "read", "reason": "b"}]})
    )
    assert indexing(home) is None
    last = last_run(home)
    assert last is not None and (last.day, last.state, last.failures) == ("25 November 2026", "finished", 1)


def test_a_killed_run_is_none(home):
    with Staging(home) as staging:
        start_run(staging.connection, "2026-11-25T20:00:00Z")
    assert indexing(home) is None
    last = last_run(home)
    assert last is not None and last.state == "killed"


def test_a_run_of_which_nothing_is_known_yet(home):
    with Staging(home) as staging:
        start_run(staging.connection, "2026-11-25T20:00:00Z")
        assert indexing(home) == Indexing("beginning", 0, 0, 0, 0, "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "less than a minute"), (60, "about 1 minute"), (3000, "about 50 minutes"), (7300, "about 2 hours")],
)
def test_time_in_words(home, running, seconds, words):
    note_progress(*running, PROGRESS | {"seconds_left": seconds})
    told = indexing(home)
    assert told is not None and told.left == words


def test_there_is_no_store(home):
    assert indexing(home) is None and last_run(home) is None


def test_with_nothing_published_the_page_shows_how_far_the_first_run_is(tmp_path, running):
    app, library = app_over(tmp_path, published=False)
    page = app.test_client().get("/?q=signed")
    assert page.status_code == 503 and "1,200 of 4,000 files" in page.text and "about 7 minutes left" in page.text
    assert '<progress value="1200" max="4000"' in page.text and 'http-equiv="refresh" content="30"' in page.text
    library.published = True
    home_page = app.test_client().get("/")
    assert home_page.status_code == 200 and "A re-index is running" in home_page.text and "ETag" not in home_page.headers
    about = app.test_client().get("/about")
    assert "A re-index is running" in about.text and "ETag" not in about.headers
