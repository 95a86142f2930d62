"""A folder that is empty, unmounted or half gone does not take its documents with it unless the operator says so."""

from __future__ import annotations

from ingest.plan import Difference
from kb.records import Failure
from kb.run_log import REFUSED

FEW = 10  # files: so many go by hand any day
ALLOW = "--allow-removals"


def refusal(found: Difference) -> Failure | None:
    """Why nothing of a scope is touched; None if its removals are believable. Files that moved are not gone."""
    gone, known = len(found.gone), len(found.known)
    folder = found.scope.root
    if not gone and folder.is_dir():
        return None
    if not folder.is_dir():
        seen = f"the folder {folder} is not there"
    elif found.is_bare:
        seen = f"the folder {folder} is empty"
    elif gone >= FEW and 2 * gone > known:
        seen = "more than half of its files are not there"
    elif hollow := _hollow(found):
        seen = f"{hollow} is a folder without anything in it"
    else:
        return None
    reason = (
        f"{seen}, and {gone} of the {known} files known would be removed: is a disk not mounted? Nothing of it was changed. "
        f"Mount it and run the same command again; if they are to be removed, add {ALLOW}."
    )
    return Failure(found.scope.prefix, REFUSED, reason)


def _hollow(found: Difference) -> str:
    """A folder that is still there, holds nothing, and is known to have held more than FEW files: a mount point looks so."""
    for folder in found.found.empty:
        if sum(uri.startswith(folder + "/") for uri in found.gone) >= FEW:
            return folder
    return ""
