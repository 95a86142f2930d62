"""What a reader chooses for all pages, kept in cookies: nothing is remembered on the server. No cookie before a choice."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, redirect, request
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from kb.errors import BadRequest
from web import languages
from web.arguments import parser
from web.schemas import clean

YEAR = 365 * 24 * 3600  # seconds
LONGEST_ADDRESS = 32_000  # characters of `back`; a question of 2,000 in percent signs with every filter has 30,000
THEMES = ("", "light", "dark")  # "": as the system has it

preferences = Blueprint("preferences", __name__)


class Choice(Schema):
    theme = fields.String(load_default=None, validate=validate.OneOf(THEMES, error="it takes light, dark or nothing."))
    language = fields.String(
        load_default=None, validate=validate.OneOf(tuple(languages.LANGUAGES), error="it takes one of {choices}.")
    )
    back = fields.String(load_default="/", validate=[clean, validate.Length(max=LONGEST_ADDRESS)])


def register(app: Flask) -> None:
    app.register_blueprint(preferences)
    app.context_processor(lambda: {"theme": theme()})


def theme() -> str:
    """The chosen one of THEMES; anything else in the cookie counts as no choice."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


@preferences.post("/preferences")
def choose() -> Response:
    """Set what was chosen and go back to the page where it was."""
    if not _from_here():
        raise BadRequest("this choice was sent from another site; make it on a page of this one.")
    choice = parser.parse(Choice(), request, location="form", unknown=EXCLUDE)
    response = redirect(_local(choice["back"]), 303)
    for name in ("theme", languages.COOKIE):
        kept: Any = {"samesite": "Lax", "httponly": True, "secure": request.is_secure}
        if choice[name]:
            response.set_cookie(name, choice[name], max_age=YEAR, **kept)
        elif choice[name] is not None:
            response.delete_cookie(name, **kept)
    return response


def _from_here() -> bool:
    """Whether the browser says that our own page sent this. It needs neither a token nor a secret: a page of another site can
    forge neither header. Browsers from before Sec-Fetch-Site (2023) send Origin; what sends neither is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _local(address: str) -> str:
    """The address if it is of this site, else the first page: no redirect leads away."""
    parts = urlsplit(address.replace("\\", "/"))
    own = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if own and not any(ord(character) < 32 for character in address) else "/"
