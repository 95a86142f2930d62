r"""Three Ray nodes on this machine, in network and process namespaces of their own, for the tests of the Ray runner.

    RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=FOLDER/token PYTHONPATH=. \
    unshare --net --pid --fork --mount-proc --kill-child python -m tests.ray_bench FOLDER

Whatever it starts ends with the namespace. The last line that it prints is the outcome as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

import ingest.versions
from ingest.ray_runner import RayRunner
from ingest.reindex import Options, reindex
from kb.config import Settings
from kb.errors import KnowledgeBaseError
from tests.ray_network import raise_loopback
from tests.ray_nodes import (
    START,
    content,
    identify,
    is_node,
    is_worker,
    kill_all,
    make_small_tasks,
    open_slow,
    processes,
    quietly,
    rows,
    settings_for,
    wait_for,
    write_documents,
    write_token,
)  # fmt: skip

ADDRESS = "127.0.0.1:6399"
FILES = 40


def run(settings: Settings, runner: RayRunner | None = None) -> dict[str, object]:
    report = reindex(settings, [settings.corpus], Options(jobs=2, runner=runner), identify, open_slow)
    failures = sorted((failure.uri, failure.reason) for failure in report.failures)
    return {"added": report.added, "embedded": report.embedded, "failures": failures} | content(settings.home)


def start_nodes(folder: Path) -> None:
    write_token(Path(os.environ["RAY_AUTH_TOKEN_PATH"]))
    start = [*START, "--node-ip-address=127.0.0.1", "--disable-usage-stats"]
    quietly([*start, "--head", "--port=6399", "--include-dashboard=false", f"--temp-dir={folder / 'ray'}"])
    for _ in range(2):  # one after the other: at once, both may take the same names for their sockets
        quietly([*start, f"--address={ADDRESS}"])


def kill_along(home: Path, killed: list[int]) -> None:
    """A worker once something was read, and so more is under way on every node; and a node once something was embedded."""
    for table, fits in (("documents", is_worker), ("vectors", is_node)):
        wait_for(lambda table=table: rows(home, table))
        victim = max(processes(fits)) if fits is is_worker else min(processes(fits))
        kill_all([victim])
        killed.append(victim)


def with_kills(folder: Path) -> dict[str, object]:
    settings = settings_for(folder, "kills-home")
    killed: list[int] = []
    threading.Thread(target=kill_along, args=(settings.home, killed), daemon=True).start()
    with RayRunner(ADDRESS, settings, identify, open_slow) as runner:
        outcome = run(settings, runner)
        return outcome | {"killed": len(killed), "deaths": runner.cluster().deaths}


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
    done = subprocess.run([sys.executable, *arguments], env=os.environ | changed, capture_output=True, text=True, check=False)
    return {"status": done.returncode, "said": done.stderr}


def main(folder: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    make_small_tasks()
    raise_loopback()
    write_documents(folder / "docs", FILES)
    outcome: dict[str, object] = {}
    seconds: dict[str, float] = {}
    steps = {
        "start": lambda: start_nodes(folder),
        "no authentication": lambda: without_authentication(folder),
        "wrong token": lambda: wrong_token(folder),
        "other program": lambda: other_program(folder),
        "local": lambda: run(settings_for(folder, "local-home")),
        "kills": lambda: with_kills(folder),
    }
    for name, step in steps.items():
        began = time.monotonic()
        outcome[name] = step()
        seconds[name] = round(time.monotonic() - began, 1)
    print(json.dumps(outcome | {"seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
