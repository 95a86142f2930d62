"""How much one address may ask: questions and pictures are counted, pages are not, and a refusal says how long to wait."""

from __future__ import annotations

import pytest

from kb.config import settings_from
from tests.fake_library import FakeLibrary, app_over
from web import create_app, limits


@pytest.fixture
def few(monkeypatch):
    rules = [limits.Rule(rule.name, "2/minute", "4/minute", rule.endpoints, rule.counts) for rule in limits.RULES]
    monkeypatch.setattr(limits, "RULES", rules)


@pytest.fixture
def client(few, tmp_path):
    client = app_over(tmp_path)[0].test_client()
    client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    return client


def statuses(client, paths, **more):
    return [client.get(path, **more).status_code for path in paths]


def test_questions_are_counted_together_and_pages_are_not(client):
    assert statuses(client, ["/", "/documents", "/documents/d1"] * 3) == [200] * 9
    assert statuses(client, ["/?q=signed", "/api/v1/search?q=signed"]) == [200, 200]
    assert client.post("/api/v1/ask", json={"question": "signed"}).status_code == 429
    assert statuses(client, ["/?q=signed", "/", "/about"]) == [429, 200, 200]


def test_a_refusal_says_how_long_to_wait_in_words_and_to_programs(client):
    statuses(client, ["/?q=a", "/?q=b"])
    page = client.get("/?q=c&country=UZ")
    assert page.status_code == 429 and 1 <= int(page.headers["Retry-After"]) <= 61
    assert "One moment, please" in page.text and f"in {page.headers['Retry-After']} second" in page.text
    assert 'href="/?q=c&amp;country=UZ"' in page.text and "ETag" not in page.headers
    told = client.get("/api/v1/search?q=c")
    assert told.content_type == "application/problem+json" and told.json["status"] == 429
    assert "asked more than" in told.json["detail"] and int(told.headers["Retry-After"]) >= 1


def test_pictures_have_a_count_of_their_own(client):
    assert statuses(client, ["/documents/d1/pages/1.png"] * 3) == [200, 200, 429]
    assert statuses(client, ["/?q=signed"]) == [200]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("", "", True),
    ],
)
def test_who_is_counted_as_one(client, first, second, together):
    assert statuses(client, ["/?q=a", "/?q=b"], environ_base={"REMOTE_ADDR": first}) == [200, 200]
    assert statuses(client, ["/?q=c"], environ_base={"REMOTE_ADDR": second}) == [429 if together else 200]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_programs_of_this_machine_may_ask_more(client, address):
    here = {"REMOTE_ADDR": address}
    assert statuses(client, ["/?q=a"] * 5, environ_base=here) == [200, 200, 200, 200, 429]
    assert statuses(client, ["/?q=a"] * 3) == [200, 200, 429]


def test_what_measures_the_server_goes_without(few, tmp_path):
    client = create_app(FakeLibrary(tmp_path), settings_from({}, tmp_path), limited=False).test_client()
    assert set(statuses(client, ["/?q=a"] * 5)) == {200}


def test_every_rule_is_of_views_that_are_there(tmp_path):
    views = app_over(tmp_path)[0].view_functions
    assert all(endpoint in views for rule in limits.RULES for endpoint in rule.endpoints)
