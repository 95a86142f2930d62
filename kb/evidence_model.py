"""The judge's model: a logistic regression over `evidence_features.FEATURES`, its coefficients in evidence.json beside this file.

`python -m benchmarks.fit_evidence` makes them. A sentence's score is calibrated by whether its language is the question's:
cosines are lower from one language to another, and a question must not be refused for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.evidence_features import FEATURES

PAIRS = ("same", "foreign")  # the passage's language is the question's, or another one


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` in the order of FEATURES; `calibration` gives slope and offset of the score for each of PAIRS.

    The probability is that of an even chance beforehand: half of the questions that it was calibrated on have an answer.
    Answered from `threshold` on.
    """

    intercept: float
    weights: tuple[float, ...]
    calibration: Mapping[str, tuple[float, float]]
    threshold: float

    def scores(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Log odds before calibration; `rows` has shape (n, features)."""
        result: npt.NDArray[np.float64] = rows @ np.array(self.weights) + self.intercept
        return result

    def probabilities(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """In 0..1, one for each row."""
        scores = self.scores(rows)
        slopes, offsets = (np.array([self.calibration[pair][i] for pair in PAIRS]) for i in (0, 1))
        foreign = rows[:, FEATURES.index("foreign")].astype(int)
        result: npt.NDArray[np.float64] = 1 / (1 + np.exp(-(slopes[foreign] * scores + offsets[foreign])))
        return result

    def probability(self, features: Mapping[str, float]) -> float:
        """Of one sentence, from its figures by name."""
        return float(self.probabilities(np.array([[features[name] for name in FEATURES]]))[0])


def model_from(values: Mapping[str, object]) -> Model:
    """Raises ValueError where the weights are not those of FEATURES."""
    weights, calibration = dict(values["weights"]), dict(values["calibration"])  # type: ignore[call-overload]
    if set(weights) != set(FEATURES) or set(calibration) != set(PAIRS):
        raise ValueError(
            f"evidence.json weighs {sorted(weights)}; make it anew with `python -m benchmarks.fit_evidence --write`."
        )
    pairs = {pair: (float(calibration[pair]["slope"]), float(calibration[pair]["offset"])) for pair in PAIRS}
    ordered = tuple(float(weights[name]) for name in FEATURES)
    return Model(float(values["intercept"]), ordered, pairs, float(values["threshold"]))  # type: ignore[arg-type]


def as_json(model: Model) -> dict[str, object]:
    """What `model_from` reads; rounded to a ten-thousandth."""
    return {
        "intercept": round(model.intercept, 4),
        "weights": {name: round(value, 4) for name, value in zip(FEATURES, model.weights, strict=True)},
        "calibration": {
            pair: {"slope": round(slope, 4), "offset": round(offset, 4)} for pair, (slope, offset) in model.calibration.items()
        },
        "threshold": model.threshold,
    }


@cache
def load_model() -> Model:
    return model_from(json.loads(Path(__file__).with_name("evidence.json").read_text(encoding="utf-8")))
