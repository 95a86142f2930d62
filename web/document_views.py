"""The pages of a document: its text, its original, pictures of its pages, and the address of a passage."""

from __future__ import annotations

import math

from flask import Blueprint, Response, redirect, render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from kb.cite import permalink
from kb.errors import NotFound
from kb.records import Document, Filters, Original, Passage
from web import schemas
from web.arguments import filters_of, page_arguments
from web.document_page import Shown, reading_page, section_shown
from web.knowledge import library
from web.reading import checked_span
from web.sections import sections
from web.security import ORIGINAL_POLICY, SANDBOX_POLICY
from web.viewing import Viewing, viewing

documents = Blueprint("documents", __name__)

INLINE = ("application/pdf", "text/plain")  # all else is downloaded: nothing of a document may run on this site
# The passages of a document that count as found for a question: search ranks them all, and the last are near to nothing.
MOST_HITS = 10
SHARE_OF_HITS = 1 / 3


@documents.get("/documents/<document_id>")
def document(document_id: str) -> str:
    asked = page_arguments(schemas.ViewArguments())
    seen = viewing(document_id, asked, filters_of(asked))
    shown = library().document(document_id)
    checked_span(shown.text, seen.start, seen.end)
    found = sections(shown)
    section = section_shown(shown, found, seen)
    if section is None:
        what = f"section {seen.section}; it has {len(found)}" if seen.section else f"page {seen.page}; it has {len(shown.pages)}"
        raise NotFound(f"the document {document_id!r} has no {what}.")
    here = library().passages_within(document_id, section.start, max(section.end, 1))
    about = library().entities_of(document_id)
    page = reading_page(Shown(shown, found, section, here, about, _hits(shown, seen)), seen)
    return render_template("document.html", page=page)


@documents.get("/passages/<passage_id>")
def passage(passage_id: str) -> AnyResponse:
    """The place of a passage in its document: the address that stays, whatever section it comes to stand in."""
    found = library().passage(passage_id)
    return redirect(permalink(found.document_id, found.id, found.locator.start, found.locator.end))


@documents.get("/documents/<document_id>/original")
def original(document_id: str) -> Response:
    return _file(library().original(document_id))


@documents.get("/documents/<document_id>/pages/<int:number>.png")
def picture(document_id: str, number: int) -> Response:
    """A page as printed. The address of a passage marks it, unless `start` and `end` mark a part of the text."""
    asked = page_arguments(schemas.PictureArguments())
    knowledge = library()
    span = checked_span(knowledge.document(document_id).text, asked["start"], asked["end"])
    if span is None and asked["passage"]:
        marked = knowledge.passage(asked["passage"])
        if marked.document_id != document_id:
            raise NotFound(f"the passage {asked['passage']!r} is of the document {marked.document_id}.")
        span = marked.locator.start, marked.locator.end
    found = knowledge.picture(document_id, number, span)
    response = Response(found.data, content_type="image/png")
    response.set_etag(found.key)
    response.make_conditional(request)
    return response


def _hits(shown: Document, seen: Viewing) -> list[Passage]:
    """The passages nearest to the question, in the order of the text."""
    if not seen.question:
        return []
    found = library().search(seen.question, Filters(document=(shown.id,)), schemas.MAX_RESULTS)
    enough = min(MOST_HITS, math.ceil(SHARE_OF_HITS * len(found.items)))
    return sorted((hit.passage for hit in found.items[:enough]), key=lambda one: one.locator.start)


def _file(found: Original) -> Response:
    inline = found.media_type in INLINE
    try:
        response = send_file(found.path, found.media_type, as_attachment=not inline, download_name=safe_name(found.name))
    except FileNotFoundError as error:
        raise NotFound(f"the file of {found.name} is gone; `python -m ingest reindex --full` brings it back.") from error
    response.headers["Content-Security-Policy"] = ORIGINAL_POLICY if found.media_type == "application/pdf" else SANDBOX_POLICY
    return response


def safe_name(name: str) -> str:
    """A name to save a file under: its own letters, without what controls, reorders or leads to another folder."""
    kept = "".join(sign for sign in name if sign.isprintable() and sign not in '/\\:*?"<>|').strip(" .")
    return kept[-120:] or "document"
