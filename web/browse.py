"""Browsing without a question: the list of documents, the index of named things, and the page of each."""

from __future__ import annotations

from flask import Blueprint, render_template

from kb.gazetteer import Entity
from kb.records import Filters
from web import caching, names, schemas
from web.arguments import filters_of, page_arguments
from web.entity_page import entities_page, entity_page
from web.form import form
from web.knowledge import library
from web.listing import list_page

browse = Blueprint("browse", __name__)

DOCUMENTS = 50  # on a page of the list
NEWEST = 5  # documents of an entity on its own page; the others are in the list


@browse.get("/documents")
def documents() -> str:
    arguments = page_arguments(schemas.DocumentArguments())
    filters, cursor, sort = filters_of(arguments), arguments["cursor"], arguments["sort"]
    found = library().documents(filters, DOCUMENTS, cursor, sort)
    box = form("/documents", "", filters, library().facets())
    return render_template("documents.html", page=list_page(found, box, filters, cursor, sort))


@browse.get("/entities")
def entities() -> str:
    only = page_arguments(schemas.EntityArguments())["type"]
    return render_template("entities.html", page=entities_page(library().entities(schemas.MAX_ENTITIES, only), only))


@browse.get("/entities/<entity_id>")
def entity(entity_id: str) -> str:
    detail = library().entity(entity_id)
    caching.searched(detail.partial)
    newest = library().documents(Filters(entity=(entity_id,)), NEWEST, "", "date")
    return render_template("entity.html", page=entity_page(detail, newest, _countries(detail.entity)))


def _countries(entity: Entity) -> list[Entity]:
    known = [one for one in names.gazetteer().entities.values() if one.type == "country"]
    return [one for code in entity.countries for one in known if one.countries == (code,)]
