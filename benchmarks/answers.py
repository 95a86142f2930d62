"""Answers and their ablations over sets of questions, in one table: BM25 alone, the encoder alone, plain RRF, and all of it.

    python -m benchmarks.answers QUESTIONS.jsonl [QUESTIONS.jsonl ...] [--markdown]

Needs an index (KB_HOME). Every row is answered in the same run: its first passages are judged and composed by the same judge and
composer. The rows before the last leave out what is not in their list of candidates and the checks of a question's premises; the
last is the product, as `python -m kb ask` answers. Each cell is the mean, behind it the 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.retrieval import STEPS, place
from kb.compose import Composer
from kb.config import settings_from
from kb.evaluate import GoldQuestion, evaluate, load_questions, says, share_said
from kb.evidence import PASSAGES
from kb.evidence_model import load_model
from kb.gazetteer import Gazetteer
from kb.library import Library
from kb.measures import discounted, interval, mean
from kb.question import understand

ROOT = Path(__file__).parents[1]
WHOLE = "the product"
FIRST_ALONE = "all of it, the best sentence alone"
FIGURES = (
    "evidence_recall@5",
    "ndcg@10",
    "answer_said",
    "answer_words",
    "statements",
    "refused_of_unanswerable",
    "refused_of_answerable",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A question answered by one ranking: figures by name, those that do not apply left out."""

    figures: Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="+", metavar="QUESTIONS.jsonl")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    library = Library.open(settings_from(os.environ, ROOT))
    library.ready()
    for path in options.questions:
        questions = load_questions(path)
        print(f"\n{path.name}: {len(questions)} questions\n")
        show(table(library, questions), markdown=options.markdown)
    library.close()


def table(library: Library, questions: Sequence[GoldQuestion]) -> dict[str, dict[str, str]]:
    """Figures by row and name, as they are shown."""
    rows: dict[str, list[Row]] = {name: [] for name in (*STEPS, FIRST_ALONE)}
    for gold in questions:
        for name, row in zip(rows, answered(library, gold), strict=True):
            rows[name].append(row)
    shown = {name: {figure: cell([row.figures[figure] for row in found if figure in row.figures]) for figure in FIGURES}
             for name, found in rows.items()}  # fmt: skip
    product = evaluate(library, questions)
    shown[WHOLE] = {figure: with_bounds(product.get(figure), product["intervals"].get(figure)) for figure in FIGURES}
    for name, value in product.items():
        if name not in FIGURES and isinstance(value, float | int | None):
            print(f"  {name:26}{with_bounds(value, product['intervals'].get(name))}")
    print()
    return shown


def answered(library: Library, gold: GoldQuestion) -> list[Row]:
    """By each ranking of STEPS, and of the last one with its best sentence alone."""
    gazetteer, model = Gazetteer.load(), load_model()
    question = understand(gold.question, gazetteer, date.today())
    text_of: Callable[[str], str] = lambda uid: library.document(uid).text  # noqa: E731
    made = []
    for ranking, candidates in zip(STEPS, library.rankings(gold.question, list(STEPS.values())), strict=True):
        first = {candidate.hit.passage.id for candidate in candidates[:PASSAGES]}
        evidence = library.evidence(gold.question, lambda one, first=first: one.hit.passage.id in first)
        at = place(gold, candidates) if gold.status == "answered" and (gold.evidence or gold.documents) else None
        said = [
            statement.text for statement in Composer(question, gazetteer, model.threshold, text_of).compose(evidence).statements
        ]
        made.append(Row(figures(gold, at, said)))
        if ranking == list(STEPS)[-1]:
            made.append(Row(figures(gold, at, said[:1])))
    return made


def figures(gold: GoldQuestion, at: int | None, said: Sequence[str]) -> dict[str, float]:
    """`at` is the place of the first passage with evidence (0: not there, None: not known), `said` the statements."""
    found: dict[str, float] = {} if not said else {"statements": float(len(said))}
    if gold.status != "answered":
        return found | {"refused_of_unanswerable": float(not said)}
    found["refused_of_answerable"] = float(not said)
    if gold.evidence and at is not None:
        found |= {"evidence_recall@5": float(0 < at <= 5), "ndcg@10": discounted(at or None, 10)}
    if gold.answers:
        text = " ".join(said)
        found["answer_said"] = float(any(says(text, accepted) for accepted in gold.answers))
        found["answer_words"] = max(share_said(text, accepted) for accepted in gold.answers)
    return found


def cell(values: Sequence[float]) -> str:
    return with_bounds(mean(values), interval(values))


def with_bounds(value: float | None, bounds: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" {bounds[0]:.2f}–{bounds[1]:.2f}" if bounds else "")


def show(rows: Mapping[str, Mapping[str, str]], *, markdown: bool) -> None:
    if markdown:
        print(f"| ranking | {' | '.join(FIGURES)} |\n|{'---|' * (len(FIGURES) + 1)}")
        for name, found in rows.items():
            print(f"| {name} | {' | '.join(found[figure] for figure in FIGURES)} |")
        return
    print(f"{'':36}" + "".join(f"{figure:>26}" for figure in FIGURES))
    for name, found in rows.items():
        print(f"{name:36}" + "".join(f"{found[figure]:>26}" for figure in FIGURES))


if __name__ == "__main__":
    main()
