"""Embedding in a thread of its own, batch by batch, beside the reading and writing of the run.

The model uses all cores and lets go of the interpreter while it computes. What waits is bounded on both sides: AHEAD batches are
handed over, and none more before one came back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread

from ingest.tools import Embedded
from kb.embed import Encoder
from kb.maxsim import by_word, pack
from kb.staging import MissingVector

BATCH = 256  # passages a transaction: about five seconds of work lost to a kill, at the most
AHEAD = 2  # batches: one in the model, one ready for it


def embedded(encoder: Encoder, batch: Sequence[MissingVector]) -> Embedded:
    """The batch encoded and packed, here and now."""
    began = time.monotonic()
    encoded = encoder.encode_passages([item.text for item in batch], [item.context for item in batch])
    items = [(item.key, one.vector, pack(*by_word(item.text, one))) for item, one in zip(batch, encoded, strict=True)]
    return Embedded(items, time.monotonic() - began)


class Embedder:
    """Hands `arrived` each batch as Embedded, or the error that ended the thread, from that thread."""

    def __init__(self, encoder: Encoder, arrived: Callable[[Embedded | BaseException], None]) -> None:
        self._encoder = encoder
        self._arrived = arrived
        self._batches: SimpleQueue[Sequence[MissingVector] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="embedding", daemon=True)
        self._thread.start()

    def give(self, batch: Sequence[MissingVector]) -> None:
        self._batches.put(batch)

    def end(self) -> None:
        """After the batch at hand; what was given and not begun is dropped."""
        while not self._batches.empty():
            self._batches.get()
        self._batches.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            while batch := self._batches.get():
                self._arrived(embedded(self._encoder, batch))
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits, which raises it)
            self._arrived(error)
