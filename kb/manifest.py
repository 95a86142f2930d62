"""A generation's folder and the manifest in it: what it was made with, written last and read first."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from kb.errors import IndexStale
from kb.maxsim import FORMAT
from kb.records import IndexManifest

MANIFEST = "manifest.json"
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
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")


def vector_model(model: str, model_digest: str) -> str:
    """The name under which the store keeps a model's vectors: id, digest and the packing of token vectors travel together."""
    return f"{model}@{model_digest}/{FORMAT}"
