"""Bring the index in line with folders: compare, then read, stage and embed at once, then publish.

What is staged survives a kill; the next run finds it unchanged and goes on with the rest. Readers see nothing of it until the
one switch at the end (or one after every so many documents).
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from ingest.compare import Comparison, Memory, Rules, compare
from ingest.passwords import Passwords
from ingest.plan import Change, Versions, Wish, scopes_of
from ingest.progress import Progress
from ingest.stop import Stop, Stopped
from ingest.tally import Tally, now
from ingest.tesseract import Engine, find_engine
from ingest.tools import Runner, Tools
from ingest.versions import reader_version, segmenter_version
from kb.config import Settings
from kb.connections import connect_reader
from kb.current import is_current, settle
from kb.encoder import Encoder, model_identity
from kb.errors import Held
from kb.manifest import vector_model
from kb.migrations import check_not_older, schema_of
from kb.records import Failure, ReindexReport, SourceFile
from kb.run_log import fail_run, finish_run, note_progress, start_run
from kb.serialize import report_json
from kb.source_files import KnownFile, known_files, record_files
from kb.staging import STORE_FILE, Staging, collections, documents_without, known_sources
from kb.store import published_generation

Find = Callable[[], Engine | None]
MODEL = "model"  # a reason of its own: nothing is read again, everything is embedded again


@dataclass(frozen=True, slots=True)
class Options:
    """`full`: read every file again, changed or not (a text that is embedded already stays so); `only`: a glob over uris;
    `passwords`: for locked PDFs; `stale_later`: leave what only a newer reader, segmenter or model asks for; `trust_mtime`: do
    not open a file whose size, time and inode are as they were; `publish_every`: documents, 0: once, at the end; `runner`: who
    reads and embeds, None: this machine."""

    full: bool = False
    only: str = ""
    dry_run: bool = False
    jobs: int = 2
    passwords: Passwords = field(default_factory=Passwords)
    stale_later: bool = False
    trust_mtime: bool = False
    allow_removals: bool = False
    publish_every: int = 0
    runner: Runner | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: what is shown of the run, and what may stop it."""

    progress: Progress = field(default_factory=lambda: Progress(bar=False))
    stop: Stop = field(default_factory=Stop)


def reindex(
    settings: Settings,
    paths: Sequence[Path],
    options: Options,
    identify: Callable[[Settings], tuple[str, str]] = model_identity,
    open_model: Callable[[Settings], Encoder] | None = None,
    watch: Watch | None = None,
) -> ReindexReport:
    """Index folders or files. Raises BadRequest for a path that is none, Busy if another run writes.

    A run that `watch.stop` stopped returns its report too, with `stopped_by`: what was done is kept.
    """
    watch = watch or Watch()
    open_model = open_model or _open_encoder
    model, digest = identify(settings)
    encoder = functools.cache(lambda: open_model(settings))  # only if there is something to read or to embed
    with Staging(settings.home) as staging:
        run = start_run(staging.connection, now())
        watch.progress.note = functools.partial(note_progress, staging.connection, run)
        try:
            report = _Run(staging, options, (model, digest), encoder, watch).report(paths)
            if not report.stopped_by:
                _mirror(settings, staging, watch.progress)
        except BaseException:
            fail_run(staging.connection, run, now())
            raise
        state = "interrupted" if report.stopped_by else "finished"
        finish_run(staging.connection, run, state, now(), json.dumps(report_json(report), ensure_ascii=False))
    watch.progress.event("finished", state=state, **report_json(report))
    return report


def _mirror(settings: Settings, staging: Staging, progress: Progress) -> None:
    """Bring KB_STORE up to what is published here; also where nothing had changed, and the last run could not reach it."""
    if settings.store:
        mirrored = import_module("kb.postgres_publish").mirror(settings, staging)
        if mirrored is not None and mirrored.copied:
            progress.event("mirrored", generation=mirrored.manifest.generation, server=mirrored.server)


def _open_encoder(settings: Settings) -> Encoder:
    encoder: Encoder = import_module("kb.embed").open_encoder(settings)
    return encoder


class _Run:
    def __init__(
        self, staging: Staging, options: Options, model: tuple[str, str], encoder: Callable[[], Encoder], watch: Watch
    ) -> None:
        self._staging = staging
        self._options = options
        self._model = model
        self._encoder = encoder
        self._progress = watch.progress
        self._stop = watch.stop
        self._tally = Tally()
        self._engine = functools.cache(find_engine)  # two programs are started to find it: only if there is something to read

    def report(self, paths: Sequence[Path]) -> ReindexReport:
        began = time.monotonic()
        stopped_by = ""
        try:
            self._work(paths)
        except Stopped as signal:
            stopped_by = str(signal)
        finally:
            self._progress.end()
        passages, documents, generation = self._staging.published()
        return self._tally.report(
            time.monotonic() - began,
            passages=passages,
            documents=documents,
            generation=generation,
            stopped_by=stopped_by,
        )

    def _work(self, paths: Sequence[Path]) -> None:
        added, changed = self._to_read(paths)
        anew = documents_without(self._staging.connection, vector_model(*self._model))  # 0 unless the model is another
        if anew and self._options.stale_later:
            self._tally.postponed[MODEL] = anew
        elif anew:
            self._tally.reasons[MODEL] = anew
        elif not added and not changed and is_current(self._staging, *self._model):
            settle(self._staging)
            return
        self._progress.begin("indexing", len(added) + len(changed))
        self._progress.counts.files = 0
        tools = self._tools(may_embed=MODEL not in self._tally.postponed)
        # Readers and language models take half a second to import, FAISS and numpy a quarter: not for a run that finds nothing
        # to do. So do `_publish` and `_open_encoder`.
        pipeline = import_module("ingest.pipeline").Pipeline(self._staging, tools, self._tally, self._progress, self._stop)
        pipeline.run(added, changed)
        if tools.may_embed:
            self._publish()

    def _to_read(self, paths: Sequence[Path]) -> tuple[list[SourceFile], list[Change]]:
        """Compare, and do what needs no reading. The comparison (1.4 KB a known file) is gone before the model comes."""
        began = time.monotonic()
        self._progress.begin("comparing")
        found = self._compared(paths)
        self._tally.compared(found, self._progress)
        self._progress.event("compared", **_counts(found))
        self._tally.spend("comparing", time.monotonic() - began)
        self._rearrange(found)
        added = [file for one in found.differences for file in one.added]
        return added, [change for one in found.differences for change in one.changed]

    def _compared(self, paths: Sequence[Path]) -> Comparison:
        connection, options = self._staging.connection, self._options
        scopes = scopes_of(paths, collections(connection))
        files: dict[str, KnownFile] = {}

        def remember(collection: str) -> Memory:
            memory = Memory(known_sources(connection, collection), known_files(connection, collection))
            files.update(memory.files)
            return memory

        def tick(looked_at: int) -> None:
            self._stop.check()
            self._progress.looked_at(looked_at)

        found, discoveries = compare(scopes, remember, rules_of(options, self._engine, tick))
        for scope, discovery in zip(scopes, discoveries, strict=True):
            self._staging.set_collection(scope.collection, str(scope.root))
            here = {file.uri for file in discovery.files}
            gone = [uri for uri in files if scope.holds(uri) and uri not in here]
            record_files(connection, [file for file in discovery.files if _is_news(file, files.get(file.uri))], gone)
        return found

    def _rearrange(self, found: Comparison) -> None:
        """What needs no reading: files that moved, and those that are gone."""
        self._stop.check()
        if moves := found.moves:
            self._staging.move_sources(moves)
        if gone := [uri for one in found.differences for uri in one.gone]:
            self._staging.remove_sources(gone)

    def _tools(self, *, may_embed: bool) -> Tools:
        options = self._options
        return Tools(
            encoder=self._encoder,
            model=vector_model(*self._model),
            versions=versions_of(self._engine),
            engine=self._engine(),
            passwords=options.passwords,
            jobs=options.jobs,
            publish=functools.partial(self._publish, intermediate=True),
            publish_every=options.publish_every,
            may_embed=may_embed,
            runner=options.runner,
        )

    def _publish(self, *, intermediate: bool = False) -> None:
        if is_current(self._staging, *self._model):
            if not intermediate:
                settle(self._staging)
            return
        began = time.monotonic()
        self._stop.check()
        stage = self._progress.counts.stage
        self._progress.begin("publishing")
        try:
            manifest = import_module("kb.generations").publish(self._staging, *self._model, intermediate=intermediate)
            self._progress.event("published", generation=manifest.generation, passages=manifest.passages)
        except Held as error:  # told each night until it is released, and what was read waits
            if not intermediate:
                self._tally.fail(Failure("the index", "publish", str(error)), self._progress)
        self._progress.counts.stage = stage
        self._tally.spend("publishing", time.monotonic() - began)


def dry_run(
    settings: Settings,
    paths: Sequence[Path],
    options: Options,
    identify: Callable[[Settings], tuple[str, str]] = model_identity,
) -> ReindexReport:
    """What `reindex` would do, in files where a file has not been read yet, with a list of them. Writes nothing."""
    began = time.monotonic()
    tally, store = Tally(), settings.home / STORE_FILE
    rules = rules_of(options, functools.cache(find_engine))
    if not store.exists():
        found, _ = compare(scopes_of(paths, {}), lambda collection: Memory(), rules)
        generation = anew = 0
    else:
        with closing(connect_reader(store)) as connection:
            check_not_older(schema_of(connection))

            def remember(collection: str) -> Memory:
                return Memory(known_sources(connection, collection), known_files(connection, collection))

            found, _ = compare(scopes_of(paths, collections(connection)), remember, rules)
            generation = published_generation(connection)
            anew = documents_without(connection, vector_model(*identify(settings)))
    tally.compared(found, Progress(bar=False))
    if anew:
        (tally.postponed if options.stale_later else tally.reasons)[MODEL] = anew
    tally.added = sum(len(one.added) for one in found.differences)
    tally.updated = sum(not change.before for one in found.differences for change in one.changed)
    return tally.report(time.monotonic() - began, generation=generation, dry_run=True, planned=found.planned())


def rules_of(options: Options, engine: Find, tick: Callable[[int], None] = lambda looked_at: None) -> Rules:
    wish = Wish(options.only, options.full, options.stale_later)
    return Rules(versions_of(engine), wish, options.trust_mtime, options.allow_removals, tick)


def versions_of(engine: Find) -> Versions:
    """The versions that a file's passages depend on, beside its content."""
    return Versions(reader_version, segmenter_version(), lambda: engine() is not None)


def _is_news(file: SourceFile, known: KnownFile | None) -> bool:
    """Whether the store should keep what was found of a file, now."""
    return known is None or (known.stat, known.sha256) != (file.stat, file.sha256)


def _counts(found: Comparison) -> dict[str, int]:
    all_of = found.differences
    return {
        "added": sum(len(one.added) for one in all_of),
        "changed": sum(not change.before for one in all_of for change in one.changed),
        "moved": len(found.moves),
        "removed": sum(len(one.gone) for one in all_of) + len(found.replaced),
        "postponed": sum(len(one.postponed) for one in all_of),
        "known": len(found.known),
        "failures": len(found.failures),
    }
