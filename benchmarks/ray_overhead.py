r"""What Ray costs: `reindex` through one node of a cluster on this machine, beside the local runner, on the same files in turn.

    unshare --net --pid --fork --mount-proc --kill-child python -m benchmarks.ray_overhead FOLDER [--rounds 3] [--files 40]

FOLDER is emptied and gets files of 9,000 characters. Both sides embed with KB_MODEL on all processors, read with as many
processes as there are processors, and write into a new store each time. Elapsed time of whole commands, model loading and leaving
the cluster included; starting the node is not. Needs requirements-ray.txt, and root.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.ray_network import raise_loopback
from tests.ray_nodes import environment, quietly, write_token

ADDRESS = "127.0.0.1:6399"
CHARACTERS = 9000
WORDS = "transit corridor railway tariff wheat customs border Tashkent Karachi agreement gas power line transport trade".split()


def write_files(folder: Path, files: int) -> None:
    chance = random.Random(7)
    folder.mkdir()
    for number in range(files):
        text = f"Report {number}\n\n"
        while len(text) < CHARACTERS:
            text += " ".join(chance.choices(WORDS, k=14)).capitalize() + f" {chance.randrange(10**6)}. "
            text += "\n\n" if chance.random() < 0.1 else ""
        (folder / f"{number:04}.txt").write_text(text, encoding="utf-8")


def run(folder: Path, name: str, told: dict[str, str]) -> dict[str, float]:
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    arguments = ["--runner", "ray", "--ray-address", ADDRESS] if name == "ray" else []
    command = [sys.executable, "-m", "ingest", "reindex", str(folder / "docs"), "--json", *arguments]
    began = time.monotonic()
    done = subprocess.run(command, env=told | {"KB_HOME": str(home)}, stdout=subprocess.PIPE, check=True)
    seconds = time.monotonic() - began
    report = json.loads(done.stdout)
    return {"elapsed": round(seconds, 1), "run": report["seconds"], "passages": report["passages"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=40)
    options = parser.parse_args()
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_files(folder / "docs", options.files)
    raise_loopback()
    told = environment(folder)
    os.environ.clear()
    os.environ |= told
    write_token(folder / "token")
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--port=6399", "--node-ip-address=127.0.0.1"]
    quietly([*start, "--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={folder / 'ray'}"])
    taken: dict[str, list[dict[str, float]]] = {"local": [], "ray": []}
    run(folder, "local", told)  # unpacks the model where that has not been done
    for _ in range(options.rounds):
        for name, so_far in taken.items():
            so_far.append(run(folder, name, told))
            print(name, so_far[-1], "load", os.getloadavg()[0], flush=True)
    for what in ("elapsed", "run"):
        ratios = [ray[what] / local[what] for local, ray in zip(taken["local"], taken["ray"], strict=True)]
        print(f"{what}: ray / local, median {statistics.median(ratios):.2f} of {[round(ratio, 2) for ratio in ratios]}")


if __name__ == "__main__":
    main()
