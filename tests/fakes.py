"""Fakes: small real implementations that explain themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from kb.embed import Encoded
from kb.words import WORD, stem

DIMENSION = 64


def word_vector(word: str) -> np.ndarray:
    """A direction of its own for each stem, the same on every machine."""
    seed = int.from_bytes(hashlib.sha256(stem(word).encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


class FakeEncoder:
    """Vectors made of words: texts that share stems are near, and a token is near its own stem alone. Counts its batches."""

    model = "fake"
    dimension = DIMENSION
    note = "a fake made of words"
    folder = "nowhere"

    def __init__(self, digest: str = "fake-digest") -> None:
        self.digest = digest
        self.batches: list[int] = []

    def encode_passages(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Encoded]:
        self.batches.append(len(texts))
        return [self._encoded(text, context) for text, context in zip(texts, contexts, strict=True)]

    def encode_query(self, text: str) -> Encoded:
        return self._encoded(text, "")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(WORD.findall(text)) for text in texts]

    def _encoded(self, text: str, context: str) -> Encoded:
        words = list(WORD.finditer(text))
        tokens = np.array([word_vector(word[0]) for word in words], dtype=np.float32).reshape(-1, DIMENSION)
        whole = tokens.sum(axis=0) + 0.2 * sum(
            (word_vector(word) for word in WORD.findall(context)), np.zeros(DIMENSION, np.float32)
        )
        norm = float(np.linalg.norm(whole))
        return Encoded(
            vector=(whole / norm if norm else whole).astype(np.float32),
            tokens=tokens,
            starts=np.array([word.start() for word in words], dtype=np.int32),
            ends=np.array([word.end() for word in words], dtype=np.int32),
        )
