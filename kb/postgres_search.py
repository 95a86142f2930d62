"""The indexes of a generation in PostgreSQL: pgvector for meaning, a tsvector of our own stems for words.

Candidates come from the engine; what they are scored by is the embedded store's: cosines of vectors in half precision, and BM25
(kb.postings) over exact counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.generations import REMEMBERED
from kb.maxsim import Packed
from kb.postgres_shards import Row, Scatter
from kb.postings import CONTEXT_WEIGHT, LENGTH_SHARE, SATURATION, rarity, weight
from kb.recent import Recent
from kb.records import DocumentSummary, IndexManifest, Passage

EXACT_MOST = 20_000  # passages that are compared one by one: as fast as an index, and exact
SPARE = 30  # candidates beyond those wanted: the engine rounds the question to half precision, the final order does not
HEAD = 4  # bytes of a halfvec before its numbers
MATCHES = 5_000  # passages that words are scored in, at the least; see PostgresWords
MATCHES_OF = 40  # and one in so many of a larger collection
PHRASES = 2_000  # passages with a phrase that are scored
LONGEST_TERM = 2_046  # bytes of a lexeme

SPARSE = 1_000_000_000  # numbers that a sparsevec may have: stems are numbered below it


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a filter lets through: numbers in `column`, and of how many passages they are."""

    column: str
    nums: list[int]
    passages: int


@dataclass(frozen=True, slots=True)
class Generation:
    """A published generation: its schema, what it was made with, and the mean length of its passages in words."""

    schema: str
    manifest: IndexManifest
    mean_length: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What was last read of a generation, from whichever part: it does not change. `stems`: number and frequency of each."""

    found: Recent[int, tuple[Passage, DocumentSummary]] = field(default_factory=lambda: Recent(REMEMBERED))
    languages: Recent[int, str] = field(default_factory=lambda: Recent(16 * REMEMBERED))
    tokens: Recent[int, Packed] = field(default_factory=lambda: Recent(REMEMBERED))
    stems: Recent[str, tuple[int, int]] = field(default_factory=lambda: Recent(16 * REMEMBERED))
    phrases: Recent[str, int] = field(default_factory=lambda: Recent(REMEMBERED))


class PostgresVectors:
    def __init__(self, scatter: Scatter, generation: Generation) -> None:
        self._scatter = scatter
        self._generation = generation

    def __len__(self) -> int:
        return self._generation.manifest.passages

    def search(self, query: npt.NDArray[np.float32], k: int, allowed: Allowed | None = None) -> list[tuple[int, float]]:
        """The k nearest (position, cosine). Exact if each server is asked for EXACT_MOST passages at most; otherwise by HNSW, of
        whose ten nearest 91 to 99 in a hundred are there (docs/postgresql.md)."""
        count = len(self) if allowed is None else allowed.passages
        wanted = min(k, count)
        if wanted <= 0:
            return []
        exact = "+ 0" if count <= EXACT_MOST * len(self._scatter) else ""  # an expression that no index serves
        rows = self._scatter.everywhere(
            f"""SELECT num, embedding FROM embeddings {_where(allowed)}
                ORDER BY (embedding <#> %(query)s::halfvec) {exact} LIMIT %(most)s""",
            {"query": vector_text(query), "most": wanted + SPARE, "allowed": allowed.nums if allowed else None},
            binary=True,
        )
        if not rows:
            return []
        nums = np.array([num for num, _ in rows], np.int64)
        halves = np.frombuffer(b"".join(raw[HEAD:] for _, raw in rows), ">f2").reshape(len(rows), -1)
        cosines = halves.astype(np.float32) @ query.astype(np.float32)
        order = np.lexsort((nums, -cosines))[:wanted]
        return [(int(nums[i]), float(cosines[i])) for i in order]


class PostgresWords:
    """Candidates are the passages with the rarest of the stems, of which so many are taken that about MATCHES passages have one;
    their scores are exact and by all the stems. At 200,000 passages and 105 questions, against the ten and the hundred best of
    all, on a loaded machine: 2,000 .972 and .946 in 5 ms; 5,000 .996 and .990 in 16; 20,000 1.000 and .999 in 48. RUM's nearest
    1,000 passages, which PostgreSQL ranks itself: .803 and .777 in 99. So many are too few of a larger collection: of a million
    recombined passages 5,000 held .84 of the ten best, 25,000 .97, 50,000 .99.
    """

    def __init__(self, scatter: Scatter, generation: Generation, kept: Kept) -> None:
        self._scatter = scatter
        self._generation = generation
        self._kept = kept

    def search(self, terms: Sequence[str], k: int, allowed: Allowed | None = None) -> list[tuple[int, float]]:
        """The k best (position, BM25) of the passages that hold any of the stems, or stems that follow each other."""
        if k < 1 or (allowed is not None and not allowed.passages):
            return []
        wanted = list(dict.fromkeys(terms))
        known = self._known([stem for term in wanted for stem in term.split(" ")])
        phrases = [term.split(" ") for term in wanted if " " in term]
        phrases = [phrase for phrase in phrases if all(known[stem][1] for stem in phrase)]
        plain = {term: known[term] for term in wanted if " " not in term and known[term][1]}
        # A passage's score is a sum, so what words found has to be whole before it is cut.
        scores = self._of_words(plain, PHRASES if phrases else k, allowed)
        for phrase in phrases:
            for num, score in self._of_phrase(phrase, allowed):
                scores[num] = scores.get(num, 0.0) + score
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each stem occurs (0: in none)."""
        return {term: count for term, (_, count) in self._known(terms).items()}

    def idf(self, terms: Sequence[str], passages: int) -> dict[str, float]:
        return rarity(self.document_frequencies(terms), passages)

    def _known(self, terms: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Stem → (its number, how many passages have it); (0, 0) of one that none has."""

        def load(stems: list[str]) -> dict[str, tuple[int, int]]:
            sql = "SELECT term, num, passages FROM terms WHERE term = ANY(%(terms)s)"
            rows = self._scatter.anywhere(sql, {"terms": [lexeme(stem) for stem in stems]})
            found = {str(term): (int(num), int(count)) for term, num, count in rows}
            return {stem: found.get(lexeme(stem), (0, 0)) for stem in stems}

        return self._kept.stems.get(terms, load)

    def _of_words(self, known: Mapping[str, tuple[int, int]], k: int, allowed: Allowed | None) -> dict[int, float]:
        """A passage's score is the product of its stems' impacts, which were counted when it was published, and their weights.

        `known`: stem → (its number, how many passages have it).
        """
        if not known:
            return {}
        total = self._generation.manifest.passages
        share = 1.0 if allowed is None else allowed.passages / max(total, 1)
        asked, matches, most = list[str](), 0.0, max(MATCHES, total // MATCHES_OF)
        for stem in sorted(known, key=lambda stem: known[stem][1]):
            matches += known[stem][1] * share
            if asked and matches > most:
                break
            asked.append(stem)
        weights = sorted((num, weight(total, count)) for num, count in known.values())
        rows = self._scatter.everywhere(
            f"""SELECT num, -(impacts <#> %(weights)s::sparsevec) AS score FROM lexemes
                WHERE words @@ %(query)s::tsquery {_and(allowed)} ORDER BY score DESC, num LIMIT %(k)s""",
            {
                "query": " | ".join(map(_quoted, asked)),
                "weights": f"{{{','.join(f'{num + 1}:{value:.9g}' for num, value in weights)}}}/{SPARSE}",
                "k": k,
                "allowed": allowed.nums if allowed else None,
            },
        )
        best = sorted(((int(num), float(score)) for num, score in rows), key=lambda item: (-item[1], item[0]))
        return dict(best[:k])

    def _of_phrase(self, stems: Sequence[str], allowed: Allowed | None) -> list[tuple[int, float]]:
        query = " <-> ".join(map(_quoted, stems))
        rows = self._scatter.everywhere(
            f"""WITH c AS MATERIALIZED (SELECT num, length, words FROM lexemes WHERE words @@ %(query)s::tsquery {_and(allowed)}
                  ORDER BY num LIMIT {PHRASES})
                SELECT c.num, c.length, u.lexeme, u.positions, u.weights FROM c CROSS JOIN LATERAL unnest(c.words) AS u
                WHERE u.lexeme = ANY(%(stems)s)""",
            {"query": query, "stems": [lexeme(stem) for stem in stems], "allowed": allowed.nums if allowed else None},
        )
        rows = _first(rows, PHRASES)
        lengths = {int(num): int(length) for num, length, *_ in rows}
        places: dict[int, dict[str, dict[int, str]]] = defaultdict(dict)
        for num, _, stem, positions, weights in rows:
            places[int(num)][stem] = dict(zip(positions, weights, strict=True))
        count = len(places) if allowed is None and len(places) < PHRASES else self._frequency(query)
        rare, mean = weight(self._generation.manifest.passages, count), self._generation.mean_length
        found = []
        for num, of in places.items():
            times = _times(stems, of)
            norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths[num] / mean)
            if times:  # places beyond a tsvector's last are not told
                found.append((num, rare * times * (SATURATION + 1) / (times + norm)))
        return found

    def _frequency(self, phrase: str) -> int:
        """In how many passages it is. What a part was missing from is not remembered."""
        known = self._kept.phrases.get([phrase], lambda _: {})
        if phrase in known:
            return known[phrase]
        sql = "SELECT count(*) FROM lexemes WHERE words @@ %(query)s::tsquery"
        count = sum(int(n) for (n,) in self._scatter.everywhere(sql, {"query": phrase}))
        return count if self._scatter.missing() else self._kept.phrases.get([phrase], lambda _: {phrase: count})[phrase]


def _first(rows: list[Row], most: int) -> list[Row]:
    """Those of the passages with the lowest numbers: each part gave so many."""
    nums = sorted({int(row[0]) for row in rows})[:most]
    return [row for row in rows if nums and row[0] <= nums[-1]]


def _times(stems: Sequence[str], places: Mapping[str, Mapping[int, str]]) -> float:
    """How often stems follow each other; in the context it counts more."""
    times = 0.0
    for place, mark in places.get(stems[0], {}).items():
        if all(place + offset in places.get(stem, {}) for offset, stem in enumerate(stems)):
            times += CONTEXT_WEIGHT if mark == "A" else 1.0
    return times


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """The indexes of one generation as one reading has them; positions are the numbers of its passages."""

    manifest: IndexManifest
    vectors: PostgresVectors
    words: PostgresWords
    passages: range
    found: Recent[int, tuple[Passage, DocumentSummary]]
    languages: Recent[int, str]
    tokens: Recent[int, Packed]
    scatter: Scatter

    def allowed(self, document_nums: list[int]) -> Allowed:
        ((count,),) = self.scatter.anywhere(
            "SELECT coalesce(sum(passage_count), 0) FROM documents WHERE num = ANY(%(nums)s)", {"nums": document_nums}
        )
        return Allowed("document", document_nums, int(count))

    def only(self, passage_nums: list[int]) -> Allowed:
        return Allowed("num", passage_nums, len(passage_nums))


def opened(scatter: Scatter, generation: Generation, manifest: IndexManifest, kept: Kept) -> PostgresSnapshot:
    """`manifest`: the generation's, as this reading tells it."""
    return PostgresSnapshot(
        manifest,
        PostgresVectors(scatter, generation),
        PostgresWords(scatter, generation, kept),
        range(manifest.passages),
        kept.found,
        kept.languages,
        kept.tokens,
        scatter,
    )


def vector_text(vector: npt.NDArray[Any]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]"


def lexeme(stem: str) -> str:
    """A stem as PostgreSQL keeps it: of one longer than it takes, the beginning."""
    return stem if len(stem) * 4 <= LONGEST_TERM else stem.encode(errors="replace")[:LONGEST_TERM].decode(errors="ignore")


def _quoted(stem: str) -> str:
    """In a tsquery."""
    return "'" + lexeme(stem).replace("\\", "\\\\").replace("'", "''") + "'"


def _where(allowed: Allowed | None) -> str:
    return f"WHERE {allowed.column} = ANY(%(allowed)s)" if allowed else ""


def _and(allowed: Allowed | None) -> str:
    return f"AND {allowed.column} = ANY(%(allowed)s)" if allowed else ""
