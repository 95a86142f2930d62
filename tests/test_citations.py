"""Citations: what is written is read again by other parsers, and says what was put in."""

from __future__ import annotations

import json
from dataclasses import replace

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware
from citeproc.source.json import CiteProcJSON
from hypothesis import given
from hypothesis import strategies as st

from kb.citation_styles import STYLES, in_style, written
from kb.citations import TYPES, Work, bibtex, csl, csl_json, ris, work
from tests.fake_library import documents, passages_of

TREATY = Work(
    "d1", "agreement", "Agreement on transit trade", (), "Ministry", "2021-07-15", "2026-11-20", "https://a.example/x_1", "en",
    "art. 5(2)", "iv",
)  # fmt: skip
REPORT = Work(
    "d2", "official", "Отчёт о торговле", (), "МИД", "2021-07", "2026-11-20", "https://a.example/r", "ru",
    keywords=("CASA-1000", "TAPI & TAP"),
)  # fmt: skip
NEWS = Work(
    "d3", "news", "Line opened", ("Ali Khan", "C. Dee"), "Dawn", "2021", "2026-11-20", "https://a.example/n", "en", "", "7",
)  # fmt: skip
BARE = Work("d4", "", "پاکستان", (), "", "", "2026-11-20", "", "ur")
ALL = (TREATY, REPORT, NEWS, BARE)

signs = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp", "Zs")), min_size=1, max_size=20)
lines = st.lists(signs, min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("one", "style", "text"),
    [
        (TREATY, "Chicago", "“Agreement on Transit Trade” (Ministry, July 15, 2021), art. 5(2), p. iv, https://a.example/x_1."),
        (
            TREATY,
            "OSCOLA",
            "Agreement on transit trade (15 July 2021) art. 5(2), p. iv <https://a.example/x_1> accessed 20 November 2026.",
        ),
        (TREATY, "APA", "Agreement on Transit Trade, July 15, 2021, art. 5(2), p. iv. https://a.example/x_1"),
        (REPORT, "Chicago", "Отчёт о торговле (МИД, July 2021), https://a.example/r."),
        (REPORT, "APA", "МИД. (2021). Отчёт о торговле. https://a.example/r"),
        (NEWS, "Chicago", "Ali Khan and C. Dee, “Line Opened”, Dawn, 2021, p. 7, https://a.example/n."),
        (NEWS, "OSCOLA", "Ali Khan and C. Dee, ‘Line Opened’ Dawn (2021) p. 7 <https://a.example/n> accessed 20 November 2026."),
    ],
)
def test_styles_write_each_kind_with_its_pinpoint(one, style, text):
    assert in_style(style, one).text == text


@pytest.mark.parametrize("one", [*ALL, replace(NEWS, authors=()), replace(REPORT, publisher="")], ids=lambda one: one.key)
def test_no_style_says_a_title_twice(one):
    for form in written(one):
        assert form.text.lower().count(one.title.lower()) == 1, form


def test_apa_has_its_place_in_the_text():
    assert in_style("APA", NEWS).in_text == "(Ali Khan & C. Dee, 2021, p. 7)"


def test_bibtex_is_read_again():
    read = bibtexparser.parse_string(bibtex(ALL))
    assert not read.failed_blocks
    entries = {one.key: {field.key: field.value for field in one.fields} | {"type": one.entry_type} for one in read.entries}
    assert entries["d1"] == {
        "type": "misc", "title": "{Agreement on transit trade}", "publisher": "Ministry", "date": "2021-07-15", "year": "2021",
        "month": "7", "url": "https://a.example/x_1", "urldate": "2026-11-20", "language": "en",
        "note": "Cited: art. 5(2), p. iv",
    }  # fmt: skip
    assert entries["d3"]["author"] == "{Ali Khan} and {C. Dee}" and entries["d3"]["journal"] == "Dawn"
    assert entries["d2"]["keywords"] == r"CASA-1000, TAPI \& TAP"
    assert entries["d2"]["institution"] == "МИД" and entries["d4"]["title"] == "{پاکستان}"


def test_ris_is_read_again():
    first, second, third, last = rispy.loads(ris(ALL))
    assert first["type_of_reference"] == "STAT" and first["notes"] == ["Cited: art. 5(2), p. iv"]
    assert first["date"] == "2021/07/15" and first["urls"] == ["https://a.example/x_1"]
    assert second["publisher"] == "МИД" and third["authors"] == ["Ali Khan", "C. Dee"] and third["secondary_title"] == "Dawn"
    assert second["keywords"] == ["CASA-1000", "TAPI & TAP"] and "keywords" not in first
    assert last["title"] == "پاکستان" and "date" not in last


def test_csl_json_is_read_again():
    items = json.loads(csl_json(ALL))
    assert [one["type"] for one in items] == ["treaty", "report", "article-newspaper", "document"]
    assert items[0]["issued"] == {"date-parts": [[2021, 7, 15]]} and "issued" not in items[3]
    assert items[1]["keyword"] == "CASA-1000, TAPI & TAP"
    source = CiteProcJSON(items)
    assert str(source["d1"].title) == TREATY.title and source["d1"].issued.year == 2021


def test_two_places_of_a_document_are_two_entries():
    places = [TREATY, replace(TREATY, pinpoint="art. 6")]
    assert len({one.key for one in bibtexparser.parse_string(bibtex(places)).entries}) == 2
    assert len({one["id"] for one in rispy.loads(ris(places))}) == 2


@given(lines, lines, st.sampled_from(sorted(TYPES)))
def test_any_title_comes_through(title, name, kind):
    one = Work("k", kind, title, (name,), name, "2021", "2026-11-20", "https://a.example/", "ru", title, "1", (name,))
    read = bibtexparser.parse_string(bibtex([one]), append_middleware=[LatexDecodingMiddleware()])
    assert not read.failed_blocks and len(read.entries) == 1 and "author" in read.entries[0].fields_dict
    (found,) = rispy.loads(ris([one]))
    assert found["title"] == title and found["authors"] == found["keywords"] == [name]
    assert json.loads(csl_json([one]))[0] == csl(one)
    assert len(written(one)) == len(STYLES)


@pytest.mark.parametrize(
    ("title", "latex"), [("50% & more_#$", r"{50\% \& more\_\#\$}"), ("a{b\\c", r"{a\textbraceleft{}b\textbackslash{}c}")]
)
def test_signs_of_latex_are_escaped(title, latex):
    (entry,) = bibtexparser.parse_string(bibtex([replace(BARE, title=title)])).entries
    assert entry.fields_dict["title"].value == latex


def test_a_document_is_cited_at_a_place_by_its_article_and_page():
    shown = documents()[0]
    start = shown.text.index("It was signed by")
    one = work(shown, "https://service.example/documents/d1", (start, start + 10), passages_of(shown))
    assert (one.kind, one.pinpoint, one.page, one.accessed) == ("agreement", "art. 1", "iv", "2026-11-20")
    assert one.url.startswith("https://example.org/")
    assert work(shown, "https://service.example/documents/d1").place == ""


def test_what_has_no_public_address_is_cited_at_this_one_and_on_one_line():
    shown = documents()[3]
    hostile = replace(shown, metadata=replace(shown.metadata, title="A\nER  - \nTY  - BOOK", url="javascript:alert(1)"))
    one = work(hostile, "https://service.example/documents/d4")
    assert one.url == "https://service.example/documents/d4"
    assert len(rispy.loads(ris([one]))) == 1
