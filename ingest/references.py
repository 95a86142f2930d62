"""References between places of law: "Articles 3 to 7", "paragraph 2 of Article 4", "Annex II", «пункт 1 статьи 5», آرٹیکل 5.

Each becomes a link to the place in the same document, or names another agreement, or stays unresolved. "Article XX of GATT 1994"
is never taken for this document's: what follows the number decides.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.headings import ARTICLE_RANK, Pinpoint, ordinal
from ingest.places import Place, PlaceIndex, Scope, index_of, places
from ingest.structure import Structure
from kb.records import Block, Mention, Reference

NAMED_WITHIN = 110  # characters behind "Article 5 of the" in which the agreement's name must begin
DEEPEST = 3  # "point (i) of subparagraph (b) of paragraph 1 of Article 4"
MOST = 20  # members of a list: "Articles 3, 4, 7 and 9"

_LATIN = "bis|ter|quater|quinquies|sexies"
_NUMBER = (
    rf"(?:\d{{1,3}}(?:\.\d{{1,3}}){{0,2}}(?:\s?(?:{_LATIN})\b|[A-Z](?!\w))?"
    rf"|[IVXLC]+(?:[:.]\d{{1,2}}|\s(?:{_LATIN})\b)?(?!\w)|[۰-۹٠-٩]{{1,3}})"
)
_HYPHENED = r"(?:\d{1,3}|[A-Z])-(?:\d{1,2}|[A-Z])(?!\w)"  # "Article 1-01", «статья 7-1», or a range: as the text's articles tell
_SUB = r"(?:\s?\((?:\d{1,3}|[a-zа-я]{1,2}|[ivxl]{1,6})\))"
_ITEM = rf"{_NUMBER}{_SUB}{{0,4}}"
_PART = rf"(?:\d{{1,3}}(?:\.\d{{1,3}}){{0,2}}(?!\w){_SUB}{{0,3}}|{_SUB}{{1,3}}|[“\"«][a-zа-я][”\"»])"
_JOIN = r"(?:\s?,\s?(?:and\s|or\s|и\s|или\s)?|\s(?:and|or|to|through|и|или|по|до|اور|تا)\s|\s?[-–—]\s?)"


def _list(item: str) -> str:
    return rf"{item}(?:{_JOIN}{item}){{0,{MOST}}}"


def _named(singular: str, plural: str, item: str) -> str:
    """The plural takes a list, the singular one number, or a list that "of" follows: "Article 5 and 10 lorries" names one."""
    more = rf"(?:(?:{_JOIN}(?:{item}|{_SUB})){{1,5}}(?=\s+of\s))?"
    sign = r"\s*(?:№\s*|[Nn]os?\.\s?|نمبر\s)?"
    one = rf"(?:{_HYPHENED}{_SUB}{{0,4}}|{item}){more}"
    return rf"(?<![\w-])(?:(?:{plural}){sign}(?P<many>{_list(item)})|(?:{singular}){sign}(?P<one>{one}))"


_ARTICLE = re.compile(
    _named(
        r"[Aa]rticle|ARTICLE|[Aa]rt\.|[Сс]тать(?:я|и|е|ю|ёй|ей)|СТАТЬЯ|ст\.|آرٹیکل|دفعہ",
        r"[Aa]rticles|ARTICLES|[Aa]rts\.|[Сс]татей|[Сс]татьям|[Сс]татьях|[Сс]татьями|[Сс]татьи(?=\s\d+(?:\s?[,–-]|\sи\s\d))|ст\.ст\.",
        _ITEM,
    )
)
_PARAGRAPH = re.compile(
    _named(
        r"(?:[Ss]ub-?)?[Pp]aragraph|[Pp]ara\.|(?:[Пп]од)?[Пп]ункт(?:а|у|ом|е)?|п\.|[Чч]аст(?:ь|и|ью)|شق|پیراگراف",
        r"(?:[Ss]ub-?)?[Pp]aragraphs|[Pp]aras\.|(?:[Пп]од)?[Пп]ункт(?:ы|ов|ам|ами|ах)|пп\.|[Чч]аст(?:ей|ям|ях|ями)",
        _PART,
    )
)
_DIVISION = re.compile(
    r"(?<![\w-])(?:(?P<annex>(?:[Aa]nnex(?:es)?|ANNEX|[Пп]риложени(?:е|я|ю|ем|и|й|ям)|ضمیمہ))|(?P<appendix>[Aa]ppendix|[Aa]ppendices)"
    r"|(?P<schedule>Schedules?)|(?P<protocol>Protocol)|(?P<chapter>Chapters?|[Гг]лав(?:а|ы|е|у|ой)|باب)|(?P<section>Sections?)|(?P<part>Part))"
    rf"\s*(?:№\s*|[Nn]o\.\s?)?(?P<items>(?:{_HYPHENED}|{_NUMBER}|[A-Z](?!\w))(?:{_JOIN}(?:{_NUMBER}(?!\s+[a-z]+\s+of\b)|[A-Z](?!\w))){{0,{MOST}}})(?!\w)"
)
_OF = re.compile(r"\s+(?:of\s+|کے\s+|کی\s+)?(?=\S)|\s*,\s*|\s+")
_THIS_ARTICLE = re.compile(r"\s+(?:of\s+(?:this|the\s+(?:present|said))\s+[Aa]rticle|(?:настоящей|данной)\s+статьи|hereof)(?!\w)")
_AFTER = re.compile(r"\s+(?:of|to|к)\s+(?:the\s+)?(?=\S)|\s+(?=[А-ЯЁ«]|настоящ|данн|этого)")
_THIS = re.compile(r"(?:this|present|said|same|hereof|настоящ|данн|этого)", re.IGNORECASE)
_DEFINED = re.compile(
    r"(?:Agreement|Protocol|Treaty|Convention|Accord|Соглашени[яю]|Договор[ау]|Протокол[ау]|Конвенци[ии])"
    r"(?!\w|\s+(?:on|between|of|for|establishing|dated|concerning|relating|signed|concluded|о|об|между|от|по)\s|\s+[A-ZА-ЯЁ])"
)
_BEFORE = re.compile(r"(?:\b[A-Z]{3,}(?:\s\d{4})?|\b(?:GATT|GATS)\s\d{4})(?:[’']s)?\s$")
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


Matches = dict[int, re.Match[str]]  # by where they start


@dataclass(frozen=True, slots=True)
class _Named:
    """A number that the text names: its unit, the last number of a range ("" for none), and paragraph numbers in it."""

    start: int
    end: int
    unit: str
    number: str
    last: str
    labels: tuple[str, ...]


def references(
    text: str, blocks: Sequence[Block], law: Structure, mentions: Sequence[Mention], own: frozenset[str]
) -> tuple[Reference, ...]:
    """All references in order, without overlap. `own` are the gazetteer's ids of the agreement that the document itself is."""
    found = list(places(text, blocks, law))
    units = {mark.pinpoint.unit for mark in law.marks.values() if mark.pinpoint.rank == ARTICLE_RANK}
    unit = "paragraph" if units == {"paragraph"} else "article" if units else ""
    finder = _Finder(text, index_of(found, blocks, law), _in_order(mentions), own, unit)
    return tuple(ref for place in found for ref in finder.of_block(place, blocks[place.index].end))


def _in_order(mentions: Sequence[Mention]) -> list[Mention]:
    return sorted((mention for mention in mentions if mention.label == "LAW"), key=lambda mention: mention.start)


@dataclass(frozen=True, slots=True)
class _Finder:
    text: str
    index: PlaceIndex
    agreements: Sequence[Mention]  # in order
    own: frozenset[str]
    unit: str  # what the text's articles are: article, paragraph, or "" if it has none

    def of_block(self, place: Place, end: int) -> Iterator[Reference]:
        piece = self.text[place.body : end]
        for group in _groups(piece):
            # All members of one list belong to the agreement named behind the last of them.
            last = group[-1].end
            mine, main, entity = self._belongs(piece, (group[0].start, last), place.body)
            for name in group:
                if self._is_law(name, place):
                    yield self._reference(name, place, (mine, main), entity)

    def _is_law(self, name: _Named, place: Place) -> bool:
        """Outside of law "paragraph 3" and "Part 2" may be of anything; "Article 5" hardly is."""
        if not name.number:
            return bool(place.article) or self.unit == "paragraph"
        return name.unit == "article" or self.unit != ""

    def _belongs(self, piece: str, span: tuple[int, int], offset: int) -> tuple[bool, bool, str | None]:
        """Is it this document's, is it the main agreement's of the file, and whose is it otherwise?"""
        start, end = span
        if _BEFORE.search(piece[max(0, start - 30) : start]):
            return False, False, self._entity(offset + max(0, start - 30), offset + start)
        after = _AFTER.match(piece, end)
        if after is None:
            return True, False, None
        rest = piece[after.end() : after.end() + 60]
        if _THIS.match(rest):
            return True, False, None
        if _DEFINED.match(rest):
            return True, True, None
        if rest[:1].isupper() or rest[:1] in '“"«‘':
            entity = self._entity(offset + after.end(), offset + after.end() + NAMED_WITHIN)
            return (True, True, None) if entity in self.own else (False, False, entity)
        return True, False, None

    def _entity(self, start: int, end: int) -> str | None:
        stop = self.text.find(".", start, end)
        first = bisect_left(self.agreements, start, key=lambda mention: mention.start)
        near = self.agreements[first : first + 1]
        return near[0].entity_id if near and near[0].start < (stop if stop > 0 else end) else None

    def _reference(self, name: _Named, place: Place, whose: tuple[bool, bool], entity: str | None) -> Reference:
        mine, main = whose
        start, end = place.body + name.start, place.body + name.end
        if name.unit == "article" and mine:
            name = self._whole(name, place)
        if not name.last and self._is_range(name, place):
            first, _, last = name.number.partition("-")
            name = replace(name, number=first, last=last)
        told, number = name.number, ordinal(name.number)
        unit = self.unit if mine and self.unit and name.unit == "article" else name.unit
        pinpoint = _written(Pinpoint(unit, told), name.last, name.labels)
        if not mine:
            return Reference(start, end, pinpoint, None, entity)
        scope: Scope = (0, "", ()) if main else place.scope
        if name.unit == "article":
            return Reference(start, end, pinpoint, self.index.article(scope, number, name.labels))
        return Reference(start, end, pinpoint, self.index.divisions.get((scope[0], name.unit, number)))

    def _is_range(self, name: _Named, place: Place) -> bool:
        """Is "5-7" from 5 to 7, since the text has no place of that number?"""
        first, _, last = name.number.partition("-")
        number = ordinal(name.number)
        own = (place.scope[0], name.unit, number) in self.index.divisions or (place.scope, number, ()) in self.index.articles
        return first.isdigit() and last.isdigit() and not own

    def _whole(self, name: _Named, place: Place) -> _Named:
        """Add what a paragraph's number leaves out: the article it stands in, and the paragraph of a point."""
        if name.number:
            return name
        if self.unit == "paragraph" and name.labels[0].isdigit():
            return replace(name, number=name.labels[0], labels=name.labels[1:])
        here = next((h.number for h in reversed(place.headings) if h.rank == ARTICLE_RANK), "").strip("[]")
        full = (*place.labels[:1], *name.labels)
        inner = not name.labels[0][0].isdigit() and (place.scope, place.article, full) in self.index.articles
        return replace(name, number=here, labels=full if inner else name.labels)


def _written(heading: Pinpoint, last: str, labels: tuple[str, ...]) -> str:
    name = str(heading) + "".join(f"({label})" for label in labels)
    return name.replace("art. ", "arts. ", 1) + f"–{last}" if last else name


def _groups(piece: str) -> Iterator[list[_Named]]:
    """Lists of names that stand together, in order: paragraphs are joined with the article that they are of."""
    articles = {match.start(): match for match in _ARTICLE.finditer(piece)}
    paragraphs = {match.start(): match for match in _PARAGRAPH.finditer(piece)}
    divisions = {match.start(): match for match in _DIVISION.finditer(piece)}
    done = 0
    for at in sorted({*articles, *paragraphs, *divisions}):
        if at < done:
            continue
        if at in paragraphs:
            group = _of_article(piece, paragraphs[at], articles, paragraphs)
        elif at in articles:
            group = _with_paragraphs(piece, articles[at], paragraphs)
        else:
            match = divisions[at]
            unit = match.lastgroup if match.lastgroup != "items" else next(k for k, v in match.groupdict().items() if v)
            group = list(_items(match, "items", unit or "annex"))
        if group:
            yield group
            done = group[-1].end


def _of_article(piece: str, match: re.Match[str], articles: Matches, paragraphs: Matches, depth: int = DEEPEST) -> list[_Named]:
    """ "paragraph 2" + " of Article 4", or of the article that it stands in; "subparagraph (b)" + " of paragraph 1"."""
    parts = list(_items(match, "many" if match["many"] else "one", "article"))
    joint = _OF.match(piece, match.end())
    outer: list[_Named] = []
    if joint and joint.end() in articles:
        outer = list(_items(articles[joint.end()], "one", "article")) if articles[joint.end()]["one"] else []
    elif joint and joint.end() in paragraphs and "," not in joint[0] and depth:
        outer = _of_article(piece, paragraphs[joint.end()], articles, paragraphs, depth - 1)
    if len(outer) == 1:
        merged = [replace(part, number=outer[0].number, labels=outer[0].labels + part.labels) for part in parts]
        return [*merged[:-1], replace(merged[-1], end=outer[0].end)]
    here = _THIS_ARTICLE.match(piece, match.end())
    if here:
        return [*parts[:-1], replace(parts[-1], end=here.end())]
    return parts


def _with_paragraphs(piece: str, match: re.Match[str], paragraphs: Matches) -> list[_Named]:
    """ "Article 25" + ", paragraph 1"."""
    names = list(_items(match, "many" if match["many"] else "one", "article"))
    joint = re.match(r"\s*,\s*|\s+(?:کی|کے)\s+", piece[match.end() : match.end() + 8])
    part = paragraphs.get(match.end() + joint.end()) if joint else None
    if part is None or not part["one"] or len(names) > 1:
        return names
    inner = next(_items(part, "one", "article"))
    return [replace(names[0], labels=names[0].labels + inner.labels, end=part.end())]


_MEMBER = re.compile(rf"(?P<number>{_NUMBER}|[A-Z](?!\w)|[“\"«][a-zа-я][”\"»])?(?P<subs>{_SUB}{{0,4}})")
_PLACE = re.compile(rf"(?P<number>{_HYPHENED}|{_NUMBER}|[A-Z](?!\w))?(?P<subs>{_SUB}{{0,4}})")  # an article or annex


def _items(match: re.Match[str], group: str, unit: str) -> Iterator[_Named]:
    """The members of a list; a range is one. The first takes in the word before it."""
    of_paragraphs = match.re is _PARAGRAPH
    form = _MEMBER if of_paragraphs else _PLACE
    members = [m for m in form.finditer(match[group]) if m.end() > m.start()]
    offset = match.start(group)
    skip = False
    for position, member in enumerate(members):
        if skip:
            skip = False
            continue
        following = members[position + 1] if position + 1 < len(members) else None
        between = match[group][member.end() : following.start()] if following else ""
        skip = bool(re.fullmatch(r"\s?(?:to|through|по|до|تا|[-–—])\s?", between))
        number = (member["number"] or "").translate(_DIGITS).strip('“”"«»')
        labels = tuple(re.findall(r"\w+", member["subs"]))
        last = (following["number"] or following["subs"].strip(" ()")).translate(_DIGITS) if skip and following else ""
        start = match.start() if position == 0 else offset + member.start()
        end = offset + (following.end() if skip and following else member.end())
        if of_paragraphs:
            labels = ((number,) if number else ()) + labels
            labels = (*labels[:-1], f"{labels[-1]})–({last}") if last else labels
            yield _Named(start, end, unit, "", "", labels)
        else:
            yield _Named(start, end, unit, number, last, labels)
