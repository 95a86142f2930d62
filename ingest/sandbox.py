"""Read each file in a short-lived process of its own, so that no file can crash, hang or fill the run.

A server process imports the readers once and forks a child for each file; the child has bounded memory, processor time and
output, writes no file, opens no connection, and passes its result on as JSON, which the parent checks. Our own few lines in
place of multiprocessing's fork server, because that one runs the caller's main script again in every child.

What holds the child: see ingest.confine.

Pages that are pictures are read by OCR in two more children a page (see ingest.ocr for which). The first draws the page with
PDFium; the second becomes the tesseract program. Neither starts a program: the server forks, the kernel's limits are set, and
the second child is replaced by tesseract, which inherits them (memory, time, no files, no network device). It sees the drawn
page as bare pixels on its standard input, never the file, and what it writes is bounded like every other result.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import IO, Any

from ingest.confine import Limits, confine, plain_environment, refuse_programs
from ingest.ocr import PAGE_LIMITS, Look, look_from, with_scans
from ingest.page_picture import draw, pgm
from ingest.parsed_json import parsed_from_json, parsed_to_json
from ingest.readers import read_file
from ingest.sources import PDF, SIDECARS
from ingest.tesseract import Engine
from ingest.text import UnreadableFile, one_line
from kb.records import Failure, Parsed, SourceFile

MOST_DESCRIPTORS = 1024  # of a server, which opens ten
LOOK_UP = 0.2  # seconds between looks at whether the run was given up


@dataclass(frozen=True, slots=True)
class Helpers:
    """What reading may call upon, beside the readers.

    Without an `engine` pages that are pictures stay unread, and are reported. `progress` is told of each page that OCR takes up,
    from any thread. `passwords_of` gives the passwords to try on a source; they go to the reading process through its input, and
    nowhere else.
    """

    engine: Engine | None = None
    progress: Callable[[str], None] = lambda said: None
    passwords_of: Callable[[SourceFile], Sequence[str]] = lambda source: ()


def read_sandboxed(
    sources: Iterable[SourceFile],
    jobs: int = 1,
    limits: Limits | None = None,
    helpers: Helpers | None = None,
    given_up: threading.Event | None = None,
) -> Iterator[tuple[SourceFile, tuple[Parsed, ...] | Failure]]:
    """Each source with its documents, or with a `Failure` of stage "read"; `jobs` at a time, in the order they are done: a scan
    that takes a quarter of an hour holds nobody up.

    At most 2 × `jobs` files are taken from `sources` before the caller takes a result. Leaving the iteration early, by Ctrl-C or
    by setting `given_up` too, ends every process.
    """
    crew = Crew(limits or Limits(), helpers or Helpers())
    pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="reading")
    waiting: dict[Future[tuple[Parsed, ...] | Failure], SourceFile] = {}
    ahead = iter(sources)
    try:
        while True:
            for source in islice(ahead, 2 * max(1, jobs) - len(waiting)):
                waiting[pool.submit(crew.read, source)] = source
            if not waiting:
                return
            done = wait(waiting, LOOK_UP, FIRST_COMPLETED).done
            if given_up is not None and given_up.is_set():
                return
            for future in [future for future in waiting if future in done]:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        crew.dismiss()
        pool.shutdown(wait=True)


class Crew:
    """A server process for each thread that reads. `read` may be called by any number of threads; `dismiss` ends all servers."""

    def __init__(self, limits: Limits, helpers: Helpers) -> None:
        self._limits = limits
        self._helpers = helpers
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
            known = self._helpers.passwords_of(source)
            found = _ask(server, source, self._limits, known)
            if isinstance(found, Failure) or source.media_type != PDF:
                return found
            see = partial(_look, server, source, known)
            return with_scans(source, found, see, self._helpers.engine, self._helpers.progress)
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
                env=plain_environment(),
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
    request = {"task": "read", "source": asdict(source), "limits": asdict(limits), "passwords": list(passwords)}
    letter, payload = _answered(server, request)
    if letter == b"F":
        return Failure(source.uri, "read", _sentence(payload))
    try:
        return parsed_from_json(payload)
    except ValueError as error:
        return Failure(source.uri, "read", f"the reader gave a result that does not hold together ({_told(error)}).")


def _look(
    server: subprocess.Popen[bytes], source: SourceFile, passwords: Sequence[str], page: int, command: Sequence[str], manner: str
) -> Look | str:
    """What there is to see on a page, and what `command` reads there (nothing: nothing is read); or what went wrong."""
    wanted = {"page": page, "command": list(command), "manner": manner, "passwords": list(passwords)}
    letter, payload = _answered(server, {"task": "look", "source": asdict(source), "limits": asdict(PAGE_LIMITS)} | wanted)
    if letter == b"F":
        return _sentence(payload)
    try:
        return look_from(payload)
    except ValueError as error:
        return f"what was read of it does not hold together ({_told(error)})"


def _answered(server: subprocess.Popen[bytes], request: dict[str, Any]) -> tuple[bytes, bytes]:
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps(request).encode("ascii") + b"\n")
    server.stdin.flush()
    head = _exactly(server.stdout, 9)
    return head[:1], _exactly(server.stdout, int.from_bytes(head[1:], "big"))


def _sentence(payload: bytes) -> str:
    """On one line and without controls: it may quote the file, and goes to terminals."""
    return one_line(payload[:4000].decode("utf-8", "replace"))


def _told(error: Exception) -> str:
    return one_line(str(error)[:300])


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
    drawings = _Drawings()
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        source, limits = SourceFile(**request["source"]), Limits(**request["limits"])
        if request["task"] == "read":
            readable = (source.path, *(source.path + suffix for suffix in SIDECARS))
            letter, payload = _run(limits, partial(_answer, limits, partial(_read, source, request["passwords"])), readable)
        else:
            letter, payload = drawings.look_at(source, limits, request)
        _write(answers, letter + len(payload).to_bytes(8, "big") + payload)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class _Drawings:
    """The page that was drawn last: several programs may have to look at it."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._answer = (b"", b"", b"")

    def look_at(self, source: SourceFile, limits: Limits, request: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Draw a page in one child and have its command read it in another. The answer: JSON on a line, then what it wrote."""
        command, page = request["command"], (request["page"], request["manner"])
        if self._of != (source, page):
            self._of, self._answer = (
                (source, page),
                _drawn(limits, source.path, partial(draw, source.path, *page, request["passwords"])),
            )
        letter, head, drawing = self._answer
        if letter == b"F" or not drawing or not command:
            return letter, head
        picture = os.memfd_create("page")  # in memory, and whole before the program starts: nobody has to feed it
        try:
            _write(picture, drawing)
            os.lseek(picture, 0, os.SEEK_SET)
            letter, table = _run(limits, partial(_become, picture, command))
        finally:
            os.close(picture)
        return letter, table if letter == b"F" else head + table


def _drawn(limits: Limits, path: str, work: Callable[[], bytes]) -> tuple[bytes, bytes, bytes]:
    """A letter as in `serve`, the page's measures as a line of JSON (or what went wrong), and the picture of what it shows."""
    letter, drawn = _run(limits, partial(_answer, limits, work), (path,))
    if letter == b"F":
        return letter, drawn, b""
    head, _, pixels = drawn.partition(b"\n")
    try:
        return letter, head + b"\n", pgm(head, pixels) if pixels else b""
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return b"F", f"its drawing does not hold together ({error}).".encode(), b""


def _run(limits: Limits, work: Callable[[int], None], readable: Sequence[str] = ()) -> tuple[bytes, bytes]:
    """Fork a child that works and writes its answer to the descriptor given to it; wait for that, and end it in any case."""
    reading, writing = os.pipe()
    server = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(partial(confine, server, limits, readable), work, writing)
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
        return f"the program that reads it gave up (status {os.WEXITSTATUS(status)})." if os.WEXITSTATUS(status) else ""
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return f"reading took longer than {limits.cpu_seconds} s of processor time and was stopped; the file may be damaged."
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"the reader crashed on it ({name}); the file may be damaged or need more than {limits.memory >> 20} MB of memory."


# ---- in the child -----------------------------------------------------------------------------------------------------------


def _be_child(hold: Callable[[], None], work: Callable[[int], None], writing: int) -> None:
    """Never returns: the child leaves without running anything that it inherited."""
    try:
        hold()
        work(writing)
        os._exit(0)
    finally:
        os._exit(127)


def _become(picture: int, command: Sequence[str], writing: int) -> None:
    """Be replaced by a program that reads `picture`, under the limits that hold this process."""
    os.write(writing, b"P")
    os.dup2(picture, 0)
    os.dup2(writing, 1)
    kept = {name: os.environ[name] for name in ("TESSDATA_PREFIX",) if name in os.environ}
    os.execve(command[0], list(command), {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8", **kept})


def _answer(limits: Limits, work: Callable[[], bytes], writing: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, writing)  # the server's own, by which it could answer for other files
    os.closerange(writing + 1, MOST_DESCRIPTORS)
    refuse_programs()
    _write(writing, _outcome(limits, work))


def _read(source: SourceFile, passwords: Sequence[str]) -> bytes:
    return parsed_to_json(read_file(source, passwords))


def _outcome(limits: Limits, work: Callable[[], bytes]) -> bytes:
    try:
        return b"P" + work()
    except UnreadableFile as error:
        return b"F" + str(error).encode("utf-8", "replace")
    except MemoryError:
        return b"F" + f"reading needs more than {limits.memory >> 20} MB of memory; split the file.".encode()
    except Exception as error:  # noqa: BLE001 (recorded: whatever a damaged file makes a library raise is that file's failure)
        told = f"{type(error).__name__}: {str(error)[:300]}"
        return b"F" + f"the reader stopped at it ({told}); the file may be damaged.".encode("utf-8", "replace")
