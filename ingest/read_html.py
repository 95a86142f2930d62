"""Web pages: trafilatura finds the main text among menus and advertisements; a page that is all text is read by its own tags."""

from __future__ import annotations

import re
from copy import deepcopy
from importlib.metadata import version

import trafilatura
from lxml import etree, html
from trafilatura.settings import Document as Page

from ingest.archive import File
from ingest.encodings import decode
from ingest.metadata import language_code, metadata_from
from ingest.page_blocks import add_blocks, spanned
from ingest.page_facts import author, published
from ingest.table_grid import LONGEST_CELL, names_columns
from ingest.text import TextBuilder, UnreadableFile, line_kind, table_rows
from kb.records import Metadata, Parsed

READER = f"trafilatura {version('trafilatura')}"
MOST_LEFT_OUT = 0.6  # of what the milder extraction finds; the stricter one is not believed where it drops more
WHOLE = 1.1  # times the main text: a page that has no more words is a document, not an article among menus
LAST = 3  # parts of an article: among them a list of links is of other articles; behind it may come who wrote this one
FEWEST_LINKS = 2  # items of such a list
MOST_LINKS = 0.2  # of the main text's words: a longer list is what the page is about
FEWEST = 60  # words of a main text that is believed
DOUBTFUL = 1.5  # times the main text that was not believed
LARGEST = 4_000_000  # characters of a page among whose menus we look for an article: 15 s; the largest that we met has 0.4
MOST_ELEMENTS = 100_000  # of such a page: trafilatura took 10 s for them; 250,000 of a megabyte of "<p>a" took it 26
LITTLE = 0.15  # share of the page's words below which the operator is told; the least of 20 news pages is .26

_DECLARED = re.compile(
    rb"<(?:meta\s[^>]{0,300}?charset|\?xml\s[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.I
)
# One tag of 100,000 attributes took the parser more than a minute, since it looks for each among those before it.
MOST_IN_TAG = 20_000
DEEPEST = 255  # tags in each other; there libxml2 ends the page, and tells nobody
_CROWDED = re.compile(rf"<[A-Za-z](?>[^<>\s]*+\s++){{{MOST_IN_TAG}}}")
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>", re.I)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BORDER_STYLE = re.compile(r"(?:^|;)[^;]*border[^;]*", re.I)
_WORD = re.compile(r"\w+")


def read(path: File) -> tuple[Parsed, ...]:
    """A page's main text with headings, paragraphs, lists and table rows. Raises UnreadableFile if it has no text."""
    data = path.read_bytes()
    declared = _DECLARED.search(data[:4096])
    source, warnings = decode(data, declared[1].decode("ascii") if declared else "")
    if _CROWDED.search(source):
        raise UnreadableFile(
            f"one of its tags has more than {MOST_IN_TAG:,} attributes; it is damaged, replace it with a sound copy."
        )
    tree = _load(source)
    if tree is None:
        raise UnreadableFile("it is no HTML page that can be read; replace it with a sound copy.")
    if _depth(tree) >= DEEPEST:
        warnings = (
            *warnings,
            f"its tags stand more than {DEEPEST} deep in each other; what is deeper or comes after that is lost.",
        )
    language = _language(tree)
    shown = deepcopy(tree)
    _prepare(tree)
    found = _main_text(tree) if len(source) <= LARGEST and len(list(tree.iter())) <= MOST_ELEMENTS else None
    if found is not None:
        _cut_links(found.body, tree)
    metadata, more = _metadata(found, shown, language)
    builder, doubts = _blocks(tree, found)
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("it holds no text: perhaps a page that a script fills in; save it from a browser, or as PDF.")
    return (Parsed(text, blocks, pages, metadata, READER, (*warnings, *doubts, *more)),)


def add_page(builder: TextBuilder, page: str) -> None:
    """Add all the text of a page or a piece of one by its tags: for pages that are no articles, such as mail."""
    if page.strip("\0 \t\r\n"):
        tree = html.document_fromstring(_XML_DECLARATION.sub("", page.replace("\0", ""), count=1), ensure_head_body=True)
        _prepare(tree)
        add_blocks(builder, tree)


def _load(source: str) -> html.HtmlElement | None:
    source = _XML_DECLARATION.sub("", source.replace("\0", ""), count=1)
    tree: html.HtmlElement | None = trafilatura.load_html(source)
    return tree


def _depth(tree: html.HtmlElement) -> int:
    """How many tags the innermost one stands in."""
    depth = deepest = -1
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _language(tree: html.HtmlElement) -> str:
    """What the page says of its language, the first that is a code."""
    said = [*tree.xpath("@lang"), *tree.xpath("@*[name()='xml:lang']"), *tree.xpath(".//body/@lang")]
    said += tree.xpath(".//meta[translate(@http-equiv, 'CL', 'cl')='content-language' or @property='og:locale']/@content")
    return next((code for value in said if (code := language_code(str(value)))), "")


def _prepare(tree: html.HtmlElement) -> None:
    """Take out what a browser does not show, unless that is most of the page (which a script then shows).

    Two marks go that trafilatura's stricter mode takes for those of menus and advertisements: a border (Word draws the lines
    under its headings so), and the header of an article, where its title and its lead stand.
    """
    words = len(_WORD.findall(tree.text_content()))
    for element in tree.xpath(".//*[@hidden or @style]"):
        style = element.get("style") or ""
        hidden = element.get("hidden") is not None or _HIDDEN_STYLE.search(style) is not None
        if hidden and element.getparent() is not None and 2 * len(_WORD.findall(element.text_content())) < words:
            element.drop_tree()
        elif "border" in style:
            element.set("style", _BORDER_STYLE.sub("", style))
    for header in tree.xpath(".//*[self::article or self::main]//header"):
        header.tag = "div"
    spanning = tree.xpath(".//td[@colspan or @rowspan] | .//th[@colspan or @rowspan]")
    if sum(spanned(cell, "colspan") * spanned(cell, "rowspan") for cell in spanning) > MOST_ELEMENTS:
        for cell in spanning:  # trafilatura makes as many cells as they say
            cell.attrib.pop("colspan", None)
            cell.attrib.pop("rowspan", None)
    texts: dict[html.HtmlElement, str] = {}  # of what stands around quotations, for all of them
    for quote in tree.iter("blockquote"):
        _free(quote, texts)


def _free(quote: html.HtmlElement, texts: dict[html.HtmlElement, str]) -> None:
    """Take the marks off a quotation and off what holds nothing else: trafilatura drops what is "embedded", posts of others
    that an article quotes among them."""
    text = " ".join(quote.text_content().split())
    element: html.HtmlElement | None = quote
    while element is not None and element.tag not in ("body", "article", "main") and len(text) > 20:
        if element is not quote and element not in texts:
            texts[element] = " ".join(element.text_content().split())
        if element is not quote and texts[element] != text:
            return
        for name in ("class", "id"):
            element.attrib.pop(name, None)
        element = element.getparent()


def _main_text(tree: html.HtmlElement) -> Page | None:
    """trafilatura's stricter extraction, or the milder one where the stricter lost too much of it."""
    mild, strict = (_extracted(tree, precisely) for precisely in (False, True))
    if mild is None or strict is None:
        return mild or strict
    return strict if _words(strict.body) >= MOST_LEFT_OUT * _words(mild.body) else mild


def _extracted(tree: html.HtmlElement, precisely: bool) -> Page | None:
    found = trafilatura.bare_extraction(
        deepcopy(tree),
        favor_precision=precisely,
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    return found if isinstance(found, Page) and found.body is not None else None


def _words(element: etree._Element) -> int:
    return len(_WORD.findall(" ".join(map(str, element.itertext()))))


def _cut_links(body: etree._Element, tree: html.HtmlElement) -> None:
    """Take out the lists at the end of an article whose items are links to other pages, if they are few beside it."""
    links = {"".join(link.text_content().split()) for link in tree.iter("a")}
    for element in list(body)[-LAST:]:
        items = [_text(item) for item in element.iterchildren("item")] if element.tag == "list" else []
        linked = sum("".join(item.split()) in links for item in items)
        if linked >= FEWEST_LINKS and 2 * linked > len(items) and _words(element) <= MOST_LINKS * _words(body):
            body.remove(element)


def _metadata(found: Page | None, tree: html.HtmlElement, language: str) -> tuple[Metadata, tuple[str, ...]]:
    """Title, date, author, site and canonical address. The links in the text are not kept: nothing shows them."""
    if found is None:
        return metadata_from({"language": language})
    raw = {"title": found.title, "publisher": found.sitename, "url": found.url, "language": language}
    raw |= {"date": published(tree, found.date or ""), "author": author(found.author or "")}
    return metadata_from({key: value for key, value in raw.items() if value})


def _blocks(tree: html.HtmlElement, found: Page | None) -> tuple[TextBuilder, tuple[str, ...]]:
    """The main text, or the whole page where there is none to tell; a warning where either is doubtful."""
    body = tree.find(".//body")
    whole = TextBuilder()
    add_blocks(whole, tree if body is None else body)
    words, taken = len(_WORD.findall(whole.build()[0])), _words(found.body) if found else 0
    if found is None or taken < FEWEST or (words <= WHOLE * taken and _is_flat(found.body)):
        told = "no main text was found; the whole page was taken, its menus perhaps included."
        return whole, (told,) if words > DOUBTFUL * taken else ()
    builder = TextBuilder()
    _add_children(builder, found.body)
    told = f"the main text is {100 * taken // max(1, words)} % of the page's words; look whether it is the right part."
    return builder, (told,) if taken < LITTLE * words else ()


def _is_flat(body: etree._Element) -> bool:
    """Did the extraction keep words alone? The page's tags then tell more: headings, lists, tables."""
    return next(body.iter("head", "list", "table"), None) is None


def _add_children(builder: TextBuilder, element: etree._Element) -> None:
    """Walk trafilatura's own elements: head, p, list/item, table/row/cell, quote, code."""
    _add_lines(builder, element.text or "")
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
                _add_lines(builder, line)
        _add_lines(builder, child.tail or "")


def _add_lines(builder: TextBuilder, text: str) -> None:
    kind, line, level = line_kind(" ".join(text.split()))
    builder.add(kind, line, level)


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
    # Its own rows: those of a table in a cell come with the cell.
    own = (row for row in table.iter("row") if next(row.iterancestors("table")) is table)
    cells = [list(row.iterchildren("cell")) for row in own]
    rows = [[_text(cell) for cell in row] for row in cells]
    in_columns = any(sum(map(bool, row)) > 1 for row in rows)
    if not in_columns or any(len(cell) > LONGEST_CELL for row in rows for cell in row):  # it only lays out the page
        for row in cells:
            for cell in row:
                _add_children(builder, cell)
        return
    has_header = bool(cells) and bool(cells[0]) and all(cell.get("role") == "head" for cell in cells[0])
    for line in table_rows(rows, has_header or names_columns(rows)):
        builder.add("table_row", line)


def _text(element: etree._Element) -> str:
    return " ".join(_lines(element))


def _lines(element: etree._Element) -> list[str]:
    """The element's text, parted at line breaks; its tail not included."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append("\n")
        elif child.tag in ("p", "item", "list", "row", "cell", "quote", "head", "div"):
            parts.append("\n" + "\n".join(_lines(child)) + "\n")
        elif isinstance(child.tag, str):
            parts.append("\n".join(_lines(child)))
        parts.append(child.tail or "")
    return [line for line in "".join(parts).split("\n") if line.strip()]
