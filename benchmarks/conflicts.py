"""How many questions on disagreements get a conflict, and how many of the others do.

    python -m benchmarks.conflicts QUESTIONS.jsonl [--show]

Needs an index (KB_HOME). Questions are those of `python -m kb eval`; kind "comparison" wants a conflict, every other kind is
counted as false if it gets one, also where the sources do disagree: read those with --show. Abstentions show none. Times are the
step's own, the first question left out, which opens the index.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path

from kb.config import settings_from
from kb.evaluate import load_questions
from kb.library import Library
from kb.records import Answer

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    parser.add_argument("--show", action="store_true", help="print the conflicts")
    options = parser.parse_args()
    library = Library.open(settings_from(os.environ, ROOT))
    library.ready()
    wanted: list[bool] = []
    others: list[bool] = []
    times: list[float] = []
    for gold in load_questions(options.questions):
        answer = library.ask(gold.question)
        (wanted if gold.kind == "comparison" else others).append(any(one.contradicts for one in answer.conflicts))
        times.append(answer.timings_ms["conflicts"])
        if options.show and (answer.conflicts or gold.kind == "comparison"):
            show(gold.kind, answer)
    print(f"comparison questions with a conflict  {sum(wanted)} of {len(wanted)}")
    print(f"other questions with a conflict       {sum(others)} of {len(others)}")
    times = sorted(times[1:])
    if times:
        print(f"milliseconds p50 · p95                {statistics.median(times):.1f} · {times[int(0.95 * (len(times) - 1))]:.1f}")


def show(kind: str, answer: Answer) -> None:
    print(f"{kind} ({answer.status}): {answer.question}")
    for conflict in answer.conflicts:
        print(f"  {conflict.about}")
        for value in conflict.values:
            print(f"    {value.value} | {value.period} | {value.said_by} | {value.as_of} | {value.tier}")


if __name__ == "__main__":
    main()
