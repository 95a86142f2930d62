"""A generation's folder and the manifest in it: what it was made with, written last and read first."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from kb.errors import IndexStale
from kb.records import IndexManifest

MANIFEST = "manifest.json"
FORMAT = 3  #: of packed token vectors (kb.maxsim): first byte of a blob; the bytes of another format are not read
HASHES = "hashes.json"  # of the other files in the folder, beside it: a bit that flips in a mapped file shows nowhere else
PARTIAL = ".partial"  # ends the name of a folder or file that is being written
GONE = ".gone"  # of a folder that is being removed
REINDEX = "Run `python -m ingest reindex`"
REPAIR = f"{REINDEX} or `python -m ingest check --repair`: it is built again from the store, nothing is embedded anew"


def folder_of(home: Path, generation: int) -> Path:
    return home / "generations" / f"{generation:06}"


def read_manifest(folder: Path) -> IndexManifest:
    """Raises IndexStale if it is not there or not readable."""
    try:
        return IndexManifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexStale(f"the manifest in {folder} cannot be read ({error}). {REPAIR}.") from error


def write_manifest(folder: Path, manifest: IndexManifest) -> None:
    fields = asdict(manifest)
    del fields["stale"], fields["missing"]  # of a reading, never of what is written
    (folder / MANIFEST).write_text(json.dumps(fields, indent=1), encoding="utf-8")


def write_hashes(folder: Path) -> None:
    """Of each file that is in a folder now: sha256, size and time of last change in ns."""
    hashes = {path.name: f"{sha256_of(path)} {_stat(path)}" for path in sorted(folder.iterdir())}
    (folder / HASHES).write_text(json.dumps(hashes, indent=1), encoding="utf-8")


def _stat(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _written(folder: Path) -> dict[str, str]:
    """What `write_hashes` wrote, by file. Raises OSError, ValueError or AttributeError if that cannot be read."""
    return {name: str(told) for name, told in json.loads((folder / HASHES).read_text(encoding="utf-8")).items()}


def is_untouched(folder: Path) -> bool:
    """Whether size and time of every file are those of its writing. False, too, of a copy, and of a generation that was made
    before they were kept."""
    try:
        written = _written(folder)
        return bool(written) and all(told.partition(" ")[2] == _stat(folder / name) for name, told in written.items())
    except (OSError, ValueError, AttributeError):
        return False


def changed_files(folder: Path) -> list[str]:
    """Files that are not what was written, or are gone; none for a generation that was made before hashes were kept."""
    if not (folder / HASHES).exists():
        return []
    try:
        hashes = {name: told.partition(" ")[0] for name, told in _written(folder).items()}
    except (OSError, ValueError, AttributeError):
        return [HASHES]
    return [name for name, sha256 in hashes.items() if not (folder / name).is_file() or sha256_of(folder / name) != sha256]


def sha256_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def vector_model(model: str, model_digest: str) -> str:
    """The name under which the store keeps a model's vectors: id, digest and the packing of token vectors travel together."""
    return f"{model}@{model_digest}/{FORMAT}"


def leftovers_of(home: Path) -> list[Path]:
    """What killed runs left half written or half removed. While a writer runs, its own work is among them."""
    folders = [*(home / "generations").glob(f"*{PARTIAL}"), *(home / "generations").glob(f"*{GONE}")]
    return sorted([*folders, *(home / "originals").glob(f"*{PARTIAL}")])


def clear_leftovers(home: Path) -> tuple[str, ...]:
    """Remove them, under the writer's lock; returns their names."""
    found = leftovers_of(home)
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return tuple(path.name for path in found)
