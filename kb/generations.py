"""Published generations: an immutable folder of derived indexes each, made beside and switched to in one transaction.

    KB_HOME/generations/000007/{vectors.faiss, words.sqlite, passages.npy, documents.npy, manifest.json}

Positions 0..n-1 are the passages in order of (document id, ordinal): the same documents give the same indexes, whichever way
the store came to hold them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.connections import transaction
from kb.errors import IndexMissing, IndexStale
from kb.maxsim import FORMAT, Packed
from kb.migrations import SCHEMA
from kb.recent import Recent
from kb.records import DocumentSummary, IndexManifest, Passage
from kb.staging import OPEN, Staging
from kb.vectors import VectorIndex, build_vectors
from kb.words import WordIndex, build_words

KEPT = 2  # the published generation and the one before, for readers in the middle of an answer
VECTOR_BATCH = 8192  # rows: 12 MB of float32 at 384 dimensions
REMEMBERED = 4096  # passages: 15 MB of text and 50 MB of packed token vectors at most lengths
REINDEX = "Run `python -m ingest reindex`"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The indexes of one generation, open for reading. `passages[i]`, `documents[i]`: the store's numbers at position i.

    What was last read of the generation's passages is remembered with it, by the store's number: `found`, their `languages`
    and their `tokens`.
    """

    manifest: IndexManifest
    vectors: VectorIndex
    words: WordIndex
    passages: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int64]
    found: Recent[int, tuple[Passage, DocumentSummary]] = field(default_factory=lambda: Recent(REMEMBERED))
    languages: Recent[int, str] = field(default_factory=lambda: Recent(16 * REMEMBERED))
    tokens: Recent[int, Packed] = field(default_factory=lambda: Recent(REMEMBERED))

    def allowed(self, document_nums: list[int]) -> npt.NDArray[np.bool_]:
        """Mask over positions, shape (passages,), of the passages of these documents."""
        return np.isin(self.documents, np.asarray(document_nums, dtype=np.int64))


def folder_of(home: Path, generation: int) -> Path:
    return home / "generations" / f"{generation:06}"


def open_snapshot(home: Path, generation: int, model: str, model_digest: str) -> Snapshot:
    """Open a published generation. Raises IndexMissing or IndexStale with the command that mends it."""
    if generation == 0:
        raise IndexMissing(f"nothing has been indexed under {home} yet. {REINDEX} to make the index.")
    folder = folder_of(home, generation)
    manifest = read_manifest(folder)
    if manifest.schema > SCHEMA:
        raise IndexStale(
            f"the index in {folder} was made by a newer program (schema {manifest.schema}). {REINDEX} with this one."
        )
    if (manifest.model, manifest.model_digest) != (model, model_digest):
        same = " of another version" if manifest.model == model else ""
        raise IndexStale(
            f"the index was made with the model {manifest.model}{same} ({manifest.model_digest[:12]}), but {model} "
            f"({model_digest[:12]}) is configured. {REINDEX} to embed the collection with it, or set KB_MODEL back."
        )
    try:
        snapshot = Snapshot(
            manifest=manifest,
            vectors=VectorIndex(folder / "vectors.faiss"),
            words=WordIndex(folder / "words.sqlite"),
            passages=np.load(folder / "passages.npy", allow_pickle=False),
            documents=np.load(folder / "documents.npy", allow_pickle=False),
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        raise IndexStale(f"the index in {folder} is damaged ({error}). {REINDEX}: it is built again from the store.") from error
    counts = {len(snapshot.vectors), len(snapshot.passages), len(snapshot.documents), manifest.passages}
    if len(counts) != 1:
        raise IndexStale(f"the index in {folder} is incomplete (counts {sorted(counts)}). {REINDEX}: it is built again.")
    return snapshot


def read_manifest(folder: Path) -> IndexManifest:
    """Raises IndexStale if it is not there or not readable."""
    try:
        return IndexManifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexStale(f"the manifest in {folder} cannot be read ({error}). {REINDEX}: it is built again.") from error


def is_current(staging: Staging, model: str, model_digest: str) -> bool:
    """Whether the published generation already holds what is staged, made with this model, and its folder is whole."""
    generation = staging.next_generation - 1
    if generation == 0:
        return False
    (changed,) = staging.connection.execute(
        "SELECT count(*) FROM documents WHERE gen_from > ? OR gen_to > ?", (generation, generation)
    ).fetchone()
    if changed:
        return False
    try:
        open_snapshot(staging.home, generation, model, model_digest).words.close()
    except IndexStale:
        return False
    return True


def publish(staging: Staging, model: str, model_digest: str) -> IndexManifest:
    """Build the indexes of the next generation beside the others, then make it the one that readers see.

    Every passage must have its vector. Old generations that no reader can hold any more are removed.
    """
    generation = staging.next_generation
    folder = folder_of(staging.home, generation)
    partial = folder.with_name(folder.name + ".partial")
    for leftover in (partial, folder):  # of a run that was killed here; no generation of this number was ever published
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    manifest = _build(staging, partial, generation, (model, model_digest))
    _sync(partial)
    partial.rename(folder)
    _sync_folder(folder.parent)
    with transaction(staging.connection) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
    _collect_garbage(staging, generation)
    return manifest


def _build(staging: Staging, folder: Path, generation: int, model: tuple[str, str]) -> IndexManifest:
    name, model_digest = model
    connection = staging.connection
    _ordered_passages(connection)
    rows = connection.execute("SELECT num, document FROM ordered ORDER BY position").fetchall()
    nums = np.array(rows, dtype=np.int64).reshape(-1, 2)
    np.save(folder / "passages.npy", nums[:, 0], allow_pickle=False)
    np.save(folder / "documents.npy", nums[:, 1], allow_pickle=False)
    stored = vector_model(name, model_digest)
    dimension = _dimension(connection, stored)
    count = build_vectors(folder / "vectors.faiss", _vectors(connection, stored, dimension), dimension)
    if count != len(nums):
        raise IndexStale(f"{len(nums) - count} of {len(nums)} passages have no vector of {name}. {REINDEX} again to embed them.")
    texts = connection.execute("SELECT p.text, p.context FROM ordered AS o JOIN passages AS p USING (num) ORDER BY o.position")
    build_words(folder / "words.sqlite", texts)
    manifest = IndexManifest(
        generation=generation,
        digest=_digest(connection, model_digest),
        schema=SCHEMA,
        model=name,
        model_digest=model_digest,
        dimension=dimension,
        documents=len(np.unique(nums[:, 1])),
        passages=count,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
    connection.execute("DROP TABLE ordered")
    return manifest


def vector_model(model: str, model_digest: str) -> str:
    """The name under which the store keeps a model's vectors: id, digest and the packing of token vectors travel together."""
    return f"{model}@{model_digest}/{FORMAT}"


def _ordered_passages(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS temp.ordered")
    connection.execute(
        f"""CREATE TEMP TABLE ordered AS SELECT row_number() OVER (ORDER BY d.id, p.ordinal) AS position, p.num, p.document
            FROM passages AS p JOIN documents AS d ON d.num = p.document WHERE {OPEN.replace("gen_to", "d.gen_to")}"""
    )


def _dimension(connection: sqlite3.Connection, model: str) -> int:
    """Of the model's vectors; 1 where there are none, since FAISS knows no index of dimension 0."""
    row = connection.execute("SELECT length(vector) / 4 FROM vectors WHERE model = ? LIMIT 1", (model,)).fetchone()
    return int(row[0]) if row else 1


def _vectors(connection: sqlite3.Connection, model: str, dimension: int) -> Iterator[npt.NDArray[np.float32]]:
    rows = connection.execute(
        """SELECT v.vector FROM ordered AS o JOIN passages AS p USING (num)
           JOIN vectors AS v ON v.key = p.vector_key AND v.model = ? ORDER BY o.position""",
        (model,),
    )
    while batch := rows.fetchmany(VECTOR_BATCH):
        yield np.frombuffer(b"".join(blob for (blob,) in batch), dtype="<f4").reshape(len(batch), dimension)


def _digest(connection: sqlite3.Connection, model_digest: str) -> str:
    """Hex sha256 over the model, the documents' metadata and the passages' ids and contents: equal collections, equal digest."""
    digest = hashlib.sha256(model_digest.encode())
    for row in connection.execute(f"SELECT id, uri, metadata FROM documents WHERE {OPEN} ORDER BY id"):
        digest.update("\0".join(row).encode())
    for passage_id, key in connection.execute(
        "SELECT p.id, p.vector_key FROM ordered AS o JOIN passages AS p USING (num) ORDER BY o.position"
    ):
        digest.update(passage_id.encode() + key)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _collect_garbage(staging: Staging, generation: int) -> None:
    oldest = generation - KEPT + 1
    with transaction(staging.connection) as connection:
        connection.execute("DELETE FROM documents WHERE gen_to <= ?", (oldest,))
    for folder in (staging.home / "generations").iterdir():
        number = folder.name.removesuffix(".partial")
        if number.isdecimal() and int(number) < oldest:
            shutil.rmtree(folder, ignore_errors=True)
