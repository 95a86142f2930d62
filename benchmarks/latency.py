"""A question's cost beside its own forward pass: `python -m benchmarks.latency [QUESTIONS.jsonl …]`, over KB_HOME's index.

Every question is asked twice in one run, with the model loaded: the first time its passages have to be read and their sentences
looked at, the second time they are remembered. Each step's time is given in milliseconds and as a ratio to the forward pass of
the same question in the same run, which a slower or busier machine changes less. `processor` counts the time of all threads,
so that other programs on the machine do not count; onnxruntime's threads, which wait for more work by turning, do.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from kb.config import settings_from
from kb.embed import TextEncoder, model_identity, open_encoder
from kb.evaluate import load_questions
from kb.library import Library

QUESTIONS = Path("tests/quality/questions.jsonl")
FORWARD, ALL, REST = "forward pass", "all", "all but the forward pass"
PROCESSOR = "processor, all"


@dataclass(slots=True)
class Clock:
    """Seconds of the last forward pass, by the wall's clock and by the processor's."""

    wall: float = 0.0
    processor: float = 0.0

    def timed(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            wall, processor = perf_counter(), process_time()
            result = forward(*arguments)
            self.wall, self.processor = perf_counter() - wall, process_time() - processor
            return result

        return run


@dataclass(slots=True)
class Asking:
    """Milliseconds of each step by name, and its ratio to the forward pass, a list with one number a question."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float, forward: float) -> None:
        self.milliseconds.setdefault(name, []).append(seconds * 1000)
        self.ratios.setdefault(name, []).append(seconds / forward)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="*", default=[QUESTIONS])
    options = parser.parse_args()
    settings = settings_from(os.environ, Path.cwd())
    encoder = open_encoder(settings)
    if not isinstance(encoder, TextEncoder):
        raise SystemExit("the configured encoder has no forward pass of its own to compare with.")
    clock = Clock()
    timed = replace(encoder, forward_query=clock.timed(encoder.forward_query))
    library = Library(settings, lambda: timed, model_identity(settings))
    manifest = library.ready()
    texts = [one.question for path in options.questions for one in load_questions(path)]
    print(f"{len(texts)} questions over {manifest.passages:,} passages")
    library.ask("warm-up: which question is asked first?")
    for name in ("asked for the first time", "asked again"):
        show(name, asked(library, texts, clock))
    library.close()


def asked(library: Library, texts: Sequence[str], clock: Clock) -> Asking:
    found = Asking()
    for text in texts:
        wall, processor = perf_counter(), process_time()
        answer = library.ask(text)
        wall, processor = perf_counter() - wall, process_time() - processor
        for step in ("filter", "article"):  # not every question has them
            found.add(step, answer.timings_ms.get(step, 0.0) / 1000, clock.wall)
        for step, milliseconds in answer.timings_ms.items():
            if step not in ("filter", "article"):
                found.add(step, milliseconds / 1000, clock.wall)
        found.add(FORWARD, clock.wall, clock.wall)
        found.add(REST, wall - clock.wall, clock.wall)
        found.add(ALL, wall, clock.wall)
        found.add(PROCESSOR, processor, clock.processor)
    return found


def show(name: str, found: Asking) -> None:
    print(f"\n{name:26}{'ms p50':>10}{'p95':>8}{'ratio p50':>12}{'p95':>8}")
    for step, values in found.milliseconds.items():
        p50, p95 = np.percentile(values, (50, 95))
        r50, r95 = np.percentile(found.ratios[step], (50, 95))
        print(f"{step:26}{p50:10.1f}{p95:8.1f}{r50:12.2f}{r95:8.2f}")


if __name__ == "__main__":
    main()
