"""What the trials of the Ray runner share: documents, a model that takes its time, nodes, and what a run leaves."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import ingest.pipeline
import ingest.shards
from kb.config import Settings, settings_from
from kb.embed import Encoded
from tests.fakes import FakeEncoder

ROOT = Path(__file__).parents[1]
SENTENCE = "tonnes of wheat from Karachi to Tashkent"
PARAGRAPHS = 30
UNSHARE = ("unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
CONTENT = ("digest", "documents", "passages", "vectors")
START = (sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1", "--object-store-memory=100000000")


def missing() -> str:
    """Why no Ray can be started here; "" if it can."""
    if find_spec("ray") is None:
        return "Ray is not installed (requirements-ray.txt)"
    may = which("unshare") and not subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=60, check=False).returncode
    return "" if may else "this user may not make network and process namespaces (unshare)"


def outcome_of(module: str, folder: Path, seconds: int) -> dict[str, Any]:
    """What a module found that plays with nodes in namespaces of its own, within so many seconds."""
    command = [*UNSHARE, sys.executable, "-m", module, str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr[-6000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class SlowEncoder(FakeEncoder):
    """So slow that there is something to interrupt; and it waits as long as the file HOLD is there."""

    def encode_passages(self, texts, contexts) -> list[Encoded]:
        time.sleep(0.3)
        wait_for(lambda: not os.path.exists(os.environ.get("HOLD", "")))
        return super().encode_passages(texts, contexts)


def identify(_settings: Settings) -> tuple[str, str]:
    return "fake", "fake-digest"


def open_slow(_settings: Settings) -> FakeEncoder:
    return SlowEncoder()


def make_small_tasks() -> None:
    """So that there are several batches and shards for each node."""
    ingest.pipeline.BATCH, ingest.shards.FILES = 64, 4


def write_documents(folder: Path, files: int) -> None:
    """So many texts, and a few of each other kind, one of which is damaged."""
    folder.mkdir()
    for number in range(files):
        paragraphs = [f"Clause {n} of agreement {number} moves {number * n} {SENTENCE}. " * 8 for n in range(PARAGRAPHS)]
        (folder / f"{number:03}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    (folder / "007.txt.meta.toml").write_text('title = "The seventh"\nkind = "agreement"\n', encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    for name in ("treaty.pdf", "rules.docx", "items.jsonl", "mail.eml", "trade.xlsx"):
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


def rows(home: Path, table: str) -> int:
    """In a store that a run may be writing to, or not have made yet."""
    if not (home / "store.sqlite").exists():
        return 0
    with closing(sqlite3.connect(home / "store.sqlite")) as connection:
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) if made else 0


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    """Raises TimeoutError, after so long that something must be wrong."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"nothing happened for {seconds:.0f} s")
        time.sleep(0.05)


# ---- nodes ------------------------------------------------------------------------------------------------------------------


def environment(folder: Path) -> dict[str, str]:
    """Of everything that has to do with Ray: nothing of the caller's own settings."""
    told = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(ROOT),
        "HOLD": str(folder / "hold"),
    }
    return {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "KB_"))} | told


def write_token(path: Path) -> None:
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)


def quietly(command: list[str], **changed: str) -> None:
    """Raises SystemExit with what the command said, if it failed."""
    done = subprocess.run(
        command, env=os.environ | changed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}")


def processes(fits: Callable[[str], bool]) -> list[int]:
    """Of this process namespace alone, which has its own /proc; oldest first. One that ends meanwhile is none."""
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and fits(_command(entry)))


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def kill_all(victims: list[int]) -> None:
    for victim in victims:
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(victim, signal.SIGKILL)


def is_raylet(command: str) -> bool:
    return "/raylet --raylet_socket_name" in command


def is_node(command: str) -> bool:
    """One that is not the head."""
    return is_raylet(command) and " --head" not in command


def is_head(command: str) -> bool:
    return "/gcs_server " in command


def is_worker(command: str) -> bool:
    return command.startswith("ray::NodeWorker")
