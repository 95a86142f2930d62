"""What the page of a document shows, as frozen values: its record, its text in sections, and the original beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote as quoted

from flask_babel import gettext as _

from kb.records import Document, EntityCount, Filters, Metadata, Passage
from web import names
from web.citation_page import Place, cite_address
from web.form import address
from web.meta_tags import Export, Tag, exports, tags
from web.originals import Printed, page_shown, printed
from web.reading import Addresses, Entry, Marking, Part, anchor, outline, parts
from web.report import Fact, ReadingReport, at_source, facts, notices, reading_report
from web.sections import Section, section_at
from web.viewing import PAGE, TEXT, Viewing

NAMES = 10  # of what a document mentions
FEW_SOURCES = 3  # more are folded: a digest rests on up to a hundred
LONGEST_SHOWN = 120  # characters of an address
NEAR = 3  # sections that are listed on both sides of the one shown


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a section stands among the others. `listed` are the first, the last and those around it; "" is a gap."""

    number: int
    total: int
    title: str
    previous: str
    next: str
    listed: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """The passages of the document nearest to a question, in the order of the text. `number` is that of the one marked, or 0."""

    question: str
    results: str
    number: int
    total: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class ReadingPage:
    title: str
    language: str
    direction: str
    kind: str
    canonical: str
    facts: tuple[Fact, ...]
    names: tuple[Link, ...]
    projects: tuple[Link, ...]
    sources: tuple[Link, ...]
    folded: bool
    notices: tuple[str, ...]
    report: ReadingReport
    original: str
    original_type: str
    ask: str
    at_source: str
    quoted: bool
    permalink: str
    cite: str
    exports: tuple[Export, ...]
    tags: tuple[Tag, ...]
    hits: Hits | None
    outline: tuple[Entry, ...]
    turn: Turn | None
    parts: tuple[Part, ...]
    printed: Printed | None
    views: tuple[Link, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page is made of, as the library gave it: passages of the section, names in the document, passages found in it."""

    document: Document
    sections: tuple[Section, ...]
    section: Section
    passages: Sequence[Passage]
    entities: Sequence[EntityCount]
    hits: Sequence[Passage]


def section_shown(document: Document, found: tuple[Section, ...], viewing: Viewing) -> Section | None:
    """The section that the address names, or the one with the page or the quote that it names; None: it is not there."""
    if viewing.section:
        return found[viewing.section - 1] if viewing.section <= len(found) else None
    if viewing.page:
        page = next((page for page in document.pages if page.number == viewing.page), None)
        return section_at(found, page.start) if page else None
    return section_at(found, viewing.start or 0)


def reading_page(shown: Shown, viewing: Viewing) -> ReadingPage:
    document, section, metadata = shown.document, shown.section, shown.document.metadata
    quote = None if viewing.start is None or viewing.end is None else (viewing.start, viewing.end)
    span = section.start, section.end
    place = _Place(shown.sections, section, viewing)
    pages = lambda number: viewing.address(page=number, view=PAGE, section=0)  # noqa: E731
    marking = Marking(quote, tuple((one.locator.start, one.locator.end) for one in shown.hits))
    picture = printed(document, page_shown(document, viewing, section.start), viewing)
    sources = _sources(metadata.sources)
    return ReadingPage(
        title=metadata.title or document.uri,
        language=metadata.language,
        direction=names.direction(metadata.language),
        kind=names.kind(metadata.kind),
        canonical=f"/documents/{quoted(document.id)}",
        facts=facts(document, lambda start, end: viewing.at(start, end, "quote")),
        names=tuple(Link(names.entity(one.id), f"/entities/{quoted(one.id)}") for one in shown.entities[:NAMES]),
        projects=_projects(metadata),
        sources=sources,
        folded=len(sources) > FEW_SOURCES,
        notices=notices(document),
        report=reading_report(document),
        original=f"/documents/{quoted(document.id)}/original",
        original_type=names.media_type(document.media_type),
        ask=address("/", "", Filters(document=(document.id,))),
        at_source=at_source(document, quote),
        quoted=quote is not None and span[0] <= quote[0] < max(span[1], 1),
        permalink=Viewing(document.id, start=viewing.start, end=viewing.end).address("quote") if quote else "",
        cite=cite_address([Place(document.id, viewing.start, viewing.end)]),
        exports=exports(document),
        tags=tags(document),
        hits=_hits(shown.hits, viewing),
        outline=outline(document, span, place),
        turn=_turn(shown.sections, section, viewing),
        parts=parts(document, shown.passages, span, marking, Addresses(pages, place)),
        printed=picture,
        views=_views(picture, viewing),
        alone=viewing.view == PAGE and picture is not None,
    )


def _projects(metadata: Metadata) -> tuple[Link, ...]:
    """What the document is filed under: a known name in the interface's language and with its page, others as they are given."""
    ids = names.gazetteer().linked(metadata.projects, metadata.title)
    given = ((one, ids.get(one, "")) for one in metadata.projects)
    return tuple(Link(names.entity(known), f"/entities/{quoted(known)}") if known else Link(one, "") for one, known in given)


def _sources(addresses: Sequence[str]) -> tuple[Link, ...]:
    """A store may have been filled elsewhere: what is no address of the web is left out."""
    return tuple(Link(_short(one), one) for one in addresses if one.startswith(("http://", "https://")))


def _short(address: str) -> str:
    shown = address.partition("://")[2].removeprefix("www.").removesuffix("/")
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True)
class _Place:
    """The address of the block at an offset: within the section its anchor, else the section that it stands in."""

    sections: tuple[Section, ...]
    section: Section
    viewing: Viewing

    def __call__(self, offset: int) -> str:
        if self.section.start <= offset < self.section.end and self.viewing.view == TEXT:
            return f"#{anchor(offset)}"
        number = section_at(self.sections, offset).number
        return self.viewing.address(anchor(offset), section=number, page=0, view=TEXT)


def _turn(found: tuple[Section, ...], section: Section, viewing: Viewing) -> Turn | None:
    if len(found) < 2:
        return None

    def to(number: int) -> str:
        return viewing.address("text", section=number, page=0, view=TEXT) if 1 <= number <= len(found) else ""

    listed: list[Link] = []
    for one in found:
        if one.number in (1, len(found)) or abs(one.number - section.number) <= NEAR:
            listed.append(Link(f"{one.number}. {one.title}", to(one.number), one == section))
        elif listed[-1].label:
            listed.append(Link("", ""))
    return Turn(section.number, len(found), section.title, to(section.number - 1), to(section.number + 1), tuple(listed))


def _hits(found: Sequence[Passage], viewing: Viewing) -> Hits | None:
    if not viewing.question:
        return None
    spans = [(one.locator.start, one.locator.end) for one in found]
    at = -1 if viewing.start is None else viewing.start
    number = next((n for n, (start, end) in enumerate(spans, 1) if start <= at < end), 0)
    previous = [(start, end) for start, end in spans if end <= at]
    following = [(start, end) for start, end in spans if start > at]
    return Hits(
        viewing.question,
        viewing.results,
        number,
        len(spans),
        viewing.at(*previous[-1], "quote") if previous else "",
        viewing.at(*following[0], "quote") if following else "",
    )


def _views(picture: Printed | None, viewing: Viewing) -> tuple[Link, ...]:
    if picture is None:
        return ()
    text = replace(viewing, view=TEXT).address("quote" if viewing.start is not None and not viewing.page else "text", zoom=100)
    alone = viewing.view == PAGE
    return (Link(_("Text"), text, not alone), Link(_("Pages as printed"), picture.enlarged, alone))
