"""What a run has to ask of the head of a Ray cluster, asked in a thread of its own.

A head that is gone blocks whoever asks it anything, and after a minute Ray ends the process, saying nothing of the run. So
nothing else of the run speaks with the head, and the run ends itself before that, in words.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

import ray
from ray.exceptions import RayError

from kb.errors import KnowledgeBaseError

LOOK = 2.0  # seconds between looks at which nodes there are
SILENT = 40.0  # seconds without an answer until the head is given up: Ray's own limit, which ends the process, is 60
PARTING = 5.0  # seconds that leaving waits for a question under way


class NodesLost(KnowledgeBaseError):
    """No node of the cluster can work for the run (exit status 1); what was done is kept."""


LAST_WORDS = (
    "ingest: the run was ended from outside. Ray does that when its own process on this machine dies, or the head is gone. What "
    "was done is kept: start Ray here again and run the same command."
)


class LastWords:
    """Says what to do if Ray ends this process, which it does without a word to the program. A context manager."""

    def __enter__(self) -> LastWords:
        command = ["/bin/sh", "-c", 'read -r line || echo "$0" >&2', LAST_WORDS]
        self._teller = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._teller.communicate(b"all is well\n")


class Head:
    """Begins to ask when it is made, and waits for the first answer. Methods may be called by several threads.

    `answered`: when the question was put that `nodes` answers, by the monotonic clock.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._alive: Mapping[str, dict[str, Any]] = {}
        self.answered = time.monotonic()
        self._first = threading.Event()
        self._left = threading.Event()
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._ask, name="head of the cluster", daemon=True)
        self._thread.start()
        self._first.wait(SILENT)

    def nodes(self) -> Mapping[str, dict[str, Any]]:
        """The nodes alive that have processors, by their id, as Ray describes them.

        Raises NodesLost if the head has not answered for SILENT seconds.
        """
        if time.monotonic() - self.answered > SILENT:
            raise NodesLost(
                f"the head of the Ray cluster at {self._address} has not answered for {SILENT:.0f} s. What was done is kept: "
                "start the nodes again, the head first, and run the same command, or leave out --runner."
            )
        return self._alive

    def soon(self, task: Callable[[], None]) -> None:
        """Do what may have to speak with the head."""
        self._tasks.put(task)

    def leave(self) -> bool:
        """Ask no more. Whether the head was there to the last."""
        self._left.set()
        self._thread.join(PARTING)
        return not self._thread.is_alive()

    def _ask(self) -> None:
        while not self._left.is_set():
            began = time.monotonic()
            try:
                while not self._tasks.empty():
                    self._tasks.get()()
                found = ray.nodes()
            except (RayError, RuntimeError, TimeoutError):  # it is asked again, until SILENT
                self._left.wait(LOOK)
                continue
            # A node without processors, such as a head that only coordinates, is asked for nothing.
            self._alive = {entry["NodeID"]: entry for entry in found if entry["Alive"] and entry["Resources"].get("CPU", 0) >= 1}
            self.answered = began
            self._first.set()
            self._left.wait(LOOK)
