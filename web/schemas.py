"""What the API takes. The same definitions check requests and make the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from kb.catalogue_records import SORTS
from kb.gazetteer import TYPES
from kb.records import KINDS
from web.viewing import VIEWS, ZOOMS

MAX_RESULTS = 50  # passages in one response: about 100 kB of JSON, five screens
MAX_DOCUMENTS = 200  # what the library gives in one call
MAX_OFFSET = 1_000  # ranks past this are noise
MAX_ENTITIES = 1_000  # the gazetteer has some hundreds
MAX_PLACE = 1_000_000  # pages or sections of a document


def clean(value: str) -> None:
    """Refuse what is no text: NUL, and half surrogates, which UTF-8 cannot carry."""
    if "\0" in value:
        raise ValidationError("It holds a NUL character; remove it.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError("It holds half of a surrogate pair; send whole characters.")


def text(description: str, **options: Any) -> fields.String:
    return fields.String(validate=clean, metadata={"description": description}, **options)


def many(description: str) -> Any:
    return fields.List(fields.String(validate=clean), metadata={"description": description + " May be given several times."})


def count(default: int, largest: int) -> fields.Integer:
    return fields.Integer(
        load_default=default,
        validate=validate.Range(1, largest, error=f"it is {{input}}; it takes a whole number from 1 to {largest}."),
        metadata={"description": f"How many to give, 1 to {largest}."},
    )


def natural(description: str) -> fields.Integer:
    return fields.Integer(
        load_default=0,
        validate=validate.Range(0, MAX_PLACE, error="it is {input}; it takes a whole number from 1 on."),
        metadata={"description": description},
    )


def one_of(values: Sequence[str], description: str) -> fields.String:
    """The first is the default."""
    known = ", ".join(value for value in values if value)
    return fields.String(
        load_default=values[0],
        validate=validate.OneOf(values, error=f"{{input}} is unknown; known are {known}."),
        metadata={"description": description},
    )


def truth(description: str) -> fields.Boolean:
    return fields.Boolean(load_default=True, metadata={"description": description})


class Narrowed(Schema):
    """The filters: within a field any value will do; all fields must hold."""

    country = many("ISO 3166-1 alpha-2 code or name of a country: UZ, Uzbekistan.")
    kind = many(f"One of {', '.join(KINDS)}.")
    language = many("ISO 639-1 code of the document's language: en, ru, ur.")
    publisher = many("Publisher, exactly as the documents give it.")
    collection = many("First folder of the document's uri.")
    document = many("Document id.")
    entity = many("Id or name of an entity that the document mentions or is filed under: CASA-1000.")
    date_from = text("Published on or after: 2021, 2021-07 or 2021-07-15.", data_key="from")
    date_to = text("Published on or before: 2021, 2021-07 or 2021-07-15.", data_key="to")


class AskBody(Narrowed):
    question = text("A question in any language, at most 2,000 characters.", required=True)
    n = count(10, MAX_RESULTS)
    expand = truth("Search other names of the same things as well.")


class SearchArguments(Narrowed):
    q = text("What to look for, at most 2,000 characters.", required=True)
    n = count(10, MAX_RESULTS)
    next = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MAX_OFFSET, error=f"it is {{input}}; take the value of `next` (at most {MAX_OFFSET})."),
        metadata={"description": "Where to go on: `next` of the page before."},
    )
    expand = truth("Search other names of the same things as well.")


class DocumentArguments(Narrowed):
    n = count(50, MAX_DOCUMENTS)
    cursor = text("Where to go on: `next` of the page before.", load_default="")
    sort = one_of(SORTS, "Order: by title, date (newest first), kind, publisher, or when it was added (newest first).")


class NoArguments(Schema):
    """Takes nothing, so that a misspelt name is told."""


class EntityArguments(Schema):
    n = count(200, MAX_DOCUMENTS)
    type = one_of(("", *TYPES), "Only entities of one type.")


class PageArguments(SearchArguments):
    """The page's form: like the API's search, but the box may be empty."""

    q = text("Question or words.", load_default="")
    generation = natural("The generation that a permalink was made under.")
    view = one_of(("", "brief"), "brief: one page to print.")


class CitationArguments(Schema):
    """What is cited."""

    at = many("Document, or document:start-end.")


class PictureArguments(Schema):
    """What is marked on a page: a passage, or characters of the document's text."""

    passage = text("Id of a passage.", load_default="")
    start = fields.Integer(load_default=None, allow_none=True)
    end = fields.Integer(load_default=None, allow_none=True)


class ViewArguments(Narrowed):
    """How a document is looked at (see web.viewing), and the question with its filters that led to it."""

    q = text("The question that led here.", load_default="")
    start = fields.Integer(load_default=None, allow_none=True)
    end = fields.Integer(load_default=None, allow_none=True)
    section = natural("Section of a long document, counted from 1.")
    page = natural("Page of the original, counted from 1.")
    view = fields.String(load_default=VIEWS[0], validate=validate.OneOf(VIEWS, error="it takes text or page."))
    zoom = fields.Integer(load_default=ZOOMS[0], validate=validate.OneOf(ZOOMS, error="it takes 100, 150 or 200."))
