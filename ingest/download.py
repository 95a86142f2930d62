"""One HTTP exchange, bounded: a connection to an address that was checked, a request, a reply in blocks.

urllib3's connections are used without its pool, so that no proxy of the environment, redirect or retry happens unseen.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from ingest.reach import NotFetched, Place, Reach

USER_AGENT = "Wakhan/0.1.0 (document fetcher; named public documents, one at a time per host; obeys robots.txt)"
ROBOT = "Wakhan"  # the name by which robots.txt may address us
BLOCK = 64 * 1024
MOST_ADDRESSES = 3  # of a host that are tried
_TROUBLE = (HTTPError, http.client.HTTPException, OSError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may take. Seconds to connect, without a byte, and in all its exchanges; bytes as sent and unpacked.

    64 MB as sent: the longest public report that we know has 30 MB. Text packs to about a quarter, so 256 MB unpacked bind
    bombs alone.
    """

    connect_seconds: float = 15.0
    silence_seconds: float = 30.0
    seconds: float = 300.0
    sent: int = 64 << 20
    unpacked: int = 256 << 20
    redirects: int = 5


@dataclass(slots=True)
class Budget:
    """Seconds that a document's exchanges have left; waiting for a host's turn does not count."""

    seconds: float


class Reply:
    """An answer whose head is here and whose body is read from `blocks`, as sent (packed, if `encoding` says so)."""

    def __init__(self, place: Place, response: HTTPResponse, watch: _Watch, limits: Limits) -> None:
        self.place = place
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._watch = watch
        self._limits = limits

    @property
    def url(self) -> str:
        return self.place.url

    @property
    def encoding(self) -> str:
        """The packing: "" for none, else "gzip" or another name."""
        name = self.headers.get("Content-Encoding", "").strip().casefold()
        return "" if name == "identity" else name.removeprefix("x-")

    @property
    def said(self) -> str:
        """The status in words: "404 Not Found"."""
        return f"{self.status} {http.client.responses.get(self.status, '')}".strip()

    def blocks(self) -> Iterator[bytes]:
        """The body. Raises NotFetched (stage "answer", passing) for one that ends before the length that was announced."""
        while True:
            left = self._response.length_remaining
            if left == 0:
                return
            with _translated(self.place, self._watch, self._limits):
                # read1 returns what is there: `read` would wait for a full block of a server that sends byte by byte
                block = self._response.read1(BLOCK if left is None else min(BLOCK, left), decode_content=False)
            if not block:
                return
            yield block


class Wire:
    """Makes requests, one connection each. May be shared between threads; `stop` ends every exchange that goes on."""

    def __init__(self, reach: Reach, limits: Limits) -> None:
        self.reach = reach
        self.limits = limits
        self.stopped = threading.Event()
        self._tls = reach.tls()
        self._lock = threading.Lock()
        self._watches: set[_Watch] = set()

    def stop(self) -> None:
        with self._lock:
            self.stopped.set()
            watches = list(self._watches)
        for watch in watches:
            watch.cut()

    @contextlib.contextmanager
    def get(self, place: Place, headers: Mapping[str, str], budget: Budget) -> Iterator[Reply]:
        """Ask for a place. Raises NotFetched: stage "address" for a host that may not be reached, "connect" and "answer" for
        what goes wrong there. The budget pays for the time until the context ends."""
        began = time.monotonic()
        connection = self._connected(place, budget)
        watch = _Watch(connection, budget.seconds - (time.monotonic() - began))
        try:
            with self._watched(watch), contextlib.ExitStack() as opened:
                with _translated(place, watch, self.limits):
                    connection.timeout = self.limits.silence_seconds
                    sent = {"Host": place.authority, "User-Agent": USER_AGENT, "Connection": "close", **headers}
                    connection.request("GET", place.target, headers=sent, preload_content=False, decode_content=False)
                    response = opened.enter_context(contextlib.closing(connection.getresponse()))
                yield Reply(place, response, watch, self.limits)
        finally:
            connection.close()
            budget.seconds -= time.monotonic() - began

    @contextlib.contextmanager
    def _watched(self, watch: _Watch) -> Iterator[None]:
        with self._lock:
            self._watches.add(watch)
        try:
            self._require_going_on()
            with watch:
                yield
        finally:
            with self._lock:
                self._watches.discard(watch)

    def _require_going_on(self) -> None:
        if self.stopped.is_set():
            raise NotFetched("answer", "the run was ended; run it again to go on.")

    def _connected(self, place: Place, budget: Budget) -> HTTPConnection:
        self._require_going_on()
        if budget.seconds <= 0:
            raise NotFetched("answer", _too_slow(place, self.limits))
        trouble = ""
        for address in self.reach.addresses(place)[:MOST_ADDRESSES]:
            connection = self._connection(place, address, min(self.limits.connect_seconds, budget.seconds))
            try:
                connection.connect()
                return connection
            except _TROUBLE as error:
                connection.close()
                trouble = _cause(error)
        raise NotFetched("connect", f"{place.host} cannot be connected to ({trouble}); try again later or correct the address.")

    def _connection(self, place: Place, address: str, timeout: float) -> HTTPConnection:
        """To the address that was checked; the name is what the certificate must be for."""
        if place.scheme == "http":
            return HTTPConnection(address, place.port, timeout=timeout)
        return HTTPSConnection(
            address, place.port, timeout=timeout, server_hostname=place.host, ssl_context=self._tls, cert_reqs="CERT_REQUIRED"
        )


class _Watch:
    """Cuts a connection when its time is up, wherever it hangs: a socket's own timeout begins anew with every byte."""

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._socket = connection.sock
        self._timer = threading.Timer(max(seconds, 0.0), self._ring)
        self._timer.daemon = True
        self.late = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        self.late = True
        self.cut()

    def cut(self) -> None:
        with contextlib.suppress(OSError):  # it is closed already: there is nothing to cut
            # not SSLSocket's own, which would drop the TLS state that another thread is reading with
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextlib.contextmanager
def _translated(place: Place, watch: _Watch, limits: Limits) -> Iterator[None]:
    """Errors of the network as NotFetched. A connection that was cut may also look like a body's quiet end."""
    try:
        yield
    except _TROUBLE as error:
        if watch.late:
            raise NotFetched("answer", _too_slow(place, limits)) from error
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            reason = f"{place.host} sent nothing for {limits.silence_seconds:g} s; try again later."
            raise NotFetched("answer", reason) from error
        reason = f"the answer of {place.host} broke off or makes no sense ({_cause(error)}); try again later."
        raise NotFetched("answer", reason, passing=True) from error
    if watch.late:
        raise NotFetched("answer", _too_slow(place, limits))


def _too_slow(place: Place, limits: Limits) -> str:
    return f"{place.host} took longer than the {limits.seconds:g} s that a document may take; try again later."


def _cause(error: BaseException) -> str:
    """The innermost cause in words, without the objects that urllib3's messages show."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(words)[:200])  # some of it a server wrote


def unpacked(blocks: Iterable[bytes], encoding: str, largest: int) -> Iterator[bytes]:
    """A body without its packing, in blocks of at most `BLOCK` bytes if it was packed.

    Raises NotFetched (stage "content") for a packing other than gzip, for broken or cut data, and for more than `largest` bytes.
    """
    if encoding not in ("", "gzip"):
        raise NotFetched("content", f"it is sent packed as {encoding[:40]!r}, which was not asked for; only gzip is read.")
    total = 0
    for piece in _gunzipped(blocks) if encoding else blocks:
        total += len(piece)
        if total > largest:
            raise NotFetched("content", f"unpacked it has more than the {largest:,} bytes that a document may have.")
        yield piece


def _gunzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    member, begun = zlib.decompressobj(31), False
    for data in blocks:
        rest = data if begun else data.lstrip(b"\0")  # some servers pad the end
        while rest or begun:
            try:
                piece = member.decompress(rest, BLOCK)
            except zlib.error as error:
                raise NotFetched("content", f"its gzip data are broken ({error}); try again later.") from error
            begun, rest = True, member.unconsumed_tail
            yield piece
            if member.eof:
                rest = member.unused_data.lstrip(b"\0")  # another member may follow
                member, begun = zlib.decompressobj(31), False
            elif not rest and len(piece) < BLOCK:
                break  # nothing is held back: on to the next block
    if begun:
        raise NotFetched("content", "its gzip data end too early; try again later.", passing=True)
