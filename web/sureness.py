"""Why an answer is as sure as it is, in plain words, from what the answer itself holds."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from kb.records import KINDS, Answer, Citation
from web import names
from web.phrases import translated

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
        yield _("the sentence gives %(thing)s, as the question asks", thing=translated(asked.looked_for))
    yield _sources(cited)
    if answer.conflicts:
        yield _("other sources give other values, side by side below")
    languages = {citation.document.metadata.language for citation in cited} - {""}
    if asked and languages and asked.language not in languages:
        spoken = ", ".join(sorted(names.language(code) for code in languages))
        yield _(
            "the question is in %(asked)s and its source in %(spoken)s, which is matched less surely",
            asked=names.language(asked.language),
            spoken=spoken,
        )
    read = [citation.locator.ocr for citation in cited if citation.locator.ocr is not None]
    unsure = [confidence for confidence in read if confidence < UNSURE_PAGE]
    if unsure:
        percent = f"{100 * min(unsure):.0f}"
        yield _("the page was read by OCR, at %(percent)s\u00a0%%: compare it with its picture", percent=percent)


def _sources(cited: list[Citation]) -> str:
    documents = {citation.document.id: citation.document.metadata for citation in cited}
    publishers = {metadata.publisher for metadata in documents.values()} - {""}
    kinds = [kind for kind in AUTHORITATIVE if any(metadata.kind == kind for metadata in documents.values())]
    count = len(documents)
    told = ngettext("%(num)s document says so", "%(num)s documents say so", count)
    if count == 1:
        kind = names.kind(next(iter(documents.values())).kind)
        told = _("one document says so")
    else:
        kind = names.kind(kinds[0]) if kinds else ""
    if len(publishers) > 1:
        told += ngettext(", of %(num)s publisher", ", of %(num)s publishers", len(publishers))
    if not kind:
        return told
    return f"{told} ({kind.lower()})" if count == 1 else told + _(", among them an %(kind)s", kind=kind.lower())
