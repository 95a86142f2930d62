"""Evidence for questions that name facts instead of passages: is a passage that states one of the facts among the nearest?

    python -m benchmarks.facts FACTS.jsonl QUESTIONS.jsonl

A fact is {"id", "fact", …}, a question {"q", "answer", "facts": [ids], "kind", "lang"}. Needs an index (KB_HOME). A passage in
English is evidence if it has the figures and names of a fact, as `corpus/.src/trace.py` counts them, or says an accepted
answer; one in another script, whose names a fact in English does not have, if it says an accepted answer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from kb.config import settings_from
from kb.evaluate import RECALL_AT, GoldQuestion, load_questions, says
from kb.library import Library
from kb.measures import interval, mean
from kb.records import Hit

ROOT = Path(__file__).parents[1]
TRACE = ROOT / "corpus" / ".src" / "trace.py"
DEPTHS = (1, RECALL_AT, 10)
KEY = frozenset({"any"})  # trace.py asks for a source's mark; a passage of the index has none


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facts", type=Path, metavar="FACTS.jsonl")
    parser.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    options = parser.parse_args()
    facts = {fact["id"]: fact for fact in _lines(options.facts)}
    asked = zip(load_questions(options.questions), _lines(options.questions), strict=True)
    answerable = [(gold, [facts[name] for name in item["facts"]]) for gold, item in asked if item.get("facts")]
    library = Library.open(settings_from(os.environ, ROOT))
    places = places_of(library, answerable)
    library.close()
    for language, found in places.items():
        cells = [f"@{depth} {_share(found, depth)}" for depth in DEPTHS]
        print(f"{language or '–':4}{len(found):4} questions   evidence recall {'   '.join(cells)}")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def places_of(
    library: Library, questions: Sequence[tuple[GoldQuestion, Sequence[Mapping[str, Any]]]]
) -> dict[str, list[int | None]]:
    """By language, and for "all": for each question the place from 1 of the first passage with evidence, None without."""
    trace = _trace()
    places: dict[str, list[int | None]] = defaultdict(list)
    for gold, facts in questions:
        near = library.ask(gold.question, n=max(DEPTHS)).nearest
        found = [bears_out(trace, hit, gold, facts) for hit in near]
        place = found.index(True) + 1 if True in found else None
        for group in ("all", gold.language):
            places[group].append(place)
    return dict(places)


def bears_out(trace: ModuleType, hit: Hit, gold: GoldQuestion, facts: Sequence[Mapping[str, Any]]) -> bool:
    if any(says(hit.passage.text, accepted) for accepted in gold.answers):
        return True
    unit = trace.Unit(hit.document.uri, hit.passage.text, hit.document.metadata.title, KEY)
    return any(trace._is_covered(trace.covered(fact, [unit], KEY)) for fact in facts)


def _trace() -> ModuleType:
    sys.path.insert(0, str(TRACE.parent))  # trace.py imports its neighbour
    spec = importlib.util.spec_from_file_location("trace_corpus", TRACE)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{TRACE} is not there: the corpus's sources are part of the repository.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    sys.path.remove(str(TRACE.parent))
    return module


def _share(places: Sequence[int | None], depth: int) -> str:
    hits = [float(place is not None and place <= depth) for place in places]
    bounds = interval(hits)
    return f"{mean(hits):.3f}" + (f" ({bounds[0]:.2f}–{bounds[1]:.2f})" if bounds else "")


if __name__ == "__main__":
    main()
