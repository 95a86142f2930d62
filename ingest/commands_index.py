"""The commands that index: `reindex` and `status`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from ingest.arguments import Commands, count
from ingest.passwords import Passwords, passwords_from
from ingest.reindex import Options, dry_run, reindex
from kb.config import Settings
from kb.library import runs
from kb.records import ReindexReport
from kb.serialize import report_json


def add(commands: Commands) -> None:
    command = commands.add_parser("reindex", help="bring the index in line with folders or files")
    command.add_argument("paths", nargs="*", metavar="PATH", help="folders or files (default: KB_CORPUS)")
    command.add_argument("--full", action="store_true", help="read every file again, changed or not")
    command.add_argument("--only", default="", metavar="GLOB", help="only files whose uri matches, such as '*/news/*'")
    command.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    command.add_argument(
        "--jobs", type=count, default=os.cpu_count() or 1, metavar="N", help="files read at a time (default: cores)"
    )
    command.add_argument(
        "--password-file",
        type=_passwords,
        default=Passwords(),
        metavar="FILE",
        help="passwords of locked PDFs: a line each, for all files, or a glob over uris, a tab and the password",
    )
    command.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
    command.set_defaults(run=_reindex)
    command = commands.add_parser("status", help="the last runs")
    command.add_argument("-n", type=count, default=10, help="how many (default 10)")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_status)


def _passwords(name: str) -> Passwords:
    try:
        return passwords_from(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _reindex(options: argparse.Namespace, settings: Settings) -> int:
    paths = [Path(path) for path in options.paths] or [settings.corpus]
    chosen = Options(options.full, options.only, options.dry_run, options.jobs, options.password_file)
    report = (dry_run if chosen.dry_run else reindex)(settings, paths, chosen)
    if options.json:
        print(json.dumps(report_json(report), ensure_ascii=False))
    else:
        print(_readable(report))
    return 1 if report.failures else 0


def _readable(report: ReindexReport) -> str:
    would = "would be " if report.dry_run else ""
    lines = [
        f"{would}added {report.added}, updated {report.updated}, unchanged {report.unchanged}, removed {report.removed}, "
        f"failed {len(report.failures)} in {report.seconds:.1f} s",
        *(f"  warning  {warning}" for warning in report.warnings),
        *(f"  FAILED   {failure.uri} ({failure.stage}): {failure.reason}" for failure in report.failures),
    ]
    if not report.dry_run:
        lines.append(f"generation {report.generation} is published: {report.passages} passages")
    return "\n".join(lines)


def _status(options: argparse.Namespace, settings: Settings) -> int:
    for run in runs(settings, options.n):
        if options.json:
            print(json.dumps(run, ensure_ascii=False))
            continue
        report = run["report"]
        done = (
            f"added {report['added']}, updated {report['updated']}, removed {report['removed']}, "
            f"failed {len(report['failures'])}, {report['seconds']} s, generation {report['generation']}"
            if report
            else "did not finish"
        )
        print(f"{run['started_at']}  {done}")
    return 0
