"""A bound on the processor time of a piece of work in the run's own process, where no kernel's limit can end it alone."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LOOKS_AGAIN = 1.0  # seconds


class TookTooLong(Exception):
    """More processor time than was allowed."""


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the block once this thread has used more than `seconds` of the processor in it.

    Only the main thread can be held so, since Python runs signals there; in another one the block runs on. The thread's own
    time counts, neither that of the model's threads nor the clock's, so that a busy machine fails no file.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    until = time.thread_time() + seconds

    def look(number: int, frame: FrameType | None) -> None:
        if time.thread_time() > until:
            raise TookTooLong(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGALRM, look)
    interval = min(LOOKS_AGAIN, seconds)
    waiting = signal.setitimer(signal.ITIMER_REAL, interval, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *waiting)
        signal.signal(signal.SIGALRM, before)
