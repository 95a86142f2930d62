"""The JSON shapes of the contract, one function a record, shared by the command line and HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from kb.cite import permalink
from kb.records import (
    Answer,
    Citation,
    Document,
    DocumentPage,
    DocumentSummary,
    EntityCount,
    Generated,
    Hit,
    IndexManifest,
    Locator,
    Passage,
    ReindexReport,
    SearchPage,
    Statement,
    Understood,
)

JSON = dict[str, Any]


def answer_json(answer: Answer) -> JSON:
    return {
        "question": answer.question,
        "status": answer.status,
        "confidence": round(answer.confidence, 4),
        "text": answer.text,
        "reason": answer.reason,
        "statements": [statement_json(statement) for statement in answer.statements],
        "citations": [citation_json(citation) for citation in answer.citations],
        "conflicts": [asdict(conflict) for conflict in answer.conflicts],
        "nearest": [hit_json(hit) for hit in answer.nearest],
        "also_searched": list(answer.also_searched),
        "index": index_json(answer.index),
        "models": dict(answer.models),
        "timings_ms": {step: round(value, 2) for step, value in answer.timings_ms.items()},
        "understood": None if answer.understood is None else understood_json(answer.understood),
        "generated": None if answer.generated is None else generated_json(answer.generated),
    }


def statement_json(statement: Statement) -> JSON:
    return {
        "text": statement.text,
        "citations": list(statement.citations),
        "context": statement.context,
        "emphasis": [list(span) for span in statement.emphasis],
        "as_of": statement.as_of,
    }


def generated_json(generated: Generated) -> JSON:
    return asdict(generated) | {"dropped": [asdict(one) for one in generated.dropped]}


def understood_json(understood: Understood) -> JSON:
    period = understood.period
    return {
        "language": understood.language,
        "kind": understood.kind,
        "looked_for": understood.looked_for,
        "period": None if period is None else {"from": period.start, "to": period.end, "text": period.text},
        "entities": list(understood.entities),
        "article": understood.article,
    }


def citation_json(citation: Citation) -> JSON:
    document = citation.document
    return {
        "marker": citation.marker,
        "passage_id": citation.passage_id,
        **source_json(document),
        "locator": locator_json(citation.locator),
        "quote": citation.quote,
        "context": citation.context,
        "permalink": citation.permalink,
    }


def source_json(document: DocumentSummary, language: str | None = None) -> JSON:
    """What a quote or passage is from. `language` is the passage's, where it has one of its own."""
    return {
        "document_id": document.id,
        "uri": document.uri,
        "title": document.metadata.title,
        "kind": document.metadata.kind,
        "publisher": document.metadata.publisher,
        "date": document.metadata.published,
        "language": document.metadata.language if language is None else language,
        "url": document.metadata.url,
    }


def locator_json(locator: Locator) -> JSON:
    return asdict(locator) | {"section": list(locator.section)}


def hit_json(hit: Hit) -> JSON:
    passage, document = hit.passage, hit.document
    return {
        "passage_id": passage.id,
        **source_json(document, passage.language),
        "text": passage.text,
        "score": round(hit.score, 6),
        "ranks": {"dense": hit.dense_rank, "words": hit.word_rank},
        "rerank": None if hit.rerank is None else round(hit.rerank, 6),
        "locator": locator_json(passage.locator),
        "permalink": permalink(document.id, passage.id, passage.locator.start, passage.locator.end),
    }


def index_json(index: IndexManifest) -> JSON:
    """What was searched, and what of it could not be."""
    return {
        "generation": index.generation,
        "digest": index.digest,
        "stale": index.stale,
        "partial": index.partial,
        "missing": list(index.missing),
    }


def search_json(page: SearchPage) -> JSON:
    return {
        "query": page.query,
        "items": [hit_json(hit) for hit in page.items],
        "next": page.next,
        "also_searched": list(page.also_searched),
        "index": index_json(page.index) if page.index else None,
    }


def passage_json(passage: Passage) -> JSON:
    return {
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "ordinal": passage.ordinal,
        "text": passage.text,
        "language": passage.language,
        "locator": locator_json(passage.locator),
    }


def summary_json(summary: DocumentSummary) -> JSON:
    return {
        "document_id": summary.id,
        "uri": summary.uri,
        "media_type": summary.media_type,
        "characters": summary.characters,
        "passages": summary.passages,
        "pages": summary.pages,
    } | _metadata_json(summary)


def documents_json(page: DocumentPage) -> JSON:
    items = [summary_json(item) for item in page.items]
    return {"items": items, "next": page.next, "previous": page.previous, "total": page.total}


def document_json(document: Document) -> JSON:
    """A document with its whole text."""
    return {
        "document_id": document.id,
        "uri": document.uri,
        "media_type": document.media_type,
        "characters": len(document.text),
        "sha256": document.original_sha256,
        "reader": document.reader,
        "warnings": list(document.warnings),
        "ingested_at": document.ingested_at,
        "text": document.text,
        "blocks": [asdict(block) for block in document.blocks],
        "pages": [asdict(page) for page in document.pages],
        "stated": [asdict(fact) for fact in document.stated],
        "references": [asdict(link) for link in document.references],
        "sources": list(document.metadata.sources),
    } | _metadata_json(document)


def reading_json(document: Document) -> JSON:
    """How a document was read: by what, how much came of it, which pages by OCR and how surely, and what was noticed."""
    return {
        "document_id": document.id,
        "uri": document.uri,
        "title": document.title,
        "media_type": document.media_type,
        "reader": document.reader,
        "ingested_at": document.ingested_at,
        "pages": len(document.pages),
        "characters": len(document.text),
        "blocks": dict(Counter(block.kind for block in document.blocks).most_common()),
        "ocr": [{"page": p.number, "label": p.label, "confidence": p.ocr} for p in document.pages if p.ocr is not None],
        "empty_pages": [page.number for page in document.pages if not document.text[page.start : page.end].strip()],
        "warnings": list(document.warnings),
    }


def _metadata_json(document: Document | DocumentSummary) -> JSON:
    metadata = document.metadata
    return {
        "title": metadata.title,
        "kind": metadata.kind,
        "publisher": metadata.publisher,
        "date": metadata.published,
        "language": metadata.language,
        "url": metadata.url,
        "countries": list(metadata.countries),
        "parties": list(metadata.parties),
        "status": metadata.status,
        "status_date": metadata.status_date,
        "author": metadata.author,
        "projects": list(metadata.projects),
    }


def entity_json(entity: EntityCount) -> JSON:
    return asdict(entity)


def manifest_json(manifest: IndexManifest) -> JSON:
    return asdict(manifest) | {"partial": manifest.partial}


def report_json(report: ReindexReport) -> JSON:
    """With `planned` only for a dry run."""
    made = asdict(report)
    if not report.dry_run:
        del made["planned"]
    return made
