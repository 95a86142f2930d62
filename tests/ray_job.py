"""`python -m ingest reindex --runner ray` as an operator runs it, but with a model that is a fake and takes its time.

    KB_HOME=HOME python -m tests.ray_job [--postgresql] FOLDER HOST:PORT

--postgresql: a server of its own is started here and is KB_STORE; what is wrong with what it holds at last, compared with the
store of the run, is told in a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path

import ingest.commands_index
import ingest.ray_runner
from ingest.__main__ import main
from ingest.ray_runner import RayRunner
from ingest.reindex import reindex
from kb.config import settings_from
from kb.findings import Checked
from kb.postgres_check import checked
from tests.postgres_made import running
from tests.ray_nodes import identify, make_small_tasks, open_slow


def run(folder: str, address: str) -> int:
    make_small_tasks()
    ingest.ray_runner.RayRunner = partial(RayRunner, identify=identify, open_model=open_slow)
    ingest.commands_index.reindex = partial(reindex, identify=identify, open_model=open_slow)
    return main(["reindex", folder, "--runner", "ray", "--ray-address", address, "--json"])


def into_postgresql(folder: str, address: str) -> int:
    with running() as servers:
        os.environ["KB_STORE"], _ = servers.database()
        status = run(folder, address)
        found = checked(settings_from(os.environ, Path.cwd()), Checked())
        print(json.dumps({"findings": [finding.what for finding in found.findings], "notes": found.notes}))
        return status


if __name__ == "__main__":
    sys.exit(into_postgresql(*sys.argv[2:]) if sys.argv[1] == "--postgresql" else run(*sys.argv[1:]))
