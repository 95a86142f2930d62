"""The readable source form: Markdown with front matter, and note marks like {S031 S032} at the end of a paragraph."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MARK = re.compile(r"\s*\{(S\d{3}(?: S\d{3})*)\}")
FIELDS = ("title", "kind", "publisher", "date", "language", "countries", "projects", "parties", "status", "status_date", "url")
PUBLISHER = "Wakhan starter corpus"
UNDATED = {"en": "undated", "ru": "без даты", "ur": "تاریخ درج نہیں"}
SOURCES = {"en": "Sources", "ru": "Источники", "ur": "حوالہ جات"}
NOTE = {"en": ("Note", "Notes", ", ", "."), "ru": ("Источник", "Источники", ", ", "."), "ur": ("حوالہ", "حوالے", "، ", "۔")}


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind` is h2 | h3 | p | li | table | page | body; `rows` holds a table's cells, the header first."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A document ready to be rendered: marks are already numbers, `notes` are the lines of the source list in order."""

    out: str
    meta: dict[str, Any]
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return str(self.meta["title"])

    @property
    def sources_heading(self) -> str:
        return SOURCES[self.meta["language"]]


@dataclass
class Numbering:
    """Source keys in order of first use; a key's note number is its place, from 1."""

    language: str
    keys: list[str]

    def numbers(self, marks: str) -> list[int]:
        for key in marks.split():
            if key not in self.keys:
                self.keys.append(key)
        return sorted(self.keys.index(key) + 1 for key in marks.split())

    def close(self, text: str) -> str:
        """Replace the marks at the end of a paragraph by "(Notes 3, 5.)"."""
        one, many, comma, stop = NOTE[self.language]

        def words(match: re.Match[str]) -> str:
            found = self.numbers(match.group(1))
            return f" ({one if len(found) == 1 else many} {comma.join(map(str, found))}{stop})"

        return MARK.sub(words, text)

    def cell(self, text: str) -> str:
        """A table's cell carries bare numbers."""
        return MARK.sub(lambda match: ", ".join(map(str, self.numbers(match.group(1)))), text).strip()


def public_sources() -> dict[str, dict[str, str]]:
    """Key → title, publisher, date ("" if undated), url of every public source that the corpus may cite.

    Some rows have a `gloss`: the title in English, for PDF files, whose font has no Arabic or Chinese letters.
    """
    lines = (HERE / "sources.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["key"]: row for row in map(json.loads, lines)}


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    _, head, body = text.split("---\n", 2)
    return yaml.load(head, Loader=yaml.BaseLoader), body.strip()


def load(path: Path, sources: dict[str, dict[str, str]]) -> Written:
    """Read one .md source. Raises KeyError for an unknown source key or a missing field."""
    head, body = split_front_matter(path.read_text(encoding="utf-8"))
    numbering = Numbering(head["language"], [])
    pieces = tuple(_piece(raw, numbering) for raw in re.split(r"\n\s*\n", body))
    return Written(head["out"], _metadata(head, numbering.keys, sources), pieces, _note_lines(head["out"], numbering, sources))


def _metadata(head: dict[str, Any], keys: list[str], sources: dict[str, dict[str, str]]) -> dict[str, Any]:
    full = {"publisher": PUBLISHER, "projects": [], "parties": [], "status": "", "status_date": "", **head}
    return {name: full[name] for name in FIELDS} | {"sources": [sources[key]["url"] for key in keys]}


def source_line(source: dict[str, str], language: str, *, gloss: bool = False) -> str:
    title = (source.get("gloss") if gloss else None) or source["title"].rstrip(".")
    return f"{title}. {source['publisher']}. {source['date'] or UNDATED[language]}. {source['url']}"


def _note_lines(out: str, numbering: Numbering, sources: dict[str, dict[str, str]]) -> tuple[str, ...]:
    lines = (source_line(sources[key], numbering.language, gloss=out.endswith(".pdf")) for key in numbering.keys)
    return tuple(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _piece(raw: str, numbering: Numbering) -> Piece:
    raw = raw.strip()
    if raw in ("<!-- page -->", "<!-- body -->"):
        return Piece(raw.split()[1])
    if raw.startswith("|"):
        rows = (line.strip().strip("|").split("|") for line in raw.splitlines() if not re.fullmatch(r"[|\s:-]+", line))
        return Piece("table", rows=tuple(tuple(numbering.cell(cell.strip()) for cell in row) for row in rows))
    for prefix, kind in (("### ", "h3"), ("## ", "h2"), ("- ", "li")):
        if raw.startswith(prefix):
            return Piece(kind, numbering.close(raw.removeprefix(prefix).replace("\n", " ")))
    return Piece("p", numbering.close(raw.replace("\n", " ")))
