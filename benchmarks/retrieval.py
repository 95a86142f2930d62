"""Retrieval on question sets: `python -m benchmarks.retrieval FOLDER [--queries en ru] [--corpus en]`.

FOLDER holds corpus.<language>.jsonl, queries.<language>.jsonl (objects with _id and text) and qrels.tsv, as BEIR has them. The
passages are indexed by the product's own re-index into a temporary KB_HOME; each row of the table is one part of the
retrieval alone, then all of it, over the same index in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ingest.reindex import Options, reindex
from kb.config import Settings, settings_from
from kb.library import Library

NDCG_AT = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", nargs="+", default=["en", "ru"])
    parser.add_argument("--corpus", default="en")
    parser.add_argument("--most", type=int, default=10_000, help="questions of each language")
    options = parser.parse_args()
    relevant = {q: d for q, d, _ in (line.split("\t") for line in lines(options.folder / "qrels.tsv")[1:])}
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(settings_from(os.environ, Path.cwd()), home=Path(folder) / "home")
        index(settings, options.folder / f"corpus.{options.corpus}.jsonl", Path(folder) / "docs")
        library = Library.open(settings)
        print(f"{'queries':8} {'ranking':14} {'nDCG@10':>8} {'MRR@10':>8} {'R@5':>6}")
        for language in options.queries:
            queries = [json.loads(line) for line in lines(options.folder / f"queries.{language}.jsonl")][: options.most]
            report(library, f"{language}→{options.corpus}", queries, relevant)
        library.close()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def index(settings: Settings, corpus: Path, folder: Path) -> None:
    folder.mkdir()
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as out:
        for line in lines(corpus):
            item = json.loads(line)
            out.write(json.dumps({"id": item["_id"], "title": item["title"] or item["_id"], "text": item["text"]}) + "\n")
    done = reindex(settings, [folder], Options(jobs=1))
    print(f"indexed {done.added} documents, {done.passages} passages in {done.seconds} s, {len(done.failures)} failures")


def report(library: Library, name: str, queries: Sequence[dict[str, str]], relevant: dict[str, str]) -> None:
    rankings: dict[str, list[int]] = {"dense": [], "words": [], "fused + rerank": []}
    for query in tqdm(queries, desc=name, leave=False, disable=None):
        hits = library.search(query["text"], n=200).items
        right = relevant[query["_id"]]

        def place(
            key: Callable[[int], int | None], found: Sequence[str] = tuple(h.document.uri for h in hits), want: str = right
        ) -> int:
            ranked = sorted((rank, i) for i in range(len(found)) if (rank := key(i)) is not None)
            documents = list(dict.fromkeys(found[i] for _, i in ranked))
            return next((n for n, uri in enumerate(documents, 1) if uri.endswith(f"#{want}")), 0)

        rankings["dense"].append(place(lambda i, hits=hits: hits[i].dense_rank))
        rankings["words"].append(place(lambda i, hits=hits: hits[i].word_rank))
        rankings["fused + rerank"].append(place(lambda i: i))
    for ranking, places in rankings.items():
        print(f"{name:8} {ranking:14} {mean(places, ndcg):8.4f} {mean(places, mrr):8.4f} {mean(places, recall_at_5):6.3f}")


def mean(places: Sequence[int], metric: Callable[[int], float]) -> float:
    return sum(map(metric, places)) / len(places)


def ndcg(place: int) -> float:
    """With one relevant document: 1 / log2(1 + place)."""
    return 1 / math.log2(1 + place) if 0 < place <= NDCG_AT else 0.0


def mrr(place: int) -> float:
    return 1 / place if 0 < place <= NDCG_AT else 0.0


def recall_at_5(place: int) -> float:
    return float(0 < place <= 5)


if __name__ == "__main__":
    main()
