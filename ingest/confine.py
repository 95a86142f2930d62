"""What holds a process that touches a hostile file: kernel limits, no network device where the kernel lets us, and an audit
hook that refuses sockets, programs and writing.

The hook stops Python code, not machine code that a file smuggles into a reader; the kernel's limits and refusals (see
ingest.kernel) hold for both, and are inherited by the one program that a process may become.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.kernel import refuse_the_rest


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use: seconds on the clock and of the processor, bytes of memory (address space) and of its result."""

    seconds: float = 60.0
    cpu_seconds: int = 60
    memory: int = 1 << 30
    output: int = 64 << 20


# What the process that is held finds in its environment. The rest may be secrets: the address of a database, keys of a cloud.
_NAMES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "MALLOC_ARENA_MAX")


def plain_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _NAMES if name in os.environ}


def confine(parent: int, limits: Limits, readable: Sequence[str] = ()) -> None:
    """Hold this process, for good, to `limits` and to reading the files `readable` (none: all); it ends when the process
    `parent` does."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: the child does not outlive a killed server
    if os.getppid() != parent:
        os._exit(1)
    if libc.unshare(0x40000000):  # CLONE_NEWNET: no network device. Else with CLONE_NEWUSER, else the hook remains
        libc.unshare(0x50000000)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # no process, no thread; root is held by ingest.kernel alone
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    refuse_the_rest(readable)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


_REFUSED: tuple[str, ...] = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill")
_REFUSED += ("os.remove", "os.rename", "os.truncate", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown")
_REFUSED += ("os.utime", "os.setxattr")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refuse_programs() -> None:
    """From here on, sockets, programs, signals and the removing of files raise PermissionError, for good."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: Sequence[object]) -> None:
    """Where the kernel knows no Landlock, opening a file for writing would still empty it."""
    if event.startswith(_REFUSED):
        raise PermissionError(f"a reader may not use {event}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError(f"a reader may not write {arguments[0]!r}")
