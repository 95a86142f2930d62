from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ingest.confine import Limits
from ingest.discovery import discover
from ingest.parsed_json import parsed_from_json, parsed_to_json
from ingest.sandbox import read_sandboxed
from kb.records import Block, Failure, Metadata, Page, Parsed, SourceFile

GOLDEN = Path(__file__).parent / "golden"
TINY = Limits(output=1000)


def test_each_file_is_read_once_as_often_as_it_is_given() -> None:
    files = [file for file in discover(GOLDEN, "golden").files if not file.uri.endswith(".py")] * 3
    found = list(read_sandboxed(files, jobs=2))
    assert sorted(source.uri for source, _ in found) == sorted(source.uri for source in files)
    assert not [result for _, result in found if isinstance(result, Failure)]


def test_each_way_to_fail_is_a_failure_and_the_next_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "blank.txt").write_text(" \n ")
    (tmp_path / "a b" / "good.txt").write_text("Good.")
    (tmp_path / "a b" / "long.txt").write_text("word " * 1000)
    (tmp_path / "a b" / "pdf.pdf").write_bytes(b"%PDF-1.7 nothing")
    files = list(discover(tmp_path, "c").files)
    gone = SourceFile("c/gone.txt", str(tmp_path / "gone.txt"), "text/plain", "")
    results = {source.uri: result for source, result in read_sandboxed([gone, *files], limits=TINY)}
    said = {uri: result.reason for uri, result in results.items() if isinstance(result, Failure)}
    assert "no text" in said["c/a b/blank.txt"]
    assert "MB of text" in said["c/a b/long.txt"]
    assert "damaged" in said["c/a b/pdf.pdf"]
    assert "FileNotFoundError" in said["c/gone.txt"]
    assert isinstance(results["c/a b/good.txt"], tuple)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(seconds=0.0), "longer than 0 s"),
        (Limits(memory=300 << 20), "300 MB of memory"),
        (Limits(cpu_seconds=1), "processor time"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, reason: str) -> None:
    (tmp_path / "large.txt").write_text("A line of it.\n\n" * (3_000_000 if "MB" in reason else 1_500_000))
    (_, result), (_, after) = read_sandboxed(list(discover(tmp_path, "c").files) * 2, limits=limits)
    assert isinstance(result, Failure) and isinstance(after, Failure)
    assert reason in result.reason


PROGRAM = """
import sys, time
from pathlib import Path
from ingest.sandbox import read_sandboxed
from ingest.discovery import discover
print("main", flush=True)
for source, result in read_sandboxed(discover(Path(sys.argv[1]), "c").files, jobs=2):
    print(source.uri, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_the_main_script_is_not_run_again(tmp_path: Path) -> None:
    script, root = tmp_path / "pro gram.py", tmp_path / "c"
    script.write_text(PROGRAM)
    root.mkdir()
    (root / "a.txt").write_text("x")
    out = subprocess.run([sys.executable, script, root, "0"], env=environment(), capture_output=True, text=True, timeout=300)
    assert (out.stdout, out.stderr) == ("main\nc/a.txt\n", "")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


@pytest.mark.parametrize("ends", ["terminate", "kill"])
def test_a_run_that_is_ended_leaves_no_process(tmp_path: Path, ends: str) -> None:
    root = tmp_path / "c"
    root.mkdir()
    for number in range(5):
        (root / f"{number}.txt").write_text("x")
    with subprocess.Popen([sys.executable, "-c", PROGRAM, root, "600"], env=environment(), stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            run.stdout.readline(), run.stdout.readline()
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
            servers = {int(pid) for task in children.parents[1].iterdir() for pid in (task / "children").read_text().split()}
            assert servers
            getattr(run, ends)()
        finally:
            run.kill()
    deadline = time.monotonic() + 120  # one that is still importing the readers looks at nothing before it has them
    while (left := [pid for pid in servers if lives(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def lives(pid: int) -> bool:
    """Not one that has ended and that nobody has buried: whose task that is has nothing to do with us."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


GOOD = Parsed(
    "Art\n\ntext",
    (Block("heading", 0, 3, 1), Block("paragraph", 5, 9, 0, "row 1")),
    (Page(1, "i", 0, 9),),
    Metadata("t", countries=("PK",)),
    "r 1",
    ("w",),
    "k",
)


def test_json_round_trip() -> None:
    assert parsed_from_json(parsed_to_json([GOOD])) == (GOOD,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"heading", 0, 3', '"heading", 0, 30'),
        ('"heading"', '"poem"'),
        ("0, 9]", "0, 8]"),
        ('"t"', "7"),
        ('["PK"]', '"PK"'),
        ('"w"', "1"),
        ("0, 3, 1", "0, 3, true"),
        ('"row 1"', "1"),
        ('"reader"', '"readers"'),
        ("Art", "\\\\ud800rt"),
        ("[{", '{"a": [{'),
        ("[{", "[" * 100_000),
        ("Art", "A\\\\u202et"),
        ('"w"', '"\\\\u0000"'),
        ('[1, "i"', '[99999999999999999999, "i"'),
    ],
)
def test_a_result_that_does_not_hold_together_is_refused(old: str, new: str) -> None:
    data = parsed_to_json([GOOD]).decode()
    changed = data.replace(old, new.replace("\\\\", "\\"), 1)
    assert changed != data
    with pytest.raises(ValueError):
        parsed_from_json(changed.encode())


def test_hostile_tables_and_mail_end_as_failures_that_name_the_bound(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 30_000_000)
    (tmp_path / "rows.csv").write_text("a,b\n" * 1_000_000)
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(5000))
    (tmp_path / "nested.eml").write_text("Subject: x\n" + nested)
    many = "--b\nContent-Type: text/csv\n\na,b\n" * 5000
    (tmp_path / "parts.eml").write_text(f'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n\n{many}')
    results = {source.uri: result for source, result in read_sandboxed(discover(tmp_path, "c").files)}
    said = {uri: result.reason for uri, result in results.items() if isinstance(result, Failure)}
    for name, reason in (
        ("bomb.xlsx", "zip bomb"),
        ("rows.csv", "100,000 rows"),
        ("nested.eml", "30 levels"),
        ("parts.eml", "1,000"),
    ):
        assert reason in said[f"c/{name}"]
