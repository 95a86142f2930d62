"""Blocks of a web page by its own tags: for pages that are documents rather than articles among menus."""

from __future__ import annotations

from lxml import etree

from ingest.table_grid import LONGEST_CELL, Grid, join_names, names_columns
from ingest.text import TextBuilder, line_kind, one_line, table_rows

MOST_INNER = 8  # paragraphs, lists, headings in a cell with data
_BREAKING = frozenset(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr legend li main menu nav ol option p pre search section summary table tbody td tfoot th "
    "thead title tr ul".split()
)
_SILENT = frozenset(
    "script style noscript template svg math iframe object embed canvas audio video map head select datalist textarea button "
    "input nav".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INNER = ("ul", "ol", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "table")


def add_blocks(builder: TextBuilder, root: etree._Element) -> None:
    """Add headings, paragraphs, list items with their numbers, and the rows of tables with data, in the page's order.

    Menus (`nav`), the page's own header and footer, and what is no text are left out.
    """
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    writer = _Writer(builder)
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _SILENT or _is_frame(element):
                walk.skip_subtree()
                continue
            if tag == "table" and (rows := data_rows(element)):
                writer.flush()
                for line in table_rows(rows, has_header=names_columns(rows) or _is_headed(element)):
                    builder.add("table_row", line)
                walk.skip_subtree()
                continue
            writer.open(element, tag)
        elif tag in _BREAKING:
            writer.close(tag)
        if event != "start" and element is not root:
            writer.write(element.tail or "")
    writer.flush()


class _Writer:
    """Gathers inline text until a tag breaks it, and knows in which heading and lists it stands."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._parts: list[str] = []
        self._level = 0
        self._numbers: list[int | None] = []  # of the open lists: the number of the last item, None where items have none
        self._marker = ""
        self._items = 0

    def open(self, element: etree._Element, tag: str) -> None:
        if tag in _BREAKING:
            self.flush()
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self._numbers.append(_first_number(element) - 1 if tag == "ol" else None)
        elif tag == "li":
            self._items += 1
            if self._numbers and self._numbers[-1] is not None:
                self._numbers[-1] += 1
                self._marker = f"{self._numbers[-1]}. "
        self.write(element.text or "")

    def close(self, tag: str) -> None:
        self.flush()
        if tag in _HEADINGS:
            self._level = 0
        elif tag in ("ul", "ol") and self._numbers:
            self._numbers.pop()
        elif tag == "li":
            self._items -= 1
            self._marker = ""

    def write(self, text: str) -> None:
        if text:
            self._parts.append(text)

    def flush(self) -> None:
        text = one_line("".join(self._parts))
        self._parts.clear()
        if not text:
            return
        kind, line, level = ("heading", text, self._level) if self._level else line_kind(text)
        if self._items and not level:
            kind, line = "list_item", self._marker + line
            self._marker = ""
        self._builder.add(kind, line, level)


def _first_number(element: etree._Element) -> int:
    start = element.get("start") or ""
    return int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1


def _is_frame(element: etree._Element) -> bool:
    """The page's header or footer, as against that of an article or section in it."""
    if element.tag not in ("header", "footer"):
        return False
    return not any(parent.tag in ("article", "main", "section") for parent in element.iterancestors())


def data_rows(table: etree._Element) -> list[list[str]]:
    """The cells of a table with data, spans filled in; nothing for a table that only lays out the page.

    A cell over several rows is written in each of them, one over several columns in the first, names of columns in all.
    """
    if next(table.iterdescendants("table"), None) is not None:
        return []
    grid = Grid()
    for row in table.iterdescendants("tr"):
        grid.start_row()
        for cell in row.iterchildren("td", "th"):
            text = one_line(" ".join(map(str, cell.itertext())))
            if len(text) > LONGEST_CELL or sum(1 for _ in cell.iterdescendants(*_INNER)) > MOST_INNER:
                return []
            grid.add(text, spanned(cell, "colspan"), spanned(cell, "rowspan"), names=cell.tag == "th")
        grid.end_row()
    rows = join_names(grid.rows, _header_depth(table))
    return rows if any(sum(map(bool, cells)) > 1 for cells in rows) else []


def spanned(cell: etree._Element, name: str) -> int:
    """How many columns ("colspan") or rows ("rowspan") a cell says that it takes up; at least 1."""
    value = cell.get(name) or ""
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _is_headed(table: etree._Element) -> bool:
    return _header_depth(table) > 0


def _header_depth(table: etree._Element) -> int:
    """How many rows at the top hold names of columns only: rows of `th`."""
    depth = 0
    for row in table.iterdescendants("tr"):
        cells = list(row.iterchildren("td", "th"))
        if not cells or any(cell.tag == "td" and "".join(map(str, cell.itertext())).strip() for cell in cells) or depth == 3:
            break
        depth += 1
    return depth
