"""Speed and quality of the encoder on XQuAD recast as retrieval.

`python -m benchmarks.embedding DATA_FOLDER [EVERY]`: the folder holds corpus.en.jsonl, queries.en.jsonl, queries.ru.jsonl and
qrels.tsv; every EVERY-th question is asked (1: all). Speeds are of one run on one machine: quote the ratio.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from kb.config import settings_from
from kb.embed import Encoded, Encoder, open_encoder
from kb.maxsim import by_word, maxsims, pack, unpack

CUTOFF, RERANKED, SPEED_PASSAGES = 10, 20, 96


def records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def metrics(ranks: Sequence[int]) -> str:
    """`ranks` count from 1; with one relevant passage a question nDCG is 1 / log2(1 + rank)."""
    found = np.array(ranks, dtype=float)
    kept = found <= CUTOFF
    return f"MRR@10 {np.where(kept, 1 / found, 0).mean():.4f}  nDCG@10 {np.where(kept, 1 / np.log2(1 + found), 0).mean():.4f}"


def rank_of(scores: np.ndarray, relevant: int) -> int:
    """Compared within one array: the same product computed another way may differ in its last bit and outrank itself."""
    return 1 + int((scores > scores[relevant]).sum())


def speed(encoder: Encoder, texts: Sequence[str], questions: Sequence[str]) -> None:
    """Passages a second of ours and of bare sentence-transformers, interleaved so that both see the same machine."""
    bare = SentenceTransformer(encoder.folder, device="cpu", local_files_only=True)
    prefixed = [f"passage: {text}" for text in texts]
    ours, theirs = [], []
    for _ in range(2):
        ours.append(seconds(lambda: encoder.encode_passages(texts, [""] * len(texts))))
        theirs.append(seconds(lambda: bare.encode(prefixed, show_progress_bar=False)))
    print(f"passages/s {len(texts) / min(ours):.1f}, sentence-transformers {len(texts) / min(theirs):.1f}", end=", ")
    print(f"ratio {min(theirs) / min(ours):.2f}")
    times = sorted(seconds(lambda q=question: encoder.encode_query(q)) * 1000 for question in questions)
    print(f"query ms p50 {times[len(times) // 2]:.1f} p95 {times[int(len(times) * 0.95)]:.1f}")


def quality(name: str, passages: Sequence[tuple[str, Encoded]], queries: Sequence[Encoded], relevant: Sequence[int]) -> None:
    vectors = np.stack([passage.vector for _, passage in passages])
    packed = [unpack(pack(*by_word(text, passage))) for text, passage in passages]
    dense, reranked = [], []
    for query, target in zip(queries, relevant, strict=True):
        scores = vectors @ query.vector
        dense.append(rank_of(scores, target))
        top = np.argsort(-scores)[:RERANKED].tolist()
        again = np.array(maxsims(query.tokens, [packed[i] for i in top]))
        reranked.append(rank_of(again, top.index(target)) if target in top else dense[-1])
    print(f"{name}: dense {metrics(dense)}; MaxSim of its top {RERANKED} {metrics(reranked)}")


def main(arguments: Sequence[str]) -> None:
    data, every = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 1
    began = time.perf_counter()
    encoder = open_encoder(settings_from(os.environ, Path.cwd()))
    print(f"{encoder.note} Opened in {time.perf_counter() - began:.1f} s.")
    corpus = records(data / "corpus.en.jsonl")
    texts = [row["text"] for row in corpus]
    passages = list(zip(texts, encoder.encode_passages(texts, [""] * len(corpus)), strict=True))
    sizes = [(len(pack(*by_word(*one))), len(one[1].tokens)) for one in passages]
    print(f"{150 * sum(size for size, _ in sizes) / sum(count for _, count in sizes) / 1000:.1f} KB for 150 tokens")
    place = {row["_id"]: i for i, row in enumerate(corpus)}
    qrels = [line.split("\t") for line in (data / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    target = {question: place[passage] for question, passage, _ in qrels}
    asked = {language: records(data / f"queries.{language}.jsonl")[::every] for language in ("en", "ru")}
    for language, rows in asked.items():
        queries = [encoder.encode_query(row["text"]) for row in rows]
        quality(f"{language}→en, {len(rows)} questions", passages, queries, [target[row["_id"]] for row in rows])
    speed(encoder, texts[:SPEED_PASSAGES], [row["text"] for row in asked["en"][:100]])


if __name__ == "__main__":
    main(sys.argv[1:])
