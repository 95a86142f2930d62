"""Which named things a document speaks of, how often, and where it speaks of each the most: one row for each.

Made when a document is staged, so that a page about a country of 10,000 documents reads 10,000 short rows and no text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.records import KINDS, Mention
from kb.references import is_reference_list

FEWEST = 80  # characters of a passage that says something; below it are headings and rows of one name
ENOUGH = 3  # mentions in a passage; more do not make it speak more of a thing
BANDS = 4  # coarse on purpose: within a band the kind of the source and its date decide, and not one mention more
IN_TITLE = 5  # a document with the name in its title stands before any that has not
ROW = re.compile(r"[^:;]{1,80}: [^;]+; [^:;]{1,80}: ")  # as readers write it: each cell after the heading of its column


@dataclass(frozen=True, slots=True)
class Mentioned:
    """`mentions` is 0 where the document is only filed under it. `ordinal` is that of the passage which speaks of it the most,
    None if none holds it; `focus` is 0 to 9 (see above)."""

    entity_id: str
    mentions: int
    ordinal: int | None
    focus: int


Place = tuple[int, int, bool]  # a passage: start, end, and whether it says something (see below)


def says_something(text: str, section: Sequence[str]) -> bool:
    """Whether a passage can stand for its document: no heading, no list of sources or addresses, no rows of a table."""
    if len(text) < FEWEST or "://" in text or is_reference_list(section):
        return False
    lines = text.splitlines()
    return 2 * sum(ROW.match(line) is not None for line in lines) <= len(lines)


def mentioned(
    title: str, places: Sequence[Place], mentions: Iterable[Mention], filed: Iterable[str] = ()
) -> tuple[Mentioned, ...]:
    """In order of id. `places` are the document's passages in order; mentions without an entity do not count. `filed` are ids of
    what the document is filed under, whether it names them or not."""
    starts = [start for start, _, _ in places]
    counts: Counter[str] = Counter()
    within: dict[int, Counter[str]] = defaultdict(Counter)
    titled: set[str] = set()
    folded = title.casefold()
    for mention in mentions:
        if mention.entity_id is None:
            continue
        counts[mention.entity_id] += 1
        if mention.text.casefold() in folded:
            titled.add(mention.entity_id)
        ordinal = bisect_right(starts, mention.start) - 1
        if ordinal >= 0 and mention.start < places[ordinal][1]:
            within[ordinal][mention.entity_id] += 1
    best: dict[str, tuple[int, int]] = {}
    for ordinal, names in sorted(within.items()):
        for entity_id, count in names.items():
            focus = _focus(count, names.total()) if places[ordinal][2] else 0
            if entity_id not in best or focus > best[entity_id][1]:
                best[entity_id] = ordinal, focus
    return tuple(
        _row(entity_id, counts[entity_id], best.get(entity_id), entity_id in titled) for entity_id in sorted({*counts, *filed})
    )


def _focus(count: int, of_all: int) -> int:
    """0 to BANDS: how much of what a passage names is this, damped where it is named once or twice."""
    return round(BANDS * min(1.0, count / ENOUGH) * count / of_all)


def _row(entity_id: str, count: int, best: tuple[int, int] | None, titled: bool) -> Mentioned:
    ordinal, focus = best or (None, 0)
    return Mentioned(entity_id, count, ordinal, focus + (IN_TITLE if titled else 0))


def tier(kind: str) -> int:
    """0 for the most authoritative kind; what has none comes after all."""
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
