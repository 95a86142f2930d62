"""Folders that are filled once a machine and then kept: whole or not there, whoever else is at it and whoever is killed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RECORD = "unpacked.json"
STALE_SECONDS = 3600  # unpacking takes 5 s: a temporary folder an hour old belongs to a process that was killed


def is_whole(folder: Path) -> bool:
    """Whether `folder` has its record and every file in it with the recorded size (no file is read but the record)."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in record["files"].items())
    except (OSError, ValueError):
        return False


def fill_once(folder: Path, write: Callable[[Path], None]) -> None:
    """`write_atomically`, unless it is whole; whoever else wants the same waits meanwhile, and finds it. What fills it may take
    gigabytes: two at once may fail together. Raises OSError."""
    if is_whole(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # it ends with the process, however it ends
        if not is_whole(folder):
            write_atomically(folder, write)


def write_atomically(folder: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a new folder beside `folder`, record the sizes of its files, then move it into place in one step.

    If another process was quicker, its folder stays and ours is dropped. Raises OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(folder)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(beside)
        files = {str(path.relative_to(beside)): path.stat().st_size for path in sorted(beside.rglob("*")) if path.is_file()}
        (beside / RECORD).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
        beside.chmod(0o755)
        _move_into_place(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _move_into_place(beside: Path, folder: Path) -> None:
    if folder.exists() and not is_whole(folder):  # files were cut or deleted: set it aside, whoever comes first
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / "damaged"
        with contextlib.suppress(FileNotFoundError):  # another process was quicker to set it aside
            os.replace(folder, aside)
        shutil.rmtree(aside.parent, ignore_errors=True)
    try:
        os.replace(beside, folder)
    except OSError:
        if not is_whole(folder):  # a folder that is not empty cannot be replaced: fine if another process's is whole
            raise


def _remove_stale(folder: Path) -> None:
    for left in folder.parent.glob(f".{folder.name}-*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just finished with it
            if left.stat().st_mtime < time.time() - STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
