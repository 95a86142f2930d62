"""Published generations: an immutable folder of derived indexes each, made beside and switched to in one transaction.

    KB_HOME/generations/000007/{vectors.*.faiss, words.*, passages.npy, documents.npy, manifest.json}

Positions 0..n-1 are the passages in order of (document id, ordinal): the same documents give the same indexes, whichever way
the store came to hold them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb import faults
from kb.connections import transaction
from kb.current import all_embedded, mark_intermediate
from kb.errors import Held, IndexMissing, IndexStale, WriteFailed
from kb.keeping import collect
from kb.leases import Lease
from kb.manifest import GONE, PARTIAL, REINDEX, REPAIR, read_manifest, write_hashes, write_manifest
from kb.manifest import folder_of as folder_of
from kb.manifest import vector_model as vector_model
from kb.maxsim import Packed
from kb.migrations import SCHEMA
from kb.ports import Rows, gathered
from kb.postings import WordIndex, build_words
from kb.recent import Recent
from kb.records import DocumentSummary, IndexManifest, Passage
from kb.staging import OPEN, Staging
from kb.store import held_since, intermediate_generations, published_generation
from kb.vectors import VectorIndex, build_vectors

VECTOR_BATCH = 8192  # rows: 12 MB of float32 at 384 dimensions
REMEMBERED = 4096  # passages: 15 MB of text and 50 MB of packed token vectors at most lengths


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The indexes of one generation, open for reading. `passages[i]`, `documents[i]`: the store's numbers at position i.

    Whoever holds a snapshot holds its lease, and the generation stays.

    What was last read of the generation's passages is remembered with it, by the store's number: `found`, their `languages`
    and their `tokens`.
    """

    manifest: IndexManifest
    vectors: VectorIndex
    words: WordIndex
    passages: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int64]
    lease: Lease
    found: Recent[int, tuple[Passage, DocumentSummary]] = field(default_factory=lambda: Recent(REMEMBERED))
    languages: Recent[int, str] = field(default_factory=lambda: Recent(16 * REMEMBERED))
    tokens: Recent[int, Packed] = field(default_factory=lambda: Recent(REMEMBERED))

    def close(self) -> None:
        self.lease.release()

    def allowed(self, document_nums: list[int]) -> npt.NDArray[np.bool_]:
        """Mask over positions, shape (passages,), of the passages of these documents."""
        return np.isin(self.documents, np.asarray(document_nums, dtype=np.int64))

    def only(self, passage_nums: list[int]) -> npt.NDArray[np.bool_]:
        """Mask over positions of these passages."""
        return np.isin(self.passages, np.asarray(passage_nums, dtype=np.int64))


def open_snapshot(home: Path, generation: int, model: str, model_digest: str) -> Snapshot:
    """Open a published generation. Raises IndexMissing or IndexStale with the command that mends it."""
    if generation == 0:
        raise IndexMissing(f"nothing has been indexed under {home} yet. {REINDEX} to make the index.")
    folder = folder_of(home, generation)
    lease = _leased(folder)
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
            vectors=VectorIndex(folder),
            words=WordIndex(folder),
            passages=np.load(folder / "passages.npy", allow_pickle=False),
            documents=np.load(folder / "documents.npy", allow_pickle=False),
            lease=lease,
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        raise IndexStale(f"the index in {folder} is damaged ({error}). {REPAIR}.") from error
    counts = {len(snapshot.vectors), len(snapshot.words), len(snapshot.passages), len(snapshot.documents), manifest.passages}
    if len(counts) != 1:
        raise IndexStale(f"the index in {folder} is incomplete (counts {sorted(counts)}). {REPAIR}.")
    return snapshot


def _leased(folder: Path) -> Lease:
    try:
        return Lease(folder)
    except OSError as error:
        raise IndexStale(f"the index in {folder} cannot be opened ({error}). {REPAIR}.") from error


def publish(staging: Staging, model: str, model_digest: str, *, intermediate: bool = False) -> IndexManifest:
    """Build the indexes of the next generation beside the others, then make it the one that readers see.

    Every passage must have its vector. Generations that are not kept any more are removed; `intermediate` ones, published in the
    middle of a run, go first. Raises Held after a rollback, IndexStale if vectors lack, WriteFailed if the disk is full.
    """
    since = held_since(staging.connection)
    if since:
        generation = published_generation(staging.connection)
        raise Held(
            f"generation {generation} stays published: it was rolled back to at {since}. What was read since is staged and "
            "waits; run `python -m ingest rollback --release`, then `python -m ingest reindex`, to publish it."
        )
    generation = staging.next_generation
    manifest = _made(staging, generation, (model, model_digest), OPEN)
    with transaction(staging.connection) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('latest', ?)", (str(generation),))
        if intermediate:
            mark_intermediate(connection, intermediate_generations(connection) | {generation})
        all_embedded(connection)
        faults.reached("publish switching")
    faults.reached("publish switched")
    collect(staging)
    return manifest


def rebuild(staging: Staging, generation: int, model: str, model_digest: str) -> IndexManifest:
    """Build the folder of a kept generation again from the store, under its own number. Readers that have the old one open keep
    it until they are started anew. Raises as `publish` does."""
    visible = f"(gen_from <= {generation:d} AND (gen_to IS NULL OR gen_to > {generation:d}))"
    return _made(staging, generation, (model, model_digest), visible)


def _made(staging: Staging, generation: int, model: tuple[str, str], condition: str) -> IndexManifest:
    """The folder of a generation, whole and on the disk under its own name."""
    folder = folder_of(staging.home, generation)
    partial, gone = (folder.with_name(folder.name + suffix) for suffix in (PARTIAL, GONE))
    for leftover in (partial, gone):  # of a run that was killed here
        if leftover.exists():
            shutil.rmtree(leftover)
    faults.reached("publish building")
    try:
        partial.mkdir(parents=True)
        manifest = _build(staging, partial, (generation, *model, condition))
        faults.reached("publish built")
        _sync(partial)
    except (OSError, RuntimeError, sqlite3.OperationalError) as error:  # RuntimeError: FAISS, also for a full disk
        shutil.rmtree(partial, ignore_errors=True)
        raise WriteFailed(
            f"the index cannot be written to {partial.parent} ({str(error)[:300]}). What is published is as it was; free space "
            "or mend the disk and run the same command again: nothing is read or embedded twice."
        ) from error
    faults.reached("publish synced")
    if folder.exists():  # rebuilt, or renamed by a run that was killed before the switch
        folder.rename(gone)
    partial.rename(folder)
    _sync_folder(folder.parent)
    if gone.exists():
        shutil.rmtree(gone)
    faults.reached("publish renamed")
    return manifest


def _build(staging: Staging, folder: Path, what: tuple[int, str, str, str]) -> IndexManifest:
    """`what`: generation, model, its digest, and the SQL condition that its documents' rows meet."""
    generation, name, model_digest, condition = what
    connection = staging.connection
    _ordered_passages(connection, condition)
    rows = connection.execute("SELECT num, document FROM ordered ORDER BY position")
    nums = np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 2)
    np.save(folder / "passages.npy", nums[:, 0], allow_pickle=False)
    np.save(folder / "documents.npy", nums[:, 1], allow_pickle=False)
    stored = vector_model(name, model_digest)
    dimension = _dimension(connection, stored)
    count, vector_index = build_vectors(folder, _vectors(connection, stored, dimension), dimension)
    if count != len(nums):
        raise IndexStale(f"{len(nums) - count} of {len(nums)} passages have no vector of {name}. {REINDEX} again to embed them.")
    texts = connection.execute("SELECT p.text, p.context FROM ordered AS o JOIN passages AS p USING (num) ORDER BY o.position")
    build_words(folder, texts)
    manifest = IndexManifest(
        generation=generation,
        digest=content_digest(connection, model_digest, condition),
        schema=SCHEMA,
        model=name,
        model_digest=model_digest,
        dimension=dimension,
        documents=len(np.unique(nums[:, 1])),
        passages=count,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        vector_index=vector_index,
    )
    write_manifest(folder, manifest)
    write_hashes(folder)
    connection.execute("DROP TABLE ordered")
    return manifest


def _ordered_passages(connection: sqlite3.Connection, condition: str) -> None:
    connection.execute("DROP TABLE IF EXISTS temp.ordered")
    connection.execute(
        f"""CREATE TEMP TABLE ordered AS SELECT row_number() OVER (ORDER BY d.id, p.ordinal) AS position, p.num, p.document
            FROM passages AS p JOIN documents AS d ON d.num = p.document WHERE {condition}"""
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


def content_digest(connection: Rows, model_digest: str, condition: str) -> str:
    """Hex sha256 over the model, the documents' metadata and the passages' ids and contents: equal collections, equal digest."""
    digest = hashlib.sha256(model_digest.encode())
    for *row, sources in connection.execute(f"SELECT id, uri, metadata, sources FROM documents WHERE {condition} ORDER BY id"):
        digest.update("\0".join(row if sources == "[]" else (*row, sources)).encode())  # [] is what documents of before have
    for passage_id, key, *_ in gathered(
        connection,
        f"""SELECT p.id, p.vector_key, d.id, p.ordinal FROM documents AS d JOIN passages AS p ON p.document = d.num
            WHERE {condition} ORDER BY d.id, p.ordinal""",
        order=lambda row: (row[2], row[3]),
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
