"""The page of a document: long texts in sections, what is marked, the printed page, the way between passages."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import Gone
from kb.records import Block, Document, Page
from tests.fake_library import document, documents, passages_of
from tests.test_web_pages import page
from web.document_views import safe_name
from web.reading import Addresses, Marking, checked_span, parts
from web.sections import LARGEST, section_at, sections

NOWHERE = Addresses(lambda number: f"?page={number}", lambda offset: f"#h-{offset}")


def long_document(pages: int = 500) -> Document:
    """About a megabyte of Russian in `pages` pages, with a heading on every other page and a note for each."""
    blocks = []
    for number in range(1, pages + 1):
        if number % 2:
            blocks.append(("heading", 1 + number % 3, f"Статья {number}. Транзит"))
        blocks += [("paragraph", 0, f"Слово {number}.{part} о транзите и торговле. " * 12) for part in range(3)]
    made = document(
        "long", blocks, dataclasses.replace(documents()[0].metadata, title="Договор", language="ru"), "application/pdf"
    )
    ends = [block.start for block in made.blocks if block.kind == "paragraph"][::3]
    cuts = [0, *ends[1:], len(made.text)]
    leaves = tuple(Page(number, str(number), *span) for number, span in enumerate(pairwise(cuts), 1))
    return dataclasses.replace(made, pages=leaves)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_parts_of_all_sections_hold_the_text_and_mark_the_quote(data):
    sentence = st.sampled_from(["Terms apply. ", "Same. ", "Same. ", "\n\n", "اردو ", "x"])
    text = "".join(data.draw(st.lists(sentence, min_size=1, max_size=30)))
    cuts = sorted(set(data.draw(st.lists(st.integers(0, len(text)), max_size=12))) | {0, len(text)})
    spans = [pair for pair in pairwise(cuts) if data.draw(st.booleans())]
    blocks = tuple(Block("paragraph", start, end) for start, end in spans)
    pages = tuple(Page(n, None, at, len(text)) for n, at in enumerate(cuts[:-1], 1))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    shown = dataclasses.replace(documents()[0], text=text, blocks=blocks, pages=pages, references=())
    first = passages_of(documents()[0])[0]
    passages = [
        dataclasses.replace(first, id=f"p{at}", locator=dataclasses.replace(first.locator, start=at, end=len(text)))
        for at in cuts[:-1]
    ]
    bounds = sorted(set(data.draw(st.lists(st.integers(0, len(text)), max_size=3))) | {0, len(text)})
    marking = Marking(checked_span(text, start, end))
    made = [part for span in pairwise(bounds) for part in parts(shown, passages, span, marking, NOWHERE)]
    runs = [run for part in made for run in part.runs]
    assert "".join("".join(run.text for run in runs).split()) == "".join(text.split())
    assert "".join("".join(run.text for run in runs if run.marked).split()) == "".join(text[start:end].split())
    if runs and len(bounds) == 2:
        assert sorted(name for run in runs for name in run.anchors) == sorted(passage.id for passage in passages)


@given(st.lists(st.tuples(st.sampled_from(["heading", "paragraph"]), st.integers(1, 40_000)), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_sections_are_the_whole_text_in_order(pieces):
    shown = document("x", [(kind, 1, "слово " * (size // 6 + 1)) for kind, size in pieces], documents()[0].metadata, "text/plain")
    found = sections(shown)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert found[0].start == 0 and found[-1].end == len(shown.text)
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(found))
    assert all(len(shown.text[one.start : one.end].encode()) <= LARGEST for one in found)
    assert all(section_at(found, one.start) == section_at(found, one.end - 1) == one for one in found)


def test_no_page_of_a_document_of_500_pages_is_heavy(client, web):
    shown = long_document()
    web[1]._documents["long"] = shown
    found = sections(shown)
    assert len(found) > 10 and len(sections(documents()[0])) == 1
    files = 0
    for number in (1, len(found) // 2, len(found)):
        response = client.get(f"/documents/long?section={number}", headers={"Accept": "text/html"})
        names = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', response.text))
        files = sum(len(client.get(name).data) for name in names)
        assert files and len(response.data) + files < 150_000
        assert f"Section {number} of {len(found)}" in response.text


def test_a_passage_far_in_a_long_document_is_in_the_section_that_its_address_gives(client, web):
    shown = long_document()
    web[1]._documents["long"] = shown
    far = passages_of(shown)[1200]
    moved = client.get(f"/passages/{far.id}")
    assert moved.status_code == 302 and moved.location.endswith(f"#{far.id}")
    tree = page(client, moved.location.partition("#")[0])
    assert far.id in tree.ids and "".join(tree.marked.split()) == "".join(far.text.split())
    beginning = page(client, "/documents/long")
    assert far.id not in beginning.ids
    assert page(client, "/documents/long?page=400").ids.count("page-400") == 1


@pytest.mark.parametrize("query", ["section=99", "page=3", "section=x", "page=-1", "view=side", "zoom=17", "section=1&section=2"])
def test_places_that_are_not_there_are_told(client, query):
    page(client, f"/documents/d1?{query}", 404 if query in ("section=99", "page=3") else 400)


def test_passages_near_the_question_can_be_stepped_through(client, web):
    shown = documents()[0]
    hits = sorted(passages_of(shown)[:2], key=lambda one: one.locator.start)
    at = hits[0].locator
    tree = page(client, f"/documents/d1?q=routes&country=UZ&start={at.start}&end={at.end}")
    assert "Passage 1 of" in tree.text and "/?q=routes&country=UZ" in tree.links
    following = next(link for link in tree.links if "q=routes" in link and f"start={hits[1].locator.start}&" in link)
    assert "country=UZ" in following and following.endswith("#quote")
    assert "Passage 2 of" in page(client, following.partition("#")[0]).text
    assert web[1].asked == []  # no answer is made for it
    assert "nearest to it" not in page(client, "/documents/d1").text


def test_the_printed_page_turns_and_grows_by_links_alone(client):
    tree = page(client, "/documents/d1?view=page&page=1")
    assert "img" in tree.tags and 'class="text"' not in client.get("/documents/d1?view=page&page=1").text
    assert "/documents/d1?page=2&view=page" in tree.links
    assert "/documents/d1?page=1&view=page&zoom=150" in tree.links
    assert "/documents/d1?page=1#page-1" in tree.links
    grown = client.get("/documents/d1?page=2&view=page&zoom=200").text
    assert 'class="zoom-200"' in grown and "zoom=200" in grown.partition('class="leaves"')[2].partition("</nav>")[0]
    assert "This page was read by OCR at 61\u00a0%" in grown
    assert 'class="text"' in client.get("/documents/d2?view=page").text  # no pictures of plain text


def test_what_ocr_read_and_what_it_did_not_is_said_before_the_text(client, web):
    shown = documents()[0]
    assert "One page is a scan, read by OCR at 61\u00a0%" in client.get("/documents/d1").text
    first, second = shown.pages
    half = dataclasses.replace(shown, pages=(first, dataclasses.replace(second, start=second.end, ocr=None)))
    web[1]._documents["d1"] = half
    assert "No text was read from page 2." in client.get("/documents/d1").text
    bare = dataclasses.replace(shown, text="", blocks=(), stated=(), references=(), pages=(Page(1, None, 0, 0),))
    web[1]._documents["d1"] = bare
    tree = page(client, "/documents/d1")
    assert "No text was read from this document" in tree.text and "/documents/d1?page=1&view=page" in tree.links


def test_projects_lead_to_their_names_and_public_sources_out(client):
    shown = documents()[0].metadata
    tree = page(client, "/documents/d1")
    assert "/entities/agreement%3Aauptt" in tree.links and "Silk Route Rail" in tree.text
    assert set(shown.sources) <= set(tree.links) and "5 addresses" in tree.text
    for address in shown.sources:
        assert f'<a href="{address}" rel="noreferrer noopener external">' in client.get("/documents/d1").text
    assert "example.org/news/0" in tree.text and "example.org/news/1/" + "long-" * 20 + "…" in tree.text
    few = client.get("/documents/d4").text
    assert 'href="javascript:' not in few and "addresses" not in few and "&lt;script&gt;alert(1)" in few
    told = client.get("/api/v1/documents/d1").json
    assert (told["projects"], told["sources"]) == (list(shown.projects), list(shown.sources))
    listed = client.get("/api/v1/documents?n=1").json["items"][0]
    assert "projects" in listed and "sources" not in listed
    assert "Public sources" not in client.get("/documents/d2").text


def test_a_document_that_was_taken_out_says_so(client, web):
    web[1].broken = Gone("the document ‘Transit’ (d1) was taken out of the collection with generation 4.")
    assert "taken out" in page(client, "/documents/d1", 410).text
    assert client.get("/api/v1/documents/d1").json["status"] == 410


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Соглашение 2021.pdf", "Соглашение 2021.pdf"),
        ("معاہدہ.docx", "معاہدہ.docx"),
        ("../../etc/passwd", "etcpasswd"),
        ("a\u202efdp.exe\n", "afdp.exe"),
        ("...", "document"),
    ],
)
def test_a_file_is_saved_under_its_own_letters(name, safe):
    assert safe_name(name) == safe


def test_an_original_keeps_its_name_in_any_script(client):
    with client.get("/documents/d2/original") as response:
        given = response.headers["Content-Disposition"]
    assert f"filename*=UTF-8''{quote('файл d2.bin')}" in given


def test_headings_of_columns_are_set_off_in_rows_of_tables():
    rows = [("table_row", 0, "Date: 1992; Title: Memo: a first; Value: 5"), ("paragraph", 0, "Note: this is prose; Value: none")]
    shown = document("t", rows, documents()[0].metadata, "text/csv")
    made = parts(shown, (), (0, len(shown.text)), Marking(), NOWHERE)
    assert [[run.text for run in part.runs if run.column] for part in made] == [["Date:", "Title:", "Value:"], []]
