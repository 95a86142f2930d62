"""Writes the golden PDF, DOCX, XLSX, CSV and EML beside it. Run it only to change them; the expected spans are checked by eye."""

from __future__ import annotations

import datetime
import email.message
import email.policy
import io
from pathlib import Path

import docx
import openpyxl
import pypdf
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
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


def trade_xlsx() -> bytes:
    """A title over a table with two rows of names, a merged country, formats; a second table; a hidden sheet; a formula."""
    out, book = io.BytesIO(), openpyxl.Workbook()
    book.properties.title = "Specimen trade tables"
    sheet = book.active
    sheet.title = "Trade"
    sheet["A1"] = "Trade of Pakistan with Central Asia"
    sheet["A3"] = "USD million"
    rows = [
        ["Country", "Flow", "Value", None, "Share", "As of"],
        [None, None, "2022-23", "2023-24", None, None],
        ["Kazakhstan", "Exports", 120.456, 97.96, 0.1234, datetime.date(2024, 6, 30)],
        [None, "Imports", 8, 12.5, 0.5, datetime.date(2024, 6, 30)],
        ["Uzbekistan", "Exports", 1234567.891, "=D7*2", None, None],
    ]
    for number, row in enumerate(rows, 5):
        for column, value in enumerate(row, 2):
            sheet.cell(number, column, value)
    for merged in ("A1:F1", "B5:B6", "C5:C6", "D5:E5", "B7:B8"):
        sheet.merge_cells(merged)
    sheet["D7"].number_format = sheet["D9"].number_format = "#,##0.00"
    sheet["F7"].number_format = "0.0%"
    sheet["B11"] = "Source: made for tests."
    sheet["B13"], sheet["C13"], sheet["B14"], sheet["C14"] = "Border post", "Lorries", "Torkham", 410
    hidden = book.create_sheet("Scratch")
    hidden["A1"], hidden.sheet_state = "not shown", "hidden"
    book.save(out)
    return out.getvalue()


def trade_csv() -> bytes:
    """CP1251, semicolons, decimal commas, a title, a ragged row, a cell of two lines, a formula, a source."""
    text = (
        "Торговля Пакистана;;;\r\nмлн долларов США;;;\r\n\r\nСтрана;Год;Экспорт;Примечание\r\n"
        'Казахстан;2023;97,96;"по данным SBP;\nсент. 2024 г."\r\nУзбекистан;2023;120,5\r\nТаджикистан;2023;=1+2;;лишнее\r\n'
        "Источник: для тестов\r\n"
    )
    return text.encode("cp1251")


def mail_eml() -> bytes:
    """Encoded names, alternatives, a quoted reply, two attachments of one name, a picture, a forwarded message."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = '"Ахметов, Айбек" <a.akhmetov@example.org>'
    message["To"] = "Sara Khan <sara@example.com>, desk@example.com"
    message["Date"] = "Wed, 12 Mar 2025 14:05:00 +0500"
    message["Subject"] = "Торговля: figures for March"
    message.set_content(
        "Dear Sara,\n\nthe figures are attached.\n\nSara Khan wrote:\n> When do the figures come?\n> Thank you.\n"
    )
    message.add_alternative("<p>Dear Sara,</p><p>the figures are <b>attached</b>.</p>", subtype="html")
    table = "Country,Exports\nKazakhstan,97.96\n"
    message.add_attachment(table, subtype="csv", filename="торговля №1.csv")
    message.add_attachment(table.replace("97.96", "98.00"), subtype="csv", filename="торговля №1.csv")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    inner = email.message.EmailMessage(policy=email.policy.SMTP)
    inner["From"], inner["Subject"] = "registry@example.org", "Permits in March"
    inner.set_content("<table><tr><td>Permits</td><td>320</td></tr></table><p>All were used.</p>", subtype="html")
    message.add_attachment(inner)
    message.set_boundary("outer-specimen")
    next(iter(message.iter_parts())).set_boundary("inner-specimen")
    return message.as_bytes()


if __name__ == "__main__":
    (HERE / "trade.xlsx").write_bytes(trade_xlsx())
    (HERE / "trade.csv").write_bytes(trade_csv())
    (HERE / "mail.eml").write_bytes(mail_eml())
    (HERE / "treaty.pdf").write_bytes(treaty_pdf())
    (HERE / "note.docx").write_bytes(note_docx())
