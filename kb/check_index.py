"""Do the derived indexes of a generation hold what the store holds?"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kb.errors import IndexMissing, IndexStale
from kb.findings import REPAIR, Finding, named
from kb.generations import Snapshot, content_digest, open_snapshot
from kb.manifest import changed_files, folder_of, read_manifest, vector_model
from kb.words import stems

SAMPLED = 100  # passages looked up in both indexes where not all are
NEAR = 0.02  # a stored vector's product with its row of the index may differ by the index's rounding
TERMS = 50_000  # stems asked for at a time


def check_generation(connection: sqlite3.Connection, home: Path, generation: int, deep: bool) -> list[Finding]:
    """Open the generation's folder and compare: hashes of files, manifest, digest, positions, and rows of both indexes (a
    sample, or all)."""
    folder = folder_of(home, generation)
    if changed := changed_files(folder):  # before anything of it is mapped
        return [_finding(generation, f"the index in {folder} is not what was written ({named(changed)})")]
    try:
        manifest = read_manifest(folder)
        snapshot = open_snapshot(home, generation, manifest.model, manifest.model_digest)
    except (IndexStale, IndexMissing) as error:
        return [_finding(generation, str(error).split(". Run ")[0])]
    try:
        wrong = _positions(connection, snapshot) or _rows(connection, snapshot, deep)
    except (sqlite3.DatabaseError, RuntimeError, IndexError) as error:
        wrong = [f"it cannot be read ({error})"]
    finally:
        snapshot.close()
    return [_finding(generation, f"the index in {folder}: {wrong[0]}")] if wrong else []


def _finding(generation: int, what: str) -> Finding:
    return Finding("index", f"Generation {generation}: {what}.", f"{REPAIR} builds it again from the store.", True, (generation,))


def _positions(connection: sqlite3.Connection, snapshot: Snapshot) -> list[str]:
    generation = snapshot.manifest.generation
    rows = connection.execute(
        """SELECT p.num, p.document FROM documents AS d JOIN passages AS p ON p.document = d.num
           WHERE d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g) ORDER BY d.id, p.ordinal""",
        {"g": generation},
    ).fetchall()
    nums = np.array(rows, dtype=np.int64).reshape(-1, 2)
    if len(nums) != snapshot.manifest.passages:
        return [f"the store has {len(nums)} passages, the index {snapshot.manifest.passages}"]
    if not (np.array_equal(nums[:, 0], snapshot.passages) and np.array_equal(nums[:, 1], snapshot.documents)):
        return ["its positions are those of other passages than the store's"]
    visible = f"gen_from <= {generation:d} AND (gen_to IS NULL OR gen_to > {generation:d})"
    if content_digest(connection, snapshot.manifest.model_digest, visible) != snapshot.manifest.digest:
        return ["its digest is not that of the store's documents"]
    return []


def _rows(connection: sqlite3.Connection, snapshot: Snapshot, deep: bool) -> list[str]:
    count = len(snapshot.passages)
    chosen = range(count) if deep or count <= SAMPLED else sorted(random.Random(count).sample(range(count), SAMPLED))
    model = vector_model(snapshot.manifest.model, snapshot.manifest.model_digest)
    for position in chosen:
        row = connection.execute(
            """SELECT p.text, p.context, v.vector FROM passages AS p LEFT JOIN vectors AS v
               ON v.key = p.vector_key AND v.model = ? WHERE p.num = ?""",
            (model, int(snapshot.passages[position])),
        ).fetchone()
        if wrong := _row_differs(snapshot, position, row, with_words=not deep):
            return [f"position {position} {wrong}"]
    return _frequencies(connection, snapshot) if deep else []


def _row_differs(snapshot: Snapshot, position: int, row: tuple[str, str, bytes | None], *, with_words: bool) -> str:
    text, context, blob = row
    only = np.zeros(len(snapshot.passages), dtype=np.bool_)
    only[position] = True
    if blob is not None and len(blob) == 4 * snapshot.manifest.dimension:  # others are a finding of the store's
        vector = np.frombuffer(blob, "<f4")
        found = snapshot.vectors.search(vector, 1, only)
        if not found or abs(found[0][1] - float(vector @ vector)) > NEAR:
            return "holds another vector than the store"
    if with_words and (words := set(stems(text) + stems(context))):
        frequencies = snapshot.words.document_frequencies(words)
        rarest = min(words, key=lambda word: (frequencies[word], word))
        if not snapshot.words.search([rarest], 1, only):
            return f"lacks the word {rarest!r} of its passage"
    return ""


def _frequencies(connection: sqlite3.Connection, snapshot: Snapshot) -> list[str]:
    """In how many passages each stem stands, counted anew."""
    counted: Counter[str] = Counter()
    for num in snapshot.passages:
        text, context = connection.execute("SELECT text, context FROM passages WHERE num = ?", (int(num),)).fetchone()
        counted.update(set(stems(text) + stems(context)))
    terms = list(counted)
    ask: Callable[[list[str]], dict[str, int]] = snapshot.words.document_frequencies
    for at in range(0, len(terms), TERMS):
        for term, number in ask(terms[at : at + TERMS]).items():
            if number != counted[term]:
                return [f"the word index has {term!r} in {number} passages, the store in {counted[term]}"]
    return []
