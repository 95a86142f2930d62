"""Hostile and broken files end as documents that hold together or as a failure with a sentence, and the run goes on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.discovery import discover
from ingest.enrich import enrich
from ingest.readers import read_file
from ingest.sandbox import parsed_from_json, parsed_to_json, read_sandboxed
from ingest.segment import segment
from ingest.sources import SUFFIXES
from ingest.text import UnreadableFile
from kb.records import Failure, Parsed, SourceFile
from tests.hostile_made import HOSTILE

REFUSED = {  # whatever a reader is made of, these give no document
    "stream-bomb.pdf": "memory",
    "stream-bomb-twice.pdf": "memory",
    "no-pages.pdf": "damaged",
    "head-only.pdf": "damaged",
    "zip-bomb.docx": "zip bomb",
    "lying-zip.docx": "damaged",
    "billion-laughs.docx": "damaged",
    "list-bomb.docx": "ZIP archive",
    "laughs.xlsx": "damaged",
    "many-rows.xlsx": "100,000 rows",
    "million-rows.csv": "100,000 rows",
    "parts-in-parts.eml": "nest deeper",
    "attributes.html": "20,000 attributes",
    "cut-off.docx": "damaged",
    "gzip.txt": "gzip",
    "zeros.html": "binary",
    "empty-lines.jsonl": "empty lines",
}
READ = {  # and these keep their words: odd, but not broken
    "negative-size.pdf": "Transit fees are published.",
    "count.pdf": "Transit fees are published.",
    "outline-loop.pdf": "Transit fees are published.",
    "labels-loop.pdf": "Transit fees are published.",
    "page-tree-loop.pdf": "Transit fees are published.",
    "unknown-style.docx": "x",
    "tables-in-headers.html": "MARK",
    "aliases.md": "Transit fees.",
    "charset-of-no-ascii.eml": "Transit fees.",
    "address-of-brackets.eml": "Transit fees.",
    "surrogates.jsonl": "a\ufffdb",
}
Result = tuple[Parsed, ...] | Failure


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result]:
    """All of them in one run, with the bounds of a real one; and a sound file behind them."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, made in HOSTILE.items():
        (folder / name).write_bytes(made())
    (folder / "zz.txt").write_text("A sound file.")
    found = discover(folder, "c")
    results: dict[str, Result] = {failure.uri: failure for failure in found.failures}
    return results | {source.uri: result for source, result in read_sandboxed(found.files, jobs=2)}


@pytest.mark.parametrize("name", HOSTILE)
def test_documents_or_a_sentence(name: str, results: Mapping[str, Result]) -> None:
    result = results[f"c/{name}"]
    if isinstance(result, Failure):
        assert result.stage in ("discover", "read")
        assert len(result.reason) > 20 and result.reason.endswith(".")
        assert "unexpectedly" not in result.reason and "hold together" not in result.reason
        assert REFUSED.get(name, "") in result.reason
        assert name not in READ
    else:
        assert name not in REFUSED
        assert "root:" not in "".join(document.text for document in result)  # of /etc/passwd
        assert READ.get(name, "") in result[0].text
        assert result[0].text.count("MARK") <= 1  # nothing is read twice
        assert [passages_of(document) for document in result[:3]]


def passages_of(document: Parsed) -> int:
    """How many passages; each must be the text at its place. What the run's own process makes of a document has no bound of
    time: a text that is looked at again and again would hang it, and this test."""
    enriched = enrich(document, statistical=False)
    complete = replace(document, metadata=enriched.metadata)
    passages = segment("d", complete, enriched.metadata.language, lambda texts: [len(text) // 4 + 1 for text in texts])
    for passage in passages:
        assert passage.text == document.text[passage.locator.start : passage.locator.end]
    return len(passages)


def test_the_run_goes_on(results: Mapping[str, Result]) -> None:
    assert len(results) == len(HOSTILE) + 1
    assert isinstance(results["c/zz.txt"], tuple)


STARTS = [
    b"",
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"<html><body>",
    b'{"text": "',
    b"---\ntitle: ",
    b"\xff\xfe",
    b"# x\n\n",
    b"a,b\n1,2\n",
]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(STARTS),
    data=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
)
def test_any_bytes_under_any_name(tmp_path: Path, suffix: str, start: bytes, data: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(start + data)
    assert len(discover(tmp_path, "c").files) + len(discover(tmp_path, "c").failures) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in the sandbox
        try:
            documents = read_file(SourceFile("c/a", str(path), SUFFIXES[suffix], ""))
        except UnreadableFile as reason:
            assert str(reason).endswith(".")
            return
    assert parsed_from_json(parsed_to_json(documents)) == documents
    assert all(passages_of(document) for document in documents if document.text)


def test_folders_a_thousand_deep_are_walked(tmp_path: Path) -> None:
    folders = [tmp_path / "d"]
    for _ in range(1100):
        folders.append(folders[-1] / "d")
    for folder in folders:
        folder.mkdir()
    (folders[-1] / "a.txt").write_text("x")
    found = discover(tmp_path, "c")
    (folders[-1] / "a.txt").unlink()
    for folder in reversed(folders):  # pytest's own way of clearing up gives up at that depth
        folder.rmdir()
    assert len(found.files) == 1 and not found.failures


def test_a_sidecar_that_is_a_pipe_and_a_file_too_large_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    os.mkfifo(tmp_path / "a.txt.meta.toml")
    with (tmp_path / "b.txt").open("wb") as sparse:
        sparse.truncate(3 << 30)
    found = discover(tmp_path, "c")
    assert not found.files
    assert ["pipe" in failure.reason or "bytes" in failure.reason for failure in found.failures] == [True, True]


def test_a_name_that_leaves_no_room_for_a_sidecar(tmp_path: Path) -> None:
    (tmp_path / f"{'a' * 251}.txt").write_text("Transit fees.")
    ((_, result),) = read_sandboxed(discover(tmp_path, "c").files)
    assert isinstance(result, tuple)
