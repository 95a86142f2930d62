"""Paragraph numbers, and how a lawyer writes a place in a text.

A legal text is cited by article, annex or preamble and paragraph ("art. 5(2)(b)", "annex II, para. 3"), with the page behind
where there are pages ("art. 5(2), p. 12"). Any other text is cited by page ("p. iv": the printed label where there is one)
or, without pages, by the number of its paragraph in the document ("para. 7"). Tables are cited as a spreadsheet program
counts them: "row 5", "sheet ‘Trade’, A5:F5".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.headings import Pinpoint
from kb.records import Page

# Cited without the parts, chapters and sections that enclose them.
_PLACES = frozenset({"article", "paragraph", "annex", "appendix", "schedule", "preamble", "closing", "protocol", "instrument"})

_LABEL = re.compile(
    r"^(?:(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})[.)．]|\((?P<round>\d{1,3}|[a-zа-я]{1,2}|[ivxl]{1,6})\)|(?P<letter>[a-zа-я]|[ivxl]{2,6})\)"
    r"|(?P<dotted>\d{1,3}(?:\.\d{1,3}){1,3})(?=\s+[^\Wa-zа-я\d_]))(?=\s|$|[^\W\d_])"
)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


_ROW = re.compile(r"row (\d+)")
_CELLS = re.compile(r"(?P<sheet>sheet ‘.*’, )(?P<left>[A-Z]+)(?P<row>\d+)(?::(?P<right>[A-Z]+)\d+)?", re.DOTALL)


def paragraph_label(text: str) -> str | None:
    """Return the number a paragraph begins with, bare: "2." and "(2)" give "2", "(b)" "b", "(iv)" "iv", "5.2 The" "5.2"."""
    match = _LABEL.match(text.lstrip()[:24].translate(_DIGITS))
    if match is None:
        return None
    return next(group for group in match.groups() if group)


def push_label(labels: tuple[str, ...], label: str) -> tuple[str, ...]:
    """Return the path of paragraph numbers after `label` is met at the path `labels`: ("2", "a") + "b" → ("2", "b").

    Numbers stand above letters, letters above small Roman numbers; "i" after "h" is a letter, elsewhere Roman.
    """
    if label[0].isdigit():
        return (label,)
    depth = 1 if labels and labels[0][0].isdigit() else 0
    inner = labels[depth:]
    if not inner:
        return (*labels, label)
    if _next_letter(inner[0], label) or not _is_roman(label):
        return (*labels[:depth], label)
    if _is_roman(inner[0]) and inner[0] != "i" and len(inner) == 1 and label != "i":
        return (*labels[:depth], label)
    return (*labels[: depth + 1], label) if inner[0] != "i" else (*labels[:depth], label)


def unlabelled(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path for a paragraph without a number: it may go on with paragraph 2, but hardly with its point (b)."""
    return labels[:1] if labels and labels[0][0].isdigit() else ()


def _is_roman(label: str) -> bool:
    return re.fullmatch("[ivxl]+", label) is not None


def _next_letter(before: str, label: str) -> bool:
    return len(before) == len(label) == 1 and ord(label) == ord(before) + 1


def is_legal(headings: Sequence[Pinpoint | None]) -> bool:
    """Is a text under these headings cited as law is (an article, annex or preamble encloses it)?"""
    return any(heading is not None and heading.unit in _PLACES for heading in headings)


def pinpoint(
    headings: Sequence[Pinpoint | None],
    first: tuple[str, ...],
    last: tuple[str, ...],
    page: Page | None,
    paragraphs: tuple[int, int],
) -> str:
    """Write the place of a passage as a lawyer does.

    `headings` are the legal headings that enclose it, outermost first (None: an ordinary heading); `first` and `last` the
    paths of paragraph numbers it begins and ends in; `paragraphs` the numbers of its first and last paragraph, from 1.
    """
    where = _page(page)
    if is_legal(headings):
        return ", ".join(part for part in (_legal(headings, first, last), where) if part)
    if where:
        return where
    low, high = paragraphs
    return f"para. {low}" if low == high else f"paras. {low}–{high}"


def row_place(number: int) -> str:
    """The place of a row of a file that is one table; numbers count from 1."""
    return f"row {number}"


def cells_place(sheet: str, row: int, columns: tuple[str, str]) -> str:
    """The place of a row of a sheet, from the first to the last of `columns` (letters)."""
    first, last = columns
    return f"sheet ‘{sheet}’, {first}{row}" + (f":{last}{row}" if first != last else "")


def joined_places(first: str, last: str) -> str:
    """The place of all that stands from `first` to `last`: "rows 5–9", "sheet ‘Trade’, A5:F9"."""
    low, high = _ROW.fullmatch(first), _ROW.fullmatch(last)
    if low and high and low[1] != high[1]:
        return f"rows {low[1]}–{high[1]}"
    top, bottom = _CELLS.fullmatch(first), _CELLS.fullmatch(last)
    if top and bottom and top["sheet"] == bottom["sheet"] and first != last:
        left = min(top["left"], bottom["left"], key=_column)
        right = max(top["right"] or top["left"], bottom["right"] or bottom["left"], key=_column)
        return f"{top['sheet']}{left}{top['row']}:{right}{bottom['row']}"
    return first


def _column(letters: str) -> tuple[int, str]:
    return len(letters), letters


def _page(page: Page | None) -> str:
    return "" if page is None else f"p. {page.label or page.number}"


def _legal(headings: Sequence[Pinpoint | None], first: tuple[str, ...], last: tuple[str, ...]) -> str:
    places = [heading for heading in headings if heading is not None and heading.unit in _PLACES]
    names = ", ".join(str(place) for place in places)
    if not first:
        return names
    if places[-1].unit not in ("article", "paragraph"):
        low, high = first[0], _range(first[:1], last[:1])
        return f"{names}, paras. {low}–{high}" if high else f"{names}, para. {low}{_brackets(first[1:], last[1:])}"
    number = places[-1].number
    if not first[0].startswith(f"{number}."):
        return names + _brackets(first, last)
    start, high = names[: -len(number)], _range(first[:1], last[:1])
    return f"{start}{first[0]}–{high}" if high else f"{start}{first[0]}{_brackets(first[1:], last[1:])}"


def _brackets(first: tuple[str, ...], last: tuple[str, ...]) -> str:
    """(1)–(3) for a run of paragraphs, (2)(a)–(c) for a run of points of one, else where it begins."""
    across = _range(first[:1], last[:1])
    if across:
        return f"({first[0]})–({across})"
    high = _range(first, last)
    return "".join(f"({label})" for label in first) + (f"–({high})" if high else "")


def _range(first: tuple[str, ...], last: tuple[str, ...]) -> str:
    """The last label where a run differs from its first in that alone, else nothing."""
    if not first or len(first) != len(last) or first[:-1] != last[:-1]:
        return ""
    return last[-1] if _order(first[-1]) < _order(last[-1]) else ""


def _order(label: str) -> tuple[list[int], int, str]:
    numbers = [int(part) for part in label.split(".")] if label[0].isdigit() else []
    return numbers, len(label) if not _is_roman(label) else 0, label
