"""`python -m web`: open the library, warm it up, serve it with waitress."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import waitress
from flask import Flask

from ingest import pictures
from kb.config import Settings, settings_from
from kb.errors import KnowledgeBaseError
from kb.library import Library
from web import create_app, examples
from web.serving import serve

# One for each answer that two cores can work on, and six for pages, which wait for nothing.
THREADS = 8
# Bodies over this are refused by waitress before they are stored; from 64 kB up to it Flask answers with a problem.
BOUNDS = {
    "max_request_body_size": 8 * 1024 * 1024,
    "max_request_header_size": 64 * 1024,  # the longest question with every filter fills half of it
    "channel_timeout": 30,  # seconds in which nothing is sent or read
    "connection_limit": 500,
}
# A proxy on this machine is believed where a request came from, so that limits count people and not the proxy.
PROXY = {
    "trusted_proxy": "127.0.0.1",
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    "clear_untrusted_proxy_headers": True,
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. Returns the exit status: 0, 1 (cannot serve) or 2 (wrong arguments or settings)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("waitress").setLevel(logging.ERROR)  # it repeats our own line, and warns of a full queue at each request
    for number in (signal.SIGTERM, signal.SIGINT):  # also where a shell has started us with SIGINT ignored
        signal.signal(number, _stop)
    try:
        return _serve(_settings(arguments))
    except KnowledgeBaseError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0


def _settings(arguments: list[str] | None) -> Settings:
    settings = settings_from(os.environ, Path.cwd())
    parser = argparse.ArgumentParser(prog="python -m web", description="Serve the pages and the API.")
    parser.add_argument("--host", default=settings.host, help=f"address to listen on (KB_HOST, now {settings.host})")
    parser.add_argument("--port", type=_port, default=settings.port, help=f"port to listen on (KB_PORT, now {settings.port})")
    chosen = parser.parse_args(arguments)
    return replace(settings, host=chosen.host, port=chosen.port)


def _serve(settings: Settings) -> int:
    library = Library.open(settings, (pictures.paint, pictures.VERSION))
    app = create_app(library, settings)
    try:
        connections: dict[int, Any] = {}
        server = _listen(app, settings, connections)
        _warm_up(app, library)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        port = server.effective_listen[0][1] if hasattr(server, "effective_listen") else server.effective_port  # several, or one
        print(f"Wakhan is serving on http://{host}:{port}", flush=True)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):  # till here they end the start at once
            signal.signal(number, lambda *_: stopping.set())
        serve(server, connections, stopping)
    finally:
        examples.of(app).stop()  # it asks the library
        library.close()
    return 0


def _listen(app: Any, settings: Settings, connections: dict[int, Any]) -> Any:
    """Bound before the warm-up: a taken port is told at once, and early callers wait instead of being refused."""
    try:
        server: Any = waitress
        return server.create_server(
            app, connections, host=settings.host, port=settings.port, threads=THREADS, ident=None, **BOUNDS, **PROXY
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            hint = "another program listens there. End it, or choose another port with --port."
        else:
            hint = f"{error}. Choose an address and port of this machine with --host and --port."
        raise KnowledgeBaseError(f"cannot listen on {settings.host} port {settings.port}: {hint}") from error


def _warm_up(app: Flask, library: Library) -> None:
    try:
        examples.of(app).shown(library.ready().generation)
    except KnowledgeBaseError as error:
        print(error, file=sys.stderr)  # pages say the same, and serve as soon as an index is published


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is no port; it takes a whole number from 0 to 65535")
    return int(value)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
