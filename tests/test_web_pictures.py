"""Pictures of pages over HTTP, and where the document's page shows them with the reading report."""

from __future__ import annotations

import pytest

from kb.errors import Busy
from tests.fake_library import PNG
from tests.test_web_errors import problem


def test_a_page_as_printed_is_sent_once(client, web) -> None:
    response = client.get("/documents/d1/pages/1.png")
    assert (response.status_code, response.content_type, response.data) == (200, "image/png", PNG)
    assert "no-cache" in response.headers["Cache-Control"]
    again = client.get("/documents/d1/pages/1.png", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert web[1].pictured[0] == ("d1", 1, None)


def test_a_passage_or_a_quote_is_marked(client, web) -> None:
    shown = web[1].passage("d1-p0").locator
    client.get("/documents/d1/pages/1.png?passage=d1-p0")
    client.get("/documents/d1/pages/1.png?passage=d1-p0&start=3&end=9&utm_source=mail")
    assert [span for _, _, span in web[1].pictured] == [(shown.start, shown.end), (3, 9)]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/documents/d2/pages/1.png", 404),
        ("/documents/d1/pages/3.png", 404),
        ("/documents/d1/pages/0.png", 404),
        ("/documents/d1/pages/-1.png", 404),
        ("/documents/d1/pages/x.png", 404),
        ("/documents/none/pages/1.png", 404),
        ("/documents/d1/pages/1.png?passage=none", 404),
        ("/documents/d1/pages/1.png?passage=d2-p0", 404),
        ("/documents/d1/pages/1.png?start=1", 400),
        ("/documents/d1/pages/1.png?start=9&end=3", 400),
        ("/documents/d1/pages/1.png?start=x&end=3", 400),
        (f"/documents/d1/pages/{'9' * 4000}.png", 404),
    ],
)
def test_errors_are_problems_for_a_browser_too(client, path: str, status: int) -> None:
    problem(client.get(path, headers={"Accept": "text/html,image/png,*/*;q=0.8"}), status)


def test_a_busy_server_says_so(client, web) -> None:
    web[1].broken = Busy("4 pages are being drawn already; ask again in a few seconds.")
    assert "ask again" in problem(client.get("/documents/d1/pages/1.png"), 503)


def test_the_page_of_a_document_shows_the_printed_page_beside_its_quote(client, web) -> None:
    shown = web[1].passage("d1-p0").locator
    html = client.get(f"/documents/d1?start={shown.start}&end={shown.end}").text
    assert f'<img src="/documents/d1/pages/1.png?start={shown.start}&amp;end={shown.end}" loading="lazy"' in html
    assert "Page iv as printed, with the quote marked" in html
    leaf = f"/documents/d1?start={shown.start}&amp;end={shown.end}&amp;page=2&amp;view=page"
    assert f'href="{leaf}" title="Page v as printed">p. v</a>' in html and "read by OCR at 61\u00a0%" in html
    assert "with the quote marked" not in client.get("/documents/d1").text
    plain = web[1].passage("d2-p0").locator
    assert "<img" not in client.get(f"/documents/d2?start={plain.start}&end={plain.end}").text


def test_the_reading_report(client, web) -> None:
    html = client.get("/documents/d1").text
    assert "How it was read" in html and "fake 1" in html and "v (61 %)" in html


def test_places_and_json_say_what_ocr_read(client, web) -> None:
    ocr = {passage.id: passage.locator.ocr for passage in web[1].passages("d1")}
    assert set(ocr.values()) == {None, 0.61}
    hits = client.get("/api/v1/search?q=signed&n=50").json["items"]
    assert {hit["passage_id"]: hit["locator"]["ocr"] for hit in hits if hit["document_id"] == "d1"} == ocr
    assert [page["ocr"] for page in client.get("/api/v1/documents/d1").json["pages"]] == [None, 0.61]
    assert "read by OCR" in client.get("/?q=signed").text
