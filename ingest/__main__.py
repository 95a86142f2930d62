"""The operator's commands: `python -m ingest reindex | fetch | check | status`.

Exit status 0: fine, 1: some failed, 2: wrong use.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from ingest.fetch import FetchReport, fetch, plan
from ingest.fetch import Options as FetchOptions
from ingest.passwords import Passwords, passwords_from
from ingest.public_sources import Choice, choose, public_sources
from ingest.reindex import Options, dry_run, reindex
from kb.check import check
from kb.config import Settings, settings_from
from kb.errors import KnowledgeBaseError
from kb.library import runs
from kb.records import KINDS, ReindexReport
from kb.serialize import report_json

EXAMPLES = """examples:
  python -m ingest reindex                      bring the index in line with KB_CORPUS
  python -m ingest reindex ~/papers --json      another folder too, with a report for a script
  python -m ingest reindex --only '*/news/*'    only what the pattern matches
  python -m ingest reindex --dry-run            say what would be done, and write nothing
  python -m ingest fetch --country UZ --kind agreement   download public documents of corpus/sources.toml
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        settings = settings_from(os.environ, Path.cwd())
        return int(options.run(options, settings))
    except KnowledgeBaseError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ingest: interrupted; what was done is kept, run the same command to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"ingest: {error}; what was done is kept, run the same command once it is mended.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("reindex", help="bring the index in line with folders or files")
    command.add_argument("paths", nargs="*", metavar="PATH", help="folders or files (default: KB_CORPUS)")
    command.add_argument("--full", action="store_true", help="read every file again, changed or not")
    command.add_argument("--only", default="", metavar="GLOB", help="only files whose uri matches, such as '*/news/*'")
    command.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    command.add_argument(
        "--jobs", type=_jobs, default=os.cpu_count() or 1, metavar="N", help="files read at a time (default: cores)"
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
    _add_fetch(commands.add_parser("fetch", help="download public documents that a list names"))
    command = commands.add_parser("check", help="do store, index and originals agree?")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_check)
    command = commands.add_parser("status", help="the last runs")
    command.add_argument("-n", type=_jobs, default=10, help="how many (default 10)")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_status)
    return parser


def _add_fetch(command: argparse.ArgumentParser) -> None:
    command.add_argument("--only", action="append", default=[], metavar="ID|GLOB", help="these ids, such as 'dawn-*'")
    command.add_argument("--country", action="append", default=[], metavar="UZ", help="documents that concern a country")
    command.add_argument("--kind", action="append", default=[], metavar="KIND", help=f"one of {', '.join(KINDS)}")
    command.add_argument("--language", action="append", default=[], metavar="ru", help="documents in a language")
    command.add_argument("--all", action="store_true", help="every document of the list")
    command.add_argument("--into", default="", metavar="FOLDER", help="where they go (default: KB_HOME/fetched)")
    command.add_argument("--sources", default="", metavar="FILE", help="the list (default: KB_CORPUS/sources.toml)")
    command.add_argument("--dry-run", action="store_true", help="say what would be asked for; ask no host, write nothing")
    command.add_argument("--jobs", type=_jobs, default=4, metavar="N", help="hosts asked at a time (default 4)")
    command.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
    command.set_defaults(run=_fetch)


def _jobs(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 256:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number from 1 to 256")
    return int(value)


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


def _fetch(options: argparse.Namespace, settings: Settings) -> int:
    named = Choice(tuple(options.only), tuple(options.country), tuple(options.kind), tuple(options.language), options.all)
    listed = Path(options.sources).expanduser() if options.sources else settings.corpus / "sources.toml"
    chosen = choose(public_sources(listed), named)
    folder = Path(options.into).expanduser().absolute() if options.into else settings.home / "fetched"
    if options.dry_run:
        planned = [{"id": item.source.id, "action": item.action, "url": item.source.url} for item in plan(chosen, folder)]
        if options.json:
            print(json.dumps({"dry_run": True, "folder": str(folder), "documents": planned}, ensure_ascii=False))
        else:
            print("\n".join(f"{item['action']:6}  {item['id']}  {item['url']}" for item in planned))
            print(f"asked for would be {len(planned)}, into {folder}")
        return 0
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of odd heads with a traceback; what matters is reported
    report = fetch(chosen, folder, FetchOptions(jobs=options.jobs))
    if options.json:
        print(json.dumps(asdict(report) | {"folder": str(folder)}, ensure_ascii=False))
    else:
        print(_fetched(report))
    return 1 if report.failures else 0


def _fetched(report: FetchReport) -> str:
    lines = [
        f"new {len(report.new)}, updated {len(report.updated)}, unchanged {len(report.unchanged)}, "
        f"failed {len(report.failures)}, {report.bytes:,} bytes in {report.seconds:.1f} s",
        *(f"  new      {name}" for name in report.new),
        *(f"  updated  {name}" for name in report.updated),
        *(f"  FAILED   {failure.id} ({failure.stage}): {failure.reason}" for failure in report.failures),
    ]
    if report.new or report.updated:
        lines.append(f"to index them: python -m ingest reindex {shlex.quote(str(report.folder))}")
    return "\n".join(lines)


def _check(options: argparse.Namespace, settings: Settings) -> int:
    findings = check(settings)
    if options.json:
        print(json.dumps({"ok": not findings, "findings": findings}, ensure_ascii=False))
    else:
        print("\n".join(findings) or "store, index and originals agree")
    return 1 if findings else 0


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


if __name__ == "__main__":
    sys.exit(main())
