"""Numbers that Word puts before paragraphs: they stand nowhere in the text of a file, only the rules that make them do.

ECMA-376 part 1, 17.9: a paragraph, or its style, names a `num`; that names an `abstractNum` with nine levels, each with a
start, a number format and a text such as "Article %1" or "%1.%2". Counting goes over all paragraphs of the document in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from docx.oxml.ns import qn
from lxml import etree

from ingest.number_words import number_text

_PLACE = re.compile(r"%([1-9])")
LEVELS = 9


@dataclass(frozen=True, slots=True)
class Level:
    """`restart`: after which level, from 1, it starts again; 0: never; None: after any higher one."""

    start: int = 0
    form: str = "decimal"
    text: str = ""
    legal: bool = False
    suffix: str = "tab"
    restart: int | None = None
    style: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a paragraph: "5.2" with the white space behind it, "" for a bullet or a level without text."""

    text: str
    bullet: bool


@dataclass(slots=True)
class _List:
    """An abstractNum: its levels, and how far each is counted (None: not since the last restart)."""

    levels: tuple[Level, ...]
    style_link: str = ""
    counts: list[int | None] = field(default_factory=lambda: [None] * LEVELS)


class Numbering:
    """Gives each paragraph its number. Ask once for every paragraph, in the order of the document: it counts."""

    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self._lists: dict[str, _List] = {}
        self._nums: dict[str, tuple[str, dict[int, Level], dict[int, int]]] = {}
        self._started: set[str] = set()
        self._styles = _style_numbers(styles)
        for element in numbering if numbering is not None else ():
            if element.tag == qn("w:abstractNum"):
                link = _value(element.find(qn("w:numStyleLink")))
                self._lists[element.get(qn("w:abstractNumId")) or ""] = _List(_levels(element), link)
            elif element.tag == qn("w:num"):
                self._nums[element.get(qn("w:numId")) or ""] = _num(element)

    def label(self, properties: etree._Element | None, style: str) -> Label | None:
        """Count a paragraph with these `w:pPr` and this style's id; None if it has no number and no bullet."""
        number, level = self._number_of(properties, style)
        found = self._list(number)
        if found is None:
            return None
        levels, counts = found
        self._count(number, level, levels, counts)
        here = levels[level]
        if here.form == "bullet":
            return Label("", bullet=True)
        text = _PLACE.sub(lambda place: _written(int(place[1]) - 1, here, levels, counts), here.text).strip()
        return Label(text + ("" if here.suffix == "nothing" or not text else " "), bullet=False)

    def _number_of(self, properties: etree._Element | None, style: str) -> tuple[str, int]:
        """The num's id ("" for none) and the level, from 0: the paragraph's own, and what it leaves out from its style."""
        own = properties.find(qn("w:numPr")) if properties is not None else None
        number = _value(own.find(qn("w:numId"))) if own is not None else ""
        level = _value(own.find(qn("w:ilvl"))) if own is not None else ""
        if not number:
            number, inherited, owner = self._styles.get(style, ("", "", ""))
            level = level or self._linked(number, style) or self._linked(number, owner) or inherited
        return number, min(int(level), LEVELS - 1) if level.isascii() and level.isdigit() else 0

    def _linked(self, number: str, style: str) -> str:
        """The level that names this style as its own."""
        found = self._list(number)
        levels = found[0] if found else ()
        return next((str(index) for index, level in enumerate(levels) if style and level.style == style), "")

    def _list(self, number: str) -> tuple[tuple[Level, ...], list[int | None]] | None:
        abstract, own, starts = self._nums.get(number, ("", {}, {}))
        found = self._lists.get(abstract)
        for _ in range(5):  # a list may take its levels from a numbering style, and that from another
            if found is None or not found.style_link:
                break
            linked = self._styles.get(found.style_link, ("", "", ""))[0]
            found = self._lists.get(self._nums.get(linked, ("", {}, {}))[0])
        if found is None:
            return None
        levels = [own.get(index, level) for index, level in enumerate(found.levels)]
        for index, start in starts.items():
            levels[index] = replace(levels[index], start=start)
        return tuple(levels), found.counts

    def _count(self, number: str, level: int, levels: tuple[Level, ...], counts: list[int | None]) -> None:
        if number not in self._started:  # an override of the start holds where its num is met first
            self._started.add(number)
            for index in self._nums[number][2]:
                counts[index] = None
        for above in range(level):  # a level that is passed over counts as one met: 2, 2.1.1, then 2.2
            counts[above] = levels[above].start if counts[above] is None else counts[above]
        before = counts[level]
        counts[level] = levels[level].start if before is None else before + 1
        for deeper in range(level + 1, LEVELS):
            restart = levels[deeper].restart
            if restart is None or level < restart:
                counts[deeper] = None


def _written(level: int, here: Level, levels: tuple[Level, ...], counts: list[int | None]) -> str:
    count = counts[level]
    form = levels[level].form
    if here.legal and form not in ("bullet", "none"):
        form = "decimal"
    return number_text(levels[level].start if count is None else count, form)


def _levels(abstract: etree._Element) -> tuple[Level, ...]:
    found = {index: level for element in abstract.iterchildren(qn("w:lvl")) for index, level in [_level(element)]}
    return tuple(found.get(index, Level()) for index in range(LEVELS))


def _level(element: etree._Element) -> tuple[int, Level]:
    restart = element.find(qn("w:lvlRestart"))
    form = next((node for node in element.iter(qn("w:numFmt")) if not _is_choice(node)), None)
    legal = element.find(qn("w:isLgl"))
    return _whole(element.get(qn("w:ilvl")), 0), Level(
        start=_whole(_value(element.find(qn("w:start"))), 0),
        form=_value(form) or "decimal",
        text=_value(element.find(qn("w:lvlText"))),
        legal=legal is not None and legal.get(qn("w:val")) not in ("0", "false", "off"),
        suffix=_value(element.find(qn("w:suff"))) or "tab",
        restart=_whole(_value(restart), 0) if restart is not None else None,
        style=_value(element.find(qn("w:pStyle"))),
    )


def _is_choice(node: etree._Element) -> bool:
    """A number format that only newer programs know stands beside one that all do (mc:Fallback)."""
    parent = node.getparent()
    return parent is not None and isinstance(parent.tag, str) and parent.tag.endswith("}Choice")


def _num(element: etree._Element) -> tuple[str, dict[int, Level], dict[int, int]]:
    """The id of its abstractNum, the levels that it defines anew, and the starts that it sets."""
    own: dict[int, Level] = {}
    starts: dict[int, int] = {}
    for override in element.iterchildren(qn("w:lvlOverride")):
        index = min(_whole(override.get(qn("w:ilvl")), 0), LEVELS - 1)
        defined = override.find(qn("w:lvl"))
        if defined is not None:
            own[index] = _level(defined)[1]
        start = override.find(qn("w:startOverride"))
        if start is not None:
            starts[index] = _whole(_value(start), 0)
    return _value(element.find(qn("w:abstractNumId"))), own, starts


def _style_numbers(styles: etree._Element | None) -> Mapping[str, tuple[str, str, str]]:
    """By a style's id: the num's id, the level and the id of the style that has them: the style itself or one it is based on."""
    own, based = {}, {}
    for style in styles.iterchildren(qn("w:style")) if styles is not None else ():
        name = style.get(qn("w:styleId")) or ""
        based[name] = _value(style.find(qn("w:basedOn")))
        numbers = style.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        if numbers is not None:
            own[name] = _value(numbers.find(qn("w:numId"))), _value(numbers.find(qn("w:ilvl"))), name
    found = {}
    for name in based:
        ancestor, level = name, ""
        for _ in range(20):
            number, here, owner = own.get(ancestor, ("", "", ""))
            level = level or here
            if number or ancestor not in based:
                break
            ancestor = based[ancestor]
        else:
            continue
        if number:
            found[name] = (number, level, owner)
    return found


def _value(element: etree._Element | None) -> str:
    return (element.get(qn("w:val")) or "") if element is not None else ""


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else otherwise
