"""How much one address may ask: what costs the server most, questions and pictures of pages, is counted for each."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, g, request
from flask_limiter import Limiter, RequestLimit

EXTENSION = "wakhan-limits"
NETWORK = 64  # bits of an IPv6 address that tell one customer from another; he chooses the rest


@dataclass(frozen=True, slots=True)
class Rule:
    """What `endpoints` may be asked together by one address, and by programs of this machine, which speak past any proxy.
    `counts` tells which of their requests cost something."""

    name: str
    limit: str
    local: str
    endpoints: tuple[str, ...]
    counts: Callable[[], bool]

    def allowed(self) -> str:
        return self.local if _is_local() else self.limit


def _asks() -> bool:
    return request.method == "POST" or bool(request.args.get("q", "").strip())


_QUESTIONS = ("pages.home", "documents.document", "api.ask", "api.search")
RULES = (
    # A hundred people behind one address who ask once a minute; a program that asks all the time waits. One on this machine is
    # the operator's: it may ask as fast as two cores answer.
    Rule("questions", "120/minute;2000/hour", "3000/minute", _QUESTIONS, _asks),
    Rule("pictures", "240/minute;4000/hour", "600/minute", ("documents.picture",), lambda: True),
    Rule("files", "120/minute", "600/minute", ("documents.original",), lambda: True),
    Rule("citations", "120/minute", "600/minute", ("citing.cite", "citing.download", "citing.of_document"), lambda: True),
)


def register(app: Flask) -> None:
    """Count in memory: the server is one process. To be called when the views are there."""
    limiter = Limiter(address, app=app, storage_uri="memory://", strategy="moving-window", on_breach=_breached)
    for rule in RULES:
        counted = limiter.shared_limit(rule.allowed, scope=rule.name, exempt_when=_not(rule.counts), override_defaults=False)
        for endpoint in rule.endpoints:
            app.view_functions[endpoint] = counted(_of_this_app(app.view_functions[endpoint]))
    app.extensions[EXTENSION] = limiter  # what is counted holds it weakly


def address() -> str:
    """Whose requests are counted together: an IPv4 address, or the network of an IPv6 address."""
    try:
        known = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"  # a socket without addresses: all its callers are one
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, NETWORK), strict=False))
    return str(known)


def _is_local() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback  # the server has put a proxy's caller in its place
    except ValueError:
        return False


def seconds_to_wait() -> int:
    """Of the request that was refused: at least 1; 0 for any other."""
    return int(g.get("wait", 0))


def _of_this_app(view: Any) -> Any:
    """The library marks a view as counted, and another application of the same process has the same views."""

    @wraps(view)
    def called(*arguments: Any, **named: Any) -> Any:
        return view(*arguments, **named)

    return called


def _breached(limit: RequestLimit) -> None:
    g.wait = max(1, math.ceil(limit.reset_at - time.time()))


def _not(counts: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: not counts()
