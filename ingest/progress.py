"""How far a run is: a bar on a terminal, a line every half minute in a log, events for machines, a note in the store's log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from kb.records import Failure

log = logging.getLogger(__name__)
LOG_EVERY, BAR_EVERY, NOTE_EVERY = 30.0, 0.5, 30.0  # seconds
WINDOW = 60.0  # seconds over which speeds are taken


@dataclass(slots=True)
class Counts:
    """So far. `expected` are files to read, `staged` passages that were stored, `waiting` those of them still to be embedded."""

    stage: str = "comparing"
    expected: int = 0
    files: int = 0
    failures: int = 0
    staged: int = 0
    waiting: int = 0
    embedded: int = 0


@dataclass(slots=True)
class Progress:
    """Counts, shown as time passes. `note` keeps them in the run log; `events` takes a line of JSON each."""

    counts: Counts = field(default_factory=Counts)
    note: Callable[[Mapping[str, Any]], None] = lambda counts: None
    events: IO[str] | None = None
    bar: bool = field(default_factory=lambda: sys.stderr.isatty())
    _next: dict[str, float] = field(default_factory=dict)
    _speeds: deque[tuple[float, int, int]] = field(default_factory=deque)
    _tqdm: Any = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def begin(self, stage: str, expected: int = 0) -> None:
        self.counts.stage = stage
        self.counts.expected = expected or self.counts.expected
        self.event("stage", stage=stage, files=self.counts.expected)
        if self.bar and stage == "indexing":
            from tqdm import tqdm  # noqa: PLC0415 - not for a run that finds nothing to do

            self._tqdm = self._stack.enter_context(tqdm(total=expected, desc=stage, unit="file", delay=1, leave=False))

    def end(self) -> None:
        self._stack.close()
        self._tqdm = None

    def looked_at(self, files: int) -> None:
        self.counts.files = files
        self.tick()

    def failed(self, failure: Failure) -> None:
        self.counts.failures += 1
        self.event("failure", uri=failure.uri, stage=failure.stage, reason=failure.reason)

    def say(self, told: str) -> None:
        """Beside the bar; a line of its own in a log."""
        self.event("message", message=told)
        if self._tqdm is None:
            log.info("%s", told)
        else:
            self._tqdm.set_postfix_str(told)

    def event(self, name: str, **values: Any) -> None:
        if self.events:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            print(json.dumps({"at": at, "event": name, **values}, ensure_ascii=False), file=self.events, flush=True)

    def tick(self) -> None:
        """Show what is due. Cheap; called after each file and batch, and while nothing happens."""
        now = time.monotonic()
        if self._due("speed", now, 1.0):
            self._speeds.append((now, self.counts.files, self.counts.embedded))
            while now - self._speeds[0][0] > WINDOW:
                self._speeds.popleft()
        if self._due("note", now, NOTE_EVERY):
            self.note(self.state())
        if self._tqdm is not None:
            if self._due("bar", now, BAR_EVERY):
                self._tqdm.n = self.counts.files
                self._tqdm.set_postfix_str(self._said(), refresh=False)
                self._tqdm.refresh()
        elif self._due("log", now, LOG_EVERY):
            log.info(
                "%s: %s of %s files, %s", self.counts.stage, f"{self.counts.files:,}", f"{self.counts.expected:,}", self._said()
            )
            self.event("progress", **self.state())

    def state(self) -> dict[str, Any]:
        """The counts as JSON, with speed and the seconds that are left if that can be told."""
        c = self.counts
        told = {"stage": c.stage, "files": c.files, "files_expected": c.expected, "failures": c.failures, "staged": c.staged}
        told |= {"embedded": c.embedded, "passages_per_second": round(self._speed(2), 1)}
        left = self.seconds_left()
        return told | ({} if left is None else {"seconds_left": round(left)})

    def seconds_left(self) -> float | None:
        """By the slower of reading and embedding at their present speeds; None before there are any."""
        reading, embedding = self._speed(1), self._speed(2)
        c = self.counts
        unread = max(c.expected - c.files, 0)
        if c.stage != "indexing" or not embedding or (unread and not (reading and c.files)):
            return None
        passages = c.waiting + unread * c.staged / max(c.files, 1)
        return max(passages / embedding, unread / reading if unread else 0.0)

    def _said(self) -> str:
        left = self.seconds_left()
        told = f"{self._speed(2):.1f} passages/s, {self.counts.failures} failed"
        return told + (f", {_duration(left)} left" if left is not None else "")

    def _speed(self, of: int) -> float:
        if len(self._speeds) < 2:
            return 0.0
        first, last = self._speeds[0], self._speeds[-1]
        return (last[of] - first[of]) / (last[0] - first[0]) if last[0] > first[0] else 0.0

    def _due(self, what: str, now: float, every: float) -> bool:
        """The first time is a whole interval after the first call."""
        if what not in self._next:
            self._next[what] = now + (0.0 if what == "speed" else every)
        if now < self._next[what]:
            return False
        self._next[what] = now + every
        return True


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min" if minutes else f"{seconds:.0f} s"
