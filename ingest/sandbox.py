"""Read each file in a short-lived process of its own, so that no file can crash, hang or fill the run.

A server process imports the readers once and forks a child for each file; the child has bounded memory, processor time and
output, writes no file, opens no connection, and passes its result on as JSON, which the parent checks. Our own few lines in
place of multiprocessing's fork server, because that one runs the caller's main script again in every child.

What holds the child: kernel limits, and an audit hook that refuses sockets and programs. The hook stops Python code, not
machine code that a file smuggles into a reader; where the kernel lets us, the child has no network device either.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass
from typing import IO, Any

from ingest.readers import read_file
from ingest.text import UnreadableFile
from kb.records import BLOCK_KINDS, Block, Failure, Metadata, Page, Parsed, SourceFile


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use: seconds on the clock and of the processor, bytes of memory (address space) and of its result."""

    seconds: float = 60.0
    cpu_seconds: int = 60
    memory: int = 1 << 30
    output: int = 64 << 20


PasswordsOf = Callable[[SourceFile], Sequence[str]]


def _no_passwords(source: SourceFile) -> Sequence[str]:
    return ()


def read_sandboxed(
    sources: Iterable[SourceFile], jobs: int = 1, limits: Limits | None = None, passwords_of: PasswordsOf | None = None
) -> Iterator[tuple[SourceFile, tuple[Parsed, ...] | Failure]]:
    """Each source with its documents, or with a `Failure` of stage "read"; in the order given, `jobs` at a time.

    `passwords_of` gives the passwords to try on a source; they go to the reading process through its input, and nowhere else.
    At most 2 × `jobs` results wait for the caller. Leaving the iteration early, by Ctrl-C too, ends every process.
    """
    crew = _Crew(limits or Limits(), passwords_of or _no_passwords)
    pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="reading")
    waiting: deque[tuple[SourceFile, Future[tuple[Parsed, ...] | Failure]]] = deque()
    try:
        for source in sources:
            waiting.append((source, pool.submit(crew.read, source)))
            if len(waiting) >= 2 * jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        crew.dismiss()
        pool.shutdown(wait=True)


class _Crew:
    """A server process for each thread that reads."""

    def __init__(self, limits: Limits, passwords_of: PasswordsOf) -> None:
        self._limits = limits
        self._passwords_of = passwords_of
        self._local = threading.local()
        self._lock = threading.Lock()
        self._servers: set[subprocess.Popen[bytes]] = set()
        self._dismissed = False

    def read(self, source: SourceFile) -> tuple[Parsed, ...] | Failure:
        server = getattr(self._local, "server", None)
        if server is None or server.poll() is not None:
            server = self._hire()
            self._local.server = server
        try:
            return _ask(server, source, self._limits, self._passwords_of(source))
        except (OSError, EOFError) as error:
            self._fire(server)
            self._local.server = None
            return Failure(source.uri, "read", f"the reading process ended unexpectedly ({error}); run it again.")

    def _hire(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._dismissed:
                raise EOFError("the run was given up")
            code = "import sys; sys.path[:] = sys.argv[1:]; from ingest.sandbox import serve; serve()"
            server = subprocess.Popen(
                [sys.executable, "-I", "-c", code, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C goes to the parent alone; the server notices that its input ends
            )
            self._servers.add(server)
            return server

    def _fire(self, server: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._servers.discard(server)
        _end(server)

    def dismiss(self) -> None:
        with self._lock:
            self._dismissed = True
            servers, self._servers = self._servers, set()
        for server in servers:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ending its input ends a server and its child. Its output is read to the end by the thread that waits for it."""
    server.terminate()
    server.wait()
    for stream in (server.stdin, server.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # what was not yet sent cannot be sent any more
                continue


def _ask(
    server: subprocess.Popen[bytes], source: SourceFile, limits: Limits, passwords: Sequence[str]
) -> tuple[Parsed, ...] | Failure:
    assert server.stdin is not None and server.stdout is not None
    request = json.dumps({"source": asdict(source), "limits": asdict(limits), "passwords": list(passwords)})
    server.stdin.write(request.encode("ascii") + b"\n")
    server.stdin.flush()
    head = _exactly(server.stdout, 9)
    payload = _exactly(server.stdout, int.from_bytes(head[1:], "big"))
    if head[:1] == b"F":
        return Failure(source.uri, "read", _sentence(payload))
    try:
        return parsed_from_json(payload)
    except ValueError as error:
        return Failure(source.uri, "read", f"the reader gave a result that does not hold together ({error}).")


def _sentence(payload: bytes) -> str:
    return payload[:4000].decode("utf-8", "replace")


def _exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise EOFError("its answer broke off")
    return data


# ---- in the server ----------------------------------------------------------------------------------------------------------


def serve() -> None:
    """Answer requests, a line of JSON each, until the input ends. An answer is a letter (P: parsed, F: failure), the length
    of what follows in 8 bytes, and JSON or a sentence."""
    gc.collect()
    gc.freeze()  # a child's collector then does not touch, and so not copy, what it shares with the server
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)  # what a reader's library prints must not come between the answers
    os.dup2(nowhere, 2)
    requests = os.fdopen(0, "rb", buffering=0, closefd=False)
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        read = functools.partial(read_file, passwords=request["passwords"])
        letter, payload = _run(SourceFile(**request["source"]), Limits(**request["limits"]), read)
        _write(answers, letter + len(payload).to_bytes(8, "big") + payload)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _run(source: SourceFile, limits: Limits, read: Any) -> tuple[bytes, bytes]:
    """Fork a child for one file, wait for what it writes, and end it in any case."""
    reading, writing = os.pipe()
    server = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(server, source, limits, read, writing)
    os.close(writing)
    trouble, data = "", bytearray()
    try:
        trouble = _collect(reading, data, limits)
    finally:
        os.close(reading)
        if trouble:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if trouble == "gone":
        sys.exit(0)
    trouble = trouble or _exit_trouble(status, limits)
    if trouble or bytes(data[:1]) not in (b"P", b"F"):
        return b"F", (trouble or "the reader ended without a result; the file may be damaged.").encode()
    return bytes(data[:1]), bytes(data[1:])


def _collect(reading: int, data: bytearray, limits: Limits) -> str:
    """Fill `data` until the child closes its end. What went wrong: a sentence, "gone" if the parent is, or ""."""
    deadline = time.monotonic() + limits.seconds
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([reading, 0], [], [], max(left, 0))
        if reading in ready:
            block = os.read(reading, 1 << 16)
            if not block:
                return ""
            data += block
            if len(data) > limits.output:
                return f"it gives more than {limits.output >> 20} MB of text; split it into smaller files."
        elif 0 in ready:
            return "gone"  # nothing is asked while an answer is due, so the input has ended
        elif left <= 0:
            return f"reading took longer than {limits.seconds:g} s and was stopped; the file may be damaged or too large."


def _exit_trouble(status: int, limits: Limits) -> str:
    if not os.WIFSIGNALED(status):
        return ""
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return f"reading took longer than {limits.cpu_seconds} s of processor time and was stopped; the file may be damaged."
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"the reader crashed on it ({name}); the file may be damaged or need more than {limits.memory >> 20} MB of memory."


# ---- in the child -----------------------------------------------------------------------------------------------------------


def _be_child(server: int, source: SourceFile, limits: Limits, read: Any, writing: int) -> None:
    """Never returns: the child leaves without running anything that it inherited."""
    try:
        _confine(server, limits)
        answer = _answer(source, limits, read)
        _write(writing, answer)
    finally:
        os._exit(0)


def _confine(server: int, limits: Limits) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: the child does not outlive a killed server
    if os.getppid() != server:
        os._exit(1)
    if libc.unshare(0x40000000):  # CLONE_NEWNET: no network device. Else with CLONE_NEWUSER, else the hook remains
        libc.unshare(0x50000000)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.addaudithook(_refuse)


_REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "os.remove", "os.rename")


def _refuse(event: str, arguments: Sequence[object]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"a reader may not use {event}")


def _answer(source: SourceFile, limits: Limits, read: Any) -> bytes:
    try:
        return b"P" + parsed_to_json(read(source))
    except UnreadableFile as error:
        return b"F" + str(error).encode("utf-8", "replace")
    except MemoryError:
        return b"F" + f"reading needs more than {limits.memory >> 20} MB of memory; split the file.".encode()
    except Exception as error:  # noqa: BLE001 (recorded: whatever a damaged file makes a library raise is that file's failure)
        told = f"{type(error).__name__}: {str(error)[:300]}"
        return b"F" + f"the reader stopped at it ({told}); the file may be damaged.".encode("utf-8", "replace")


# ---- between them -----------------------------------------------------------------------------------------------------------


def parsed_to_json(documents: Sequence[Parsed]) -> bytes:
    """ASCII JSON of documents: blocks and pages as arrays in the order of their fields."""
    return json.dumps(
        [
            {
                "text": document.text,
                "blocks": [astuple(block) for block in document.blocks],
                "pages": [[page.number, page.label, page.start, page.end] for page in document.pages],
                "metadata": asdict(document.metadata),
                "reader": document.reader,
                "warnings": document.warnings,
                "key": document.key,
            }
            for document in documents
        ]
    ).encode("ascii")


def parsed_from_json(data: bytes) -> tuple[Parsed, ...]:
    """The documents again, checked: the child that wrote them had the hands of a hostile file on it.

    Raises ValueError if anything has the wrong type, or a span lies outside its text, out of order or over another.
    """
    loaded = json.loads(data)
    if not isinstance(loaded, list) or not loaded:
        raise ValueError("no list of documents")
    return tuple(_checked(item) for item in loaded)


def _checked(item: Any) -> Parsed:
    try:
        strings = [item["text"], item["reader"], item["key"], *item["warnings"]]
        raw = {name: tuple(value) if isinstance(value, list) else value for name, value in item["metadata"].items()}
        metadata = Metadata(**raw)  # type: ignore[arg-type]  # checked below
        blocks = tuple(Block(*block) for block in item["blocks"])
        pages = tuple(Page(*page) for page in item["pages"])
        strings += [value for field in raw.values() for value in (field if isinstance(field, tuple) else (field,))]
        strings += [value for block in blocks for value in (block.kind, block.place)]
        strings += [page.label for page in pages if page.label is not None]
        numbers = [n for b in blocks for n in (b.start, b.end, b.level)] + [n for p in pages for n in (p.number, p.start, p.end)]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"fields are missing or of the wrong kind: {error}") from error
    if not all(isinstance(value, str) for value in strings) or not all(type(number) is int for number in numbers):
        raise ValueError("a text or number is of the wrong type")
    if any(isinstance(getattr(metadata, name), str) != isinstance(getattr(Metadata(), name), str) for name in raw):
        raise ValueError("metadata of the wrong type")
    _check_spans(item["text"], blocks, pages)
    clean = item["text"].encode("utf-8", "replace").decode() if not item["text"].isascii() else item["text"]
    if clean != item["text"]:
        raise ValueError("the text is no valid Unicode")
    return Parsed(item["text"], blocks, pages, metadata, item["reader"], tuple(item["warnings"]), item["key"])


def _check_spans(text: str, blocks: Sequence[Block], pages: Sequence[Page]) -> None:
    last = 0
    for block in blocks:
        if not last <= block.start < block.end <= len(text) or block.kind not in BLOCK_KINDS or not 0 <= block.level <= 6:
            raise ValueError(f"the block {block} does not fit the text of {len(text)} characters")
        last = block.end
    last = 0
    for page in pages:
        if not page.start == last <= page.end <= len(text):
            raise ValueError(f"the page {page} does not fit the text of {len(text)} characters")
        last = page.end
    if pages and last != len(text):
        raise ValueError("the pages do not cover the text")
