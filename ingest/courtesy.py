"""How the fetcher behaves towards hosts: one request at a time, pauses, robots.txt, Retry-After, few redirects."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urljoin

from protego import Protego
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from ingest.download import ROBOT, Budget, Reply, Wire, unpacked
from ingest.reach import NotFetched, Place

Result = TypeVar("Result")
Headers = Callable[[str], Mapping[str, str]]

REDIRECTS = (301, 302, 303, 307, 308)
BUSY = (429, 503)
LARGEST_ROBOTS = 512 * 1024  # RFC 9309 asks for 500 KiB at least; what lies behind is not read
ROBOTS_SECONDS = 60.0
A_YEAR = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Manners:
    """Seconds between two requests to a host, unless its robots.txt asks for more; the longest wait for a host's sake that a
    run takes upon itself; how often a document is asked for; and the wait after an answer "busy" that names none."""

    pause: float = 1.0
    longest_wait: float = 60.0
    attempts: int = 3
    busy_wait: float = 5.0


@dataclass(slots=True)
class _Household:
    """A host, with and without www: who holds the lock may ask it, not before `ready` (of the monotonic clock)."""

    pause: float
    ready: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class _Rules:
    """An origin's robots.txt, or why it could not be had: then nothing of the origin is fetched in this run."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    robots: Protego | None = None
    trouble: NotFetched | None = None


class Courtesy:
    """Visits addresses over a wire, politely. May be shared between threads."""

    def __init__(self, wire: Wire, manners: Manners) -> None:
        self._wire = wire
        self._manners = manners
        self._lock = threading.Lock()
        self._households: dict[str, _Household] = {}
        self._rules: dict[str, _Rules] = {}

    def patiently(self, ask: Callable[[], Result]) -> Result:
        """Ask again after a failure that may pass, a few times; the host's turn holds the wait."""
        for attempt in range(1, self._manners.attempts + 1):
            try:
                return ask()
            except NotFetched as failure:
                if not failure.passing or attempt == self._manners.attempts:
                    raise
        raise AssertionError("attempts is at least 1")

    @contextlib.contextmanager
    def visit(self, url: str, headers: Headers, budget: Budget) -> Iterator[Reply]:
        """The reply at the end of at most `redirects` redirects; each address on the way is checked, must be allowed by its
        robots.txt, and is asked in its host's turn. `headers` gives what to send to an address. Raises NotFetched."""
        with self._followed(url, headers, budget, self._require_allowed) as reply:
            yield reply

    @contextlib.contextmanager
    def _followed(self, url: str, headers: Headers, budget: Budget, check: Callable[[Place], None]) -> Iterator[Reply]:
        place = self._wire.reach.place(url)
        for _ in range(self._wire.limits.redirects + 1):
            check(place)
            household = self._household(place)
            with self._turn(place, household) as turn, self._wire.get(place, headers(place.url), budget) as reply:
                self._require_welcome(reply, turn)
                if reply.status not in REDIRECTS or "Location" not in reply.headers:
                    yield reply
                    return
                turn.pause = min(turn.pause, self._manners.pause)  # the same document still: no new visit to the host
                place = self._redirected(reply)
        raise NotFetched("answer", f"more than {self._wire.limits.redirects} redirects, the last to {place.url[:200]}.")

    def _redirected(self, reply: Reply) -> Place:
        location = reply.headers["Location"]
        # http.client reads heads as Latin-1, while servers that do not escape their addresses write UTF-8
        with contextlib.suppress(UnicodeError):
            location = location.encode("latin-1").decode("utf-8")
        try:
            place = self._wire.reach.place(urljoin(reply.url, location))
        except (NotFetched, ValueError) as error:
            raise NotFetched("address", f"{reply.place.host} redirects where nothing is fetched: {error}") from error
        if (reply.place.scheme, place.scheme) == ("https", "http"):
            raise NotFetched("address", f"{reply.place.host} redirects from https to {place.url[:200]}, which is not protected.")
        return place

    def _require_welcome(self, reply: Reply, turn: _Turn) -> None:
        """Raise for an answer "busy", and let nobody ask the host before the time that it names."""
        if reply.status not in BUSY:
            return
        wait = self._manners.busy_wait
        named = reply.headers.get("Retry-After")
        with contextlib.suppress(InvalidHeader, ValueError, OverflowError):  # a time that cannot be read is none
            wait = Retry(retry_after_max=A_YEAR).parse_retry_after(named) if named else wait
        turn.pause = max(turn.pause, wait)
        reason = f"{reply.place.host} answered {reply.said}; come back at {_clock(wait)}."
        raise NotFetched("answer", reason, passing=wait <= self._manners.longest_wait)

    # ---- turns ------------------------------------------------------------------------------------------------------------

    def _household(self, place: Place) -> _Household:
        with self._lock:
            return self._households.setdefault(place.household, _Household(self._manners.pause))

    @contextlib.contextmanager
    def _turn(self, place: Place, household: _Household) -> Iterator[_Turn]:
        """Be alone with a host, after its pause. Raises NotFetched (stage "wait") if that would take too long."""
        with household.lock:
            wait = household.ready - time.monotonic()
            if wait > self._manners.longest_wait:
                reason = f"{place.host} wants no request until {_clock(wait)}, and a run waits {self._manners.longest_wait:g} s; "
                raise NotFetched("wait", reason + "fetch it again then.")
            if wait > 0:
                self._wire.stopped.wait(wait)
            turn = _Turn(household.pause)
            try:
                yield turn
            finally:
                household.ready = time.monotonic() + turn.pause

    # ---- robots.txt -------------------------------------------------------------------------------------------------------

    def _require_allowed(self, place: Place) -> None:
        """Raises NotFetched (stage "robots") for an address that robots.txt forbids, or whose robots.txt cannot be had."""
        with self._lock:
            rules = self._rules.setdefault(place.origin, _Rules())
        with rules.lock:
            if rules.robots is None and rules.trouble is None:
                self._learn(place, rules)
        if rules.trouble is not None:
            unreachable = rules.trouble.stage in (
                "address",
                "connect",
                "wait",
            )  # then it is not robots.txt that stands in the way
            reason = str(rules.trouble) if unreachable else f"whether {place.host} allows it could not be asked: {rules.trouble}"
            raise NotFetched(rules.trouble.stage if unreachable else "robots", reason) from rules.trouble
        if rules.robots is not None and not rules.robots.can_fetch(place.url, ROBOT):
            raise NotFetched(
                "robots", f"the robots.txt of {place.host} forbids it; fetch it by hand if its publisher allows that."
            )

    def _learn(self, place: Place, rules: _Rules) -> None:
        try:
            rules.robots = self.patiently(lambda: self._robots(place))
        except NotFetched as failure:
            rules.trouble = failure
            return
        delay = rules.robots.crawl_delay(ROBOT) or 0.0
        household = self._household(place)
        if math.isfinite(delay):
            household.pause = max(household.pause, delay)

    def _robots(self, place: Place) -> Protego:
        """The rules: none where the host says that it has no such file (4xx). Raises NotFetched for a host in trouble."""
        limits = self._wire.limits
        budget = Budget(min(limits.seconds, ROBOTS_SECONDS))
        address, text = f"{place.origin}/robots.txt", bytearray()
        with self._followed(address, lambda _: {"Accept-Encoding": "identity"}, budget, lambda _: None) as reply:
            if 200 <= reply.status < 300:
                for block in unpacked(reply.blocks(), reply.encoding, limits.unpacked):
                    text += block
                    if len(text) >= LARGEST_ROBOTS:
                        break
            elif not 400 <= reply.status < 500:
                raise NotFetched("robots", f"its robots.txt answered {reply.said}; try again later.")
        return Protego.parse(bytes(text[:LARGEST_ROBOTS]).decode("utf-8-sig", "replace"))


@dataclass(slots=True)
class _Turn:
    """`pause`: the seconds that nobody may ask the host after this."""

    pause: float


def _clock(seconds: float) -> str:
    """The time of day that is `seconds` from now, in UTC; a server may name any number."""
    try:
        return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return "a time beyond the calendar"
