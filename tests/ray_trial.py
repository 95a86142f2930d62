r"""Machines with addresses of their own, and what may happen to them in the middle of a run: for tests/test_ray_network.py.

    unshare --net --pid --fork --mount-proc --kill-child python -m tests.ray_trial FOLDER [STEP ...]

with the environment that `ray_nodes.environment` makes. The last line that it prints is the outcome as JSON.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingest.reindex import Options, reindex
from tests.ray_network import Machine, Network
from tests.ray_nodes import (
    ROOT,
    SENTENCE,
    START,
    content,
    identify,
    is_head,
    is_raylet,
    kill_all,
    open_slow,
    quietly,
    rows,
    settings_for,
    wait_for,
    write_documents,
    write_token,
)  # fmt: skip

FILES = 60
PORT = 6379
PATIENCE = 120  # seconds for a node to start
EVERYTHING = 0x0003  # ETH_P_ALL


@dataclass
class Run:
    """`python -m tests.ray_job` on a machine."""

    process: subprocess.Popen[bytes]
    home: Path
    out: Path
    err: Path
    began: float = field(default_factory=time.monotonic)

    def said(self) -> str:
        return self.err.read_text(encoding="utf-8")

    def ended(self) -> dict[str, object]:
        status = self.process.wait(timeout=600)
        seconds = round(time.monotonic() - self.began, 1)
        told = [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        failures = [failure["uri"] for failure in told[0]["failures"]] if told else []
        report = {"embedded": told[0]["embedded"], "failures": failures} if told else {}
        print(status, self.said()[-2000:], file=sys.stderr, flush=True)
        return report | {"status": status, "said": self.said(), "held": told[1:], "seconds": seconds}


class Trial:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.encrypts = False
        self.network = Network(folder / "ray")
        self.machines = [self.network.add() for _ in range(3)]
        self.address = f"{self.machines[0].address}:{PORT}"
        write_token(Path(os.environ["RAY_AUTH_TOKEN_PATH"]))
        write_documents(folder / "docs", FILES)

    def told(self, machine: Machine) -> dict[str, str]:
        """What is set on a machine beside what is set on all."""
        names = {"RAY_TLS_CA_CERT": "ca.pem", "RAY_TLS_SERVER_CERT": "node.pem", "RAY_TLS_SERVER_KEY": "node.key"}
        paths = {name: str(self.folder / "certificates" / machine.address / file) for name, file in names.items()}
        return {"RAY_USE_TLS": "1"} | paths if self.encrypts else {}

    def start(self, machine: Machine, **changed: str) -> None:
        start = [*START, f"--node-ip-address={machine.address}", "--disable-usage-stats"]
        if machine is self.machines[0]:
            start += ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={self.folder / 'ray'}"]
        else:
            start.append(f"--address={self.address}")
        quietly(machine.inside(["timeout", str(PATIENCE), *start]), **(self.told(machine) | changed))

    def start_all(self) -> None:
        """The first three, the head first."""
        self.start(self.machines[0])
        others = [threading.Thread(target=self.start, args=(machine,)) for machine in self.machines[1:3]]
        for other in others:
            other.start()
        for other in others:
            other.join()

    def run(self, name: str, *arguments: str) -> Run:
        command = [sys.executable, "-m", "tests.ray_job", *arguments, str(self.folder / "docs"), self.address]
        home, out, err = (self.folder / f"{name}{end}" for end in ("", ".out", ".err"))
        with out.open("wb") as to_out, err.open("wb") as to_err:
            environment = os.environ | self.told(self.machines[0]) | {"KB_HOME": str(home)}
            process = subprocess.Popen(self.machines[0].inside(command), env=environment, stdout=to_out, stderr=to_err)
        return Run(process, home, out, err)

    # ---- what happens --------------------------------------------------------------------------------------------------------

    def local(self) -> dict[str, object]:
        settings = settings_for(self.folder, "local-home")
        report = reindex(settings, [settings.corpus], Options(jobs=2), identify, open_slow)
        return {"embedded": report.embedded} | content(settings.home)

    def cut_off_and_joined(self) -> dict[str, object]:
        """In the middle one machine is cut off from the others, and two come: one has another release of the program."""
        other, new = self.network.add((ROOT, self.other_release())), self.network.add()
        hold = Path(os.environ["HOLD"])
        hold.touch()
        with overheard(self.machines[0]) as heard:
            run = self.run("cut-home")
            wait_for(lambda: run.said().count("works along") == 3)
            wait_for(lambda: rows(run.home, "documents"))
            self.machines[2].unplug()
            for machine in (other, new):
                self.start(machine)
            wait_for(lambda: run.said().count("works along") == 4 and "gets no work" in run.said())
            hold.unlink()
            outcome = run.ended()
        self.machines[2].plug_in()
        return outcome | content(run.home) | {"overheard": sum(heard)}

    def other_release(self) -> Path:
        folder = self.folder / "other"
        for package in ("ingest", "kb", "tests"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("golden", "__pycache__"))
        with (folder / "kb" / "errors.py").open("a", encoding="utf-8") as file:
            file.write("# another release\n")
        return folder

    def strange_node(self) -> dict[str, object]:
        """A machine without the cluster's token wants to join."""
        try:
            self.start(self.network.add(), RAY_AUTH_TOKEN=secrets.token_hex(32))
        except SystemExit as error:
            return {"said": str(error)}
        return {"said": ""}

    def head_killed(self) -> dict[str, object]:
        """All of Ray on the first machine, where the run is too."""
        run = self.run("head-home")
        wait_for(lambda: rows(run.home, "vectors"))
        kill_all(self.machines[0].processes(lambda command: is_head(command) or is_raylet(command)))
        outcome = run.ended()
        return outcome | {"kept": rows(run.home, "vectors")}

    def head_again(self) -> dict[str, object]:
        """The same command as before, on nodes that were started again, and encrypt."""
        for machine in self.network.machines:
            kill_all(machine.processes(lambda command: is_head(command) or is_raylet(command) or command.startswith("ray::")))
        # What went in the open to the machine that was cut off goes again long after its sender is dead, and would be overheard.
        wait_for(lambda: not any(machine.has_unsent() for machine in self.network.machines))
        addresses = [machine.address for machine in self.machines]
        quietly([str(ROOT / "deploy" / "ray-certificates.sh"), str(self.folder / "certificates"), *addresses])
        self.encrypts = True
        self.start_all()
        with overheard(self.machines[0]) as heard:
            run = self.run("head-home")
            outcome = run.ended()
        return outcome | content(run.home) | {"overheard": sum(heard)}

    def without_encryption(self) -> dict[str, object]:
        """A machine that has the token and no certificate wants to join."""
        try:
            self.start(self.network.add(), RAY_USE_TLS="0")  # without its own certificate
        except SystemExit as error:
            return {"said": str(error)}
        return {"said": ""}

    def into_postgresql(self) -> dict[str, object]:
        run = self.run("postgres-home", "--postgresql")
        outcome = run.ended()
        return outcome | content(run.home)


@contextmanager
def overheard(machine: Machine):
    """How often the documents' sentence crosses the machine's wire, by packet: a list that grows."""
    heard: list[int] = []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING)) as wire:
        wire.bind((machine.name, 0))
        wire.settimeout(0.5)
        over = threading.Event()
        thread = threading.Thread(target=_listen, args=(wire, over, heard))
        thread.start()
        try:
            yield heard
        finally:
            over.set()
            thread.join()


def _listen(wire: socket.socket, over: threading.Event, heard: list[int]) -> None:
    while not over.is_set():
        try:
            heard.append(wire.recv(1 << 17).count(SENTENCE.encode()))
        except TimeoutError:
            continue


def main(folder: Path, *chosen: str) -> None:
    trial = Trial(folder)
    steps: dict[str, Callable[[], object]] = {
        "start": trial.start_all,
        "local": trial.local,
        "cut off and joined": trial.cut_off_and_joined,
        "strange node": trial.strange_node,
        "head killed": trial.head_killed,
        "head again": trial.head_again,
        "without encryption": trial.without_encryption,
        "into PostgreSQL": trial.into_postgresql,
    }
    outcome: dict[str, object] = {}
    seconds: dict[str, float] = {}
    for name in chosen or steps:
        began = time.monotonic()
        outcome[name] = steps[name]()
        seconds[name] = round(time.monotonic() - began, 1)
        print(name, seconds[name], outcome[name], file=sys.stderr, flush=True)
    print(json.dumps(outcome | {"seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
