"""Citations of documents and of places in them, to read and to download; the addresses carry what is cited and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request

from kb.citations import Work, bibtex, csl_json, ris, work
from kb.errors import BadRequest
from kb.records import Document
from web import schemas
from web.arguments import page_arguments
from web.citation_page import MOST, Place, citation_page
from web.knowledge import library
from web.reading import checked_span

citing = Blueprint("citing", __name__)

REACH = 20_000  # characters before a place in which the passage that holds it begins
FORMATS = {
    "bib": (bibtex, "application/x-bibtex; charset=utf-8"),
    "ris": (ris, "application/x-research-info-systems; charset=utf-8"),
    "json": (csl_json, "application/vnd.citationstyles.csl+json; charset=utf-8"),
}


@citing.get("/cite")
def cite() -> str:
    """Of all that `at` names."""
    places = _places()
    return render_template("cite.html", page=citation_page(places, works(places)))


@citing.get("/cite.<any(bib, ris, json):form>")
def download(form: str) -> Response:
    return _download(form, works(_places()), "sources")


@citing.get("/documents/<document_id>/cite.<any(bib, ris, json):form>")
def of_document(document_id: str, form: str) -> Response:
    """Of a document as a whole: what reference managers find by its page."""
    return _download(form, works([Place(document_id)]), document_id)


def works(places: Sequence[Place]) -> list[Work]:
    """Raises NotFound for a document that is not there, BadRequest for a place outside its text."""
    known: dict[str, Document] = {}
    found = []
    for place in places:
        document = known.setdefault(place.document_id, library().document(place.document_id))
        span = checked_span(document.text, place.start, place.end)
        within = library().passages_within(document.id, max(0, span[0] - REACH), span[0] + 1) if span else ()
        found.append(work(document, request.host_url.rstrip("/") + place.address, span, within))
    return found


def _places() -> list[Place]:
    given = page_arguments(schemas.CitationArguments()).get("at", [])
    if not 1 <= len(given) <= MOST:
        raise BadRequest(f"at is given {len(given)} times; it takes 1 to {MOST} places, as document or document:start-end.")
    return [Place.read(one) for one in given]


def _download(form: str, found: Sequence[Work], name: str) -> Response:
    write, media_type = FORMATS[form]
    response = Response(write(found), content_type=media_type)
    safe = "".join(sign for sign in name if sign.isascii() and (sign.isalnum() or sign in "-_"))[:60] or "sources"
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}.{form}"'
    return response
