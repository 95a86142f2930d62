"""The pages: parse, call the library, present. They need no script in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from flask import Blueprint, Response, render_template, request, send_file
from marshmallow import EXCLUDE

from kb.errors import BadRequest, NotFound
from kb.records import Filters, Original, SearchPage
from web import examples, present, schemas
from web.arguments import filters_of, parser
from web.form import Form, form
from web.home_page import NEWEST, Collection, HomePage, home_page
from web.knowledge import library
from web.reading import checked_span
from web.result_page import PASSAGES, ResultPage, result_page
from web.security import ORIGINAL_POLICY, SANDBOX_POLICY
from web.streaming import judged, streamed

pages = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page's address asks."""

    question: str
    filters: Filters
    expand: bool


DOCUMENTS = 50  # on a page of the list
INLINE = ("application/pdf", "text/plain")  # all else is downloaded: nothing of a document may run on this site
TEMPLATES: Mapping[type, str] = {HomePage: "home.html", ResultPage: "result.html", **present.TEMPLATES}


@pages.get("/")
def home() -> str | Response | tuple[str, int]:
    arguments = _arguments(schemas.PageArguments())
    asked = Asked(arguments["q"].strip(), filters_of(arguments), arguments["expand"])
    if not asked.question:
        return _first_screen(asked, "Write a question or some words first." if "q" in request.args else "")
    try:
        return _more(asked, arguments["next"]) if arguments["next"] else _result(asked)
    except BadRequest as error:
        return _first_screen(asked, str(error)), 400


@pages.get("/about")
def about() -> str:
    return _render(present.about_page(library().info()))


@pages.get("/documents")
def documents() -> str:
    arguments = _arguments(schemas.DocumentArguments())
    filters, knowledge = filters_of(arguments), library()
    found = knowledge.documents(filters, DOCUMENTS, arguments["cursor"])
    return _render(present.list_page(found, form("/documents", "", filters, knowledge.facets()), filters, arguments["cursor"]))


@pages.get("/documents/<document_id>")
def document(document_id: str) -> str:
    span = _arguments(schemas.ViewArguments())
    knowledge = library()
    shown, passages = knowledge.document(document_id), knowledge.passages(document_id)
    return _render(present.reading_page(shown, passages, span["start"], span["end"]))


@pages.get("/documents/<document_id>/original")
def original(document_id: str) -> Response:
    return _file(library().original(document_id))


@pages.get("/documents/<document_id>/pages/<int:number>.png")
def picture(document_id: str, number: int) -> Response:
    """A page as printed. The address of a passage marks it, unless `start` and `end` mark a part of the text."""
    asked = _arguments(schemas.PictureArguments())
    knowledge = library()
    span = checked_span(knowledge.document(document_id).text, asked["start"], asked["end"])
    if span is None and asked["passage"]:
        passage = knowledge.passage(asked["passage"])
        if passage.document_id != document_id:
            raise NotFound(f"the passage {asked['passage']!r} is of the document {passage.document_id}.")
        span = passage.locator.start, passage.locator.end
    found = knowledge.picture(document_id, number, span)
    response = Response(found.data, content_type="image/png")
    response.set_etag(found.key)
    response.make_conditional(request)
    return response


def _first_screen(asked: Asked, hint: str) -> str:
    knowledge = library()
    info, facets = knowledge.info(), knowledge.facets()
    box = form("/", asked.question, asked.filters, facets, expand=asked.expand)
    held = Collection(info, facets, knowledge.newest(NEWEST), examples.shown(info.generation))
    return _render(home_page(held, box, hint))


def _result(asked: Asked) -> Response:
    """The passages are sent while they are judged."""
    steps = library().asking(asked.question, asked.filters, PASSAGES, expand=asked.expand)
    shown = cast(SearchPage, next(steps))
    page = result_page(shown, library().info(), _box(asked, shown), asked.filters, partial(judged, steps))
    return Response(streamed(TEMPLATES[ResultPage], page), content_type="text/html; charset=utf-8")


def _more(asked: Asked, offset: int) -> str:
    shown = library().search(asked.question, asked.filters, PASSAGES, offset, expand=asked.expand)
    return _render(result_page(shown, library().info(), _box(asked, shown), asked.filters, None, offset))


def _box(asked: Asked, shown: SearchPage) -> Form:
    """What was found is offered; where a filter is in force, its other values as well, which nothing found can have."""
    every = library().facets()
    offered = shown.found.facets if shown.found else every
    return form("/", asked.question, asked.filters, offered, expand=asked.expand, others=every)


def _file(found: Original) -> Response:
    inline = found.media_type in INLINE
    try:
        response = send_file(found.path, found.media_type, as_attachment=not inline, download_name=found.name)
    except FileNotFoundError as error:
        raise NotFound(f"the file of {found.name} is gone; `python -m ingest reindex --full` brings it back.") from error
    response.headers["Content-Security-Policy"] = ORIGINAL_POLICY if found.media_type == "application/pdf" else SANDBOX_POLICY
    return response


def _arguments(schema: Any) -> Any:
    """Checked query of a page. Names that are unknown are passed over: links gather them on their way through mail."""
    return parser.parse(schema, request, location="query", unknown=EXCLUDE)


def _render(page: Any) -> str:
    return render_template(TEMPLATES[type(page)], page=page)
