"""Writes the golden PDF and DOCX beside it. Run it only to change them; the expected spans are checked by eye."""

from __future__ import annotations

import io
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
    (HERE / "note.docx").write_bytes(note_docx())
    (HERE / "scan.pdf").write_bytes(scan_pdf())
