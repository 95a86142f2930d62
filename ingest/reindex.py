"""Bring the index in line with folders: compare, read, segment, stage, embed, publish.

What is staged survives a kill; the next run finds it unchanged and goes on with the rest. Readers see nothing of it until the
one switch at the end.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ingest.enrich import enrich
from ingest.passwords import Passwords
from ingest.plan import Difference, Scope, difference, scopes_of
from ingest.readers import reader_version
from ingest.sandbox import Helpers, read_sandboxed
from ingest.segment import SEGMENTER_VERSION, segment
from ingest.sources import is_unchanged
from ingest.tesseract import Engine, find_engine
from kb.config import Settings
from kb.connections import connect_reader
from kb.embed import Encoder, model_identity, open_encoder
from kb.generations import is_current, publish, vector_model
from kb.maxsim import pack
from kb.records import Document, Failure, Parsed, ReindexReport, SourceFile
from kb.serialize import report_json
from kb.staging import STORE_FILE, KnownSource, StagedDocument, Staging, collections, known_sources, original_path
from kb.store import published_generation

log = logging.getLogger(__name__)

UNREAD = " without OCR"  # of a pipeline: pages stayed unread that OCR could read, were it installed
EMBED_BATCH = 256  # passages a transaction: about five seconds of work lost to a kill, at the most


@dataclass(frozen=True, slots=True)
class Options:
    """`full`: read every file again, changed or not (a text that is embedded already stays so); `only`: a glob over uris;
    `passwords`: for locked PDFs."""

    full: bool = False
    only: str = ""
    dry_run: bool = False
    jobs: int = 2
    passwords: Passwords = field(default_factory=Passwords)


@dataclass(slots=True)
class Tally:
    """What a run has done so far, in documents."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def report(self, seconds: float, **rest: int | bool) -> ReindexReport:
        return replace(
            ReindexReport(self.added, self.updated, self.unchanged, self.removed, tuple(self.failures)),
            warnings=tuple(self.warnings),
            seconds=round(seconds, 2),
            **rest,  # type: ignore[arg-type]  # passages, generation, dry_run
        )


def reindex(
    settings: Settings,
    paths: Sequence[Path],
    options: Options,
    identify: Callable[[Settings], tuple[str, str]] = model_identity,
    open_model: Callable[[Settings], Encoder] = open_encoder,
) -> ReindexReport:
    """Index folders or files. Raises BadRequest for a path that is none, Busy if another run writes."""
    began = time.monotonic()
    model, digest = identify(settings)
    encoder = functools.cache(lambda: open_model(settings))  # only if there is something to read or to embed
    engine = find_engine()
    tally = Tally()
    with Staging(settings.home) as staging:
        run = staging.start_run(_now())
        for scope in scopes_of(paths, collections(staging.connection)):
            known = known_sources(staging.connection, scope.collection)
            found = difference(scope, known, pipelines(engine), only=options.only, full=options.full)
            staging.set_collection(scope.collection, str(scope.root))
            _drop(staging, found, tally)
            _stage(staging, (scope, found, engine), encoder, options, tally)
        _embed(staging, encoder, vector_model(model, digest))
        if not is_current(staging, model, digest):
            publish(staging, model, digest)
        passages, generation = staging.published()
        report = tally.report(time.monotonic() - began, passages=passages, generation=generation)
        staging.finish_run(run, _now(), json.dumps(report_json(report), ensure_ascii=False))
    return report


def dry_run(settings: Settings, paths: Sequence[Path], options: Options) -> ReindexReport:
    """What `reindex` would do, in files where a file has not been read yet. Writes nothing."""
    began = time.monotonic()
    tally, engine = Tally(), find_engine()
    stores: dict[str, str] = {}
    known: Mapping[str, KnownSource] = {}
    store = settings.home / STORE_FILE
    generation = 0
    if store.exists():
        with closing(connect_reader(store)) as connection:
            stores = collections(connection)
            generation = published_generation(connection)
    for scope in scopes_of(paths, stores):
        if store.exists():
            with closing(connect_reader(store)) as connection:
                known = known_sources(connection, scope.collection)
        found = difference(scope, known, pipelines(engine), only=options.only, full=options.full)
        tally.failures += found.failures
        tally.unchanged += found.unchanged_documents
        tally.removed += sum(len(found.known[uri].documents) for uri in found.gone)
        tally.updated += sum(file.uri in found.known for file in found.changed)
        tally.added += sum(file.uri not in found.known for file in found.changed)
    return tally.report(time.monotonic() - began, generation=generation, dry_run=True)


def pipeline(source: SourceFile) -> str:
    """The versions that a file's passages depend on, beside its content."""
    return f"{reader_version(source.media_type)} segment/{SEGMENTER_VERSION}"


def pipelines(engine: Engine | None) -> Callable[[SourceFile], frozenset[str]]:
    """The pipelines whose result for a file is as good as reading it again: where OCR is installed, none with unread pages."""

    def accepted(source: SourceFile) -> frozenset[str]:
        name = pipeline(source)
        return frozenset({name} if engine else {name, name + UNREAD})

    return accepted


def _drop(staging: Staging, found: Difference, tally: Tally) -> None:
    tally.failures += found.failures
    tally.unchanged += found.unchanged_documents
    for uri in found.gone:
        staging.replace_source(uri, ())
        tally.removed += len(found.known[uri].documents)


def _stage(
    staging: Staging,
    what: tuple[Scope, Difference, Engine | None],
    encoder: Callable[[], Encoder],
    options: Options,
    tally: Tally,
) -> None:
    scope, found, engine = what
    progress = tqdm(total=len(found.changed), desc="reading", unit="file", disable=None, delay=1, leave=False)
    helpers = Helpers(engine, functools.partial(_tell, progress), options.passwords.of)
    with progress:
        for source, result in read_sandboxed(found.changed, options.jobs, helpers=helpers):
            progress.update()
            known = found.known.get(source.uri)
            if isinstance(result, Failure):
                tally.failures.append(failure_of(source, result))
                tally.unchanged += len(known.documents) if known else 0  # its last good version stays
                continue
            staged = _all_staged(source, result, scope.collection, staging, encoder())
            if isinstance(staged, Failure):
                tally.failures.append(staged)
                tally.unchanged += len(known.documents) if known else 0
                continue
            tally.failures += [_no_passage(item.document.uri) for item in staged if not item.passages]
            staged = [item for item in staged if item.passages]
            staging.replace_source(source.uri, staged)
            _count(tally, known, staged)


CHANGED = "it changed or went away while it was read; run the same command again."


def failure_of(source: SourceFile, failure: Failure) -> Failure:
    """A file that is being written is not damaged."""
    try:
        unchanged = is_unchanged(source, Path(source.path))
    except OSError:
        unchanged = False
    return failure if unchanged else replace(failure, reason=CHANGED)


def _all_staged(
    source: SourceFile, documents: Sequence[Parsed], collection: str, staging: Staging, encoder: Encoder
) -> list[StagedDocument] | Failure:
    """The documents of a file, ready to be stored, its original kept."""
    try:
        original = staging.keep_original(Path(source.path))
        if not is_unchanged(source, original_path(staging.home, original)):
            return Failure(source.uri, "read", CHANGED)
    except OSError as error:
        return Failure(source.uri, "store", f"the original cannot be kept: {error}")
    try:
        return [_staged(source, document, original, collection, encoder) for document in documents]
    except Exception as error:  # noqa: BLE001 (recorded: one file's text must not end the run for all the others)
        told = f"{type(error).__name__}: {str(error)[:300]}"
        return Failure(source.uri, "segment", f"its text cannot be cut into passages ({told}); report this file, or remove it.")


def _tell(progress: Any, said: str) -> None:
    """On a terminal beside the bar; in a log each page."""
    if progress.disable:
        log.info("%s", said)
    else:
        progress.set_postfix_str(said)


def _no_passage(uri: str) -> Failure:
    return Failure(uri, "segment", "the document holds no text that could be cited")


def _count(tally: Tally, known: KnownSource | None, staged: Sequence[StagedDocument]) -> None:
    before = set(known.documents) if known else set()
    after = {item.document.id for item in staged}
    tally.added += len(after - before)
    tally.updated += len(after & before)
    tally.removed += len(before - after)
    tally.warnings += [f"{item.document.uri}: {warning}" for item in staged for warning in item.document.warnings]


def _staged(source: SourceFile, parsed: Parsed, original: str, collection: str, encoder: Encoder) -> StagedDocument:
    uri = f"{source.uri}#{parsed.key}" if parsed.key else source.uri
    enriched = enrich(parsed)
    complete = replace(parsed, metadata=enriched.metadata)
    document = Document(
        id=document_id(uri),
        uri=uri,
        source_uri=source.uri,
        source_sha256=source.sha256,
        original_sha256=original,
        media_type=source.media_type,
        metadata=enriched.metadata,
        text=parsed.text,
        blocks=parsed.blocks,
        pages=parsed.pages,
        reader=parsed.reader,
        warnings=(*parsed.warnings, *enriched.warnings),
        ingested_at=_now(),
        stated=enriched.stated,
        references=enriched.references,
    )
    passages = segment(document.id, complete, enriched.metadata.language, encoder.count_tokens)
    name = pipeline(source) + (UNREAD if parsed.unread else "")
    return StagedDocument(document, passages, enriched.mentions, collection, name, parsed.word_boxes)


def document_id(uri: str) -> str:
    """16 hex digits, the same for the same uri on every machine: links to documents outlive a rebuilt index."""
    return hashlib.sha256(uri.encode()).hexdigest()[:16]


def _embed(staging: Staging, encoder: Callable[[], Encoder], model: str) -> None:
    """Embed what the next generation lacks, a transaction a batch."""
    with tqdm(
        total=staging.count_missing_vectors(model), desc="embedding", unit="passage", disable=None, leave=False
    ) as progress:
        while missing := staging.missing_vectors(model, EMBED_BATCH):
            encoded = encoder().encode_passages([item.text for item in missing], [item.context for item in missing])
            staging.add_vectors(
                model,
                (
                    (item.key, vectors.vector, pack(vectors.tokens, vectors.starts, vectors.ends))
                    for item, vectors in zip(missing, encoded, strict=True)
                ),
            )
            progress.update(len(missing))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
