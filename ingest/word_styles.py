"""What the styles of a Word document say of its paragraphs: which are headings, of which level, which are no text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docx.oxml.ns import qn
from lxml import etree

_HEADING = re.compile(
    r"(?:heading|titre|überschrift|título|titolo|nagłówek|rubrik|başlık|заголовок|тақырып|sarlavha|عنوان|سرخی)\s*([1-9])(?:\s+(?:char|знак))?$",
    re.IGNORECASE,
)
_TITLE = re.compile(r"(?:document\s)?title$|название$|заголовок$", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc(?: heading)?|table of figures|table of authorities|оглавление|verzeichnis)\s*\d?$", re.IGNORECASE)
_LIST = re.compile(r"list(?: |$)|список|маркированный", re.IGNORECASE)
_CAPTION = re.compile(r"caption$|название объекта$|beschriftung$", re.IGNORECASE)
DEEPEST = 20  # styles based on one another


class Styles:
    """Style ids, and what the names and outline levels of a style and those it is based on mean.

    Word names its own styles in English in the file, whatever language it speaks; other programs write their own language.
    """

    def __init__(self, styles: etree._Element | None) -> None:
        self._names: dict[str, str] = {}
        self._based: dict[str, str] = {}
        self._outline: dict[str, str] = {}
        self._default = ""
        for style in styles.iterchildren(qn("w:style")) if styles is not None else ():
            identifier = style.get(qn("w:styleId")) or ""
            self._names[identifier] = _value(style, "w:name")
            self._based[identifier] = _value(style, "w:basedOn")
            self._outline[identifier] = _value(style, "w:pPr", "w:outlineLvl")
            if style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default")) in ("1", "true", "on"):
                self._default = identifier

    def of(self, properties: etree._Element | None) -> str:
        """The id of a paragraph's style; without one of its own, the document's default."""
        return (_value(properties, "w:pStyle") if properties is not None else "") or self._default

    def level(self, properties: etree._Element | None, style: str) -> int:
        """1..9 for a heading, 0 for what is none: the paragraph's own outline level goes before its style's."""
        own = _value(properties, "w:outlineLvl") if properties is not None else ""
        if own:
            return _level(own)
        for identifier in self._chain(style):
            for name in (self._names.get(identifier, ""), identifier):
                if _TITLE.match(name):
                    return 1
                if found := _HEADING.match(name):
                    return int(found[1])
            if outline := self._outline.get(identifier, ""):
                return _level(outline)
        return 0

    def is_contents(self, style: str) -> bool:
        """Is it a line of a table of contents, of figures or of authorities? It repeats what stands elsewhere."""
        return self._matches(style, _CONTENTS)

    def is_list(self, style: str) -> bool:
        return self._matches(style, _LIST)

    def kind(self, style: str) -> str:
        """The kind of block that a style makes of a plain paragraph; "" if it says nothing."""
        return "caption" if self._matches(style, _CAPTION) else ""

    def _matches(self, style: str, form: re.Pattern[str]) -> bool:
        return any(form.match(self._names.get(identifier, "") or identifier) for identifier in self._chain(style))

    def _chain(self, style: str) -> Iterator[str]:
        for _ in range(DEEPEST):
            if not style:
                return
            yield style
            style = self._based.get(style, "")


def _level(outline: str) -> int:
    return int(outline) + 1 if outline in tuple("012345678") else 0


def _value(element: etree._Element, *path: str) -> str:
    found = element.find("/".join(map(qn, path)))
    return (found.get(qn("w:val")) or "") if found is not None else ""
