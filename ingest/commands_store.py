"""The commands that look after the store: `check`."""

from __future__ import annotations

import argparse
import json

from ingest.arguments import Commands
from kb.check import check
from kb.config import Settings


def add(commands: Commands) -> None:
    command = commands.add_parser("check", help="do store, index and originals agree?")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_check)


def _check(options: argparse.Namespace, settings: Settings) -> int:
    findings = check(settings)
    if options.json:
        print(json.dumps({"ok": not findings, "findings": findings}, ensure_ascii=False))
    else:
        print("\n".join(findings) or "store, index and originals agree")
    return 1 if findings else 0
