"""Read and check what a request brings, once for pages and API: strict, and every complaint is one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request, request
from marshmallow import EXCLUDE, RAISE, Schema, fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import UnsupportedMediaType

from kb.errors import BadRequest
from kb.filters import MAX_VALUES
from kb.records import Filters

FILTERS = ("country", "kind", "language", "publisher", "collection", "document", "entity")


class Parser(FlaskParser):
    """webargs, with unknown and repeated names refused and complaints turned into BadRequest."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"query": RAISE, "json": RAISE}  # noqa: RUF012 webargs declares it so
    DEFAULT_VALIDATION_STATUS = 400

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        for name, values in req.args.lists():
            field = next((field for key, field in schema.fields.items() if name == (field.data_key or key)), None)
            if field is not None and len(values) > 1 and not isinstance(field, fields.List):
                raise BadRequest(f"{name} is given {len(values)} times; it takes one value.")
            if len(values) > MAX_VALUES:  # kb refuses them too, after a page's form has been made of them
                raise BadRequest(f"{name} is given {len(values)} times; at most {MAX_VALUES} values are taken.")
        return MultiDictProxy(req.args, schema)

    def load_json(self, req: Request, schema: Schema) -> Any:
        if not req.is_json:
            given = req.mimetype or "none"
            raise UnsupportedMediaType(f"the content type is {given}; send the body as application/json.")
        return _decode(req.get_data())

    def handle_error(self, error: Any, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any) -> NoReturn:
        by_location: Mapping[str, Any] = error.messages
        raise BadRequest(
            _sentence(next(iter(by_location.values())), [field.data_key or name for name, field in schema.fields.items()])
        ) from error


parser = Parser()


def page_arguments(schema: Schema) -> Any:
    """The checked query of a page. Names that are unknown are passed over: links gather them on their way through mail."""
    return parser.parse(schema, request, location="query", unknown=EXCLUDE)


def filters_of(arguments: Mapping[str, Any]) -> Filters:
    """The filters among checked arguments; empty values, which a form sends for untouched fields, restrict nothing."""
    chosen = {name: tuple(value for value in arguments.get(name, ()) if value.strip()) for name in FILTERS}
    return Filters(**chosen, date_from=arguments.get("date_from", "").strip(), date_to=arguments.get("date_to", "").strip())


def _decode(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadRequest(f"the body is not JSON in UTF-8 ({error}); send one JSON object.") from error
    except (RecursionError, ValueError) as error:
        raise BadRequest(f"the body is not JSON that can be taken ({error}); send one flat JSON object.") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise BadRequest(f"{name} stands twice in the body; give it once.")
        result[name] = value
    return result


def _no_constant(name: str) -> NoReturn:
    raise BadRequest(f"{name} is not a JSON number; correct the body.")


def _sentence(messages: Any, known: list[str]) -> str:
    """One sentence for the first complaint of marshmallow: `{"n": ["Not a valid integer."]}` → `n: not a valid integer.`"""
    if not isinstance(messages, Mapping):
        return f"the body must be one JSON object with {', '.join(known)}."
    name, complaint = next(iter(messages.items()))
    while isinstance(complaint, Mapping):
        complaint = next(iter(complaint.values()))
    text = complaint[0] if isinstance(complaint, list) else str(complaint)
    if name == "_schema":
        return f"the body must be one JSON object with {', '.join(known)}."
    if text == "Unknown field.":
        return f"unknown field {name!r:.80}; known are {', '.join(known)}."
    return f"{name}: {text[:1].lower()}{text[1:]}"
