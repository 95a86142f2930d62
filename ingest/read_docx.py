"""Word files: paragraphs by their styles, lists, tables with their header, footnotes. Page numbers are not in the file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import version

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from ingest.archive import File, check_unpacked
from ingest.metadata import metadata_from
from ingest.text import TextBuilder, UnreadableFile, heading_level, line_kind, table_rows
from kb.records import Metadata, Parsed

READER = f"python-docx {version('python-docx')}"
_HEADING = re.compile(r"(?:heading|titre|überschrift|заголовок)\s*([1-9])$", re.I)
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"


def read(path: File) -> tuple[Parsed, ...]:
    """Raises UnreadableFile for a damaged file, one that unpacks to too much, or one without text."""
    check_unpacked(path, "DOCX")
    try:
        with path.open("rb") as file:
            document = docx.Document(file)
    except (ValueError, KeyError, zipfile.BadZipFile, etree.XMLSyntaxError, PackageNotFoundError) as error:
        raise UnreadableFile(
            f"the DOCX is damaged ({str(error)[:200]}); open it in a word processor and save it anew."
        ) from error
    builder = TextBuilder()
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            _add_table(builder, block)
        else:
            _add_paragraph(builder, block)
    for note in _footnotes(document):
        builder.add("note", note)
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("the DOCX holds no text, perhaps only pictures; export it as PDF with a text layer.")
    metadata, warnings = _properties(document)
    return (Parsed(text, blocks, pages, metadata, READER, warnings),)


def _properties(document: Document) -> tuple[Metadata, tuple[str, ...]]:
    """Title and language. The properties' author is a person, and their dates are those of the file: neither is used."""
    properties = document.core_properties
    return metadata_from({"title": properties.title, "language": properties.language})


def _add_paragraph(builder: TextBuilder, paragraph: Paragraph) -> None:
    text = _text(paragraph)
    if not text.strip():
        return
    level = _style_level(paragraph) or heading_level(text.strip())
    if level:
        builder.add("heading", text, min(level, 6))
    elif _is_listed(paragraph):
        builder.add("list_item", text)
    else:
        kind, text, _ = line_kind(text.strip())
        builder.add(kind, text)


def _text(paragraph: Paragraph) -> str:
    """The text with what tracked changes inserted and without what they deleted; text boxes go after it."""
    parts = []
    for node in paragraph._p.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")):
        if node.tag == qn("w:t"):
            if not _in_fallback(node):
                parts.append(node.text or "")
        elif node.tag == qn("w:noBreakHyphen"):
            parts.append("-")
        elif (parent := node.getparent()) is not None and parent.tag == qn("w:r"):
            parts.append(" ")
    return "".join(parts)


def _in_fallback(node: etree._Element) -> bool:
    """Word stores a text box twice; the second, older form is the fallback."""
    return any(isinstance(parent.tag, str) and parent.tag.endswith("}Fallback") for parent in node.iterancestors())


def _style_level(paragraph: Paragraph) -> int:
    """1..9 by the style or what it is based on, by its id (the same in every language) or its name; 0: no heading."""
    style, seen = paragraph.style, 0
    while style is not None and seen < 10:
        for name in (style.style_id or "", style.name or ""):
            if name.casefold() == "title":
                return 1
            if found := _HEADING.match(name):
                return int(found[1])
        outline = style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None and (outline.get(qn("w:val")) or "9") in tuple("012345"):
            return int(outline.get(qn("w:val"))) + 1
        style, seen = style.base_style, seen + 1
    return 0


def _is_listed(paragraph: Paragraph) -> bool:
    if paragraph._p.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
        return True
    return bool(paragraph.style is not None and (paragraph.style.name or "").casefold().startswith("list "))


def _add_table(builder: TextBuilder, table: Table, depth: int = 0) -> None:
    """A row a block. The first row is the header unless it is the only one; a merged cell is written once in a row."""
    rows = []
    for row in table.rows:
        cells, before = [], None
        for cell in row.cells:
            repeated = before is not None and cell._tc is before
            cells.append("" if repeated else " ".join(filter(None, (_text(p).strip() for p in _cell_paragraphs(cell._tc, cell)))))
            before = cell._tc
        rows.append(cells)
    for line in table_rows(rows, has_header=len(rows) > 1 and sum(map(bool, rows[0])) > 1):
        builder.add("table_row", line)


def _cell_paragraphs(element: etree._Element, parent: object) -> Iterator[Paragraph]:
    for node in element.iter(qn("w:p")):
        yield Paragraph(node, parent)  # type: ignore[arg-type]


def _footnotes(document: Document) -> Iterator[str]:
    for relation in document.part.rels.values():
        if relation.reltype == _FOOTNOTES and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
            root = etree.fromstring(relation.target_part.blob, parser)
            for note in root.iter(qn("w:footnote")):
                if note.get(qn("w:type")) is None:
                    yield "".join(node.text or "" for node in note.iter(qn("w:t")))
