import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.words import WordIndex, build_words, query_stems, stems

ROWS = [
    ("Pakistan and Uzbekistan signed the transit trade agreement.", "AUPTT"),
    ("Соглашение о транзите подписано в Ташкенте.", "Соглашения"),
    ("ازبکستان کے ساتھ معاہدہ تاشقند میں ہوا۔", "خبریں"),
    ("The wheat harvest of Kazakhstan.", "Agriculture and agreements"),
]


@pytest.fixture
def index(tmp_path):
    build_words(tmp_path / "words.sqlite", ROWS)
    return WordIndex(tmp_path / "words.sqlite")


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
    path = tmp_path_factory.getbasetemp() / "any.sqlite"
    if not path.exists():
        build_words(path, ROWS)
    index = WordIndex(path)
    index.search(query_stems(text), 5)
    index.search([text], 5)
    index.close()


@pytest.mark.parametrize("text", ["what's article 5(2)?", "GDPR-2016", "???", '"', "NEAR(a b)", "body:x OR *", "a AND"])
def test_syntax_of_the_search_engine_is_only_words(index, text):
    index.search(query_stems(text), 5)


def test_function_words_go_unless_nothing_else_is_left():
    assert query_stems("When was the QTTA signed?") == ["qtta", "sign"]
    assert query_stems("what is it") == ["what", "is", "it"]
    assert query_stems("Какова протяжённость линии?") == stems("протяженность линии")


def test_document_frequencies_count_passages(index):
    assert index.document_frequencies(["agreement", "tashkent"]) == {"agreement": 2, "tashkent": 0}


def test_the_mark_of_a_note_is_no_part_of_a_word():
    assert stems("the agreement¹ of 2023²") == stems("the agreement of 2023")
