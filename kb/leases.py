"""Which generations are being read: a reader holds a shared lock on its generation's manifest while it uses the folder.

The kernel lets go of a lock when the process ends, however it ends, so nothing is left behind by a reader that was killed.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kb.manifest import MANIFEST


class Lease:
    """A lock on one generation's folder: shared for a reader, exclusive for who takes the folder away.

    It ends with `release`, or with the object: an answer in the middle holds its snapshot, and so the lease.
    """

    def __init__(self, folder: Path, *, exclusive: bool = False) -> None:
        """Raises FileNotFoundError if the folder is not there or has just been taken away, BlockingIOError if it is held."""
        path = folder / MANIFEST
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(self._descriptor), os.stat(path)):
                raise FileNotFoundError(f"{folder} was replaced while it was opened")
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.release()


def is_held(folder: Path) -> bool:
    """Whether any process reads the generation of `folder` now."""
    try:
        Lease(folder, exclusive=True).release()
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
