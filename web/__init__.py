"""The Flask application: pages and HTTP API over kb.library. It knows neither SQL nor FAISS."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import StrictUndefined

from kb.config import Settings
from web import assets, caching, compression, errors, examples, languages, limits, metrics, preferences, security
from web.api import WakhanApi, api, health
from web.browse import browse
from web.citing import citing
from web.document_views import documents
from web.knowledge import Knowledge, attach
from web.pages import pages

LARGEST_BODY = 64 * 1024  # bytes; the longest question with every filter fills 30 kB


def create_app(library: Knowledge, settings: Settings, *, limited: bool = True) -> Flask:
    """The application over an opened library, which is not read before the first request. `limited`: an address may ask so much
    (web.limits) and no more; what measures the server goes without."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        API_TITLE="Wakhan",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_SAMESITE="Strict",
        RATELIMIT_ENABLED=limited,
        HOME=settings.home,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it; our shapes have an order
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    attach(app, library)
    examples.register(app, library)
    described: Any = WakhanApi
    described(app).register_blueprint(api)
    app.register_blueprint(health)
    app.register_blueprint(pages)
    app.register_blueprint(documents)
    app.register_blueprint(browse)
    app.register_blueprint(citing)
    languages.register(app)
    preferences.register(app)
    assets.register(app)
    metrics.register(app, settings.home)
    security.register(app, log_questions=settings.log_questions)
    compression.register(app)
    caching.register(app, settings.home)
    limits.register(app)
    errors.register(app)
    return app
