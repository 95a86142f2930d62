"""Measures over many questions, from plain numbers: means with bootstrap intervals, calibration, precision and recall."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000  # percentiles of so many move by less than .005 from seed to seed on 121 questions
SEED = 1
BINS = 10  # of probabilities, equally wide, for the calibration error


def mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % percentile bootstrap of the mean, resampling questions, seeded; None for no value."""
    if not len(values):
        return None
    given = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(SEED).integers(0, len(given), (RESAMPLES, len(given)))
    low, high = np.percentile(given[drawn].mean(axis=1), (2.5, 97.5))
    return round(float(low), 4), round(float(high), 4)


def discounted(place: int | None, depth: int) -> float:
    """nDCG@depth where one item is relevant and stands at `place` (from 1; None: not found): 1 / log2(1 + place)."""
    return 1 / math.log2(1 + place) if place is not None and place <= depth else 0.0


def brier(probabilities: Sequence[float], events: Sequence[bool]) -> float | None:
    """Mean squared difference of probability and event, 0..1, smaller is better."""
    return mean([(p - e) ** 2 for p, e in zip(probabilities, events, strict=True)])


def calibration_error(probabilities: Sequence[float], events: Sequence[bool]) -> float | None:
    """Expected calibration error: |mean probability - share of events| per bin, weighted by the bin's size; 0..1."""
    if not len(probabilities):
        return None
    given, happened = np.asarray(probabilities, dtype=float), np.asarray(events, dtype=float)
    bins = np.minimum((given * BINS).astype(int), BINS - 1)
    gaps = [abs(float(given[bins == b].mean() - happened[bins == b].mean())) * int((bins == b).sum()) for b in np.unique(bins)]
    return round(sum(gaps) / len(given), 4)


def precision_recall_f1(chosen: Sequence[bool], right: Sequence[bool]) -> tuple[float | None, float | None, float | None]:
    """Of the choice of items; None where nothing was chosen, or nothing is right."""
    both = sum(c and r for c, r in zip(chosen, right, strict=True))
    precision = round(both / sum(chosen), 4) if sum(chosen) else None
    recall = round(both / sum(right), 4) if sum(right) else None
    f1 = round(2 * both / (sum(chosen) + sum(right)), 4) if sum(chosen) + sum(right) else None
    return precision, recall, f1
