"""Citations as pages and files, permalinks, the brief, and what reference managers find in a document's head."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import quote

import bibtexparser
import pytest
import rispy

from tests.fake_library import documents
from tests.test_web_pages import page
from web.citation_page import MOST


def test_an_answer_leads_to_its_citations_and_to_one_file_of_them(client):
    address = next(link for link in page(client, "/?q=signed").links if link.startswith("/cite?at=d1") and "d2" in link)
    tree = page(client, address)
    assert "Agreement on Transit Trade (15 July 2021) art. 1, p. iv <" in tree.text  # OSCOLA
    assert "“Agreement on Transit Trade” (Ministry of Commerce, July 15, 2021), art. 1, p. iv" in tree.text
    files = [link for link in tree.links if link.startswith("/cite.")]
    assert len(files) == 3
    texts = {link.partition("?")[0]: client.get(link) for link in files}
    assert [entry.key for entry in bibtexparser.parse_string(texts["/cite.bib"].text).entries] == ["d1", "d2"]
    assert [one["id"] for one in rispy.loads(texts["/cite.ris"].text)] == ["d1", "d2"]
    assert [one["note"] for one in json.loads(texts["/cite.json"].text)] == ["Cited: art. 1, p. iv", "Cited: art. 1"]
    for response in texts.values():
        assert response.headers["Content-Disposition"].startswith('attachment; filename="sources.')


def test_a_document_leads_to_its_citation_and_says_who_it_is_to_reference_managers(client):
    html = client.get("/documents/d1").text
    tags = {name: unescape(content) for name, content in re.findall(r'<meta name="([^"]+)" content="([^"]*)">', html)}
    assert tags["citation_title"] == tags["DC.title"] == "Agreement on Transit Trade"
    assert tags["citation_keywords"] == "Silk Route Rail"  # the last of them
    assert tags["citation_publication_date"] == "2021/07/15" and tags["DC.date"] == "2021-07-15"
    assert tags["citation_publisher"] == "Ministry of Commerce" and tags["citation_pdf_url"] == "/documents/d1/original"
    files = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)"', html))
    assert set(files.values()) == {"/documents/d1/cite.ris", "/documents/d1/cite.bib", "/documents/d1/cite.json"}
    for media_type, address in files.items():
        assert client.get(address).mimetype == media_type
    assert rispy.loads(client.get("/documents/d1/cite.ris").text)[0]["title"] == "Agreement on Transit Trade"
    assert "/cite?at=d1" in page(client, "/documents/d1").links
    assert "/cite?at=d1:5-30" in page(client, "/documents/d1?start=5&end=30").links


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/cite", 400),
        ("/cite?at=", 400),
        ("/cite?at=d1:9-3", 400),
        ("/cite?at=d1:0-99999", 400),
        ("/cite?at=nothing", 404),
        ("/cite?" + "&".join(["at=d1"] * (MOST + 1)), 400),
        ("/cite.bib?at=nothing", 404),
        ("/cite.exe?at=d1", 404),
        ("/documents/nothing/cite.ris", 404),
    ],
)
def test_what_cannot_be_cited_is_told(client, address, status):
    page(client, address, status)


def test_a_hostile_title_stays_text(client):
    tree = page(client, "/cite?at=d4")
    assert "<script>alert('title')</script>" in tree.text and len(tree.scripts) == 1


def test_a_permalink_says_when_the_collection_has_changed(client):
    link = next(link for link in page(client, "/?q=signed&country=UZ").links if "generation=" in link)
    assert link == "/?q=signed&country=UZ&generation=3"
    assert "has changed" not in page(client, link).text
    older = page(client, link.replace("=3", "=1"))
    assert "The collection has changed since this link was made (generation 1 → 3)" in older.text
    assert "15 July 2021" in older.text


def test_a_brief_holds_the_answer_and_its_sources_in_full(client):
    link = next(link for link in page(client, "/?q=signed+conflict").links if "view=brief" in link)
    tree = page(client, link)
    for words in (
        "The agreement was signed in Tashkent on 15 July 2021.",
        "“Agreement on Transit Trade” (Ministry of Commerce, July 15, 2021), art. 1, p. iv",
        "High confidence",
        "Sources disagree",
        "http://localhost/?q=signed+conflict&generation=3",
        "generation 3",
    ):
        assert words in tree.text
    assert "Passages" not in tree.text
    assert "The documents give no answer" in page(client, "/?q=weather&view=brief").text


def test_a_name_of_a_file_holds_nothing_but_letters(client):
    shown = documents()[0]
    response = client.get(f"/documents/{quote(shown.id)}/cite.bib")
    assert response.headers["Content-Disposition"] == 'attachment; filename="d1.bib"'
