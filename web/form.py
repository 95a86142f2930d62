"""The box and its filters: what is chosen, what could be, and the addresses that choose otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _

from kb.records import Facets, Filters
from web import names
from web.phrases import N_

SHOWN = 6  # values of a filter before "more"
LONGEST_GROUP = 60  # values with those; the others are reached through the address
LABELS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "country": (N_("Country"), names.country),
    "kind": (N_("Kind"), names.kind),
    "language": (N_("Language"), names.language),
    "publisher": (N_("Publisher"), str),
    "entity": (N_("Mentioned"), names.entity),
    "collection": (N_("Collection"), str),
    "document": (N_("Document"), str),
}

#: Filters that are offered, and the facet that has their values.
OFFERED: Mapping[str, str] = {
    "country": "country",
    "kind": "kind",
    "language": "language",
    "publisher": "publisher",
    "entity": "project",
}


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a filter, how many documents have it (None: not counted), and the address that puts it on, or off."""

    value: str
    label: str
    count: int | None
    chosen: bool
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """`fields` are the names in the address; `options` are shown, `more` behind a tap."""

    name: str
    label: str
    options: tuple[Option, ...]
    more: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that the form carries without showing it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    question: str
    groups: tuple[Group, ...]
    hidden: tuple[Hidden, ...]
    chips: tuple[Chip, ...]
    cleared: str
    date_from: str
    date_to: str
    expand: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the form stands: what its addresses start from."""

    action: str
    question: str
    filters: Filters
    expand: bool


def form(
    action: str, question: str, filters: Filters, facets: Facets, *, expand: bool = True, others: Facets | None = None
) -> Form:
    """`facets` are what is offered, with its counts; what is chosen is offered always. `others` has what is offered besides,
    without a count, for the filters in force."""
    at = _Place(action, question, filters, expand)
    more = others or facets
    groups = [_group(at, name, getattr(facets, source), getattr(more, source)) for name, source in OFFERED.items()] + [
        _years(at, facets.year)
    ]
    hidden = [Hidden(name, value) for name in ("collection", "document") for value in getattr(filters, name)]
    return Form(
        action=action,
        question=question,
        groups=tuple(group for group in groups if group.options),
        hidden=tuple(hidden + ([] if expand else [Hidden("expand", "0")])),
        chips=_chips(at),
        cleared=address(action, question, Filters(), expand=expand),
        date_from=filters.date_from,
        date_to=filters.date_to,
        expand=expand,
    )


def address(action: str, question: str, filters: Filters, *, expand: bool = True, **more: str) -> str:
    """The address of `action` with a question and filters; the same choice always gives the same address."""
    return _joined(action, _pairs(question, filters, expand) + list(more.items()))


def _pairs(question: str, filters: Filters, expand: bool) -> list[tuple[str, str]]:
    pairs = [("q", question)] if question else []
    pairs += [(name, value) for name in LABELS for value in getattr(filters, name)]
    pairs += [(name, value) for name, value in (("from", filters.date_from), ("to", filters.date_to)) if value]
    return pairs if expand else [*pairs, ("expand", "0")]


def _joined(action: str, pairs: list[tuple[str, str]]) -> str:
    return f"{action}?{urlencode(pairs)}" if pairs else action


def _group(at: _Place, name: str, counts: Mapping[str, int], others: Mapping[str, int]) -> Group:
    label, word = LABELS[name]
    chosen: tuple[str, ...] = getattr(at.filters, name)
    folded = {value.casefold() for value in chosen}
    known = {value.casefold() for value in counts}

    def option(value: str, count: int | None) -> Option:
        others = tuple(one for one in chosen if one.casefold() != value.casefold())
        on = value.casefold() in folded
        chosen_then: Any = {name: others if on else (*others, value)}
        narrowed = replace(at.filters, **chosen_then)
        return Option(value, word(value), count, on, address(at.action, at.question, narrowed, expand=at.expand))

    options = [option(value, None) for value in chosen if value.casefold() not in known]
    options += [option(value, counts[value]) for value in _offered(counts, folded)]
    if chosen:
        options += [option(value, None) for value in _offered(others, set()) if value.casefold() not in known | folded]
    return _cut(name, _(label) if name != "entity" else _("Project"), options)


def _offered(counts: Mapping[str, int], chosen: Set[str]) -> list[str]:
    """The most frequent, and those chosen: a collection may have thousands of publishers, and each costs an address."""
    values = [value for value in counts if value]
    return values[:LONGEST_GROUP] + [value for value in values[LONGEST_GROUP:] if value.casefold() in chosen]


def _years(at: _Place, counts: Mapping[str, int]) -> Group:
    """One year at a time: a range is for the two fields."""
    options = []
    for year in sorted(counts, reverse=True):
        on = at.filters.date_from == at.filters.date_to == year
        narrowed = replace(at.filters, date_from="" if on else year, date_to="" if on else year)
        options.append(Option(year, year, counts[year], on, address(at.action, at.question, narrowed, expand=at.expand)))
    return _cut("year", _("Year"), options)


def _cut(name: str, label: str, options: list[Option]) -> Group:
    first = [option for option in options if option.chosen]
    rest = [option for option in options if not option.chosen]
    shown = max(SHOWN - len(first), 0)
    if len(rest) == shown + 1:
        shown += 1  # a line more costs no more than the line that says so
    ordered = first + rest if name != "year" else options
    last = shown + len(first)
    return Group(name, label, tuple(ordered[:last]), tuple(ordered[last:LONGEST_GROUP]))


def _chips(at: _Place) -> tuple[Chip, ...]:
    pairs = _pairs(at.question, at.filters, at.expand)
    chips = []
    for place, (name, value) in enumerate(pairs):
        without = _joined(at.action, pairs[:place] + pairs[place + 1 :])
        if name in LABELS:
            label, word = LABELS[name]
            chips.append(Chip(_(label), word(value), without))
        elif name in ("from", "to"):
            chips.append(Chip(_("From") if name == "from" else _("To"), names.day(value), without))
    return tuple(chips)
