"""A server that is told to stop finishes what was begun, and takes nothing new."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import waitress

from web.serving import serve


class Slow:
    """An application that says when a request has come, and answers when it is let."""

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.begun.set()
        assert self.let.wait(20)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 3_000_000]


@contextmanager
def serving(application: Any, grace: float) -> Iterator[tuple[int, threading.Event, threading.Thread]]:
    connections: dict[int, Any] = {}
    server = waitress.create_server(application, connections, host="127.0.0.1", port=0, threads=2)
    stopping = threading.Event()
    thread = threading.Thread(target=serve, args=(server, connections, stopping, grace))
    thread.start()
    try:
        yield server.effective_port, stopping, thread
    finally:
        stopping.set()
        thread.join(30)


def asked(port: int, answers: list[bytes]) -> threading.Thread:
    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read())
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_an_answer_that_was_begun_is_finished_and_nothing_new_is_taken() -> None:
    application, answers = Slow(), list[bytes]()
    with serving(application, grace=20) as (port, stopping, thread):
        asking = asked(port, answers)
        assert application.begun.wait(10)
        stopping.set()
        refused(port)
        assert thread.is_alive()
        application.let.set()
        asking.join(20)
        thread.join(20)
        assert not thread.is_alive()
    assert [len(answer) for answer in answers] == [3_000_000]


def test_one_that_never_ends_is_cut_off() -> None:
    application = Slow()
    with serving(application, grace=0.3) as (port, stopping, thread):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        assert application.begun.wait(10)
        stopping.set()
        time.sleep(0.6)
        application.let.set()
        thread.join(10)
        assert not thread.is_alive()
        connection.close()


def test_an_idle_connection_does_not_hold_it() -> None:
    application = Slow()
    application.let.set()
    with serving(application, grace=20) as (port, stopping, thread):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        assert len(connection.getresponse().read()) == 3_000_000
        began = time.monotonic()
        stopping.set()
        thread.join(10)
        assert not thread.is_alive() and time.monotonic() - began < 10
        connection.close()


def refused(port: int) -> None:
    ends = time.monotonic() + 10
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return
        finally:
            connection.close()
        assert time.monotonic() < ends, "the port is still open"
        time.sleep(0.05)
