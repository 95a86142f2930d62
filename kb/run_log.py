"""The log of re-indexes, kept in the store: that one runs, how far it came, how it ended.

States: running, finished, interrupted (a signal, after the transaction at hand), failed (an error), killed (none of these).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from kb.connections import connect_reader, transaction
from kb.migrations import check_not_older, schema_of
from kb.staging import STORE_FILE, is_writing

KEPT = 500  # runs: more than a year of nights; a report can name thousands of failures
LOOKED_AT = 20  # runs, for figures: a last success that is further back has been missed long ago
REFUSED = "compare"  # the stage of a failure that left a whole folder out


class Figure(NamedTuple):
    """A metric for Prometheus: name, what it says, unit in the name."""

    name: str
    help: str


LAST_SUCCESS = Figure("wakhan_reindex_last_success_timestamp_seconds", "When the last re-index that left no folder out ended.")
LAST_RUN = Figure("wakhan_reindex_last_run_timestamp_seconds", "When the last re-index began.")
DURATION = Figure("wakhan_reindex_duration_seconds", "How long the last re-index took that told its end.")
FAILURES = Figure("wakhan_reindex_failures", "Files and folders that the last re-index could not index.")
RUNNING = Figure("wakhan_reindex_running", "1 while a re-index writes.")
GENERATION = Figure("wakhan_reindex_generation", "The generation that the last re-index left published.")
DOCUMENTS = Figure("wakhan_reindex_documents", "Documents in that generation.")
FIGURES = (LAST_SUCCESS, LAST_RUN, DURATION, FAILURES, RUNNING, GENERATION, DOCUMENTS)


def start_run(connection: sqlite3.Connection, started_at: str) -> int:
    """Open an entry, by the one process that holds the writer's lock; its number. Entries left open were killed."""
    with transaction(connection):
        connection.execute("UPDATE runs SET state = 'killed' WHERE state = 'running'")
        num = int(connection.execute("INSERT INTO runs (started_at) VALUES (?)", (started_at,)).lastrowid or 0)
        connection.execute("DELETE FROM runs WHERE num <= ?", (num - KEPT,))
    return num


def note_progress(connection: sqlite3.Connection, run: int, progress: Mapping[str, Any]) -> None:
    with transaction(connection):
        connection.execute("UPDATE runs SET progress = ? WHERE num = ?", (json.dumps(progress), run))


def finish_run(connection: sqlite3.Connection, run: int, state: str, finished_at: str, report: str | None) -> None:
    """`report` is the JSON of a ReindexReport; None where an error ended the run before it could be made."""
    with transaction(connection):
        connection.execute(
            "UPDATE runs SET state = ?, finished_at = ?, report = ? WHERE num = ?", (state, finished_at, report, run)
        )


def fail_run(connection: sqlite3.Connection, run: int, finished_at: str) -> None:
    """An error ended the run. Where even this cannot be written (a full disk) the entry stays open, and is told as killed."""
    with suppress(sqlite3.Error):
        finish_run(connection, run, "failed", finished_at, None)


def runs(home: Path, n: int) -> list[dict[str, Any]]:
    """The last `n` runs, newest first: started_at, finished_at, state, progress, report (None if there is none).

    Raises IndexStale for a store that an older version wrote.
    """
    path = home / STORE_FILE
    if not path.exists():
        return []
    writing = is_writing(home)
    with closing(connect_reader(path)) as connection:
        check_not_older(schema_of(connection))
        rows = connection.execute(
            "SELECT started_at, finished_at, state, progress, report FROM runs ORDER BY num DESC LIMIT ?", (n,)
        ).fetchall()
    return [
        {
            "started_at": started,
            "finished_at": finished,
            "state": state if state != "running" or (writing and number == 0) else "killed",
            "progress": json.loads(progress),
            "report": json.loads(report) if report else None,
        }
        for number, (started, finished, state, progress, report) in enumerate(rows)
    ]


def figures(newest_first: Sequence[Mapping[str, Any]]) -> dict[Figure, float]:
    """The metrics of `runs`; those that no run told yet are left out."""
    if not newest_first:
        return {}
    found = {
        LAST_RUN: _seconds(newest_first[0]["started_at"]),
        RUNNING: float(newest_first[0]["state"] == "running"),
    }
    told = next((run["report"] for run in newest_first if run["report"]), None)
    if told:
        found |= {DURATION: told["seconds"], FAILURES: len(told["failures"]), GENERATION: told["generation"]}
        found |= {DOCUMENTS: told["documents"]} if "documents" in told else {}  # reports of older versions have none
    good = next((run for run in newest_first if run["state"] == "finished" and not _refused(run["report"])), None)
    if good:
        found[LAST_SUCCESS] = _seconds(good["finished_at"])
    return found


def _refused(report: Mapping[str, Any]) -> bool:
    return any(failure["stage"] == REFUSED for failure in report["failures"])


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
