"""What holds a process that touches a hostile file: kernel limits, no network device where the kernel lets us, and an audit
hook that refuses sockets and programs.

The hook stops Python code, not machine code that a file smuggles into a reader; the kernel's limits hold for both, and are
inherited by the one program that a process may become.
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use: seconds on the clock and of the processor, bytes of memory (address space) and of its result."""

    seconds: float = 60.0
    cpu_seconds: int = 60
    memory: int = 1 << 30
    output: int = 64 << 20


def confine(parent: int, limits: Limits) -> None:
    """Hold this process, for good, to `limits`; it ends when the process `parent` does."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: the child does not outlive a killed server
    if os.getppid() != parent:
        os._exit(1)
    if libc.unshare(0x40000000):  # CLONE_NEWNET: no network device. Else with CLONE_NEWUSER, else the hook remains
        libc.unshare(0x50000000)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


_REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "os.remove", "os.rename")


def refuse_programs() -> None:
    """From here on, sockets, programs, signals and the removing of files raise PermissionError, for good."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: Sequence[object]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"a reader may not use {event}")
