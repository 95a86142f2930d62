"""Citations as other programs read them: CSL-JSON, BibTeX, RIS; of a document or of a place in it. Nothing is transliterated."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field
from pylatexenc.latexencode import RULE_DICT, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

from kb.cite import place_of
from kb.records import Document, Passage

#: What a kind of document is called: type in CSL, entry in BibTeX, type in RIS. RIS has no treaties; statutes are next to them.
TYPES: Mapping[str, tuple[str, str, str]] = {
    "agreement": ("treaty", "misc", "STAT"),
    "official": ("report", "techreport", "RPRT"),
    "policy_paper": ("report", "techreport", "RPRT"),
    "news": ("article-newspaper", "article", "NEWS"),
    "dataset": ("dataset", "misc", "DATA"),
    "": ("document", "misc", "GEN"),
}
PUBLISHED_BY = {"techreport": "institution", "article": "journal"}  # BibTeX's names of the publisher
#: Signs with a meaning in LaTeX. Letters of all scripts stay as they are, which BibTeX reads as UTF-8.
SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
} | {sign: f"\\{sign}" for sign in "%&#_$"}
LATEX = UnicodeToLatexEncoder(
    conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, {ord(sign): code for sign, code in SIGNS.items()})],
    unknown_char_policy="keep",
    unknown_char_warning=False,
    replacement_latex_protection="none",
)


@dataclass(frozen=True, slots=True)
class Work:
    """What is cited. `key` tells it from others; `published` and `accessed` are ISO 8601, the first maybe in part or "";
    `accessed` is the day on which the text was read. `authors` are as printed: which of a person's names is the family's differs
    between our countries. `pinpoint` is "art. 5(2)" and `page` the printed label, "" for the whole."""

    key: str
    kind: str
    title: str
    authors: tuple[str, ...]
    publisher: str
    published: str
    accessed: str
    url: str
    language: str
    pinpoint: str = ""
    page: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """ "art. 5(2), p. 12"; "" for the whole."""
        page = f"p. {self.page}" if self.page and not self.pinpoint.startswith(("p.", "slide")) else ""
        return ", ".join(filter(None, (self.pinpoint, page)))


def work(document: Document, address: str, span: tuple[int, int] | None = None, within: Sequence[Passage] = ()) -> Work:
    """`document`, or what stands at `span` of it, whose passages are among `within`. `address` is where this service shows it,
    for what has no public one."""
    metadata = document.metadata
    public = metadata.url if metadata.url.startswith(("http://", "https://")) else ""
    authors = [one for one in metadata.author.split("; ") if one.strip()]
    return Work(
        key=document.id,
        kind=metadata.kind if metadata.kind in TYPES else "",
        title=_line(metadata.title or document.uri),
        authors=tuple(_line(one) for one in authors),
        publisher=_line(metadata.publisher),
        published=metadata.published[:10] if _parts(metadata.published) else "",
        accessed=document.ingested_at[:10],
        url=_line(public or address).replace(" ", "%20"),
        language=metadata.language,
        pinpoint=_pinpoint(span, within) if span else "",
        page=_page(document, span[0]) if span else "",
        keywords=tuple(_line(one) for one in metadata.projects),
    )


def csl(one: Work) -> dict[str, Any]:
    """An item of CSL-JSON. Its schema has no place for a pinpoint but `note`."""
    kind = TYPES[one.kind][0]
    news = kind == "article-newspaper"
    given = {
        "id": one.key,
        "type": kind,
        "title": one.title,
        "author": [{"literal": name} for name in one.authors],
        "container-title" if news else "publisher": one.publisher,
        "issued": _date(one.published),
        "accessed": _date(one.accessed),
        "URL": one.url,
        "language": one.language,
        "note": _cited_at(one),
        "keyword": ", ".join(one.keywords),
    }
    return {name: value for name, value in given.items() if value}


def csl_json(works: Sequence[Work]) -> str:
    return json.dumps([csl(one) for one in works], ensure_ascii=False, indent=1) + "\n"


def bibtex(works: Sequence[Work]) -> str:
    """Entries for BibTeX (year, month) and biblatex (date, urldate)."""
    return str(write_string(Library([_entry(one, key) for one, key in _keyed(works)])))


def ris(works: Sequence[Work]) -> str:
    return str(rispy.dumps([_tags(one, key) for one, key in _keyed(works)]))


def _entry(one: Work, key: str) -> Entry:
    kind = TYPES[one.kind][1]
    parts = _parts(one.published)
    given = {
        "title": f"{{{LATEX.unicode_to_latex(one.title)}}}",  # braces keep capitals as they are
        "author": " and ".join(f"{{{LATEX.unicode_to_latex(name)}}}" for name in one.authors),
        PUBLISHED_BY.get(kind, "publisher"): LATEX.unicode_to_latex(one.publisher),
        "date": one.published,
        "year": f"{parts[0]:04}" if parts else "",
        "month": str(parts[1]) if len(parts) > 1 else "",
        "url": one.url.replace("{", "%7B").replace("}", "%7D"),
        "urldate": one.accessed,
        "language": one.language,
        "note": LATEX.unicode_to_latex(_cited_at(one)),
        "keywords": LATEX.unicode_to_latex(", ".join(one.keywords)),
    }
    return Entry(kind, key, [Field(name, value) for name, value in given.items() if value])


def _tags(one: Work, key: str) -> dict[str, Any]:
    parts = _parts(one.published)
    given = {
        "type_of_reference": TYPES[one.kind][2],
        "id": key,
        "title": one.title,
        "authors": list(one.authors),
        "secondary_title" if one.kind == "news" else "publisher": one.publisher,
        "year": f"{parts[0]:04}" if parts else "",
        "date": one.published.replace("-", "/"),
        "access_date": one.accessed.replace("-", "/"),
        "urls": [one.url] if one.url else [],
        "language": one.language,
        "notes": [_cited_at(one)] if one.place else [],
        "keywords": list(one.keywords),
    }
    return {name: value for name, value in given.items() if value}


def _keyed(works: Sequence[Work]) -> list[tuple[Work, str]]:
    """Keys that differ: two places of one document are two entries."""
    seen: dict[str, int] = {}
    keyed = []
    for one in works:
        seen[one.key] = seen.get(one.key, 0) + 1
        keyed.append((one, one.key if seen[one.key] == 1 else f"{one.key}-{seen[one.key]}"))
    return keyed


def _cited_at(one: Work) -> str:
    return f"Cited: {one.place}" if one.place else ""


def _pinpoint(span: tuple[int, int], within: Sequence[Passage]) -> str:
    holding = [passage for passage in within if passage.locator.start <= span[0] < passage.locator.end]
    return _line(place_of(holding[-1], *span) or "") if holding else ""


def _page(document: Document, start: int) -> str:
    place = bisect_right([page.start for page in document.pages], start) - 1
    if place < 0:
        return ""
    page = document.pages[place]
    return _line(page.label or str(page.number))


def _date(value: str) -> dict[str, Any]:
    parts = _parts(value)
    return {"date-parts": [list(parts)]} if parts else {}


def _parts(value: str) -> tuple[int, ...]:
    """ "2021-07" → (2021, 7); () for what is no date."""
    parts = value[:10].split("-")
    if not all(part.isascii() and part.isdecimal() for part in parts) or len(parts) > 3 or len(parts[0]) != 4:
        return ()
    numbers = tuple(int(part) for part in parts)
    return numbers if all(1 <= number <= most for number, most in zip(numbers[1:], (12, 31), strict=False)) else ()


def _line(text: str) -> str:
    """On one line without signs that steer: a format of lines has no other guard."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
