"""Bars by year as the numbers that an SVG needs; the template draws them, and a table says the same to those who cannot see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

HEIGHT = 96.0  # units of the drawing: of the tallest bar
STEP = 22.0  # from one year to the next
BAR = 16.0
LEAST = 2.0  # a bar that stands for something is seen
EVERY = 10  # labels at most


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    shown: bool
    value: int
    documents: int
    x: float
    y: float
    height: float
    href: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`width` by `height` units with the labels below; `most` is the value of the tallest bar."""

    bars: tuple[Bar, ...]
    width: float
    height: float
    most: int


def chart(counts: Mapping[int, tuple[int, int]], address: Callable[[int], str]) -> Chart | None:
    """`counts`: year → (value, documents); years between that are missing stand for none. None for no year at all."""
    if not counts:
        return None
    last = max(counts)
    years: Sequence[int] = range(min(counts), last + 1)
    most = max(value for value, _ in counts.values())
    spacing = -(-len(years) // EVERY)
    bars = []
    for place, year in enumerate(years):
        value, documents = counts.get(year, (0, 0))
        height = max(LEAST, HEIGHT * value / most) if value else 0.0
        shown = (len(years) - 1 - place) % spacing == 0
        href = address(year) if documents else ""
        bars.append(Bar(str(year), shown, value, documents, STEP * place, round(HEIGHT - height, 1), round(height, 1), href))
    return Chart(tuple(bars), STEP * len(years) - (STEP - BAR), HEIGHT, most)
