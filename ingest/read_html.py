"""Web pages: trafilatura finds the main text; the plain body is taken where it finds none."""

from __future__ import annotations

from importlib.metadata import version

import trafilatura
from lxml import etree, html
from trafilatura.settings import Document as Page

from ingest.archive import File
from ingest.metadata import metadata_from
from ingest.read_text import decode
from ingest.text import TextBuilder, UnreadableFile, table_rows
from kb.records import Metadata, Parsed

READER = f"trafilatura {version('trafilatura')}"
_BLOCKS = "p div section article main li ul ol dl dt dd table tr blockquote pre h1 h2 h3 h4 h5 h6 br hr figure".split()
_BREAKS = dict.fromkeys(_BLOCKS, "\n") | dict.fromkeys(("td", "th"), " ")  # what parts an element's text from that around it
LONGEST_CELL = 1000  # characters; cells of tables with data that we met have up to 300, of layouts 3,000 to 12,000
_DROPPED = ("script", "style", "noscript", "template", "nav", "header", "footer", "form", "svg", "iframe", "button")


def read(path: File) -> tuple[Parsed, ...]:
    """A page's main text with headings, paragraphs, lists and table rows. Raises UnreadableFile if it has no text."""
    data = path.read_bytes()
    warnings: tuple[str, ...] = ()
    tree = trafilatura.load_html(data)
    if tree is None:
        text, warnings = decode(data)
        tree = trafilatura.load_html(text)
    if tree is None:
        raise UnreadableFile("it is no HTML page that can be read; replace it with a sound copy.")
    language = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    found = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, include_images=False, favor_recall=True, with_metadata=True
    )
    builder = TextBuilder()
    if isinstance(found, Page) and found.body is not None:
        _add_children(builder, found.body)
    metadata, more = _metadata(found if isinstance(found, Page) else None, language)
    if not builder.build()[0]:
        builder = TextBuilder()
        fresh = trafilatura.load_html(data)
        _add_body(builder, tree if fresh is None else fresh)
        warnings = (*warnings, "no main text was found; the whole page was taken, its menus perhaps included.")
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("it holds no text: perhaps a page that a script fills in; save it from a browser, or as PDF.")
    return (Parsed(text, blocks, pages, metadata, READER, (*warnings, *more)),)


def _metadata(found: Page | None, language: str) -> tuple[Metadata, tuple[str, ...]]:
    if found is None:
        return metadata_from({"language": language})
    raw = {"title": found.title, "date": found.date, "publisher": found.sitename, "url": found.url, "language": language}
    return metadata_from({key: value for key, value in raw.items() if value})


def _add_children(builder: TextBuilder, element: etree._Element) -> None:
    """Walk trafilatura's own elements: head, p, list/item, table/row/cell, quote, code."""
    if element.text and element.text.strip():
        builder.add("paragraph", element.text)
    for child in element:
        if child.tag == "head":
            rend = child.get("rend") or "h2"
            builder.add("heading", _text(child), int(rend[1]) if rend[1:2] in tuple("123456") else 2)
        elif child.tag == "list":
            _add_list(builder, child)
        elif child.tag == "table":
            _add_table(builder, child)
        elif child.tag in ("quote", "div", "main", "body") and len(child):
            _add_children(builder, child)
        elif child.tag != "graphic":
            for line in _lines(child):
                builder.add("paragraph", line)
        if child.tail and child.tail.strip():
            builder.add("paragraph", child.tail)


def _add_list(builder: TextBuilder, element: etree._Element, depth: int = 0) -> None:
    ordered = element.get("rend") == "ol"
    for number, item in enumerate(element.iterchildren("item"), 1):
        inner = [child for child in item if child.tag == "list"]
        for child in inner:
            item.remove(child)
        builder.add("list_item", (f"{number}. " if ordered else "") + _text(item))
        for child in inner:
            if depth < 20:
                _add_list(builder, child, depth + 1)


def _add_table(builder: TextBuilder, table: etree._Element) -> None:
    rows = [list(row.iterchildren("cell")) for row in table.iter("row")]
    if any(len(_text(cell)) > LONGEST_CELL for row in rows for cell in row):  # a table that only lays out the page
        for line in _lines(table):
            builder.add("paragraph", line)
        return
    has_header = bool(rows) and bool(rows[0]) and all(cell.get("role") == "head" for cell in rows[0])
    for row in table_rows([[_text(cell) for cell in row] for row in rows], has_header):
        builder.add("table_row", row)


def _text(element: etree._Element) -> str:
    return " ".join(_lines(element))


def _lines(element: etree._Element) -> list[str]:
    """The element's text, parted at line breaks; its tail not included."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append("\n")
        elif child.tag == "p" or (isinstance(child.tag, str) and child.tag in ("item", "list", "row", "cell")):
            parts.append("\n" + "\n".join(_lines(child)) + "\n")
        elif isinstance(child.tag, str):
            parts.append("\n".join(_lines(child)))
        parts.append(child.tail or "")
    return [line for line in "".join(parts).split("\n") if line.strip()]


def add_page(builder: TextBuilder, page: str) -> None:
    """Add all the text of a page or a piece of one, a line of it a paragraph: for pages that are no articles, such as mail."""
    tree = trafilatura.load_html(page)
    if tree is not None:
        _add_body(builder, tree)


def _add_body(builder: TextBuilder, tree: html.HtmlElement) -> None:
    body = tree.find(".//body")
    body = tree if body is None else body
    for element in [*body.iter(*_DROPPED)]:
        if element.getparent() is not None:
            element.drop_tree()
    parts: list[str] = []
    for event, element in etree.iterwalk(body, events=("start", "end", "comment", "pi")):
        parts.append(_BREAKS.get(element.tag, "") if isinstance(element.tag, str) else "")
        parts.append((element.text if event == "start" else element.tail if element is not body else "") or "")
    for line in "".join(parts).split("\n"):
        builder.add("paragraph", line)
