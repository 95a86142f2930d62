"""The Flask application: pages and HTTP API over kb.library. It knows neither SQL nor FAISS."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from jinja2 import StrictUndefined

from kb.config import Settings
from web import errors, metrics, security
from web.api import WakhanApi, api, health
from web.knowledge import Knowledge, attach
from web.pages import pages

LARGEST_BODY = 64 * 1024  # bytes; the longest question with every filter fills 30 kB
STYLE = "style.css"


def create_app(library: Knowledge, settings: Settings) -> Flask:
    """The application over an opened library. Nothing is read or loaded before the first request."""
    app = Flask(__name__)
    app.config.update(
        API_TITLE="Wakhan",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_SAMESITE="Strict",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it; our shapes have an order
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    attach(app, library)
    described: Any = WakhanApi
    described(app).register_blueprint(api)
    app.register_blueprint(health)
    app.register_blueprint(pages)
    metrics.register(app, settings.home)
    security.register(app)
    errors.register(app)
    version = hashlib.sha256(Path(app.static_folder or "", STYLE).read_bytes()).hexdigest()[:12]
    app.jinja_env.globals["stylesheet"] = lambda: url_for("static", filename=STYLE, v=version)
    return app
