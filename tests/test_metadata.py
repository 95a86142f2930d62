from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import (
    LONGEST,
    MOST_SOURCES,
    MOST_VALUES,
    country_code,
    iso_date,
    language_code,
    merge,
    metadata_from,
    raw_metadata,
    web_address,
)
from kb.records import Metadata


def test_what_people_write_becomes_metadata() -> None:
    metadata, warnings = metadata_from(
        {
            "title": " A  title ",
            "kind": "policy paper",
            "date": datetime.date(2024, 5, 6),
            "countries": "Pakistan, uz, Казахстан",
            "parties": ["Pakistan", "Pakistan", "Uzbekistan"],
            "status": "In force",
            "status_date": 2021,
            "language": "en-US",
            "url": "https://example.org/a",
            "projects": "CASA-1000, TAPI",
            "sources": ["https://example.org/b", "http://example.org/c?d=1,2;3", "https://example.org/b"],
            "remark": ["left alone"],
        }
    )
    assert metadata == Metadata(
        "A title",
        "policy_paper",
        "",
        "2024-05-06",
        "https://example.org/a",
        "en",
        ("KZ", "PK", "UZ"),
        ("Pakistan", "Uzbekistan"),
        "in_force",
        "2021",
        "",
        ("CASA-1000", "TAPI"),
        ("https://example.org/b", "http://example.org/c?d=1,2;3"),
    )
    assert warnings == ()


def test_what_cannot_be_used_is_a_warning() -> None:
    metadata, warnings = metadata_from(
        {"kind": "poem", "date": "2024-13-01", "url": "javascript:alert(1)", "countries": ["Atlantis"], "status": "odd"}
    )
    assert metadata == Metadata()
    assert len(warnings) == 5
    assert "'poem'" in warnings[0]


def test_addresses_that_lead_elsewhere_or_are_too_many_are_left_out_and_told() -> None:
    bad = ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://a@example.org", "https://x.org/" + "a" * 2000, 7]
    metadata, warnings = metadata_from({"sources": ["https://example.org/a", *bad], "url": "https://x.org/" + "a" * 2000})
    assert (metadata.sources, metadata.url) == (("https://example.org/a",), "")
    assert len(warnings) == 2 and "6 of 7 sources are not used, the first 'javascript:alert(1)': only http://" in warnings[1]
    many = [f"https://example.org/{number}" for number in range(MOST_SOURCES + 1)]
    metadata, warnings = metadata_from({"sources": " ".join(many), "projects": [f"P{number}" for number in range(999)]})
    assert metadata.sources == tuple(many[:MOST_SOURCES]) and len(metadata.projects) == MOST_VALUES
    assert warnings == (f"sources has {MOST_SOURCES + 1} addresses; the first {MOST_SOURCES} are used.",)
    assert metadata_from({"sources": {"a": 1}, "projects": 5})[0] == Metadata()


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2021", "2021"),
        ("2021-07", "2021-07"),
        ("2021-07-15T10:00:00Z", "2021-07-15"),
        ("15 July 2021", "2021-07-15"),
        ("July 2021", "2021-07"),
        ("July 5, 2021", "2021-07-05"),
        ("15 июля 2021 г.", "2021-07-15"),
        ("05.07.2021", "2021-07-05"),
        ("2021-02-30", ""),
        ("soon", ""),
        ("0000", ""),
    ],
)
def test_iso_date(written: str, iso: str) -> None:
    assert iso_date(written) == iso


def test_codes_and_addresses() -> None:
    assert (country_code("the Kyrgyz Republic"), country_code("xx"), country_code("Utopia")) == ("KG", "XX", "")
    assert (language_code("Urdu"), language_code("eng"), language_code("?")) == ("ur", "en", "")
    assert web_address("http://user@example.org") == web_address("ftp://example.org") == web_address("https://[x") == ""


def test_the_first_layer_with_a_value_wins() -> None:
    assert merge(Metadata(title="a"), Metadata(title="b", countries=("PK",)), Metadata(kind="news")) == Metadata(
        title="a", kind="news", countries=("PK",)
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a: &x [1]\nb: *x", "yaml"),
        ("- 1", "yaml"),
        ("a = ", "toml"),
        ("[1]", "json"),
        ("x" * 70_000, "yaml"),
        ("[" * 5000, "json"),
        ("!!python/object:os.system x", "yaml"),
    ],
)
def test_raw_metadata_refuses(text: str, form: str) -> None:
    with pytest.raises(ValueError, match="it"):
        raw_metadata(text, form)


@given(
    st.dictionaries(
        st.sampled_from(["title", "date", "kind", "countries", "url", "projects", "sources"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.dates(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_any_value_is_taken_or_left(raw: dict[str, object]) -> None:
    metadata, _ = metadata_from(raw)
    assert all(len(code) == 2 for code in metadata.countries)
    assert all(address == web_address(address) for address in metadata.sources)
    assert max((0, *map(len, metadata.projects))) <= LONGEST
