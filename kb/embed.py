"""Vectors for texts: one for the whole and one for each token, from one forward pass of the embedding model.

The fast path runs the model with onnxruntime and the tokenizers library alone; sentence-transformers (and with it torch, 10 s to
import and load) is used where the model cannot be exported, where its export disagrees, or where KB_ENCODER is torch.
Nothing here reaches the network: models are files, found in a folder or in the local cache of sentence-transformers.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kb import onnx_export
from kb.config import Settings
from kb.encoder import MODEL_NAME, Identity, find_folder
from kb.encoder import Encoded as Encoded
from kb.encoder import Encoder as Encoder
from kb.encoder import folder_digest as folder_digest
from kb.encoder import model_identity as model_identity
from kb.errors import ModelUnavailable
from kb.model_package import unpack_default_model
from kb.onnx_export import EXPORTER, export_int8, mean_pooled, normalised, open_session, padded, read_json, run_session

Floats = npt.NDArray[np.float32]
Offsets = npt.NDArray[np.int32]
#: The ids of one text → its token states (tokens, d) and its normalised vector (dimension,), float32.
Forward = Callable[[Sequence[int]], tuple[Floats, Floats]]

CONTEXT_CHARACTERS = 400  # a hundred tokens: a longer context line would push the text out of the model's 512
log = logging.getLogger(__name__)


class Prompts(NamedTuple):
    query: str
    passage: str


@dataclass(frozen=True)
class TextEncoder:
    """The one Encoder with a real model in it: a tokenizer, two prompts and a forward pass for passages and for queries."""

    model: str
    digest: str
    dimension: int
    note: str
    folder: str
    tokenizer: Any
    prompts: Prompts
    limit: int
    forward_passages: Forward
    forward_query: Forward
    workers: int

    def encode_passages(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Encoded]:
        """Each text goes through the model alone, `workers` at a time. The scales of int8 are taken from all that goes through
        together, so in batches a passage's vector would hang on its neighbours; and on one core a text, 512 passages took
        9.7 s of processor time where batches of 1,024 tokens took 10.2 to 11.4.
        """
        heads = [self.prompts.passage + (f"{context[:CONTEXT_CHARACTERS]}\n" if context else "") for context in contexts]
        encodings = self._encodings(heads, texts)
        with ThreadPoolExecutor(self.workers, "encoder") as pool:
            made = pool.map(functools.partial(_encoded, self.forward_passages), encodings, map(len, heads), texts)
            return list(made)

    def encode_query(self, text: str) -> Encoded:
        (encoding,) = self._encodings([self.prompts.query], [text])
        return _encoded(self.forward_query, encoding, len(self.prompts.query), text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def _encodings(self, heads: Sequence[str], texts: Sequence[str]) -> list[Any]:
        whole = [head + text for head, text in zip(heads, texts, strict=True)]
        return [self._limited(encoding) for encoding in self.tokenizer.encode_batch(whole, add_special_tokens=False)]

    def _limited(self, encoding: Any) -> Any:
        """The encoding cut to the model's limit, with its special tokens (the tokenizer itself stays without a limit)."""
        encoding.truncate(self.limit - self.tokenizer.num_special_tokens_to_add(False))
        return self.tokenizer.post_process(encoding)


def _encoded(forward: Forward, encoding: Any, head: int, text: str) -> Encoded:
    """Keep the states of tokens that stand for visible characters of `text`, which begins after `head` characters."""
    states, vector = forward(encoding.ids)
    spans = np.asarray(encoding.offsets, dtype=np.int32) - np.int32(head)
    starts, ends = np.maximum(spans[:, 0], 0), spans[:, 1]
    special = np.asarray(encoding.special_tokens_mask, dtype=bool)
    for i in np.flatnonzero(~special & (ends > starts)):
        while starts[i] < ends[i] and text[starts[i]].isspace():  # a word's first token takes the space before it along
            starts[i] += 1
    keep = ~special & (ends > starts)
    return Encoded(vector, normalised(states[keep]), starts[keep], ends[keep])


def open_encoder(settings: Settings) -> Encoder:
    """The configured model, ready to encode: unpacked and exported first if that was not done yet (40 s, once a machine).

    Raises ModelUnavailable if there is no such model here or it cannot be loaded.
    """
    identity = Identity(*model_identity(settings))
    folder = unpack_default_model(settings.cache) if settings.model == MODEL_NAME else find_folder(settings.model)
    if settings.encoder == "torch":
        return torch_encoder(identity, folder, "sentence-transformers, as KB_ENCODER says.", settings.threads)
    version = importlib.metadata.version("onnxruntime")  # another version may round differently: export and check again
    key = hashlib.sha256(f"{identity.digest} {EXPORTER} {version}".encode()).hexdigest()[:12]
    out = settings.cache / f"{folder.name}-int8-{key}"
    if not out.exists():
        log.info("making the int8 form of %s and checking it against sentence-transformers (about 40 s, once)", identity.model)
    export = export_int8(folder, out)
    if not export.agrees:
        return torch_encoder(identity, folder, export.note, settings.threads)
    return onnx_encoder(identity, folder, export, settings.threads)


def onnx_encoder(identity: Identity, folder: Path, export: onnx_export.Export, threads: int) -> TextEncoder:
    """The exported model on onnxruntime: passages in int8, queries with float32 weights. Raises ModelUnavailable."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - as onnxruntime: not for a re-index with nothing changed

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as err:  # tokenizers raise Exception itself
        raise ModelUnavailable(f"{folder}/tokenizer.json cannot be loaded: {err}. Put a sound copy of the model there.") from err
    tokenizer.no_padding()
    tokenizer.no_truncation()
    config = read_json(folder / "config.json")
    return TextEncoder(
        model=identity.model,
        digest=identity.digest,
        dimension=int(config["hidden_size"]),
        note=export.note,
        folder=str(folder),
        tokenizer=tokenizer,
        prompts=_prompts(folder, identity.model),
        limit=_limit(folder, config),
        forward_passages=_OnnxForward(export.folder / onnx_export.PASSAGES, 1),
        forward_query=_OnnxForward(export.folder / onnx_export.QUERIES, threads),
        workers=threads or os.cpu_count() or 1,
    )


class _OnnxForward:
    """A Forward that opens its model when it is first called: a re-index asks no question, and the float32 form of the default
    model takes 350 MB. Raises ModelUnavailable."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._lock = threading.Lock()
        self._session: Any = None

    def __call__(self, ids: Sequence[int]) -> tuple[Floats, Floats]:
        with self._lock:
            if self._session is None:
                self._session = self._opened()
        rows, mask = padded([ids])
        states = run_session(self._session, rows, mask)
        return states[0], mean_pooled(states, mask)[0]

    def _opened(self) -> Any:
        try:
            return open_session(self._path, self._threads)
        except Exception as err:  # onnxruntime raises Exception itself
            raise ModelUnavailable(
                f"{self._path} cannot be loaded: {err}. Delete {self._path.parent}: it is made again."
            ) from err


def _limit(folder: Path, config: dict[str, Any]) -> int:
    """The model's longest input in tokens, special ones included."""
    positions = int(config["max_position_embeddings"]) - (2 if "roberta" in config["model_type"] else 0)
    stated = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    return min(positions, int(stated or read_json(folder / "tokenizer_config.json").get("model_max_length") or positions))


def _prompts(folder: Path, model: str) -> Prompts:
    """The model's own prompts; the E5 family is trained with its own but upstream's folders do not state them."""
    stated = read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    query, passage = stated.get("query") or "", stated.get("passage") or stated.get("document") or ""
    if not (query or passage) and "e5" in model.lower().replace("/", "-").split("-"):
        return Prompts("query: ", "passage: ")
    return Prompts(query, passage)


def torch_encoder(identity: Identity, folder: Path, note: str, threads: int) -> TextEncoder:
    """The model on sentence-transformers, float32. Raises ModelUnavailable."""
    import torch  # noqa: PLC0415 - 10 s with sentence-transformers, only where the fast path is not taken
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()  # type: ignore[no-untyped-call]  # its library's lack
    kwargs: dict[str, Any] = {"use_safetensors": True}  # weights in pickles can run code
    if read_json(folder / "config.json").get("model_type") in onnx_export.FAMILIES:
        kwargs["add_pooling_layer"] = False  # BERT's own, which sentence-transformers does not use: no report that it is missing
    if threads:
        torch.set_num_threads(threads)
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=kwargs)
        tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError) as err:
        raise ModelUnavailable(f"{folder} cannot be loaded by sentence-transformers: {err}. Set KB_MODEL to another.") from err
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def forward(ids: Sequence[int]) -> tuple[Floats, Floats]:
        rows, mask = padded([ids])
        with torch.inference_mode():
            out = model({"input_ids": torch.from_numpy(rows), "attention_mask": torch.from_numpy(mask)})
        return out["token_embeddings"].numpy()[0], normalised(out["sentence_embedding"].numpy())[0]

    return TextEncoder(
        model=identity.model,
        digest=identity.digest,
        dimension=len(forward(tokenizer.encode("a").ids)[1]),
        note=note,
        folder=str(folder),
        tokenizer=tokenizer,
        prompts=_prompts(folder, identity.model),
        limit=int(model.max_seq_length or 512),
        forward_passages=forward,
        forward_query=forward,
        workers=1,  # torch takes all cores for one text
    )
