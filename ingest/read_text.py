"""Plain text and Markdown: encodings, paragraphs, headings, front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version

from lxml import html
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from ingest.archive import File
from ingest.encodings import decode
from ingest.header import Header, header_lines
from ingest.metadata import merge, metadata_from, raw_metadata
from ingest.page_blocks import add_blocks
from ingest.stated import checked_header
from ingest.text import TextBuilder, UnreadableFile, heading_level, line_kind, normalise, rejoin_lines, table_rows
from kb.records import Metadata, Parsed
from kb.references import is_reference_list

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.S)


def read_plain(path: File) -> tuple[Parsed, ...]:
    """A .txt file; form feeds, where there are any, end its pages. Raises UnreadableFile if it holds no text."""
    text, warnings = decode(path.read_bytes())
    metadata, body, more = front_matter(text)
    header, body = header_lines(body)
    builder = TextBuilder()
    pages = body.split("\f")
    for number, page in enumerate(pages if body.strip("\f \n").count("\f") else [body], 1):
        if len(pages) > 1 and page is not body:
            builder.start_page(number, None)
        add_plain_text(builder, page)
    parsed = _parsed(builder, metadata, "text 2", (*warnings, *more))
    return (parsed if header is None else _with_header(parsed, header),)


def _with_header(parsed: Parsed, header: Header) -> Parsed:
    """Front matter goes before the header, and the text's own word before the header's dates."""
    given, warnings = metadata_from(header.raw)
    claims = {"signed_on": header.signed, "in_force_since": header.in_force}
    given, more = checked_header(given, claims, parsed.text, parsed.blocks)
    return replace(parsed, metadata=merge(parsed.metadata, given), warnings=(*parsed.warnings, *warnings, *more))


def read_markdown(path: File) -> tuple[Parsed, ...]:
    """A Markdown file: headings, paragraphs, lists, tables, footnotes; inline marks go, a link's text stays, pieces of HTML
    are read by their tags."""
    text, warnings = decode(path.read_bytes())
    metadata, body, more = front_matter(text)
    builder = TextBuilder()
    tokens = (
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).use(footnote_plugin, inline=False).parse(body)
    )
    _add_markdown(builder, tokens)
    return (_parsed(builder, metadata, f"markdown-it-py {version('markdown-it-py')}", (*warnings, *more)),)


def _parsed(builder: TextBuilder, metadata: Metadata, reader: str, warnings: tuple[str, ...]) -> Parsed:
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("it holds no text, only spaces or metadata; replace or remove it.")
    return Parsed(text, blocks, pages, metadata, reader, warnings)


def front_matter(text: str) -> tuple[Metadata, str, tuple[str, ...]]:
    """The metadata between `---` lines at the very start, the rest of the text, and warnings."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _FRONT_MATTER.match(text)
    if not found or ":" not in found[1]:
        return Metadata(), text, ()
    try:
        metadata, warnings = metadata_from(raw_metadata(found[1], "yaml"))
    except ValueError as error:
        return Metadata(), text[found.end() :], (f"the front matter is not used: {error}.",)
    return metadata, text[found.end() :], warnings


def add_plain_text(builder: TextBuilder, text: str) -> None:
    """Add paragraphs (parted by empty lines), headings and list items of a plain text."""
    lines = normalise(text).split("\n")
    found = [line_kind(rejoin_lines(paragraph)) for paragraph in _paragraphs(lines, _is_wrapped(lines))]
    if not any(kind == "heading" for kind, _, _ in found):  # law has its own, by their wording
        found = _with_headings(found, _alone(lines))
    for kind, content, level in found:
        builder.add(kind, content, level)


HEADING = 90  # characters; a longer line between empty ones is a paragraph without an end
TELLING = 60  # characters from which a paragraph under a heading is text, and not the next line of an address or a list
_ENDED = (*".!?:;,۔؟،…", ")")
_SALUTES = re.compile(r"(?:dear|respected|sir|madam|уважаем\w+|جناب|محترم)\b", re.I)


def _alone(lines: Sequence[str]) -> frozenset[str]:
    """The lines that stand between empty ones and may be headings: short, and not ended as a sentence is."""
    around = zip(lines, ["", *lines], [*lines[1:], ""], strict=False)
    return frozenset(line for line, before, after in around if line and not before and not after and _may_head(line))


def _may_head(line: str) -> bool:
    """Short, in words (a page's number and a document's symbol are figures), without a sentence's end, no address to a reader."""
    worded = sum(map(str.isalpha, line)) > max(2, sum(map(str.isdigit, line)))
    return worded and len(line) <= HEADING and line[-1] not in _ENDED and not _SALUTES.match(line)


def _with_headings(found: Sequence[tuple[str, str, int]], alone: frozenset[str]) -> list[tuple[str, str, int]]:
    """Make headings of the lines that stand alone over text, or over another such line: that one is of the level above. A
    known name of a list of sources is one wherever it stands."""
    made: list[tuple[str, str, int]] = []
    for index, (kind, content, level) in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else None
        if kind != "paragraph" or following is None or content not in alone:
            made.append((kind, content, level))
        elif index == 0:
            made.append(("heading", content, 1))
        elif is_reference_list([content]) or (following[1] in alone and _is_over_text(found, index + 1)):
            made.append(("heading", content, 2))
        elif _is_over_text(found, index):
            made.append(("heading", content, 3))
        else:
            made.append((kind, content, level))
    return made


def _is_over_text(found: Sequence[tuple[str, str, int]], index: int) -> bool:
    return index + 1 < len(found) and found[index + 1][0] == "paragraph" and len(found[index + 1][1]) >= TELLING


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Were the lines broken at a width (so that a paragraph goes over many)? If not, every line is a paragraph.

    The speeches of the 1990s run to 62 characters a line, texts with a line for each paragraph to 400 and more.
    """
    inner = sorted(len(line) for line, following in zip(lines, [*lines[1:], ""], strict=True) if line and following)
    width = inner[len(inner) * 19 // 20] if inner else 0  # not the longest of all: an address or a table's row may stick out
    return bool(inner) and width <= 120 and sum(length >= 0.6 * width for length in inner) >= 0.5 * len(inner)


_STARTS = re.compile(r"(?:[•●▪◦*–—-]|\(?(?:[a-zа-я]|[ivx]{1,5})\)|\d{1,3}(?:\.\d{1,2})*[.)])\s+\S")


def _paragraphs(lines: Sequence[str], wrapped: bool) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in lines:
        alone = not wrapped or (heading_level(line) > 0 and not (paragraph and heading_level(paragraph[-1]) == 2))
        if paragraph and (not line or alone or _STARTS.match(line) or _ends_short(paragraph, wrapped)):
            yield paragraph
            paragraph = []
        if line:
            paragraph.append(line)
        if paragraph and alone:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


LINES_ABOVE = 40  # a page's; all of them, asked for at each line, took a text of 25,000 lines without an empty one minutes


def _ends_short(paragraph: Sequence[str], wrapped: bool) -> bool:
    """Does its last line end a sentence well before the width that the lines above it have?"""
    if not wrapped or len(paragraph) < 2:
        return False
    width = max(map(len, paragraph[-LINES_ABOVE:-1]))
    return paragraph[-1][-1] in ".!?:;۔؟" and len(paragraph[-1]) < 0.7 * width


def _add_markdown(builder: TextBuilder, tokens: Sequence[Token]) -> None:
    rows: list[list[str]] = []
    markers: list[str] = []
    heading, first, note = 0, False, ""
    for token in tokens:
        match token.type:
            case "heading_open":
                heading = int(token.tag[1])
            case "heading_close":
                heading = 0
            case "list_item_open":
                markers.append(f"{token.info}{token.markup} " if token.info else "")
                first = True
            case "list_item_close":
                markers.pop()
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "table_close":
                for row in table_rows(rows, has_header=True):
                    builder.add("table_row", row)
                rows = []
            case "inline" if rows:
                rows[-1].append(_plain(token))
            case "footnote_open":
                note = f"[{token.meta['id'] + 1}] "
            case "footnote_close":
                note = ""
            case "inline" if note:
                builder.add("note", note + _plain(token))
            case "inline" if heading:
                builder.add("heading", _plain(token), heading)
            case "inline":
                builder.add("list_item" if markers else "paragraph", (markers[-1] if markers and first else "") + _plain(token))
                first = False
            case "html_block":
                _add_html(builder, token.content)
            case "fence" | "code_block":
                builder.add("paragraph", token.content)


def _add_html(builder: TextBuilder, content: str) -> None:
    """Parsed as a page, since parsing a fragment fails at control characters."""
    tree = html.document_fromstring(f"<html><body>{content}", ensure_head_body=True)
    add_blocks(builder, tree.body)  # type: ignore[attr-defined]  # of html's elements, which the stubs forget


def _plain(token: Token) -> str:
    """The text of inline Markdown without its marks. A hard break is a space, an image its description."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (child.type == "html_inline" and child.content.startswith("<br")):
            parts.append(" ")
        elif child.type == "image":
            parts.append(child.content)
    return "".join(parts)
