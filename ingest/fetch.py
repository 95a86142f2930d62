"""Fetch chosen public documents into a folder: the run and its report. A document that fails is named, the others go on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from ingest.courtesy import Courtesy, Manners
from ingest.download import Budget, Limits, Reply, Wire
from ingest.fetched import Folder, Part, Record, sendable, too_large
from ingest.public_sources import PublicSource
from ingest.reach import NotFetched, Reach
from ingest.sources import DOCX, HTML, JSONL, MARKDOWN, NAMES, PDF, TEXT
from ingest.text import SUPPORTED

Outcome = Literal["new", "updated", "unchanged"]

ACCEPT = f"{HTML}, application/xhtml+xml, {PDF}, {DOCX}, {TEXT}, {MARKDOWN}, */*;q=0.1"
#: What a Content-Type makes us expect. A server that does not know says octet-stream: then the content must say PDF or DOCX.
_EXPECTED = {media_type: media_type for media_type in NAMES} | {
    "application/x-pdf": PDF,
    "application/xhtml+xml": HTML,
    "application/x-ndjson": JSONL,
    "application/octet-stream": PDF,
    "binary/octet-stream": PDF,
    "application/force-download": PDF,
    "": PDF,
}
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Options:
    """`jobs`: hosts that are asked at a time, each for one document. The rest is for tests alone: commands use the defaults."""

    jobs: int = 4
    limits: Limits = field(default_factory=Limits)
    manners: Manners = field(default_factory=Manners)
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True)
class Failed:
    """A document that was not fetched: at which stage (see NotFetched) and why. A version that was here before stays."""

    id: str
    url: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class FetchReport:
    """`new`, `updated` and `unchanged` are ids, in the list's order; `bytes` are those of new and updated documents."""

    folder: Path
    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    failures: tuple[Failed, ...]
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with a source: fetch it, check whether what is here is current, or go on at a byte."""

    source: PublicSource
    action: Literal["fetch", "check", "resume"]


def fetch(sources: Sequence[PublicSource], folder: Path, options: Options) -> FetchReport:
    """Fetch the sources into the folder. Raises Busy if another run writes there, OSError if it cannot be made."""
    began = time.monotonic()
    wire = Wire(options.reach, options.limits)
    with Folder(folder).open_for_writing():
        run = _Run(Folder(folder), wire, Courtesy(wire, options.manners))
        households: dict[str, list[PublicSource]] = {}
        for source in sources:
            households.setdefault(run.household(source), []).append(source)
        progress = tqdm(total=len(sources), desc="fetching", unit="document", disable=None, delay=1, leave=False)
        with progress, ThreadPoolExecutor(options.jobs, thread_name_prefix="fetching") as pool:
            # the host with the most documents first: it takes the longest, however many jobs there are
            groups = sorted(households.values(), key=len, reverse=True)
            try:
                for done in as_completed([pool.submit(run.work, group, progress.update) for group in groups]):
                    done.result()
            except BaseException:  # Ctrl-C above all: let no thread finish what it waits for
                pool.shutdown(wait=False, cancel_futures=True)
                wire.stop()
                raise
    return run.report(sources, time.monotonic() - began)


def plan(sources: Sequence[PublicSource], folder: Path) -> list[Planned]:
    """What `fetch` would do. Asks no host and writes nothing."""
    there = Folder(folder)
    planned = []
    for source in sources:
        action: Literal["fetch", "check", "resume"] = "fetch"
        if there.part(source):
            action = "resume"
        elif there.held(source):
            action = "check"
        planned.append(Planned(source, action))
    return planned


class _Run:
    """One run's threads share this; each source is worked on by one of them."""

    def __init__(self, folder: Folder, wire: Wire, courtesy: Courtesy) -> None:
        self._folder = folder
        self._wire = wire
        self._courtesy = courtesy
        self._done: dict[str, tuple[Outcome, Record] | Failed] = {}

    def household(self, source: PublicSource) -> str:
        """Sources of one household are fetched one after the other; an address that will be refused is one of its own."""
        try:
            return self._wire.reach.place(source.url).household
        except NotFetched:
            return source.url

    def work(self, sources: Sequence[PublicSource], advance: Callable[[], object]) -> None:
        for source in sources:
            try:
                self._done[source.id] = self._one(source)
            except NotFetched as failure:
                self._done[source.id] = Failed(source.id, source.url, failure.stage, str(failure))
            except OSError as error:
                reason = f"it cannot be stored: {error}; mend that and run it again."
                self._done[source.id] = Failed(source.id, source.url, "store", reason)
            advance()

    def report(self, sources: Sequence[PublicSource], seconds: float) -> FetchReport:
        done = [self._done[source.id] for source in sources]
        fetched = [result for result in done if not isinstance(result, Failed)]

        def of(wanted: Outcome) -> tuple[str, ...]:
            return tuple(record.id for outcome, record in fetched if outcome == wanted)

        return FetchReport(
            folder=self._folder.path,
            new=of("new"),
            updated=of("updated"),
            unchanged=of("unchanged"),
            failures=tuple(result for result in done if isinstance(result, Failed)),
            bytes=sum(record.bytes for outcome, record in fetched if outcome != "unchanged"),
            seconds=round(seconds, 2),
        )

    def _one(self, source: PublicSource) -> tuple[Outcome, Record]:
        budget = Budget(self._wire.limits.seconds)
        held = self._folder.held(source)
        part = self._courtesy.patiently(lambda: self._received(source, held, budget))
        if part is None:
            assert held is not None  # only then is a condition sent, and only then None returned
            return "unchanged", self._folder.confirm(source, held)
        try:
            record = self._folder.install(source, part, held, self._wire.limits)
        except NotFetched:
            self._folder.drop(source.id)  # the rest of it would make it no better
            raise
        if held is None:
            return "new", record
        return ("unchanged" if record.sha256 == held.sha256 else "updated"), record

    def _received(self, source: PublicSource, held: Record | None, budget: Budget) -> Part | None:
        """The whole body in the part file; None if what is held is current. Raises NotFetched; what came stays if it may."""
        started = self._folder.part(source)

        def headers(url: str) -> Mapping[str, str]:
            """A condition goes to the address that gave what it is about, and to no other on the way."""
            if started and started[0].final == url:
                rest = {"Range": f"bytes={started[1]}-", "If-Range": started[0].validator}
                return {"Accept": ACCEPT, "Accept-Encoding": started[0].encoding or "identity"} | rest
            condition = {}
            if held and held.final == url and not started:
                condition = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified}
            return {"Accept": ACCEPT, "Accept-Encoding": "gzip"} | {name: value for name, value in condition.items() if value}

        with self._courtesy.visit(source.url, headers, budget) as reply:
            if reply.status == 304 and held and held.final == reply.url and not started and (held.etag or held.last_modified):
                return None
            part = self._opened(source, reply, started)
            try:
                size = self._folder.append(source.id, reply.blocks(), self._wire.limits.sent)
                _require_whole(reply, size)
            except NotFetched as failure:
                if failure.stage == "content" or not part.validator:
                    self._folder.drop(source.id)
                raise
        return part

    def _opened(self, source: PublicSource, reply: Reply, started: tuple[Part, int] | None) -> Part:
        """Where the reply's body goes: behind what is here, if it is the rest of it, else into a new part."""
        if reply.status == 206 and started and _continues(reply, started):
            return started[0]
        if reply.status in (206, 416):
            self._folder.drop(source.id)
            reason = f"{reply.place.host} answered {reply.said} with another part than asked for; run it again."
            raise NotFetched("answer", reason, passing=started is not None)
        if reply.status not in (200, 203):
            reason = f"{reply.place.host} answered {reply.said}; {_advice(reply.status)}."
            raise NotFetched("answer", reason, passing=reply.status in (502, 504))
        announced = reply.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced[:20]) > self._wire.limits.sent:
            raise too_large(self._wire.limits.sent)
        content_type = reply.headers.get("Content-Type", "").strip()[:200]
        expected = _EXPECTED.get(content_type.partition(";")[0].strip().casefold())
        if expected is None:
            raise NotFetched("content", f"it is sent as {content_type!r}; the types read are {SUPPORTED}.")
        part = Part(
            requested=source.url,
            final=reply.url,
            status=reply.status,
            media_type=expected,
            content_type=content_type,
            encoding=reply.encoding,
            etag=sendable(reply.headers.get("ETag", "")),
            last_modified=sendable(reply.headers.get("Last-Modified", "")),
        )
        self._folder.begin(source.id, part)
        return part


def _advice(status: int) -> str:
    if status in (401, 402, 403, 407, 451):
        return "it is not given to programs, or not to this one; take it from a browser if you may"
    return "correct its address in the list" if status in (404, 410) or 300 <= status < 400 else "try again later"


def _continues(reply: Reply, started: tuple[Part, int]) -> bool:
    """Whether a 206 is the rest of what is here, of the same thing packed the same way."""
    part, size = started
    found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", "").strip())
    same = reply.headers.get("ETag", part.etag) == part.etag and reply.encoding == part.encoding
    return found is not None and same and reply.url == part.final and int(found[1]) == size


def _require_whole(reply: Reply, size: int) -> None:
    """Raises NotFetched (passing) if after the rest there are other than the bytes that the whole was said to have."""
    found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", "").strip()) if reply.status == 206 else None
    if found and found[3] != "*" and int(found[3]) != size:
        reason = f"{reply.place.host} announced {found[3]} bytes in all and gave {size}; run it again."
        raise NotFetched("content", reason, passing=True)
