"""A re-index that runs while pages are shown, as the run log tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from kb.run_log import runs
from web import names
from web.phrases import N_

STAGES = {
    "comparing": N_("comparing the files with what is published"),
    "indexing": N_("reading the files and embedding their passages"),
    "publishing": N_("building the indexes"),
}


@dataclass(frozen=True, slots=True)
class Indexing:
    """How far a run is. `expected` is 0 while that is not known yet; `left` is in words, "" while nothing can be said."""

    stage: str
    files: int
    expected: int
    embedded: int
    failures: int
    left: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that has ended."""

    day: str
    state: str
    failures: int


def indexing(home: Path) -> Indexing | None:
    """None if none is running."""
    newest = next(iter(runs(home, 1)), None)
    if newest is None or newest["state"] != "running":
        return None
    told: Mapping[str, Any] = newest["progress"]
    return Indexing(
        stage=_stage(told.get("stage", "")),
        files=told.get("files", 0),
        expected=told.get("files_expected", 0),
        embedded=told.get("embedded", 0),
        failures=told.get("failures", 0),
        left=_in_words(told["seconds_left"]) if "seconds_left" in told else "",
    )


def last_run(home: Path) -> LastRun | None:
    """None if none has ended; of the last ten."""
    ended = next((run for run in runs(home, 10) if run["state"] != "running"), None)
    if ended is None:
        return None
    failures = len(ended["report"]["failures"]) if ended["report"] else 0
    return LastRun(names.day(ended["finished_at"] or ended["started_at"]), ended["state"], failures)


def _in_words(seconds: float) -> str:
    """ "less than a minute", "about 7 minutes", "about 3 hours"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 90:
        return ngettext("about %(num)s minute", "about %(num)s minutes", minutes)
    return ngettext("about %(num)s hour", "about %(num)s hours", round(minutes / 60))


def _stage(name: str) -> str:
    return _(STAGES[name]) if name in STAGES else name or _("beginning")
