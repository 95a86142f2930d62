"""The words of a Word paragraph as Word shows them: without what is deleted, hidden or only an instruction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from docx.oxml.ns import qn
from lxml import etree

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_INSIDE = frozenset(
    map(
        qn,
        "w:hyperlink w:smartTag w:ins w:moveTo w:sdt w:sdtContent w:customXml w:dir w:bdo w:fldSimple w:ruby w:rubyBase".split(),
    )
) | {_MC + "AlternateContent", _MC + "Choice", _MC + "Fallback", _MATH + "oMath", _MATH + "oMathPara"}
_BOXED = frozenset(map(qn, ("w:drawing", "w:pict", "w:object")))
_SPACES = frozenset(map(qn, ("w:tab", "w:br", "w:cr", "w:ptab")))
_NOTES = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
_CONTENTS = re.compile(r"\s*(?:TOC|TOA)\b")
_TRUE = (None, "1", "true", "on")

_GREEK = dict(zip("abcdefghijklmnopqrstuvwxyz", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
_GREEK |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True))
_SYMBOL = {ord(sign): letter for sign, letter in _GREEK.items()} | dict(
    zip(b"\xa2\xa3\xa5\xac\xad\xae\xaf\xb0\xb1\xb2\xb3\xb4\xb6\xb7\xb8\xb9\xba\xbb\xbc", "′≤∞←↑→↓°±″≥×∂•÷≠≡≈…", strict=True)
)
_SYMBOL |= dict(zip(b"\xce\xcf\xd2\xd3\xd4\xd6\xde\xe5\xf2", "∈∉®©™√⇒∑∫", strict=True))
_DINGBATS = dict(zip(b"\x6c\x6e\x6f\x71\x76\xa7\xa8\xd8\xe0\xe8\xfb\xfc\xfd\xfe", "●■□❑❖▪◻➢→➔✗✓☒☑", strict=True))


@dataclass(slots=True)
class Gathered:
    """What a paragraph holds: its text, the `w:txbxContent` of its text boxes, and its notes as (kind, id)."""

    text: str = ""
    boxes: list[etree._Element] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


class WordText:
    """Reads paragraphs in the order of the document: a field (a table of contents, say) may run over many of them.

    `hidden` counts the characters that were left out because Word hides them. `hiding` are the ids of styles that hide;
    `default` is the style of paragraphs that name none.
    """

    def __init__(self, hiding: frozenset[str], default: str = "") -> None:
        self._hiding = hiding
        self._default = default
        self._fields: list[tuple[str, bool]] = []  # open ones: the instruction, and whether its result has begun
        self.hidden = 0

    def gather(self, paragraph: etree._Element) -> Gathered:
        """What the paragraph shows."""
        gathered = Gathered()
        properties = paragraph.find(qn("w:pPr"))
        style = properties.find(qn("w:pStyle")) if properties is not None else None
        hides = (style.get(qn("w:val")) if style is not None else self._default) in self._hiding
        self._children(paragraph, gathered, hides)
        return gathered

    def _children(self, element: etree._Element, gathered: Gathered, hides: bool) -> None:
        for node in element:
            if node.tag == qn("w:r") or node.tag == _MATH + "r":
                self._run(node, gathered, hides)
            elif node.tag == _MC + "AlternateContent":
                self._children(chosen(node), gathered, hides)
            elif node.tag == qn("w:fldSimple") and _CONTENTS.match(node.get(qn("w:instr")) or ""):
                continue
            elif node.tag in _INSIDE or (isinstance(node.tag, str) and node.tag.startswith(_MATH)):
                self._children(node, gathered, hides)

    def _run(self, run: etree._Element, gathered: Gathered, hides: bool) -> None:
        before = len(gathered.text)
        for node in run:
            self._piece(node, gathered, hides)
        if _is_hidden(run, self._hiding, hides):
            self.hidden += len(gathered.text) - before
            gathered.text = gathered.text[:before]

    def _piece(self, node: etree._Element, gathered: Gathered, hides: bool) -> None:
        tag = node.tag
        if tag == qn("w:fldChar"):
            self._field(node.get(qn("w:fldCharType")) or "")
        elif tag == qn("w:instrText"):
            if self._fields and not self._fields[-1][1]:
                self._fields[-1] = (self._fields[-1][0] + (node.text or ""), False)
        elif any(not result or _CONTENTS.match(instruction) for instruction, result in self._fields):
            return
        elif tag == qn("w:t") or tag == _MATH + "t":
            gathered.text += node.text or ""
        elif tag in _SPACES:
            gathered.text += " "
        elif tag == qn("w:noBreakHyphen"):
            gathered.text += "-"
        elif tag == qn("w:sym"):
            gathered.text += _symbol(node)
        elif tag in _NOTES:
            gathered.notes.append((_NOTES[tag], node.get(qn("w:id")) or ""))
        elif tag in _BOXED:
            gathered.boxes += boxes(node)
        elif tag == _MC + "AlternateContent":
            for inner in chosen(node):
                self._piece(inner, gathered, hides)
        elif tag == qn("w:ruby"):
            self._children(node, gathered, hides)

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(("", False))
        elif self._fields and kind == "separate":
            self._fields[-1] = (self._fields[-1][0], True)
        elif self._fields and kind == "end":
            self._fields.pop()


def chosen(alternatives: etree._Element) -> etree._Element:
    """What Word shows of an `mc:AlternateContent`: its first choice that has anything, or else the fallback."""
    options = [node for node in alternatives if isinstance(node.tag, str) and len(node)]
    return options[0] if options else alternatives


def boxes(drawing: etree._Element) -> list[etree._Element]:
    """The outermost `w:txbxContent` of a drawing, each text box once although it is stored in two forms."""
    found: list[etree._Element] = []
    stack = [drawing]
    while stack:
        node = stack.pop()
        if node.tag == qn("w:txbxContent"):
            found.append(node)
        elif node.tag == _MC + "AlternateContent":
            stack.append(chosen(node))
        else:
            stack.extend(reversed([child for child in node if isinstance(child.tag, str)]))
    return found


def is_on(element: etree._Element | None) -> bool:
    """A switch such as `w:vanish`: on where it is there and not set to false."""
    return element is not None and element.get(qn("w:val")) in _TRUE


def hiding_styles(styles: etree._Element | None) -> frozenset[str]:
    """The ids of the styles whose text Word hides, by themselves or by what they are based on."""
    own: dict[str, bool] = {}
    based: dict[str, str] = {}
    for style in styles.iterchildren(qn("w:style")) if styles is not None else ():
        name = style.get(qn("w:styleId")) or ""
        vanish = style.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
        if vanish is not None:
            own[name] = is_on(vanish)
        base = style.find(qn("w:basedOn"))
        based[name] = (base.get(qn("w:val")) or "") if base is not None else ""
    return frozenset(name for name in based if _inherited(name, own, based))


def _inherited(name: str, own: Mapping[str, bool], based: Mapping[str, str]) -> bool:
    for _ in range(20):
        if name in own:
            return own[name]
        name = based.get(name, "")
    return False


def _is_hidden(run: etree._Element, hiding: frozenset[str], hides: bool) -> bool:
    """Its own switch goes before its style, and both before what the paragraph's style says (`hides`)."""
    properties = run.find(qn("w:rPr"))
    if properties is None:
        return hides
    vanish = properties.find(qn("w:vanish"))
    if vanish is not None:
        return is_on(vanish)
    style = properties.find(qn("w:rStyle"))
    return hides or (style is not None and style.get(qn("w:val")) in hiding)


def _symbol(node: etree._Element) -> str:
    """The sign that a symbol font shows, where Unicode has it; else nothing."""
    font, code = (node.get(qn("w:font")) or "").casefold(), node.get(qn("w:char")) or ""
    try:
        value = int(code, 16)
    except ValueError:
        return ""
    if font == "symbol":
        return _SYMBOL.get(value & 0xFF, chr(value & 0xFF) if value & 0xFF in range(0x20, 0x40) else "")
    if font.startswith("wingdings"):
        return _DINGBATS.get(value & 0xFF, "")
    return "" if 0xD800 <= value < 0xF900 or value > 0x10FFFF else chr(value)
