"""Rows made of arrays, block by block, are those that one passage after the other would give."""

import struct
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import postgres_lexemes
from kb.postgres_copy import embeddings, integer
from kb.postgres_lexemes import CONTEXT, LAST_PLACE, MOST_PLACES, Lexemes
from kb.postgres_search import SPARSE, lexeme
from kb.postings import CONTEXT_WEIGHT, LENGTH_SHARE, SATURATION, WordIndex, build_words
from kb.words import stems

TEXTS = st.lists(st.tuples(st.text("ab дё ٹک é'", max_size=40), st.text("ab д", max_size=9)), max_size=9)
LONG = ["x" * 2045 + "éz", "x" * 2045 + "z", "x" * 2046, "x" * 2050, "ё" * 1100]


def made(folder, rows):
    build_words(folder, rows)
    index = WordIndex(folder)
    documents = np.arange(len(rows), dtype=np.int64) // 2 + 7
    lexemes = Lexemes(index, documents, folder)
    blocks = lexemes.divided(documents % 2, [1, 0])
    return [b"".join(part) for part in zip(*blocks, strict=True)] or [b"", b""], list(lexemes.terms()), index.mean_length


def expected(rows, mean):
    """One passage after the other: the rows of two parts, and in how many passages of both each stem is."""
    found = [tuple([lexeme(stem) for stem in stems(column)] for column in row) for row in rows]
    names = sorted({stem for columns in found for column in columns for stem in column}, key=str.encode)
    numbers = {name: number for number, name in enumerate(names)}
    encoded = [_row(place, columns, numbers, mean) for place, columns in enumerate(found)]
    divided = [b"".join(row for place, row in enumerate(encoded) if (place // 2 + 7) % 2 == part) for part in (1, 0)]
    return divided, Counter(stem for columns in found for stem in {*columns[0], *columns[1]}), numbers


def _row(place, columns, numbers, mean):
    times = Counter[str]()
    places = defaultdict(list)
    for column, weight, mark, first in zip(columns, (1, CONTEXT_WEIGHT), (0, CONTEXT), (1, len(columns[0]) + 2), strict=True):
        for at, stem in enumerate(column, first):
            times[stem] += weight
            places[stem] += [mark | at] if at <= LAST_PLACE and len(places[stem]) < MOST_PLACES else []
    length = len(columns[0]) + len(columns[1])
    norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / mean)
    order = sorted(times, key=numbers.__getitem__)
    words = struct.pack("!i", len(order)) + b"".join(
        stem.encode() + b"\0" + struct.pack(f"!H{len(places[stem])}H", len(places[stem]), *places[stem]) for stem in order
    )
    impacts = struct.pack(f"!3i{len(order)}i", SPARSE, len(order), 0, *(numbers[stem] for stem in order))
    impacts += struct.pack(f"!{len(order)}f", *(times[stem] * (SATURATION + 1) / (times[stem] + norm) for stem in order))
    fields = struct.pack("!ii", 4, length), *(struct.pack("!i", len(field)) + field for field in (words, impacts))
    return struct.pack("!h", 5) + integer(place) + integer(place // 2 + 7) + b"".join(fields)


@given(rows=TEXTS, block=st.integers(1, 4))
def test_blocks_hold_what_passages_hold(tmp_path_factory, rows, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_lexemes, "BLOCK", block)
        got, terms, mean = made(tmp_path_factory.mktemp("words"), rows)
    wanted, counts, numbers = expected(rows, mean)
    assert got == wanted
    assert {name: (number, count) for name, number, count in terms} == {n: (numbers[n], counts[n]) for n in numbers}


def test_stems_that_are_too_long_places_too_many_and_too_far(tmp_path):
    """Cut to what PostgreSQL takes, two of which are then one; of many places the first are kept; all of them count."""
    rows = [
        (" ".join(LONG), "x"),
        ("often " * 300 + "rare " + "filled up " * 8200 + "late", "often last"),
        (" ".join(LONG[:2]), ""),
    ]
    got, terms, mean = made(tmp_path, rows)
    wanted, counts, _ = expected(rows, mean)
    assert got == wanted
    assert {name: count for name, _, count in terms} == counts
    assert len([name for name, _, _ in terms if name.startswith("xx")]) < len(LONG) - 1


def test_embeddings_are_rows_of_half_precision():
    vectors = np.array([[1, 0.1], [-2, 6.1e-5]], np.float32)
    rows = embeddings(vectors, np.array([5, 9]), np.array([3, 4]))
    size = len(rows) // 2
    for number in range(2):
        row = rows[number * size : (number + 1) * size]
        assert row == struct.pack("!hiqiqihh2e", 3, 8, 5 + 4 * number, 8, 3 + number, 8, 2, 0, *vectors[number].tolist())
