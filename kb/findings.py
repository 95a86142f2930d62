"""What `check` finds: one value for each thing that is wrong, with the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the kind for a program; `repair`: whether `check --repair` mends it, in part or whole; `subject`: the numbers
    or names that it mends."""

    code: str
    what: str
    remedy: str
    repair: bool = False
    subject: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} Remedy: {self.remedy}"


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings are wrong; notes are not: what a killed run left, what is staged and waits. `repaired` tells what was done."""

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


REPAIR = "`python -m ingest check --repair`"
RESTORE = "restore a backup (`python -m kb restore PATH --force`)"
EXAMPLES = 5  # names in one finding


def named(items: Sequence[object]) -> str:
    """The first few of a list, and how many more."""
    more = f" and {len(items) - EXAMPLES} more" if len(items) > EXAMPLES else ""
    return ", ".join(map(str, items[:EXAMPLES])) + more
