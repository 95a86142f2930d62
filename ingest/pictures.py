"""Draws pictures of pages for the web server, each in a process of its own that is held like a reader (see ingest.confine).

Imports nothing that reads a file: the server's own process stays small, and never opens what a stranger may have sent.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from typing import IO

from ingest.confine import plain_environment
from kb.errors import NotFound
from kb.pictures import PictureOrder

VERSION = "1"  # raise it when pages are drawn otherwise: those that are kept are then drawn anew
SECONDS = 10.0
LARGEST = 16 << 20  # bytes of a PNG: 4 million pixels of noise
PAINT_CODE = "import sys; sys.path[:] = sys.argv[1:]; from ingest.paint import main; main()"


def paint(order: PictureOrder) -> bytes:
    """The page as PNG, the order's spans and boxes marked. Raises NotFound with the reason if it cannot be drawn in SECONDS."""
    with tempfile.TemporaryFile() as request:
        request.write(json.dumps(asdict(order)).encode("ascii"))
        request.seek(0)
        with subprocess.Popen(
            [sys.executable, "-I", "-c", PAINT_CODE, *sys.path],
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=plain_environment(),
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                answer = _bounded(process.stdout)
            finally:
                process.kill()
    if answer[:1] == b"P" and answer[1:9] == b"\x89PNG\r\n\x1a\n":
        return answer[1:]
    reason = answer[1:1000].decode("utf-8", "replace") if answer[:1] == b"F" else "it ended without a picture."
    raise NotFound(f"page {order.page} cannot be drawn: {reason}")


def _bounded(stream: IO[bytes]) -> bytes:
    """All that comes, if it comes in time and is not too much; else the reason after an F."""
    ends = time.monotonic() + SECONDS
    data = bytearray()
    while True:
        ready, _, _ = select.select([stream], [], [], max(ends - time.monotonic(), 0))
        if not ready:
            return f"Fit took longer than {SECONDS:g} s; open the original instead.".encode()
        block = os.read(stream.fileno(), 1 << 16)
        if not block:
            return bytes(data)
        data += block
        if len(data) > LARGEST:
            return f"Fits picture has more than {LARGEST >> 20} MB; open the original instead.".encode()
