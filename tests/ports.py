"""Ports for programs of the tests that must be told theirs: `python3 tests/ports.py NUMBER` prints so many.

A port that the kernel gave and that was given back is anybody's until the program has it, and each time it is started anew:
other tests run meanwhile, whose servers and connections take hundreds. These are below those that the kernel gives, and each
worker of pytest-xdist has its own.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

FIRST, WORKERS = 10_000, 16


def free_ports(number: int) -> list[int]:
    """Of all addresses of this machine."""
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    own = list(range(FIRST + worker, max(given, FIRST + 10_000), WORKERS))
    random.SystemRandom().shuffle(own)
    found: list[int] = []
    with ExitStack() as taken:
        while len(found) < number:
            one, port = taken.enter_context(socket.socket()), own.pop()
            try:
                one.bind(("", port))
            except OSError:  # somebody has it
                continue
            found.append(port)
    return found


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
