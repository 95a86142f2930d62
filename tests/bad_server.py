"""A real HTTP server on the loopback that misbehaves as it is told, and remembers who asked for what.

The fetcher refuses the loopback. `REACH` is the one way around that: an argument, which no command passes.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.reach import Reach

Page = Callable[[BaseHTTPRequestHandler], None]

HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Transit</title></head><body><p>" + b"Goods go by road. " * 30 + b"</p></body></html>"
)
HTML_TYPE = {"Content-Type": "text/html; charset=utf-8"}


def loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def any_port(_port: int) -> bool:
    return True


REACH = Reach(address=lambda address: address.is_loopback, port=any_port, resolve=loopback)


@dataclass
class BadServer:
    """`pages` maps paths to what answers them; without a page: 404, for robots.txt too. `asked` grows by each request."""

    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)  # ends what hangs when the test is over

    def url(self, path: str = "/a", host: str = "docs.example", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def paths(self, *, robots: bool = False) -> list[str]:
        return [path for path, _ in self.asked if robots or path != "/robots.txt"]

    def headers(self, path: str) -> list[dict[str, str]]:
        return [headers for asked, headers in self.asked if asked == path]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end: no thread outlives its test

    def handle_error(self, *_: Any) -> None:
        return  # a TLS client that hangs up is what some tests want


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[BadServer]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with lock:
                bad.asked.append((self.path, {name.casefold(): value for name, value in self.headers.items()}))
            with contextlib.suppress(ConnectionError):  # the fetcher hangs up on what it does not want
                bad.pages.get(self.path, status(404))(self)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    bad = BadServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bad
    finally:
        bad.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def page(body: bytes = HTML_PAGE, code: int = 200, **headers: str) -> Page:
    """An honest page. Names of headers are written with _ for -; a type is given as Content_Type."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in ({"Content-Length": str(len(body))} | (HTML_TYPE if body else {}) | named).items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def status(code: int, **headers: str) -> Page:
    return page(b"", code, **headers)


def redirect(location: str, code: int = 302) -> Page:
    return status(code, Location=location)


def in_turn(*pages: Page) -> Page:
    """Another answer each time, the last one for good."""
    left = list(pages)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def cut_after(body: bytes, sent: int, **headers: str) -> Page:
    """Announces the whole and hangs up before its end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        page(b"", **({"Content_Type": "text/html", "Content_Length": str(len(body))} | headers))(handler)
        handler.wfile.write(body[:sent])

    return answer


def with_ranges(body: bytes, etag: str, **headers: str) -> Page:
    """Answers Range if If-Range still holds, and If-None-Match."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers
        if asked.get("If-None-Match") == etag:
            status(304, ETag=etag)(handler)
        elif "Range" in asked and asked.get("If-Range") == etag:
            start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                status(416, Content_Range=f"bytes */{len(body)}")(handler)
                return
            place = f"bytes {start}-{len(body) - 1}/{len(body)}"
            page(body[start:], 206, ETag=etag, Content_Range=place, **headers)(handler)
        else:
            page(body, ETag=etag, **headers)(handler)

    return answer


def dripping(bad: BadServer, piece: bytes, head: bytes = b"", pause: float = 0.02) -> Page:
    """Sends `head`, then pieces for ever, or until the test is over."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not bad.released.is_set():
            handler.wfile.write(piece)
            handler.wfile.flush()
            if pause:
                time.sleep(pause)

    return answer


def silent(bad: BadServer, head: bytes = b"") -> Page:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        handler.wfile.flush()
        bad.released.wait(300)

    return answer
