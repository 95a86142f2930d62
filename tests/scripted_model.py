"""A model server of the tests' own: speaks the OpenAI chat protocol on the loopback, well or badly, as each test scripts it.

A script is what answers one request; the last one answers for good. A model that obeys what it reads is `obeying`.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]
STREAM = "text/event-stream; charset=utf-8"


@dataclass
class ScriptedModel:
    """`scripts` answer in turn; `asked` holds (path, headers, body) of every request."""

    port: int
    scripts: list[Script] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)  # ends what hangs when the test is over

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def prompts(self) -> list[str]:
        """What the model was told, of each request."""
        return ["\n".join(message["content"] for message in body["messages"]) for _, _, body in self.asked]

    def play(self, *scripts: Script) -> None:
        self.scripts[:] = scripts


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end: no thread outlives its test

    def handle_error(self, *_: Any) -> None:
        return  # a client that hangs up is what some tests want


@contextlib.contextmanager
def serving() -> Iterator[ScriptedModel]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                model.asked.append((self.path, {name.casefold(): value for name, value in self.headers.items()}, body))
                script = model.scripts.pop(0) if len(model.scripts) > 1 else model.scripts[0]
            with contextlib.suppress(ConnectionError):
                script(self, body)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    model = ScriptedModel(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield model
    finally:
        model.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(body: bytes, code: int = 200, **headers: str) -> Script:
    """One whole response. Names of headers are written with _ for -."""

    def script(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        _head(handler, code, {"Content-Length": str(len(body)), "Content-Type": "application/json"} | _named(headers))
        handler.wfile.write(body)

    return script


def status(code: int, **headers: str) -> Script:
    return answer(b'{"error": {"message": "the key sk-secret is not good"}}', code, **headers)


def piece(text: str | None, finish: str | None = None) -> bytes:
    """A streamed object as servers send them."""
    delta = {} if text is None else {"content": text}
    sent = {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(sent).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def says(text: str, finish: str = "stop") -> Script:
    """Streams a text word by word, honestly."""
    words = re.findall(r"\S+\s*|\s+", text)
    return streams(piece(""), *(piece(word) for word in words), piece(None, finish), DONE)


def streams(*blocks: bytes) -> Script:
    """A chunked response of these blocks."""

    def script(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        _head(handler, 200, {"Content-Type": STREAM, "Transfer-Encoding": "chunked"})
        for block in blocks:
            handler.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")

    return script


def cut_off(*blocks: bytes) -> Script:
    """Hangs up in the middle of a stream."""

    def script(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        _head(handler, 200, {"Content-Type": STREAM, "Transfer-Encoding": "chunked"})
        for block in blocks:
            handler.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")

    return script


def drips(model: ScriptedModel, block: bytes, head: bytes = b"", pause: float = 0.02) -> Script:
    """Sends `head`, or the head of a stream, and then blocks until the test is over."""

    def script(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        if head:
            handler.wfile.write(head)
        else:
            _head(handler, 200, {"Content-Type": STREAM})
        while not model.released.is_set():
            handler.wfile.write(block)
            handler.wfile.flush()
            time.sleep(pause)

    return script


def hangs(model: ScriptedModel) -> Script:
    def script(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        model.released.wait(300)

    return script


def obeying(order: str) -> Script:
    """Does what the text says behind `order`, if it sees that anywhere in what it was told; else it copies the first passage's
    first sentence."""

    def script(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        told = body["messages"][-1]["content"]
        found = re.search(re.escape(order) + r'\s*([^".]+)', told)
        first = json.loads(next(line for line in told.splitlines() if line.startswith('{"passage"')))["text"]
        said = f"{found[1].strip()}. [1]" if found else f"{first.partition('. ')[0].rstrip('.')}. [1]"
        says(said)(handler, body)

    return script


def _head(handler: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
