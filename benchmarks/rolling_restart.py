"""Restart two web processes behind nginx while readers ask: `python -m benchmarks.rolling_restart QUESTIONS.jsonl [--readers 8]`.

Uses KB_HOME's index, or KB_STORE's, nginx with deploy/nginx.conf (its TLS and ports replaced) and deploy/rolling-restart.sh.
`--during COMMAND` is run by the shell while the first processes are restarted: a publish, say. Prints requests, failures, answers
that were flagged as possibly stale, and latencies before, during and after the restarts. Exit status 1 if a request failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.ports import free_ports

ROOT = Path(__file__).parents[1]


class Asked(NamedTuple):
    """When on the monotonic clock, how long in seconds, what failed ("" if nothing), and whether the answer may be stale."""

    at: float
    seconds: float
    failure: str
    flagged: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="how many times both are restarted")
    parser.add_argument("--during", default="true", metavar="COMMAND", help="what the shell runs meanwhile")
    options = parser.parse_args()
    if shutil.which("nginx") is None:
        print("nginx is not installed; install it to run this.", file=sys.stderr)
        return 1
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), questions, options)


def measure(folder: Path, questions: Sequence[str], options: argparse.Namespace) -> int:
    public, *ports = free_ports(3)
    stop, asked = threading.Event(), list[Asked]()
    supervisors = [threading.Thread(target=keep_running, args=(folder, port, stop)) for port in ports]
    for supervisor in supervisors:
        supervisor.start()
    for port in ports:
        until_ready(port)
    nginx = start_nginx(folder, public, ports)
    asking = [
        threading.Thread(target=ask, args=(public, questions[n:] + questions[:n], stop, asked)) for n in range(options.readers)
    ]
    for one in asking:
        one.start()
    time.sleep(5)
    began = time.monotonic()
    meanwhile = subprocess.Popen(options.during, shell=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    restart(folder, ports, options.rounds)
    code = meanwhile.wait()
    ended = time.monotonic()
    time.sleep(5)
    stop.set()
    for one in asking:
        one.join()
    for port in ports:
        os.kill(int((folder / f"{port}.pid").read_text()), signal.SIGTERM)
    for supervisor in supervisors:
        supervisor.join()
    nginx.terminate()
    nginx.wait()
    if code:
        print(f"{options.during!r} ended with {code}.", file=sys.stderr)
    return report(asked, began, ended) or code


def restart(folder: Path, ports: Sequence[int], rounds: int) -> None:
    command = folder / "restart"
    command.write_text(
        f'#!/bin/sh\nold=$(cat "{folder}/$1.pid")\nkill -TERM "$old"\n'
        f'while [ "$(cat "{folder}/$1.pid")" = "$old" ]; do sleep 0.05; done\n'
    )
    command.chmod(0o755)
    environment = os.environ | {"RESTART": str(command)}
    for _ in range(rounds):
        subprocess.run(["bash", str(ROOT / "deploy/rolling-restart.sh"), *map(str, ports)], env=environment, check=True)


def report(asked: Sequence[Asked], began: float, ended: float) -> int:
    spans = {
        "before": [one for one in asked if one.at < began],
        "during": [one for one in asked if began <= one.at <= ended],
        "after": [one for one in asked if one.at > ended],
    }
    print("| | requests | failed | flagged stale | p50 ms | p95 ms | longest ms |\n|---|---|---|---|---|---|---|")
    for name, ones in spans.items():
        p50, p95, longest = np.percentile([one.seconds * 1000 for one in ones], [50, 95, 100])
        failed, flagged = sum(bool(one.failure) for one in ones), sum(one.flagged for one in ones)
        print(f"| {name} | {len(ones)} | {failed} | {flagged} | {p50:.0f} | {p95:.0f} | {longest:.0f} |")
    failures = [one.failure for one in asked if one.failure]
    for failure in sorted(set(failures)):
        print(f"{failures.count(failure)} × {failure}")
    return 1 if failures else 0


def keep_running(folder: Path, port: int, stop: threading.Event) -> None:
    """Plays the service manager: starts the web process again whenever it ends."""
    while not stop.is_set():
        process = subprocess.Popen(
            [sys.executable, "-m", "web", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        written = folder / f"{port}.new"
        written.write_text(str(process.pid))
        written.rename(folder / f"{port}.pid")
        process.wait()


def until_ready(port: int) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"the web process on port {port} did not get ready; is KB_HOME indexed?")


def start_nginx(folder: Path, public: int, ports: Sequence[int]) -> subprocess.Popen[bytes]:
    (folder / "nginx.conf").write_text(configuration(folder, public, ports), encoding="utf-8")
    process = subprocess.Popen(["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    until_ready(public)
    return process


def configuration(folder: Path, public: int, ports: Sequence[int]) -> str:
    """deploy/nginx.conf without TLS, with these ports."""
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8001", f"127.0.0.1:{ports[0]}").replace("127.0.0.1:8002", f"127.0.0.1:{ports[1]}")
    text = text[: text.rindex("server {")]  # the one that leads from http to https
    text = re.sub(r"(?m)^\s*(?:ssl_|listen \[|add_header Strict).*\n", "", text)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{public};")
    return (
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
    )


def ask(port: int, questions: Sequence[str], stop: threading.Event, asked: list[Asked]) -> None:
    number = 0
    while not stop.is_set():
        body = json.dumps({"question": questions[number % len(questions)]}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}, method="POST"
        )
        began, failure, flagged = time.monotonic(), "", False
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                flagged = json.load(answer)["index"]["stale"]
        except (OSError, ValueError) as error:
            failure = f"{type(error).__name__}: {error}"
        asked.append(Asked(began, time.monotonic() - began, failure, flagged))
        number += 1


if __name__ == "__main__":
    sys.exit(main())
