"""Validators by generation, and compressed bodies that hold the same."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from kb.errors import KnowledgeBaseError
from tests import fake_library
from tests.fake_library import app_over
from web import examples

PATHS = ("/", "/?q=signed", "/?q=many&next=10", "/about", "/documents", "/documents/d1", "/entities", "/api/v1/search?q=signed")


@pytest.fixture
def web(tmp_path):
    made = app_over(tmp_path)
    made[0].test_client().get("/")
    examples.of(made[0]).wait()  # the first screen is another once it has its examples
    return made


def again(client, path: str, tag: str) -> int:
    response = client.get(path, headers={"If-None-Match": tag})
    assert response.status_code != 304 or (response.data == b"" and response.headers["ETag"] == tag)
    return int(response.status_code)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_holds_until_the_next_generation(client, path, monkeypatch):
    response = client.get(path)
    assert response.status_code == 200 and response.text
    tag = response.headers["ETag"]
    assert tag.startswith('W/"') and "Cookie" in response.headers["Vary"]
    assert again(client, path, tag) == 304
    monkeypatch.setattr(fake_library, "MANIFEST", replace(fake_library.MANIFEST, generation=4, digest="other"))
    assert again(client, path, tag) == 200


@pytest.mark.parametrize("path", PATHS)
def test_nobody_keeps_a_page_that_says_it_may_be_old(client, path, monkeypatch):
    tag = client.get(path).headers["ETag"]
    with monkeypatch.context() as patch:
        patch.setattr(fake_library, "MANIFEST", replace(fake_library.MANIFEST, stale=True))
        response = client.get(path, headers={"If-None-Match": tag})
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
        assert "ETag" not in response.headers
    assert again(client, path, tag) == 304


def test_a_page_that_is_known_is_not_made(web, client):
    tag = client.get("/?q=signed").headers["ETag"]
    asked = len(web[1].asked)
    assert again(client, "/?q=signed", tag) == 304 and len(web[1].asked) == asked


def test_a_choice_makes_another_page(client):
    tag = client.get("/about").headers["ETag"]
    client.post("/preferences", data={"theme": "dark"})
    assert again(client, "/about", tag) == 200


def test_an_answer_that_failed_is_not_kept(web, client):
    web[1].failing = KnowledgeBaseError("the judge is away.")
    failed = client.get("/?q=signed")
    assert failed.status_code == 200 and "could not be judged" in failed.text and "The judge is away." in failed.text
    assert "Karachi" in failed.text  # the passages are there
    web[1].failing = None
    assert again(client, "/?q=signed", failed.headers["ETag"]) == 200


def test_what_nobody_foresaw_is_told_without_its_cause(web, client):
    web[1].failing = ValueError("secret path /home/x.py")
    shown = client.get("/?q=signed").text
    assert "could not be judged" in shown and "secret" not in shown and shown.rstrip().endswith("</html>")


@pytest.mark.parametrize("path", ["/documents/d9", "/?q=%00", "/nothing", "/healthz", "/metrics"])
def test_what_is_no_page_has_no_validator(client, path):
    assert "ETag" not in client.get(path).headers


@pytest.mark.parametrize("path", [*PATHS, "/documents/d9", "/api/v1/documents/d1"])
def test_compressed_bodies_hold_the_same(client, path):
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    if "/ask" not in path:
        assert gzip.decompress(packed.data) == plain.data


def test_small_bodies_and_pictures_are_left_as_they_are(client):
    for path in ("/healthz", "/documents/d1/pages/1.png", "/documents/d1/original"):
        with client.get(path, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.status_code == 200 and "Content-Encoding" not in response.headers


def test_a_page_that_breaks_while_it_is_sent_keeps_its_passages(web, client, monkeypatch):
    monkeypatch.setattr("web.streaming.answer_card", lambda answer, asked: object())  # no template can show it
    broken = client.get("/?q=signed")
    assert broken.status_code == 200 and "Karachi" in broken.text and "The answer could not be shown" in broken.text
    monkeypatch.undo()
    assert again(client, "/?q=signed", broken.headers["ETag"]) == 200
