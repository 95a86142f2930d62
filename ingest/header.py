"""The header of a text: lines such as "TITLE: …", "SIGNED: 1996-03-29" above an empty line, as collections of treaties have.

What it says of dates is used only where the text does not say otherwise (ingest.stated).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from babel.core import Locale, get_global

_LINES = re.compile(r"(?:[A-Z][A-Z ]{2,20}:[ \t][^\n]*\n){3,12}(?=[ \t]*\n)")
_USED = frozenset({"TITLE", "TYPE", "SIGNED", "IN FORCE", "STATUS", "PARTIES", "LANGUAGE", "PUBLISHER", "URL", "SOURCE"})


@dataclass(frozen=True, slots=True)
class Header:
    """Metadata as written, for ingest.metadata.metadata_from, and the dates that the text may contradict, as written."""

    raw: dict[str, object]
    signed: str
    in_force: str


def treaty_header(values: dict[str, str], alpha3: list[str]) -> Header:
    """`values` by the names of _USED, in capitals; `alpha3` are the parties' ISO 3166-1 alpha-3 codes.

    "Inactive" is no status of ours, since it does not say why.
    """
    countries = country_codes(alpha3)
    raw: dict[str, object] = {
        "title": values.get("TITLE", ""),
        "published": values.get("SIGNED", ""),
        "language": values.get("LANGUAGE", ""),
        "publisher": values.get("PUBLISHER", ""),
        "url": values.get("URL", ""),
        "countries": countries,
        "parties": [Locale("en").territories[code] for code in countries],
    }
    if values.get("SIGNED"):
        raw["kind"] = "agreement"
    if values.get("STATUS", "").casefold() == "in force":
        raw |= {"status": "in_force", "status_date": values.get("IN FORCE", "")}
    return Header({key: value for key, value in raw.items() if value}, values.get("SIGNED", ""), values.get("IN FORCE", ""))


def country_codes(alpha3: list[str]) -> list[str]:
    """The ISO 3166-1 alpha-2 codes of alpha-3 codes; none for a state that became several."""
    found = [get_global("territory_aliases").get(code.strip().upper(), []) for code in alpha3]
    return [codes[0] for codes in found if len(codes) == 1]


def header_lines(text: str) -> tuple[Header | None, str]:
    """The header that begins `text`, if its lines have a title and nothing that we do not know, and the text behind it."""
    found = _LINES.match(text)
    if found is None:
        return None, text
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in found[0].splitlines())}
    if "TITLE" not in values or set(values) - _USED:
        return None, text
    return treaty_header(values, values.get("PARTIES", "").split(",")), text[found.end() :]
