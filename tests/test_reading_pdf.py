"""The measure of reading PDFs: what it says of memory is of the process that reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.reading_pdf import STATUS

HELD = 400  # MiB; the reader with its imports takes some 50


@pytest.mark.skipif(not STATUS.exists(), reason="without /proc the peak of a process alone is not to be had")
def test_memory_is_not_that_of_the_process_that_started_it() -> None:
    held = b"x" * (HELD << 20)
    command = [sys.executable, "-c", "from benchmarks.reading_pdf import peak_memory; print(peak_memory())"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert len(held) == HELD << 20
    assert 5 < float(done.stdout) < HELD
