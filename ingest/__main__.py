"""The operator's commands: `python -m ingest reindex | watch | fetch | check | rollback | gc | status`.

Each module of commands (GROUPS) adds its own with `add`. Exit status 0: fine, 1: some failed, 2: wrong use.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from kb.config import settings_from
from kb.connections import store_errors
from kb.errors import KnowledgeBaseError
from kb.staging import STORE_FILE

# Module → its commands, in the order that help lists them. One that is not asked for is not imported: fetching alone costs a
# third of a second, and a re-index that finds nothing to do should not take longer than to see that.
GROUPS = {
    "ingest.commands_index": ("reindex", "status"),
    "ingest.commands_watch": ("watch",),
    "ingest.commands_fetch": ("fetch",),
    "ingest.commands_store": ("check", "rollback", "gc"),
}
EXAMPLES = """examples:
  python -m ingest reindex                      bring the index in line with KB_CORPUS
  python -m ingest reindex ~/papers --json      another folder too, with a report for a script
  python -m ingest reindex --only '*/news/*'    only what the pattern matches
  python -m ingest reindex --dry-run            list what would be done and why, and write nothing
  python -m ingest watch                        the same whenever KB_CORPUS changes
  python -m ingest fetch --country UZ --kind agreement   download public documents of corpus/sources.toml
"""


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    asked = [module for module, commands in GROUPS.items() if arguments and arguments[0] in commands]
    options = _parser(asked or GROUPS).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        settings = settings_from(os.environ, Path.cwd())
        with store_errors(settings.home / STORE_FILE):
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


def _parser(modules: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in modules:
        import_module(module).add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
