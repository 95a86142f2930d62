"""The gazetteer: its data, exact offsets in three scripts, and the terms it adds to a search."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.gazetteer import MAX_EXPANSION, TYPES, Gazetteer, _folded

GAZETTEER = Gazetteer.load()


def ids(text: str) -> list[str | None]:
    return [mention.entity_id for mention in GAZETTEER.find(text)]


def test_data_names_nobody_twice_without_saying_so() -> None:
    owners: dict[str, set[str]] = {}
    for entity in GAZETTEER.entities.values():
        assert entity.type in TYPES
        for name in entity.names:
            owners.setdefault(_folded(name)[0], set()).add(entity.id)
    shared: dict[str, set[str]] = {}
    for entity in GAZETTEER.entities.values():
        for name in entity.ambiguous:
            shared.setdefault(_folded(name)[0], set()).add(entity.id)
    assert {name: who for name, who in owners.items() if len(who) > 1} == {}
    assert not set(shared) & set(owners)
    assert {name for name, who in shared.items() if len(who) < 2} == set()
    assert len(GAZETTEER.entities) >= 80


@pytest.mark.parametrize("entity_id", list(GAZETTEER.entities))
def test_every_name_is_found_as_a_whole_by_itself(entity_id: str) -> None:
    for name in GAZETTEER.entities[entity_id].names:
        (mention,) = GAZETTEER.find(f"— {name}, …")
        assert (mention.entity_id, mention.text) == (entity_id, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gwadar, Gawadar, گوادر и Гвадаром", ["port:gwadar"] * 4),
        ("Pakistan’s CASA–1000 and casa 1000", ["Q843", "project:casa-1000", "project:casa-1000"]),
        ("с Узбекистаном, Пакистана, в России", ["Q265", "Q843", "Q159"]),
        ("узбекско-пакистанские переговоры", ["Q265", "Q843"]),
        ("تركمانستان اور كراچي", ["Q874", "Q8660"]),
        ("پَاکِستان", ["Q843"]),
        ("TÜRKMENBAŞY and turkmenbasy", ["port:turkmenbashi"] * 2),
        ("O‘zbekiston", ["Q265"]),
        ("Asian\u00a0Development\nBank", ["org:adb"]),
        ("eco-friendly, sco, Eco, ECO", ["org:eco"]),
        ("Pakistanis, Gwadarian", ["Q843"]),
        ("carec", ["org:carec"]),
        ("UN Security Council", ["org:unsc"]),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_ambiguous_name_is_linked_only_where_the_text_settles_it() -> None:
    assert ids("The PTA was signed.") == []
    assert ids("The Pakistan-Uzbekistan Preferential Trade Agreement (PTA)") == ["agreement:uz-pk-pta"] * 2
    assert ids("Serdar Berdimuhamedov spoke; Berdimuhamedov left.") == ["person:serdar"] * 2


NAMES = [name for entity in GAZETTEER.entities.values() for name in entity.names]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(NAMES), st.sampled_from([" ", "-", "\u0301", "َ", "\u200c", "İ", "ß", "\n"]), st.text(max_size=5)
        )
    )
)
def test_mentions_are_slices_in_order(parts: list[str]) -> None:
    text = "".join(parts)
    before = 0
    for mention in GAZETTEER.find(text):
        assert before <= mention.start < mention.end
        assert text[mention.start : mention.end] == mention.text
        before = mention.end


@pytest.mark.parametrize(
    ("name", "code"),
    [("pk", "PK"), ("Узбекистан", "UZ"), ("ترکمانستان", "TM"), (" Kyrgyz Republic ", "KG"), ("Gwadar", None), ("", None)],
)
def test_country_code(name: str, code: str | None) -> None:
    assert GAZETTEER.country_code(name) == code


def test_expand_gives_other_scripts_first_and_never_what_was_asked() -> None:
    terms = GAZETTEER.expand("What is shipped through Gawadar?")
    assert {"Gwadar", "Гвадар", "گوادر"} == set(terms[:3])
    assert "Gawadar" not in terms
    assert len(terms) == len(set(terms)) <= MAX_EXPANSION
    assert GAZETTEER.expand("How high is the fee?") == ()
    assert any("Telecommunication" in term for term in GAZETTEER.expand("PTA")), "all bearers of an ambiguous name"


def test_aliases_of_names_the_entity_and_refuses_an_unknown_one() -> None:
    assert GAZETTEER.aliases_of("agreement:auptt")[:2] == ("AUPTT", "UPTTA")
    with pytest.raises(KeyError):
        GAZETTEER.aliases_of("Q0")


def test_a_question_costs_well_under_a_millisecond() -> None:
    question = "Which routes link Gwadar and Karachi with Tashkent under the transit trade agreement of 2021?"
    best = min(_seconds(question) for _ in range(5))
    assert best < 0.001


def _seconds(text: str) -> float:
    start = time.perf_counter()
    GAZETTEER.find(text)
    return time.perf_counter() - start
