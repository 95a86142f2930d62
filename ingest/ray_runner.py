"""Reading and embedding spread over the nodes of a Ray cluster; writing stays here.

Tasks have no effect but their result, so one that is lost with its node is sent again, to another. What is under way is bounded
by AHEAD of each kind a node, and nothing more is sent before somebody took what came back.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import ray
from ray.exceptions import RayError

from ingest.local_runner import LocalRunner
from ingest.ray_cluster import Cluster, Node
from ingest.ray_head import LastWords, NodesLost
from ingest.ray_node import Identify, Open, description
from ingest.shards import Sent, packed, result_from_json
from ingest.tools import Arrived, Embedded, Embeds, Read, Reading
from kb.config import Settings
from kb.embed import Encoder, model_identity, open_encoder
from kb.maxsim import unpack
from kb.records import Failure, SourceFile
from kb.staging import MissingVector

AHEAD = 2  # shards, and batches, under way a node: one at work and one ready for it
TRIES = 4  # nodes that may be lost with one task before it is not sent to another
LOOK = 0.2  # seconds between looks at whether the run was given up
LAST = 30.0  # seconds that a run which is stopped waits for batches under way


@dataclass(frozen=True, slots=True)
class _Task:
    """`told`: what the caller knows it by; `payload`: what the node gets; `tries`: nodes that were lost with it."""

    told: Any
    payload: Any
    tries: int = 0


class Dispatch:
    """Calls of one method of the nodes' workers. For one thread."""

    def __init__(self, cluster: Cluster, method: str) -> None:
        self._cluster = cluster
        self._method = method
        self._again: list[_Task] = []
        self._flying: dict[Any, tuple[Node, _Task]] = {}

    def __len__(self) -> int:
        return len(self._flying) + len(self._again)

    def send(self, task: _Task) -> bool:
        """Whether there was room for it on a node. Raises NodesLost."""
        node = self._cluster.take(self._method, AHEAD)
        if node is None:
            return False
        try:
            reference = getattr(node.worker, self._method).remote(task.payload)
        except RayError as error:
            self._cluster.give_back(node, self._method)
            self._cluster.lost(node, error)
            return False
        self._flying[reference] = (node, task)
        return True

    def arrived(self, seconds: float) -> Iterator[tuple[_Task, Any]]:
        """What came back within so many seconds. A task that no node could do comes with None. Raises NodesLost."""
        self._cluster.look()
        while self._again and self.send(self._again[-1]):
            self._again.pop()
        if not self._flying:
            time.sleep(seconds)
            return
        done, _ = ray.wait(list(self._flying), num_returns=len(self._flying), timeout=0)
        if not done:
            done, _ = ray.wait(list(self._flying), timeout=seconds)
        for reference in done:
            node, task = self._flying.pop(reference)
            self._cluster.give_back(node, self._method)
            try:
                yield task, ray.get(reference)
            except RayError as error:
                self._cluster.lost(node, error)
                if task.tries + 1 < TRIES:
                    self._again.append(_Task(task.told, task.payload, task.tries + 1))
                else:
                    yield task, None


class RayRunner:
    """Connects when there is something to do. A context manager, which leaves the cluster; nothing else is printed meanwhile."""

    def __init__(
        self, address: str, settings: Settings, identify: Identify = model_identity, open_model: Open = open_encoder
    ) -> None:
        self._address = address
        self._settings = settings
        self._models = (identify, open_model)
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None
        self._around = contextlib.ExitStack()

    def __enter__(self) -> RayRunner:
        # Ray prints the last words of a dead node to the standard output, which is for the report.
        self._around.enter_context(contextlib.redirect_stdout(sys.stderr))
        return self

    def __exit__(self, *error: Any) -> None:
        self._around.close()

    @property
    def ahead(self) -> int:
        return AHEAD * max(1, self._cluster.size if self._cluster else 1)

    def cluster(self) -> Cluster:
        with self._lock:
            if self._cluster is None:
                self._around.enter_context(LastWords())
                self._cluster = Cluster(self._address, description(self._settings, self._models[0]), self._models)
                self._around.callback(self._cluster.leave)
            return self._cluster

    def read(self, files: Iterable[SourceFile], reading: Reading) -> Iterator[Read]:
        """What is too large to be sent, and what no node could read, is read here, at last."""
        here: list[SourceFile] = []
        dispatch = Dispatch(self.cluster(), "read")
        sources = {source.uri: source for source in files}
        shards = packed(sources.values(), reading.passwords.of)
        item = next(shards, None)
        while (item is not None or len(dispatch)) and not reading.given_up.is_set():
            if isinstance(item, Failure):
                yield sources[item.uri], item
            elif isinstance(item, SourceFile):
                here.append(item)
            elif item is None or not dispatch.send(_Task(item, item)):
                for task, results in dispatch.arrived(LOOK):
                    if results is None:
                        here.extend(sent.source for sent in task.told)
                    else:
                        yield from _read(task.told, results)
                continue
            item = next(shards, None)
        yield from LocalRunner().read(here, reading)

    def embedder(self, encoder: Callable[[], Encoder], arrived: Arrived) -> Embeds:
        return RayEmbedder(self.cluster(), arrived)


def _read(sent: Sequence[Sent], results: Sequence[bytes]) -> Iterator[Read]:
    for one, result in zip(sent, results, strict=True):
        yield one.source, result_from_json(result, one.source)


class RayEmbedder:
    """A thread that sends batches and hands on what comes back."""

    def __init__(self, cluster: Cluster, arrived: Arrived) -> None:
        self._arrived = arrived
        self._dispatch = Dispatch(cluster, "embed")
        self._batches: SimpleQueue[Sequence[MissingVector]] = SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="embedding", daemon=True)
        self._thread.start()

    def give(self, batch: Sequence[MissingVector]) -> None:
        self._batches.put(batch)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(LAST)

    def _work(self) -> None:
        try:
            while not self._ended.is_set() or len(self._dispatch):
                self._send_all()
                self._hand_on()
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits, which raises it)
            self._arrived(error)

    def _send_all(self) -> None:
        while not self._ended.is_set():
            try:
                batch = self._batches.get_nowait()
            except Empty:
                return
            task = _Task(batch, [(item.key, item.text, item.context) for item in batch])
            while not self._dispatch.send(task):
                if self._ended.is_set():
                    return
                self._hand_on()

    def _hand_on(self) -> None:
        for task, result in self._dispatch.arrived(LOOK):
            if result is None:
                raise NodesLost(f"{TRIES} nodes were lost with the same passages at hand; run the same command to go on.")
            self._arrived(_embedded(task.told, *result))


def _embedded(batch: Sequence[MissingVector], items: Sequence[tuple[bytes, bytes, bytes]], seconds: float) -> Embedded:
    """What a node made of a batch, checked: it belongs to these passages, and is whole. Raises NodesLost, IndexStale."""
    vectors = [np.frombuffer(vector, "<f4") for _, vector, _ in items]
    if [key for key, _, _ in items] != [item.key for item in batch] or any(not np.isfinite(vector).all() for vector in vectors):
        raise NodesLost("a node gave vectors that do not belong to the passages it was sent; check its program.")
    for _, _, codes in items:
        unpack(codes)
    return Embedded([(key, vector, codes) for (key, _, codes), vector in zip(items, vectors, strict=True)], seconds)
