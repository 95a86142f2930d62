"""A run told in a page: failures first, no longer than fits a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kb.records import ReindexReport

MOST_FAILURES, MOST_WARNINGS, MOST_PLANNED = 25, 10, 200  # lines of each; `status --json` has them all
LONGEST = 300  # characters of a line


def summary(report: ReindexReport) -> str:
    """At most 60 lines; of a dry run, which lists files, 260."""
    lines = [_headline(report)]
    lines += _some((f"  FAILED   {f.uri} ({f.stage}): {f.reason}" for f in report.failures), len(report.failures), MOST_FAILURES)
    lines += _some((f"  warning  {warning}" for warning in report.warnings), len(report.warnings), MOST_WARNINGS)
    lines += _reasons(report)
    if report.dry_run:
        lines += _some(map(_planned_line, report.planned), len(report.planned), MOST_PLANNED)
        return "\n".join(lines)
    lines.append(f"generation {report.generation} is published: {report.documents:,} documents, {report.passages:,} passages")
    if report.stages:
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.stages.items() if seconds >= 0.05)
        lines.append(f"{report.embedded:,} passages embedded" + (f"; {spent}" if spent else ""))
    lines += _remedies(report)
    return "\n".join(lines)


def _headline(report: ReindexReport) -> str:
    would = "would be " if report.dry_run else ""
    stopped = f"STOPPED by {report.stopped_by}: " if report.stopped_by else ""
    return (
        f"{stopped}{would}added {report.added}, updated {report.updated}, moved {report.moved}, unchanged {report.unchanged}, "
        f"removed {report.removed}, failed {len(report.failures)} in {report.seconds:.1f} s"
    )


def _reasons(report: ReindexReport) -> list[str]:
    lines = []
    if report.reasons:
        lines.append("read or embedded again for: " + _listed(report.reasons.items()))
    if report.postponed:
        lines.append("left for later: " + _listed(report.postponed.items()))
    return lines


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def _planned_line(item: object) -> str:
    action, uri, reason, before = (getattr(item, name) for name in ("action", "uri", "reason", "before"))
    return f"  {action:9}{f'{before} → ' if before else ''}{uri}{f' ({reason})' if reason else ''}"


def _remedies(report: ReindexReport) -> list[str]:
    if report.stopped_by:
        return ["what was done is kept: run the same command to go on"]
    if "model" in report.postponed:
        return [
            "the model is another than the index was made with, so nothing new was published: set KB_MODEL back, or run with "
            "--stale now"
        ]
    return []


def _some(lines: Iterable[str], count: int, most: int) -> Sequence[str]:
    shown = [line.replace("\n", " ")[:LONGEST] for line, _ in zip(lines, range(most), strict=False)]
    return shown + ([f"  … and {count - most:,} more: `python -m ingest status --json` has them all"] if count > most else [])
