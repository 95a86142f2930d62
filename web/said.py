"""A statement of an answer as a page shows it: in runs, the key ones emphasised, with what it leans on."""

from __future__ import annotations

from dataclasses import dataclass

from kb.records import Statement
from web import names


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of the quoted text; `strong` is what answers."""

    text: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Said:
    runs: tuple[Run, ...]
    markers: tuple[int, ...]
    context: str
    language: str
    direction: str


def said(statement: Statement, language: str) -> Said:
    return Said(runs(statement), statement.citations, statement.context, language, names.direction(language))


def runs(statement: Statement) -> tuple[Run, ...]:
    """The whole text, cut at the bounds of the emphasised spans, which are in order and apart."""
    found, done = [], 0
    for start, end in statement.emphasis:
        found += [Run(statement.text[done:start], False), Run(statement.text[start:end], True)]
        done = end
    return tuple(run for run in (*found, Run(statement.text[done:], False)) if run.text)
