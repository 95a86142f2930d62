"""Kill the primary of two database servers while two web processes answer: `python -m benchmarks.failover QUESTIONS.jsonl`.

[--rounds 4] [--readers 3] [--questions 40] [--folder DIR]

Runs the scripts of deploy/postgresql on a primary and a standby under synchronous commit, with fsync on, publishes a copy of
KB_HOME's index to them by `python -m ingest reindex` of one document more each time, and serves it by two web processes behind
nginx that read as the role of readers. KB_STORE names both servers throughout. Every other kill of the primary falls into a
publish, the others beside one; each is followed by promote.sh and rejoin.sh, so that the servers change places. Then the standby
is killed, and each server is made to hang (SIGSTOP).

An answer is flagged if it says that it may be stale, and wrong if it is not flagged and of an older generation than was
acknowledged when it was asked for, of one that was never made, or in other words than in the beginning. Exit status 1 if one was
wrong or an acknowledged publish was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.rolling_restart import ROOT, keep_running, start_nginx, until_ready
from kb.config import settings_from
from kb.manifest import folder_of, read_manifest
from kb.rollback import kept
from tests.ports import free_ports
from tests.postgres_pair import Pair, Server, lacking, pair

SETTINGS = "shared_buffers = 128MB\nmax_connections = 100\n"
PUBLISHING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wakhan ingest' AND backend_xid IS NOT NULL"
PAUSE = 2.0  # seconds between a kill and promote.sh: whoever decides it is not measured


@dataclass(frozen=True, slots=True)
class Asked:
    """When, on the monotonic clock; for how many seconds; what failed ("" if nothing); what is wrong with it; is it flagged?"""

    at: float
    seconds: float
    failure: str = ""
    wrong: str = ""
    flagged: bool = False


@dataclass(slots=True)
class Trial:
    """What runs, and what is known of it."""

    pair: Pair
    home: Path
    public: int
    known: dict[int, str] = field(default_factory=dict)  # generation → digest
    acknowledged: int = 0  # the newest generation
    texts: dict[str, str] = field(default_factory=dict)  # the answers in the beginning
    asked: list[Asked] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    published: int = 0
    lost: int = 0

    def publish(self, number: int) -> bool:
        """One document more is indexed and published. Whether that was acknowledged."""
        (self.home.parent / "trial").mkdir(exist_ok=True)
        (self.home.parent / "trial" / f"{number:03}.txt").write_text(f"This is document {number} of a trial of two servers.\n")
        environment = os.environ | {
            "KB_HOME": str(self.home),
            "KB_STORE": self.pair.address(options="&target_session_attrs=read-write"),
        }
        environment.pop("KB_STORE_READ", None)
        done = subprocess.run(
            [sys.executable, "-m", "ingest", "reindex", str(self.home.parent / "trial")],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        generation = kept(self.home).published
        self.known[generation] = read_manifest(folder_of(self.home, generation)).digest
        if done.returncode == 0:
            self.acknowledged = generation
            self.published += 1
        else:
            say(f"  a publish was not acknowledged: {(done.stderr or done.stdout).strip().splitlines()[-1][:300]}")
        return done.returncode == 0


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="QUESTIONS.jsonl")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where the servers are made; default: a temporary one")
    options = parser.parse_args()
    if why := lacking() or ("" if shutil.which("nginx") else "nginx is not installed; install it to run this"):
        print(f"{why}.", file=sys.stderr)
        return 1
    lines = options.file.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()][: options.questions]
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="wakhan-failover-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o711)  # the user postgres goes through it
        home = Path(name) / "home"
        shutil.copytree(settings_from(os.environ, Path.cwd()).home, home)
        with pair(Path(name), SETTINGS) as two:
            say("two servers under synchronous commit")
            two.second.script("standby.sh", two.first.place)
            two.first.script("synchronous.sh", "on")
            return tried(Trial(two, home, free_ports(1)[0]), questions, options)


def tried(trial: Trial, questions: Sequence[str], options: argparse.Namespace) -> int:
    two = trial.pair
    trial.publish(0)
    os.environ["KB_STORE"] = two.address("wakhan_web", options="&target_session_attrs=primary")
    os.environ["KB_STORE_READ"] = " ".join(two.address("wakhan_web", (server,)) for server in (two.first, two.second))
    rows = []
    with serving(trial), asking(trial, questions, options.readers):
        time.sleep(10)
        rows.append(row("nothing happens", trial, time.monotonic() - 10, "", ""))
        primary, standby = two.first, two.second
        for number in range(1, options.rounds + 1):
            rows.append(killed(trial, primary, standby, number))
            primary, standby = standby, primary
        rows.append(without_standby(trial, standby))
        rows += [hung(trial, standby, "the standby hangs for 15 s"), hung(trial, primary, "the primary hangs for 15 s")]
        rows.append(published_meanwhile(trial, options.rounds + 1))
    print("| what | answers | failed | flagged stale | wrong | first answer s | longest s | writable again s | rejoined s |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"\nacknowledged publishes kept: {trial.published - trial.lost} of {trial.published}; load {os.getloadavg()[0]:.0f}")
    for kind in ("failure", "wrong"):
        told = [getattr(one, kind) for one in trial.asked if getattr(one, kind)]
        for text in sorted(set(told)):
            print(f"{told.count(text)} × {kind}: {text}")
    return 1 if trial.lost or any(one.wrong for one in trial.asked) else 0


def killed(trial: Trial, primary: Server, standby: Server, number: int) -> str:
    """The primary is killed in a publish (odd numbers) or beside one, the standby promoted, the old primary rejoins."""
    inside = number % 2 == 1
    say(f"round {number}: the primary is killed {'in a' if inside else 'beside any'} publish")
    writer = threading.Thread(target=trial.publish, args=(number,))
    if inside:
        writer.start()
        while primary.psql(PUBLISHING) == "0" and writer.is_alive():
            time.sleep(0.02)
        time.sleep(random.uniform(0, 1.5))
        inside = writer.is_alive()
    else:
        trial.publish(number)
    began = time.monotonic()
    primary.kill()
    time.sleep(PAUSE)
    standby.script("promote.sh")
    wrote = written(trial)
    if inside:
        writer.join()
    acknowledged = trial.acknowledged
    trial.lost += not is_kept(standby, acknowledged, trial.known[acknowledged])
    time.sleep(8)  # until the web processes have asked again
    ended = time.monotonic()
    primary.script("rejoin.sh", standby.place)
    rejoined = time.monotonic() - ended
    standby.script("synchronous.sh", "on")
    if not trial.publish(number):
        say("  publishing after the failover FAILED")
        trial.lost += 1
    what = f"primary killed {'in' if inside else 'beside'} a publish"
    return row(what, trial, began, f"{wrote - began:.1f}", f"{rejoined:.1f}", ended)


def written(trial: Trial) -> float:
    """When a change was committed by the address that names both servers."""
    while True:
        try:
            with psycopg.connect(trial.pair.address(options="&target_session_attrs=read-write"), connect_timeout=3) as server:
                server.execute("UPDATE wakhan.published SET number = number")
            return time.monotonic()
        except psycopg.OperationalError:
            time.sleep(0.1)


def is_kept(server: Server, generation: int, digest: str) -> bool:
    """Whether it is there, and no older one is published."""
    sql = f"""SELECT count(*) FROM wakhan.generations AS g JOIN pg_namespace AS n ON n.nspname = g.schema_name
      WHERE g.generation = {generation} AND g.digest = '{digest}' AND g.number <= (SELECT number FROM wakhan.published)"""
    return server.psql(sql, "wakhan") == "1"


def without_standby(trial: Trial, standby: Server) -> str:
    say("the standby is killed")
    began = time.monotonic()
    standby.kill()
    time.sleep(15)
    ended = time.monotonic()
    standby.start()
    return row("standby killed, 15 s", trial, began, "", f"{time.monotonic() - ended:.1f}", ended)


def hung(trial: Trial, server: Server, what: str) -> str:
    say(what)
    began = time.monotonic()
    server.hang()
    time.sleep(15)
    server.go_on()
    time.sleep(8)
    return row(what, trial, began, "", "")


def published_meanwhile(trial: Trial, number: int) -> str:
    say("a publish")
    began = time.monotonic()
    if not trial.publish(number):
        trial.lost += 1
    return row("a publish, nothing killed", trial, began, "", "")


def row(what: str, trial: Trial, began: float, writable: str, rejoined: str, ended: float = 0) -> str:
    ended = ended or time.monotonic()
    ones = [one for one in list(trial.asked) if began <= one.at + one.seconds and one.at <= ended]
    first = min((one.at + one.seconds - began for one in ones if one.at >= began and not one.failure), default=float("nan"))
    longest = max((one.seconds for one in ones), default=float("nan"))
    counts = [sum(bool(getattr(one, name)) for one in ones) for name in ("failure", "flagged", "wrong")]
    cells = [what, len(ones), *counts, f"{first:.1f}", f"{longest:.1f}", writable, rejoined]
    return f"| {' | '.join(map(str, cells))} |"


@contextmanager
def serving(trial: Trial) -> Iterator[None]:
    """Two web processes, each with a KB_HOME of its own and nothing in it, behind nginx."""
    folder, ports, stop = trial.home.parent, free_ports(2), threading.Event()
    os.environ["KB_HOME"] = str(folder / "web")
    supervisors = [threading.Thread(target=keep_running, args=(folder, port, stop)) for port in ports]
    for one in supervisors:
        one.start()
    try:
        for port in ports:
            until_ready(port)
        nginx = start_nginx(folder, trial.public, ports)
        try:
            yield
        finally:
            nginx.terminate()
            nginx.wait()
    finally:
        stop.set()
        for port in ports:
            os.kill(int((folder / f"{port}.pid").read_text()), signal.SIGTERM)
        for one in supervisors:
            one.join()


@contextmanager
def asking(trial: Trial, questions: Sequence[str], readers: int) -> Iterator[None]:
    say("the questions, once")
    for question in questions:
        trial.texts[question] = answered(trial.public, question)["text"]
    threads = [threading.Thread(target=ask, args=(trial, questions, n * 7)) for n in range(readers)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        trial.stop.set()
        for one in threads:
            one.join()


def ask(trial: Trial, questions: Sequence[str], number: int) -> None:
    while not trial.stop.is_set():
        question, expected = questions[number % len(questions)], trial.acknowledged
        number += 1
        began = time.monotonic()
        try:
            answer = answered(trial.public, question)
        except (OSError, ValueError) as error:
            detail = error.read().decode()[:300] if isinstance(error, urllib.error.HTTPError) else ""
            trial.asked.append(Asked(began, time.monotonic() - began, f"{type(error).__name__}: {error} {detail}"))
            time.sleep(0.2)
            continue
        trial.asked.append(judged(trial, question, expected, (began, time.monotonic() - began), answer))


def judged(trial: Trial, question: str, expected: int, span: tuple[float, float], answer: dict[str, Any]) -> Asked:
    index, wrong = answer["index"], ""
    known = trial.known.get(index["generation"])
    if not index["stale"] and index["generation"] < expected:
        wrong = f"generation {index['generation']} where {expected} was acknowledged, not flagged"
    elif known not in (None, index["digest"]):  # None: it is being published right now
        wrong = f"generation {index['generation']} with another digest"
    elif answer["text"] != trial.texts[question]:
        wrong = f"another answer to {question!r}"
    return Asked(*span, wrong=wrong, flagged=bool(index["stale"]))


def answered(port: int, question: str) -> dict[str, Any]:
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
