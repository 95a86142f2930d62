"""The command that watches folders: `watch`."""

from __future__ import annotations

import argparse
import logging
import shlex
import threading
from pathlib import Path

from ingest.arguments import Commands
from ingest.watch import Command, Pace, watch
from kb.config import Settings

log = logging.getLogger(__name__)


def add(commands: Commands) -> None:
    command = commands.add_parser("watch", help="index folders as they change, until it is stopped")
    command.add_argument("paths", nargs="*", metavar="PATH", help="folders (default: KB_CORPUS)")
    usual = Pace()
    command.add_argument(
        "--settle",
        type=_seconds,
        default=usual.settle,
        metavar="S",
        help=f"index after S seconds without a change (default {usual.settle:g})",
    )
    command.add_argument(
        "--every",
        type=_seconds,
        default=usual.every,
        metavar="S",
        help=f"and every S seconds at any rate (default {usual.every:g})",
    )
    command.add_argument(
        "--poll",
        type=_seconds,
        default=usual.poll,
        metavar="S",
        help="look at the files every S seconds: for network file systems",
    )
    command.add_argument("--options", default="", metavar="'…'", help="options for each re-index, such as --options='--jobs 1'")
    command.set_defaults(run=_watch)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0.1 <= seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds from 0.1 to 1000000")
    return seconds


def _watch(options: argparse.Namespace, settings: Settings) -> int:
    folders = [Path(path).absolute() for path in options.paths] or [settings.corpus]
    stop = threading.Event()
    run = Command([*shlex.split(options.options), "--", *map(str, folders)], stop)
    log.info("watching %s; end it with Ctrl-C or SIGTERM", ", ".join(map(str, folders)))
    watch(folders, run, Pace(options.settle, options.every, options.poll), stop)
    return 0
