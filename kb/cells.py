"""Rows of tables as they stand in passages, "Column: cell; Column: cell": which cells hold values; who says so, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.timespans import SPAN_DAYS, Timespan, timespans_of
from kb.voices import undated


@dataclass(frozen=True, slots=True)
class Cells:
    """A row read by its columns: text that may hold values as (header, cell, start), and what its other columns say.

    `scope` is what its values are of, where a column tells: "direct-current line"; "" for the whole and where none does.
    """

    values: tuple[tuple[str, str, int], ...]
    said_by: str
    as_of: Timespan | None
    period: Timespan | None
    period_text: str
    scope: str = ""


def is_row(text: str) -> bool:
    """Whether a text reads like a row: two cells at least, each behind its column's name."""
    return len(_CELL.findall(text)) > 1


def cells_of(row: str) -> Cells:
    """Read a row; a period shorter than a quarter in its column of periods is when the value was said."""
    values: list[tuple[str, str, int]] = []
    said_by, as_of, period, period_text, scope = "", None, None, "", ""
    for match in _CELL.finditer(row):
        header, cell = match["header"], match["cell"]
        if _VOICE_HEADER.search(header):
            dates = timespans_of(cell)
            as_of = dates[-1] if dates else as_of
            said_by = said_by or undated(cell)
        elif _DATE_HEADER.search(header):
            as_of = next(iter(timespans_of(cell)), as_of)
        elif _PERIOD_HEADER.search(header):
            period, period_text = next(iter(timespans_of(cell)), None), cell
            if period is not None and period.days < SPAN_DAYS:
                as_of, period = as_of or period, None
        elif _SCOPE_HEADER.search(header):
            scope = "" if _WHOLE.search(cell) else cell
        elif not _NOTE_HEADER.search(header):
            values.append((header, cell, match.start("cell")))
    return Cells(tuple(values), said_by, as_of, period, period_text, scope)


def voice_cells(row: str) -> list[tuple[int, int]]:
    """Where a row names its sources: dates there are not those of what it tells."""
    return [match.span("cell") for match in _CELL.finditer(row) if _VOICE_HEADER.search(match["header"])]


_CELL = re.compile(r"(?:^|; )(?P<header>[^;:]{1,90}): (?P<cell>.*?)(?=; [^;:]{1,90}: |$)", re.S)
_VOICE_HEADER = re.compile(
    r"^(?!words|notes?)(?:.*)(?:\bwho\b|said by|says|\bsource\b|according|reported by|кто|сообщил|по данным|"
    r"источник|کس نے|ماخذ|ذریعہ)",
    re.I,
)
_DATE_HEADER = re.compile(r"\bdate\b|дата|تاریخ", re.I)
_PERIOD_HEADER = re.compile(r"\bperiod\b|^year|\bwhen\b|период|^год|مدت|سال", re.I)
_NOTE_HEADER = re.compile(r"\bnotes?\b|примечани|نوٹ|^№|^No\.?$", re.I)
_SCOPE_HEADER = re.compile(
    r"\bwhat is (?:measured|counted|meant|covered|included)|\bscope\b|\bcoverage\b|^(?:section|segment|stretch|stage)\b|"
    r"что (?:измер|учт|счита)|охват|^участок|دائرہ کار|کیا شمار|کیا ناپ",
    re.I,
)
_WHOLE = re.compile(
    r"\b(?:all|whole|total|entire|full|overall)\b|\b(?:вс[еяё]|весь|всего|общ\w+|полн\w+)\b|کل|تمام|پور[ایے]", re.I
)
