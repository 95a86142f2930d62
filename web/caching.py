"""Validators of pages: what a browser has is still right while generation, program, day and the reader's choices are the same."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, g, request

from kb.errors import KnowledgeBaseError
from web import examples, languages, preferences
from web.indexing import indexing
from web.knowledge import library

EXTENSION = "wakhan-caching"
BLUEPRINTS = ("pages", "documents", "browse", "citing", "api")
OWN = ("documents.picture", "documents.original")  # they have validators of their own, by content
MADE_OF = (".py", ".html", ".css", ".js", ".json", ".toml", ".mo")
CHANGING = ("pages.home", "pages.about")  # they tell of a run while there is one


class Caching:
    """`program` is a digest of what makes pages; `failures` grows by each page that was half sent when its answer failed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.program = _program()
        self.failures = 0

    def forget(self) -> None:
        """No page that a browser has is right any more: one was sent whose answer failed after its headers."""
        self.failures += 1


def register(app: Flask, home: Path) -> None:
    """To be called after what may refuse a request, and before what compresses."""
    app.extensions[EXTENSION] = Caching(home)
    app.before_request(_unchanged)
    app.after_request(_tagged)


def of_this_app() -> Caching:
    return cast(Caching, current_app.extensions[EXTENSION])


def searched(partial: bool) -> None:
    """To be told of what was searched: what is without a part of the collection is not kept."""
    if partial:
        g.passing = True


def _unchanged() -> Response | None:
    """304 before any work is done. Other sites cannot tell: the tag is of this site's cache."""
    g.tag = (
        _tag() if request.method in ("GET", "HEAD") and request.blueprint in BLUEPRINTS and request.endpoint not in OWN else ""
    )
    if not g.tag or not request.if_none_match.contains_weak(g.tag):
        return None
    response = Response(status=304)
    response.set_etag(g.tag, weak=True)
    return response


def _tagged(response: Response) -> Response:
    if g.get("passing"):  # nothing keeps what may be old or in part, and be right again in a moment
        response.headers["Cache-Control"] = "no-store"
    elif response.status_code == 200 and g.get("tag"):
        response.set_etag(g.tag, weak=True)
        response.vary.update(("Cookie", "Accept-Language"))
    return response


def _tag() -> str:
    """Of the address that is asked; "" where nothing can be promised."""
    caching = of_this_app()
    tells = request.endpoint in CHANGING and not request.args.get("q")
    if tells and indexing(caching.home):
        return ""
    try:
        info = library().info()
    except KnowledgeBaseError:
        return ""  # the view tells what is wrong
    if info.stale or info.partial:
        g.passing = True
        return ""
    parts = [
        caching.program,
        caching.failures,
        info.generation,
        info.digest,
        date.today(),
        preferences.theme(),
        languages.chosen(),
    ]
    if tells:
        parts.append(examples.shown(info.generation))
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _program() -> str:
    """Of all files that pages are made of: an upgrade without a new generation changes them too."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for folder in (here, here.parent / "kb"):
        for path in sorted(
            path for path in folder.rglob("*") if path.suffix in (".py", ".html", ".css", ".js", ".json", ".toml", ".mo")
        ):
            digest.update(path.read_bytes())
    return digest.hexdigest()
