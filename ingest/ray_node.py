"""What a node does for a run: it says what it would read and embed with, reads shards in its own sandboxes, encodes batches.

Nothing here knows Ray, which makes one NodeWorker on each node, in a process of its own. Settings are those of the node
(KB_CACHE, KB_THREADS, KB_MODEL, KB_ENCODER), from the environment in which Ray was started there.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ingest.confine import Limits
from ingest.embedding import embedded
from ingest.sandbox import Crew, Helpers
from ingest.shards import Sent, result_to_json, unpacked
from ingest.tesseract import find_engine
from ingest.versions import READER_VERSION, segmenter_version
from kb.config import Settings, settings_from
from kb.embed import Encoder
from kb.manifest import vector_model
from kb.staging import MissingVector

ROOT = Path(__file__).parents[1]
#: Libraries whose version decides what is read or embedded.
DECIDING = (
    "lxml", "numpy", "onnxruntime", "openpyxl", "pypdf", "pypdfium2", "python-docx", "python-pptx", "striprtf", "tokenizers",
    "trafilatura",
)  # fmt: skip

Identify = Callable[[Settings], tuple[str, str]]
Open = Callable[[Settings], Encoder]
Packed = tuple[bytes, bytes, bytes]  # content hash, float32 vector, packed token vectors


def description(settings: Settings, identify: Identify) -> dict[str, str]:
    """What results depend on beside the files: only nodes that say the same as the run get work. Raises ModelUnavailable."""
    engine = find_engine()
    return {
        "reader": str(READER_VERSION),
        "segmenter": segmenter_version(),
        "model": vector_model(*identify(settings)),
        "KB_ENCODER": settings.encoder,
        "OCR": f"{engine.name} ({', '.join(sorted(engine.models))})" if engine else "none",
        "libraries": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in DECIDING),
        "program": _program(),
    }


def _program() -> str:
    """A hash over the program's own text: a version number that somebody forgot to raise is no excuse for a mixed index."""
    digest = hashlib.sha256()
    for path in sorted((*(ROOT / "ingest").glob("*.py"), *(ROOT / "kb").glob("*.py"))):
        digest.update(f"{path.parent.name}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def differences(own: Mapping[str, str], other: Mapping[str, str]) -> str:
    """In what a node differs from the run, as half a sentence; "" if in nothing."""
    return "; ".join(
        f"its {name} is {other.get(name, 'unknown')}, that of the run is {own[name]}"
        for name in own
        if own[name] != other.get(name)
    )


class NodeWorker:
    """Its methods may be called by several threads at once. Files are written below the node's temporary folder, where none but
    its user can read them, and are gone when they were read; those of a worker that was killed, when the next one begins."""

    def __init__(self, cpus: int, identify: Identify, open_model: Open) -> None:
        self._settings = settings_from(os.environ, Path.cwd())
        self._identify = identify
        self._open = open_model
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._passwords: dict[str, tuple[str, ...]] = {}
        self._crew = Crew(Limits(), Helpers(find_engine(), passwords_of=lambda source: self._passwords.get(source.uri, ())))
        self._pool = ThreadPoolExecutor(max(1, cpus), thread_name_prefix="reading")
        self._folder, self._lock_of_folder = _own_folder()

    def describe(self) -> dict[str, str]:
        return description(self._settings, self._identify)

    def close(self) -> None:
        """End the processes that read."""
        self._pool.shutdown(cancel_futures=True)
        self._crew.dismiss()
        shutil.rmtree(self._folder)
        os.close(self._lock_of_folder)

    def read(self, shard: Sequence[Sent]) -> list[bytes]:
        """What was read of each file, as `shards.result_from_json` takes it, in the order of the shard."""
        return list(self._pool.map(self._read, shard))

    def _read(self, sent: Sent) -> bytes:
        self._passwords[sent.source.uri] = sent.passwords
        try:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                return result_to_json(self._crew.read(unpacked(sent, Path(folder))))
        finally:
            self._passwords.pop(sent.source.uri, None)

    def embed(self, batch: Sequence[tuple[bytes, str, str]]) -> tuple[list[Packed], float]:
        """(hash, text, context) of each passage encoded, and the seconds that it took. Raises ModelUnavailable."""
        with self._lock:
            encoder = self._encoder = self._encoder or self._open(self._settings)
        found = embedded(encoder, [MissingVector(*item) for item in batch])
        items = [(key, np.ascontiguousarray(vector, dtype="<f4").tobytes(), codes) for key, vector, codes in found.items]
        return items, found.seconds


def _own_folder() -> tuple[str, int]:
    """A new folder, and a lock on it that ends with this process; the folders of processes that ended are removed.

    A lock and no process ids: nodes in containers may share a temporary folder, and each has processes of its own.
    """
    beside = Path(tempfile.gettempdir()) / f"wakhan-nodes-{os.getuid()}"
    beside.mkdir(mode=0o700, exist_ok=True)
    if beside.stat().st_uid != os.getuid() or beside.is_symlink():
        raise PermissionError(f"{beside} belongs to another user; remove it.")
    one_at_a_time = os.open(beside, os.O_RDONLY)
    try:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        for left in beside.iterdir():
            _remove_unless_held(left)
        own = tempfile.mkdtemp(dir=beside)
        held = os.open(own, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        return own, held
    finally:
        os.close(one_at_a_time)


def _remove_unless_held(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
