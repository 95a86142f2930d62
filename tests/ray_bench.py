r"""Three Ray nodes on this machine, in network and process namespaces of their own, for the tests of the Ray runner.

    RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=FOLDER/token PYTHONPATH=. \
    unshare --net --pid --fork --mount-proc --kill-child python -m tests.ray_bench FOLDER

Whatever it starts ends with the namespace. The last line that it prints is the outcome as JSON.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import logging
import os
import secrets
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import ingest.pipeline
import ingest.shards
import ingest.versions
from ingest.ray_runner import RayRunner
from ingest.reindex import Options, reindex
from kb.config import Settings, settings_from
from kb.embed import Encoded
from kb.errors import KnowledgeBaseError
from tests.fakes import FakeEncoder

ADDRESS = "127.0.0.1:6399"
ROOT = Path(__file__).parents[1]
FILES, PARAGRAPHS = 60, 30


class SlowEncoder(FakeEncoder):
    """So slow that there is something to interrupt."""

    def encode_passages(self, texts, contexts) -> list[Encoded]:
        time.sleep(0.3)
        return super().encode_passages(texts, contexts)


def identify(_settings: Settings) -> tuple[str, str]:
    return "fake", "fake-digest"


def open_slow(_settings: Settings) -> FakeEncoder:
    return SlowEncoder()


def write_documents(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        paragraphs = [
            f"Clause {n} of agreement {number} moves {number * n} tonnes of wheat from Karachi to Tashkent. " * 8
            for n in range(PARAGRAPHS)
        ]
        (folder / f"{number:03}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    (folder / "007.txt.meta.toml").write_text('title = "The seventh"\nkind = "agreement"\n', encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    for name in ("treaty.pdf", "scan.pdf", "rules.docx", "items.jsonl", "mail.eml", "trade.xlsx"):
        (folder / name).write_bytes((ROOT / "tests" / "golden" / name).read_bytes())


def settings_for(folder: Path, name: str) -> Settings:
    return dataclasses.replace(settings_from({"HOME": str(folder)}, folder), home=folder / name, corpus=folder / "docs")


def content(home: Path) -> dict[str, str]:
    """Hashes of what a run leaves: documents without their time, passages, vectors, and the files of the index."""
    queries = {
        "documents": "SELECT id, uri, source_sha256, metadata, text, blocks, pages, reader, warnings, pipeline FROM documents",
        "passages": 'SELECT id, ordinal, text, start, "end", page, section, context, vector_key FROM passages',
        "vectors": "SELECT v.key, v.vector, t.codes FROM vectors AS v JOIN token_codes AS t ON t.vector = v.num",
    }
    with closing(sqlite3.connect(home / "store.sqlite")) as connection:
        found = {name: _hash(sorted(map(repr, connection.execute(query)))) for name, query in queries.items()}
    manifest = next(iter(sorted(home.rglob("manifest.json"))))
    return found | {"digest": json.loads(manifest.read_text())["digest"]}


def _hash(rows: list[str]) -> str:
    return f"{len(rows)} rows {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:16]}"


def run(settings: Settings, runner: RayRunner | None = None) -> dict[str, object]:
    began = time.monotonic()
    report = reindex(settings, [settings.corpus], Options(jobs=2, runner=runner), identify, open_slow)
    failures = sorted((failure.uri, failure.reason) for failure in report.failures)
    counts = {"added": report.added, "embedded": report.embedded, "passages": report.passages, "failures": failures}
    return counts | content(settings.home) | {"seconds": round(time.monotonic() - began, 1)}


# ---- nodes ------------------------------------------------------------------------------------------------------------------


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


def start_nodes(folder: Path) -> None:
    token = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    common = ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats"]
    start = [sys.executable, "-m", "ray.scripts.scripts", "start"]
    head = ["--head", "--port=6399", "--include-dashboard=false", f"--temp-dir={folder / 'ray'}"]
    _quietly([*start, *head, *common])
    others = [threading.Thread(target=_quietly, args=([*start, f"--address={ADDRESS}", *common],)) for _ in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}")


def processes(fits: Callable[[str], bool]) -> list[int]:
    """Of this namespace alone, which has its own /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if fits(command):
                found.append(int(entry.name))
    return found


def kill_when(table: str, home: Path, victim: Callable[[], int], killed: list[int]) -> None:
    """Once there are rows of a table in the store, and so others under way on every node."""
    while True:
        time.sleep(0.05)
        if not (home / "store.sqlite").exists():
            continue
        with closing(sqlite3.connect(home / "store.sqlite")) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
            if tables and connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:
                break
    killed.append(victim())
    os.kill(killed[0], signal.SIGKILL)


def is_node(command: str) -> bool:
    return "/raylet --raylet_socket_name" in command and " --head" not in command


def is_worker(command: str) -> bool:
    return command.startswith("ray::NodeWorker")


def with_kill(folder: Path, name: str, table: str, fits: Callable[[str], bool]) -> dict[str, object]:
    settings = settings_for(folder, name)
    killed: list[int] = []
    arguments = (table, settings.home, lambda: max(processes(fits)), killed)
    killer = threading.Thread(target=kill_when, args=arguments, daemon=True)
    killer.start()
    with RayRunner(ADDRESS, settings, identify, open_slow) as runner:
        outcome = run(settings, runner)
        return outcome | {"killed": killed, "deaths": runner.cluster().deaths}


def with_the_run_killed(folder: Path, name: str) -> dict[str, object]:
    """Its state is in the store: the next run does what is left."""
    settings = settings_for(folder, name)
    first = subprocess.Popen([sys.executable, "-m", "tests.ray_bench", str(folder), name], stdout=subprocess.DEVNULL)
    killed: list[int] = []
    kill_when("vectors", settings.home, lambda: first.pid, killed)
    first.wait()
    with RayRunner(ADDRESS, settings, identify, open_slow) as runner:
        return run(settings, runner) | {"killed": killed}


def refused(folder: Path) -> str:
    """Why the run has no node to work with, in words."""
    settings = settings_for(folder, "refused-home")
    try:
        with RayRunner(ADDRESS, settings, identify, open_slow) as runner:
            run(settings, runner)
    except KnowledgeBaseError as error:
        return f"{type(error).__name__}: {error}"
    return "it ran"


def without_authentication(folder: Path) -> str:
    mode = os.environ.pop("RAY_AUTH_MODE")
    try:
        return refused(folder)
    finally:
        os.environ["RAY_AUTH_MODE"] = mode


def other_program(folder: Path) -> str:
    """The run has another segmenter than the nodes, which have the files' own."""
    ingest.versions.SEGMENTER_VERSION += 1
    try:
        return refused(folder)
    finally:
        ingest.versions.SEGMENTER_VERSION -= 1


def wrong_token(folder: Path) -> dict[str, object]:
    """As an operator would see it."""
    arguments = ["-m", "ingest", "reindex", str(folder / "docs"), "--runner", "ray", "--ray-address", ADDRESS]
    changed = {"RAY_AUTH_TOKEN": secrets.token_hex(32), "KB_HOME": str(folder / "token-home")}
    began = time.monotonic()
    done = subprocess.run([sys.executable, *arguments], env=os.environ | changed, capture_output=True, text=True, check=False)
    return {"status": done.returncode, "said": done.stderr, "seconds": round(time.monotonic() - began, 1)}


def main(folder: Path, alone: str = "") -> None:
    """`alone`: only run, into the home of that name; the nodes are there."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    ingest.pipeline.BATCH, ingest.shards.FILES = 64, 4  # so that there are several batches and shards for each node
    if alone:
        settings = settings_for(folder, alone)
        with RayRunner(ADDRESS, settings, identify, open_slow) as runner:
            run(settings, runner)
        return
    raise_loopback()
    write_documents(folder / "docs")
    began = time.monotonic()
    start_nodes(folder)
    outcome: dict[str, object] = {"nodes_up_seconds": round(time.monotonic() - began, 1)}
    outcome["no authentication"] = without_authentication(folder)
    outcome["wrong token"] = wrong_token(folder)
    outcome["other program"] = other_program(folder)
    outcome["local"] = run(settings_for(folder, "local-home"))
    outcome["worker killed"] = with_kill(folder, "worker-home", "documents", is_worker)
    outcome["run killed"] = with_the_run_killed(folder, "run-home")
    outcome["node killed"] = with_kill(folder, "node-home", "vectors", is_node)
    print(json.dumps(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
