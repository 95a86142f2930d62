"""Loading an export (see kb.exchange) into an empty store: checked line by line, staged, proved by its digest, published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.errors import BadRequest, Damaged, IndexStale
from kb.exchange import FILES, FORMAT, LIST, Export
from kb.generations import content_digest, publish
from kb.manifest import sha256_of, vector_model
from kb.maxsim import unpack
from kb.records import Anchor, Block, Document, IndexManifest, Locator, Mention, Page, Passage, Reference, Row, Stated, WordBox
from kb.staging import OPEN, StagedDocument, Staging, original_path, vector_key
from kb.store import metadata_from_json, published_generation

VECTORS = 1_000  # a transaction
LENGTH_ERROR = 2e-3  # of a vector in float16, before it is given the length 1 again


def load(folder: Path, home: Path) -> IndexManifest:
    """Raises BadRequest if `folder` is no export or `home` has an index, Damaged if a file is not what was written."""
    made = proved(folder)
    with Staging(home) as staging:
        if published_generation(staging.connection):
            raise BadRequest(f"{home} holds an index already; an export is loaded into an empty KB_HOME. Choose another.")
        for name, root in made.collections.items():
            staging.set_collection(name, root)
        for staged, contexts in _documents(folder):
            staging.put(staged, contexts)
            path = original_path(folder, staged.document.original_sha256)
            if path.is_file() and staging.keep_original(path) != staged.document.original_sha256:
                raise Damaged(f"{path} is not what was exported; export again.")
        model = vector_model(made.index.model, made.index.model_digest)
        for batch in _vectors(folder, made.index):
            staging.add_vectors(model, batch)
        if content_digest(staging.connection, made.index.model_digest, OPEN) != made.index.digest:
            raise Damaged(f"what {folder} holds has not the digest that it names; nothing was published. Delete {home}.")
        return publish(staging, made.index.model, made.index.model_digest)


def proved(folder: Path) -> Export:
    """Every file has the hash that the manifest names. Raises BadRequest if it is no export, Damaged."""
    try:
        fields = json.loads((folder / LIST).read_text(encoding="utf-8"))
        index = IndexManifest(**fields["index"])
        made = Export(index, dict(fields["collections"]), int(fields["originals"]), dict(fields["files"]))
        known = str(fields["format"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadRequest(f"{folder} is no export: {LIST} cannot be read there ({error}).") from error
    if known != FORMAT or set(made.files) != set(FILES):
        raise BadRequest(f"{folder} is an export of the format {known!r}; this program loads {FORMAT!r}.")
    for name, sha256 in made.files.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != sha256:
            raise Damaged(f"{path} is missing or not what was exported; export again.")
    return made


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            try:
                yield dict(json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise Damaged(f"line {number} of {path} is no JSON object ({error}).") from error


def _documents(folder: Path) -> Iterator[tuple[StagedDocument, dict[str, str]]]:
    """Each document with its passages, and the contexts that they were embedded with where that is another than their own."""
    by_document = groupby(_lines(folder / "passages.jsonl"), key=lambda fields: str(fields["document_id"]))
    mentioned = groupby(_lines(folder / "mentions.jsonl"), key=lambda fields: str(fields["document"]))
    passages, mentions = next(by_document, None), next(mentioned, None)
    for fields in _lines(folder / "documents.jsonl"):
        try:
            uid = str(fields["id"])
            own = list(passages[1]) if passages and passages[0] == uid else []
            named = list(mentions[1]) if mentions and mentions[0] == uid else []
            passages = next(by_document, None) if own else passages
            mentions = next(mentioned, None) if named else mentions
            contexts = {str(one["id"]): str(one["embedded_as"]) for one in own if one["embedded_as"] is not None}
            yield _staged(fields, [_passage(one) for one in own], [_mention(one) for one in named]), contexts
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Damaged(f"the document {fields.get('id')!r} of {folder} has odd fields ({error}); export again.") from error


def _staged(fields: dict[str, Any], passages: list[Passage], mentions: list[Mention]) -> StagedDocument:
    """Raises ValueError where a passage is not the document's text."""
    rest = dict(fields)
    collection, pipeline, boxes = str(rest.pop("collection")), str(rest.pop("pipeline")), rest.pop("word_boxes")
    for name, kind in (("blocks", Block), ("pages", Page), ("stated", Stated), ("references", Reference)):
        rest[name] = tuple(kind(*item) for item in rest[name])
    rest["metadata"] = metadata_from_json(json.dumps(rest["metadata"]))
    rest["warnings"] = tuple(rest["warnings"])
    document = Document(**rest)
    for passage in passages:
        if document.text[passage.locator.start : passage.locator.end] != passage.text:
            raise ValueError(f"the passage {passage.id} is not its text at {passage.locator.start}")
    word_boxes = tuple(WordBox(*box) for box in boxes)
    return StagedDocument(document, tuple(passages), tuple(mentions), collection, pipeline, word_boxes)


def _passage(fields: dict[str, Any]) -> Passage:
    rest = {name: value for name, value in fields.items() if name != "embedded_as"}
    rest["locator"] = Locator(**rest["locator"] | {"section": tuple(rest["locator"]["section"])})
    rest["rows"] = tuple(Row(**row) for row in rest["rows"])
    rest["anchors"] = tuple(Anchor(**anchor) for anchor in rest["anchors"])
    return Passage(**rest)


def _mention(fields: dict[str, Any]) -> Mention:
    return Mention(**{name: value for name, value in fields.items() if name != "document"})


def _vectors(folder: Path, index: IndexManifest) -> Iterator[list[tuple[bytes, npt.NDArray[np.float32], bytes]]]:
    """Batches as `Staging.add_vectors` takes them. Raises Damaged for sizes, values or tokens that cannot be."""
    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        offsets = np.load(folder / "tokens.npy", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Damaged(f"the vectors of {folder} cannot be read ({error}); export again.") from error
    fits = vectors.shape == (index.passages, index.dimension) and offsets.shape == (index.passages + 1,)
    if not fits or vectors.dtype not in (np.dtype("<f4"), np.dtype("<f2")):
        raise Damaged(f"the vectors of {folder} are {vectors.shape} of {vectors.dtype}, not those of {index.passages} passages.")
    batch = []
    with (folder / "tokens.bin").open("rb") as tokens:
        for number, fields in enumerate(_lines(folder / "passages.jsonl")):
            context = fields["context"] if fields["embedded_as"] is None else fields["embedded_as"]
            key = vector_key(str(fields["text"]), str(context))
            codes = tokens.read(int(offsets[number + 1] - offsets[number]))
            batch.append((key, _whole(vectors[number], codes, number), codes))
            if len(batch) == VECTORS:
                yield batch
                batch = []
    yield batch


def _whole(row: npt.NDArray[Any], codes: bytes, number: int) -> npt.NDArray[np.float32]:
    vector = row.astype(np.float32)
    length = float(np.linalg.norm(vector))
    if not abs(length - 1) <= LENGTH_ERROR:
        raise Damaged(f"vector {number} has the length {length}, not 1; export again.")
    try:
        unpack(codes)
    except IndexStale as error:
        raise Damaged(f"the tokens of passage {number} cannot be read; export again with this version of the program.") from error
    return vector if row.dtype == np.dtype("<f4") else (vector / np.float32(length)).astype(np.float32)
