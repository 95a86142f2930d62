"""The files that pages load: read once at start, compressed, at addresses that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import brotli
from flask import Flask, Response, abort, request

FOLDER = Path(__file__).with_name("static")
ADDRESS = "/static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",  # licences of fonts
}
COMPRESSED_ALREADY = (".woff2",)
YEAR = 365 * 24 * 3600  # seconds
HASHED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
URL = re.compile(r"url\(\"(?P<name>[^\":]+)\"\)")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served. `encoded` maps a content coding to the body in it, the shortest first."""

    address: str
    digest: str
    media_type: str
    body: bytes
    encoded: Mapping[str, bytes]


def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Assets by name below `folder`. Raises ValueError for a file of a type that is not served."""
    paths = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: (path.suffix == ".css", path))
    assets: dict[str, Asset] = {}
    for path in paths:  # stylesheets last: they name the others
        name = path.relative_to(folder).as_posix()
        if path.suffix not in TYPES:
            raise ValueError(f"{path} is no {', '.join(TYPES)}; pages load nothing else. Move it out of {folder}.")
        assets[name] = _asset(name, _with_addresses(path.read_bytes(), assets) if path.suffix == ".css" else path.read_bytes())
    return assets


def register(app: Flask, folder: Path = FOLDER) -> dict[str, Asset]:
    """Serve the files of `folder`; templates get `asset(name)`, the address of one."""
    assets = load(folder)
    app.add_url_rule(f"{ADDRESS}/<path:name>", "static", lambda name: _serve(assets, name))
    app.jinja_env.globals["asset"] = lambda name: assets[name].address
    return assets


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    stem, _, ending = name.rpartition(".")
    encoded = {}
    if f".{ending}" not in COMPRESSED_ALREADY:
        encoded = {"br": brotli.compress(body), "gzip": gzip.compress(body, mtime=0)}
    return Asset(f"{ADDRESS}/{stem}.{digest}.{ending}", digest, TYPES[f".{ending}"], body, encoded)


def _with_addresses(css: bytes, assets: Mapping[str, Asset]) -> bytes:
    """The stylesheet with its fonts at the addresses they are served at."""
    return URL.sub(lambda match: f'url("{assets[match["name"]].address}")', css.decode("utf-8")).encode("utf-8")


def _serve(assets: Mapping[str, Asset], name: str) -> Response:
    """A page from before an upgrade may ask for a file's old address: it gets the new content, for this once."""
    match = HASHED.fullmatch(name)
    asset = assets.get(match["stem"] + match["suffix"] if match else name)
    if asset is None:
        abort(404)
    coding = next((coding for coding in asset.encoded if request.accept_encodings.quality(coding) > 0), "")
    response = Response(asset.encoded.get(coding, asset.body), content_type=asset.media_type)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["Vary"] = "Accept-Encoding"
    current = match is not None and match["digest"] == asset.digest
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if current else "no-cache"
    response.set_etag(f"{asset.digest}-{coding}" if coding else asset.digest)
    response.make_conditional(request)
    return response
