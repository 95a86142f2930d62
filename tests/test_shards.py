"""Files to a node and back: nothing is lost on the way, nothing is believed that does not hold together, memory is bounded."""

import dataclasses
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import shards
from ingest.discovery import discover
from ingest.ray_node import NodeWorker, description, differences
from ingest.sandbox import Helpers, read_sandboxed
from ingest.shards import LARGEST, Sent, packed, result_from_json, result_to_json
from ingest.tesseract import find_engine
from kb.config import settings_from
from kb.embed import Encoded
from kb.records import Failure, Metadata, Page, Parsed, SourceFile, WordBox
from tests.fakes import FakeEncoder

GOLDEN = Path(__file__).parent / "golden"
SOURCE = SourceFile("docs/a.txt", "/docs/a.txt", "text/plain", "0" * 64)
DOCUMENT = Parsed("abc", (), (Page(1, None, 0, 3, 0.5),), Metadata(), "a reader", (), "", (WordBox(1, 0, 3, 1, 2, 3, 4),), (2,))


@given(st.text(min_size=1, max_size=40), st.none() | st.floats(0, 1), st.text(max_size=5))
def test_what_was_read_comes_home_as_it_was(text, confidence, key):
    text, key = (value.encode("utf-8", "replace").decode() for value in (text, key))
    page, box = Page(1, "i", 0, len(text), confidence), WordBox(1, 0, len(text), 1.5, 2.0, 30.0, 4.25)
    document = Parsed(text, (), (page,), Metadata(title="T", countries=("UZ",)), "a reader", ("a warning",), key, (box,), (2, 3))
    assert result_from_json(result_to_json((document, DOCUMENT)), SOURCE) == (document, DOCUMENT)


def test_a_failure_comes_home_under_the_name_that_the_run_knows():
    told = Failure("another uri", "read", "the PDF is damaged.")
    assert result_from_json(result_to_json(told), SOURCE) == Failure("docs/a.txt", "read", "the PDF is damaged.")


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda whole: b"no JSON",
        lambda whole: b"[]",
        lambda whole: json.dumps(whole | {"seen": []}).encode(),
        lambda whole: json.dumps(whole | {"documents": "[]"}).encode(),
        lambda whole: json.dumps(whole | {"seen": [whole["seen"][0] | {"boxes": [[1, 0, 4, 1, 2, 3, 4]]}]}).encode(),
        lambda whole: json.dumps(whole | {"seen": [whole["seen"][0] | {"unread": ["2"]}]}).encode(),
        lambda whole: json.dumps(whole | {"seen": [whole["seen"][0] | {"ocr": [1.5]}]}).encode(),
        lambda whole: json.dumps(whole | {"seen": [whole["seen"][0] | {"ocr": []}]}).encode(),
    ],
)
def test_a_result_that_does_not_hold_together_is_the_failure_of_its_file(spoilt):
    whole = json.loads(result_to_json((DOCUMENT,)))
    found = result_from_json(spoilt(whole), SOURCE)
    assert isinstance(found, Failure)
    assert (found.uri, found.stage) == ("docs/a.txt", "read") and "does not hold together" in found.reason


def sources(folder: Path, sizes: dict[str, int]) -> list[SourceFile]:
    for name, size in sizes.items():
        (folder / name).write_bytes(b"x" * size)
    return [dataclasses.replace(SOURCE, uri=f"docs/{name}", path=str(folder / name)) for name in sizes]


def test_shards_are_bounded_in_files_and_bytes_and_keep_the_order(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "FILES", 3)
    monkeypatch.setattr(shards, "BYTES", 100)
    monkeypatch.setattr(shards, "LARGEST", 200)
    files = sources(tmp_path, {"a": 1, "b": 1, "c": 1, "d": 60, "e": 60, "f": 200, "g": 201, "h": 1})
    made = list(packed(files, lambda source: ("secret",) if source.uri == "docs/e" else ()))
    assert [one if isinstance(one, SourceFile) else [sent.source.uri[-1] for sent in one] for one in made] == [
        ["a", "b", "c"], ["d"], ["e"], files[6], ["f"], ["h"],
    ]  # fmt: skip
    assert made[2][0].passwords == ("secret",) and not made[1][0].passwords


def test_what_cannot_be_read_is_a_failure_and_what_is_no_file_stays_here(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    gone, pipe = (dataclasses.replace(SOURCE, uri=f"docs/{name}", path=str(tmp_path / name)) for name in ("gone", "pipe"))
    made = list(packed([gone, pipe], lambda source: ()))
    assert isinstance(made[0], Failure) and made[0].uri == "docs/gone"
    assert made[1:] == [pipe]
    assert LARGEST < 1 << 30


def test_a_worker_reads_what_the_sandbox_reads_here(tmp_path, monkeypatch):
    """Sidecars and titles from names included; and leaves no file behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("rules.docx", "items.jsonl", "tota.xml"):
        (docs / name).write_bytes((GOLDEN / name).read_bytes())
    (docs / "the_name_is_the_title.txt").write_text("Wheat goes to Tashkent.", encoding="utf-8")
    (docs / "rules.docx.meta.toml").write_text('publisher = "The sidecar"\n', encoding="utf-8")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    files = discover(docs, "docs").files
    here = dict(read_sandboxed(files, helpers=Helpers(find_engine())))
    worker = NodeWorker(2, lambda settings: ("fake", "digest"), lambda settings: FakeEncoder())
    (shard,) = packed(files, lambda source: ())
    there = {sent.source: result_from_json(data, sent.source) for sent, data in zip(shard, worker.read(shard), strict=True)}
    worker.close()
    assert there == here
    assert [item for item in (tmp_path).rglob("*") if item.is_file() and docs not in item.parents] == []


def test_a_worker_encodes_as_the_run_would_and_opens_the_model_once(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = []

    def open_model(settings):
        opened.append(settings)
        return FakeEncoder()

    worker = NodeWorker(1, lambda settings: ("fake", "digest"), open_model)
    batch = [(b"k1", "Wheat goes south.", "A title"), (b"k2", "Gas goes north.", "")]
    items, seconds = worker.embed(batch)
    worker.embed(batch)
    worker.close()
    expected: list[Encoded] = FakeEncoder().encode_passages([text for _, text, _ in batch], [context for _, _, context in batch])
    assert [vector for _, vector, _ in items] == [one.vector.tobytes() for one in expected]
    assert [key for key, _, _ in items] == [b"k1", b"k2"] and seconds >= 0 and len(opened) == 1


def test_files_of_a_worker_that_was_killed_are_removed_by_the_next_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"wakhan-nodes-{os.getuid()}" / "left"
    left.mkdir(parents=True)
    (left / "confidential.txt").write_text("left behind")
    first = NodeWorker(1, lambda settings: ("fake", "digest"), lambda settings: FakeEncoder())
    (at_work,) = left.parent.iterdir()
    NodeWorker(1, lambda settings: ("fake", "digest"), lambda settings: FakeEncoder()).close()
    assert [*left.parent.iterdir()] == [at_work] != [left]
    first.close()
    assert not [*left.parent.iterdir()]


def test_a_node_that_differs_is_told_in_what(tmp_path):
    own = description(settings_from({"HOME": str(tmp_path)}, tmp_path), lambda settings: ("fake", "digest"))
    assert differences(own, dict(own)) == ""
    assert differences(own, own | {"reader": "0"}) == f"its reader is 0, that of the run is {own['reader']}"
    assert "its program is unknown" in differences(own, {name: own[name] for name in own if name != "program"})


def test_sent_files_do_not_tell_their_passwords():
    assert "secret" not in repr(Sent(SOURCE, b"", None, ("secret",)))
