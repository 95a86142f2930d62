"""Bad input, in every shape that was thought of: one sentence, the right status, problem+json or a page, never a traceback."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import Busy, KnowledgeBaseError, ModelUnavailable
from tests.fake_library import app_over


def problem(response, status: int) -> str:
    """The detail of a canonical problem."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert list(response.json) == ["type", "title", "status", "detail"]
    assert response.json["status"] == status and response.json["detail"]
    assert "Traceback" not in response.text and ".py" not in response.text
    return response.json["detail"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/search", "q: missing"),
        ("/api/v1/search?q=", "0 characters"),
        ("/api/v1/search?q=" + "x" * 2001, "2001 characters"),
        ("/api/v1/search?q=x&contry=UZ", "unknown field 'contry'; known are country"),
        ("/api/v1/search?q=x&n=-1", "from 1 to 50"),
        ("/api/v1/search?q=x&n=0", "from 1 to 50"),
        ("/api/v1/search?q=x&n=abc", "n: not a valid integer"),
        ("/api/v1/search?q=x&n=10000", "from 1 to 50"),
        ("/api/v1/search?q=x&n=" + "9" * 5000, "n: "),
        ("/api/v1/search?q=x&next=-3", "next: "),
        ("/api/v1/search?q=x&q=y", "given 2 times"),
        ("/api/v1/search?q=x" + "&country=PK" * 201, "at most 200 values"),
        ("/api/v1/search?q=x%00", "NUL"),
        ("/api/v1/search?q=x&country=%00", "NUL"),
        ("/api/v1/search?q=x&kind=letter", "unknown kind 'letter'"),
        ("/api/v1/search?q=x&expand=maybe", "expand: "),
        ("/api/v1/documents?cursor=zz", "cursor 'zz'"),
        ("/api/v1/documents/d1?x=1", "unknown field 'x'"),
        ("/api/v1/entities?n=x", "n: "),
    ],
)
def test_a_bad_query_is_told(client, path, words):
    assert words in problem(client.get(path), 400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON in UTF-8"),
        (b"[]", "one JSON object"),
        (b"null", "one JSON object"),
        (b'"x"', "one JSON object"),
        (b"{}", "question: missing"),
        (b'{"question": 5}', "question: not a valid string"),
        (b'{"question": null}', "question: "),
        (b'{"question": "x", "question": "y"}', "stands twice"),
        (b'{"question": "x", "questoin": "y"}', "unknown field 'questoin'"),
        (b'{"question": "x", "country": "UZ"}', "country: not a valid list"),
        (b'{"question": "x", "country": [["UZ"]]}', "country: not a valid string"),
        (b'{"question": "x", "n": NaN}', "NaN"),
        (b'{"question": "x", "n": 1e999}', "n: "),
        (b'{"question": "\\ud800"}', "surrogate"),
        (b'{"question": "a\\u0000b"}', "NUL"),
        (b"[" * 60_000, "not JSON"),
    ],
)
def test_a_bad_body_is_told(client, body, words):
    assert words in problem(client.post("/api/v1/ask", data=body, content_type="application/json"), 400)


def test_other_statuses_have_the_same_shape(client):
    assert "application/json" in problem(client.post("/api/v1/ask", data="question=x", content_type="text/plain"), 415)
    assert "64 kB" in problem(client.post("/api/v1/ask", data=b"x" * 70_000, content_type="application/json"), 413)
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.get("/api/"), 404)
    assert "d9" in problem(client.get("/api/v1/documents/d9"), 404)
    problem(client.get("/api/v1/passages/%00"), 404)
    refused = client.delete("/api/v1/documents")
    problem(refused, 405)
    assert "GET" in refused.headers["Allow"]


def test_without_an_index_all_that_needs_one_is_503_with_the_next_step(client, web):
    web[1].published = False
    for path in ("/readyz", "/api/v1/search?q=x", "/api/v1/documents", "/api/v1/documents/d1", "/api/v1/entities"):
        assert "python -m ingest reindex" in problem(client.get(path), 503)
    assert client.get("/api/v1/openapi.json").status_code == 200


@pytest.mark.parametrize(("error", "status"), [(ModelUnavailable("m"), 503), (Busy("b"), 503), (KnowledgeBaseError("k"), 500)])
def test_an_error_of_the_library_keeps_status_and_words(client, web, error, status):
    web[1].broken = error
    assert problem(client.get("/api/v1/documents"), status) == str(error)


def test_an_error_that_nobody_foresaw_shows_nothing_of_itself(client, web):
    web[1].broken = ValueError("secret path /home/x.py")
    assert "secret" not in problem(client.get("/api/v1/documents"), 500)
    page = client.get("/documents")
    assert page.status_code == 500 and "secret" not in page.text and "Traceback" not in page.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,*/*;q=0.8", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
    ],
)
def test_a_page_fails_as_a_page_unless_a_program_asks(client, accept, kind):
    response = client.get("/documents/d9", headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (404, kind)


@pytest.mark.parametrize(
    "path", ["/?q=%00", "/?n=abc&q=x", "/?q=a&q=b", "/documents?cursor=zz", "/documents/d1?start=1", "/?next=-1&q=x"]
)
def test_a_bad_page_address_is_a_page_with_400(client, path):
    response = client.get(path)
    assert response.status_code == 400 and "<h1" in response.text


@given(st.dictionaries(st.sampled_from(["q", "n", "next", "country", "from", "to", "expand", "kind", "x"]), st.text(max_size=8)))
@settings(max_examples=150, deadline=None)
def test_no_query_ends_in_a_500(tmp_path_factory, query):
    client = app_over(tmp_path_factory.getbasetemp())[0].test_client()
    for path in ("/api/v1/search", "/", "/documents"):
        assert client.get(path, query_string=query).status_code in (200, 400)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["question", "n", "country", "from", "expand", "x"]), json_values))
@settings(max_examples=150, deadline=None)
def test_no_body_ends_in_a_500(tmp_path_factory, body):
    client = app_over(tmp_path_factory.getbasetemp())[0].test_client()
    response = client.post("/api/v1/ask", data=json.dumps(body), content_type="application/json")
    assert response.status_code in (200, 400)
