"""From what was read of a file to what is stored: original kept, enriched, cut into passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.discovery import is_unchanged
from ingest.enrich import enrich
from ingest.files import UnreadableFile
from ingest.hashing import hashed
from ingest.plan import UNREAD, Versions
from ingest.processor_limit import TookTooLong, processor_limit
from ingest.segment import segment
from ingest.tally import now
from kb.records import Document, Failure, Parsed, SourceFile
from kb.staging import StagedDocument, Staging

MOST_SECONDS = 60.0  # of the processor to cut a file's text into passages, as much as its reader has
CHANGED = "it changed or went away while it was read; run the same command again."
CountTokens = Callable[[Sequence[str]], list[int]]


def failure_of(source: SourceFile, failure: Failure) -> Failure:
    """A file that is being written is not damaged."""
    try:
        unchanged = is_unchanged(source, hashed(source.path).digest.hexdigest())
    except (OSError, UnreadableFile):
        unchanged = False
    return failure if unchanged else replace(failure, reason=CHANGED)


def prepared(
    source: SourceFile, documents: Sequence[Parsed], staging: Staging, versions: Versions, count_tokens: CountTokens
) -> list[StagedDocument] | Failure:
    """The documents of a file, ready to be stored, its original kept."""
    try:
        original = staging.keep_original(Path(source.path), source.content_sha256)
        if not is_unchanged(source, original):
            return Failure(source.uri, "read", CHANGED)
    except OSError as error:
        told = f"the original cannot be kept: {error.strerror or error}; make room under KB_HOME and run the same command again."
        return failure_of(source, Failure(source.uri, "store", told))
    try:
        uris = [f"{source.uri}#{document.key}" if document.key else source.uri for document in documents]
        ids = staging.ids(source.uri, uris)
        with processor_limit(MOST_SECONDS):
            return [
                _staged(source, document, (uri, ids[uri]), versions, count_tokens)
                for uri, document in zip(uris, documents, strict=True)
            ]
    except TookTooLong as error:
        told = f"its text cannot be cut into passages: that takes {error}; split it into smaller files, or remove it."
        return Failure(source.uri, "segment", told)
    except Exception as error:  # noqa: BLE001 (recorded: one file's text must not end the run for all the others)
        told = f"{type(error).__name__}: {str(error)[:300]}"
        return Failure(source.uri, "segment", f"its text cannot be cut into passages ({told}); report this file, or remove it.")


def _staged(
    source: SourceFile, parsed: Parsed, name: tuple[str, str], versions: Versions, count_tokens: CountTokens
) -> StagedDocument:
    uri, document_id = name
    enriched = enrich(parsed)
    complete = replace(parsed, metadata=enriched.metadata)
    document = Document(
        id=document_id,
        uri=uri,
        source_uri=source.uri,
        source_sha256=source.sha256,
        original_sha256=source.content_sha256,
        media_type=source.media_type,
        metadata=enriched.metadata,
        text=parsed.text,
        blocks=parsed.blocks,
        pages=parsed.pages,
        reader=parsed.reader,
        warnings=(*parsed.warnings, *enriched.warnings),
        ingested_at=now(),
        stated=enriched.stated,
        references=enriched.references,
    )
    passages = segment(document.id, complete, enriched.metadata.language, count_tokens)
    pipeline = versions.pipeline(source.media_type) + (UNREAD if parsed.unread else "")
    collection = source.uri.partition("/")[0]
    return StagedDocument(document, passages, enriched.mentions, collection, pipeline, parsed.word_boxes)


def no_passage(uri: str) -> Failure:
    return Failure(uri, "segment", "the document holds no text that could be cited")
