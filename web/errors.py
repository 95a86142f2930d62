"""Every error leaves here: problem+json for programs, a designed page for people, and never a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, json, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from kb.errors import IndexMissing, IndexStale, KnowledgeBaseError
from web.indexing import indexing
from web.limits import seconds_to_wait
from web.phrases import N_, translated
from web.present import ErrorPage

log = logging.getLogger("web.errors")
MACHINE_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
DETAILS = {
    400: N_("The request could not be understood; check the address and try again."),
    404: N_("There is nothing at this address; the documents are listed at /documents."),
    405: N_("This address does not take that method."),
    413: N_("The request is larger than 64 kB; shorten it."),
    429: N_("This address has asked more than the server can answer; wait a little."),
    500: N_("Something failed on the server; the operator finds the cause in its log."),
}
TITLES = {
    400: N_("This cannot be asked so"),
    404: N_("Nothing is here"),
    405: N_("This cannot be done here"),
    410: N_("This is no longer here"),
    413: N_("This is too long"),
    429: N_("One moment, please"),
    500: N_("Something failed"),
    503: N_("Not just now"),
}


def register(app: Flask) -> None:
    """Route every HTTPException and KnowledgeBaseError of `app` through one place. Call it after flask-smorest is set up."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(KnowledgeBaseError, _knowledge_error)


def problem(status: int, detail: str) -> Response:
    """An RFC 9457 response."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(body) + "\n", status, content_type="application/problem+json")


def _knowledge_error(error: KnowledgeBaseError) -> Response:
    if error.status >= 500 and error.status != 503:
        log.error("%s", error)
    return _answer(error.status, str(error), unpublished=isinstance(error, IndexMissing | IndexStale))


def _http_error(error: HTTPException) -> Response:
    if error.response is not None and isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    own_words = status != 429 and error.description != type(error).description and not isinstance(error, InternalServerError)
    detail = (error.description if own_words else None) or DETAILS.get(status) or error.description or error.name
    response = _answer(status, detail)
    response.headers.extend([(name, value) for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")])
    if seconds_to_wait():
        response.headers["Retry-After"] = str(seconds_to_wait())
    return response


def _answer(status: int, detail: str, *, unpublished: bool = False) -> Response:
    if _for_a_program():
        return problem(status, detail)
    page = ErrorPage(
        status=status,
        title=translated(TITLES.get(status, HTTPStatus(status).phrase)),
        detail=detail,
        unpublished=unpublished,
        indexing=indexing(current_app.config["HOME"]) if unpublished else None,
        wait=seconds_to_wait(),
    )
    return Response(render_template("error.html", page=page), status, content_type="text/html; charset=utf-8")


def _for_a_program() -> bool:
    if request.path.startswith(MACHINE_PATHS) or request.path == "/api" or request.path.endswith(".png"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/problem+json", "application/json"])
    return best is not None and best != "text/html"
