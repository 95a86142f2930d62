"""The files that pages load: addresses by content, compressed bodies, and fonts found by stylesheets."""

from __future__ import annotations

import gzip

import brotli
import pytest

from web import assets


def test_an_address_changes_with_the_content(tmp_path):
    (tmp_path / "a.css").write_text("p { color: red }")
    before = assets.load(tmp_path)["a.css"].address
    (tmp_path / "a.css").write_text("p { color: blue }")
    assert assets.load(tmp_path)["a.css"].address != before


def test_a_stylesheet_names_its_fonts_by_their_addresses(tmp_path):
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "urdu.woff2").write_bytes(b"wOF2")
    (tmp_path / "a.css").write_text('@font-face { src: url("fonts/urdu.woff2") }')
    loaded = assets.load(tmp_path)
    assert f'url("{loaded["fonts/urdu.woff2"].address}")'.encode() in loaded["a.css"].body
    assert loaded["fonts/urdu.woff2"].encoded == {}


def test_a_file_of_another_type_is_refused(tmp_path):
    (tmp_path / "a.exe").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.exe is no"):
        assets.load(tmp_path)


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", ""), ("identity", "")]
)
def test_each_browser_gets_the_coding_it_reads(client, accepted, coding):
    asset = assets.load()["base.css"]
    response = client.get(asset.address, headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding", "") == coding and response.headers["Vary"] == "Accept-Encoding"
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert decode(response.data) == asset.body
    assert "immutable" in response.headers["Cache-Control"] and response.mimetype == "text/css"
    again = client.get(asset.address, headers={"Accept-Encoding": accepted, "If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_an_old_address_gives_the_new_content_and_no_promise(client):
    response = client.get("/static/base.000000000000.css")
    assert response.status_code == 200 and response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.css", "../assets.py", "%2e%2e/assets.py", "base.css.css", "fonts"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404
