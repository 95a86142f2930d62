"""What a run has done so far, in documents, and the report made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ingest.compare import Comparison
from ingest.progress import Progress
from kb.records import Failure, Planned, ReindexReport
from kb.staging import KnownSource, StagedDocument

MOST_WARNINGS = 10_000  # kept in the report: a reader that warns of each page must not fill the memory


@dataclass(slots=True)
class Tally:
    """`known`: the documents of each file that is read again, by the uri it has now."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    moved: int = 0
    embedded: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    known: dict[str, KnownSource] = field(default_factory=dict)
    moved_again: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    postponed: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)

    def compared(self, found: Comparison, progress: Progress) -> None:
        """Count what needs no reading, and remember what does."""
        gone = {uri for one in found.differences for uri in one.gone}
        replaced = found.replaced
        again = {change.before or change.file.uri: change for one in found.differences for change in one.changed}
        for failure in found.failures:
            self.fail(failure, progress)
        for uri, entry in found.known.items():
            if uri in gone or uri in replaced:
                self.removed += len(entry.documents)
            elif uri in found.moves:
                self.moved += len(entry.documents)
            elif uri not in again:
                self.unchanged += len(entry.documents)
        self.known = {change.file.uri: found.known[before] for before, change in again.items()}
        self.moved_again = {change.file.uri for change in again.values() if change.before}
        self.reasons.update(change.reason for change in again.values())
        self.postponed.update(reason for one in found.differences for reason in one.postponed.values())

    def fail(self, failure: Failure, progress: Progress) -> None:
        self.failures.append(failure)
        progress.failed(failure)

    def kept(self, uri: str) -> None:
        """A file could not be read: its last good version stays."""
        if uri in self.known and uri not in self.moved_again:
            self.unchanged += len(self.known[uri].documents)

    def stored(self, uri: str, staged: Sequence[StagedDocument], *, is_move: bool) -> None:
        before = set(self.known[uri].documents) if uri in self.known else set()
        after = {item.document.id for item in staged}
        self.added += len(after - before)
        self.updated += 0 if is_move else len(after & before)
        self.removed += len(before - after)
        told = [f"{item.document.uri}: {warning}" for item in staged for warning in item.document.warnings]
        self.warnings += told[: max(MOST_WARNINGS - len(self.warnings), 0)]

    def spend(self, stage: str, seconds: float) -> None:
        self.stages[stage] += seconds  # type: ignore[assignment]  # a Counter of seconds

    def report(self, seconds: float, **rest: int | bool | str | tuple[Planned, ...]) -> ReindexReport:
        made = ReindexReport(self.added, self.updated, self.unchanged, self.removed, tuple(self.failures))
        return replace(
            made,
            warnings=tuple(self.warnings),
            seconds=round(seconds, 2),
            moved=self.moved,
            embedded=self.embedded,
            reasons=dict(sorted(self.reasons.items())),
            postponed=dict(sorted(self.postponed.items())),
            stages=_rounded(self.stages),
            **rest,  # type: ignore[arg-type]  # passages, documents, generation, dry_run, stopped_by, planned
        )


def _rounded(stages: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 2) for stage, seconds in stages.items()}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
