"""Dense search is exact where it says so, and near enough where it does not."""

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import vectors
from kb.errors import IndexStale
from kb.vectors import VectorIndex, build_vectors

DIMENSION, ROWS = 32, 3000


def unit(count, seed):
    """Rows with much in common, as a model's vectors have."""
    random = np.random.default_rng(seed)
    made = random.standard_normal((count, DIMENSION)) + 2
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


DATA = unit(ROWS, 0)


def built(folder, flat_most, part=1024):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "PART", part)
        count, kind = build_vectors(folder, np.array_split(DATA, 7), DIMENSION, flat_most)
    assert count == ROWS
    return kind


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coded")
    assert built(folder, flat_most=100).startswith("PQ16x4fs (3,000 rows, seed 1234)")
    return folder


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(vectors, "PART", 1024)


def nearest(query):
    return np.argsort(-(DATA.astype(np.float16).astype(np.float32) @ query), kind="stable")


def is_exact(found, query, allowed, k):
    """Equal cosines, not equal positions: FAISS and NumPy round to half precision in different ways."""
    cosines = (DATA.astype(np.float16).astype(np.float32) @ query)[allowed]
    assert all(allowed[position] for position, _ in found) and len({position for position, _ in found}) == len(found)
    assert [cosine for _, cosine in found] == pytest.approx(sorted(cosines.tolist(), reverse=True)[:k], abs=1e-4)


@pytest.mark.parametrize("part", [1024, 3000, 4096])
def test_parts_are_one_exact_index(tmp_path, monkeypatch, part):
    assert built(tmp_path, flat_most=ROWS, part=part) == "flat fp16"
    monkeypatch.setattr(vectors, "PART", part)
    index = VectorIndex(tmp_path)
    assert len(index) == ROWS
    for query in unit(20, 1):
        is_exact(index.search(query, 50), query, np.ones(ROWS, dtype=bool), 50)


def test_candidates_by_codes_hold_the_nearest(coded, small_parts, monkeypatch):
    monkeypatch.setattr(vectors, "FEWEST_CANDIDATES", 600)  # random vectors are harder than real ones
    index, recalls = VectorIndex(coded), []
    for query in unit(100, 1):
        found = index.search(query, 10)
        assert [s for _, s in found] == pytest.approx([float(DATA[p] @ query) for p, _ in found], abs=1e-3)
        recalls.append(len({p for p, _ in found} & set(nearest(query)[:10].tolist())) / 10)
    assert np.mean(recalls) >= 0.98


@given(st.floats(0, 1), st.integers(0, 1000))
def test_a_filter_is_exact_whatever_it_lets_through(coded, share, seed):
    allowed = np.random.default_rng(seed).random(ROWS) < share
    query = unit(1, seed)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "PART", 1024)
        is_exact(VectorIndex(coded).search(query, 20, allowed), query, allowed, 20)


def test_the_same_rows_give_the_same_files(coded, tmp_path):
    built(tmp_path, flat_most=100)
    assert {p.name: p.read_bytes() for p in coded.iterdir()} == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_no_rows_no_results(tmp_path):
    assert build_vectors(tmp_path, [], 8)[0] == 0
    assert VectorIndex(tmp_path).search(np.ones(8, np.float32), 5) == []


@pytest.mark.parametrize("name", ["vectors.001.faiss", "codes.faiss"])
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(path.read_bytes()[:-100])])
def test_a_damaged_file_names_the_remedy(coded, tmp_path, small_parts, name, damage):
    for path in coded.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path / name)
    with pytest.raises(IndexStale, match="python -m ingest reindex"):
        VectorIndex(tmp_path)


def test_a_missing_part_names_the_remedy(coded, tmp_path, small_parts):
    for path in coded.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "vectors.001.faiss").unlink()
    with pytest.raises(IndexStale, match="rows"):
        VectorIndex(tmp_path)


def test_while_codes_are_learnt_one_part_is_mapped_at_a_time(tmp_path, monkeypatch):
    """What is mapped and read counts as memory: all parts of a million passages are 770 MB."""
    mapped, most = [], []

    def counted(path, real=vectors._mapped):
        most.append(sum(one() is not None for one in mapped))
        index = real(path)
        mapped.append(weakref.ref(index))
        return index

    monkeypatch.setattr(vectors, "_mapped", counted)
    built(tmp_path, flat_most=100, part=512)
    assert len(mapped) == 12  # each of the six for the sample, and for its codes
    assert max(most) <= 1
