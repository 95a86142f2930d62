"""Web pages: trafilatura finds the main text among menus and advertisements; a page that is all text is read by its own tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from importlib.metadata import version

import trafilatura
from lxml import etree, html
from trafilatura.settings import Document as Page

from ingest.archive import File
from ingest.article_body import tidy, words
from ingest.encodings import decode
from ingest.metadata import language_code, metadata_from
from ingest.page_blocks import add_blocks
from ingest.page_facts import Line, author, named, published
from ingest.page_shown import MOST_ELEMENTS, prepare
from ingest.table_grid import LONGEST_CELL, names_columns
from ingest.text import TextBuilder, UnreadableFile, line_kind, table_rows
from ingest.web_archive import page_in
from kb.records import Metadata, Parsed

READER = f"trafilatura {version('trafilatura')}"
MOST_LEFT_OUT = 0.6  # of what the milder extraction finds; the stricter one is not believed where it drops more
WHOLE = 1.1  # times the main text: a page that has no more words is a document, not an article among menus
FEWEST = 60  # words of a main text that is believed
DOUBTFUL = 1.5  # times the main text that was not believed
LARGEST = 4_000_000  # characters of a page among whose menus we look for an article: 15 s; the largest that we met has 0.4
LITTLE = 0.15  # share of the page's words below which the operator is told; the least of 20 news pages is .26

FIRST = 3  # blocks among which a document's own heading is looked for
FEW = 40  # words of a page below which the operator is told
_DOCUMENT = re.compile(r"[^/=?&]+\.(?:pdf|docx?|odt|rtf)\b", re.IGNORECASE)
TEMPLATES = ("en", "ru")  # languages that pages in any other say of themselves: the text tells then

_DECLARED = re.compile(
    rb"<(?:meta\s[^>]{0,300}?charset|\?xml\s[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.I
)
# One tag of 100,000 attributes took the parser more than a minute, since it looks for each among those before it.
MOST_IN_TAG = 20_000
DEEPEST = 255  # tags in each other; there libxml2 ends the page, and tells nobody
_CROWDED = re.compile(rf"<[A-Za-z](?>[^<>\s]*+\s++){{{MOST_IN_TAG}}}")
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>", re.I)
_WORD = re.compile(r"\w+")


def read(path: File) -> tuple[Parsed, ...]:
    """A page's main text with headings, paragraphs, lists and table rows. Raises UnreadableFile if it has no text."""
    saved = page_in(path.read_bytes())
    declared = _DECLARED.search(saved.data[:4096])
    source, warnings = decode(saved.data, saved.charset or (declared[1].decode("ascii") if declared else ""))
    tree = _sound(source)
    if _depth(tree) >= DEEPEST:
        warnings = (
            *warnings,
            f"its tags stand more than {DEEPEST} deep in each other; what is deeper or comes after that is lost.",
        )
    if next(tree.iter("frameset"), None) is not None:
        raise UnreadableFile("it is a set of frames, whose text is in files of their own; save the frame with the text alone.")
    language = _language(tree)
    shown = deepcopy(tree)
    prepare(tree)
    found = _main_text(tree) if len(source) <= LARGEST and len(list(tree.iter())) <= MOST_ELEMENTS else None
    whole = _whole(tree)
    builder, doubts = _blocks(whole, found)
    text, blocks, pages = builder.build()
    found = found or Page()
    found.url = found.url or saved.address
    found.language = "" if language in TEMPLATES else language
    metadata, more = _metadata(found, shown, _seen(whole), _seen(builder)[:FIRST])
    few = _few_words(len(_WORD.findall(text)), shown)
    if not text:
        raise UnreadableFile(f"it holds no text: {few}")
    return (Parsed(text, blocks, pages, metadata, READER, (*warnings, *doubts, *((few,) if few else ()), *more)),)


def _few_words(words: int, tree: html.HtmlElement) -> str:
    """A sentence on a page that hardly holds text: what it shows in its stead, or why there may be none."""
    if words >= FEW:
        return ""
    told = f"the page has {words} words; "
    for element in tree.iter("iframe", "embed", "object"):
        if name := _DOCUMENT.search(element.get("src") or element.get("data") or ""):
            return f"{told}it shows another file, {name[0][:100]}, which has the text: add that file."
    return f"{told}perhaps a script fills it in or the site refused it: save it from a browser, or as PDF."


def add_page(builder: TextBuilder, page: str) -> None:
    """Add all the text of a page or a piece of one by its tags: for pages that are no articles, such as mail."""
    if page.strip("\0 \t\r\n"):
        tree = html.document_fromstring(_XML_DECLARATION.sub("", page.replace("\0", ""), count=1), ensure_head_body=True)
        prepare(tree)
        add_blocks(builder, tree)


def _load(source: str) -> html.HtmlElement | None:
    source = _XML_DECLARATION.sub("", source.replace("\0", ""), count=1)
    tree: html.HtmlElement | None = trafilatura.load_html(source)
    return tree


def _sound(source: str) -> html.HtmlElement:
    if _CROWDED.search(source):
        told = f"one of its tags has more than {MOST_IN_TAG:,} attributes; it is damaged, replace it with a sound copy."
        raise UnreadableFile(told)
    tree = _load(source)
    if tree is None:
        raise UnreadableFile("it is no HTML page that can be read; replace it with a sound copy.")
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


def _main_text(tree: html.HtmlElement) -> Page | None:
    """trafilatura's stricter extraction, or the milder one where the stricter lost too much of it."""
    mild, strict = (_extracted(tree, precisely) for precisely in (False, True))
    is_strict = strict is not None and (mild is None or _words(strict.body) >= MOST_LEFT_OUT * _words(mild.body))
    found = strict if is_strict else mild
    if found is not None:
        tidy(found.body, tree, found.title or "", mild.body if is_strict and mild is not None else None)
    return found


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
    return len(words(element))


def _metadata(
    found: Page, tree: html.HtmlElement, lines: Sequence[Line], first: Sequence[Line]
) -> tuple[Metadata, tuple[str, ...]]:
    """Title, date, author, site and canonical address. The links in the text are not kept: nothing shows them.

    `lines` are those of the whole page, `first` the first of the document's text.
    """
    texts = [text for _, text in lines]
    title = named(found.title or "", texts, [text for kind, text in first if kind == "heading"], tree)
    raw = {"title": title, "publisher": found.sitename, "url": found.url, "language": found.language}
    raw |= {"date": published(tree, found.date or "", lines, title), "author": author(found.author or "")}
    return metadata_from({key: value for key, value in raw.items() if value})


def _seen(builder: TextBuilder) -> list[Line]:
    text, blocks, _ = builder.build()
    return [(block.kind, text[block.start : block.end]) for block in blocks]


def _whole(tree: html.HtmlElement) -> TextBuilder:
    """All of the page by its tags, but for its menus."""
    body = tree.find(".//body")
    builder = TextBuilder()
    add_blocks(builder, tree if body is None else body)
    return builder


def _blocks(whole: TextBuilder, found: Page | None) -> tuple[TextBuilder, tuple[str, ...]]:
    """The main text, or the whole page where there is none to tell; a warning where either is doubtful."""
    all_words, taken = len(_WORD.findall(whole.build()[0])), _words(found.body) if found else 0
    if found is None or taken < FEWEST or (all_words <= WHOLE * taken and _is_flat(found.body)):
        told = "no main text was found; the whole page was taken, its menus perhaps included."
        return whole, (told,) if all_words > DOUBTFUL * taken else ()
    builder = TextBuilder()
    _add_children(builder, found.body)
    told = f"the main text is {100 * taken // max(1, all_words)} % of the page's words; look whether it is the right part."
    return builder, (told,) if taken < LITTLE * all_words else ()


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
        inner = [(child, child.tail or "") for child in item if child.tag == "list"]
        for child, _ in inner:
            item.remove(child)  # and with it what stands behind it
        builder.add("list_item", (f"{number}. " if ordered else "") + _text(item))
        for child, behind in inner:
            if depth < 20:
                _add_list(builder, child, depth + 1)
            builder.add("list_item", " ".join(behind.split()))


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
