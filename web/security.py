"""Headers that keep documents from acting in the browser, the Host check, and an access log that holds no question."""

from __future__ import annotations

import logging
import re
import time
from functools import partial

from flask import Flask, Response, g, request

from kb.errors import BadRequest

log = logging.getLogger("web.access")

# Scripts are files of our own, never a part of a page: text of a document that escaped escaping still could not run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A PDF viewer does not start inside `sandbox`, and the type is exact and nosniff, so a PDF goes without it.
ORIGINAL_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SANDBOX_POLICY = f"{ORIGINAL_POLICY}; sandbox"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


def register(app: Flask, *, log_questions: bool = False) -> None:
    app.before_request(_begin)
    app.after_request(_guarded)
    app.after_request(partial(_logged, log_questions))


def _begin() -> None:
    g.started = time.perf_counter()
    host = request.headers.get("Host", "")
    if host and not HOST.fullmatch(host):
        raise BadRequest("the Host header is not the name of a host; correct the address.")


def _guarded(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-cache, private")
    return response


def _logged(questions: bool, response: Response) -> Response:
    """The path alone: the query is the question, and that is nobody's business unless the operator wants it."""
    elapsed = 1000 * (time.perf_counter() - g.get("started", time.perf_counter()))
    told = f"{request.method} {_plain(request.path)} {response.status_code} {elapsed:.0f} ms"
    question = _question() if questions else ""
    log.info("%s %s", told, _plain(question)) if question else log.info("%s", told)
    return response


def _question() -> str:
    body = request.get_json(silent=True) if request.is_json else None
    return str(body.get("question", "")) if isinstance(body, dict) else request.args.get("q", "")


def _plain(text: str) -> str:
    """On one line, whatever it holds."""
    return text.encode("unicode_escape").decode()
