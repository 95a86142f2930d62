"""The published index as plain files, which any other store can load, and back.

    FOLDER/{manifest.json, documents.jsonl, passages.jsonl, mentions.jsonl, vectors.npy, tokens.bin, tokens.npy, originals/…}

Row i of `vectors.npy` (float32 or float16, of length 1) and bytes tokens[i]..tokens[i + 1] of `tokens.bin` (see kb.maxsim) belong
to line i of `passages.jsonl`, which stand in order of (document id, ordinal). What the fields mean: docs/operations.md.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
from numpy.lib.format import open_memmap

from kb import store
from kb.connections import connect_reader, store_error
from kb.errors import BadRequest, Damaged, IndexMissing, WriteFailed
from kb.manifest import PARTIAL, folder_of, read_manifest, sha256_of, vector_model
from kb.migrations import check_not_older, schema_of
from kb.ports import Rows, of_document
from kb.records import Document, IndexManifest, Mention
from kb.staging import STORE_FILE, collections, original_path
from kb.store import published_generation

LIST = "manifest.json"
FORMAT = "wakhan-export/1"
FILES = ("documents.jsonl", "passages.jsonl", "mentions.jsonl", "vectors.npy", "tokens.bin", "tokens.npy")
VISIBLE = "d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds; `index` is the manifest of the generation that it is of."""

    index: IndexManifest
    collections: dict[str, str]
    originals: int
    files: dict[str, str]  # name → sha256


def export(home: Path, target: Path, *, half: bool = False, originals: bool = False) -> Export:
    """Write the published generation to `target`, which must not be there or be empty. `half`: vectors in float16, half the size
    and no longer exact. Raises BadRequest, IndexMissing, IndexStale, WriteFailed, Damaged if an original has changed."""
    if not (home / STORE_FILE).exists():
        raise IndexMissing(f"there is no index under {home}. Run `python -m ingest reindex` to make it.")
    try:
        with new_folder(target) as partial, closing(connect_reader(home / STORE_FILE)) as connection:
            check_not_older(schema_of(connection))
            connection.execute("BEGIN")  # one state of the store for all files
            generation = published_generation(connection)
            if generation == 0:
                raise IndexMissing(f"nothing has been published under {home} yet. Run `python -m ingest reindex` first.")
            manifest = read_manifest(folder_of(home, generation))
            return written(connection, manifest, partial, half=half, originals=home if originals else None)
    except sqlite3.Error as error:
        raise store_error(home / STORE_FILE, error) from error


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write to that takes the name `target` at the end, or goes. Raises BadRequest, WriteFailed."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadRequest(f"{target} is there already; an export never writes over anything. Give a new name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=PARTIAL, dir=target.parent))
    try:
        yield partial
        partial.rename(target)
    except OSError as error:
        raise WriteFailed(f"the export cannot be written to {target} ({error}); free space there and run it again.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def written(connection: Rows, manifest: IndexManifest, folder: Path, *, half: bool, originals: Path | None) -> Export:
    """The files of the generation that `connection` reads; `originals`: the KB_HOME that their originals are copied from."""
    documents, kept = _write_documents(connection, manifest.generation, folder)
    _write_passages(connection, manifest, folder, documents, np.dtype("<f2" if half else "<f4"))
    if originals is not None:
        for sha256 in sorted(kept):
            _copy_original(originals, folder, sha256)
    files = {name: sha256_of(folder / name) for name in FILES}
    made = Export(manifest, collections(connection), len(kept) if originals is not None else 0, files)
    (folder / LIST).write_text(json.dumps({"format": FORMAT} | asdict(made), indent=1, ensure_ascii=False), encoding="utf-8")
    for path in (path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    return made


def _copy_original(home: Path, folder: Path, sha256: str) -> None:
    source, target = original_path(home, sha256), original_path(folder, sha256)
    if not source.is_file() or sha256_of(source) != sha256:
        raise Damaged(f"the original {source} is missing or has changed; run `python -m ingest check --repair` first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write_documents(connection: Rows, generation: int, folder: Path) -> tuple[list[tuple[str, int]], set[str]]:
    """Documents in order of id, with their mentions beside them; returns ids and numbers, and the hashes of their originals."""
    nums, kept = [], set()
    rows = connection.execute(
        f"SELECT d.id, d.num, d.collection, d.pipeline FROM documents AS d WHERE {VISIBLE} ORDER BY d.id", {"g": generation}
    )
    with _text(folder / "documents.jsonl") as documents, _text(folder / "mentions.jsonl") as mentions:
        for uid, num, collection, pipeline in rows:
            document = store.document(connection, generation, uid)
            nums.append((str(uid), int(num)))
            kept.add(document.original_sha256)
            fields = document_fields(document) | {"collection": collection, "pipeline": pipeline}
            whole = of_document(connection, uid)
            boxes = whole.execute("SELECT page, boxes FROM word_boxes WHERE document = ? ORDER BY page", (num,))
            fields["word_boxes"] = [[page, *box] for page, text in boxes for box in json.loads(text)]
            documents.write(_line(fields))
            for row in whole.execute(
                'SELECT entity_id, label, text, start, "end" FROM mentions WHERE document = ? ORDER BY rowid', (num,)
            ):
                mentions.write(_line({"document": uid} | asdict(Mention(*row))))
    return nums, kept


def document_fields(document: Document) -> dict[str, Any]:
    """Every field under its own name; blocks, pages, stated and references as arrays of their fields in order."""
    fields = {name: getattr(document, name) for name in Document.__dataclass_fields__}
    for name in ("blocks", "pages", "stated", "references"):
        fields[name] = [list(astuple(item)) for item in fields[name]]
    return fields | {"metadata": asdict(document.metadata), "warnings": list(document.warnings)}


def _write_passages(
    connection: Rows, manifest: IndexManifest, folder: Path, documents: Sequence[tuple[str, int]], kind: np.dtype[Any]
) -> None:
    """One document at a time: a collection's passages with their vectors are more than fits into memory."""
    vectors = _array(folder / "vectors.npy", kind, (manifest.passages, manifest.dimension))
    offsets = _array(folder / "tokens.npy", np.dtype("<i8"), (manifest.passages + 1,))
    sql = f"""SELECT {store.PASSAGE_COLUMNS}, p.embedded_as, v.vector, t.codes FROM documents AS d
              JOIN passages AS p ON p.document = d.num JOIN vectors AS v ON v.key = p.vector_key AND v.model = :model
              JOIN token_codes AS t ON t.vector = v.num WHERE d.num = :num ORDER BY p.ordinal"""
    model = vector_model(manifest.model, manifest.model_digest)
    count = end = 0
    with _text(folder / "passages.jsonl") as passages, (folder / "tokens.bin").open("wb") as tokens:
        for uid, num in documents:
            for *columns, embedded, vector, codes in of_document(connection, uid).execute(sql, {"num": num, "model": model}):
                passages.write(_line(asdict(store.passage_from_row(columns)) | {"embedded_as": embedded}))
                vectors[count] = np.frombuffer(vector, "<f4")
                tokens.write(codes)
                count, end = count + 1, end + len(codes)
                offsets[count] = end
    del vectors, offsets  # flushes both
    if count != manifest.passages:
        raise Damaged(
            f"the store has vectors for {count} of {manifest.passages} passages; run `python -m ingest check --repair`."
        )


def _array(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A new file of zeros, mapped to be filled in; one without rows cannot be mapped."""
    if 0 in shape:
        np.save(path, np.zeros(shape, kind), allow_pickle=False)
        return np.zeros(shape, kind)
    return open_memmap(path, mode="w+", dtype=kind, shape=shape)


def _text(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"
