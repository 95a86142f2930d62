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

LONG = 60.0  # seconds, after which something must be wrong


class Slow:
    """An application that says when a request has come, and answers when it is let."""

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.begun.set()
        assert self.let.wait(2 * LONG)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 3_000_000]


@contextmanager
def serving(application: Slow, grace: float) -> Iterator[tuple[int, threading.Event, threading.Thread]]:
    connections: dict[int, Any] = {}
    server = waitress.create_server(application, connections, host="127.0.0.1", port=0, threads=2)
    stopping = threading.Event()
    thread = threading.Thread(target=serve, args=(server, connections, stopping, grace))
    thread.start()
    try:
        yield server.effective_port, stopping, thread
    finally:
        application.let.set()
        stopping.set()
        thread.join(LONG)
        assert not thread.is_alive()


def asked(port: int, answers: list[bytes]) -> threading.Thread:
    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * LONG)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read())
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_an_answer_that_was_begun_is_finished_and_nothing_new_is_taken() -> None:
    application, answers = Slow(), list[bytes]()
    with serving(application, grace=10 * LONG) as (port, stopping, thread):
        asking = asked(port, answers)
        assert application.begun.wait(LONG)
        stopping.set()
        refused(port)
        assert thread.is_alive()
        application.let.set()
        asking.join(LONG)
        thread.join(LONG)
        assert not thread.is_alive()
    assert [len(answer) for answer in answers] == [3_000_000]


def test_whoever_waits_to_be_accepted_is_answered() -> None:
    """All of them have come before the server looks for the first time, and is told to stop at once."""
    application, stopping = Slow(), threading.Event()
    application.let.set()
    stopping.set()
    connections: dict[int, Any] = {}
    server = waitress.create_server(application, connections, host="127.0.0.1", port=0, threads=2)
    callers = [http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=2 * LONG) for _ in range(20)]
    for caller in callers:
        caller.request("GET", "/")
    thread = threading.Thread(target=serve, args=(server, connections, stopping, 10 * LONG))
    thread.start()
    assert [len(caller.getresponse().read()) for caller in callers] == [3_000_000] * 20
    for caller in callers:
        caller.close()
    thread.join(LONG)
    assert not thread.is_alive()


def test_one_that_never_ends_is_cut_off() -> None:
    application = Slow()
    with serving(application, grace=0.3) as (port, stopping, thread):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * LONG)
        connection.request("GET", "/")
        assert application.begun.wait(LONG)
        stopping.set()
        thread.join(LONG)
        assert not thread.is_alive()
        application.let.set()
        connection.close()


def test_an_idle_connection_does_not_hold_it() -> None:
    application = Slow()
    application.let.set()
    with serving(application, grace=10 * LONG) as (port, stopping, thread):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * LONG)
        connection.request("GET", "/")
        assert len(connection.getresponse().read()) == 3_000_000
        stopping.set()
        thread.join(LONG)
        assert not thread.is_alive()
        connection.close()


def refused(port: int) -> None:
    ends = time.monotonic() + LONG
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return
        finally:
            connection.close()
        assert time.monotonic() < ends, "the port is still open"
        time.sleep(0.05)
