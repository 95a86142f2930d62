"""How a document is looked at, as its address says: the quote, the question it was found for, the section, the page, the zoom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlencode

from kb.records import Filters
from web.form import address

ZOOMS = (100, 150, 200)  # percent of the width there is
TEXT, PAGE = "text", "page"
VIEWS = (TEXT, PAGE)


@dataclass(frozen=True, slots=True)
class Viewing:
    """`section` and `page` count from 1, 0 where the address names none. `filters` are those of the question."""

    document_id: str
    question: str = ""
    filters: Filters = Filters()  # noqa: RUF009 (frozen)
    start: int | None = None
    end: int | None = None
    section: int = 0
    page: int = 0
    view: str = TEXT
    zoom: int = ZOOMS[0]

    def address(self, fragment: str = "", **changes: Any) -> str:
        """The same with `changes`; what is as it is by default stands in no address."""
        one = replace(self, **changes)
        path = f"/documents/{quoted(one.document_id)}"
        more: list[tuple[str, object]] = [("start", one.start), ("end", one.end), ("section", one.section), ("page", one.page)]
        more += [("view", one.view if one.view != TEXT else ""), ("zoom", one.zoom if one.zoom != ZOOMS[0] else "")]
        query = urlencode([(name, value) for name, value in more if value not in (None, "") and (value or name == "start")])
        found_by = address(path, one.question, one.filters) if one.question else path
        joined = f"{found_by}{'&' if '?' in found_by else '?'}{query}" if query else found_by
        return f"{joined}#{quoted(fragment)}" if fragment else joined

    def at(self, start: int, end: int, fragment: str) -> str:
        """The same document with another stretch marked, wherever that stands."""
        return self.address(fragment, start=start, end=end, section=0, page=0, view=TEXT, zoom=ZOOMS[0])

    @property
    def results(self) -> str:
        """Address of the results that led here, "" if none did."""
        return address("/", self.question, self.filters) if self.question else ""


def viewing(document_id: str, asked: Mapping[str, Any], filters: Filters) -> Viewing:
    """Of checked arguments."""
    names = ("start", "end", "section", "page", "view", "zoom")
    return Viewing(document_id, asked["q"].strip(), filters, **{name: asked[name] for name in names})
