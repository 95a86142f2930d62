"""Writes the golden PDF and DOCX beside it. Run it only to change them; the expected spans are checked by eye."""

from __future__ import annotations

import io
from itertools import zip_longest
from pathlib import Path

import docx
import pypdf
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

HERE = Path(__file__).parent
LONG = (
    "The carriers of either Party may use the roads, railways and ports that are named in the annex to this Agreement for trans-"
)


def treaty_pdf() -> bytes:
    """Four pages labelled i, ii, 1, 2, with a running head, a broken word and bookmarks."""
    out, styles = io.BytesIO(), getSampleStyleSheet()

    def head(canvas: object, document: object) -> None:
        canvas.drawString(50, 560, "Specimen treaty series")  # type: ignore[attr-defined]
        canvas.drawCentredString(210, 30, ["i", "ii", "1", "2"][document.page - 1])  # type: ignore[attr-defined]

    story = [
        Paragraph("Specimen Agreement on Transit", styles["Title"]),
        Paragraph("A text made for tests.", styles["Normal"]),
        PageBreak(),
        Paragraph("Contents are left out in this specimen.", styles["Normal"]),
        PageBreak(),
        Paragraph("Article 1", styles["Heading2"]),
        Paragraph(LONG + "<br/>it to the sea, as Article 2 provides.", styles["Normal"]),
        PageBreak(),
        Paragraph("Article 2", styles["Heading2"]),
        Paragraph("(a) Fees do not exceed the cost of the service.", styles["Normal"]),
        Paragraph("(b) Fees are published.", styles["Normal"]),
    ]
    document = SimpleDocTemplate(out, pagesize=A5, title="Specimen Agreement", invariant=1)
    document.build(story, onFirstPage=head, onLaterPages=head)
    writer = pypdf.PdfWriter(clone_from=out)
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 3, style="/D")
    writer.add_outline_item(title="Article 1", page_number=2)
    writer.add_outline_item(title="Article 2", page_number=3)
    labelled = io.BytesIO()
    writer.write(labelled)
    return labelled.getvalue()


SCANNED = (
    (
        "Article 3",
        "The carriers of either Party pay the",
        "same tolls as those of the other Party.",
        "",
        "(a) Lorries pay by their axles.",
    ),
    ("Article 4", "Disputes are settled by talks between", "the Parties within ninety days."),
)


def scan_pdf() -> bytes:
    """Four pages: a text layer; a picture of text; nothing; a picture of text lying on its side."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A5, invariant=1)
    canvas.setTitle("Specimen of a scan")
    canvas.drawString(50, 500, "Article 2")
    canvas.drawString(50, 470, "Fees are published by either Party, and are the same for all carriers of the other Party,")
    canvas.drawString(50, 455, "as far as they use the same roads.")
    canvas.showPage()
    canvas.drawImage(ImageReader(_picture(SCANNED[0])), 0, 0, *A5)
    canvas.showPage()
    canvas.showPage()
    canvas.drawImage(ImageReader(_picture(SCANNED[1]).rotate(90, expand=True).resize((875, 1240))), 0, 0, *A5)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _picture(lines: tuple[str, ...]) -> Image.Image:
    """A page of 150 dpi, in the font that comes with Pillow."""
    image = Image.new("L", (875, 1240), 250)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((100, 150 + 60 * number), line, 20, ImageFont.load_default(34))
    return image


LEFT = [
    "Fees at the border posts were set by the",
    "agreement of 2023 and have not been",
    "changed since. Carriers pay for the infra-",
    "structure that they use, and for nothing",
    "else; cross-",
    "border permits are free of charge.",
]
RIGHT = [
    "The right column is read after the left",
    "one, though its lines stand beside those.",
    "It ends with a table that goes on over",
    "the page, and with its second part.",
]
POSTS = [("Torkham", "12"), ("Chaman", "10"), ("Khunjerab", "15"), ("Kharlachi", "9")]


def report_pdf() -> bytes:
    """Three pages numbered 5 to 7 in print alone: two columns with a raised note mark and a note; a table with rules that goes
    on over a page's end; a page of turned text. A running head, and an attachment."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(420, 300), invariant=1)
    canvas.setTitle("Specimen report")
    for number in (5, 6, 7):
        canvas.setFont("Helvetica-Oblique", 8)
        canvas.drawString(30, 280, "Specimen report on fees")
        canvas.drawCentredString(210, 12, str(number))
        canvas.setFont("Helvetica", 10)
        if number == 5:
            _columns(canvas)
            _table(canvas, 225, 170, [("Post", "Fee, USD"), *POSTS[:2]])
        elif number == 6:
            _table(canvas, 225, 250, POSTS[2:])
            canvas.drawString(30, 150, "After the table the text goes on.")
        else:
            canvas.rotate(90)
            canvas.drawString(60, -200, "This line runs from the foot of the page to its head,")
            canvas.drawString(60, -214, "and this is the next one.")
        canvas.showPage()
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=out)
    writer.add_attachment("fees.csv", b"Post,Fee\r\n")
    attached = io.BytesIO()
    writer.write(attached)
    return attached.getvalue()


def _columns(canvas: Canvas) -> None:
    for place, (left, right) in enumerate(zip_longest(LEFT, RIGHT, fillvalue="")):
        canvas.drawString(30, 250 - 13 * place, left)
        canvas.drawString(225, 250 - 13 * place, right)
        if place == 1:
            canvas.setFont("Helvetica", 6)
            canvas.drawString(30 + canvas.stringWidth(left, "Helvetica", 10), 254 - 13 * place, "1")
            canvas.setFont("Helvetica", 10)
    canvas.line(30, 62, 110, 62)
    canvas.setFont("Helvetica", 5)
    canvas.drawString(30, 52, "1")
    canvas.setFont("Helvetica", 8)
    canvas.drawString(34, 49, "The agreement has not yet been published.")


def _table(canvas: Canvas, x: float, y: float, rows: list[tuple[str, str]]) -> None:
    for place, (post, fee) in enumerate(rows):
        top = y - 16 * place
        canvas.setFont("Helvetica-Bold" if post == "Post" else "Helvetica", 9)
        canvas.drawString(x + 4, top - 11, post)
        canvas.drawString(x + 84, top - 11, fee)
        canvas.rect(x, top - 16, 80, 16)
        canvas.rect(x + 80, top - 16, 80, 16)
    canvas.setFont("Helvetica", 10)


def note_docx() -> bytes:
    out, document = io.BytesIO(), docx.Document()
    document.core_properties.title = "Note on fees"
    document.sections[0].header.paragraphs[0].text = "This header is on every page"
    document.add_heading("Note on fees", 0)
    document.add_heading("Rates", 1)
    document.add_paragraph("The rates differ by border post.")
    document.add_paragraph("Torkham", style="List Bullet")
    document.add_paragraph("Khunjerab", style="List Bullet")
    table = document.add_table(rows=3, cols=2)
    for cell, text in zip(table._cells, ["Post", "Fee, USD", "Torkham", "12", "Khunjerab", ""], strict=True):
        cell.text = text
    document.save(out)
    return out.getvalue()


if __name__ == "__main__":
    (HERE / "treaty.pdf").write_bytes(treaty_pdf())
    (HERE / "report.pdf").write_bytes(report_pdf())
    (HERE / "note.docx").write_bytes(note_docx())
    (HERE / "scan.pdf").write_bytes(scan_pdf())
