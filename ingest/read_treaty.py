"""Treaties as XML: Texts of Trade Agreements (ToTA), and Akoma Ntoso (LegalDocML, OASIS).

The elements say what is an article and what is its title. ToTA's paragraphs are the line breaks of the file that it was copied
from, often a PDF, and are mended; Akoma Ntoso marks every paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from ingest.archive import File
from ingest.header import Header, treaty_header
from ingest.metadata import metadata_from, web_address
from ingest.stated import checked_header
from ingest.text import TextBuilder, UnreadableFile, line_kind, normalise, one_line, rejoin_lines
from kb.records import Parsed

TOTA_READER = "ToTA XML 1"
AKOMA_READER = "Akoma Ntoso 1"
LARGEST = 64 << 20  # bytes; the largest of 450 treaties of ToTA has 3 MB
DEEPEST = 100  # elements inside one another; Akoma Ntoso's hierarchy needs about 20
WRAPPED_LINE = 45  # characters: a shorter line that ends without a stop is a title or an item, not broken at a width
WIDEST_LINE = 90  # characters to which texts are broken; the widest of ours have 78
_ENDS = re.compile(r"[.;:!?…۔][\"'»”’)\]]*$")
_OPEN = re.compile(r"\b(?:of|in|with|under|to|by|the|from|as|that|for|at)$")  # nothing ends so
_LABELLED = re.compile(r"(?:[-–—•]|\(?(?:\d{1,3}|[a-zа-я]|[ivx]{1,5})[.)])(?:\s|$)")


def read(path: File) -> tuple[Parsed, ...]:
    """The one treaty of the file; its header's dates are left out, with a warning, where the text says otherwise.

    Raises UnreadableFile for XML that is damaged, too large, or of another kind.
    """
    data = path.read_bytes()
    if len(data) > LARGEST:
        raise UnreadableFile(f"the XML has {len(data) >> 20} MB and may have {LARGEST >> 20}; split it.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile(f"the XML is damaged ({str(error)[:200]}); replace it with a sound copy.") from error
    match _name(root):
        case "treaty":
            return (_tota(root),)
        case "akomaNtoso":
            return (_akoma(root),)
    raise UnreadableFile(f"its root element is <{_name(root)}>; of XML, ToTA's <treaty> and <akomaNtoso> are read.")


def _finished(builder: TextBuilder, header: Header, reader: str) -> Parsed:
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("the XML holds no text of a treaty, only its header; replace it with a complete copy.")
    metadata, warnings = metadata_from(header.raw)
    metadata, more = checked_header(metadata, {"signed_on": header.signed, "in_force_since": header.in_force}, text, blocks)
    return Parsed(text, blocks, pages, metadata, reader, (*warnings, *more))


def _name(node: etree._Element) -> str:
    """The tag without its namespace; "" for an entity, comment or instruction."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


# ---- ToTA -------------------------------------------------------------------------------------------------------------------


def _tota(root: etree._Element) -> Parsed:
    builder = TextBuilder()
    for body in root.iterchildren("body"):
        _add_division(builder, body, 0)
    return _finished(builder, _tota_header(root), TOTA_READER)


def _add_division(builder: TextBuilder, node: etree._Element, depth: int) -> None:
    """A chapter, an article, or whatever else has a number and a name, with all that is in it."""
    if depth > DEEPEST:
        raise UnreadableFile(f"its elements are nested more than {DEEPEST} deep; the file may be damaged.")
    _add_heading(builder, 3 if _name(node) == "article" else 2, node.get("number"), node.get("name"))
    if any(_name(child) for child in node):
        _add_lines(builder, node.text or "")
        for child in node:
            if _name(child):
                _add_division(builder, child, depth + 1)
            _add_lines(builder, ("" if _name(child) else child.text or "") + (child.tail or ""))
    else:
        _add_lines(builder, _text(node))


def _tota_header(root: etree._Element) -> Header:
    meta = root.find("meta")
    if meta is None:
        return treaty_header({}, [])
    given = {_name(node): one_line(_text(node)) for node in meta if len(node) == 0}
    sources = [one_line(_text(node)) for node in meta.iterchildren("source")]
    values = {
        "TITLE": given.get("name", ""),
        "SIGNED": given.get("date_signed", ""),
        "IN FORCE": given.get("date_into_force", ""),
        "STATUS": given.get("status", ""),
        "LANGUAGE": given.get("language", ""),
        "URL": next(filter(web_address, sources), ""),
    }
    return treaty_header(values, [_text(node) for node in meta.findall("parties_original/partyisocode")])


def _add_heading(builder: TextBuilder, level: int, *parts: str | None) -> None:
    text = " ".join(part.strip() for part in parts if part and part.strip())
    if text:
        builder.add("heading", text, level)


def _add_lines(builder: TextBuilder, text: str) -> None:
    for paragraph in _mended(normalise(text).split("\n")):
        kind, content, level = line_kind(rejoin_lines(paragraph))
        builder.add(kind, content, level)


def _mended(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs of lines. A line goes on with the one before if it begins small, or that one was long, and had no stop."""
    paragraph: list[str] = []
    gap = False
    for line in lines:
        if not line:
            gap = True
            continue
        if paragraph and not _goes_on(paragraph[-1], line, gap):
            yield paragraph
            paragraph = []
        paragraph.append(line)
        gap = False
    if paragraph:
        yield paragraph


def _goes_on(before: str, line: str, gap: bool) -> bool:
    if _OPEN.search(before):
        return True
    if before[-1] == "," and len(before) > WIDEST_LINE:  # a recital, whole in its line
        return False
    if _ENDS.search(before) or _LABELLED.match(line) or line_kind(line)[0] == "heading":
        return False
    return line[0].islower() or (not gap and len(before) >= WRAPPED_LINE and before[-1] != ",")


# ---- Akoma Ntoso ------------------------------------------------------------------------------------------------------------

_DIVISIONS = {
    "part": 1, "book": 1, "tome": 1, "title": 1, "chapter": 2, "section": 3, "division": 3, "subchapter": 3, "subdivision": 4,
    "subpart": 3, "subsection": 4, "subtitle": 3, "article": 3, "rule": 3,
}  # fmt: skip
_NUMBERED = frozenset(
    "paragraph subparagraph point clause subclause indent list alinea sublist level item transitional proviso subrule "
    "recital citation".split()
)
_LINES = frozenset("p block longTitle docTitle docNumber docPurpose docType docDate heading subheading".split())
_SKIPPED = frozenset("meta toc".split())
_PARTING = _LINES | _NUMBERED | set(_DIVISIONS) | {"num", "content", "intro", "wrapUp", "td", "th", "tr"}
# An article whose number is a bare figure is given the name of its kind, which the element says: without it nobody could tell.
_WORDS = {"article": {"ru": "Статья", "ur": "آرٹیکل", "fa": "ماده"}, "chapter": {"ru": "Глава", "ur": "باب"}}


def _akoma(root: etree._Element) -> Parsed:
    builder = TextBuilder()
    header = _akoma_header(root)
    walk = _Walk(builder, str(header.raw.get("language", "")))
    for child in root:
        walk.add(child, 1)
    return _finished(builder, header, AKOMA_READER)


def _akoma_header(root: etree._Element) -> Header:
    def first(path: str, attribute: str) -> str:
        return next((str(node.get(attribute)) for node in root.iterfind(path) if node.get(attribute)), "")

    signed = first(".//{*}FRBRWork/{*}FRBRdate[@name='signature']", "date")
    in_force = first(".//{*}lifecycle/{*}eventRef[@type='entryIntoForce']", "date")
    title = first(".//{*}FRBRWork/{*}FRBRalias", "value") or first(".//{*}FRBRWork/{*}FRBRname", "value")
    written = next((one_line(_text(node)) for node in root.iterfind(".//{*}preface//{*}docTitle")), "")
    raw: dict[str, object] = {
        "title": written or title,
        "published": signed or first(".//{*}FRBRWork/{*}FRBRdate", "date"),
        "language": first(".//{*}FRBRExpression/{*}FRBRlanguage", "language"),
        "publisher": first(".//{*}references/{*}TLCOrganization[@eId='publisher']", "showAs"),
    }
    return Header({key: value for key, value in raw.items() if value}, signed, in_force)


class _Walk(NamedTuple):
    """The blocks of the elements, in reading order."""

    builder: TextBuilder
    language: str

    def add(self, node: etree._Element, depth: int) -> None:
        name = _name(node)
        if depth > DEEPEST:
            raise UnreadableFile(f"its elements are nested more than {DEEPEST} deep; the file may be damaged.")
        if name in _DIVISIONS:
            self._heading(node, name, _DIVISIONS[name])
            self._children(node, depth, {"num", "heading", "subheading"})
        elif name in _NUMBERED:
            self._numbered(node, depth)
        elif name in ("preamble", "conclusions") or name == "table":
            self._rows(node) if name == "table" else self._children(node, depth, set())
        elif name == "authorialNote":
            self.builder.add("note", _text(node))
        elif name in _LINES:
            self._line(node, "")
        elif name and name not in _SKIPPED:
            self._attached(node, name)
            self._children(node, depth, {"heading", "num"} if name == "attachment" else set())

    def _attached(self, node: etree._Element, name: str) -> None:
        """An attachment's heading: "Annex II"."""
        if name == "attachment":
            _add_heading(self.builder, 1, *(_text(child) for child in node if _name(child) in ("num", "heading")))

    def _children(self, node: etree._Element, depth: int, without: set[str]) -> None:
        self.builder.add("paragraph", node.text or "")
        for child in node:
            if _name(child) == "":
                self.builder.add("paragraph", _text(child))
            elif _name(child) not in without:
                self.add(child, depth + 1)
            self.builder.add("paragraph", child.tail or "")

    def _heading(self, node: etree._Element, name: str, level: int) -> None:
        number, title = _joined(node, "num"), _joined(node, "heading", "subheading")
        if number and not re.search(r"[^\W\d_]{2}", re.sub("[IVXLC]+", "", number)):
            number = f"{_WORDS.get(name, {}).get(self.language[:2], name.capitalize())} {number.strip(' .')}"
        _add_heading(self.builder, level, number, title)

    def _numbered(self, node: etree._Element, depth: int, before: str = "") -> None:
        """A paragraph or point: its number, or `before` where it has none, goes before its first line."""
        own = _joined(node, "num")
        if own and before:
            self.builder.add("paragraph", before)
        self._contents(node, depth, own or before)

    def _contents(self, node: etree._Element, depth: int, number: str) -> None:
        self.builder.add("paragraph", node.text or "")
        for child in node:
            name = _name(child)
            if name in ("content", "intro", "wrapUp") and depth <= DEEPEST:
                self._contents(child, depth + 1, number)
                number = ""
            elif name in _NUMBERED and depth <= DEEPEST:
                self._numbered(child, depth + 1, number)
                number = ""
            elif name in _LINES:
                self._line(child, number)
                number = ""
            elif name != "num" or _name(node) not in _NUMBERED:  # only an element's own number went before its first line
                self.builder.add("paragraph", f"{number} {_text(child)}" if not name else number)
                number = ""
                if name:
                    self.add(child, depth + 1)
            self.builder.add("paragraph", child.tail or "")
        self.builder.add("paragraph", number)

    def _line(self, node: etree._Element, number: str) -> None:
        notes = list(node.iter("{*}authorialNote"))
        text = one_line(f"{number} {_text(node, 'authorialNote')}")
        self.builder.add("list_item" if re.match(r"\(?[a-zа-я]{1,3}\)", text) else "paragraph", text)
        for note in notes:
            self.builder.add("note", _text(note))

    def _rows(self, node: etree._Element) -> None:
        """A block a row; what stands beside the rows is a caption."""
        self.builder.add("caption", node.text or "")
        for part in node:
            if _name(part) in ("thead", "tbody", "tfoot"):
                self._rows(part)
            elif _name(part) == "tr":
                cells = [part.text or "", *(text for cell in part for text in (_text(cell), cell.tail or ""))]
                self.builder.add("table_row", "; ".join(filter(None, map(one_line, cells))))
            else:
                self.builder.add("caption", _text(part))
            self.builder.add("caption", part.tail or "")


def _joined(node: etree._Element, *names: str) -> str:
    return " ".join(filter(None, (one_line(_text(child)) for child in node if _name(child) in names)))


def _text(node: etree._Element, without: str = "") -> str:
    """All text of an element, line breaks as such; an entity that the file declares itself stays as written, "&name;"."""
    parts = [node.text or ""]
    for child in node:
        name = _name(child)
        if name in ("br", "eol"):
            parts.append("\n")
        elif name in _PARTING and name != without:
            parts.append(f"\n{_text(child, without)}\n")
        elif not name or name != without:
            parts.append(_text(child, without))
        parts.append(child.tail or "")
    return "".join(parts)
