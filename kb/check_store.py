"""The store's own state: the file, its rows, texts and vectors, and the originals beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kb.errors import IndexStale
from kb.findings import REPAIR, RESTORE, Finding, named
from kb.manifest import sha256_of
from kb.maxsim import unpack
from kb.staging import original_path

VECTOR_BATCH = 4096
SAMPLED = 200  # token vectors unpacked where not all are
LENGTH_ERROR = 1e-3  # of a vector whose length has to be 1: float32 rounding is a thousandth of it
REREAD = "run `python -m ingest reindex`, which reads the file again"
#: What SQLite says of an index that differs from its table; `REINDEX` makes it anew from the rows.
OF_INDEXES = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


def check_file(connection: sqlite3.Connection, deep: bool) -> list[Finding]:
    """SQLite's own proof of the file; anything found here forbids to trust what else is read."""
    try:
        said = [str(row[0]) for row in connection.execute(f"PRAGMA {'integrity' if deep else 'quick'}_check(20)")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said == ["ok"]:
        return []
    if all(any(sign in line for sign in OF_INDEXES) for line in said):
        return [Finding("store-index", f"An index inside the store differs from its rows ({said[0]}).", REPAIR, repair=True)]
    return [Finding("store", f"The store is damaged ({'; '.join(said)[:500]}).", f"{RESTORE}, or delete KB_HOME and re-index.")]


def check_references(connection: sqlite3.Connection) -> list[Finding]:
    rows = connection.execute("PRAGMA foreign_key_check").fetchall()
    if not rows:
        return []
    tables = sorted({str(row[0]) for row in rows})
    return [
        Finding("orphans", f"{len(rows)} rows of {named(tables)} belong to no document or vector.", REPAIR, True, tuple(tables))
    ]


def check_texts(connection: sqlite3.Connection) -> list[Finding]:
    """Each passage is its document's text at its place, and a document has as many as it says."""
    findings = []
    for uri, current, wrong in connection.execute(
        """SELECT d.source_uri, max(d.gen_to IS NULL), count(*) FROM passages AS p JOIN documents AS d ON d.num = p.document
           WHERE substr(d.text, p.start + 1, p."end" - p.start) IS NOT p.text GROUP BY d.source_uri"""
    ):
        what = f"{uri}: {wrong} passages are not the document's text at their place."
        findings.append(_of_document("spans", what, bool(current), uri))
    known = {finding.subject[0] for finding in findings}
    for uri, current in connection.execute(
        """SELECT d.source_uri, max(d.gen_to IS NULL) FROM documents AS d WHERE d.passage_count
           != (SELECT count(*) FROM passages AS p WHERE p.document = d.num) OR d.characters != length(d.text)
           GROUP BY d.source_uri ORDER BY 1"""
    ):
        if uri not in known:
            what = f"{uri}: the document has not the passages or characters it was stored with."
            findings.append(_of_document("passages", what, bool(current), uri))
    return findings


def _of_document(code: str, what: str, current: bool, subject: str) -> Finding:
    """What is wrong with a version that a later one has replaced can only be removed."""
    if current:
        return Finding(code, what, f"{REPAIR}, then {REREAD}.", True, (subject,))
    return Finding(
        code, f"{what} It is an old version.", "`python -m ingest gc --keep 1` removes old versions.", False, (subject,)
    )


def check_vectors(connection: sqlite3.Connection, generation: int, model: str, deep: bool) -> list[Finding]:
    """Every passage of the generation has a vector of the model; every vector has one size, is finite, has the length 1, and
    tokens' vectors that can be read."""
    findings = []
    (missing,) = connection.execute(
        """SELECT count(*) FROM passages AS p JOIN documents AS d ON d.num = p.document
           WHERE d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)
           AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.key = p.vector_key AND v.model = :model)""",
        {"g": generation, "model": model},
    ).fetchone()
    if missing:
        remedy = "run `python -m ingest reindex`, which embeds them."
        findings.append(Finding("vectors-missing", f"{missing} published passages have no vector of {model}.", remedy))
    bad = sorted(_bad_vectors(connection, model, deep))
    if bad:
        what = f"{len(bad)} vectors of {model} are damaged (size, values or tokens)."
        remedy = f"{REPAIR} drops them, then run `python -m ingest reindex`, which embeds those texts again."
        findings.append(Finding("vectors", what, remedy, True, tuple(bad)))
    return findings


def _bad_vectors(connection: sqlite3.Connection, model: str, deep: bool) -> set[int]:
    bad: set[int] = set()
    first = connection.execute("SELECT length(vector) FROM vectors WHERE model = ? GROUP BY 1 ORDER BY count(*) DESC", (model,))
    size = next((int(length) for (length,) in first), 0)
    (count,) = connection.execute("SELECT count(*) FROM vectors WHERE model = ?", (model,)).fetchone()
    every = 1 if deep else max(1, count // SAMPLED)
    rows = connection.execute("SELECT num, vector FROM vectors WHERE model = ?", (model,))
    while batch := rows.fetchmany(VECTOR_BATCH):
        whole = [(num, blob) for num, blob in batch if len(blob) == size and size % 4 == 0]
        bad |= {num for num, _ in batch} - {num for num, _ in whole}
        if whole:
            matrix = np.frombuffer(b"".join(blob for _, blob in whole), "<f4").reshape(len(whole), size // 4)
            with np.errstate(invalid="ignore", over="ignore"):
                wrong = ~(np.abs(np.linalg.norm(matrix.astype(np.float64), axis=1) - 1) <= LENGTH_ERROR)
            bad |= {num for (num, _), is_bad in zip(whole, wrong, strict=True) if is_bad}
    return bad | set(_bad_tokens(connection, model, every))


def _bad_tokens(connection: sqlite3.Connection, model: str, every: int) -> Iterator[int]:
    yield from (
        num
        for (num,) in connection.execute(
            """SELECT v.num FROM vectors AS v WHERE v.model = ?
               AND NOT EXISTS (SELECT 1 FROM token_codes AS t WHERE t.vector = v.num)""",
            (model,),
        )
    )
    for num, codes in connection.execute(
        "SELECT v.num, t.codes FROM vectors AS v JOIN token_codes AS t ON t.vector = v.num WHERE v.model = ? AND v.num % ? = 0",
        (model, every),
    ):
        try:
            unpack(codes)
        except IndexStale:
            yield int(num)


def check_originals(connection: sqlite3.Connection, home: Path) -> list[Finding]:
    """Each file that a document was made of is kept, and is what it was."""
    findings = []
    rows = connection.execute("SELECT original_sha256, min(source_uri), max(gen_to IS NULL) FROM documents GROUP BY 1 ORDER BY 2")
    for sha256, uri, current in rows:
        path = original_path(home, sha256)
        code = "missing" if not path.is_file() else "changed" if sha256_of(path) != sha256 else ""
        if code:
            what = f"{uri}: its original {path} {'is missing' if code == 'missing' else 'has changed'}."
            findings.append(_of_document(f"original-{code}", what, bool(current), sha256))
    return findings
