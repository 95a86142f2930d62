"""The command that downloads: `fetch`."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
from dataclasses import asdict
from pathlib import Path

from ingest.arguments import Commands, count
from ingest.fetch import FetchReport, fetch, plan
from ingest.fetch import Options as FetchOptions
from ingest.public_sources import Choice, choose, public_sources
from kb.config import Settings
from kb.records import KINDS


def add(commands: Commands) -> None:
    command = commands.add_parser("fetch", help="download public documents that a list names")
    command.add_argument("--only", action="append", default=[], metavar="ID|GLOB", help="these ids, such as 'dawn-*'")
    command.add_argument("--country", action="append", default=[], metavar="UZ", help="documents that concern a country")
    command.add_argument("--kind", action="append", default=[], metavar="KIND", help=f"one of {', '.join(KINDS)}")
    command.add_argument("--language", action="append", default=[], metavar="ru", help="documents in a language")
    command.add_argument("--all", action="store_true", help="every document of the list")
    command.add_argument("--into", default="", metavar="FOLDER", help="where they go (default: KB_HOME/fetched)")
    command.add_argument("--sources", default="", metavar="FILE", help="the list (default: KB_CORPUS/sources.toml)")
    command.add_argument("--dry-run", action="store_true", help="say what would be asked for; ask no host, write nothing")
    command.add_argument("--jobs", type=count, default=4, metavar="N", help="hosts asked at a time (default 4)")
    command.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
    command.set_defaults(run=_fetch)


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
