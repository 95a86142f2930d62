"""PDF files through reportlab: embedded Noto subsets, printed page labels in the catalog, bookmarks, running heads."""

from __future__ import annotations

import html
import io
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
LEFT = 2.4 * cm + 6  # the frame pads its text by 6 points
INK, RULE, SHADE = colors.HexColor("#1f2a37"), colors.HexColor("#8a94a3"), colors.HexColor("#eef1f5")

BODY = ParagraphStyle(
    "body", fontName="Serif", fontSize=10.5, leading=15.2, spaceAfter=7, allowWidows=0, allowOrphans=0, textColor=INK
)
LEAD = ParagraphStyle("lead", BODY, fontName="Serif-Italic", fontSize=11, leading=16)
ITEM = ParagraphStyle("item", BODY, leftIndent=16, bulletIndent=4)
CELL = ParagraphStyle("cell", BODY, fontSize=9, leading=12, spaceAfter=0)
CELL_HEAD = ParagraphStyle("cell-head", CELL, fontName="Sans-Bold")
NOTE_STYLE = ParagraphStyle("note", BODY, fontSize=8.5, leading=11.5, spaceAfter=4, leftIndent=14, firstLineIndent=-14)
TITLE = ParagraphStyle("title", BODY, fontName="Sans-Bold", fontSize=21, leading=27, spaceBefore=90, spaceAfter=20)
H2 = ParagraphStyle("h2", BODY, fontName="Sans-Bold", fontSize=14, leading=18, spaceBefore=12, spaceAfter=6)
H3 = ParagraphStyle("h3", H2, fontSize=11.5, leading=15, spaceBefore=8, spaceAfter=4)
for _heading in (TITLE, H2, H3):
    _heading.keepWithNext = 1


class Bookmarked(BaseDocTemplate):  # reportlab's own seam for bookmarks is afterFlowable
    """Enters each heading in the outline and remembers the heading that the running head shows."""

    front_pages = 0

    def afterFlowable(self, flowable: Flowable) -> None:
        style = getattr(getattr(flowable, "style", None), "name", "")
        if style in ("title", "h2", "h3"):
            level = {"title": 0, "h2": 0, "h3": 1}[style]
            key = f"heading-{self.seq.nextf('heading')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level, closed=False)


def missing_fonts() -> list[str]:
    """Paths of the font files that are not there (Debian package fonts-noto-core)."""
    return [str(FONTS / name) for name in FACES.values() if not (FONTS / name).is_file()]


def as_pdf(document: Written) -> bytes:
    rl_config.invariant = 1  # no clock and no random id in the file
    for name, file in FACES.items():
        pdfmetrics.registerFont(TTFont(name, FONTS / file))
    _check_letters(document)
    buffer = io.BytesIO()
    publisher = str(document.meta["publisher"])
    book = Bookmarked(buffer, pagesize=A4, title=document.title, author=publisher, creator=publisher, subject="", invariant=1)
    book.lang = document.meta["language"]
    frame = Frame(2.4 * cm, 2.3 * cm, A4[0] - 4.8 * cm, A4[1] - 4.8 * cm, id="text")
    running = str(document.meta["title"])
    book.addPageTemplates(
        [
            PageTemplate("front", [frame], onPage=_front_page),
            PageTemplate("body", [frame], onPage=lambda canvas, doc: _body_page(canvas, doc, running)),
        ]
    )
    book.build(_story(document))
    return buffer.getvalue()


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
    _foot(canvas, ROMAN[doc.page])


def _body_page(canvas: Any, doc: Bookmarked, running: str) -> None:
    if doc.page == doc.front_pages + 1:
        canvas.addPageLabel(doc.front_pages, "ARABIC", 1)
    canvas.setFont("Serif-Italic", 8.5)
    canvas.setFillColor(INK)
    canvas.drawString(LEFT, A4[1] - 1.6 * cm, running)
    canvas.setStrokeColor(RULE)
    canvas.line(LEFT, A4[1] - 1.8 * cm, A4[0] - LEFT, A4[1] - 1.8 * cm)
    _foot(canvas, str(doc.page - doc.front_pages))


def _foot(canvas: Any, label: str) -> None:
    canvas.setFont("Serif", 9)
    canvas.setFillColor(INK)
    canvas.drawCentredString(A4[0] / 2, 1.4 * cm, label)


def _story(document: Written) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(html.escape(document.title), TITLE)]
    style = LEAD
    for piece in document.pieces:
        if piece.kind == "body":
            story += [NextPageTemplate("body"), PageBreak()]
            style = BODY
        else:
            story += _flowables(piece, style)
    story.append(Paragraph(document.sources_heading, H2))
    return story + [Paragraph(html.escape(note), NOTE_STYLE) for note in document.notes]


def _flowables(piece: Piece, style: ParagraphStyle) -> list[Flowable]:
    if piece.kind == "table":
        return [KeepTogether([Spacer(1, 4), _table(piece)]), Spacer(1, 10)]
    if piece.kind == "page":
        return [PageBreak()]
    text = html.escape(piece.text, quote=False)
    if piece.kind == "li":
        return [Paragraph(text, ITEM, bulletText="•")]
    return [Paragraph(text, {"h2": H2, "h3": H3}.get(piece.kind, style))]


def _table(piece: Piece) -> Table:
    head, *rows = piece.rows
    cells = [[Paragraph(html.escape(cell), CELL_HEAD) for cell in head]]
    cells += [[Paragraph(html.escape(cell), CELL) for cell in row] for row in rows]
    width = A4[0] - 5.2 * cm
    longest = [max(14, min(48, max(len(row[column]) for row in piece.rows))) for column in range(len(head))]
    table = Table(cells, colWidths=[width * share / sum(longest) for share in longest], repeatRows=1)
    lines = [("GRID", (0, 0), (-1, -1), 0.4, RULE), ("BACKGROUND", (0, 0), (-1, 0), SHADE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    table.setStyle(TableStyle(lines))
    return table
