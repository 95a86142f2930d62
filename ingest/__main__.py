"""The operator's commands: `python -m ingest reindex | watch | fetch | check | status`.

Each module of commands adds its own with `add`. Exit status 0: fine, 1: some failed, 2: wrong use.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from ingest import commands_fetch, commands_index, commands_store, commands_watch
from kb.config import settings_from
from kb.errors import KnowledgeBaseError

EXAMPLES = """examples:
  python -m ingest reindex                      bring the index in line with KB_CORPUS
  python -m ingest reindex ~/papers --json      another folder too, with a report for a script
  python -m ingest reindex --only '*/news/*'    only what the pattern matches
  python -m ingest reindex --dry-run            say what would be done, and write nothing
  python -m ingest watch                        the same whenever KB_CORPUS changes
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
    for group in (commands_index, commands_watch, commands_fetch, commands_store):
        group.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
