"""What keeps a document from acting in the browser, and a question from leaving the server."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import web
from kb.config import settings_from
from kb.errors import BadRequest
from tests.fake_library import FakeLibrary
from web import create_app


@pytest.mark.parametrize("path", ["/", "/?q=signed", "/documents", "/documents/d4", "/nothing", "/api/v1/documents", "/healthz"])
def test_every_response_is_guarded(client, path):
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'" and policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"] and policy["script-src"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


def test_pages_are_not_kept_and_the_stylesheet_is(client):
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-cache, private"
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    with client.get(address) as style:
        assert "immutable" in style.headers["Cache-Control"] and style.mimetype == "text/css"
    with client.get("/static/base.css") as style:
        assert "immutable" not in style.headers["Cache-Control"]


@pytest.mark.parametrize("host", ["a b", "evil/../x", "x<script>", "[::1", "a,b"])
def test_a_host_that_is_none_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "wakhan.example.org"])
def test_a_host_is_taken(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("uid", "inline"), [("d1", True), ("d2", True), ("d4", False)])
def test_an_original_cannot_act(client, uid, inline):
    with client.get(f"/documents/{uid}/original") as response:
        assert response.status_code == 200 and response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("inline" if inline else "attachment")
        assert f"filename*=UTF-8''%D1%84%D0%B0%D0%B9%D0%BB%20{uid}.bin" in response.headers["Content-Disposition"]
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and ("sandbox" in policy) == (uid != "d1")


def test_an_original_that_is_gone_is_404(client, tmp_path):
    (tmp_path / "d1").unlink()
    assert client.get("/documents/d1/original").status_code == 404


def test_the_access_log_holds_no_question(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/?q=secret+question&country=UZ")
        client.post("/api/v1/ask", json={"question": "secret question"})
        client.get("/documents/%0Afake")
    lines = [record.getMessage() for record in caplog.records if record.name == "web.access"]
    assert lines[0].startswith("GET / 200") and lines[1].startswith("POST /api/v1/ask 200")
    assert "\n" not in lines[2] and not [line for line in lines if "secret" in line or "UZ" in line]


def test_the_files_are_small_and_ask_nobody_else():
    folder = Path(web.__file__).parent
    sizes = {path.name: path.stat().st_size for path in folder.glob("static/*.css")}
    assert sizes.pop("base.css") + max(sizes.values()) <= 32_000  # what a page loads
    for path in [*folder.glob("templates/*.html"), *folder.glob("static/*.css")]:
        text = path.read_text(encoding="utf-8")
        assert "//" not in text.replace("https://", "").replace("http://", "") or path.suffix == ".css"
        assert "<script>" not in text and "style=" not in text and "|safe" not in text and "@import" not in text
        assert "http" not in text.replace("http-equiv", "") or path.suffix == ".css"


def test_an_operator_may_want_the_questions(tmp_path, caplog):
    library = FakeLibrary(tmp_path)
    client = create_app(library, settings_from({"KB_LOG_QUESTIONS": "1"}, tmp_path)).test_client()
    with caplog.at_level(logging.INFO):
        client.get("/?q=one+question%0Afake&country=UZ")
        client.post("/api/v1/ask", json={"question": "another question"})
        client.get("/about")
    lines = [record.getMessage() for record in caplog.records if record.name == "web.access"]
    assert lines[0].endswith("ms one question\\nfake") and lines[1].endswith("ms another question") and lines[2].endswith("ms")


@pytest.mark.parametrize("value", ["yes", "2", "-1"])
def test_a_wrong_setting_is_told(tmp_path, value):
    with pytest.raises(BadRequest, match="KB_LOG_QUESTIONS is"):
        settings_from({"KB_LOG_QUESTIONS": value}, tmp_path)
