"""The pages: parse, call the library, present. They need no script in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext as _

from kb.errors import BadRequest
from kb.records import IndexManifest, SearchPage
from web import caching, examples, present, schemas
from web.arguments import filters_of, page_arguments
from web.brief_page import BriefPage, brief_page
from web.citation_page import places_of
from web.citing import works
from web.form import Form, form
from web.home_page import NEWEST, Collection, HomePage, home_page
from web.indexing import indexing, last_run
from web.knowledge import library
from web.metrics import count_answer
from web.result_page import PASSAGES, Asked, ResultPage, result_page
from web.streaming import judged, streamed

pages = Blueprint("pages", __name__)


TEMPLATES: Mapping[type, str] = {HomePage: "home.html", ResultPage: "result.html", BriefPage: "brief.html", **present.TEMPLATES}


@pages.get("/")
def home() -> str | Response | tuple[str, int]:
    arguments = page_arguments(schemas.PageArguments())
    asked = Asked(arguments["q"].strip(), filters_of(arguments), arguments["expand"])
    if not asked.question:
        return _first_screen(asked, _("Write a question or some words first.") if "q" in request.args else "")
    try:
        if arguments["view"]:
            return _brief(asked)
        return _more(asked, arguments["next"]) if arguments["next"] else _result(asked, arguments["generation"])
    except BadRequest as error:
        return _first_screen(asked, str(error)), 400


@pages.get("/about")
def about() -> str:
    return _render(present.about_page(library().info(), indexing(_home()), last_run(_home())))


def _first_screen(asked: Asked, hint: str) -> str:
    knowledge = library()
    info, facets = knowledge.info(), knowledge.facets()
    box = form("/", asked.question, asked.filters, facets, expand=asked.expand)
    held = Collection(info, facets, knowledge.newest(NEWEST), examples.shown(info.generation), indexing(_home()))
    return _render(home_page(held, box, hint))


def _result(asked: Asked, generation: int) -> Response:
    """The passages are sent while they are judged. `generation` is that of the link that led here, or 0."""
    steps = library().asking(asked.question, asked.filters, PASSAGES, expand=asked.expand)
    shown = cast(SearchPage, next(steps))
    caching.searched(_index(shown).partial)
    page = result_page(shown, _index(shown), _box(asked, shown), asked, partial(judged, steps, asked))
    page = replace(page, asked_under=generation if generation != page.published.generation else 0)
    return Response(streamed(TEMPLATES[ResultPage], page), content_type="text/html; charset=utf-8")


def _brief(asked: Asked) -> str:
    """The whole answer at once: paper does not wait for its second half."""
    answer = library().ask(asked.question, asked.filters, PASSAGES, expand=asked.expand)
    count_answer(answer.status)
    caching.searched(answer.index.partial)
    cited = works(places_of(answer.citations))
    return _render(brief_page(answer, cited, asked, request.host_url.rstrip("/")))


def _more(asked: Asked, offset: int) -> str:
    shown = library().search(asked.question, asked.filters, PASSAGES, offset, expand=asked.expand)
    caching.searched(_index(shown).partial)
    return _render(result_page(shown, _index(shown), _box(asked, shown), asked, None, offset))


def _index(shown: SearchPage) -> IndexManifest:
    return shown.index or library().info()


def _box(asked: Asked, shown: SearchPage) -> Form:
    """What was found is offered; where a filter is in force, its other values as well, which nothing found can have."""
    every = library().facets()
    offered = shown.found.facets if shown.found else every
    return form("/", asked.question, asked.filters, offered, expand=asked.expand, others=every)


def _home() -> Path:
    return Path(current_app.config["HOME"])


def _render(page: Any) -> str:
    return render_template(TEMPLATES[type(page)], page=page)
