"""Why an answer is as sure as it is, in plain words, from what the answer itself holds."""

from __future__ import annotations

from collections.abc import Iterator

from kb.records import KINDS, Answer, Citation
from web import names

AUTHORITATIVE = KINDS[:2]  # the parties' own texts
UNSURE_PAGE = 0.85  # mean confidence of OCR under which the reader is told to compare


def why(answer: Answer) -> tuple[str, ...]:
    """Clauses, the weightiest first; none for an abstention, which has its reason."""
    if answer.status != "answered":
        return ()
    markers = set(answer.statements[0].citations)
    cited = [citation for citation in answer.citations if citation.marker in markers]
    return tuple(_clauses(answer, cited))


def _clauses(answer: Answer, cited: list[Citation]) -> Iterator[str]:
    first, asked = answer.statements[0], answer.understood
    if asked and first.emphasis and asked.kind in ("date", "number", "person", "place"):
        yield f"the sentence gives {asked.looked_for}, as the question asks"
    yield _sources(cited)
    if answer.conflicts:
        yield "other sources give other values, side by side below"
    languages = {citation.document.metadata.language for citation in cited} - {""}
    if asked and languages and asked.language not in languages:
        spoken = " and ".join(sorted(names.language(code) for code in languages))
        yield f"the question is in {names.language(asked.language)} and its source in {spoken}, which is matched less surely"
    read = [citation.locator.ocr for citation in cited if citation.locator.ocr is not None]
    unsure = [confidence for confidence in read if confidence < UNSURE_PAGE]
    if unsure:
        yield f"the page was read by OCR, at {100 * min(unsure):.0f}\u00a0%: compare it with its picture"


def _sources(cited: list[Citation]) -> str:
    documents = {citation.document.id: citation.document.metadata for citation in cited}
    publishers = {metadata.publisher for metadata in documents.values()} - {""}
    kinds = [kind for kind in AUTHORITATIVE if any(metadata.kind == kind for metadata in documents.values())]
    if len(documents) == 1:
        kind = next(iter(documents.values())).kind
        return f"one document says so ({names.kind(kind).lower()})" if kind else "one document says so"
    told = f"{len(documents)} documents say so"
    if len(publishers) > 1:
        told += f", of {len(publishers)} publishers"
    return told + (f", among them an {names.kind(kinds[0]).lower()}" if kinds else "")
