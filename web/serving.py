"""Serve until told to stop, then finish what was begun: a restart behind a proxy loses no answer."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterable
from typing import Any

from waitress import wasyncore

GRACE = 25.0  # seconds for answers that were begun; a service manager kills after 30
BACKLOG = 1024  # callers that waitress lets wait to be accepted
LOOK = 0.5  # seconds between looks at `stopping`; the loop itself wakes for every request


def serve(server: Any, connections: dict[int, Any], stopping: threading.Event, grace: float = GRACE) -> None:
    """Answer with waitress's `server`, whose `map` is `connections`, until `stopping` is set.

    Then whoever waits to be accepted still is, the port is given up, and answers that were begun have `grace` seconds.
    """
    while not stopping.is_set():
        wasyncore.loop(timeout=LOOK, map=connections, count=1)
    listeners = [one for one in connections.values() if getattr(one, "accepting", False)]
    for _ in range(BACKLOG):  # each turn takes in one
        if not _knocked(listeners):
            break
        wasyncore.loop(timeout=0, map=connections, count=1)
    for listener in listeners:
        wasyncore.dispatcher.close(listener)  # its own close() would take along what wakes the loop
    wasyncore.loop(timeout=0, map=connections, count=1)  # what those who came last have asked already is read
    ends = time.monotonic() + grace
    while time.monotonic() < ends and any(map(_busy, list(connections.values()))):
        wasyncore.loop(timeout=0.05, map=connections, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    for connection in list(connections.values()):
        connection.handle_close()  # unlike close(), it gives back the file that a long answer waits in


def _knocked(listeners: Iterable[Any]) -> bool:
    """Somebody waits to be accepted."""
    waiting = select.poll()
    for listener in listeners:
        waiting.register(listener.socket, select.POLLIN)
    return bool(waiting.poll(0))


def _busy(connection: Any) -> bool:
    """A request that is being read, worked on or answered. A connection that is only kept open is not."""
    return bool(getattr(connection, "requests", None) or getattr(connection, "request", None) or _unsent(connection))


def _unsent(connection: Any) -> int:
    return int(getattr(connection, "total_outbufs_len", 0))
