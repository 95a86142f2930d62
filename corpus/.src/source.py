"""The readable source form: Markdown with front matter, and note marks like {S031 S032} at the end of a paragraph."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MARK = re.compile(r"\s*\{(S\d{3}(?: S\d{3})*)\}")
FIELDS = ("title", "kind", "publisher", "date", "language", "countries", "projects", "parties", "status", "status_date", "url")
OTHER_FIELDS = ("format", "layout")
PUBLISHER = "Wakhan starter corpus"
NO_ADDRESS = {"en": "address not known", "ru": "адрес неизвестен", "ur": "پتا معلوم نہیں"}
UNDATED = {"en": "undated", "ru": "без даты", "ur": "تاریخ درج نہیں"}
ABOUT = {"en": "about", "ru": "около", "ur": "تقریباً"}
SOURCES = {"en": "Sources", "ru": "Источники", "ur": "حوالہ جات"}
NOTE = {"en": ("Note", "Notes", ", ", "."), "ru": ("Источник", "Источники", ", ", "."), "ur": ("حوالہ", "حوالے", "، ", "۔")}
LAYOUTS = {"": ("",), "pdf": ("", "two-column", "scan")}
TABLES = ("csv", "xlsx")  # formats that hold tables alone, where a row names its sources in words


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
    layout: str = ""

    @property
    def title(self) -> str:
        return str(self.meta["title"])

    @property
    def when(self) -> datetime:
        """The first moment of the document's date, which may be a year or a month."""
        return datetime.fromisoformat((str(self.meta["date"]) + "-01-01")[:10])

    @property
    def sources_heading(self) -> str:
        return SOURCES[self.meta["language"]]


@dataclass
class Numbering:
    """Source keys in order of first use; a key's note number is its place, from 1."""

    language: str
    keys: list[str]
    in_words: dict[str, str] | None = None  # key → the source as a line of text, where there is no list of notes

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
        """A table's cell carries bare numbers, or the sources in words where there is no list of notes."""

        def words(match: re.Match[str]) -> str:
            found = self.numbers(match.group(1))
            if self.in_words is None:
                return " " + ", ".join(map(str, found))
            return " " + "; ".join(self.in_words[self.keys[number - 1]] for number in found)

        return MARK.sub(words, text).strip()


def public_sources() -> dict[str, dict[str, str]]:
    """Key → title, publisher, date ("" if undated), url (null if not known) of every public source that the corpus may cite.

    Some rows have a `gloss`: the title in English, for PDF files, whose font has no Arabic or Chinese letters. Some that are
    undated have `about`: the month or year that their contents tell.
    """
    lines = (HERE / "sources.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["key"]: row for row in map(json.loads, lines)}


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    _, head, body = text.split("---\n", 2)
    return yaml.load(head, Loader=yaml.BaseLoader), body.strip()


def load(path: Path, sources: dict[str, dict[str, str]]) -> Written:
    """Read one .md source; its folder, stem and `format` name the built file.

    Raises ValueError, naming the file, for an unknown source key, field, layout or a piece that the format cannot hold.
    """
    head, body = split_front_matter(path.read_text(encoding="utf-8"))
    out = f"{path.parent.name}/{path.stem}.{head['format']}"
    _check(out, head, body, sources)
    language, tables_only = head["language"], head["format"] in TABLES
    in_words = {key: source_line(row, language) for key, row in sources.items()} if tables_only else None
    numbering = Numbering(language, [], in_words)
    pieces = tuple(_piece(raw, numbering) for raw in re.split(r"\n\s*\n", body))
    for piece in pieces:
        if len({len(row) for row in piece.rows}) > 1:
            raise ValueError(f"{out}: the rows of the table {piece.rows[0]} differ in length.")
    notes = () if tables_only else _note_lines(out, numbering, sources)
    return Written(out, _metadata(head, numbering.keys, sources), pieces, notes, head.get("layout", ""))


def _check(out: str, head: dict[str, Any], body: str, sources: dict[str, dict[str, str]]) -> None:
    if unknown := set(head) - set(FIELDS) - set(OTHER_FIELDS):
        raise ValueError(f"{out}: unknown fields {sorted(unknown)} in the front matter.")
    if unknown := {key for marks in MARK.findall(body) for key in marks.split()} - set(sources):
        raise ValueError(f"{out}: {sorted(unknown)} are not in sources.jsonl.")
    if head.get("layout", "") not in LAYOUTS.get(head["format"], LAYOUTS[""]):
        raise ValueError(f"{out}: {head['format']} has no layout {head['layout']!r}.")
    if "^[" in body and head["format"] != "pdf":
        raise ValueError(f"{out}: footnotes are for PDF files alone.")
    if left := re.sub(MARK, "", body).count("{"):
        raise ValueError(f"{out}: {left} marks are not of the form {{S001 S002}}.")


def _metadata(head: dict[str, Any], keys: list[str], sources: dict[str, dict[str, str]]) -> dict[str, Any]:
    full = {"publisher": PUBLISHER, "projects": [], "parties": [], "status": "", "status_date": "", **head}
    return {name: full[name] for name in FIELDS} | {"sources": [sources[key]["url"] for key in keys if sources[key]["url"]]}


def source_line(source: dict[str, str], language: str, *, gloss: bool = False) -> str:
    title = (source.get("gloss") if gloss else None) or source["title"].rstrip(".")
    when, where = source["date"] or UNDATED[language], source["url"] or NO_ADDRESS[language]
    if "about" in source:
        when += f" ({ABOUT[language]} {source['about']})"
    return f"{title}. {source['publisher']}. {when}. {where}"


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
