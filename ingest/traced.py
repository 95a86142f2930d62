"""Text that knows where each of its characters comes from, through all that readers do to it.

A source is a number that the reader gives to the characters of a page; NOWHERE is that of a character which the reader put in.
"""

from __future__ import annotations

import functools
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.text import line_joint, normalise, one_line

NOWHERE = -1
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and, for each of its characters, its source."""

    text: str
    sources: array[int]

    def __post_init__(self) -> None:
        if len(self.text) != len(self.sources):
            raise ValueError(f"{len(self.text)} characters with {len(self.sources)} sources")

    def __getitem__(self, part: slice) -> Traced:
        return Traced(self.text[part], self.sources[part])

    def stripped(self) -> Traced:
        """Without blanks at its ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self[start : max(start, len(self.text.rstrip()))]


EMPTY = Traced("", array("i"))


def put_in(text: str) -> Traced:
    """Text that comes from nowhere on the page: a space between two lines, a column's name before its cell."""
    return Traced(text, array("i", [NOWHERE]) * len(text))


def joined(parts: Iterable[Traced], between: str = "") -> Traced:
    """The parts one after the other, with `between` between them."""
    texts: list[str] = []
    sources = array("i")
    gap = array("i", [NOWHERE]) * len(between)
    for part in parts:
        if texts:
            sources += gap
        texts.append(part.text)
        sources += part.sources
    return Traced(between.join(texts), sources)


def rejoined(lines: Iterable[Traced], words: frozenset[str] = frozenset()) -> Traced:
    """What ingest.text.rejoin_lines makes of the lines, traced."""
    parts: list[Traced] = []
    tail = ""
    for line in lines:
        line = line.stripped()
        if not line.text:
            continue
        if tail:
            cut, between = line_joint(tail, line.text, words)
            if cut:  # a part is longer than its cut: a joint cuts one hyphen off a word
                hyphen = parts[-1].sources[-1]
                parts[-1] = parts[-1][: len(parts[-1].text) - cut]
                parts.append(Traced(between, array("i", [hyphen] * len(between))))
            else:
                parts.append(put_in(between))
            tail = tail[: len(tail) - cut] + between + line.text
        else:
            tail = line.text
        tail = tail[-200:]
        parts.append(line)
    return joined(parts)


def on_one_line(line: Traced) -> Traced:
    """What ingest.text.one_line makes of the text, traced: a composed letter comes from its base."""
    target = one_line(line.text)
    return line if target == line.text else Traced(target, _aligned(line, target))


def _aligned(line: Traced, target: str) -> array[int]:
    """The sources of `target`, which differs from the line's text by what `normalise` does: letters stay in order, signs go,
    blanks come together, marks combine. Fully decomposed, what is left of both is the same sequence."""
    before = _reordered([(sign, source) for kept, source in _kept(line) for sign in kept])
    after = _reordered([(sign, index) for index, letter in enumerate(target) for sign in unicodedata.normalize("NFD", letter)])
    found: dict[int, int] = {}
    position, last = 0, NOWHERE
    for sign, index in after:
        ahead = position
        while ahead < len(before) and before[ahead][0] != sign:
            ahead += 1
        if ahead < len(before):
            last = before[ahead][1]
            position = ahead + 1
        found.setdefault(index, last)
    return array("i", [found[index] for index in range(len(target))])


def _kept(line: Traced) -> Iterable[tuple[str, int]]:
    for letter, source in zip(line.text, line.sources, strict=True):
        if kept := _decomposed(letter):
            yield kept, source


@functools.lru_cache(maxsize=4096)
def _decomposed(letter: str) -> str:
    if letter in _JOINERS:
        return letter
    return unicodedata.normalize("NFD", normalise(f".{letter}.")[1:-1]).replace("\n", " ")


def _reordered(signs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """In canonical order: runs of combining marks sorted by their class, as NFD does it."""
    result: list[tuple[str, int]] = []
    run: list[tuple[str, int]] = []
    for sign in signs:
        if unicodedata.combining(sign[0]):
            run.append(sign)
            continue
        result += sorted(run, key=lambda item: unicodedata.combining(item[0]))
        run = []
        result.append(sign)
    return result + sorted(run, key=lambda item: unicodedata.combining(item[0]))
