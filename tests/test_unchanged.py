"""A run that finds nothing changed: it loads nothing that only work needs, and believes no index that was touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.reindexing import index_without_model
from ingest.discovery import discover
from kb.config import settings_from
from kb.current import is_current
from kb.encoder import model_identity
from kb.manifest import HASHES, folder_of, is_untouched
from kb.staging import Staging
from tests.records_made import staged
from tests.test_staging import MODEL, published

ROOT = Path(__file__).parents[1]
HEAVY = ("numpy", "faiss", "lxml", "charset_normalizer", "tqdm", "ingest.text", "kb.generations")
RUN = f"""
import sys
from ingest.__main__ import main
status = main(["reindex", *sys.argv[1:]])
print(status, [name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.mark.parametrize("options", [[], ["--trust-mtime"]])
def test_it_imports_neither_arrays_nor_parsers(tmp_path, options):
    root, home = tmp_path / "papers", tmp_path / "home"
    root.mkdir()
    for number in range(3):
        (root / f"{number}.txt").write_text(f"Text {number}.", encoding="utf-8")
        os.utime(root / f"{number}.txt", (1_600_000_000,) * 2)
    index_without_model(home, root, model_identity(settings_from({}, tmp_path)))
    command = [sys.executable, "-c", RUN, str(root), *options]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "KB_HOME": str(home)}, capture_output=True, text=True, check=True)
    assert "3 unchanged" in done.stdout or "unchanged 3" in done.stdout, done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"


def test_an_index_whose_times_are_others_is_looked_into(tmp_path):
    published(tmp_path, staged("a", "One."))
    folder = folder_of(tmp_path, 1)
    assert is_untouched(folder)
    os.utime(folder / "passages.npy", (1_600_000_000,) * 2)
    assert not is_untouched(folder)
    with Staging(tmp_path) as staging:
        assert is_current(staging, *MODEL)


@pytest.mark.parametrize("name", ["vectors.000.faiss", "passages.npy", "manifest.json"])
@pytest.mark.parametrize("harm", ["gone", "shortened", "overwritten"])
def test_an_index_with_a_harmed_file_is_built_again(tmp_path, name, harm):
    published(tmp_path, staged("a", "One."))
    path = folder_of(tmp_path, 1) / name
    size = path.stat().st_size
    path.unlink() if harm == "gone" else path.write_bytes(b"?" * (size if harm == "overwritten" else size // 2))
    with Staging(tmp_path) as staging:
        assert not is_current(staging, *MODEL)


@pytest.mark.parametrize("told", ["", "{}", "{}x", "[]", '{"passages.npy": 5}'])
def test_hashes_that_say_nothing_are_not_believed(tmp_path, told):
    published(tmp_path, staged("a", "One."))
    (folder_of(tmp_path, 1) / HASHES).write_text(told, encoding="utf-8")
    assert not is_untouched(folder_of(tmp_path, 1))


def test_a_file_that_is_large_is_hashed_as_a_small_one_is(tmp_path):
    for name, size in (("small.txt", 10), ("large.txt", 1 << 18)):
        (tmp_path / name).write_bytes(b"a" * size)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "unread.xyz").write_bytes(b"a")
    found = discover(tmp_path, "docs")
    sums = subprocess.run(
        ["sha256sum", "large.txt", "small.txt"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert [file.sha256 for file in found.files] == [line.split()[0] for line in sums.splitlines()]
    assert [failure.reason.split(";")[0] for failure in found.failures] == [
        "it is empty (0 bytes)",
        "files named .xyz are not read",
    ]
