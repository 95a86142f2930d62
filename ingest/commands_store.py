"""The commands that look after the store: `check`, `rollback`, `gc`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from ingest.arguments import Commands, count
from kb.check import check, repair
from kb.config import Settings
from kb.embed import model_identity
from kb.findings import Checked
from kb.keeping import KEPT, Garbage, gc, plan_gc
from kb.manifest import vector_model
from kb.postgres_check import checked
from kb.postgres_publish import collect_mirrored, mirror
from kb.rollback import Kept, kept, release, roll_back
from kb.staging import Staging


def add(commands: Commands) -> None:
    command = commands.add_parser("check", help="do store, index and originals agree?")
    command.add_argument("--repair", action="store_true", help="apply the remedies that need no backup, then check again")
    command.add_argument("--deep", action="store_true", help="every row of the indexes instead of a sample")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_check)
    command = commands.add_parser("rollback", help="publish a generation of before again, and hold it")
    chosen = command.add_mutually_exclusive_group()
    chosen.add_argument("--to", type=_generation, metavar="GENERATION", help="a kept one (default: the one before)")
    chosen.add_argument("--list", action="store_true", help="show the kept generations, change nothing")
    chosen.add_argument("--release", action="store_true", help="let the next reindex publish again; publishes nothing itself")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_rollback)
    command = commands.add_parser("gc", help="remove generations, vectors and originals that nobody reads")
    command.add_argument("--keep", type=count, default=KEPT, metavar="N", help=f"generations to keep (default {KEPT})")
    command.add_argument("--dry-run", action="store_true", help="say what would be removed, change nothing")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_gc)


def _generation(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) < 10**9:
        raise argparse.ArgumentTypeError(f"{value!r} is no generation; `python -m ingest rollback --list` shows those kept")
    return int(value)


def _check(options: argparse.Namespace, settings: Settings) -> int:
    told = checked(settings, (repair if options.repair else check)(settings, deep=options.deep))
    if options.json:
        findings = [{"code": f.code, "what": f.what, "remedy": f.remedy, "repair": f.repair} for f in told.findings]
        shown = {"ok": not findings, "findings": findings, "notes": told.notes, "repaired": told.repaired}
        print(json.dumps(shown, ensure_ascii=False))
    else:
        print(_readable_check(told))
    return 1 if told.findings else 0


def _readable_check(told: Checked) -> str:
    lines = [f"repaired: {done}" for done in told.repaired]
    for finding in told.findings:
        lines += [f"WRONG  {finding.what}", f"       remedy: {finding.remedy}"]
    lines += [f"note   {note}" for note in told.notes]
    return "\n".join(lines if told.findings else [*lines, "store, index and originals agree"])


def _rollback(options: argparse.Namespace, settings: Settings) -> int:
    there, released = kept(settings.home), False
    if not options.list:
        with Staging(settings.home) as staging:
            if options.release:
                released = release(staging)
            else:
                roll_back(staging, options.to)
                mirror(settings, staging)
        there = kept(settings.home)
    if options.json:
        print(json.dumps(asdict(there)))
        return 0
    if options.release:
        print("the next reindex publishes again" if released else "nothing was held; the next reindex publishes as ever")
    print(_readable_kept(there))
    return 0


def _readable_kept(there: Kept) -> str:
    lines = []
    for one in there.generations:
        mark = "*" if one.generation == there.published else " "
        part = ", in the middle of a run" if one.generation in there.intermediate else ""
        lines.append(f"{mark} {one.generation:>6}  {one.created_at}  {one.documents} documents, {one.passages} passages{part}")
    lines.append(f"generation {there.published} is published")
    if there.held:
        lines.append(
            f"held since {there.held}: reindex publishes nothing. `python -m ingest rollback --release` lets it go on, "
            "`--to` the newest generation goes forward again."
        )
    return "\n".join(lines)


def _gc(options: argparse.Namespace, settings: Settings) -> int:
    kept(settings.home)  # says so where there is no index, before a folder is made
    models = {vector_model(*model_identity(settings))}
    if options.dry_run:
        done = plan_gc(settings.home, models, options.keep)
    else:
        with Staging(settings.home) as staging:
            done = gc(staging, models, options.keep)
        collect_mirrored(settings, options.keep)
    if options.json:
        print(json.dumps(asdict(done) | {"dry_run": options.dry_run, "freed": done.bytes_before - done.bytes_after}))
    else:
        print(_readable_garbage(done, "would be " if options.dry_run else ""))
    return 0


def _readable_garbage(done: Garbage, would: str) -> str:
    named = ", ".join(map(str, done.generations)) or "none"
    lines = [
        f"{would}removed: generations {named}; {done.documents} old versions of documents, {done.vectors} vectors, "
        f"{done.originals} originals, {done.leftovers} leftovers of killed runs",
        f"{would}freed {done.bytes_before - done.bytes_after:,} of {done.bytes_before:,} bytes",
    ]
    if done.held:
        lines.append(f"left, because a reader has them open: generations {', '.join(map(str, done.held))}")
    return "\n".join(lines)
