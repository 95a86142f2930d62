from __future__ import annotations

from pathlib import Path

import pytest

from ingest.read_jsonl import read
from ingest.text import UnreadableFile


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_bad_lines_are_named_and_the_others_read(tmp_path: Path) -> None:
    lines = ['\ufeff{"id": "a", "text": "x"}', "{", "", "[1]", '{"id": "b"}', '{"id": "a", "text": "y"}', '{"text": "z"}']
    documents = read(write(tmp_path, *lines))
    assert [(document.key, document.text) for document in documents] == [("a", "x"), ("a-2", "y"), ("line-7", "z")]
    said = documents[0].warnings
    assert [warning.split()[1].rstrip(":") for warning in said] == ["2", "4", "5", "6"]


@pytest.mark.parametrize("lines", [("{",), ("", ""), ('{"text": 7}',), ("[" * 100_000,)])
def test_no_good_line(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(UnreadableFile, match="no line"):
        read(write(tmp_path, *lines))
