"""What the styles of an OpenDocument text say: headings, hidden text, and numbers of lists, which stand nowhere in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.number_words import number_text

STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
LEVELS = 10
DEEPEST = 20  # styles based on one another
_FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "": "none"}
_ENCODED = re.compile(r"_([0-9a-f]+)_")


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a list: its number format as in WordprocessingML ("bullet": none is written), what stands around the number."""

    form: str = "bullet"
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    shown: int = 1  # how many levels the number shows, this one the last


@dataclass(frozen=True, slots=True)
class Style:
    """A style of paragraphs or text: its name as shown, its parent, and what of it bears on the text (None: not said)."""

    name: str
    parent: str
    hidden: bool | None
    list_style: str | None


class Styles:
    """The styles of content.xml and styles.xml together."""

    def __init__(self, *roots: etree._Element) -> None:
        self._styles: dict[tuple[str, str], Style] = {}
        self.lists: dict[str, tuple[Level, ...]] = {}
        self.outline: tuple[Level, ...] = ()
        for root in roots:
            for element in root.iter(STYLE + "style"):
                self._styles[element.get(STYLE + "family") or "", element.get(STYLE + "name") or ""] = _style(element)
            for element in root.iter(TEXT + "list-style"):
                self.lists[element.get(STYLE + "name") or ""] = _levels(element)
            for element in root.iter(TEXT + "outline-style"):
                self.outline = _levels(element)

    def hides(self, family: str, name: str) -> bool:
        """Is text of this style hidden? `family` is "paragraph", "text" or "section"."""
        return next((style.hidden for style in self._chain(family, name) if style.hidden is not None), False)

    def list_of(self, paragraph: str) -> str:
        """The list style that a paragraph's style brings; "" if none."""
        return next((style.list_style for style in self._chain("paragraph", paragraph) if style.list_style is not None), "")

    def names(self, paragraph: str) -> set[str]:
        """What a paragraph's style and those it is based on are called, in small letters."""
        return {style.name.casefold() for style in self._chain("paragraph", paragraph)}

    def _chain(self, family: str, name: str) -> Iterator[Style]:
        for _ in range(DEEPEST):
            style = self._styles.get((family, name))
            if style is None:
                return
            yield style
            name = style.parent


class Counter:
    """The numbers of one list, or of the headings."""

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self._levels = (*levels, *[Level()] * (LEVELS - len(levels)))
        self._counts: list[int | None] = [None] * LEVELS

    def next(self, depth: int, start: int | None = None) -> str:
        """Count an item at a depth (from 0), or set it to `start`; what stands before it with the space, "" for a bullet."""
        depth = min(depth, LEVELS - 1)
        for above in range(depth):
            if self._counts[above] is None:
                self._counts[above] = self._levels[above].start
        before = self._counts[depth]
        here = self._levels[depth]
        self._counts[depth] = start if start is not None else here.start if before is None else before + 1
        self._counts[depth + 1 :] = [None] * (LEVELS - depth - 1)
        if here.form == "bullet":
            return ""
        shown = range(max(0, depth + 1 - here.shown), depth + 1)
        numbers = [number_text(self._counts[at] or 0, self._levels[at].form) for at in shown if self._levels[at].form != "bullet"]
        number = ".".join(filter(None, numbers))
        return f"{here.prefix}{number}{here.suffix}".strip() + " " if number else ""


def _style(element: etree._Element) -> Style:
    name = element.get(STYLE + "display-name") or _ENCODED.sub(
        lambda code: chr(int(code[1], 16)), element.get(STYLE + "name") or ""
    )
    shown = element.find(STYLE + "text-properties")
    display = shown.get(TEXT + "display") if shown is not None else None
    return Style(
        name=name,
        parent=element.get(STYLE + "parent-style-name") or "",
        hidden=None if display is None else display == "none",
        list_style=element.get(STYLE + "list-style-name"),
    )


def _levels(element: etree._Element) -> tuple[Level, ...]:
    found = {}
    for level in element:
        number = level.get(TEXT + "level") if isinstance(level.tag, str) else None
        if number and number.isascii() and number.isdigit() and len(number) < 3:
            found[int(number) - 1] = _level(level)
    return tuple(found.get(index, Level()) for index in range(LEVELS))


def _level(element: etree._Element) -> Level:
    if not element.tag.endswith(("list-level-style-number", "outline-level-style")):
        return Level()
    form = element.get(STYLE + "num-format") or ""
    russian = {"а, б": "russianLower", "А, Б": "russianUpper"}.get(form[:4])
    return Level(
        form=russian or _FORMS.get(form, "decimal"),
        prefix=element.get(STYLE + "num-prefix") or "",
        suffix=element.get(STYLE + "num-suffix") or "",
        start=whole(element.get(TEXT + "start-value"), 1),
        shown=whole(element.get(TEXT + "display-levels"), 1),
    )


def whole(value: str | None, otherwise: int) -> int:
    """A number of an attribute, `otherwise` where it is none or too long to be meant."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else otherwise
