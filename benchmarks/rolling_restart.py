"""Restart two web processes behind nginx while readers ask: `python -m benchmarks.rolling_restart QUESTIONS.jsonl [--readers 8]`.

Uses KB_HOME's index, nginx with deploy/nginx.conf (its TLS and ports replaced) and deploy/rolling-restart.sh. Prints requests,
failures and latencies before, during and after the restarts. Exit status 1 if a request failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
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

ROOT = Path(__file__).parents[1]


class Asked(NamedTuple):
    """When on the monotonic clock, how long in seconds, and what failed ("" if nothing)."""

    at: float
    seconds: float
    failure: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="how many times both are restarted")
    options = parser.parse_args()
    if shutil.which("nginx") is None:
        print("nginx is not installed; install it to run this.", file=sys.stderr)
        return 1
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), questions, options.readers, options.rounds)


def measure(folder: Path, questions: Sequence[str], readers: int, rounds: int) -> int:
    public, *ports = free_ports(3)
    restart = folder / "restart"
    restart.write_text(
        f'#!/bin/sh\nold=$(cat "{folder}/$1.pid")\nkill -TERM "$old"\n'
        f'while [ "$(cat "{folder}/$1.pid")" = "$old" ]; do sleep 0.05; done\n'
    )
    restart.chmod(0o755)
    stop, asked = threading.Event(), list[Asked]()
    supervisors = [threading.Thread(target=keep_running, args=(folder, port, stop)) for port in ports]
    for supervisor in supervisors:
        supervisor.start()
    for port in ports:
        until_ready(port)
    nginx = start_nginx(folder, public, ports)
    asking = [threading.Thread(target=ask, args=(public, questions[n:] + questions[:n], stop, asked)) for n in range(readers)]
    for one in asking:
        one.start()
    time.sleep(5)
    began = time.monotonic()
    environment = os.environ | {"RESTART": str(restart)}
    for _ in range(rounds):
        subprocess.run(["bash", str(ROOT / "deploy/rolling-restart.sh"), *map(str, ports)], env=environment, check=True)
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
    return report(asked, began, ended)


def report(asked: Sequence[Asked], began: float, ended: float) -> int:
    spans = {
        "before": [one for one in asked if one.at < began],
        "during": [one for one in asked if began <= one.at <= ended],
        "after": [one for one in asked if one.at > ended],
    }
    print("| | requests | failed | p50 ms | p95 ms | longest ms |\n|---|---|---|---|---|---|")
    for name, ones in spans.items():
        p50, p95, longest = np.percentile([one.seconds * 1000 for one in ones], [50, 95, 100])
        print(f"| {name} | {len(ones)} | {sum(bool(one.failure) for one in ones)} | {p50:.0f} | {p95:.0f} | {longest:.0f} |")
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
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8001", f"127.0.0.1:{ports[0]}").replace("127.0.0.1:8002", f"127.0.0.1:{ports[1]}")
    text = text[: text.rindex("server {")]  # the one that leads from http to https
    text = re.sub(r"(?m)^\s*(?:ssl_|listen \[|add_header Strict).*\n", "", text)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{public};")
    whole = (
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
    )
    (folder / "nginx.conf").write_text(whole, encoding="utf-8")
    process = subprocess.Popen(["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    until_ready(public)
    return process


def ask(port: int, questions: Sequence[str], stop: threading.Event, asked: list[Asked]) -> None:
    number = 0
    while not stop.is_set():
        body = json.dumps({"question": questions[number % len(questions)]}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}, method="POST"
        )
        began, failure = time.monotonic(), ""
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                json.load(answer)
        except (OSError, ValueError) as error:
            failure = f"{type(error).__name__}: {error}"
        asked.append(Asked(began, time.monotonic() - began, failure))
        number += 1


def free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    sys.exit(main())
