"""The commands that index: `reindex` and `status`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from ingest.arguments import Commands, count
from ingest.passwords import Passwords, passwords_from
from ingest.progress import Progress
from ingest.reindex import Options, Watch, dry_run, reindex
from ingest.stop import Stop
from ingest.summary import summary
from ingest.textfile import write_metrics
from ingest.tools import Runner
from kb.config import Settings
from kb.errors import BadRequest
from kb.records import ReindexReport
from kb.run_log import runs
from kb.serialize import report_json


def add(commands: Commands) -> None:
    command = commands.add_parser("reindex", help="bring the index in line with folders or files")
    command.add_argument("paths", nargs="*", metavar="PATH", help="folders or files (default: KB_CORPUS)")
    command.add_argument("--full", action="store_true", help="read every file again, changed or not")
    command.add_argument("--only", default="", metavar="GLOB", help="only files whose uri matches, such as '*/news/*'")
    command.add_argument("--dry-run", action="store_true", help="list what would be done and why, write nothing")
    command.add_argument(
        "--stale",
        choices=("now", "later"),
        default="now",
        help="when to do what a newer reader, segmenter or model asks for",
    )
    command.add_argument(
        "--trust-mtime", action="store_true", help="do not open a file whose size, time and inode are as they were"
    )
    command.add_argument(
        "--allow-removals", action="store_true", help="believe a folder that is missing, empty or more than half gone"
    )
    command.add_argument(
        "--publish-every", type=_documents, default=0, metavar="N", help="publish after N documents too, not at the end alone"
    )
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
    _add_runner(command)
    _add_outputs(command)
    command.set_defaults(run=_reindex)
    command = commands.add_parser("status", help="the last runs, one that is running among them")
    command.add_argument("-n", type=count, default=10, help="how many (default 10)")
    command.add_argument("--json", action="store_true", help="a JSON object a line, with every failure")
    command.set_defaults(run=_status)


def _add_runner(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runner", choices=("local", "ray"), default="local", help="who reads and embeds (default: local)")
    command.add_argument("--ray-address", default="", metavar="HOST:PORT", help="the Ray cluster of --runner ray")


def _add_outputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
    command.add_argument("--events", default="", metavar="FILE", help="what happens, a JSON object a line ('-': standard error)")
    command.add_argument("--summary", default="", metavar="FILE", help="the report in at most 60 lines, for a mail")
    command.add_argument("--metrics", default="", metavar="FILE", help="figures for Prometheus' textfile collector (*.prom)")


def _documents(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number of documents from 1")
    return int(value)


def _passwords(name: str) -> Passwords:
    try:
        return passwords_from(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _reindex(options: argparse.Namespace, settings: Settings) -> int:
    paths = [Path(path) for path in options.paths] or [settings.corpus]
    chosen = Options(
        full=options.full,
        only=options.only,
        dry_run=options.dry_run,
        jobs=options.jobs,
        passwords=options.password_file,
        stale_later=options.stale == "later",
        trust_mtime=options.trust_mtime,
        allow_removals=options.allow_removals,
        publish_every=options.publish_every,
    )
    _check_runner(options)
    if chosen.dry_run:
        report, status = dry_run(settings, paths, chosen), 0
    else:
        try:
            with Stop() as stop, ExitStack() as stack:
                progress = Progress(events=_events(options.events, stack))
                chosen = replace(chosen, runner=_runner(options, settings, stack))
                report = reindex(settings, paths, chosen, watch=Watch(progress, stop))
                status = stop.exit_status if report.stopped_by else 0
        finally:
            if options.metrics:
                write_metrics(settings.home, Path(options.metrics))
    _tell(report, options)
    return status or (1 if report.failures else 0)


def _check_runner(options: argparse.Namespace) -> None:
    if (options.runner == "ray") is not bool(options.ray_address):
        raise BadRequest("--runner ray and --ray-address HOST:PORT go together; give both, or neither to work on this machine.")
    if options.runner == "ray" and find_spec("ray") is None:
        raise BadRequest("--runner ray needs Ray, not installed here: `pip install -r requirements-ray.txt -c constraints.txt`.")


def _runner(options: argparse.Namespace, settings: Settings, stack: ExitStack) -> Runner | None:
    if options.runner == "local":
        return None
    made: Runner = stack.enter_context(import_module("ingest.ray_runner").RayRunner(options.ray_address, settings))
    return made


def _events(name: str, stack: ExitStack) -> IO[str] | None:
    if name in ("", "-"):
        return sys.stderr if name else None
    return stack.enter_context(Path(name).open("a", encoding="utf-8"))


def _tell(report: ReindexReport, options: argparse.Namespace) -> None:
    told = summary(report)
    if options.summary:
        path = Path(options.summary)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(told + "\n", encoding="utf-8")
        beside.replace(path)
    print(json.dumps(report_json(report), ensure_ascii=False) if options.json else told)


def _status(options: argparse.Namespace, settings: Settings) -> int:
    for run in runs(settings.home, options.n):
        print(json.dumps(run, ensure_ascii=False) if options.json else f"{run['started_at']}  {_state(run)}")
    return 0


def _state(run: Mapping[str, Any]) -> str:
    if report := run["report"]:
        done = (
            f"{run['state']}: added {report['added']}, updated {report['updated']}, moved {report.get('moved', 0)}, "
            f"removed {report['removed']}, failed {len(report['failures'])}, {report['seconds']} s, "
            f"generation {report['generation']}"
        )
        stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.get("stages", {}).items())
        return f"{done} ({stages})" if stages else done
    if not (progress := run["progress"]):
        return str(run["state"])
    left = f", {progress['seconds_left']} s left" if "seconds_left" in progress and run["state"] == "running" else ""
    return (
        f"{run['state']}: {progress['stage']}, {progress['files']:,} of {progress['files_expected']:,} files, "
        f"{progress['embedded']:,} passages embedded, {progress['failures']} failed{left}"
    )
