"""Fetching end to end against a real server that misbehaves: what is kept, told, gone on with, refused and survived."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.discovery import discover
from ingest.fetched import STATE
from ingest.reach import Reach
from ingest.sources import DOCX
from kb.records import Filters
from tests.bad_server import (
    HTML_PAGE,
    REACH,
    any_port,
    cut_after,
    dripping,
    in_turn,
    page,
    redirect,
    serving,
    silent,
    status,
    with_ranges,
)
from tests.fetch_bench import LIMITS, TEXT, Bench, reason
from tests.test_reindex import Bench as Index

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as server:
        yield Bench(server, tmp_path / "fetched")


# ---- what is kept ---------------------------------------------------------------------------------------------------------


def test_a_document_its_sidecar_and_its_record(bench):
    bench.pages |= {"/a": redirect("/b"), "/b": page(ETag='"1"', Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")}
    report = bench.run("a")
    assert (report.new, report.updated, report.unchanged, report.failures) == (("a",), (), (), ())
    assert report.bytes == len(HTML_PAGE)
    assert bench.files() == ["a.html", "a.html.meta.toml"]
    assert (bench.folder / "a.html").read_bytes() == HTML_PAGE
    assert tomllib.loads((bench.folder / "a.html.meta.toml").read_text(encoding="utf-8")) == {
        "title": "On a",
        "kind": "news",
        "language": "en",
        "countries": ["PK", "UZ"],
        "url": bench.server.url("/a"),
    }
    record = bench.record("a")
    assert (record["requested"], record["final"]) == (bench.server.url("/a"), bench.server.url("/b"))
    assert (record["status"], record["etag"], record["media_type"]) == (200, '"1"', "text/html")
    assert (record["bytes"], record["fetched_at"]) == (len(HTML_PAGE), record["checked_at"])
    (found,) = discover(bench.folder, "fetched").files  # and nothing else in the folder is taken for a document
    assert found.uri == "fetched/a.html"
    assert (bench.folder / ".gitignore").read_text().endswith("*\n")


@pytest.mark.parametrize(
    ("golden", "sent_as", "suffix"),
    [
        (".pdf", "application/pdf", ".pdf"),
        (".pdf", "application/octet-stream", ".pdf"),
        (".pdf", "text/html", ".pdf"),  # the content's word goes before the server's
        (".docx", DOCX, ".docx"),
        (".docx", "binary/octet-stream", ".docx"),
        (".html", "application/xhtml+xml", ".html"),
        (".html", "text/plain; charset=utf-8", ".html"),
        (".txt", "TEXT/PLAIN", ".txt"),
        (".md", "text/markdown", ".md"),
        (".jsonl", "application/x-ndjson", ".jsonl"),
    ],
)
def test_a_file_is_named_by_its_content(bench, golden, sent_as, suffix):
    body = next(path for path in sorted(GOLDEN.rglob(f"*{golden}"))).read_bytes()
    bench.pages["/a"] = page(body, Content_Type=sent_as)
    assert bench.run("a").new == ("a",)
    assert bench.files()[0] == f"a{suffix}"


@pytest.mark.parametrize(
    ("body", "sent_as", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "image/png", "it is sent as 'image/png'; the types read are PDF"),
        (b"{}", "application/json", "it is sent as 'application/json'"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "application/pdf", "a PNG image"),
        (HTML_PAGE, "application/pdf", "what came as application/pdf cannot be used"),
        (b"MZ" + bytes(99), "application/octet-stream", "cannot be used"),
        (b"PK\x03\x04 nonsense", DOCX, "damaged"),
        (bytes(500), "text/html", "binary"),
        (b"", "text/html", "empty (0 bytes)"),
    ],
)
def test_what_the_readers_do_not_read_is_not_kept(bench, body, sent_as, said):
    bench.pages["/a"] = page(body, Content_Type=sent_as)
    report = bench.run("a")
    assert reason(report).startswith("content: ") and said in reason(report)
    assert (bench.files(), bench.state()) == ([], [])


def test_a_failed_download_is_named_and_the_rest_go_on(bench):
    bench.pages |= {
        "/good": page(),
        "/late": page(HTML_PAGE + b"!"),
        "/gone": status(410),
        "/broken": status(500),
        "/picture": page(b"\x89PNG", Content_Type="image/png"),
        "/loop": redirect("/loop"),
        "/cut": cut_after(HTML_PAGE, 10),
        "/busy": status(429, Retry_After="86400"),
    }
    names = ("good", "gone", "broken", "picture", "missing", "loop", "cut", "late")
    report = bench.run(*names, bench.source("busy", host="busy.example"))
    assert report.new == ("good", "late")
    told = {failed.id: failed.reason for failed in report.failures}
    assert list(told) == ["gone", "broken", "picture", "missing", "loop", "cut", "busy"]
    assert "410 Gone; correct its address" in told["gone"]
    assert "500 Internal Server Error; try again later" in told["broken"]
    assert "404 Not Found; correct its address" in told["missing"]
    assert "more than 5 redirects" in told["loop"]
    assert "broke off" in told["cut"]
    assert "429 Too Many Requests; come back at" in told["busy"]
    assert bench.files() == ["good.html", "good.html.meta.toml", "late.html", "late.html.meta.toml"]


@pytest.mark.parametrize(("code", "advice"), [(403, "take it from a browser"), (404, "correct its address"), (418, "try again")])
def test_a_refusal_says_what_to_do(bench, code, advice):
    bench.pages["/a"] = status(code)
    assert f"answered {code}" in reason(report := bench.run("a")) and advice in reason(report)


@pytest.mark.parametrize("etag", ['"\x01"', '"\xfc"', '"' + "x" * 2000 + '"'])
def test_a_validator_that_cannot_be_sent_back_is_none(bench, etag):
    bench.pages["/a"] = page(ETag=etag)
    assert bench.run("a").new == ("a",)
    assert bench.run("a").unchanged == ("a",)
    assert (bench.record("a")["etag"], "if-none-match" in bench.server.headers("/a")[1]) == ("", False)


def test_a_disk_that_takes_nothing_is_a_failure_of_the_document(bench):
    bench.pages |= {"/a": page(), "/b": page()}
    (bench.folder / STATE / "a.part").mkdir(parents=True)
    report = bench.run("a", "b")
    assert reason(report).startswith("store: it cannot be stored: ")
    assert report.new == ("b",)


# ---- a second run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heads", "sent"),
    [
        ({"ETag": '"1"'}, {"if-none-match": '"1"'}),
        ({"ETag": 'W/"1"'}, {"if-none-match": 'W/"1"'}),
        ({"Last_Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, {"if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    ],
)
def test_a_second_run_asks_whether_it_changed(bench, heads, sent):
    bench.pages["/a"] = in_turn(page(**heads), status(304), page(HTML_PAGE + b"<p>More", **heads))
    bench.run("a")
    before = (bench.folder / "a.html").stat()
    assert bench.run("a").unchanged == ("a",)
    assert (bench.folder / "a.html").stat().st_mtime_ns == before.st_mtime_ns
    asked = bench.server.headers("/a")[1]
    assert {name: asked[name] for name in sent} == sent
    assert bench.run("a").updated == ("a",)
    assert (bench.folder / "a.html").read_bytes() == HTML_PAGE + b"<p>More"


def test_a_condition_goes_to_the_address_that_it_is_about(bench):
    bench.pages |= {"/a": redirect("/b"), "/b": with_ranges(HTML_PAGE, '"1"')}
    bench.run("a")
    assert bench.run("a").unchanged == ("a",)
    assert "if-none-match" not in bench.server.headers("/a")[1]
    assert bench.server.headers("/b")[1]["if-none-match"] == '"1"'


def test_304_without_a_condition_is_a_failure(bench):
    bench.pages["/a"] = in_turn(status(304), page(), status(304))
    assert reason(bench.run("a")).startswith("answer: docs.example answered 304 Not Modified")
    assert bench.run("a").new == ("a",)  # without a validator
    assert reason(bench.run("a")).startswith("answer: docs.example answered 304 Not Modified")


def test_the_same_bytes_without_a_validator_are_unchanged(bench):
    bench.pages["/a"] = page()
    bench.run("a")
    before = (bench.folder / "a.html").stat()
    assert bench.run("a").unchanged == ("a",)
    assert (bench.folder / "a.html").stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_that_was_changed_or_removed_here_comes_anew(bench):
    bench.pages["/a"] = with_ranges(HTML_PAGE, '"1"')
    for spoil in (lambda path: path.write_bytes(b"<html>mine"), lambda path: path.unlink()):
        bench.run("a")
        spoil(bench.folder / "a.html")
        assert bench.run("a").new == ("a",)
        assert (bench.folder / "a.html").read_bytes() == HTML_PAGE
        assert "if-none-match" not in bench.server.headers("/a")[-1]


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "3", '{"id": "a"}', "\0", "newline in a head", "path"])
def test_a_record_that_cannot_be_used_is_none(bench, spoilt):
    bench.pages["/a"] = page()
    bench.run("a")
    changed = {"newline in a head": {"etag": "1\nX: y"}, "path": {"file": "../a.html"}}.get(spoilt)
    text = json.dumps(bench.record("a") | changed) if changed else spoilt
    (bench.folder / STATE / "a.json").write_text(text, encoding="utf-8")
    assert bench.run("a").new == ("a",)
    assert bench.record("a")["file"] == "a.html"


def test_a_document_that_fails_later_keeps_its_last_version(bench):
    bench.pages["/a"] = in_turn(page(), status(404), page(b"\x89PNG", Content_Type="image/png"), cut_after(HTML_PAGE, 9))
    bench.run("a")
    for _ in range(3):
        assert len(bench.run("a").failures) == 1
        assert (bench.folder / "a.html").read_bytes() == HTML_PAGE


def test_the_sidecar_follows_the_list(bench):
    bench.pages["/a"] = with_ranges(HTML_PAGE, '"1"')
    bench.run("a")
    source = bench.source("a")
    renamed = replace(source, metadata=replace(source.metadata, title="Another title"))
    assert bench.run(renamed).unchanged == ("a",)
    assert 'title = "Another title"' in (bench.folder / "a.html.meta.toml").read_text(encoding="utf-8")


def test_another_type_leaves_no_old_file(bench):
    pdf = next(iter(sorted(GOLDEN.rglob("*.pdf")))).read_bytes()
    bench.pages["/a"] = in_turn(page(), page(pdf, Content_Type="application/pdf"))
    bench.run("a")
    assert bench.run("a").updated == ("a",)
    assert bench.files() == ["a.pdf", "a.pdf.meta.toml"]


def test_another_address_of_a_source_is_asked_without_the_old_ones_condition(bench):
    bench.pages |= {"/a": page(ETag='"1"'), "/new": page(HTML_PAGE + b"!", ETag='"1"')}
    bench.run("a")
    assert bench.run(bench.source("a", "/new")).new == ("a",)
    assert "if-none-match" not in bench.server.headers("/new")[0]
    assert bench.record("a")["requested"] == bench.server.url("/new")


# ---- limits ---------------------------------------------------------------------------------------------------------------


def test_a_document_that_is_too_large_is_refused_before_it_comes(bench):
    bench.pages["/a"] = page(b"", Content_Type="text/html", Content_Length=str(2 << 20))
    assert reason(bench.run("a")) == "content: it has more than the 1,048,576 bytes that a document may have."
    assert bench.state() == []


def test_an_endless_document_is_cut_at_the_limit(bench):
    head = b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: "1"\r\n\r\n'
    bench.pages["/a"] = dripping(bench.server, b"word " * 20_000, head, pause=0)
    assert "more than the 1,048,576 bytes" in reason(bench.run("a"))
    assert (bench.files(), bench.state()) == ([], [])


def test_a_slow_document_is_left_when_its_time_is_up(bench):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 999\r\n\r\n"
    bench.pages |= {"/a": dripping(bench.server, b"w", head), "/b": silent(bench.server), "/c": page()}
    hasty = replace(LIMITS, seconds=0.4, silence_seconds=0.3)
    report = bench.run("a", "b", "c", limits=hasty)
    told = {failed.id: failed.reason for failed in report.failures}
    assert "took longer than the 0.4 s" in told["a"]
    assert "sent nothing for 0.3 s" in told["b"]
    assert report.new == ("c",)


def test_a_gzip_bomb_is_not_unpacked(bench):
    bomb = gzip.compress(b"<html>" + bytes(40 << 20))
    bench.pages |= {"/a": page(bomb, Content_Encoding="gzip"), "/b": page(gzip.compress(HTML_PAGE), Content_Encoding="gzip")}
    report = bench.run("a", "b")
    assert reason(report) == "content: unpacked it has more than the 2,097,152 bytes that a document may have."
    assert report.new == ("b",)
    assert (bench.folder / "b.html").read_bytes() == HTML_PAGE
    assert bench.files() == ["b.html", "b.html.meta.toml"]
    assert bench.state() == ["b.json"]


# ---- safety, the command, and the whole way -------------------------------------------------------------------------------


def test_by_default_the_tests_server_is_out_of_reach(bench):
    bench.pages["/a"] = page()
    for reach in (Reach(), Reach(port=any_port), Reach(port=any_port, resolve=REACH.resolve)):
        assert reason(bench.run(bench.source("a", host="localhost"), reach=reach)).startswith("address: localhost is refused")
    assert bench.server.asked == []


def write_list(path: Path, *entries: tuple[str, str]) -> Path:
    lines = (f'[[source]]\nid = "{n}"\ntitle = "T"\nkind = "news"\nlanguage = "en"\nurl = "{url}"\n' for n, url in entries)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_command_refuses_it_too(bench, tmp_path, capsys):
    urls = [bench.server.url("/a", host="127.0.0.1"), "http://127.0.0.1/", "http://localhost/", "http://169.254.169.254/x"]
    listed = write_list(tmp_path / "list.toml", *((f"s{number}", url) for number, url in enumerate(urls)))
    bench.pages["/a"] = page()
    assert main(["fetch", "--all", "--sources", str(listed), "--into", str(bench.folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [failed["stage"] for failed in told["failures"]] == ["address"] * 4
    assert (told["new"], told["folder"]) == ([], str(bench.folder))
    assert bench.server.asked == []


def test_a_dry_run_asks_nobody_and_writes_nothing(bench, tmp_path, capsys):
    listed = write_list(tmp_path / "list.toml", ("a", bench.server.url("/a")), ("b", bench.server.url("/b")))
    arguments = ["fetch", "--only", "a", "--sources", str(listed), "--into", str(bench.folder), "--dry-run"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"fetch   a  {bench.server.url('/a')}",
        f"asked for would be 1, into {bench.folder}",
    ]
    assert (bench.server.asked, bench.folder.exists()) == ([], False)
    bench.pages["/a"] = page()
    bench.run("a")
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["documents"][0]["action"] == "check"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what to fetch"),
        (["--all", "--kind", "news"], "--all takes every source"),
        (["--only", "nonesuch"], "no source matches --only 'nonesuch'"),
        (["--all", "--sources", "nowhere.toml"], "--sources FILE"),
    ],
)
def test_wrong_use_says_how(arguments, said, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["fetch", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, said in err, len(err.splitlines())) == ("", True, 1)


def test_the_report_is_told_to_people_too(bench, tmp_path, capsys, monkeypatch):
    listed = write_list(tmp_path / "list.toml", ("a", bench.server.url("/a")), ("b", bench.server.url("/b")))
    bench.pages["/a"] = page()
    monkeypatch.setattr("ingest.commands_fetch.FetchOptions", lambda jobs: replace(bench.options, jobs=jobs))
    assert main(["fetch", "--all", "--sources", str(listed), "--into", str(bench.folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"new 1, updated 0, unchanged 0, failed 1, {len(HTML_PAGE)} bytes in ")
    assert lines[1:] == [
        "  new      a",
        "  FAILED   b (answer): docs.example answered 404 Not Found; correct its address in the list.",
        f"to index them: python -m ingest reindex {bench.folder}",
    ]
    assert main(["fetch", "--only", "a", "--sources", str(listed), "--into", str(bench.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unchanged"] == ["a"]


def test_what_is_fetched_can_be_indexed_with_its_metadata(bench, tmp_path):
    pdf = next(iter(sorted(GOLDEN.rglob("*.pdf")))).read_bytes()
    bench.pages |= {"/a": page(), "/b": page(TEXT, Content_Type="text/plain"), "/c": page(pdf, Content_Type="application/pdf")}
    assert bench.run("a", "b", "c").new == ("a", "b", "c")
    index = Index(tmp_path)
    report = index.run(bench.folder)
    assert (report.added, report.failures) == (3, ())
    documents = {item.uri: item.metadata for item in index.library().documents(Filters(country=("UZ",))).items}
    assert set(documents) == {"fetched/a.html", "fetched/b.txt", "fetched/c.pdf"}
    assert documents["fetched/b.txt"].title == "On b"
    assert documents["fetched/b.txt"].url == bench.server.url("/b")
    assert bench.run("a", "b", "c").unchanged == ("a", "b", "c")
    assert index.run(bench.folder).unchanged == 3  # what did not change is not read again
