"""Writes the golden PDF, Office, RTF, CSV and EML files beside it: `python -m tests.golden.make`.

Run it only to change them; the expected spans are checked by eye.
"""

from __future__ import annotations

import datetime
import email.message
import email.policy
import io
from itertools import zip_longest
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from tests.word_made import level, numbered, numbering, p, packed, word_file

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


def rules_docx() -> bytes:
    """Automatic numbers of four levels, a tracked change, a footnote, a text box, names over names in a table."""
    levels = ("decimal", "Article %1."), ("decimal", "%1.%2."), ("russianLower", "%3)"), ("lowerRoman", "(%4)")
    numbers = numbering(*(level(index, form, text) for index, (form, text) in enumerate(levels)))
    changed = (
        "<w:p><w:r><w:t>The fee is </w:t></w:r><w:del><w:r><w:delText>9</w:delText></w:r></w:del><w:ins><w:r><w:t>12</w:t></w:r>"
    )
    changed += '</w:ins><w:r><w:t xml:space="preserve"> dollars.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    box = (
        "<w:p><w:r><w:pict><v:textbox><w:txbxContent>" + p("Opens at six.") + "</w:txbxContent></v:textbox></w:pict></w:r></w:p>"
    )

    def row(cells: str, names: bool = False) -> str:
        made = "".join(f"<w:tc>{p(cell)}</w:tc>" for cell in cells.split("|"))
        return f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if names else ''}{made}</w:tr>"

    table = f"<w:tbl>{row('Post|Lorries|Cars', True)}{row('Torkham|12|3')}{row('Khunjerab||2')}</w:tbl>"
    body = numbered("Definitions") + numbered("Transit is passage.", 1) + numbered("by road;", 2) + numbered("by rail;", 2)
    body += numbered("broad gauge;", 3) + numbered("Fees are published.", 1) + numbered("Fees") + changed + box + table
    notes = f'<w:footnote w:id="2">{p("As of May 2024.")}</w:footnote>'
    return word_file(body + numbered("They fall yearly.", 1), numbering=numbers, footnotes=notes).data


def fees_odt() -> bytes:
    """A numbered list that goes on after a paragraph, a note, a table."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style", "table")
    )
    form = '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    listed = '<text:list text:style-name="L"{}><text:list-item><text:p>{}</text:p></text:list-item></text:list>'
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>As of May.</text:p>"
    note += "</text:note-body></text:note>"
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    body = (
        '<text:h text:outline-level="1">Fees</text:h>' + listed.format("", "Publish them.") + f"<text:p>Not twice.{note}</text:p>"
    )
    body += listed.format(' text:continue-numbering="true"', "Keep them low.")
    body += f"<table:table>{row.format('Post', 'Fee')}{row.format('Torkham', '12')}</table:table>"
    content = (
        f"<office:document-content {names}><office:automatic-styles><text:list-style style:name='L'>{form}</text:list-style>"
    )
    content += f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body></office:document-content>"
    return packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


LETTER_RTF = r"""{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 Times;}}{\info{\title Letter on fees}}{\header On each page\par}
\pard\outlinelevel0\f0 \'d1\'e1\'ee\'f0\'fb\par\pard\plain\f0 {\listtext 1.\tab}The fees fall{\footnote As of May.} yearly.\par
{\listtext 2.\tab}\u1601?\u1740?\u1587? {\v hidden}\par\trowd\cellx9\cellx99\pard\intbl Post\cell Fee\cell\row
\trowd\cellx9\cellx99\pard\intbl Torkham\cell 12\cell\row\pard End.\par}"""


def slides_pptx() -> bytes:
    """Two slides: a title, then points with a speaker's note."""
    out, made = io.BytesIO(), pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[0])
    first.shapes.title.text, first.placeholders[1].text = "Fees at the border", "A talk"
    second = made.slides.add_slide(made.slide_layouts[1])
    second.shapes.title.text, second.placeholders[1].text = "What changes", "Torkham: 12 dollars.\nKhunjerab: 9 dollars."
    second.notes_slide.notes_text_frame.text = "Say when."
    made.save(out)
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
    (HERE / "rules.docx").write_bytes(rules_docx())
    (HERE / "fees.odt").write_bytes(fees_odt())
    (HERE / "letter.rtf").write_text(LETTER_RTF, encoding="ascii")
    (HERE / "slides.pptx").write_bytes(slides_pptx())
    (HERE / "trade.xlsx").write_bytes(trade_xlsx())
    (HERE / "trade.csv").write_bytes(trade_csv())
    (HERE / "mail.eml").write_bytes(mail_eml())
    (HERE / "treaty.pdf").write_bytes(treaty_pdf())
    (HERE / "report.pdf").write_bytes(report_pdf())
    (HERE / "note.docx").write_bytes(note_docx())
    (HERE / "scan.pdf").write_bytes(scan_pdf())
