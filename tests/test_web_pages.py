"""The pages over the library in memory: what they show, what they link to, and that their templates keep to their values."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser
from typing import get_type_hints
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from kb.errors import BadRequest
from kb.records import Filters
from tests.fake_library import HOSTILE_TITLE, app_over, documents, passages_of
from web import examples, names
from web.assets import load
from web.form import address
from web.pages import TEMPLATES
from web.reading import checked_span

VOID = {"meta", "link", "input", "br", "img"}


class Tree(HTMLParser):
    """Checks that tags close in order and ids are unique; collects links, marks and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.marked = ""
        self.following: str | None = None
        self.text = ""
        self.tags: set[str] = set()
        self.scripts: set[str] = set()
        self.feed(html)
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        assert not [name for name in given if name.startswith("on") or name == "style"]
        assert tag != "script" or (given.get("src") or "").startswith("/static/")  # files of our own alone
        self.tags.add(tag)
        if tag == "script":
            self.scripts.add(given.get("src") or "")  # a script within a page would be one without an address
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given["href"] or "")
            self.following = given["href"] if given.get("rel") == "next" else self.following
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked += data


def page(client, path: str, status: int = 200) -> Tree:
    response = client.get(path)
    assert response.status_code == status, response.text
    assert response.content_type == "text/html; charset=utf-8"
    return Tree(response.text)


def test_the_first_screen_offers_examples_and_tells_what_is_held(client):
    page(client, "/")
    examples.of(client.application).wait()
    tree = page(client, "/")
    assert "When was the AUPTT signed?" in tree.text
    assert "generation 3" in tree.text and "20 November 2026" in tree.text
    assert "/documents?country=UZ" in tree.links
    asked = [link for link in tree.links if link.startswith("/?q=")]
    assert 1 <= len(asked) <= 5
    assert all("High confidence" in client.get(link).text for link in asked)
    assert "Published last" in tree.text and tree.links.index("/documents/d2") < tree.links.index("/documents/d1")
    assert "/documents?entity=CASA-1000" in tree.links


def test_an_empty_question_is_met_with_a_hint(client):
    assert "Write a question" in page(client, "/?q=+").text
    assert "Write a question" not in page(client, "/?country=UZ").text


def test_an_answer_cites_and_each_citation_opens_at_its_marked_quote(client):
    tree = page(client, "/?q=When+was+it+signed")
    assert "High confidence" in tree.text and "0.91" in tree.text
    links = [link for link in tree.links if link.endswith("#quote")]
    first = links[0]
    assert page(client, first.partition("#")[0]).marked == "The agreement was signed in Tashkent on 15 July 2021."
    assert all(urlsplit(link).fragment in page(client, link.partition("#")[0]).ids for link in links)
    assert "#source-1" in tree.links and "source-1" in tree.ids
    assert "Ministry of Commerce · 15 July 2021 · Agreement · English" in re.sub(r"\s+", " ", tree.text)


def test_filters_and_switch_live_in_the_address(client, web):
    tree = page(client, "/?q=signed&country=PK&country=UZ&from=2020&to=&expand=0&utm_source=mail")
    asked = "signed", Filters(country=("PK", "UZ"), date_from="2020"), 10, False
    assert asked in web[1].asked  # beside the examples of the first screen, which are sought in a thread of their own
    without_pakistan = "/?" + "q=signed&country=UZ&from=2020&expand=0"
    assert without_pakistan in tree.links
    assert "/?q=signed&country=PK&country=UZ&from=2020" in tree.links  # the switch back


def test_other_names_are_told_and_can_be_switched_off(client):
    tree = page(client, "/?q=signed")
    assert "Also searched: AUPTT, Узбекистан" in re.sub(r"\s+", " ", tree.text)
    assert "/?q=signed&expand=0" in tree.links


def test_abstention_says_what_was_sought_why_and_what_to_try(client):
    tree = page(client, "/?q=weather+tomorrow&country=PK")
    for words in (
        "weather tomorrow",
        "No document says anything about the weather.",
        "What to try",
        "passages that come nearest",
    ):
        assert words in tree.text
    assert "/?q=weather+tomorrow" in tree.links


def test_sources_that_disagree_stand_side_by_side(client):
    tree = page(client, "/?q=conflict")
    assert "table" in tree.tags and "Sources disagree: date signed" in tree.text
    for words in ("15 July 2021", "ARY News", "16 July 2021", "the visit of July", "not named", "not said"):
        assert words in tree.text


def test_more_passages_go_on_until_there_are_none(client):
    link, seen = "/?q=many", 0
    while link:
        tree = page(client, link)
        seen += 1
        link = tree.following
    assert seen == 4  # 32 passages in tens
    assert "31–32 of the 32 nearest" in tree.text


def test_nothing_found_is_said(client):
    assert "No passage matches these filters" in page(client, "/?q=x&kind=dataset").text


def test_a_wrong_filter_keeps_the_question_and_says_what_would_do(client):
    response = client.get("/?q=signed&kind=letter")
    assert response.status_code == 400
    assert "unknown kind" in unescape(response.text).lower() and 'value="signed"' in response.text


def test_the_list_pages_filters_and_has_an_empty_state(client):
    tree = page(client, "/documents")
    assert "4 documents" in tree.text and "/documents/d1" in tree.links
    assert page(client, "/documents?country=UZ").text.count("Ministry of Commerce") >= 1
    assert "No document matches" in page(client, "/documents?kind=dataset").text
    assert page(client, "/documents?cursor=zz", 400)


def test_a_document_shows_pages_outline_and_every_word(client):
    tree = page(client, "/documents/d1")
    assert "p. iv" in tree.text and "p. v" in tree.text
    assert any(link.startswith("#h-") and link[1:] in tree.ids for link in tree.links)
    assert "Signed" not in tree.text and "In force, February 2022" in tree.text
    assert all(passage.id in tree.ids for passage in passages_of(documents()[0]))


def test_references_lead_to_their_article_and_stated_facts_to_their_words(client):
    shown = documents()[0]
    article = next(block for block in shown.blocks if shown.text[block.start : block.end] == "Article 2. Routes")
    html = client.get("/documents/d1").text
    assert f'<a href="#h-{article.start}">signed</a>' in html and f'id="h-{article.start}"' in html
    assert ">in</a>" not in html  # it names an article that is not there
    (fact,) = shown.stated
    tree = page(client, f"/documents/d1?start={fact.start}&end={fact.end}")
    assert tree.marked == "Tashkent" and "Place of signature" in tree.text
    assert f"/documents/d1?start={fact.start}&end={fact.end}#quote" in tree.links


def test_urdu_runs_from_right_to_left(client):
    html = client.get("/documents/d2").text
    assert '<div class="text" id="text" lang="ur" dir="rtl">' in html


@pytest.mark.parametrize("span", ["start=5", "start=9&end=5", "start=-1&end=4", "start=0&end=999999", "start=x&end=2"])
def test_a_span_that_is_not_in_the_text_is_refused(client, span):
    page(client, f"/documents/d1?{span}", 400)


def test_a_hostile_document_stays_text(client):
    for path in (
        "/documents/d4",
        "/documents",
        "/?q=evil",
        "/documents/d4?start=0&end=10",
        "/?q=" + quote("<script>x</script>\"'>"),
    ):
        tree = page(client, path)
        scripts = {load()[name].address for name in ("quotes.js", "reading.js")}
        assert not tree.tags & {"img", "b", "iframe"} and tree.scripts <= scripts
        assert not [link for link in tree.links if link.lower().startswith("javascript")]
    assert HOSTILE_TITLE in page(client, "/documents/d4").text and "{{ 7*7 }}" in page(client, "/documents/d4").text


def test_without_an_index_the_page_says_the_next_step_and_serves_once_there_is_one(tmp_path):
    app, library = app_over(tmp_path, published=False)
    client = app.test_client()
    for path in ("/", "/?q=x", "/documents"):
        assert "python -m ingest reindex" in page(client, path, 503).text
    library.published = True
    page(client, "/")


def test_a_span_needs_both_ends():
    assert checked_span("text", None, None) is None
    with pytest.raises(BadRequest, match="both are needed"):
        checked_span("text", 1, None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("2021", "2021"), ("2021-07", "July 2021"), ("2021-07-05T10:00:00Z", "5 July 2021"), ("2020-13", "2020-13"), ("", "")],
)
def test_days_are_written_out(value, shown):
    assert names.day(value) == shown


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=10), max_size=3))
def test_an_address_carries_question_and_filters_whole(question, publishers):
    query = urlsplit(address("/", question, Filters(publisher=tuple(publishers)))).query
    found = parse_qs(query, keep_blank_values=True)
    assert found.get("q", [""]) == [question] and found.get("publisher", []) == publishers


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_reads_each_field_of_its_page_and_no_other(kind, web):
    environment = web[0].jinja_env
    source = environment.loader.get_source(environment, TEMPLATES[kind])[0]
    read = {
        one.attr
        for one in environment.parse(source).find_all(nodes.Getattr)
        if isinstance(one.node, nodes.Name) and one.node.name == "page"
    }
    assert read == set(get_type_hints(kind))
    assert dataclasses.fields(kind) and kind.__dataclass_params__.frozen


def test_an_answer_shows_its_key_span_what_it_leans_on_and_how_the_question_was_read(client):
    page = client.get("/?q=When+was+it+signed").get_data(as_text=True)
    assert "<strong>15 July 2021</strong>" in page
    assert '<p class="leans" lang="en">Two ministers met.</p>' in page
    assert "Looked for a date; period from 2021-01-01 on; about AUPTT" in page


@pytest.mark.parametrize(
    "path", ["/", "/?q=conflict", "/?q=many", "/documents", "/documents/d1", "/entities", "/entities/Q265", "/nothing"]
)
def test_a_page_with_all_that_it_loads_weighs_little(client, path):
    """150 kB of HTML, stylesheets and scripts, before they are compressed; the benchmark of pages has long ones."""
    html = client.get(path).text
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', html)
    files = {asset.address: len(asset.body) for asset in load().values()}
    assert len(html.encode()) + sum(files[address] for address in loaded) <= 150_000
    assert load()["base.css"].address in loaded
