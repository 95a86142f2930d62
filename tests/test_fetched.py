"""What a broken or killed download leaves, and how the next run goes on: whole files under final names, never two joined."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.courtesy import Manners
from ingest.fetch import plan
from ingest.fetched import STATE, Folder
from ingest.public_sources import PublicSource
from kb.errors import Busy
from kb.records import Metadata
from tests.bad_server import HTML_PAGE, cut_after, in_turn, page, serving, silent, status, with_ranges
from tests.fetch_bench import TEXT, Bench, reason

ROOT = Path(__file__).parents[1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as server:
        yield Bench(server, tmp_path / "fetched")


def honest(bench: Bench) -> object:
    return with_ranges(TEXT, '"1"', Content_Type="text/plain")


def test_a_cut_download_goes_on_where_it_was_cut(bench):
    bench.pages["/a"] = in_turn(cut_after(TEXT, 40_000, ETag='"1"', Content_Type="text/plain"), honest(bench))
    assert bench.run("a").new == ("a",)  # in the same run
    first, second = bench.server.headers("/a")
    assert "range" not in first
    assert (second["range"], second["if-range"], second["accept-encoding"]) == ("bytes=40000-", '"1"', "identity")
    assert (bench.folder / "a.txt").read_bytes() == TEXT


def test_the_next_run_goes_on_too_with_the_packed_bytes(bench):
    packed = gzip.compress(os.urandom(30_000).hex().encode())
    heads = {"ETag": '"1"', "Content_Type": "text/plain", "Content_Encoding": "gzip"}
    bench.pages["/a"] = cut_after(packed, 20_000, **heads)
    assert "broke off" in reason(bench.run("a", manners=Manners(pause=0.0, attempts=1)))
    (planned,) = plan([bench.source("a")], bench.folder)
    assert planned.action == "resume"
    bench.pages["/a"] = with_ranges(packed, '"1"', Content_Type="text/plain", Content_Encoding="gzip")
    assert bench.run("a").new == ("a",)
    assert bench.server.headers("/a")[-1]["range"] == "bytes=20000-"
    assert (bench.folder / "a.txt").read_bytes() == gzip.decompress(packed)
    assert bench.state() == ["a.json"]


@pytest.mark.parametrize("heads", [{"ETag": 'W/"1"'}, {}], ids=["weak", "none"])
def test_without_a_strong_validator_it_begins_anew(bench, heads):
    bench.pages["/a"] = in_turn(
        cut_after(TEXT, 40_000, Content_Type="text/plain", **heads), page(TEXT, Content_Type="text/plain")
    )
    assert bench.run("a").new == ("a",)
    assert "range" not in bench.server.headers("/a")[1]
    assert (bench.folder / "a.txt").read_bytes() == TEXT


def test_a_document_that_changed_meanwhile_begins_anew(bench):
    changed = with_ranges(TEXT.upper(), '"2"', Content_Type="text/plain")
    bench.pages["/a"] = in_turn(cut_after(TEXT, 40_000, ETag='"1"', Content_Type="text/plain"), changed)
    assert bench.run("a").new == ("a",)
    assert (bench.folder / "a.txt").read_bytes() == TEXT.upper()
    assert bench.record("a")["etag"] == '"2"'


@pytest.mark.parametrize(
    "wrong",
    [
        page(TEXT[10:], 206, Content_Type="text/plain", ETag='"1"', Content_Range=f"bytes 10-{len(TEXT) - 1}/*"),
        page(TEXT[40_000:], 206, Content_Type="text/plain", ETag='"2"', Content_Range=f"bytes 40000-{len(TEXT) - 1}/{len(TEXT)}"),
        page(TEXT[40_000:], 206, Content_Type="text/plain", ETag='"1"'),
        page(TEXT[40_000:50_000], 206, Content_Type="text/plain", ETag='"1"', Content_Range=f"bytes 40000-49999/{len(TEXT)}"),
        status(416, Content_Range="bytes */5"),
    ],
    ids=["elsewhere", "another", "unsaid", "short", "unsatisfiable"],
)
def test_another_part_than_asked_for_is_not_joined(bench, wrong):
    bench.pages["/a"] = in_turn(cut_after(TEXT, 40_000, ETag='"1"', Content_Type="text/plain"), wrong, honest(bench))
    assert bench.run("a").new == ("a",)
    assert (bench.folder / "a.txt").read_bytes() == TEXT
    assert "range" not in bench.server.headers("/a")[2]


def test_a_part_that_nobody_asked_for_is_a_failure(bench):
    bench.pages["/a"] = page(TEXT[:50], 206, Content_Type="text/plain", Content_Range="bytes 0-49/50")
    assert "answered 206 Partial Content with another part" in reason(bench.run("a"))
    assert bench.files() == []


def test_a_kill_leaves_no_half_file_and_the_next_run_goes_on(bench):
    """SIGKILL in the middle of the second version: the first is whole, and what came of the second is used."""
    bench.pages["/a"] = page(TEXT, Content_Type="text/plain", ETag='"1"')
    bench.run("a")
    newer = TEXT.upper()
    head = f'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: "2"\r\nContent-Length: {len(newer)}\r\n\r\n'.encode()
    bench.pages["/a"] = silent(bench.server, head + newer[:70_000])
    code = f"""
from pathlib import Path
from tests.bad_server import REACH
from tests.fetch_bench import Bench, BadServer
bench = Bench(BadServer({bench.server.port}), Path({str(bench.folder)!r}))
bench.run("a")
"""
    killed = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    part = bench.folder / STATE / "a.part"
    while killed.poll() is None and (not part.exists() or part.stat().st_size < 60_000):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(120) == -signal.SIGKILL
    assert bench.files() == ["a.txt", "a.txt.meta.toml"]
    assert (bench.folder / "a.txt").read_bytes() == TEXT
    size = part.stat().st_size
    bench.pages["/a"] = with_ranges(newer, '"2"', Content_Type="text/plain")
    assert bench.run("a").updated == ("a",)
    assert bench.server.headers("/a")[-1]["range"] == f"bytes={size}-"
    assert (bench.folder / "a.txt").read_bytes() == newer
    assert bench.state() == ["a.json"]


@pytest.mark.parametrize("step", range(1, 6))
def test_a_kill_between_any_two_renames_leaves_whole_files(bench, monkeypatch, step):
    """Part state, sidecar, document, record: dying before each of these renames, old and new version are never mixed."""

    class Killed(BaseException):
        pass

    bench.pages["/a"] = in_turn(page(ETag='"1"'), page(TEXT, Content_Type="text/plain", ETag='"2"'))
    bench.run("a")
    renames = []

    def rename(source: object, target: object) -> None:
        renames.append(target)
        if len(renames) == step:
            raise Killed
        real(source, target)

    real = os.replace
    with monkeypatch.context() as patched:
        patched.setattr("ingest.fetched.os.replace", rename)
        if step <= 4:
            with pytest.raises(Killed):
                bench.run("a")
        else:
            bench.run("a")
    whole = {"a.html": HTML_PAGE, "a.txt": TEXT}
    there = [name for name in bench.files() if name in whole]
    assert there and all((bench.folder / name).read_bytes() == whole[name] for name in there)
    assert bench.run("a").failures == ()
    assert bench.files() == ["a.txt", "a.txt.meta.toml"]
    assert (bench.folder / "a.txt").read_bytes() == TEXT
    assert bench.record("a")["etag"] == '"2"'


def test_ctrl_c_ends_the_run_at_once_and_keeps_what_is_done(bench):
    bench.pages |= {"/a": page(), "/hang": silent(bench.server)}
    code = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background with it ignored
from pathlib import Path
from tests.fetch_bench import Bench, BadServer
bench = Bench(BadServer({bench.server.port}), Path({str(bench.folder)!r}))
from dataclasses import replace
from tests.fetch_bench import LIMITS
bench.run("a", bench.source("hang", host="hang.example"), limits=replace(LIMITS, silence_seconds=600, seconds=600))
"""
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while run.poll() is None and ("/hang" not in bench.server.paths() or not (bench.folder / STATE / "a.json").exists()):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=120)  # the server says nothing for 300 s
    assert errors.strip().endswith("KeyboardInterrupt")
    assert bench.files() == ["a.html", "a.html.meta.toml"]


def test_two_runs_do_not_write_into_one_folder(bench):
    bench.pages["/a"] = silent(bench.server)
    thread = threading.Thread(target=lambda: bench.run("a"))
    thread.start()
    while not bench.server.paths():
        time.sleep(0.01)
    with pytest.raises(Busy, match="another run fetches into"):
        bench.run("a")
    bench.server.released.set()
    thread.join()


def test_a_folders_state_is_not_made_by_looking(tmp_path):
    source = PublicSource("a", Metadata(url="https://example.org/"))
    assert (Folder(tmp_path / "x").held(source), Folder(tmp_path / "x").part(source)) == (None, None)
    assert not (tmp_path / "x").exists()
