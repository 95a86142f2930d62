"""The hash of a file's bytes, with what `stat` says of it at that moment."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import NamedTuple

from ingest.files import UnreadableFile

BLOCK = 1 << 20
START = 8192  # bytes: enough to tell a file's type
LARGEST = 2 << 30  # bytes of a file: what is larger (a sparse file of terabytes) would be hashed for hours
# A file written again within the clock's grain has the same time: times so fresh prove nothing. FAT counts in steps of 2 s.
FRESH, FRESH_NS = "~", 3_000_000_000


class Hashed(NamedTuple):
    """`digest` is not closed: a sidecar's may be added. `stat`: see stat_text; `start`: the first bytes."""

    digest: hashlib._Hash
    start: bytes
    size: int
    stat: str


def hashed(path: str, most: int = LARGEST) -> Hashed:
    """Never waits on a pipe that is there or took the file's place, nor reads on for ever (the rest beyond LARGEST is left). Of a
    file of more than `most` bytes nothing is read but its size.

    Raises UnreadableFile for what is no regular file, OSError if it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(f"{os.path.basename(path)} is no regular file (a device, pipe or socket); remove it.")
        if status.st_size > most:
            return Hashed(hashlib.sha256(), b"", status.st_size, "")
        # As much as there is: memory for a whole block, set aside and given back, costs twice what reading 4 KB does.
        start = block = os.read(descriptor, min(BLOCK, status.st_size + 1))
        digest, length = hashlib.sha256(), 0
        while block and length <= LARGEST:
            length += len(block)
            digest.update(block)
            if length == status.st_size < BLOCK:
                break  # the usual small file: no further read to see its end
            block = os.read(descriptor, BLOCK)
        return Hashed(digest, start[:START], status.st_size, stat_text(status))
    finally:
        os.close(descriptor)


def stat_text(status: os.stat_result) -> str:
    """Size, time of the last change in ns, inode; marked with FRESH where a change since need not show."""
    fresh = FRESH if status.st_mtime_ns > time.time_ns() - FRESH_NS else ""
    return f"{fresh}{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def inode(stat_of_file: str) -> str:
    """Of the file itself, not of its sidecar; "" if it is not known."""
    return stat_of_file.partition(" + ")[0].rpartition(" ")[2]
