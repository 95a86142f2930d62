"""When a web page says it was published, and by whom: what it declares for programs before what is guessed from its looks.

Measured on 250 pages with dates noted by people (trafilatura's set), each differing date looked at: of those that htmldate
guesses, the wrong ones came from a page's later change, from addresses of pictures, from the data of scripts, and from
"11/01/2023".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date

from lxml import html

from ingest.dates import dates_in
from ingest.metadata import iso_date

LONGEST_NAME = 60  # characters of an author's; longer ones were sentences of forms
MOST_WORDS = 7  # of a name: "Sheikh Mohammed bin Rashid Al Maktoum" has six

EARLIEST = "1990"  # pages declare 0001-01-01 and 1970-01-01
LEAST_TITLE = 12  # letters of a part of a title that tells where it stands
SITE_WORD = 4  # letters, more than which a word has that tells whether a title is of this text
LINES_BELOW = 5  # the title: lead, author, place and date
MOST_IN_LINE = 25  # words; a longer one is a paragraph
MOST_IN_DATELINE = 8  # words of the line over a title that has the date
MOST_IN_ITEM = 6  # words of an item of a list that is the article's own date
LONGEST_DATELINE = 200  # characters

Line = tuple[str, str]  # a block's kind and its text

_CHANGED = re.compile(
    r"(?:updat|modif|revis|обновлен|измен[её]н|تازہ|اپ\s?ڈیٹ|yangilan|жаңарт|жаңырт)\w*[^|•]{0,25}$", re.IGNORECASE
)
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')
_NAMES = frozenset(
    "article:published_time og:published_time og:article:published_time datepublished citation_publication_date "
    "citation_online_date dc.date.issued dcterms.issued dc.date.created dcterms.created parsely-pub-date sailthru.date pubdate "
    "pub_date publishdate publish_date publish-date publication_date date_published article.published".split()
)
_SCRIPT_DATE = re.compile(r'"publi\w{0,20}"\s*:\s*"(\d{4}-\d\d-\d\d)')
_MODIFIED = re.compile(r"^(?!.*publish).*(?:modif|updated)", re.IGNORECASE)
_OTHERS = ("li", "aside", "nav", "footer", "a")  # where the days of other articles stand
_SLASHED = r"0?{day}[./-]0?{month}[./-]{year}|0?{month}[./-]0?{day}[./-]{year}"
_WRITTEN = (
    r"(?<!\d)0?{day}\s?(?:\.|st|nd|rd|th)?\s(?:de\s|of\s)?[^\W\d]{{3,12}}[.,]?\s(?:de\s|of\s)?{year}(?!\d)"
    r"|[^\W\d]{{3,12}}\.?\s0?{day}(?:st|nd|rd|th)?,?\s{year}(?!\d)"
)
_LEAD = re.compile(
    r"^(?:view all posts by|posted by|written by|author|auteur|autor|автор|муаллиф|muallif|شائع شدہ|اشاعت|تحریر"
    r"|interview|by|par|von|por|di)(?:[:\s]\s*|$)",
    re.IGNORECASE,
)
_NOBODY = frozenset(
    "admin super administrator author editor follow name no posted user wordpressadmin webmaster none null undefined".split()
)
_ADDRESS = re.compile(r"https?:|www\.|@|\b(?:com|net|org)$", re.IGNORECASE)


def published(tree: html.HtmlElement, guessed: str, lines: Sequence[Line], title: str) -> str:
    """The day that the page declares for its publication; else the one that it shows beside its title; else `guessed`, an ISO
    date, if it stands where it can only mean that; else "".

    Not believed: a day that the page has for its last change alone, or only in a script's data or the addresses of pictures, or
    beside another article, and "11/01/2023" where nothing tells the month from the day. `tree` is the page before anything is
    taken out, `lines` its lines in order.
    """
    declared = next((day for value in _declared(tree) if (day := iso_date(" ".join(value.split()))) > EARLIEST), "")
    shown = _beside_title(lines, title)
    if declared and not _is_next_day(shown, declared):  # which clocks differ by: readers saw the one that is shown
        return guessed if _is_next_day(guessed, declared) and _is_written(tree, guessed) else declared
    return shown or (guessed if guessed and _is_written(tree, guessed) else "")


def _is_next_day(one: str, other: str) -> bool:
    return len(one) == len(other) == 10 and abs((date.fromisoformat(one) - date.fromisoformat(other)).days) <= 1


def _beside_title(lines: Sequence[Line], title: str) -> str:
    """From the title to the beginning of the first paragraph, or in the line before the title; none from a list or table, nor
    from over a heading, where it is the day of another article in an archive."""
    texts = [text for _, text in lines]
    at = _title_line(texts, title)
    if at is None:
        return ""
    kinds = [kind for kind, _ in lines]
    headed = [at for at, kind in enumerate(kinds) if kind == "heading" and at and _is_dateline(texts[at - 1])]
    for index, line in enumerate(texts[at + 1 : at + 1 + LINES_BELOW], at + 1):
        is_listed = kinds[index] in ("list_item", "table_row") and len(line.split()) > MOST_IN_ITEM
        if is_listed or (len(headed) > 1 and index + 1 in headed):
            break
        if day := _first_day(line):
            return day
        if len(line.split()) > MOST_IN_LINE:
            break
    above = texts[at - 1] if at > 1 else ""  # the page's first line has the day on which it was saved
    return _first_day(above) if _is_dateline(above) else ""


def _is_dateline(line: str) -> bool:
    return len(line.split()) <= MOST_IN_DATELINE and bool(_first_day(line))


def _title_line(lines: Sequence[str], title: str) -> int | None:
    """Where the title stands, or a part of it that is long enough: pages add their own name to it."""
    wanted, keys = _letters(title), [_letters(line) for line in lines]
    if wanted in keys and wanted:
        return keys.index(wanted)
    return next(
        (at for at, key in enumerate(keys) if len(key) >= LEAST_TITLE and (key in wanted or key.startswith(wanted or key + "*"))),
        None,
    )


def named(title: str, lines: Sequence[str], headings: Sequence[str], tree: html.HtmlElement) -> str:
    """`title`, which was found in the page's head, as its text writes it (with joiners); or the first of the `headings` that the
    main text begins with, where the head has the name of the whole site alone and no line of the text is like it."""
    at = _title_line(lines, title)
    if at is not None:
        return lines[at] if _letters(lines[at]) == _letters(title) else title
    is_told = next(tree.iter("h1"), None) is not None or bool(
        tree.xpath(".//meta[@property='og:title' or @name='twitter:title']")
    )
    text = " ".join(lines).casefold()
    if is_told or any(len(word) > SITE_WORD and word in text for word in re.findall(r"\w+", title.casefold())):
        return title
    return next((heading for heading in headings if len(_letters(heading)) >= LEAST_TITLE), title)


def _first_day(line: str) -> str:
    """The first date near the beginning of a line that is not the one of a change."""
    found = [day for day in dates_in(line[:LONGEST_DATELINE]) if not _CHANGED.search(line[: day.start])]
    if len(line.split()) > MOST_IN_LINE:  # a paragraph: only "Islamabad, the 12th May, 2024: …" is its date
        ends = (":", "—", "–", "-")
        found = [day for day in found if len(line[: day.start].split()) <= 3 and line[day.end :].lstrip(" )ء")[:1] in ends]
    return found[0].iso if found else ""


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _declared(tree: html.HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            yield from _linked_data(script.text or "")
    for element in tree.iter("meta"):
        if (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower() in _NAMES:
            yield element.get("content") or ""
    for element in tree.xpath(".//*[@itemprop='datePublished']"):
        yield element.get("datetime") or element.get("content") or element.text or ""


def _linked_data(script: str) -> list[str]:
    """What JSON-LD says of this page, not of those that it lists; broken JSON is searched for the first date."""
    try:
        waiting: list[object] = [json.loads(script)]
    except (ValueError, RecursionError):
        return _JSON_DATE.findall(script)[:1]
    days = []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict) and "itemListElement" not in one:
            days += [one["datePublished"]] if isinstance(one.get("datePublished"), str) else []
            waiting += [one[name] for name in ("@graph", "mainEntity", "mainEntityOfPage") if name in one]
    return days[:1]


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
    """What the page tells programs of itself, and the times that it marks in its article, but for what is said of its last
    change. Days in its other lines are those of events, of other articles, and the day on which the page was saved."""
    for element in tree.iter("script", "meta", "link", "time"):
        if element.tag == "script":
            yield from _SCRIPT_DATE.findall(element.text or "")
        elif not _MODIFIED.search(" ".join(element.get(name) or "" for name in ("property", "name", "itemprop", "class"))):
            is_own = element.tag != "time" or next(element.iterancestors(*_OTHERS), None) is None
            yield from (element.get("content") or "", element.get("datetime") or "", element.text or "") if is_own else ()
            yield (element.get("href") or "") if element.get("rel") == "canonical" else ""


def author(names: str) -> str:
    """The names, parted by semicolons, without what the page writes before them, without addresses and names of nobody."""
    kept = []
    for name in names.split(";"):
        bare = _LEAD.sub("", name.strip())
        is_name = bool(bare) and len(bare) <= LONGEST_NAME and len(bare.split()) <= MOST_WORDS and not _ADDRESS.search(bare)
        if is_name and bare.casefold().split()[0] not in _NOBODY:
            kept.append(bare)
    return "; ".join(dict.fromkeys(kept))
