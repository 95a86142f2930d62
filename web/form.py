"""The box and its filters: what is chosen, what could be, and the addresses that choose otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from kb.records import Facets, Filters
from web import names

LONGEST_GROUP = 12  # values of a filter that are offered; the others are reached through the address
LABELS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "country": ("Country", names.country),
    "kind": ("Kind", names.kind),
    "language": ("Language", names.language),
    "publisher": ("Publisher", str),
    "collection": ("Collection", str),
    "document": ("Document", str),
}


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    label: str
    options: tuple[Option, ...]


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


def form(action: str, question: str, filters: Filters, facets: Facets, *, expand: bool = True) -> Form:
    groups = tuple(
        _group(name, getattr(filters, name), getattr(facets, name)) for name in ("country", "kind", "language", "publisher")
    )
    hidden = [Hidden(name, value) for name in ("collection", "document") for value in getattr(filters, name)]
    return Form(
        action=action,
        question=question,
        groups=tuple(group for group in groups if group.options),
        hidden=tuple(hidden + ([] if expand else [Hidden("expand", "0")])),
        chips=_chips(action, question, filters, expand),
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


def _group(name: str, chosen: tuple[str, ...], counts: Mapping[str, int]) -> Group:
    label, word = LABELS[name]
    folded = {value.casefold() for value in chosen}
    offered = [value for value in counts if value][:LONGEST_GROUP]
    values = offered + [value for value in counts if value and value not in offered and value.casefold() in folded]
    known = {value.casefold() for value in values}
    options = [Option(value, word(value), counts[value], value.casefold() in folded) for value in values]
    options += [Option(value, word(value), None, True) for value in chosen if value.casefold() not in known]
    return Group(name, label, tuple(options))


def _chips(action: str, question: str, filters: Filters, expand: bool) -> tuple[Chip, ...]:
    pairs = _pairs(question, filters, expand)
    chips = []
    for place, (name, value) in enumerate(pairs):
        without = _joined(action, pairs[:place] + pairs[place + 1 :])
        if name in LABELS:
            label, word = LABELS[name]
            chips.append(Chip(label, word(value), without))
        elif name in ("from", "to"):
            chips.append(Chip(name.capitalize(), names.day(value), without))
    return tuple(chips)
