"""The nodes of a Ray cluster that may work for a run: found, checked, and given up when they are lost.

One worker (ingest.ray_node) on each node. A node gets work only after it has said that it has the same program, readers,
segmenter, model and libraries as the run. A node that joins later is found too; one whose worker dies is tried again, a few
times.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ingest.ray_head import LOOK, Head, NodesLost
from ingest.ray_node import Identify, NodeWorker, Open, differences
from kb.errors import BadRequest

log = logging.getLogger(__name__)

ANSWER = 180.0  # seconds that a new node has to start its worker and describe itself: it may have to unpack the model
ALONE = 120.0  # seconds that a run waits without any node: those that died may be started again
LIVES = 3  # workers of one node that may die
THREADS = 4  # of a worker: two shards and two batches, one of each at work and one ready for it


@dataclass(eq=False)
class Node:
    """A node that works: its worker, and how many calls of each method are under way."""

    id: str
    name: str
    cpus: int
    worker: Any
    under_way: dict[str, int] = field(default_factory=dict)


class Cluster:
    """Connects when it is made. Methods may be called by several threads. Raises BadRequest for a cluster that is not reached."""

    def __init__(self, address: str, own: Mapping[str, str], models: tuple[Identify, Open]) -> None:
        self._own = own
        self._models = models
        self._lock = threading.RLock()
        self._hiring: set[str] = set()  # nodes whose workers are about to be made
        self._asked: dict[Any, tuple[Node, float]] = {}  # answers that are awaited: the node, and until when
        self._nodes: dict[str, Node] = {}
        self._refused: dict[str, str] = {}
        self._alive: set[str] = set()
        self._deaths: dict[str, int] = {}
        self._died: dict[str, float] = {}  # when: what the head said before that is old
        self._last_seen = time.monotonic()
        _connect(address)
        self._head = Head(address)
        self._refresh()

    @property
    def size(self) -> int:
        return len(self._nodes)

    @property
    def deaths(self) -> int:
        """How many workers, or nodes with theirs, were lost."""
        return sum(self._deaths.values())

    def take(self, method: str, most: int) -> Node | None:
        """The node with the least to do of those with fewer than `most` calls of a method under way, if any; `give_back` it.

        Raises NodesLost if there has been no node for ALONE seconds, or there is none but those that were refused.
        """
        with self._lock:
            self._refresh()
            free = [node for node in self._nodes.values() if node.under_way.get(method, 0) < most]
            if not free:
                self._check_nodes()
                return None
            node = min(free, key=lambda node: node.under_way.get(method, 0))
            node.under_way[method] = node.under_way.get(method, 0) + 1
            return node

    def give_back(self, node: Node, method: str) -> None:
        with self._lock:
            node.under_way[method] -= 1

    def lost(self, node: Node, error: Exception) -> None:
        """A call failed: the node gets no more work, unless it shows again that it is fit for it."""
        with self._lock:
            if self._nodes.get(node.id) is not node:
                return
            del self._nodes[node.id]
            self._last_seen = time.monotonic()
            self._count_death(node)
            log.warning("the node %s is lost (%s); what it had at hand is done again by others.", node.name, _first_line(error))
            if self._deaths[node.id] >= LIVES:
                self._refused[node.id] = f"{node.name}: its worker ended {LIVES} times, the last time with: {_first_line(error)}"
            self._dismiss(node)

    def _count_death(self, node: Node) -> None:
        self._deaths[node.id] = self._deaths.get(node.id, 0) + 1
        self._died[node.id] = time.monotonic()

    def look(self) -> None:
        """See who came and who went. Raises NodesLost if the head of the cluster is gone, and with it whatever is under way."""
        with self._lock:
            self._refresh()

    def leave(self) -> None:
        """Leave the cluster; the workers end with that. Of a head that is gone Ray takes leave when the process ends, which may
        take it two minutes: what the run has to say is said before."""
        if self._head.leave():
            ray.shutdown()

    def _dismiss(self, node: Node) -> None:
        self._head.soon(lambda: ray.kill(node.worker))

    def _check_nodes(self) -> None:
        if self._nodes:
            return
        waited = time.monotonic() - self._last_seen
        hopeless = self._refused and self._alive <= self._refused.keys()  # all that are alive were judged
        if not self._hiring and not self._asked and waited > (2 * LOOK if hopeless else ALONE):
            told = "; ".join(self._refused.values()) or "none is alive"
            raise NodesLost(
                f"no node of the Ray cluster can work for this run ({told}). What was done is kept: mend the nodes and run the "
                "same command, or leave out --runner."
            )

    def _refresh(self) -> None:
        """Hire on nodes that are new, and take on those whose answers came."""
        self._answers()
        alive = self._head.nodes()
        self._alive = set(alive)
        for gone in [id for id in self._nodes if id not in alive]:
            self.lost(self._nodes[gone], RayError("Ray calls it dead"))
        known = {*self._nodes, *self._refused, *self._hiring, *(node.id for node, _ in self._asked.values())}
        for id, entry in alive.items():
            if id not in known and self._head.answered > self._died.get(id, 0):
                self._hiring.add(id)
                name = f"{entry['NodeManagerHostname']} {id[:8]}"
                self._head.soon(partial(self._hire, id, name, int(entry["Resources"]["CPU"])))

    def _hire(self, id: str, name: str, cpus: int) -> None:
        hired = ray.remote(NodeWorker).options(
            num_cpus=1,
            max_concurrency=THREADS,
            max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(id, soft=False),
        )
        try:
            node = Node(id, name, cpus, hired.remote(cpus, *self._models))
            answer = node.worker.describe.remote()
            with self._lock:
                self._asked[answer] = (node, time.monotonic() + ANSWER)
        finally:
            self._hiring.discard(id)

    def _answers(self) -> None:
        if not self._asked:
            return
        done, _ = ray.wait(list(self._asked), num_returns=len(self._asked), timeout=0)
        now = time.monotonic()
        for answer in [ref for ref, (_, until) in self._asked.items() if ref in done or until < now]:
            node, _ = self._asked.pop(answer)
            self._judge(node, answer if answer in done else None)

    def _judge(self, node: Node, answer: Any) -> None:
        trouble = f"it did not answer within {ANSWER:.0f} s"
        try:
            if answer is not None:
                trouble = differences(self._own, ray.get(answer))
        except RayTaskError as error:
            trouble = _first_line(error)
        except RayError as error:
            self._count_death(node)
            if self._deaths[node.id] < LIVES:
                return  # if it is alive it is asked again
            trouble = f"its worker does not start: {_first_line(error)}"
        if trouble:
            self._refused[node.id] = f"{node.name}: {trouble}"
            log.warning("the node %s gets no work: %s.", node.name, trouble)
            self._dismiss(node)
        else:
            self._nodes[node.id] = node
            self._last_seen = time.monotonic()
            log.info("the node %s works along (%d processors).", node.name, node.cpus)


def _connect(address: str) -> None:
    if os.environ.get("RAY_AUTH_MODE") != "token":
        raise BadRequest(
            "RAY_AUTH_MODE is not 'token': whoever reaches the ports of such a cluster can run programs on its nodes. "
            "Start Ray with RAY_AUTH_MODE=token on all nodes, and set it here too, with the same token."
        )
    logging.getLogger("ray").setLevel(logging.ERROR)  # what the operator has to know is told here, shorter
    before: Callable[..., object] | int | None = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, RayError) as error:
        raise BadRequest(
            f"the Ray cluster at {address} cannot be reached ({_first_line(error)}); check the address and the token, and "
            "that Ray runs on this machine too."
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray takes it: the run has its own way to stop


def _first_line(error: object) -> str:
    error = error.cause if isinstance(error, RayTaskError) else error  # whose own first line is that of a traceback
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
