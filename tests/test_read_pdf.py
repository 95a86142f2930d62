from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.archive import MemoryFile
from ingest.pdf_fragments import PageText
from ingest.read_pdf import better_text, pdf_places, read
from ingest.text import UnreadableFile
from tests.pdf_made import piece

GOLDEN = Path(__file__).parent / "golden" / "treaty.pdf"
REAL = Path(__file__).parents[2] / "shared" / "data" / "pdf"


def write(tmp_path: Path, pages: list[list[str]]) -> Path:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(400, 600))
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(40, 550 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    path = tmp_path / "a.pdf"
    path.write_bytes(out.getvalue())
    return path


def locked(tmp_path: Path, user: str) -> Path:
    writer = pypdf.PdfWriter(clone_from=GOLDEN)
    writer.encrypt(user, "owner", algorithm="RC4-128")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    return path


def test_locks(tmp_path: Path) -> None:
    (document,) = read(locked(tmp_path, ""))
    assert [page.label for page in document.pages] == ["i", "ii", "1", "2"]
    with pytest.raises(UnreadableFile, match="password"):
        read(locked(tmp_path, "secret"))


def test_a_scan_and_a_page_without_text(tmp_path: Path) -> None:
    (scan,) = read(write(tmp_path, [[], [], []]))
    assert (scan.text, len(scan.pages)) == ("", 3)  # ingest.ocr goes on from here
    with pytest.raises(UnreadableFile, match="3 pages, probably a scan"):
        read(MemoryFile("a.pdf", (tmp_path / "a.pdf").read_bytes()))
    (document,) = read(write(tmp_path, [["First page has words."], [], ["Third page has words."]]))
    assert [(page.start, page.end) for page in document.pages] == [(0, 23), (23, 23), (23, 44)]


def test_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7 nothing more")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(path)


def test_running_heads_go_and_what_stands_once_stays(tmp_path: Path) -> None:
    bodies = ["Fees are low.", "Roads are long.", "Ports are open."]
    pages = [["Annual report 2024", body, "and so on here", "to the end", f"- {n} -"] for n, body in enumerate(bodies, 1)]
    (document,) = read(write(tmp_path, pages))
    assert "Annual" not in document.text and "- 1 -" not in document.text
    assert all(body in document.text for body in bodies)
    assert document.text.count("and so on here") == 3
    for page, body in zip(document.pages, bodies, strict=True):
        assert page.label == str(page.number)
        assert body in document.text[page.start : page.end]


def test_a_paragraph_over_two_pages_is_two_blocks(tmp_path: Path) -> None:
    (document,) = read(write(tmp_path, [["The sentence goes on and"], ["ends on the second page."]]))
    assert len(document.blocks) == 2
    assert document.blocks[1].start == document.pages[1].start


def test_boxes_to_tick_go_on_with_their_question(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    for row, text in enumerate(("Does the carrier hold a permit for the", "whole of the journey that he has in mind")):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(40, 550 - 14 * row, text)
    signs = [(40, "ZapfDingbats", "n"), (52, "Helvetica", "yes"), (80, "ZapfDingbats", "3"), (92, "Helvetica", "no")]
    for x, font, text in signs:
        canvas.setFont(font, 10)
        canvas.drawString(x, 522, text)
    canvas.save()
    (document,) = read(tmp_path / "a.pdf")
    assert len(document.blocks) == 1, document.text


def test_a_quotation_set_in_from_both_sides_is_one_paragraph(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    lines = [("The carriers of both countries wait for hours at the border posts, and they", 40, 360)] * 3
    quoted = [
        "a lorry waits for half a day at the post while its seal is looked",
        "at by nobody, so that the driver pays for a meal and for the night",
        "and comes a day late with his load, for which he pays again in the",
    ]
    for row, (text, left, right) in enumerate([*lines, *((text, 65, 335) for text in quoted), ("end, they say", 65, 0)]):
        words = canvas.beginText(left, 550 - 14 * row)
        words.setFont("Helvetica", 8)
        if right:
            words.setWordSpace((right - left - stringWidth(text, "Helvetica", 8)) / text.count(" "))
        words.textOut(text)
        canvas.drawText(words)
    canvas.save()
    (document,) = read(tmp_path / "a.pdf")
    assert " ".join([*quoted, "end, they say"]) in document.text


def test_lines_beside_a_table_stay_apart(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.grid([200, 250, 300], [400, 440, 480, 520])
    for row, y in enumerate((410, 450, 490)):
        canvas.drawString(205, y, f"{row}1")
        canvas.drawString(255, y, f"{row}2")
        canvas.drawString(40, y, f"{row}00")
    canvas.save()
    (document,) = read(tmp_path / "a.pdf")
    assert {"200", "100", "000"} <= set(document.text.split())


def test_bold_is_what_a_fonts_name_or_flag_says_not_its_weight(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=write(tmp_path, [["Fees are low", "and roads are long here."] * 3]))
    fonts: Any = writer.pages[0]["/Resources"]
    for font in fonts["/Font"].values():  # as Ghostscript and Chromium write plain fonts
        numbers = {"/Flags": 32, "/StemV": 250, "/ItalicAngle": 0, "/Ascent": 700, "/Descent": -200, "/CapHeight": 700}
        descriptor = pypdf.generic.DictionaryObject(
            {pypdf.generic.NameObject(name): pypdf.generic.NumberObject(value) for name, value in numbers.items()}
        )
        descriptor[pypdf.generic.NameObject("/FontName")] = pypdf.generic.NameObject("/Helvetica")
        font.get_object()[pypdf.generic.NameObject("/FontDescriptor")] = descriptor
    writer.write(tmp_path / "b.pdf")
    assert {block.kind for block in read(tmp_path / "b.pdf")[0].blocks} == {"paragraph"}


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
def test_the_awkward_files_end_as_expected() -> None:
    for row in csv.DictReader((REAL / "manifest.tsv").read_text().splitlines(), delimiter="\t"):
        if row["expected"] in ("text", "no-crash", "no-hang"):
            (document,) = read(REAL / row["file"])
            assert row["expected"] != "text" or row["file"] == "jo.pdf" or len(document.text) >= 0.2 * int(row["chars_poppler"])
            if row["pages_poppler"].isdecimal():
                assert len(document.pages) == int(row["pages_poppler"]), row["file"]
        elif row["expected"] == "ocr":
            (document,) = read(REAL / row["file"])
            assert (document.text, len(document.pages)) == ("", int(row["pages_poppler"]))
        else:
            with pytest.raises(UnreadableFile):
                read(REAL / row["file"])


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
@pytest.mark.parametrize(
    ("name", "words"), [("issue20232.pdf", "Перв. примен."), ("right_to_left_01.pdf", "الإنتاجية وحل المشكلات")]
)
def test_signs_that_pdfium_misreads_are_mended(name: str, words: str) -> None:
    assert words in read(REAL / name)[0].text


@pytest.mark.parametrize("name", ["treaty.pdf", "report.pdf"])
def test_places_are_those_of_the_text_as_it_is_read(name: str) -> None:
    path = GOLDEN.with_name(name)
    (document,) = read(path)
    for page in document.pages:
        text, boxes = pdf_places(path, page.number)
        assert text == document.text[page.start : page.end]
        assert len(boxes) == len(text)
        told = [sign for sign, box in zip(text, boxes, strict=True) if box is None]
        assert not any(map(str.isalnum, told)) or (name == "report.pdf" and page.number == 2)  # names of columns, page before


def test_a_place_is_where_the_sign_is_drawn() -> None:
    path = GOLDEN.with_name("report.pdf")
    text, boxes = pdf_places(path, 1)
    page = pypdfium2.PdfDocument(path)[0]
    textpage = page.get_textpage()
    for quote in ("infrastructure", "Chaman", "published"):  # a word that a line's end breaks is drawn in two
        start = text.index(quote)
        signs = boxes[start : start + len(quote)]
        lefts, tops, rights, bottoms = zip(*(box for box in signs if box is not None), strict=True)
        assert len(lefts) == len(quote)
        around = (min(lefts) - 0.5, 300 - max(bottoms), max(rights) + 0.5, 300 - min(tops))
        seen = textpage.get_text_bounded(*around)
        assert all(sign in seen for sign in quote)


def test_places_of_turned_text_run_up_the_page() -> None:
    text, boxes = pdf_places(GOLDEN.with_name("report.pdf"), 3)
    start = text.index("This line")
    found = [box for box in boxes[start : start + 9] if box is not None]
    assert all(below[1] > above[3] - 1 for below, above in pairwise(found))
    with pytest.raises(IndexError, match="page 4 of a PDF of 3"):
        pdf_places(GOLDEN.with_name("report.pdf"), 4)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("WARN-Report-for-7-1-2015-to-03-25-2016.pdf", "Company: Boeing Company; City: El Segundo; No. Of: 66; Layoff/Closure"),
        (
            "nics-background-checks-2015-11-rotated.pdf",
            "State / Territory: Wyoming; Permit: 383; Handgun: 1,745; Long Gun: 2",
        ),
        ("2305.03393v1-pg9.pdf", "Language: HTML; TEDs simple: 0.969; TEDs complex: 0.927; TEDs all: 0.955; mAP (0.75): 0.857"),
        ("issue-67-example.pdf", "股东名称: 徐开东; 持有无限售条件股份数量: 2,431,359"),
        ("multicolumn.pdf", "Country: Denmark; Population (millions): 5.8"),
    ],
)
def test_rows_of_real_tables_carry_their_header(name: str, row: str) -> None:
    (document,) = read(REAL / name)
    rows = [document.text[block.start : block.end] for block in document.blocks if block.kind == "table_row"]
    assert any(row in text for text in rows)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
def test_three_columns_notes_and_printed_numbers() -> None:
    (document,) = read(REAL / "federal-register-2020-17221.pdf")
    assert [page.label for page in document.pages] == [str(number) for number in range(47698, 47713)]
    assert "flight control system ² generated repeated airplane nose-down horizontal stabilizer trim ³ commands" in document.text
    assert "VerDate" not in document.text
    second = document.pages[1]
    kinds = [block.kind for block in document.blocks if second.start <= block.start < second.end]
    assert kinds.count("note") >= 9 and set(kinds[kinds.index("note") :]) == {"note"}
    assert "table_row" not in kinds


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
def noted(path: Path, kind: str, rect: tuple[float, float, float, float], text: str) -> Path:
    """The PDF with a note or stamp of this text on its first page."""
    writer = pypdf.PdfWriter(clone_from=path)
    look = pypdf.generic.StreamObject()
    look.set_data(f"BT /F 12 Tf 2 4 Td ({text}) Tj ET".encode())
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    names = pypdf.generic.DictionaryObject({pypdf.generic.NameObject(k): pypdf.generic.NameObject(v) for k, v in font.items()})
    fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F"): names})
    look.update(
        {
            pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/XObject"),
            pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Form"),
            pypdf.generic.NameObject("/BBox"): pypdf.generic.RectangleObject((0, 0, rect[2] - rect[0], rect[3] - rect[1])),
            pypdf.generic.NameObject("/Resources"): pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/Font"): fonts}),
        }
    )
    note = pypdf.generic.DictionaryObject(
        {
            pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject(kind),
            pypdf.generic.NameObject("/Rect"): pypdf.generic.RectangleObject(rect),
            pypdf.generic.NameObject("/F"): pypdf.generic.NumberObject(4),
            pypdf.generic.NameObject("/AP"): pypdf.generic.DictionaryObject(
                {pypdf.generic.NameObject("/N"): writer._add_object(look)}
            ),
        }
    )
    writer.add_annotation(0, note)
    writer.write(path)
    return path


def test_values_of_forms_are_read_and_have_their_places(tmp_path: Path) -> None:
    out = tmp_path / "form.pdf"
    canvas = Canvas(str(out), pagesize=(400, 600))
    canvas.drawString(40, 550, "Border post:")
    canvas.acroForm.textfield(name="post", value="Torkham", x=120, y=545, width=100, height=18, fontSize=12)
    canvas.save()
    (document,) = read(out)
    assert document.text == "Border post: Torkham"
    text, boxes = pdf_places(out, 1)
    box = boxes[text.index("T")]
    assert box is not None and 120 <= box[0] <= 130 and 30 <= box[1] <= 60


@pytest.mark.parametrize("kind", ["/FreeText", "/Stamp"])
def test_a_note_on_empty_paper_is_read_and_one_over_the_text_leaves_its_words_whole(tmp_path: Path, kind: str) -> None:
    (document,) = read(noted(write(tmp_path, [["Fees are published."]]), kind, (40, 300, 200, 320), "Approved in June"))
    assert document.text.split() == ["Fees", "are", "published.", "Approved", "in", "June"]
    (document,) = read(noted(write(tmp_path, [["Fees are published."]]), kind, (60, 545, 100, 562), "No"))
    assert document.text == "Fees are published."


def test_text_beside_the_page_is_not_read(tmp_path: Path) -> None:
    out = tmp_path / "a.pdf"
    canvas = Canvas(str(out), pagesize=(400, 600))
    for x, y, text in (
        (40, 550, "Fees are published at the border."),
        (40, -40, "report.indd 1"),
        (420, 300, "slug"),
        (40, 640, "mark"),
    ):
        canvas.drawString(x, y, text)
    canvas.save()
    assert read(out)[0].text == "Fees are published at the border."


def test_text_in_all_eight_directions_and_vertical_text() -> None:
    (document,) = read(REAL / "issue-848.pdf")
    pages = [document.text[page.start : page.end].strip() for page in document.pages]
    assert len(set(pages)) == 1 and pages[0].startswith("The movie opens with a news report")
    assert "わたくしといふ現象は假定された有機交流電燈のひとつの青い照明です" in read(REAL / "jo.pdf")[0].text


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
def test_passwords_and_attachments_of_real_files() -> None:
    (document,) = read(REAL / "password-example.pdf", ["wrong", "test"])
    assert len(document.text) > 4000
    assert "Lorem ipsum" in read(REAL / "libreoffice-writer-password.pdf", ["openpassword"])[0].text
    assert "1 attachment is not read: image.png" in read(REAL / "with-attachment.pdf")[0].warnings[0]


def test_pypdf_is_taken_where_it_reads_a_fifth_more() -> None:
    reader = pypdf.PdfReader(GOLDEN)
    whole = reader.pages[2].extract_text()
    assert "Article 1" in better_text(reader, 2, PageText(400, 600))  # PDFium found nothing
    assert better_text(reader, 2, PageText(400, 600, {0: [piece(whole, 0, 0)]})) == ""
    assert better_text(reader, 2, PageText(400, 600, {0: [piece(whole, 0, 0)]}, unknown=50))  # but many signs without a meaning
    assert better_text(None, 2, PageText(400, 600)) == ""


def test_names_of_glyphs_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = pypdf.PdfReader(GOLDEN)
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda _: "/C50/C72/C6f/C70/C65/C72/C74/C79 /C49/C6e/C73/C75/C72")
    assert better_text(reader, 2, PageText(400, 600, {0: [piece("Property", 0, 0)]})) == ""
