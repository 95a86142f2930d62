"""The pages: parse, call the library, present. They need no script in the browser."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request, send_file
from marshmallow import EXCLUDE

from kb.errors import BadRequest, NotFound
from kb.records import Filters, Original
from web import present, schemas
from web.arguments import filters_of, parser
from web.form import Form, form
from web.knowledge import library
from web.metrics import count_answer
from web.reading import checked_span
from web.security import ORIGINAL_POLICY, SANDBOX_POLICY

pages = Blueprint("pages", __name__)

PASSAGES = 10  # on a page of results
DOCUMENTS = 50  # on a page of the list
INLINE = ("application/pdf", "text/plain")  # all else is downloaded: nothing of a document may run on this site
EXAMPLES = (
    ("en", "When and where was the transit trade agreement between Pakistan and Uzbekistan signed?"),
    ("ru", "Какова протяжённость линии CASA-1000?"),
    ("ur", "پاکستان اور ازبکستان نے ٹرانزٹ ٹریڈ معاہدے پر کب دستخط کیے؟"),
    ("en", "Which countries joined the Quadrilateral Traffic in Transit Agreement?"),
    ("en", "How long will the TAPI pipeline be?"),
)


@pages.get("/")
def home() -> str | tuple[str, int]:
    arguments = _arguments(schemas.PageArguments())
    question, filters, knowledge = arguments["q"].strip(), filters_of(arguments), library()
    box = form("/", question, filters, knowledge.facets(), expand=arguments["expand"])
    if not question:
        return _first_screen(box, "Write a question or some words first." if "q" in request.args else "")
    try:
        return _result(box, filters, arguments["next"])
    except BadRequest as error:
        return _first_screen(box, str(error)), 400


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


def _first_screen(box: Form, hint: str) -> str:
    return _render(present.home_page(library().info(), library().facets(), box, EXAMPLES, hint))


def _result(box: Form, filters: Filters, offset: int) -> str:
    if offset:
        found = library().search(box.question, filters, PASSAGES, offset, expand=box.expand)
        return _render(present.search_page(found, library().info(), box, filters))
    answer = library().ask(box.question, filters, PASSAGES, expand=box.expand)
    count_answer(answer.status)
    return _render(present.answer_page(answer, box, filters, PASSAGES))


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
    return render_template(present.TEMPLATES[type(page)], page=page)
