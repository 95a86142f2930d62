"""The pages: parse, call the library, present. They need no script in the browser."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from kb.errors import BadRequest
from kb.records import Filters
from web import present, schemas
from web.arguments import filters_of, page_arguments
from web.form import Form, form
from web.knowledge import library
from web.metrics import count_answer

pages = Blueprint("pages", __name__)

PASSAGES = 10  # on a page of results
EXAMPLES = (
    ("en", "When and where was the transit trade agreement between Pakistan and Uzbekistan signed?"),
    ("ru", "Какова протяжённость линии CASA-1000?"),
    ("ur", "پاکستان اور ازبکستان نے ٹرانزٹ ٹریڈ معاہدے پر کب دستخط کیے؟"),
    ("en", "Which countries joined the Quadrilateral Traffic in Transit Agreement?"),
    ("en", "How long will the TAPI pipeline be?"),
)


@pages.get("/")
def home() -> str | tuple[str, int]:
    arguments = page_arguments(schemas.PageArguments())
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


def _first_screen(box: Form, hint: str) -> str:
    return _render(present.home_page(library().info(), library().facets(), box, EXAMPLES, hint))


def _result(box: Form, filters: Filters, offset: int) -> str:
    if offset:
        found = library().search(box.question, filters, PASSAGES, offset, expand=box.expand)
        return _render(present.search_page(found, library().info(), box, filters))
    answer = library().ask(box.question, filters, PASSAGES, expand=box.expand)
    count_answer(answer.status)
    return _render(present.answer_page(answer, box, filters, PASSAGES))


def _render(page: Any) -> str:
    return render_template(present.TEMPLATES[type(page)], page=page)
