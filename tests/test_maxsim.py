"""Word vectors survive their code well enough, and MaxSim is what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.embed import Encoded
from kb.errors import IndexStale
from kb.maxsim import by_word, maxsims, pack, similarities, unpack


def rows(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Unit rows with a large common component, as a model's token vectors have."""
    random = np.random.default_rng(seed)
    made = random.standard_normal((count, dimension)) + 1.2 * random.standard_normal(dimension)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def packed(tokens: np.ndarray, starts: np.ndarray | None = None, ends: np.ndarray | None = None) -> bytes:
    at = np.arange(len(tokens), dtype=np.int32)
    return pack(tokens, at if starts is None else starts, at + 1 if ends is None else ends)


@given(st.integers(0, 40), st.integers(1, 70), st.integers(0, 1000))
def test_any_shape_round_trips(count: int, dimension: int, seed: int) -> None:
    tokens = rows(count, dimension, seed)
    (found,) = similarities(rows(3, dimension, seed + 1), [unpack(packed(tokens))])
    assert found.shape == (3, count)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_similarities_are_close_to_those_of_float32() -> None:
    tokens, query = rows(180, 384), rows(12, 384, 0)
    assert np.abs(similarities(query, [unpack(packed(tokens))])[0] - query @ tokens.T).max() < 0.12
    assert maxsims(query, [unpack(packed(tokens))])[0] == pytest.approx((query @ tokens.T).max(axis=1).mean(), abs=0.09)


@given(st.lists(st.integers(0, 1500), max_size=6), st.integers(0, 1000))
def test_passages_together_score_as_each_alone(counts: list[int], seed: int) -> None:
    passages = [unpack(packed(rows(count, 12, seed + n))) for n, count in enumerate(counts)]
    query = rows(3, 12, seed)
    assert maxsims(query, passages) == pytest.approx([maxsims(query, [one])[0] for one in passages], abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 50)), max_size=30))
def test_offsets_come_back_exactly(spans: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in spans], dtype=np.int32)
    ends = np.array([start + length for start, length in spans], dtype=np.int32)
    again = unpack(packed(rows(len(spans), 8), starts, ends))
    assert again.starts.tolist() == starts.tolist()
    assert again.ends.tolist() == ends.tolist()


def test_maxsim_is_between_0_and_1_and_highest_for_the_same_tokens() -> None:
    same, other = rows(20, 64, 1), rows(20, 64, 2)
    assert 0 <= maxsims(same, [unpack(packed(other))])[0] < maxsims(same, [unpack(packed(same))])[0] <= 1
    assert maxsims(-same, [unpack(packed(same))])[0] == 0


def test_no_tokens_on_either_side_is_0() -> None:
    assert maxsims(rows(0, 16), [unpack(packed(rows(3, 16)))])[0] == 0
    assert maxsims(rows(3, 16), [unpack(packed(rows(0, 16)))])[0] == 0


def test_a_single_token_equals_its_own_mean() -> None:
    token = rows(1, 384)
    assert maxsims(token, [unpack(packed(token))])[0] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-1], lambda b: b + b"x", lambda b: b"\x01" + b[1:], lambda b: b[:4]]
)
def test_bytes_that_are_not_a_packed_passage_are_an_error_with_the_next_step(damage) -> None:
    with pytest.raises(IndexStale, match="python -m ingest reindex"):
        unpack(damage(packed(rows(5, 32))))


def test_a_passage_of_150_tokens_takes_less_than_10_kb() -> None:
    """Of XQuAD's 150 tokens 104 begin a word."""
    assert len(packed(rows(104, 384))) == 6 + 768 + 104 * 83 < 10_000


def encoded(text: str, pieces: list[tuple[int, int]]) -> Encoded:
    starts, ends = np.array(pieces, dtype=np.int32).reshape(-1, 2).T
    return Encoded(np.zeros(8, np.float32), rows(len(pieces), 8), starts, ends)


def test_the_tokens_of_a_word_are_one_row_and_marks_are_none() -> None:
    text = "Gwadar, port: 15 km."
    one = encoded(text, [(0, 2), (2, 6), (6, 7), (8, 12), (12, 13), (14, 16), (17, 19), (19, 20)])
    tokens, starts, ends = by_word(text, one)
    assert [text[a:b] for a, b in zip(starts, ends, strict=True)] == ["Gwadar", "port", "15", "km"]
    mean = one.tokens[:2].mean(axis=0)
    assert np.allclose(tokens[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert np.allclose(tokens[1:], one.tokens[[3, 5, 6]], atol=1e-6)


def test_a_clause_without_spaces_is_cut_into_rows() -> None:
    text = "巴基斯坦与中亚的关系和贸易"
    _, starts, ends = by_word(text, encoded(text, [(i, i + 1) for i in range(len(text))]))
    assert list(zip(starts, ends, strict=True)) == [(0, 6), (6, 12), (12, 13)]


@pytest.mark.parametrize("text", ["", "— … —", "«»"])
def test_a_text_without_a_word_has_no_row(text: str) -> None:
    tokens, starts, ends = by_word(text, encoded(text, [(i, i + 1) for i in range(len(text))]))
    assert len(tokens) == len(starts) == len(ends) == 0
    assert maxsims(rows(3, 8), [unpack(pack(tokens, starts, ends))]) == [0]


@given(st.text("ab я.,'-1 \n", max_size=60), st.integers(1, 4))
def test_rows_stand_for_words_in_order(text: str, step: int) -> None:
    pieces = [(at, min(at + step, len(text))) for at in range(0, len(text), step)]
    tokens, starts, ends = by_word(text, encoded(text, pieces))
    assert len(tokens) == len(starts) == len(ends) <= len(pieces)
    assert (starts < ends).all() and (np.diff(starts) > 0).all()
    assert np.allclose(np.linalg.norm(tokens, axis=1), 1, atol=1e-5)
