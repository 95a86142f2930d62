"""Fit the judge's coefficients: `python -m benchmarks.fit_evidence [--clapnq FILE.jsonl] [--write]`.

Examples are questions on an index, each with the features of one sentence. Positive: the best-judged sentence of those that hold
an accepted answer. Negative: the best-judged sentence for a question without an answer, and for an answerable question once every
passage that holds an answer is taken away (a near miss made from parallel passages). "Best-judged" depends on the coefficients,
so fitting is repeated until it settles. Sets: our own questions over corpus/, and, if given, CLAPnq's (short answers are not
marked there, so positives are the best-judged sentences as they are). The figures are cross-validated by question.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from ingest.reindex import Options, reindex
from kb.config import Settings, settings_from
from kb.evaluate import load_questions, says
from kb.evidence import FEATURES, Evidence, Model, load_model
from kb.library import Library
from kb.retrieve import Candidate

ROUNDS = 6
FOLDS = 10
REGULARISATION = 30.0  # inverse strength; the features differ in scale, cosines span a few hundredths
FALSE_REFUSALS = 0.10  # the operating point: of answerable questions at most this share is refused; a wrong answer harms more
OWN_QUESTIONS = Path("tests/quality/questions.jsonl")


@dataclass(frozen=True, slots=True)
class Example:
    """All sentences that might be the question's answer, as rows of features, and whether one of them is."""

    group: str
    source: str
    answerable: bool
    rows: np.ndarray  # type: ignore[type-arg]  # float64, shape (sentences, features)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clapnq", type=Path)
    parser.add_argument("--write", action="store_true", help="write kb/evidence.json")
    options = parser.parse_args()
    settings = settings_from(os.environ, Path.cwd())
    with tempfile.TemporaryDirectory() as folder:
        examples = own_examples(replace(settings, home=Path(folder) / "own"))
        if options.clapnq:
            examples += clapnq_examples(replace(settings, home=Path(folder) / "clapnq"), options.clapnq, Path(folder) / "docs")
    for source in sorted({e.source for e in examples}):
        chosen = [e for e in examples if e.source == source]
        print(f"{source}: {sum(e.answerable for e in chosen)} answerable, {sum(not e.answerable for e in chosen)} not")
    scores = cross_validated(examples)
    report(examples, scores)
    model = fitted(examples, threshold_at(examples, scores))
    print(json.dumps(as_json(model), indent=1))
    if options.write:
        path = Path("kb/evidence.json")
        path.write_text(json.dumps(as_json(model), indent=1) + "\n", encoding="utf-8")
        print(f"written to {path}")


def own_examples(settings: Settings) -> list[Example]:
    reindex(settings, [settings.corpus], Options())
    library = Library.open(settings)
    found = []
    for gold in load_questions(OWN_QUESTIONS):
        holds: Callable[[str], bool] = lambda text, answers=gold.answers: any(says(text, a) for a in answers)  # noqa: E731
        for answerable in (True, False) if gold.status == "answered" else (False,):
            keep: Callable[[Candidate], bool] = lambda c, a=answerable, h=holds: a or not h(c.hit.passage.text)  # noqa: E731
            evidence = [e for e in library.evidence(gold.question, keep) if not answerable or holds(e.text)]
            found += example(gold.question, "own", answerable, evidence)
    library.close()
    return found


def clapnq_examples(settings: Settings, questions: Path, folder: Path) -> list[Example]:
    items = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    folder.mkdir()
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as out:
        for item in items:
            out.write(json.dumps({"id": item["id"], "title": item["title"], "text": item["passage"]}) + "\n")
    reindex(settings, [folder], Options())
    library = Library.open(settings)
    found = []
    for item in items:
        evidence = library.evidence(item["question"], lambda _: True)
        found += example(item["question"], "clapnq", bool(item["answerable"]), evidence)
    library.close()
    return found


def example(group: str, source: str, answerable: bool, evidence: Sequence[Evidence]) -> list[Example]:
    rows = np.array([[e.features[name] for name in FEATURES] for e in evidence])
    return [Example(group, source, answerable, rows)] if len(rows) else []


def fitted(examples: Sequence[Example], threshold: float = 0.5) -> Model:
    """Alternate between choosing each example's best sentence and fitting on the chosen ones."""
    model = load_model()
    labels = [e.answerable for e in examples]
    for _ in range(ROUNDS):
        chosen = np.array([best(e, model) for e in examples])
        regression = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=1000).fit(chosen, labels)
        model = Model(
            float(regression.intercept_[0]), dict(zip(FEATURES, map(float, regression.coef_[0]), strict=True)), threshold
        )
    return model


def best(item: Example, model: Model) -> np.ndarray:  # type: ignore[type-arg]
    weights = np.array([model.weights[name] for name in FEATURES])
    row: np.ndarray = item.rows[int(np.argmax(item.rows @ weights))]  # type: ignore[type-arg]
    return row


def cross_validated(examples: Sequence[Example]) -> np.ndarray:  # type: ignore[type-arg]
    """Each example's probability under a model that has not seen its question."""
    scores = np.zeros(len(examples))
    groups = [e.group for e in examples]
    for train, test in GroupKFold(FOLDS).split(groups, groups=groups):
        model = fitted([examples[i] for i in train])
        for i in test:
            scores[i] = model.probability(dict(zip(FEATURES, best(examples[i], model), strict=True)))
    return scores


def threshold_at(examples: Sequence[Example], scores: np.ndarray) -> float:  # type: ignore[type-arg]
    positives = sorted(score for e, score in zip(examples, scores, strict=True) if e.answerable)
    return round(float(positives[int(FALSE_REFUSALS * len(positives))]), 3)


def report(examples: Sequence[Example], scores: np.ndarray) -> None:  # type: ignore[type-arg]
    threshold = threshold_at(examples, scores)
    print(f"threshold {threshold}, at {FALSE_REFUSALS:.0%} false refusals over all sets, cross-validated")
    for source in [*sorted({e.source for e in examples}), "all"]:
        rows = [(e.answerable, s) for e, s in zip(examples, scores, strict=True) if source in ("all", e.source)]
        auroc = roc_auc_score([a for a, _ in rows], [s for _, s in rows])
        refused = [s < threshold for a, s in rows if not a]
        falsely = [s < threshold for a, s in rows if a]
        print(
            f"{source:8} AUROC {auroc:.3f}  refused of unanswerable {sum(refused) / len(refused):.3f}  "
            f"of answerable {sum(falsely) / len(falsely):.3f}"
        )


def as_json(model: Model) -> dict[str, object]:
    return {
        "intercept": round(model.intercept, 4),
        "weights": {name: round(value, 4) for name, value in model.weights.items()},
        "threshold": model.threshold,
    }


if __name__ == "__main__":
    main()
