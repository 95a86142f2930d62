"""Fitting the judge's logistic regression to examples, and trying it on sets left out.

The best sentence of an example decides, and which one is best depends on the weights; so choosing and fitting take turns. The
sign of each weight is fixed beforehand (`evidence_features.SIGNS`): on sets left out that gives .000 to .004 of AUROC, and a
weight that says "the more of the question is covered, the worse" could not be defended to a reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from benchmarks.answerability import Example
from kb.evidence_features import FEATURES, SIGNS
from kb.evidence_model import PAIRS, Model

SEED = 7
ROUNDS = 3
FOLDS = 5
ACROSS = "xquad"  # the one family with questions and passages in different languages: left out whole, nothing fits those
STRENGTHS = (0.003, 0.01, 0.03, 0.1)  # inverse of the penalty on squared weights; chosen by inner cross-validation
STRENGTH = 0.01  # mean AUROC of the sets left out .862; .862 with .005, .861 with .02 and .859 with .05
EVEN = dict.fromkeys(PAIRS, (1.0, 0.0))
Numbers = npt.NDArray[np.float64]


def family(example: Example) -> str:
    """Sets that share passages or questions count as one: all pairs of languages of XQuAD."""
    return example.source.partition("-")[0]


def fitted(examples: Sequence[Example], strength: float = STRENGTH) -> Model:
    """Each family of sets has the same weight, and within it each answer. Uncalibrated, threshold .5."""
    weights = _balanced(examples)
    answerable = np.array([e.answerable for e in examples], float)
    model = Model(0.0, tuple(float(name == "sentence") for name in FEATURES), EVEN, 0.5)
    for _ in range(ROUNDS):
        model = _regression(np.array([_chosen(e, model) for e in examples]), answerable, weights, strength)
    return model


def _chosen(example: Example, model: Model) -> Numbers:
    """The best sentence; for an answerable question, of those that hold an answer."""
    scores = model.scores(example.rows)
    row: Numbers = example.rows[int(np.argmax(np.where(example.holding, scores, -np.inf) if example.answerable else scores))]
    return row


def _regression(rows: Numbers, answerable: Numbers, weights: Numbers, strength: float) -> Model:
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    standard = (rows - mean) / deviation
    penalty = 1 / (strength * len(rows))

    def loss(values: Numbers) -> tuple[float, Numbers]:
        scores = standard @ values[1:] + values[0]
        wrong = weights * (1 / (1 + np.exp(-scores)) - answerable)
        total = weights @ (np.logaddexp(0, scores) - answerable * scores) + penalty / 2 * values[1:] @ values[1:]
        return float(total), np.concatenate([[wrong.sum()], standard.T @ wrong + penalty * values[1:]])

    signs = [SIGNS[name] for name in FEATURES]
    bounds = [(None, None), *((0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs)]
    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    if not found.success:
        raise RuntimeError(f"fitting did not settle: {found.message}; try a smaller strength than {strength}.")
    slopes = found.x[1:] / deviation
    return Model(float(found.x[0] - slopes @ mean), tuple(map(float, slopes)), EVEN, 0.5)


def _balanced(examples: Sequence[Example]) -> Numbers:
    counts = Counter((family(e), e.answerable) for e in examples)
    weights = np.array([1 / counts[family(e), e.answerable] for e in examples])
    result: Numbers = weights / weights.sum()
    return result


def best_scores(model: Model, examples: Sequence[Example]) -> Numbers:
    """Of each example's best sentence, whether it holds an answer or not: what a reader's question meets."""
    return np.array([model.scores(e.rows).max() for e in examples])


def left_out(examples: Sequence[Example]) -> Numbers:
    """Each example's score under a model fitted to the other families alone; the family ACROSS is left out by fifths."""
    scores = np.zeros(len(examples))
    families = np.array([family(e) for e in examples])
    for name in sorted(set(families)):
        inside = np.flatnonzero(families == name)
        parts = [inside[test] for _, test in _folds([examples[i] for i in inside])] if name == ACROSS else [inside]
        for part in parts:
            model = fitted([e for i, e in enumerate(examples) if i not in set(part)])
            scores[part] = best_scores(model, [examples[i] for i in part])
    return scores


def nested(examples: Sequence[Example], beside: Sequence[Example] = ()) -> Numbers:
    """Scores by cross-validation within the examples, the strength chosen within each training part; `beside` always trains."""
    scores = np.zeros(len(examples))
    for train, test in _folds(examples):
        inner = [examples[i] for i in train]
        strength = max(STRENGTHS, key=lambda s: _inner_auroc(inner, beside, s))
        scores[test] = best_scores(fitted([*inner, *beside], strength), [examples[i] for i in test])
    return scores


def _inner_auroc(examples: Sequence[Example], beside: Sequence[Example], strength: float) -> float:
    scores = np.zeros(len(examples))
    for train, test in _folds(examples):
        scores[test] = best_scores(fitted([*(examples[i] for i in train), *beside], strength), [examples[i] for i in test])
    return float(roc_auc_score([e.answerable for e in examples], scores))


def _folds(examples: Sequence[Example]) -> Iterable[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    groups = [e.group for e in examples]
    folds: Iterable[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]] = GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(
        groups, groups=groups
    )
    return folds


def pair_of(example: Example, model: Model) -> str:
    """Which of PAIRS the best sentence's language and the question's are."""
    row = example.rows[int(np.argmax(model.scores(example.rows)))]
    return PAIRS[int(row[FEATURES.index("foreign")])]


def calibrated(model: Model, examples: Sequence[Example], scores: Numbers) -> Model:
    """Slope and offset for each pair from scores under models that had not seen the examples (Platt 1999), families alike."""
    pairs = np.array([pair_of(e, model) for e in examples])
    found = {}
    for pair in PAIRS:
        inside = np.flatnonzero(pairs == pair)
        chosen = [examples[i] for i in inside]
        platt = LogisticRegression(C=1e6).fit(
            scores[inside, None], [e.answerable for e in chosen], sample_weight=_balanced(chosen) * len(chosen)
        )
        found[pair] = (float(platt.coef_[0, 0]), float(platt.intercept_[0]))
    return replace(model, calibration=found)
