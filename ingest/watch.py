"""Run the re-index whenever folders change: once they have been quiet for a while, one run at a time, each a process of its own.

A run of its own has all the promises of the nightly one, gives its memory back, and cannot take the watcher along. What happens
while one runs is answered by another after it. Network file systems tell nobody of changes made elsewhere: they are polled.
"""

from __future__ import annotations

import errno
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from kb.errors import BadRequest

log = logging.getLogger(__name__)

CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})  # opening and reading a file is no change
TOO_MANY = (errno.ENOSPC, errno.EMFILE)  # inotify's limits on watched folders and on watchers
LONGEST_WAIT = 10  # times `settle`: a folder that never rests is indexed all the same
TICK = 0.2  # seconds between looks at the clock
POLLED = 30.0  # seconds between looks at the files where the kernel cannot tell


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: `settle` without a change before a run; `every` so often a run at any rate, for changes that nobody told of;
    `poll` between looks at the files, 0 to be told by the kernel; `retry` after a run that failed."""

    settle: float = 10.0
    every: float = 3600.0
    poll: float = 0.0
    retry: float = 60.0


class Changes(FileSystemEventHandler):
    """When the folders changed first and last since the last run, on the monotonic clock; 0: not at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first = self._last = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in CHANGES and not (event.is_directory and event.event_type == "modified"):
            self.note()

    def note(self) -> None:
        with self._lock:
            self._last = time.monotonic()
            self._first = self._first or self._last

    def take(self) -> None:
        """Forget them: a run is about to answer all there are."""
        with self._lock:
            self._first = self._last = 0.0

    def due_in(self, settle: float) -> float | None:
        """Seconds until they should be answered, at most 0 if now; None if nothing changed."""
        with self._lock:
            if not self._last:
                return None
            return min(self._last + settle, self._first + settle * LONGEST_WAIT) - time.monotonic()


def watch(folders: Sequence[Path], run: Callable[[], int], pace: Pace, stop: threading.Event) -> None:
    """Call `run` at once and after each change, until `stop` is set. `run` gives the exit status of a re-index.

    One that is not 0 (a file failed, another run was writing) is tried again, each time after twice as long, until something
    changes or `pace.every` comes round. Raises BadRequest for a folder that is not there.
    """
    changes = Changes()
    observer = _observing(folders, changes, pace.poll)
    try:
        due, again = time.monotonic(), pace.retry
        while not stop.wait(TICK):
            waiting = changes.due_in(pace.settle)
            if waiting is not None and waiting <= 0:
                again = pace.retry
            elif time.monotonic() < due:
                continue
            changes.take()
            failed = run() != 0
            due = time.monotonic() + (min(again, pace.every) if failed else pace.every)
            again = again * 2 if failed else pace.retry
    finally:
        observer.stop()
        observer.join()


def _observing(folders: Sequence[Path], changes: Changes, poll: float) -> BaseObserver:
    try:
        return _started(PollingObserver(timeout=poll) if poll else Observer(), folders, changes)
    except OSError as error:
        if error.errno not in TOO_MANY or poll:
            raise BadRequest(f"{', '.join(map(str, folders))} cannot be watched: {error}. Give folders that exist.") from error
        log.warning("the kernel watches no more folders (%s); looking every %.0f s. See fs.inotify in sysctl.", error, POLLED)
        return _started(PollingObserver(timeout=POLLED), folders, changes)


def _started(observer: BaseObserver, folders: Sequence[Path], changes: Changes) -> BaseObserver:
    for folder in folders:
        if not folder.is_dir():
            raise BadRequest(f"{folder} is no folder that could be watched; give one that exists, or set KB_CORPUS.")
        observer.schedule(changes, str(folder), recursive=True)
    observer.start()
    return observer


class Command:
    """The re-index as a process; SIGTERM and Ctrl-C are handed on to it, and end the watching."""

    def __init__(self, arguments: Sequence[str], stop: threading.Event) -> None:
        self._command = [sys.executable, "-m", "ingest", "reindex", *arguments]
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def __call__(self) -> int:
        if self._stop.is_set():
            return 0
        self._process = subprocess.Popen(self._command, start_new_session=True)
        if self._stop.is_set():  # told while it was started: there was nobody yet to hand it on to
            self._process.terminate()
        return self._process.wait()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
        if self._process is not None:
            self._process.terminate()  # nothing, if it has ended
