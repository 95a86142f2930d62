"""Word files: paragraphs by their styles and with their automatic numbers, lists, tables, notes and text boxes.

python-docx opens the package; what it leaves out (numbers, content controls, tracked changes, text boxes, notes, merged and
nested cells) is read from the same tree. Headers, footers, comments and tables of contents are left out. Page numbers are not
in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.opc.part import Part
from docx.oxml.ns import qn
from lxml import etree

from ingest.archive import DAMAGED, File, check_unpacked, ordinary, told
from ingest.metadata import metadata_from
from ingest.number_words import number_text
from ingest.sources import DOCX
from ingest.text import TextBuilder, UnreadableFile, heading_level, line_kind
from ingest.word_numbering import Numbering
from ingest.word_styles import Styles
from ingest.word_tables import add_rows, grid, is_layout, own_cells
from ingest.word_text import WordText, chosen, hiding_styles
from kb.records import Metadata, Parsed

READER = f"python-docx {version('python-docx')}"
DEEPEST = 40  # content controls, tables and text boxes in one another; Word's own limit for tables is 20
_INSIDE = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag")))
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_NOTES = ("footnote", "endnote")


def read(path: File) -> tuple[Parsed, ...]:
    """Raises UnreadableFile for a damaged file, one that unpacks to too much, or one without text."""
    check_unpacked(path, "DOCX")
    try:
        with ordinary(path, DOCX).open("rb") as file:
            document = docx.Document(file)
            reading = _Reading(document)
            metadata, warnings = _properties(document)
            body = document.element.body
    except (*DAMAGED, PackageNotFoundError) as error:
        raise UnreadableFile(f"the DOCX is damaged ({told(error)}); open it in a word processor and save it anew.") from error
    if body is None:
        raise UnreadableFile("the DOCX is damaged (it has no body); open it in a word processor and save it anew.")
    reading.blocks(body, 0)
    reading.end()
    text, blocks, pages = reading.builder.build()
    if not text:
        raise UnreadableFile("the DOCX holds no text, perhaps only pictures; export it as PDF with a text layer.")
    return (Parsed(text, blocks, pages, metadata, READER, (*reading.warnings(), *warnings)),)


def _properties(document: Document) -> tuple[Metadata, tuple[str, ...]]:
    """Title and language. The properties' author is a person, and their dates are those of the file: neither is used.

    To a file without properties python-docx adds some of its own, with the title "Word Document".
    """
    if not any(relation.reltype.endswith("/core-properties") for relation in document.part.package.rels.values()):
        return Metadata(), ()
    properties = document.core_properties
    return metadata_from({"title": properties.title, "language": properties.language})


class _Reading:
    """One document on its way into blocks."""

    def __init__(self, document: Document) -> None:
        self.builder = TextBuilder()
        related = [relation for relation in document.part.rels.values() if not relation.is_external]
        parts = {relation.reltype.rpartition("/")[2]: relation.target_part for relation in related}
        styles = _root(parts, "styles")
        self._styles = Styles(styles)
        self._numbering = Numbering(_root(parts, "numbering"), styles)
        self._text = WordText(hiding_styles(styles), self._styles.of(None))
        self._notes = {kind: _notes_by_id(_root(parts, f"{kind}s"), kind) for kind in _NOTES}
        self._note_numbers = dict.fromkeys(_NOTES, 0)
        self._waiting_notes: list[tuple[str, str]] = []
        self._carried = ""  # text of a paragraph whose end is deleted: it goes on in the next
        self._embedded = 0

    def blocks(self, parent: etree._Element, depth: int) -> None:
        """Add all that stands in a body, cell, content control, text box or note, in order."""
        if depth > DEEPEST:
            raise UnreadableFile(f"it has more than {DEEPEST} tables or text boxes in one another; export it as PDF.")
        for node in parent:
            if node.tag == qn("w:p"):
                self._paragraph(node, depth)
            elif node.tag == qn("w:tbl"):
                self._table(node, depth)
            elif node.tag in _INSIDE:
                self.blocks(node, depth + 1)
            elif node.tag == _ALTERNATIVES:
                self.blocks(chosen(node), depth + 1)
            elif node.tag == qn("w:altChunk"):
                self._embedded += 1

    def end(self) -> None:
        """Add what still waits."""
        if self._carried:
            self.builder.add("paragraph", self._carried)
        self._add_notes()

    def warnings(self) -> tuple[str, ...]:
        told = []
        if self._text.hidden:
            told.append(f"{self._text.hidden} characters that Word hides were left out; show them in Word if they are needed.")
        if self._embedded:
            told.append(f"{self._embedded} embedded files were left out; open the document in Word and save it anew.")
        return tuple(told)

    def _paragraph(self, node: etree._Element, depth: int) -> None:
        text, kind, level, boxes = self._line(node)
        if kind:
            self.builder.add(kind, text, level)
        self._add_notes()
        for box in boxes:
            self.blocks(box, depth + 1)

    def _line(self, node: etree._Element) -> tuple[str, str, int, list[etree._Element]]:
        """A paragraph's text with its number, its kind ("" for none) and level, and its text boxes."""
        properties = node.find(qn("w:pPr"))
        gathered = self._text.gather(node)
        self._waiting_notes += gathered.notes
        style = self._styles.of(properties)
        text = self._carried + gathered.text
        if properties is not None and properties.find(f"{qn('w:rPr')}/{qn('w:del')}") is not None:
            self._carried = text
            return "", "", 0, gathered.boxes
        self._carried = ""
        label = self._numbering.label(properties, style)
        text = text.strip()
        if not text or self._styles.is_contents(style):
            return "", "", 0, gathered.boxes
        if label:
            text = label.text + text
        level = self._styles.level(properties, style) or heading_level(" ".join(text.split()))
        if level:
            return text, "heading", min(level, 6), gathered.boxes
        if label or self._styles.is_list(style):
            return text, "list_item", 0, gathered.boxes
        kind, text, _ = line_kind(text)
        return text, self._styles.kind(style) or kind, 0, gathered.boxes

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = grid(table)
        if is_layout(rows):
            for cell in own_cells(rows):
                self.blocks(cell, depth + 1)
            return
        boxes: list[etree._Element] = []
        add_rows(self.builder, rows, {id(cell): self._cell(cell, boxes) for cell in own_cells(rows)})
        self._add_notes()
        for box in boxes:
            self.blocks(box, depth + 1)

    def _cell(self, cell: etree._Element, boxes: list[etree._Element]) -> str:
        """A cell's paragraphs in one line."""
        lines = []
        for paragraph in cell.iter(qn("w:p")):
            if not any(parent.tag == qn("w:txbxContent") for parent in paragraph.iterancestors()):
                text, kind, _, more = self._line(paragraph)
                lines += [text] if kind else []
                boxes += more
        return " ".join(lines)

    def _add_notes(self) -> None:
        """Add the notes that were referred to, numbered as Word does by itself: footnotes 1, 2, 3, endnotes i, ii, iii."""
        waiting, self._waiting_notes = self._waiting_notes, []
        for kind, identifier in waiting:
            note = self._notes[kind].pop(identifier, None)
            if note is None:
                continue
            self._note_numbers[kind] += 1
            number = number_text(self._note_numbers[kind], "decimal" if kind == "footnote" else "lowerRoman")
            lines = [self._text.gather(paragraph).text.strip() for paragraph in note.iter(qn("w:p"))]
            self.builder.add("note", f"[{number}] {' '.join(filter(None, lines))}")


def _root(parts: Mapping[str, Part], name: str) -> etree._Element | None:
    """The root of the part of this name ("styles", "footnotes"), parsed without entities; None if there is none."""
    part = parts.get(name)
    return None if part is None else etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))


def _notes_by_id(root: etree._Element | None, kind: str) -> dict[str, etree._Element]:
    """The notes themselves, without the lines that part them from the text (which have a type)."""
    found = root.iterchildren(qn(f"w:{kind}")) if root is not None else ()
    return {note.get(qn("w:id")) or "": note for note in found if note.get(qn("w:type")) in (None, "normal")}
