"""The highest value within a range of places, found without looking at all of them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Highest:
    """Values at places. A question takes the logarithm of their number: level n of the table holds the highest of 2 ** n values
    that follow one another."""

    def __init__(self, values: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(values)
        self._places = [place for place, _ in ordered]
        level = [value for _, value in ordered]
        self._levels = [level]
        step = 1
        while 2 * step <= len(ordered):
            level = [max(pair) for pair in zip(level, level[step:], strict=False)]
            self._levels.append(level)
            step *= 2

    def within(self, place: float, reach: float) -> float:
        """Of the places at most `reach` away; -inf: there is none."""
        return self._between(bisect_left(self._places, place - reach), bisect_right(self._places, place + reach))

    def after(self, place: float) -> float:
        """Of the places higher than this one; -inf: there is none."""
        return self._between(bisect_right(self._places, place), len(self._places))

    def _between(self, first: int, end: int) -> float:
        if first >= end:
            return -math.inf
        level = (end - first).bit_length() - 1
        return max(self._levels[level][first], self._levels[level][end - (1 << level)])
