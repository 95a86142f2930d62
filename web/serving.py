"""Serve until told to stop, then finish what was begun: a restart behind a proxy loses no answer."""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress import wasyncore

GRACE = 25.0  # seconds for answers that were begun; a service manager kills after 30
LOOK = 0.5  # seconds between looks at `stopping`; the loop itself wakes for every request


def serve(server: Any, connections: dict[int, Any], stopping: threading.Event, grace: float = GRACE) -> None:
    """Answer with waitress's `server`, whose `map` is `connections`, until `stopping` is set.

    Then whoever waits to be accepted still is, the port is given up, and answers that were begun have `grace` seconds.
    """
    while not stopping.is_set():
        wasyncore.loop(timeout=LOOK, map=connections, count=1)
    wasyncore.loop(timeout=0, map=connections, count=1)
    for listener in [one for one in connections.values() if getattr(one, "accepting", False)]:
        wasyncore.dispatcher.close(listener)  # its own close() would take along what wakes the loop
    ends = time.monotonic() + grace
    while time.monotonic() < ends and any(map(_busy, list(connections.values()))):
        wasyncore.loop(timeout=0.05, map=connections, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    for connection in list(connections.values()):
        connection.handle_close()  # unlike close(), it gives back the file that a long answer waits in


def _busy(connection: Any) -> bool:
    """A request that is being read, worked on or answered. A connection that is only kept open is not."""
    return bool(getattr(connection, "requests", None) or getattr(connection, "request", None) or _unsent(connection))


def _unsent(connection: Any) -> int:
    return int(getattr(connection, "total_outbufs_len", 0))
