"""The lock that lets one process write to a store. A dead process cannot hold it."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from kb.errors import Busy

LOCK_FILE = "writer.lock"
LOCK_TRIES, LOCK_PAUSE = 3, 0.05  # `is_writing` holds the lock for an instant


def is_writing(home: Path) -> bool:
    """Whether a process holds the writer's lock now."""
    try:
        with (home / LOCK_FILE).open("rb") as handle:
            return not _lock(handle, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def writer_lock(home: Path) -> IO[bytes]:
    """The lock that lets one process write; it ends with the file that is returned. Raises Busy."""
    path = home / LOCK_FILE
    handle = path.open("ab")
    for _ in range(LOCK_TRIES):
        if _lock(handle, fcntl.LOCK_EX):
            return handle
        time.sleep(LOCK_PAUSE)
    handle.close()
    raise Busy(f"another re-index is writing to {path.parent}; wait until it has ended and run this again.")


def _lock(handle: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)  # the kernel lets go when the process ends, however it ends
    except BlockingIOError:
        return False
    return True
