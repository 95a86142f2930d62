"""What an embedding model promises, and which one is configured: known without it, and without numpy, whose import takes longer
than a re-index needs to see that nothing changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kb.config import Settings
from kb.errors import ModelUnavailable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MODEL_NAME = "multilingual-e5-small"
DATA_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
UNPACKER = 1  #: raise when what is written changes: it decides the vectors, so it is part of the model's digest
DECIDING = (".safetensors", ".json", ".txt", ".model")  # weights, configuration, tokenizer: what decides the vectors


@dataclass(frozen=True)
class Encoded:
    """What the model makes of one text.

    `vector`: float32 (dimension,), length 1. `tokens`: float32 (t, d), rows of length 1, for the tokens of the text itself that
    hold something visible: no special token, no prefix, no context line. `starts`, `ends`: int32 (t,), the characters of the
    text that each token stands for, half-open, never falling. Tokens beyond the model's limit are missing.
    """

    vector: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


class Encoder(Protocol):
    """An embedding model. All methods may be called by several threads at once."""

    @property
    def model(self) -> str:
        """Id: the default's name, or what KB_MODEL says (of a folder its last part)."""

    @property
    def digest(self) -> str:
        """sha256, 64 hex digits, over what decides the vectors; see `model_identity`."""

    @property
    def dimension(self) -> int:
        """Length of `Encoded.vector`."""

    @property
    def note(self) -> str:
        """How the model is run, and why, as a sentence."""

    @property
    def folder(self) -> str:
        """Where its files are; "" if it has none."""

    def encode_passages(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Encoded]:
        """One Encoded a text, in order; `contexts` (as many; "" for none) are embedded before the texts."""

    def encode_query(self, text: str) -> Encoded:
        """The question's vectors, comparable with those of passages."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special ones and without a limit. Needs the tokenizer only."""


class Identity(NamedTuple):
    model: str
    digest: str


def default_digest() -> str:
    """sha256 (64 hex digits) of what decides the default model's vectors, known without unpacking it."""
    return hashlib.sha256(f"{DATA_SHA256} unpacker {UNPACKER}".encode()).hexdigest()


def model_identity(settings: Settings) -> tuple[str, str]:
    """(model id, digest) of the configured model, without loading it; the default need not even be unpacked.

    The digest covers the model's files, not the way it is run: an index made with int8 serves queries of sentence-transformers
    and the other way round. The export is accepted only if every probe text keeps a cosine of LOWEST_COSINE, so the two are
    approximations of the same vectors; and the queries of an int8 index are encoded with float32 anyway.
    Raises ModelUnavailable if there is no such model on this machine.
    """
    if settings.model == MODEL_NAME:
        return Identity(MODEL_NAME, default_digest())
    folder = find_folder(settings.model)
    name = settings.model if "/" in settings.model and not Path(settings.model).exists() else folder.name
    return Identity(name, folder_digest(folder, settings.cache))


def find_folder(model: str) -> Path:
    """The folder of KB_MODEL: a path, or a name in the local cache of sentence-transformers. Raises ModelUnavailable."""
    path = Path(model).expanduser()
    if path.is_dir():
        if not ((path / "config.json").exists() or (path / "modules.json").exists()):
            raise ModelUnavailable(f"KB_MODEL is {model}, a folder without config.json: it holds no sentence-transformers model.")
        return path.absolute()
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for a name that is not the default's
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    for name in (model, f"sentence-transformers/{model}"):
        with contextlib.suppress(LocalEntryNotFoundError, HFValidationError):  # ends in the error below
            return Path(snapshot_download(name, local_files_only=True))
    raise ModelUnavailable(
        f"KB_MODEL is {model!r}: there is no such folder and no such model in the local cache, and nothing is downloaded at run "
        f"time. Set KB_MODEL to the folder of a sentence-transformers model, or unset it to use {MODEL_NAME}."
    )


def folder_digest(folder: Path, cache: Path) -> str:
    """sha256 over names and contents of the files that decide the vectors; kept in `cache` until one of them changes."""
    files = sorted(path for path in (*folder.glob("*"), *folder.glob("[0-9]*/*")) if path.suffix in DECIDING and path.is_file())
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    kept = cache / "digests" / hashlib.sha256(repr(stats).encode()).hexdigest()
    with contextlib.suppress(OSError):  # not there yet
        if len(digest := kept.read_text(encoding="ascii")) == 64:
            return digest
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder)} {content}\n".encode())
    with contextlib.suppress(OSError):  # a cache that cannot be written costs the hashing again, nothing else
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(f".{os.getpid()}")
        beside.write_text(whole.hexdigest(), encoding="ascii")
        os.replace(beside, kept)
    return whole.hexdigest()
