"""Kill runs of the re-index, of gc, rollback and repair some hundred times, and prove the state after each.

    python -m benchmarks.crash [--kills 200] [--seed 1] [--sandbox]

Half of the kills are at chosen steps (each, every time that a run comes by it), half after a random time, up to three runs
killed one after the other before one may end. What is proved after each: see tests/test_crash.py. Exit status 1 if anything
was wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash_bench import ACTIONS, Crashes, Runner

MOST_IN_A_ROW = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sandbox", action="store_true", help="read files in their sandbox, as the program does (slow)")
    options = parser.parse_args()
    runner = Runner()
    with tempfile.TemporaryDirectory() as folder:
        told = _killed(Crashes(Path(folder), runner), options)
    runner.close()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n{'action':10} {'kills at a step':>16} {'at random':>10} {'too late':>9} {'wrong':>6}")
    for action in ACTIONS:
        counts = [told[action, kind] for kind in ("step", "time", "late", "wrong")]
        print(f"{action:10} {counts[0]:16} {counts[1]:10} {counts[2]:9} {counts[3]:6}")
    killed = sum(count for (_, kind), count in told.items() if kind in ("step", "time"))
    wrong = sum(count for (_, kind), count in told.items() if kind == "wrong")
    print(f"{killed} kills, {wrong} wrong; load {load}, seed {options.seed}")
    return 1 if wrong else 0


def _killed(crashes: Crashes, options: argparse.Namespace) -> Counter[tuple[str, str]]:
    chosen, told = random.Random(options.seed), Counter[tuple[str, str]]()
    whole = {action: crashes.unkilled(action) for action in ACTIONS}
    points = [
        (action, [step, nth])
        for action, told_of in whole.items()
        for step, times in told_of["steps"].items()
        for nth in range(1, times + 1)
    ]
    chosen.shuffle(points)
    done = 0
    while done < options.kills:
        if points and done % 2 == 0:
            action, point = points.pop()
            kills: list[dict[str, Any]] = [{"kill": point}]
        else:
            action = chosen.choice(["reindex"] * 3 + list(ACTIONS))
            kills = [{"after": chosen.uniform(0, whole[action]["seconds"])} for _ in range(chosen.randint(1, MOST_IN_A_ROW))]
        for kill in kills:
            kill["sandbox"] = options.sandbox
        try:
            statuses = crashes.trial(action, *kills)
        except AssertionError as error:
            told[action, "wrong"] += 1
            statuses = []
            print(f"\n{action} {kills}: {str(error)[:500]}", file=sys.stderr)
        for status in statuses:
            told[action, "late" if status == 0 else "step" if "kill" in kills[0] else "time"] += 1
        done += sum(status != 0 for status in statuses)
        print(f"\r{done} kills", end="", file=sys.stderr)
    return told


if __name__ == "__main__":
    sys.exit(main())
