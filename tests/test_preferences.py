"""What a reader chooses for all pages: set from our own pages alone, and never a way to another site."""

from __future__ import annotations

import pytest


def test_a_choice_holds_for_every_page_until_it_is_taken_back(client):
    assert "data-theme" not in client.get("/").text
    chosen = client.post("/preferences", data={"theme": "dark", "back": "/?q=signed"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/?q=signed")
    cookie = chosen.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert all('data-theme="dark"' in client.get(path).text for path in ("/", "/documents", "/nothing"))
    client.post("/preferences", data={"theme": ""})
    assert "data-theme" not in client.get("/").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 400),
    ],
)
def test_another_site_cannot_choose(client, headers, status):
    response = client.post("/preferences", data={"theme": "dark"}, headers=headers)
    assert response.status_code == status and ("Set-Cookie" in response.headers) == (status == 303)


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x", "/\r\nX: y"]
)
def test_no_redirect_leads_away(client, back):
    assert client.post("/preferences", data={"theme": "dark", "back": back}).headers["Location"] == "/"


@pytest.mark.parametrize(
    "data", [{"theme": "pink"}, {"theme": "dark", "back": "/" + "x" * 40_000}, {"theme": "dark", "back": "/\0"}]
)
def test_what_is_no_choice_is_refused(client, data):
    assert client.post("/preferences", data=data).status_code == 400


def test_a_strange_cookie_is_no_choice(client):
    client.set_cookie("theme", '"><script>')
    assert "data-theme" not in client.get("/").text
