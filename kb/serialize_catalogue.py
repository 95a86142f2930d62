"""The JSON shape of a named thing, as HTTP gives it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb.catalogue_records import EntityDetail, Speaking
from kb.cite import permalink
from kb.serialize import locator_json, source_json

JSON = dict[str, Any]


def entity_json(detail: EntityDetail) -> JSON:
    entity = detail.entity
    return asdict(detail.count) | {
        "names": list(dict.fromkeys((*entity.names, *entity.ambiguous))),
        "countries": list(entity.countries),
        "office": entity.office,
        "wikidata": entity.wikidata or (entity.id if entity.id.startswith("Q") else ""),
        "years": [asdict(year) for year in detail.years],
        "related": [
            {"id": one.entity.id, "name": one.entity.name, "type": one.entity.type, "documents": one.documents}
            for one in detail.related
        ],
        "passages": [_speaking_json(one) for one in detail.speaking],
        "partial": detail.partial,
    }


def _speaking_json(one: Speaking) -> JSON:
    passage, document = one.passage, one.document
    at = passage.locator
    return {
        "passage_id": passage.id,
        **source_json(document, passage.language),
        "text": passage.text,
        "locator": locator_json(at),
        "permalink": permalink(document.id, passage.id, at.start, at.end),
        "mentions": one.mentions,
    }
