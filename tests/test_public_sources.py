"""The list of public documents: the committed one is complete, a wrong one is refused by name, and a choice chooses."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import discover
from ingest.metadata import metadata_from
from ingest.public_sources import Choice, PublicSource, choose, public_sources, sidecar
from kb.errors import BadRequest
from kb.records import KINDS, Metadata

ROOT = Path(__file__).parents[1]
LISTED = ROOT / "corpus" / "sources.toml"
ENTRY = '[[source]]\nid = "a"\ntitle = "A"\nkind = "news"\nlanguage = "en"\nurl = "https://example.org/a"\n'


def ids(**choice: object) -> list[str]:
    return [source.id for source in choose(public_sources(LISTED), Choice(**choice))]  # type: ignore[arg-type]


def test_the_committed_list_is_complete():
    sources = public_sources(LISTED)
    assert len(sources) == 155
    assert len({source.url for source in sources}) == 155
    for source in sources:
        metadata = source.metadata
        assert metadata.publisher and metadata.countries and metadata.kind in KINDS
        assert not metadata.title.endswith(("(Russian)", "(Urdu)", "(Kazakh)")), "the language is a field of its own"
    assert {code for source in sources for code in source.metadata.countries} >= {"KG", "KZ", "PK", "TJ", "TM", "UZ"}
    assert {source.metadata.language for source in sources} >= {"en", "ru", "ur"}


def test_the_list_is_no_document_of_the_corpus():
    assert not [file.uri for file in discover(ROOT / "corpus", "corpus").files if file.uri.endswith("sources.toml")]


def test_a_choice_narrows_by_every_field():
    assert len(ids(everything=True)) == 155
    assert ids(only=("dawn-casa-1000-tariff",)) == ["dawn-casa-1000-tariff"]
    assert all(name.startswith(("dawn-", "app-")) for name in ids(only=("dawn-*", "app-*")))
    both = ids(countries=("UZ", "Tajikistan"), kinds=("agreement",))
    assert "pid-2022-tajik-communique" in both and "pid-2015-uzbek-declaration" in both
    assert "fdocuments-pakistan-turkmenistan-tax-convention" not in both
    assert "adilet-kazakhstan-pakistan-road-transport" in ids(languages=("ru",), kinds=("agreement",))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({}, "say what to fetch: --only ID"),
        ({"everything": True, "kinds": ("news",)}, "--all takes every source"),
        ({"only": ("nonesuch-*",)}, "no source matches --only 'nonesuch-*'"),
        ({"countries": ("Atlantis",)}, "no source matches --country 'Atlantis'; there are A"),
        ({"kinds": ("poem",)}, "there are agreement, official"),
        ({"languages": ("la",)}, "no source matches --language 'la'"),
        ({"languages": ("ur",), "kinds": ("agreement",)}, "no source matches all of that at once"),
    ],
)
def test_what_cannot_be_chosen_is_said(choice, said):
    with pytest.raises(BadRequest) as refused:
        ids(**choice)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lists no document"),
        ("[[source", "is not valid TOML"),
        ("source = 3", "may hold [[source]] tables alone"),
        ("source = [3]", "is not a table"),
        (ENTRY + "\n[other]\n", "may hold [[source]] tables alone"),
        (ENTRY + ENTRY, "number 2 has the id 'a' of an entry before it"),
        (ENTRY.replace('"a"', '"../a"'), "has the id '../a'"),
        (ENTRY.replace('"a"', '"readme"'), "has the id 'readme'"),
        (ENTRY.replace('"a"', '"' + "a" * 65 + '"'), "an id is 1 to 64"),
        (ENTRY + 'colour = "red"\n', "unknown key 'colour'"),
        (ENTRY.replace("news", "poem"), "kind 'poem' is not used"),
        (ENTRY.replace("https://", "file://"), "url 'file://example.org/a' is not used"),
        (ENTRY.replace("https://", "https://user:secret@"), "addresses without user name"),
        (ENTRY.replace('title = "A"\n', ""), "has no title"),
        (ENTRY + 'date = "soon"\n', "date 'soon' is not used"),
        (ENTRY + 'countries = ["Atlantis"]\n', "country 'Atlantis' is not used"),
    ],
)
def test_a_wrong_list_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest) as refused:
        public_sources(path)
    assert said in str(refused.value)


def test_a_list_that_is_not_there_says_how_to_name_one(tmp_path):
    with pytest.raises(BadRequest, match="--sources FILE"):
        public_sources(tmp_path / "nowhere.toml")


@given(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.lists(st.sampled_from(["PK", "UZ", "KG"]), unique=True),
)
def test_a_sidecar_says_what_the_list_says(title, publisher, countries):
    raw = {"title": title, "publisher": publisher, "countries": countries, "kind": "news", "url": "https://example.org/"}
    metadata, _ = metadata_from(raw)
    again, warnings = metadata_from(tomllib.loads(sidecar(PublicSource("a", metadata))))
    assert (again, warnings) == (metadata, ())


def test_a_sidecar_takes_del_and_quotes():
    written = sidecar(PublicSource("a", Metadata(title='a "b" \\ \x7f', countries=("PK", "UZ"))))
    assert tomllib.loads(written) == {"title": 'a "b" \\ \x7f', "countries": ["PK", "UZ"]}
