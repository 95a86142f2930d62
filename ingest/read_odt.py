"""OpenDocument texts (ODT): headings, paragraphs, numbered lists, tables, notes, text boxes, read from the package's XML.

lxml over content.xml and no library in between: those that there are give a document's text without its structure, or its tree
as it is, and the tree is what we need. Contents lists, comments, headers, footers and deleted text are left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from lxml import etree

from ingest.archive import DAMAGED, File, check_unpacked
from ingest.metadata import metadata_from
from ingest.odt_styles import TEXT, Counter, Styles, whole
from ingest.table_grid import LONGEST_CELL, MOST_SPANNED, Grid, join_names, names_columns
from ingest.text import TextBuilder, UnreadableFile, heading_level, line_kind, table_rows
from kb.records import Metadata, Parsed

READER = "odt 1"
DEEPEST = 40  # sections, lists, tables, boxes in one another
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_LEFT_OUT = frozenset(
    [
        TEXT + name
        for name in ("table-of-content", "illustration-index", "table-index", "object-index", "alphabetical-index", "user-index")
    ]
    + [
        TEXT + name
        for name in ("tracked-changes", "hidden-text", "ruby-text", "sequence-decls", "variable-decls", "user-field-decls")
    ]
    + [_OFFICE + "annotation", _OFFICE + "forms", _OFFICE + "event-listeners"]
)
_SPACES = (TEXT + "tab", TEXT + "line-break")
_MOST_SPACES = 100  # that one element may stand for


def read(path: File) -> tuple[Parsed, ...]:
    """Raises UnreadableFile for a file that is damaged or locked, unpacks to too much, or has no text."""
    check_unpacked(path, "ODT")
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            if _is_locked(archive):
                raise UnreadableFile("it is locked with a password; save it without one.")
            content, styles, meta = (_part(archive, name) for name in ("content.xml", "styles.xml", "meta.xml"))
    except DAMAGED as error:
        raise UnreadableFile(f"the ODT is damaged ({str(error)[:200]}); open it in LibreOffice and save it anew.") from error
    body = content.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise UnreadableFile("the OpenDocument file is no text document; export it as PDF.")
    reading = _Reading(Styles(styles, content))
    reading.blocks(body, 0)
    text, blocks, pages = reading.builder.build()
    if not text:
        raise UnreadableFile("the ODT holds no text, perhaps only pictures; export it as PDF with a text layer.")
    metadata, warnings = _properties(meta)
    if reading.hidden:
        warnings = (*warnings, f"{reading.hidden} hidden characters were left out; show them in LibreOffice if they are needed.")
    return (Parsed(text, blocks, pages, metadata, READER, warnings),)


def _part(archive: zipfile.ZipFile, name: str) -> etree._Element:
    if name not in archive.NameToInfo and name != "content.xml":
        return etree.Element("none")
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _is_locked(archive: zipfile.ZipFile) -> bool:
    manifest = _part(archive, "META-INF/manifest.xml")
    return next(manifest.iter(_MANIFEST + "encryption-data"), None) is not None


def _properties(meta: etree._Element) -> tuple[Metadata, tuple[str, ...]]:
    """Title and language. The creator is a person, and the dates are those of the file: neither is used."""
    found = {name: next((node.text for node in meta.iter(_DC + name) if node.text), "") for name in ("title", "language")}
    return metadata_from(found)


class _Reading:
    """One document on its way into blocks; `hidden` counts the characters that were left out because they are not shown."""

    def __init__(self, styles: Styles) -> None:
        self.builder = TextBuilder()
        self.hidden = 0
        self._styles = styles
        self._outline = Counter(styles.outline)
        self._lists: dict[str, Counter] = {}  # by xml:id, for lists that go on with another
        self._last: dict[str, Counter] = {}  # by style, for lists that go on with the one before
        self._boxes: list[etree._Element] = []
        self._notes: list[tuple[str, etree._Element]] = []

    def blocks(self, parent: etree._Element, depth: int) -> None:
        """Add all that stands in a body, section, cell or box, in order."""
        if depth > DEEPEST:
            raise UnreadableFile(f"it has more than {DEEPEST} lists, tables or boxes in one another; save it as PDF.")
        for node in parent:
            if node.tag in (TEXT + "p", TEXT + "h"):
                self._add(node, "", False)
                self._rest(depth)
            elif node.tag == TEXT + "list":
                self._list(node, "", 0, None)
                self._rest(depth)
            elif node.tag == _TABLE + "table":
                self._table(node, depth)
                self._rest(depth)
            elif node.tag == TEXT + "section" and node.get(TEXT + "display") == "none":
                self.hidden += len("".join(map(str, node.itertext())))
            elif isinstance(node.tag, str) and node.tag not in _LEFT_OUT:
                if node.tag.startswith(_DRAW):
                    self._boxes += [node]
                    self._rest(depth)
                else:
                    self.blocks(node, depth + 1)

    def _rest(self, depth: int) -> None:
        """Add the notes and boxes of what was added last."""
        notes, self._notes = self._notes, []
        for number, note in notes:
            lines = [self._words(paragraph) for paragraph in _paragraphs(note)]
            self.builder.add("note", f"[{number}] {' '.join(lines)}")
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            for inner in _text_boxes(box):
                self.blocks(inner, depth + 1)

    def _add(self, node: etree._Element, number: str, listed: bool) -> None:
        """Add a paragraph or heading with the number of its list, if any."""
        kind, line, level = self._line(node, number, listed)
        if kind:
            self.builder.add(kind, line, level)

    def _line(self, node: etree._Element, number: str, listed: bool) -> tuple[str, str, int]:
        style = node.get(TEXT + "style-name") or ""
        words = self._words(node)
        if self._styles.hides("paragraph", style):
            self.hidden += len(words)
            return "", "", 0
        level = min(whole(node.get(TEXT + "outline-level"), 1), 6) if node.tag == TEXT + "h" else 0
        if level and not number and node.get(TEXT + "is-list-header") != "true":
            number = self._outline.next(level - 1, _start(node))
        if not words.strip():
            return "", "", 0
        names = self._styles.names(style)
        line = number + words.strip()
        level = level or (1 if "title" in names else heading_level(" ".join(line.split())))
        if level:
            return "heading", line, max(level, 1)
        if listed or number:
            return "list_item", line, 0
        kind, line, _ = line_kind(" ".join(line.split()))
        return ("caption" if "caption" in names else kind), line, 0

    def _list(self, node: etree._Element, style: str, depth: int, counter: Counter | None) -> None:
        style = node.get(TEXT + "style-name") or style
        if counter is None or (depth and node.get(TEXT + "style-name")):
            counter = self._counter(node, style)
        self._lists[node.get("{http://www.w3.org/XML/1998/namespace}id") or ""] = counter
        self._last[style] = counter
        for item in node:
            if item.tag not in (TEXT + "list-item", TEXT + "list-header") or depth > DEEPEST:
                continue
            written = item.tag == TEXT + "list-header"
            for inner in item:
                if inner.tag == TEXT + "list":
                    self._list(inner, style, depth + 1, counter)
                elif inner.tag in (TEXT + "p", TEXT + "h"):
                    self._add(inner, "" if written else counter.next(depth, _start(item)), True)
                    written = True

    def _counter(self, node: etree._Element, style: str) -> Counter:
        before = self._lists.get(node.get(TEXT + "continue-list") or "-")
        if before is None and node.get(TEXT + "continue-numbering") == "true":
            before = self._last.get(style)
        return before or Counter(self._styles.lists.get(style, ()))

    def _table(self, table: etree._Element, depth: int) -> None:
        if _is_layout(table):
            for cell in table.iter(_TABLE + "table-cell"):
                if next(cell.iterancestors(_TABLE + "table"), None) is table:
                    self.blocks(cell, depth + 1)
            return
        grid = Grid()
        names = 0
        for row in table.iter(_TABLE + "table-row"):
            parent = row.getparent()
            named = parent is not None and parent.tag == _TABLE + "table-header-rows"
            names += named
            grid.start_row()
            for cell in row.iterchildren(_TABLE + "table-cell"):
                text = " ".join(filter(None, (self._words(paragraph).strip() for paragraph in _paragraphs(cell))))
                columns, down = (whole(cell.get(f"{_TABLE}number-{way}-spanned"), 1) for way in ("columns", "rows"))
                for _ in range(min(whole(cell.get(_TABLE + "number-columns-repeated"), 1), MOST_SPANNED)):
                    grid.add(text, columns, down, names=named)
            grid.end_row()
        rows = join_names(grid.rows, names)
        wide = max(map(len, rows)) > 2 and all(rows[0])
        for line in table_rows(rows, has_header=names > 0 or wide or names_columns(rows)):
            self.builder.add("table_row", line)

    def _words(self, node: etree._Element) -> str:
        """A paragraph's words in order; its notes and boxes are put aside."""
        parts = [node.text or ""]
        for child in node:
            if child.tag == TEXT + "s":
                parts.append(" " * min(whole(child.get(TEXT + "c"), 1), _MOST_SPACES))
            elif child.tag in _SPACES:
                parts.append(" ")
            elif child.tag == TEXT + "note":
                body = child.find(TEXT + "note-body")
                citation = child.find(TEXT + "note-citation")
                if body is not None:
                    self._notes.append(((citation.text if citation is not None else "") or "", body))
            elif isinstance(child.tag, str) and child.tag.startswith(_DRAW):
                self._boxes.append(child)
            elif child.tag == TEXT + "span" and self._styles.hides("text", child.get(TEXT + "style-name") or ""):
                self.hidden += len("".join(map(str, child.itertext())))
            elif isinstance(child.tag, str) and child.tag not in _LEFT_OUT:
                parts.append(self._words(child))
            parts.append(child.tail or "")
        return "".join(parts)


def _start(node: etree._Element) -> int | None:
    value = node.get(TEXT + "start-value")
    return whole(value, 1) if value else None


def _paragraphs(parent: etree._Element) -> Iterator[etree._Element]:
    """The paragraphs of a cell or note, those of lists and sections in it too, but not of notes and boxes in them."""
    for node in parent:
        if node.tag in (TEXT + "p", TEXT + "h"):
            yield node
        elif isinstance(node.tag, str) and not node.tag.startswith(_DRAW) and node.tag not in _LEFT_OUT:
            yield from _paragraphs(node)


def _text_boxes(drawing: etree._Element) -> Iterator[etree._Element]:
    """The outermost text boxes of a drawing."""
    if drawing.tag == _DRAW + "text-box":
        yield drawing
    else:
        for node in drawing:
            yield from _text_boxes(node)


def _is_layout(table: etree._Element) -> bool:
    """Does the table only place text on the page: around other tables, in one column, or with whole texts in its cells?"""
    if next(table.iterdescendants(_TABLE + "table"), None) is not None:
        return True
    if any(len("".join(map(str, cell.itertext()))) > LONGEST_CELL for cell in table.iter(_TABLE + "table-cell")):
        return True
    rows = table.iter(_TABLE + "table-row")
    return all(sum("".join(map(str, cell.itertext())).strip() != "" for cell in row) < 2 for row in rows)
