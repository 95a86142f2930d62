"""Destroy a database server and restore it: `python -m benchmarks.restoring QUESTIONS.jsonl [--folder DIR]`.

Publishes a copy of KB_HOME's index to a server that deploy/postgresql/primary.sh set up, backs it up, publishes one document,
deletes the server's data, and restores it to the last change and then to the time between the two. After each: is the digest what
it was, does `python -m ingest check` find the database whole, are the ten best passages of each question the same? Exit status 1
if not. Prints seconds and MB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.config import settings_from
from tests.postgres_pair import Server, lacking, pair

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="QUESTIONS.jsonl")
    parser.add_argument("--folder", type=Path, help="where the server is made; default: a temporary one")
    options = parser.parse_args()
    if why := lacking():
        print(f"{why}.", file=sys.stderr)
        return 1
    lines = options.file.read_text(encoding="utf-8").splitlines()
    questions = "\n".join(json.loads(line)["question"] for line in lines if line.strip())
    home = settings_from(os.environ, Path.cwd()).home
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="wakhan-restoring-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o711)  # the user postgres goes through it
        shutil.copytree(home, Path(name) / "home")
        with pair(Path(name), "") as two:
            os.environ["KB_HOME"], os.environ["KB_STORE"] = str(Path(name) / "home"), two.address(servers=(two.first,))
            return tried(Path(name), two.first, questions)


def tried(folder: Path, server: Server, questions: str) -> int:
    print("| what | seconds | MB |\n|---|---|---|")
    trial = folder / "trial"
    trial.mkdir()
    publish(trial, 1)
    states = [state(questions)]
    with timed("backup (the first: full)", folder / "backups"):
        server.script("backup.sh", "full")
    between = server.psql("SELECT clock_timestamp()")
    publish(trial, 2)
    states.append(state(questions))
    with timed("changes of one publish archived", folder / "backups"):
        archived(server)
    server.kill()
    shutil.rmtree(server.data)
    with timed("restored to the last change", server.data):
        server.script("restore.sh")
    good = [state(questions) == states[1], checked(behind=False)]
    with timed("restored to the time between", server.data):
        server.script("restore.sh", "--time", between)
    good += [state(questions) == states[0], checked(behind=True)]
    print(f"\nlast: same digest and ten best: {good[0]}, check: {good[1]}; between: {good[2]}, check: {good[3]}; ", end="")
    print(f"{len(states[0][1])} questions, load {os.getloadavg()[0]:.0f}")
    return 0 if all(good) else 1


@contextmanager
def timed(what: str, folder: Path) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"| {what} | {seconds:.1f} | {size / 1e6:.0f} |", flush=True)


def publish(folder: Path, number: int) -> None:
    (folder / f"{number}.txt").write_text(f"This is document {number} of a trial of backups.\n")
    run("ingest", "reindex", str(folder)).check_returncode()


def state(questions: str) -> tuple[str, list[list[str]]]:
    """The digest of what is published, and the ten best passages of each question."""
    digest = next(line for line in run("kb", "info").stdout.splitlines() if line.startswith("digest"))
    found = [json.loads(line) for line in run("kb", "search", "-", "--json", stdin=questions).stdout.splitlines()]
    return digest, [[item["passage_id"] for item in one["items"]] for one in found]


def checked(*, behind: bool) -> bool:
    """Whether `check` finds nothing; or nothing but that KB_HOME is newer."""
    done = run("ingest", "check", "--json")
    codes = {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    return codes == ({"postgres-behind"} if behind else set())


def archived(server: Server) -> None:
    name = server.psql("SELECT pg_walfile_name(pg_switch_wal())")
    while server.psql(f"SELECT last_archived_wal >= '{name}' FROM pg_stat_archiver") != "t":
        time.sleep(0.1)


def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=900, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
