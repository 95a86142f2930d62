"""Check filters once, at the boundary, and turn them into a condition on the store's documents."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.errors import BadRequest
from kb.records import KINDS, Filters

PARTIAL_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
MAX_VALUES = 200  # per field: a URL or a JSON body longer than that is a mistake, and each value is a bound parameter


Known = Callable[[str], str | None]


def checked(filters: Filters, country_code: Known, languages: Sequence[str], entity_id: Known) -> Filters:
    """Filters in the store's own spelling: country names become ISO codes, names of entities their ids, dates whole days.

    Raises BadRequest with the value and what would do for anything that cannot match by construction.
    """
    for field in ("country", "kind", "language", "publisher", "collection", "document", "entity"):
        if len(getattr(filters, field)) > MAX_VALUES:
            raise BadRequest(f"{len(getattr(filters, field))} values for the filter {field}; at most {MAX_VALUES} are taken.")
    date_from = date_range(filters.date_from, "from")[0] if filters.date_from else ""
    date_to = date_range(filters.date_to, "to")[1] if filters.date_to else ""
    if date_from and date_to and date_from > date_to:
        raise BadRequest(f"the date range is empty: from {filters.date_from} is after to {filters.date_to}.")
    return replace(
        filters,
        country=tuple(_country(value, country_code) for value in filters.country),
        kind=tuple(_one_of(value, "kind", KINDS) for value in filters.kind),
        language=tuple(_one_of(value, "language", languages) for value in filters.language),
        date_from=date_from,
        date_to=date_to,
        entity=tuple(_entity(value, entity_id) for value in filters.entity),
    )


def date_range(value: str, name: str = "date") -> tuple[str, str]:
    """First and last day that a partial ISO date covers: "2021-02" → ("2021-02-01", "2021-02-28").

    Raises BadRequest for anything else.
    """
    match = PARTIAL_DATE.fullmatch(value.strip())
    if match:
        year, month, day = (int(part) if part else 0 for part in match.groups())
        if not match[2] and year:
            return f"{year:04}-01-01", f"{year:04}-12-31"
        if year and 1 <= month <= 12:
            last = calendar.monthrange(year, month)[1]
            if not match[3]:
                return f"{year:04}-{month:02}-01", f"{year:04}-{month:02}-{last:02}"
            if 1 <= day <= last:
                return value.strip(), value.strip()
    raise BadRequest(f"{value!r} is not a date for {name}; write it as 2021, 2021-07 or 2021-07-15.")


def condition(filters: Filters) -> tuple[str, list[str]]:
    """SQL over `documents AS d` and its parameters, for checked filters; ("1 = 1", []) if nothing is filtered.

    A document without a date matches no date range. `+d.num` has SQLite read an index of documents instead of row after row.
    """
    parts, values = ["1 = 1"], list[str]()
    for field in ("kind", "language", "publisher", "collection"):
        chosen = getattr(filters, field)
        if chosen:
            parts.append(f"d.{field} IN ({_marks(chosen)})")
            values += chosen
    if filters.document:
        parts.append(f"d.id IN ({_marks(filters.document)})")
        values += filters.document
    if filters.country:
        marks = _marks(filters.country)
        parts.append(f"+d.num IN (SELECT document FROM document_countries WHERE country IN ({marks}))")
        values += filters.country
    if filters.entity:
        parts.append(f"+d.num IN (SELECT document FROM document_entities WHERE entity_id IN ({_marks(filters.entity)}))")
        values += filters.entity
    if filters.date_from:
        parts.append("d.published_end != '' AND d.published_end >= ?")
        values.append(filters.date_from)
    if filters.date_to:
        parts.append("d.published_start != '' AND d.published_start <= ?")
        values.append(filters.date_to)
    return " AND ".join(parts), values


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _entity(value: str, entity_id: Known) -> str:
    found = entity_id(value)
    if found is None:
        raise BadRequest(f"unknown entity {value!r}; `/api/v1/entities` lists the ids and names of those there are.")
    return found


def _country(value: str, country_code: Known) -> str:
    code = country_code(value)
    if code is None:
        raise BadRequest(f"unknown country {value!r}; give an ISO code or a name, such as UZ or Uzbekistan.")
    return code


def _one_of(value: str, field: str, known: Sequence[str]) -> str:
    if value.lower() not in known:
        raise BadRequest(f"unknown {field} {value!r}; known are {', '.join(known)}.")
    return value.lower()
