"""A folder to fetch into, a server that misbehaves, and quick manners: what the tests of fetching share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ingest.courtesy import Manners
from ingest.download import Limits
from ingest.fetch import FetchReport, Options, fetch
from ingest.fetched import STATE
from ingest.public_sources import PublicSource
from kb.records import Metadata
from tests.bad_server import REACH, BadServer

LIMITS = Limits(connect_seconds=60, silence_seconds=60, seconds=120, sent=1 << 20, unpacked=2 << 20)
TEXT = b"The line is 1,387 km long. " * 4000


class Bench:
    def __init__(self, server: BadServer, folder: Path) -> None:
        self.server = server
        self.pages = server.pages
        self.folder = folder
        self.options = Options(4, LIMITS, Manners(pause=0.0, busy_wait=0.0), REACH)

    def source(self, name: str, path: str = "", host: str = "docs.example") -> PublicSource:
        url = self.server.url(path or f"/{name}", host=host)
        return PublicSource(name, Metadata(title=f"On {name}", kind="news", language="en", countries=("PK", "UZ"), url=url))

    def run(self, *names: str | PublicSource, **options: object) -> FetchReport:
        sources = [self.source(name) if isinstance(name, str) else name for name in names]
        return fetch(sources, self.folder, replace(self.options, **options))  # type: ignore[arg-type]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))

    def state(self) -> list[str]:
        return sorted(path.name for path in (self.folder / STATE).iterdir() if path.name != "lock")

    def record(self, name: str) -> dict[str, object]:
        return json.loads((self.folder / STATE / f"{name}.json").read_text(encoding="utf-8"))


def reason(report: FetchReport) -> str:
    """Stage and reason of the only failure."""
    (failed,) = report.failures
    return f"{failed.stage}: {failed.reason}"
