"""`python -m web` as a process: what it prints, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@contextmanager
def started(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "KB_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "web", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_without_an_index_and_ends_when_told(tmp_path, number):
    with started(tmp_path, "--port", "0") as process:
        line = process.stdout.readline()
        assert line.startswith("Wakhan is serving on http://127.0.0.1:")
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(line.split()[-1] + "/readyz", timeout=120)
        assert answer.value.code == 503
        answer.value.close()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=120)
    assert (process.returncode, rest) == (0, "")
    assert "python -m ingest reindex" in errors and "Traceback" not in errors


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with started(tmp_path, "--port", port) as process:
            out, errors = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert errors.strip() == (
        f"cannot listen on 127.0.0.1 port {port}: another program listens there. End it, or choose another port with --port."
    )


@pytest.mark.parametrize("arguments", [("--port", "x"), ("--port", "70000"), ("--prot", "1")])
def test_wrong_arguments_end_with_2(tmp_path, arguments):
    with started(tmp_path, *arguments) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 2 and "Traceback" not in errors
