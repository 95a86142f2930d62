"""A client of the OpenAI chat protocol: one server, the one that the operator named; streamed, bounded in time and size.

urllib3's connection is used without its pool: no proxy of the environment and no redirect, which would carry the key to
somewhere else. It is imported at the first question, so that nothing of it is loaded where no server is set.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from kb.errors import BadRequest

if TYPE_CHECKING:
    from urllib3 import HTTPResponse
    from urllib3.connection import HTTPConnection

BLOCK = 64 * 1024
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})  # statuses after which another try may help
LONGEST_KEY = 4096  # bytes of the key's file


class GenerationFailed(Exception):
    """Why there is no reply, as a clause without address, key or words of the server. `passing`: another try may help, after
    `wait` seconds if the server named some."""

    def __init__(self, reason: str, *, passing: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.passing = passing
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model wrote; `cut`: it had more to say when its tokens ran out, so the last sentence may lack its end."""

    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may take. `seconds` are for all attempts, pauses included.

    Five sentences in Urdu have some 400 tokens, and a streamed token takes 200 to 400 bytes of JSON.
    """

    seconds: float = 60.0
    connect_seconds: float = 10.0
    tokens: int = 800
    characters: int = 8000
    stream_bytes: int = 1 << 20
    line_bytes: int = 64 << 10
    attempts: int = 3
    pause_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A chat model behind `url` (of the API: http://127.0.0.1:8080/v1). May be used by several threads."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    limits: Limits = Limits()

    def complete(self, messages: list[Message]) -> Reply:
        """The reply to a conversation. Raises GenerationFailed."""
        ends = time.monotonic() + self.limits.seconds
        body = self._body(messages)
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return self._attempt(body, ends)
            except GenerationFailed as failure:
                pause = self.limits.pause_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
                pause = max(pause, failure.wait)
                if not failure.passing or attempt == self.limits.attempts or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _body(self, messages: list[Message]) -> bytes:
        sent = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.text} for message in messages],
            "stream": True,
            "temperature": 0,
            "max_tokens": self.limits.tokens,
        }
        return json.dumps(sent, ensure_ascii=False).encode()

    def _attempt(self, body: bytes, ends: float) -> Reply:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"}
        headers |= {"User-Agent": "Wakhan", "Connection": "close"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        connection = self._connection(ends)
        try:
            with _translated(_Watch(ends), self.limits.seconds) as watch:
                connection.connect()
                watch.guard(connection.sock)
                path = f"{urlsplit(self.url).path.rstrip('/')}/chat/completions"
                connection.timeout = None  # the watch cuts; a socket's own timeout would begin anew with every byte
                connection.sock.settimeout(None)
                connection.request("POST", path, body=body, headers=headers, preload_content=False, decode_content=False)
                with contextlib.closing(connection.getresponse()) as response:
                    _check(response)
                    return self._read(response)
        finally:
            connection.close()

    def _connection(self, ends: float) -> HTTPConnection:
        from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - only where a server is set

        place = urlsplit(self.url)
        seconds = min(self.limits.connect_seconds, ends - time.monotonic())
        if seconds <= 0:
            raise GenerationFailed(_too_slow(self.limits.seconds))
        if place.scheme == "http":
            return HTTPConnection(str(place.hostname), place.port, timeout=seconds)
        return HTTPSConnection(str(place.hostname), place.port, timeout=seconds, cert_reqs="CERT_REQUIRED")

    def _read(self, response: HTTPResponse) -> Reply:
        """The text of a stream; or of one JSON object, from servers that do not stream."""
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
        if kind == "text/event-stream":
            return self._streamed(_lines(response, self.limits))
        if kind == "application/json":
            whole = b"".join(_blocks(response, self.limits)).decode("utf-8", "replace")
            return self._streamed(iter([f"data: {whole}", "data: [DONE]"]))

        raise GenerationFailed("what the model server sent is neither an event stream nor JSON")

    def _streamed(self, lines: Iterator[str]) -> Reply:
        pieces: list[str] = []
        length, finish = 0, ""
        for line in lines:
            name, _, value = line.partition(":")
            if name != "data" or not value.strip():  # comments keep a connection open; events have names we do not need
                continue
            if value.strip() == "[DONE]":
                finish = finish or "stop"
                break
            text, ended = _piece(value)
            pieces.append(text)
            finish = ended or finish
            length += len(text)
            if length > self.limits.characters:
                raise GenerationFailed(f"the model's reply has more than {self.limits.characters:,} characters")
        if not finish:
            raise GenerationFailed("the model's reply broke off", passing=True)
        if finish not in ("stop", "length", "eos"):
            raise GenerationFailed("the model server ended the reply for another reason than its end")
        if not "".join(pieces).strip():
            raise GenerationFailed("the model wrote nothing" + (" before its tokens ran out" if finish == "length" else ""))
        return Reply("".join(pieces), finish == "length")


def read_key(path: Path) -> str:
    """The key in a file of one line that its owner alone may read. Raises BadRequest; no message holds anything of the file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            content = file.read(LONGEST_KEY + 1) if stat.S_ISREG(facts.st_mode) else b""
    except OSError as error:
        raise BadRequest(f"KB_LLM_KEY_FILE is {path}, which cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(facts.st_mode):
        raise BadRequest(f"KB_LLM_KEY_FILE is {path}, which is no file.")
    if facts.st_mode & 0o077:
        raise BadRequest(
            f"KB_LLM_KEY_FILE is {path}, which others may read or change ({facts.st_mode & 0o777:03o}); run `chmod 600 {path}`."
        )
    key = content.decode("ascii", "replace").strip()
    if not key or len(content) > LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        raise BadRequest(f"KB_LLM_KEY_FILE is {path}; it must hold the key alone, in one line of printable ASCII characters.")
    return key


def _piece(written: str) -> tuple[str, str]:
    """Text and reason of ending of one streamed object, or of a whole one. Raises GenerationFailed."""
    try:
        sent = json.loads(written)
    except (ValueError, RecursionError):
        raise GenerationFailed("the model's reply is no JSON where it should be", passing=True) from None
    if not isinstance(sent, dict) or sent.get("error"):
        raise GenerationFailed("the model server reported an error in its reply", passing=True)
    choices: Any = sent.get("choices")
    choice: Any = choices[0] if isinstance(choices, list) and choices else {}  # the last object may hold counts alone
    if not isinstance(choice, dict):
        raise GenerationFailed("the model's reply has not the form of a chat completion")
    said: Any = choice.get("delta") or choice.get("message") or {}
    text = said.get("content") if isinstance(said, dict) else None
    finish = choice.get("finish_reason")
    return text if isinstance(text, str) else "", finish if isinstance(finish, str) else ""


def _check(response: HTTPResponse) -> None:
    """Raises GenerationFailed for any status but 200, without the server's words: some repeat the key."""
    if response.status == 200:
        return
    said = f"{response.status} {http.client.responses.get(response.status, '')}".strip()
    wait = response.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 6 else 0.0
    raise GenerationFailed(f"the model server answered {said}", passing=response.status in PASSING, wait=seconds)


def _blocks(response: HTTPResponse, limits: Limits) -> Iterator[bytes]:
    """The body as it comes. Raises GenerationFailed for more than `stream_bytes`."""
    total = 0
    while True:
        left = response.length_remaining
        if left == 0:
            return
        # read1 gives what is there: `read` would wait for a full block of a server that sends token by token
        block = response.read1(BLOCK if left is None else min(BLOCK, left), decode_content=False)
        total += len(block)
        if total > limits.stream_bytes:
            raise GenerationFailed(f"the model server sent more than {limits.stream_bytes:,} bytes")
        if not block:
            return
        yield block


def _lines(response: HTTPResponse, limits: Limits) -> Iterator[str]:
    rest = b""
    for block in _blocks(response, limits):
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > limits.line_bytes or any(len(line) > limits.line_bytes for line in whole):
            raise GenerationFailed(f"a line of the model's reply has more than {limits.line_bytes:,} bytes")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    yield rest.decode("utf-8", "replace").rstrip("\r")


class _Watch:
    """Cuts the connection when time is up, wherever it hangs."""

    def __init__(self, ends: float) -> None:
        self._ends = ends
        self._timer = threading.Timer(max(ends - time.monotonic(), 0.0), self._ring)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self._rung = False

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def late(self) -> bool:
        """Time is up: the clock may say so before the timer's thread has its turn."""
        return self._rung or time.monotonic() >= self._ends

    def guard(self, guarded: Any) -> None:
        self._socket = guarded
        if self._rung:
            self._ring()

    def _ring(self) -> None:
        self._rung = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already: there is nothing to cut
                # not SSLSocket's own, which would drop the TLS state that another thread is reading with
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextlib.contextmanager
def _translated(watch: _Watch, seconds: float) -> Iterator[_Watch]:
    """Errors of the network as GenerationFailed. A connection that was cut may also look like a body's quiet end."""
    from urllib3.exceptions import HTTPError, NewConnectionError  # noqa: PLC0415 - only where a server is set

    try:
        with watch:
            yield watch
    except GenerationFailed as error:
        if watch.late:
            raise GenerationFailed(_too_slow(seconds)) from error
        raise
    except (HTTPError, http.client.HTTPException, OSError) as error:
        if watch.late:
            raise GenerationFailed(_too_slow(seconds)) from error
        unreached = isinstance(error, NewConnectionError | ConnectionRefusedError | TimeoutError)
        reason = "the model server cannot be reached" if unreached else "the connection to the model server broke off"
        raise GenerationFailed(f"{reason} ({_cause(error)})", passing=True) from error


def _too_slow(seconds: float) -> str:
    return f"the model server took longer than {seconds:g} s"


def _cause(error: BaseException) -> str:
    """The innermost cause by its kind: messages hold addresses, and what a server wrote."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not accepted"
    return str(getattr(error, "strerror", "") or type(error).__name__)
