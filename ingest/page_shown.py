"""A web page as a browser shows it and as trafilatura reads it whole: without what is hidden, and without marks and tags behind
which trafilatura loses text."""

from __future__ import annotations

import re

from lxml import html

from ingest.article_body import LEADS_ELSEWHERE
from ingest.page_blocks import data_rows, spanned

# Of a page among whose menus an article is looked for, and of what its cells span: trafilatura took 10 s for so many, and 26 for
# the 250,000 of a megabyte of "<p>a".
MOST_ELEMENTS = 100_000

_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BORDER_STYLE = re.compile(r"(?:^|;)[^;]*border[^;]*", re.I)
_WORD = re.compile(r"\w+")
# The text behind such an element with nothing in it was lost with it: `<p><a name="z5"></a>Article 5 …`, icons, flags.
_INLINE = (
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "big",
    "em",
    "font",
    "i",
    "ins",
    "label",
    "nobr",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "wbr",
)
_WORDLESS = ("img", "math", "svg")
_FILE = re.compile(r"\.(?:pdf|docx?|rtf|odt|xlsx?|zip)$", re.IGNORECASE)
_TABLE = ("tbody", "thead", "tfoot", "tr", "td", "th", "caption")
_BLOCKS = (*_TABLE, "table", "div", "p", "ul", "ol", "dl", "li", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
_LINES = ("p", "li", "td", "th", "dd", "dt", "blockquote", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", *_INLINE)
# Tags whose text trafilatura drops, and one that it keeps.
_KEPT_AS = {"center": "div", "data": "span", "dir": "ul", "fieldset": "div", "form": "div", "label": "span", "legend": "p"}
_KEPT_AS |= {"menu": "ul", "output": "span", "time": "span"}


def prepare(tree: html.HtmlElement) -> None:
    """Take out what a browser does not show, unless that is most of the page (which a script then shows), and what makes
    trafilatura lose text: an empty element before it, a tag that it does not know.

    Two marks go that trafilatura's stricter mode takes for those of menus and advertisements: a border (Word draws the lines
    under its headings so), and the header of an article, where its title and its lead stand.
    """
    _drop_hidden(tree)
    _drop_empty(tree)
    for element in list(tree.iter(*_KEPT_AS)):
        if element.tag != "time" or _is_in_sentence(element):
            element.tag = _KEPT_AS[element.tag]
            if element.tag == "div" and _is_line(element):
                element.tag = "p"
    for element in tree.iter():
        if isinstance(element.tag, str) and "-" in element.tag:
            element.tag = "span" if _is_in_sentence(element) else "div"
    _bound_spans(tree)
    _open_tables(tree)
    _unlink_announced(tree)
    for header in tree.xpath(".//*[self::article or self::main]//header"):
        header.tag = "div"
    texts: dict[html.HtmlElement, str] = {}  # of what stands around quotations, for all of them
    for quote in tree.iter("blockquote"):
        _free(quote, texts)


def _bound_spans(tree: html.HtmlElement) -> None:
    """Trafilatura makes as many cells as they say that they span."""
    spanning = tree.xpath(".//td[@colspan or @rowspan] | .//th[@colspan or @rowspan]")
    if sum(spanned(cell, "colspan") * spanned(cell, "rowspan") for cell in spanning) > MOST_ELEMENTS:
        for cell in spanning:
            cell.attrib.pop("colspan", None)
            cell.attrib.pop("rowspan", None)


def _open_tables(tree: html.HtmlElement) -> None:
    """Tables that lay out the page become divisions; lists in the cells of the others become paragraphs. From neither would
    trafilatura keep the lists."""
    for table in list(tree.iter("table")):
        if data_rows(table):
            for element in table.iter("ul", "ol", "dl", "li", "dt", "dd"):
                element.tag = "div" if element.tag in ("ul", "ol", "dl") else "p"
        else:
            own = [part for part in table.iterdescendants(*_TABLE) if next(part.iterancestors("table"), None) is table]
            for element in (*own, table):
                element.tag = "p" if element.tag in ("td", "th", "caption") and _is_line(element) else "div"


def _unlink_announced(tree: html.HtmlElement) -> None:
    """A list behind a colon is part of what the page says, though each item is a link: "The agreements that were signed:". So
    is what leads to files."""
    for link in list(tree.iter("a")):
        if _FILE.search(link.get("href") or "") and link.getparent() is not None:
            link.drop_tag()
    for items in tree.iter("ul", "ol"):
        before, parent = items.getprevious(), items.getparent()
        said = (
            (parent.text if parent is not None else "") if before is None else before.tail if (before.tail or "").strip() else ""
        )
        said = said or ("" if before is None or before.tag in ("ul", "ol", "nav") else before.text_content())
        if said.strip().endswith(":") and not LEADS_ELSEWHERE.match(said.strip()):
            for link in list(items.iter("a")):
                link.drop_tag()


def _drop_hidden(tree: html.HtmlElement) -> None:
    words = len(_WORD.findall(tree.text_content()))
    for element in tree.xpath(".//*[@hidden or @style]"):
        style = element.get("style") or ""
        hidden = element.get("hidden") is not None or _HIDDEN_STYLE.search(style) is not None
        if hidden and element.getparent() is not None and 2 * len(_WORD.findall(element.text_content())) < words:
            element.drop_tree()
        elif "border" in style:
            element.set("style", _BORDER_STYLE.sub("", style))


def _drop_empty(tree: html.HtmlElement) -> None:
    for element in [*tree.iter(*_WORDLESS)]:
        if element.getparent() is not None:
            element.drop_tree()
    for element in reversed([*tree.iter(*_INLINE)]):  # the inner ones first
        is_empty = not len(element) and not (element.text or "").strip()
        if (is_empty or element.tag in ("nobr", "wbr")) and element.getparent() is not None:
            element.drop_tag()


def _is_line(element: html.HtmlElement) -> bool:
    return next(element.iterdescendants(*_BLOCKS), None) is None


def _is_in_sentence(element: html.HtmlElement) -> bool:
    """Words beside it in the same line: else it is the line with the date of the article, or of another one."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None or parent.tag not in _LINES:
        return False
    beside = (parent.text, element.tail, before.tail if before is not None else "")
    return any(text and text.strip() for text in beside)


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
