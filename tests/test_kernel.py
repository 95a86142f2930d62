"""From inside a reader: what Python may not do, and what machine code may not either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.kernel import _filter

PROGRAM = """
import ctypes, json, os, socket, subprocess, sys
from functools import partial
from ingest.sandbox import Limits, _answer, _run
from ingest.text import UnreadableFile
from kb.records import SourceFile

libc, target, other = ctypes.CDLL(None), *sys.argv[1:]
CALLS = {  # as machine code would call them, past Python's hooks
    "socket": lambda: libc.socket(2, 1, 0),
    "unix socket": lambda: libc.socket(1, 1, 0),
    "empty a file": lambda: libc.open(target.encode(), os.O_WRONLY | os.O_TRUNC),
    "truncate": lambda: libc.truncate(target.encode(), 0),
    "unlink": lambda: libc.unlink(target.encode()),
    "chmod": lambda: libc.chmod(target.encode(), 0),
    "fork": lambda: libc.fork() or os._exit(0),
    "signal": lambda: libc.kill(os.getppid(), 0),
    "another file": lambda: libc.open(other.encode(), os.O_RDONLY),
    "another folder": lambda: libc.open(os.path.dirname(target).encode(), os.O_RDONLY),
    "passwords": lambda: libc.open(b"/etc/passwd", os.O_RDONLY),
    "the parent's secrets": lambda: libc.open(b"/proc/%d/environ" % os.getppid(), os.O_RDONLY),
    "shared memory": lambda: libc.shmget(0, 4096, 0o1600),
    "another root": lambda: libc.chroot(b"/"),
}
PYTHON = {
    "socket": lambda: socket.socket(),
    "name": lambda: socket.getaddrinfo("localhost", 80),
    "write": lambda: open(target, "w"),
    "append": lambda: os.open(target, os.O_APPEND | os.O_WRONLY),
    "remove": lambda: os.remove(target),
    "rename": lambda: os.rename(target, target + "2"),
    "folder": lambda: os.mkdir(target + "3"),
    "program": lambda: subprocess.run(["true"]),
    "another file": lambda: open(other),
    "fork": lambda: os.fork(),
}

def attempt(try_it):
    try:
        return "refused" if try_it() == -1 else "allowed"
    except OSError:
        return "refused"

def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False

def read(source):
    os.write(2, b"x" * 1_000_000)  # goes nowhere, and stops nobody
    done = {f"call: {name}": attempt(call) for name, call in CALLS.items()}
    done |= {f"python: {name}": attempt(call) for name, call in PYTHON.items()}
    done["read"] = open(target).read()
    done["descriptors"] = sum(is_open(number) for number in range(200))
    raise UnreadableFile(json.dumps(done))

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
work = partial(read, SourceFile("c/a", target, "text/plain", ""))
letter, payload = _run(Limits(), partial(_answer, Limits(), work), (target,))
print(payload.decode())
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    target = tmp_path_factory.mktemp("kernel") / "a.txt"
    target.write_text("kept")
    (other := target.with_name("b.txt")).write_text("another's")
    asks, never = os.pipe()  # a server whose input ends takes its parent for gone
    try:
        out = subprocess.run(
            [sys.executable, "-c", PROGRAM, target, other],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=asks,
            stdout=subprocess.PIPE,
            timeout=100,
            check=True,
        )
    finally:
        os.close(asks)
        os.close(never)
    assert target.read_text() == "kept"
    told: dict[str, object] = json.loads(out.stdout)
    return told


def test_python_in_a_reader_only_reads(done: dict[str, object]) -> None:
    assert done["read"] == "kept"
    allowed = {name for name, told in done.items() if name.startswith("python") and told != "refused"}
    assert allowed <= {"python: another file"}  # refused where the kernel has Landlock
    assert done["descriptors"] == 4  # the three of any program, and the one for its answer


def test_machine_code_in_a_reader_only_reads(done: dict[str, object]) -> None:
    code = "from ingest.kernel import refuse_the_rest; print(*refuse_the_rest())"
    held = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if held != ["writing", "calls"]:
        pytest.skip(f"this kernel holds only: {held}")
    allowed = {name for name, told in done.items() if name.startswith("call") and told != "refused"}
    assert allowed <= {"call: signal"}  # refused from Linux 6.12 on
    assert done["python: another file"] == "refused"


def test_the_filter_of_calls_decides_as_it_says() -> None:
    numbers, clone = (41, 57), 56
    steps = _filter(0xC000003E, numbers, clone)

    def decide(architecture: int, number: int, flags: int = 0) -> int:
        at, value = 0, 0
        while True:
            code, yes, no, operand = steps[at]
            match code:
                case 0x20:
                    value, jump = {0: number, 4: architecture, 16: flags}[operand], 0
                case 0x15:
                    jump = yes if value == operand else no
                case 0x35:
                    jump = yes if value >= operand else no
                case 0x45:
                    jump = yes if value & operand else no
                case _:
                    return operand
            at += 1 + jump

    run, denied, unknown = 0x7FFF0000, 0x00050001, 0x00050026
    here = 0xC000003E
    assert {decide(here, number) for number in (0, 1, 40, 42, 59, 231, 434, 436)} == {run}
    assert {decide(here, number) for number in (41, 57, (1 << 30) + 1)} == {denied}
    assert decide(0x40000003, 1) == denied
    assert decide(here, 435) == unknown
    assert (decide(here, clone, 0x10000), decide(here, clone, 0x11)) == (run, denied)
