"""PDF files through reportlab: embedded Noto subsets, printed page labels in the catalog, bookmarks, running heads, footnotes.

Pages are laid out again until each footnote stands on the page of its mark; three passes were enough for every document.
"""

from __future__ import annotations

import html
import io
import os
import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from source import Piece, Written

FONTS = Path("/usr/share/fonts/truetype/noto")  # Debian: fonts-noto-core
FACES = {"Serif": "NotoSerif-Regular.ttf", "Serif-Italic": "NotoSerif-Italic.ttf", "Sans-Bold": "NotoSans-Bold.ttf"}
ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii")
PADDING = 6  # points inside a frame
CELL_PADDING = 4  # points left and right in a table's cell
LEFT, BOTTOM, GUTTER = 2.4 * cm, 2.3 * cm, 0.7 * cm
WIDTH, HEIGHT = A4[0] - 2 * LEFT, A4[1] - 4.8 * cm
INK, RULE, SHADE = colors.HexColor("#1f2a37"), colors.HexColor("#8a94a3"), colors.HexColor("#eef1f5")
FOOTNOTE = re.compile(r"\s*\^\[([^\]]+)\]")
ADDRESS = re.compile(r" (https?://\S+)")
PASSES = 6
KEPT_ROWS = 8  # a longer table may run over a page's end, its header again on the next page

BODY = ParagraphStyle(
    "body", fontName="Serif", fontSize=10.5, leading=15.2, spaceAfter=7, allowWidows=0, allowOrphans=0, textColor=INK
)
LEAD = ParagraphStyle("lead", BODY, fontName="Serif-Italic", fontSize=11, leading=16)
ITEM = ParagraphStyle("item", BODY, leftIndent=16, bulletIndent=4)
NARROW = ParagraphStyle("narrow", BODY, fontSize=9.2, leading=12.8, spaceAfter=5)
NARROW_ITEM = ParagraphStyle("narrow-item", NARROW, leftIndent=12, bulletIndent=2)
CELL = ParagraphStyle("cell", BODY, fontSize=9, leading=12, spaceAfter=0)
CELL_HEAD = ParagraphStyle("cell-head", CELL, fontName="Sans-Bold")
NARROW_CELL = ParagraphStyle("narrow-cell", CELL, fontSize=7.4, leading=9.6)
NARROW_HEAD = ParagraphStyle("narrow-head", NARROW_CELL, fontName="Sans-Bold")
NOTE_STYLE = ParagraphStyle("note", BODY, fontSize=8.5, leading=11.5, spaceAfter=4, leftIndent=14, firstLineIndent=-14)
FOOT_STYLE = ParagraphStyle("footnote", BODY, fontSize=8, leading=10.5, spaceAfter=2)
TITLE = ParagraphStyle("title", BODY, fontName="Sans-Bold", fontSize=21, leading=27, spaceBefore=90, spaceAfter=20)
H2 = ParagraphStyle("h2", BODY, fontName="Sans-Bold", fontSize=14, leading=18, spaceBefore=12, spaceAfter=6)
H3 = ParagraphStyle("h3", H2, fontSize=11.5, leading=15, spaceBefore=8, spaceAfter=4)
NARROW_H2 = ParagraphStyle("h2", H2, fontSize=12, leading=15)
NARROW_H3 = ParagraphStyle("h3", H3, fontSize=10, leading=13)
for _heading in (TITLE, H2, H3, NARROW_H2, NARROW_H3):
    _heading.keepWithNext = 1
WIDE_STYLES = {"p": BODY, "li": ITEM, "h2": H2, "h3": H3, "cell": CELL, "head": CELL_HEAD}
NARROW_STYLES = {
    "p": NARROW, "li": NARROW_ITEM, "h2": NARROW_H2, "h3": NARROW_H3, "cell": NARROW_CELL, "head": NARROW_HEAD,
}  # fmt: skip


class Bookmarked(BaseDocTemplate):  # reportlab's own seam for bookmarks is afterFlowable
    """Enters each heading in the outline; `footnotes` are the texts to set by page, `room` the points kept free for them."""

    front_pages = 0
    footnotes: Mapping[int, list[str]]
    room: Mapping[int, float]
    seen: dict[int, list[str]]

    def afterFlowable(self, flowable: Flowable) -> None:
        style = getattr(getattr(flowable, "style", None), "name", "")
        if style in ("title", "h2", "h3"):
            level = {"title": 0, "h2": 0, "h3": 1}[style]
            key = f"heading-{self.seq.nextf('heading')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level, closed=False)


class Footed(PageTemplate):
    """A page whose frames end above its footnotes."""

    def beforeDrawPage(self, canvas: Any, doc: Bookmarked) -> None:
        room = doc.room.get(doc.page, 0.0)
        columns = len(self.frames)
        width = (WIDTH - (columns - 1) * GUTTER) / columns
        for column, frame in enumerate(self.frames):
            frame.__init__(LEFT + column * (width + GUTTER), BOTTOM + room, width, HEIGHT - room, id=f"column-{column}")
        canvas.setNamedCB("footnote", lambda _canvas, _kind, label: doc.seen.setdefault(doc.page, []).append(label))


def missing_fonts() -> list[str]:
    """Paths of the font files that are not there (Debian package fonts-noto-core)."""
    return [str(FONTS / name) for name in FACES.values() if not (FONTS / name).is_file()]


def as_pdf(document: Written) -> bytes:
    rl_config.invariant = 1  # no clock and no random id in the file
    os.environ["SOURCE_DATE_EPOCH"] = str(int(document.when.replace(tzinfo=UTC).timestamp()))  # reportlab's time of making
    for name, file in FACES.items():
        pdfmetrics.registerFont(TTFont(name, FONTS / file))
    _check_letters(document)
    notes: dict[int, list[str]] = {}
    room: dict[int, float] = {}  # never less than in an earlier pass, or a mark near the end of a page moves to and fro
    for _ in range(PASSES):
        content, seen = _laid_out(document, notes, room)
        if seen == notes:
            return content
        notes = seen
        room = {page: max(room.get(page, 0.0), _foot_height(notes.get(page, []))) for page in {*room, *notes}}
    raise ValueError(f"{document.out}: the footnotes do not settle on pages; move one of them to another paragraph.")


def _laid_out(document: Written, notes: Mapping[int, list[str]], room: Mapping[int, float]) -> tuple[bytes, dict[int, list[str]]]:
    buffer = io.BytesIO()
    publisher, running = str(document.meta["publisher"]), document.title
    book = Bookmarked(buffer, pagesize=A4, title=running, author=publisher, creator=publisher, subject="", invariant=1)
    book.lang = document.meta["language"]
    book.footnotes, book.room, book.seen = notes, room, {}
    columns = 2 if document.layout == "two-column" else 1
    frames = [Frame(LEFT, BOTTOM, WIDTH, HEIGHT) for _ in range(columns)]

    def on_page(canvas: Any, doc: Bookmarked) -> None:
        _body_page(canvas, doc, running)

    book.addPageTemplates(
        [
            Footed("front", [Frame(LEFT, BOTTOM, WIDTH, HEIGHT)], onPage=_front_page),
            Footed("body", frames, onPage=on_page),
            Footed("sources", [Frame(LEFT, BOTTOM, WIDTH, HEIGHT)], onPage=on_page),
        ]
    )
    book.build(_story(document))
    return buffer.getvalue(), book.seen


def _check_letters(document: Written) -> None:
    """Raises ValueError for a letter that the embedded fonts cannot draw: it would be an empty box."""
    texts = [document.title, *document.notes, *(piece.text for piece in document.pieces)]
    texts += [cell for piece in document.pieces for row in piece.rows for cell in row]
    for name in FACES:
        known = pdfmetrics.getFont(name).face.charToGlyph
        if absent := sorted({letter for letter in "".join(texts) if ord(letter) not in known}):
            raise ValueError(f"{document.out}: font {name} has no glyph for {''.join(absent)!r}; use other words or a gloss.")


def _front_page(canvas: Any, doc: Bookmarked) -> None:
    doc.front_pages = doc.page
    canvas.addPageLabel(0, "ROMAN_LOWER", 1)
    _foot(canvas, doc, ROMAN[doc.page])


def _body_page(canvas: Any, doc: Bookmarked, running: str) -> None:
    if doc.page == doc.front_pages + 1:
        canvas.addPageLabel(doc.front_pages, "ARABIC", 1)
    canvas.setFont("Serif-Italic", 8.5)
    canvas.setFillColor(INK)
    canvas.drawString(LEFT + PADDING, A4[1] - 1.6 * cm, running)
    canvas.setStrokeColor(RULE)
    canvas.line(LEFT + PADDING, A4[1] - 1.8 * cm, A4[0] - LEFT - PADDING, A4[1] - 1.8 * cm)
    _foot(canvas, doc, str(doc.page - doc.front_pages))


def _foot(canvas: Any, doc: Bookmarked, label: str) -> None:
    notes = doc.footnotes.get(doc.page, [])
    if notes:
        top = BOTTOM + _foot_height(notes) - 6
        canvas.line(LEFT + PADDING, top, LEFT + PADDING + 4 * cm, top)
        for note in notes:
            paragraph = Paragraph(note, FOOT_STYLE)
            top -= paragraph.wrap(WIDTH - 2 * PADDING, HEIGHT)[1] + FOOT_STYLE.spaceAfter
            paragraph.drawOn(canvas, LEFT + PADDING, top)
    canvas.setFont("Serif", 9)
    canvas.setFillColor(INK)
    canvas.drawCentredString(A4[0] / 2, 1.4 * cm, label)


def _foot_height(notes: list[str]) -> float:
    """Points that the footnotes of a page take, with the rule above them."""
    heights = (Paragraph(note, FOOT_STYLE).wrap(WIDTH - 2 * PADDING, HEIGHT)[1] + FOOT_STYLE.spaceAfter for note in notes)
    return sum(heights) + 10 if notes else 0.0


def _story(document: Written) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(html.escape(document.title), TITLE)]
    narrow = document.layout == "two-column"
    styles = WIDE_STYLES | {"p": LEAD}
    marks = _Footnotes()
    for piece in document.pieces:
        if piece.kind == "body":
            story += [NextPageTemplate("body"), PageBreak()]
            styles = NARROW_STYLES if narrow else WIDE_STYLES
        else:
            story += _flowables(piece, styles, marks, (WIDTH - GUTTER) / 2 if styles is NARROW_STYLES else WIDTH)
    story = _with_headings(story)
    if narrow:  # addresses need the width of the page
        story += [NextPageTemplate("sources"), PageBreak()]
    story.append(Paragraph(document.sources_heading, WIDE_STYLES["h2"]))
    return story + [KeepTogether([_paragraph(html.escape(note), NOTE_STYLE, WIDTH)]) for note in document.notes]


def _paragraph(markup: str, style: ParagraphStyle, width: float, **options: Any) -> Paragraph:
    """An address that is longer than a line begins on one of its own and breaks after a hyphen or sign, where readers join it."""
    room = width - 2 * PADDING - style.leftIndent

    def broken(match: re.Match[str]) -> str:
        lines = _lines(html.unescape(match[1]), style, room)
        return "".join(f"<br/>{html.escape(line)}" for line in lines) if len(lines) > 1 else match[0]

    return Paragraph(ADDRESS.sub(broken, markup), style, **options)


def _lines(address: str, style: ParagraphStyle, room: float) -> list[str]:
    """The address in lines of at most `room` points; a longer stretch without a sign stays whole, and is cut when drawn."""
    lines = [""]
    for piece in re.findall(r"https?://[^-_=&?%]*[-_=&?%]?|[^-_=&?%]*[-_=&?%]|[^-_=&?%]+$", address):
        if lines[-1] and pdfmetrics.stringWidth(lines[-1] + piece, style.fontName, style.fontSize) > room:
            lines.append("")
        lines[-1] += piece
    return lines


def _with_headings(story: list[Flowable]) -> list[Flowable]:
    """Put a heading into the kept block of the table under it: keepWithNext alone lets such a block slip to the next page."""
    kept: list[Flowable] = []
    for flowable in story:
        if isinstance(flowable, KeepTogether):
            start = len(kept)
            while start and getattr(getattr(kept[start - 1], "style", None), "name", "") in ("h2", "h3"):
                start -= 1
            kept[start:] = [KeepTogether([*kept[start:], *flowable._content])]
        else:
            kept.append(flowable)
    return kept


class _Footnotes:
    """Counts a document's footnotes, and sets a raised number with a call that tells the page on which it was drawn."""

    count = 0

    def set(self, text: str) -> str:
        parts = FOOTNOTE.split(html.escape(text, quote=False))
        for place in range(1, len(parts), 2):
            self.count += 1
            label = html.escape(f"<super>{self.count}</super> {parts[place]}")
            parts[place] = f'<super>{self.count}</super><onDraw name="footnote" label="{label}"/>'
        return "".join(parts)


def _flowables(piece: Piece, styles: Mapping[str, ParagraphStyle], marks: _Footnotes, width: float) -> list[Flowable]:
    if piece.kind == "table":
        table = _table(piece, styles, width - 2 * PADDING)
        return [table if len(piece.rows) > KEPT_ROWS else KeepTogether([table]), Spacer(1, 10)]
    if piece.kind == "page":
        return [PageBreak()]
    text = marks.set(piece.text)
    return [_paragraph(text, styles[piece.kind], width, bulletText="•" if piece.kind == "li" else None)]


def _table(piece: Piece, styles: Mapping[str, ParagraphStyle], width: float) -> Table:
    head, *rows = piece.rows
    cells = [[Paragraph(html.escape(cell), styles["head"]) for cell in head]]
    cells += [[Paragraph(html.escape(cell), styles["cell"]) for cell in row] for row in rows]
    widths = _widths(piece.rows, styles, width)
    table = Table(cells, colWidths=widths, repeatRows=1, spaceBefore=4)
    lines = [("GRID", (0, 0), (-1, -1), 0.4, RULE), ("BACKGROUND", (0, 0), (-1, 0), SHADE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    lines += [(side, (0, 0), (-1, -1), CELL_PADDING) for side in ("LEFTPADDING", "RIGHTPADDING")]
    table.setStyle(TableStyle(lines))
    return table


def _widths(rows: tuple[tuple[str, ...], ...], styles: Mapping[str, ParagraphStyle], width: float) -> list[float]:
    """Points for each column: room for its longest word, and what is left in proportion to its longest text.

    Words that are too long for the page together are broken, each column's in proportion.
    """
    padding = 2 * CELL_PADDING + 1

    def drawn(text: str, head: bool) -> float:
        style = styles["head" if head else "cell"]
        return pdfmetrics.stringWidth(text, style.fontName, style.fontSize)

    least, wanted = [], []
    for column in range(len(rows[0])):
        cells = [(row[column], number == 0) for number, row in enumerate(rows)]
        least.append(max(drawn(word, head) for text, head in cells for word in (text.split() or [""])) + padding)
        wanted.append(max(drawn(text, head) for text, head in cells) + padding)
    spare = width - sum(least)
    if spare <= 0:
        return [width * part / sum(least) for part in least]
    more = [max(0.0, full - part) for full, part in zip(wanted, least, strict=True)]
    return [part + spare * (extra + 1) / (sum(more) + len(more)) for part, extra in zip(least, more, strict=True)]
