"""When a web page says it was published, and by whom: what it declares for programs before what is guessed from its looks.

Measured on 250 pages with dates noted by people (trafilatura's set), each differing date looked at: of those that htmldate
guesses, the wrong ones came from a page's later change, from addresses of pictures, from the data of scripts, and from
"11/01/2023".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import html

from ingest.metadata import iso_date

LONGEST_NAME = 60  # characters of an author's; longer ones were sentences of forms
MOST_WORDS = 7  # of a name: "Sheikh Mohammed bin Rashid Al Maktoum" has six

_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')
_NAMES = frozenset(
    "article:published_time og:published_time og:article:published_time datepublished citation_publication_date "
    "citation_online_date dc.date.issued dcterms.issued dc.date.created dcterms.created parsely-pub-date sailthru.date pubdate "
    "pub_date publishdate publish_date publish-date publication_date date_published article.published".split()
)
_SCRIPT_DATE = re.compile(r'"publi\w{0,20}"\s*:\s*"(\d{4}-\d\d-\d\d)')
_MODIFIED = re.compile(r"^(?!.*publish).*(?:modif|updated)", re.IGNORECASE)
_SLASHED = r"0?{day}[./-]0?{month}[./-]{year}|0?{month}[./-]0?{day}[./-]{year}"
_WRITTEN = (
    r"(?<!\d)0?{day}\s?(?:\.|st|nd|rd|th)?\s(?:de\s|of\s)?[^\W\d]{{3,12}}[.,]?\s(?:de\s|of\s)?{year}(?!\d)"
    r"|[^\W\d]{{3,12}}\.?\s0?{day}(?:st|nd|rd|th)?,?\s{year}(?!\d)"
)
_LEAD = re.compile(
    r"^(?:view all posts by|posted by|written by|author|auteur|autor|автор|interview|by|par|von|por|di)[:\s]\s*", re.IGNORECASE
)
_NOBODY = frozenset(
    "admin administrator author editor follow name no posted user wordpressadmin webmaster none null undefined".split()
)
_ADDRESS = re.compile(r"https?:|www\.|@|\b(?:com|net|org)$", re.IGNORECASE)


def published(tree: html.HtmlElement, guessed: str) -> str:
    """`guessed`, an ISO date, if the page writes it where it can only mean its publication; else the day that the page declares
    for it; else "".

    Not believed: a day that the page has for its last change alone, or only in a script's data or the addresses of pictures, and
    "11/01/2023" where nothing tells the month from the day. `tree` is the page before anything is taken out.
    """
    if guessed and _is_written(tree, guessed):
        return guessed
    return next(filter(None, (iso_date(" ".join(value.split())) for value in _declared(tree))), "")


def _declared(tree: html.HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            yield from _JSON_DATE.findall(script.text or "")[:1]
    for element in tree.iter("meta"):
        if (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower() in _NAMES:
            yield element.get("content") or ""
    for element in tree.xpath(".//*[@itemprop='datePublished']"):
        yield element.get("datetime") or element.get("content") or element.text or ""


def _is_written(tree: html.HtmlElement, day: str) -> bool:
    year, month, number = (str(int(part)) for part in day.split("-"))
    values = {"year": year, "month": month, "day": number}
    stated = "\n".join([*_declared(tree), *_said(tree)])
    if day in stated or re.search(rf"/{year}/0?{month}/0?{number}(?!\d)", stated) or re.search(_WRITTEN.format(**values), stated):
        return True
    if re.search(rf"(?<!\d)0?{number}\.\s?0?{month}\.\s?{year}(?!\d)", stated):  # with dots the day goes first
        return True
    is_plain = int(number) > 12 or number == month
    return is_plain and re.search(rf"(?<!\d)(?:{_SLASHED.format(**values)})(?!\d)", stated) is not None


def _said(tree: html.HtmlElement) -> Iterator[str]:
    """What readers see and what the page tells programs of itself, but for what is said of its last change."""
    for element in tree.iter():
        if element.tag == "script":
            yield from _SCRIPT_DATE.findall(element.text or "")
        elif not isinstance(element.tag, str) or element.tag == "style":
            pass
        elif not _MODIFIED.search(" ".join(element.get(name) or "" for name in ("property", "name", "itemprop", "class"))):
            address = element.get("rel") == "canonical" or (element.get("property") or "").endswith(":url")
            yield from (element.get("content") or "", element.get("datetime") or "", element.text or "")
            yield (element.get("href") or "") if address else ""
        yield element.tail or ""


def author(names: str) -> str:
    """The names, parted by semicolons, without what the page writes before them, without addresses and names of nobody."""
    kept = []
    for name in names.split(";"):
        bare = _LEAD.sub("", name.strip())
        is_name = bool(bare) and len(bare) <= LONGEST_NAME and len(bare.split()) <= MOST_WORDS and not _ADDRESS.search(bare)
        if is_name and bare.casefold().split()[0] not in _NOBODY:
            kept.append(bare)
    return "; ".join(dict.fromkeys(kept))
