"""Do both stores find and say the same? What KB_HOME publishes is copied to PostgreSQL and both are asked the same questions.

`KB_HOME=… python -m benchmarks.agreement QUESTIONS… --store postgresql://… [--parts N]`

QUESTIONS are JSONL files with "question" or "q". The name of STORE's database with `_exact_1` and `_hnsw_1` behind it, and so on
for each part, names new ones, those compared vector by vector and those through their approximate indexes whatever the number of
passages ("scans": how often these were used); so the address must be of one who may make them. Shares of the embedded store's ten
best, mean over the questions; and of how many questions all ten are the same in the same order. "answers" compares the text and
the quotes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.engines import new_database, share
from kb import postgres_publish, postgres_search
from kb.config import Settings, settings_from
from kb.embed import model_identity, open_encoder
from kb.library import Library
from kb.sources import source_of
from kb.staging import Staging
from kb.words import query_stems

WAYS = {"exact": postgres_search.EXACT_MOST, "hnsw": 0}  # passages that are compared one by one
LEGS = ("dense", "words", "search", "answers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--store", required=True)
    parser.add_argument("--parts", type=int, default=1, help="databases among which the collection is divided")
    options = parser.parse_args()
    records = [json.loads(line) for path in options.questions for line in path.read_text(encoding="utf-8").splitlines()]
    questions = [record.get("question") or record["q"] for record in records]
    plain = dataclasses.replace(settings_from(os.environ, Path.cwd()), store="", store_read=())
    encoder = open_encoder(plain)
    vectors = [encoder.encode_query(question).vector for question in questions]
    asked = list(zip(questions, vectors, strict=True))
    wanted = found(plain, encoder, asked)
    print("| PostgreSQL |" + "".join(f" {leg}: share · all ten in order |" for leg in LEGS) + " scans |")
    print("|---|" + "---|" * (len(LEGS) + 1))
    for way, most in WAYS.items():
        postgres_search.EXACT_MOST = most
        stores = [new_database(options.store, f"{way}_{part}") for part in range(1, options.parts + 1)]
        there = dataclasses.replace(plain, store=" ".join(stores))
        for store in stores if not most else ():  # so few passages PostgreSQL would compare one by one all the same
            with psycopg.connect(store, autocommit=True) as admin:
                admin.execute(
                    "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END$$"
                )
        with Staging(plain.home) as staging:
            postgres_publish.mirror(there, staging)
        cells = compared(wanted, found(there, encoder, asked))
        print(f"| {way} |" + "".join(f" {cell} |" for cell in [*cells, scans(stores)]), flush=True)
    print(f"{len(questions)} questions; load {os.getloadavg()[0]:.1f}", file=sys.stderr)


def found(settings: Settings, encoder: Any, asked: list[tuple[str, Any]]) -> list[dict[str, list[Any]]]:
    """The ten best of each leg, by what they are."""
    identity = model_identity(settings)
    library, source = Library(settings, lambda: encoder, identity), source_of(settings, identity)
    snapshot, rows = source.reading().snapshot, []
    for question, vector in asked:
        dense, words = snapshot.vectors.search(vector, 100), snapshot.words.search(query_stems(question), 100)
        row: dict[str, list[Any]] = {"dense": [at for at, _ in dense[:10]], "words": [at for at, _ in words[:10]]}
        row["search"] = [hit.passage.id for hit in library.search(question).items]
        answer = library.ask(question)
        row["answers"] = [answer.text, *(citation.quote for citation in answer.citations)]
        rows.append(row)
    source.close()
    library.close()
    return rows


def scans(addresses: list[str]) -> str:
    """Of the approximate index, in all parts."""
    time.sleep(2)  # the server tells of a session's scans when it ends, or after a second
    counts = []
    for address in addresses:
        with psycopg.connect(address) as connection:
            sql = """SELECT sum(s.idx_scan)::bigint FROM pg_stat_user_indexes AS s JOIN pg_class AS c ON c.oid = s.indexrelid
                     JOIN pg_am AS a ON a.oid = c.relam WHERE a.amname = 'hnsw'"""
            counts += [count for (count,) in connection.execute(sql).fetchall() if count is not None]
    return str(sum(counts)) if counts else "–"


def compared(wanted: list[dict[str, list[Any]]], got: list[dict[str, list[Any]]]) -> list[str]:
    cells = []
    for leg in LEGS:
        pairs = [(there[leg], here[leg]) for there, here in zip(got, wanted, strict=True)]
        shares = [share(there, set(here)) for there, here in pairs]
        cells.append(f"{np.mean(shares):.4f} · {np.mean([there == here for there, here in pairs]):.4f}")
    return cells


if __name__ == "__main__":
    main()
