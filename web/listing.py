"""The list of documents, as its page shows it: in an order, narrowed by filters, a stretch at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from kb.catalogue_records import SORTS
from kb.records import DocumentPage, DocumentSummary, Filters
from web import names
from web.form import Form, Hidden, Option, address
from web.languages import number
from web.phrases import N_
from web.present import Source, source_of

BY = {"title": N_("Title"), "date": N_("Newest"), "kind": N_("Kind"), "publisher": N_("Publisher"), "added": N_("Last added")}


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Listed:
    source: Source
    countries: tuple[str, ...]
    size: str
    status: str


@dataclass(frozen=True, slots=True)
class ListPage:
    form: Form
    sorts: tuple[Choice, ...]
    items: tuple[Listed, ...]
    total: int
    first: str
    previous: str
    more: str


def list_page(result: DocumentPage, box: Form, filters: Filters, cursor: str, sort: str) -> ListPage:
    """The filters' addresses keep the order; a cursor belongs to one choice of filters, and they begin anew."""

    def at(cursor: str | None = None, order: str = sort) -> str:
        more: dict[str, Any] = {} if order == SORTS[0] else {"sort": order}
        return address("/documents", "", filters, **(more | ({"cursor": cursor} if cursor else {})))

    return ListPage(
        form=_in_order(box, sort),
        sorts=tuple(Choice(_(BY[one]), at(order=one), one == sort) for one in SORTS),
        items=tuple(listed(item) for item in result.items),
        total=result.total,
        first=at() if cursor else "",
        previous=at(result.previous) if result.previous else "",
        more=at(result.next) if result.next else "",
    )


def listed(summary: DocumentSummary) -> Listed:
    size = _size(summary)
    status = names.status(summary.metadata.status) if summary.metadata.kind == "agreement" else ""
    return Listed(source_of(summary), tuple(names.country(code) for code in summary.metadata.countries), size, status)


def _size(summary: DocumentSummary) -> str:
    count = summary.pages or summary.characters
    if summary.pages:
        return ngettext("%(count)s page", "%(count)s pages", count, count=number(count))
    return ngettext("%(count)s character", "%(count)s characters", count, count=number(count))


def _in_order(box: Form, sort: str) -> Form:
    if sort == SORTS[0]:
        return box

    def kept(href: str) -> str:
        return f"{href}{'&' if '?' in href else '?'}sort={sort}"

    def options(given: tuple[Option, ...]) -> tuple[Option, ...]:
        return tuple(replace(option, href=kept(option.href)) for option in given)

    return replace(
        box,
        groups=tuple(replace(group, options=options(group.options), more=options(group.more)) for group in box.groups),
        hidden=(*box.hidden, Hidden("sort", sort)),
        chips=tuple(replace(chip, without=kept(chip.without)) for chip in box.chips),
        cleared=kept(box.cleared),
    )
