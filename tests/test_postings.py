"""The word index finds what it holds, ranks as FTS5 does, and is the same however it was built."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import postings
from kb.postings import CONTEXT_WEIGHT, WordIndex, build_words
from kb.words import query_stems, stems

ROWS = [
    ("Pakistan and Uzbekistan signed the transit trade agreement.", "AUPTT"),
    ("Соглашение о транзите подписано в Ташкенте.", "Соглашения"),
    ("ازبکستان کے ساتھ معاہدہ تاشقند میں ہوا۔", "خبریں"),
    ("The wheat harvest of Kazakhstan.", "Agriculture and agreements"),
]


def made(factory):
    path = factory.getbasetemp() / "words"
    if not path.exists():
        path.mkdir()
        build_words(path, ROWS)
    return WordIndex(path)


@pytest.fixture
def index(tmp_path):
    build_words(tmp_path, ROWS)
    return WordIndex(tmp_path)


@pytest.mark.parametrize(
    ("query", "first"),
    [("agreements signed", 0), ("соглашения о транзите", 1), ("معاہده تاشقند", 2), ("WHEAT harvests", 3), ("подписан", 1)],
)
def test_inflections_and_letter_variants_match(index, query, first):
    assert index.search(query_stems(query), 3)[0][0] == first


def test_only_true_matches_best_first_and_larger_is_better(index):
    found = index.search(["agreement"], 10)
    assert [position for position, _ in found] == [3, 0]  # a word of the heading counts more than one of the body
    assert found[0][1] > found[1][1]
    assert index.search(["nothing"], 10) == []
    assert index.search([], 10) == []


def test_the_mask_filters_before_the_cut(index):
    mask = np.array([False, False, False, True])
    assert [position for position, _ in index.search(["agreement"], 1, mask)] == [3]


def test_a_rarer_stem_weighs_more_and_none_weighs_less_than_nothing(index):
    frequencies = index.document_frequencies(sorted({stem for row in ROWS for stem in stems(" ".join(row))} | {"nothing"}))
    rarity = index.idf(list(frequencies), len(ROWS))
    by_rarity = sorted(frequencies, key=lambda stem: -frequencies[stem])
    assert [rarity[stem] for stem in by_rarity] == sorted(rarity.values())
    assert min(rarity.values()) > 0 and by_rarity[-1] == "nothing"


@given(st.text(max_size=60))
def test_no_text_breaks_the_query_syntax(tmp_path_factory, text):
    index = made(tmp_path_factory)
    index.search(query_stems(text), 5)
    index.search([text], 5)


@pytest.mark.parametrize("text", ["what's article 5(2)?", "GDPR-2016", "???", '"', "NEAR(a b)", "body:x OR *", "a AND"])
def test_syntax_of_the_search_engine_is_only_words(index, text):
    index.search(query_stems(text), 5)


def test_document_frequencies_count_passages(index):
    assert index.document_frequencies(["agreement", "tashkent"]) == {"agreement": 2, "tashkent": 0}


TEXTS = st.lists(
    st.tuples(*[st.lists(st.sampled_from("road rail dam gas deal".split()), max_size=6).map(" ".join)] * 2), max_size=12
)


def by_fts5(rows, query):
    """(position, score) by SQLite's own index of the same stems."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(body, context, content='', tokenize='ascii')")
        stemmed = [(n, *(" ".join(stems(column)) for column in row)) for n, row in enumerate(rows)]
        connection.executemany("INSERT INTO words (rowid, body, context) VALUES (?, ?, ?)", stemmed)
        found = connection.execute(
            f"SELECT rowid, -bm25(words, 1.0, {CONTEXT_WEIGHT}) AS s FROM words WHERE words MATCH ? ORDER BY s DESC, rowid",
            (query,),
        )
        return found.fetchall()


@given(TEXTS, st.lists(st.sampled_from(["road", "rail", "dam", "gas deal", "deal road dam", "gas"]), min_size=1, unique=True))
def test_scores_are_those_of_fts5_for_words_and_phrases(tmp_path_factory, rows, terms):
    folder = tmp_path_factory.mktemp("words")
    build_words(folder, rows)
    found = dict(WordIndex(folder).search(terms, 99))
    wanted = dict(by_fts5(rows, " OR ".join(f'"{term}"' for term in terms)))
    assert found == pytest.approx(wanted, abs=1e-6)


@given(TEXTS)
def test_the_files_are_the_same_in_runs_of_any_size(tmp_path_factory, rows):
    contents = []
    for places in (postings.RUN_PLACES, 3):
        folder = tmp_path_factory.mktemp("words")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postings, "RUN_PLACES", places)
            build_words(folder, rows)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]


def test_a_phrase_does_not_reach_from_one_column_or_passage_into_the_next(tmp_path):
    build_words(tmp_path, [("one road", "rail two"), ("dam", "")])
    index = WordIndex(tmp_path)
    assert index.search(["road rail"], 9) == index.search(["two dam"], 9) == []
    assert [position for position, _ in index.search(["rail two"], 9)] == [0]


def test_a_possessive_is_one_word(tmp_path):
    build_words(tmp_path, [("Da'esh is named.", ""), ("Da and esh.", "")])
    assert [position for position, _ in WordIndex(tmp_path).search(query_stems("Da'esh"), 9)] == [0]


@pytest.mark.parametrize("name", ["terms", "places.npy", "impacts.npy", "segments.npy"])
def test_a_file_that_is_cut_short_is_not_opened(tmp_path, name):
    build_words(tmp_path, ROWS)
    path = tmp_path / f"words.{name}"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"word index|mmap|size|bytes"):
        WordIndex(tmp_path)


def test_a_disk_without_room_is_an_error_before_anything_is_mapped(tmp_path, monkeypatch):
    """Room is asked for whole: without it, writing to a map of a file would end the process."""
    asked = []
    monkeypatch.setattr(os, "posix_fallocate", lambda descriptor, start, size: asked.append((start, size)))
    build_words(tmp_path, ROWS)
    names = ("places", "passages", "impacts")
    assert asked == [(0, (tmp_path / f"words.{name}.npy").stat().st_size) for name in names]


def test_what_was_written_to_a_map_is_let_go_of_and_stays(tmp_path):
    made = postings._created(tmp_path, "places", np.uint32, 1 << 20)
    made[:] = np.arange(len(made))
    assert resident(tmp_path / "words.places.npy") > 4000
    postings._let_go(made)
    assert resident(tmp_path / "words.places.npy") < 100
    assert np.array_equal(made, np.arange(len(made)))
    assert np.array_equal(np.load(tmp_path / "words.places.npy"), made)


def resident(path):
    """KB of a mapped file in this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        int(next(line for line in lines if line.startswith("Rss:")).split()[1]) for line in lines if line.endswith(str(path))
    )
