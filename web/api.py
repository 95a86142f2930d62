"""The HTTP API: parse, one call to the library, serialise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint as PlainBlueprint
from flask_smorest import Api
from flask_smorest.blueprint import Blueprint
from marshmallow import Schema

from kb import serialize, serialize_catalogue
from web import caching, schemas, shapes
from web.arguments import filters_of, parser
from web.knowledge import library
from web.metrics import count_answer

JSON = dict[str, Any]
View = Callable[..., JSON]
PROBLEM = "application/problem+json"


class WakhanApi(Api):
    ERROR_SCHEMA: Any = shapes.Problem


class ApiBlueprint(Blueprint):
    ARGUMENTS_PARSER = parser


make: Any = ApiBlueprint  # flask-smorest has no types
api = make("api", __name__, url_prefix="/api/v1", description="Questions, passages and documents.")
health = PlainBlueprint("health", __name__)


def endpoint(rule: str, takes: type[Schema], gives: type[Schema], body: bool = False) -> Callable[[View], View]:
    """Serve a view at `rule`: GET with query arguments, or POST with a JSON body; both described in the OpenAPI document."""

    def register(view: View) -> View:
        described = api.response(200, gives)(view)
        described = api.arguments(takes, location="json" if body else "query")(described)
        for status in (400, 503) if "<" not in rule else (400, 404, 503):
            described = api.alt_response(status, schema=shapes.Problem, content_type=PROBLEM)(described)
        api.route(rule, methods=["POST" if body else "GET"])(described)
        return view

    return register


@endpoint("/ask", schemas.AskBody, shapes.AnswerShape, body=True)
def ask(body: JSON) -> JSON:
    """Answer a question with citations, or abstain."""
    answer = library().ask(body["question"], filters_of(body), body["n"], expand=body["expand"])
    count_answer(answer.status)
    return serialize.answer_json(answer)


@endpoint("/search", schemas.SearchArguments, shapes.SearchShape)
def search(arguments: JSON) -> JSON:
    """Ranked passages."""
    filters, n, offset = filters_of(arguments), arguments["n"], arguments["next"]
    page = library().search(arguments["q"], filters, n, offset, expand=arguments["expand"])
    caching.searched(page.index is not None and page.index.partial)
    return serialize.search_json(page)


@endpoint("/documents", schemas.DocumentArguments, shapes.DocumentsShape)
def documents(arguments: JSON) -> JSON:
    """Documents in an order, without their text."""
    n, cursor, sort = arguments["n"], arguments["cursor"], arguments["sort"]
    return serialize.documents_json(library().documents(filters_of(arguments), n, cursor, sort))


@endpoint("/documents/<document_id>", schemas.NoArguments, shapes.DocumentShape)
def document(arguments: JSON, document_id: str) -> JSON:
    """One document with its whole text."""
    return serialize.document_json(library().document(document_id))


@endpoint("/passages/<passage_id>", schemas.NoArguments, shapes.PassageShape)
def passage(arguments: JSON, passage_id: str) -> JSON:
    """One passage."""
    return serialize.passage_json(library().passage(passage_id))


@endpoint("/entities", schemas.EntityArguments, shapes.EntitiesShape)
def entities(arguments: JSON) -> JSON:
    """Countries, projects, organisations … of the gazetteer that the documents mention."""
    return {"items": [serialize.entity_json(one) for one in library().entities(arguments["n"], arguments["type"])]}


@endpoint("/entities/<entity_id>", schemas.NoArguments, shapes.EntityDetailShape)
def entity(arguments: JSON, entity_id: str) -> JSON:
    """One of them: its names, mentions by year, what is mentioned with it, and the passages that say the most of it."""
    detail = library().entity(entity_id)
    caching.searched(detail.partial)
    return serialize_catalogue.entity_json(detail)


@health.get("/healthz")
def healthz() -> JSON:
    """The process answers."""
    return {"status": "ok"}


@health.get("/readyz")
def readyz() -> JSON:
    """Model and index are loaded; else 503 with the reason."""
    manifest = library().ready()
    return {
        "status": "ready",
        "generation": manifest.generation,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "stale": manifest.stale,
        "partial": manifest.partial,
        "missing": list(manifest.missing),
    }
