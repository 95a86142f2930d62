"""Named points between the steps of writing, where a test may kill the process.

In the program `reached` does nothing, and no setting changes that; the tests put a function of their own in its place.
"""

from __future__ import annotations

from collections.abc import Callable

#: Every point there is, in the order in which a run comes by; "…ing" is before the commit or rename, the other after it.
STEPS = (
    "move writing", "move written",
    "original copying", "original kept", "stage writing", "stage written", "vectors writing", "vectors written",
    "publish building", "publish built", "publish synced", "publish renamed", "publish switching", "publish switched",
    "collect rows going", "collect folder aside", "collect done",
    "gc vectors going", "gc vectors gone", "gc original gone", "gc vacuum", "rollback switching", "rollback switched",
    "restore moving", "restore moved",
)  # fmt: skip


def _nothing(step: str) -> None:
    pass


reached: Callable[[str], None] = _nothing
