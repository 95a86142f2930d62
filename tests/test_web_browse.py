"""Pages without a question: the list of documents and its orders, the index of names, the page of a name."""

from __future__ import annotations

import pytest

from tests.test_web_errors import problem
from tests.test_web_pages import page
from web.chart import HEIGHT, chart


def test_the_list_has_orders_that_keep_the_filters(client):
    tree = page(client, "/documents?country=UZ&sort=date")
    assert "/documents?country=UZ&sort=kind" in tree.links and "/documents?country=UZ" in tree.links
    assert 'name="sort" value="date"' in client.get("/documents?country=UZ&sort=date").text
    assert "known are title, date" in page(client, "/documents?sort=size", 400).text


def test_the_index_of_names_is_by_type(client):
    tree = page(client, "/entities")
    assert "Countries" in tree.text and "Projects" in tree.text and "/entities/project%3Acasa-1000" in tree.links
    assert "Projects" not in page(client, "/entities?type=country").text
    assert "No document mentions any of these" in page(client, "/entities?type=port").text
    page(client, "/entities?type=planet", 400)


def test_the_page_of_a_name(client):
    tree = page(client, "/entities/project:casa-1000")
    assert all(name in tree.text for name in ("CASA1000", "КАСА-1000", "کاسا-1000"))
    assert "Mentioned" in tree.text and "12 times in 3 documents" in tree.text
    assert {"svg", "table", "blockquote"} <= tree.tags
    assert "/entities/Q865" in tree.links or "/entities/Q843" in tree.links  # its countries
    assert "/documents?entity=project%3Acasa-1000&sort=date" in tree.links
    assert "No date" in tree.text and "2026" in tree.text
    assert "<script>alert" not in client.get("/entities/project:casa-1000").text


def test_a_name_that_nobody_mentions_or_knows(client):
    assert "No document of the collection mentions this name" in page(client, "/entities/project:tap-power").text
    page(client, "/entities/Q0", 404)
    problem(client.get("/api/v1/entities/Q0"), 404)


def test_names_over_the_api(client):
    one = client.get("/api/v1/entities/Q265").json
    assert "Узбекистан" in one["names"] and one["wikidata"] == "Q265" and one["countries"] == ["UZ"]
    assert one["passages"][0]["permalink"].startswith("/documents/d1?start=")
    assert one["years"][0] == {"year": "", "documents": 1, "mentions": 2}
    assert [item["type"] for item in client.get("/api/v1/entities?type=project").json["items"]] == ["project"]


def test_the_api_lists_documents_in_an_order(client):
    found = client.get("/api/v1/documents?sort=date&n=1").json
    assert len(found["items"]) == 1 and found["next"] and found["previous"] is None
    assert "known are title, date" in problem(client.get("/api/v1/documents?sort=size"), 400)


def test_bars_stand_for_their_years():
    made = chart({2019: (1, 1), 2021: (200, 9)}, lambda year: f"/{year}")
    assert made is not None
    assert [(bar.label, bar.value) for bar in made.bars] == [("2019", 1), ("2020", 0), ("2021", 200)]
    first, none, tallest = made.bars
    assert tallest.height == HEIGHT and tallest.y == 0 and first.height >= 2 and none.height == 0
    assert (tallest.href, none.href) == ("/2021", "") and tallest.shown
    assert chart({}, str) is None


@pytest.mark.parametrize(
    ("language", "name", "country"),
    [("en", "CASA-1000", "Tajikistan"), ("ru", "КАСА-1000", "Таджикистан"), ("ur", "کاسا 1000", "تاجکستان")],
)
def test_names_are_those_of_the_interface_s_language(client, language, name, country):
    spoken = {"Accept-Language": language}
    text = client.get("/entities/project:casa-1000", headers=spoken).text
    assert f"<h1>{name}</h1>" in text
    assert country in text
    assert name in client.get("/entities", headers=spoken).text
