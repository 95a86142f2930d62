from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.read_pdf import read


def text_of(tmp_path: Path, drawn: list[tuple[float, float, str]]) -> str:
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=(400, 600))
    canvas.setFont("Helvetica", 10)
    for x, y, text in drawn:
        canvas.drawString(x, y, text)
    canvas.save()
    return read(path)[0].text


WORDS = "All will follow: 1,100 llamas and the fees of 2011"


@pytest.mark.parametrize("beside", [(0.3, 0.0), (0.8, 0.0), (0.9, -0.9)])
def test_a_line_drawn_twice_is_read_once(tmp_path: Path, beside: tuple[float, float]) -> None:
    dx, dy = beside
    assert text_of(tmp_path, [(40, 500, WORDS), (40 + dx, 500 + dy, WORDS)]) == WORDS


def test_signs_drawn_twice_one_by_one_are_read_once(tmp_path: Path) -> None:
    signs = [(40 + stringWidth("TOLLS"[:place], "Helvetica", 10), 500.0, sign) for place, sign in enumerate("TOLLS")]
    assert text_of(tmp_path, [(x + dx, y, sign) for x, y, sign in signs for dx in (0, 0.5)]) == "TOLLS"


def test_equal_letters_beside_each_other_stay(tmp_path: Path) -> None:
    assert text_of(tmp_path, [(40, 500, "illicit |||| lll iii 111 ...... ;;")]) == "illicit |||| lll iii 111 ...... ;;"


def test_letters_that_one_sign_stands_for_stay(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.drawString(40, 500, "The tari~ on co~ee is o{cial")
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    table = pypdf.generic.DecodedStreamObject()
    table.set_data(b"1 begincodespacerange <00> <ff> endcodespacerange 2 beginbfchar <7e> <fb00> <7b> <fb03> endbfchar")
    fonts: Any = writer.pages[0]["/Resources"]
    for font in fonts["/Font"].values():
        font.get_object()[pypdf.generic.NameObject("/ToUnicode")] = writer._add_object(table)
    writer.write(tmp_path / "b.pdf")
    assert read(tmp_path / "b.pdf")[0].text == "The tariff on coffee is official"


def test_a_space_under_a_ligature_is_none(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    for row, back in enumerate((278, 0)):  # thousandths of the font's size: a space is as wide
        words = canvas.beginText(40, 500 - 40 * row)
        words.setFont("Helvetica", 10)
        words._code.append(f"[(the de{{) {back} ( cit of tolls)] TJ")
        canvas.drawText(words)
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    table = pypdf.generic.DecodedStreamObject()
    table.set_data(b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <7b> <00660069> endbfchar")
    fonts: Any = writer.pages[0]["/Resources"]
    for font in fonts["/Font"].values():
        font.get_object()[pypdf.generic.NameObject("/ToUnicode")] = writer._add_object(table)
    writer.write(tmp_path / "b.pdf")
    assert read(tmp_path / "b.pdf")[0].text == "the deficit of tolls the defi cit of tolls"


def test_signs_of_picture_fonts_are_the_pictures(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    items = [("ZapfDingbats", "\xa7"), ("ZapfDingbats", "\xfe"), ("Courier", "o"), ("Courier", "o"), ("Helvetica", "•")]
    for row, (font, sign) in enumerate(items):
        canvas.setFont(font, 10)
        canvas.drawString(40, 550 - 30 * row, sign)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 550 - 30 * row, f"point {row} of the list")
    canvas.setFont("Courier", 10)
    canvas.drawString(40, 300, "options: o or oo")
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    fonts: Any = writer.pages[0]["/Resources"]
    for font in fonts["/Font"].values():
        if "Zapf" in font.get_object()["/BaseFont"]:
            font.get_object()[pypdf.generic.NameObject("/BaseFont")] = pypdf.generic.NameObject("/ABCDEF+Wingdings-Regular")
    writer.write(tmp_path / "b.pdf")
    (document,) = read(tmp_path / "b.pdf")
    blocks = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert blocks == [*(("list_item", f"point {row} of the list") for row in range(5)), ("paragraph", "options: o or oo")]


def test_accents_drawn_over_letters_become_one_sign(tmp_path: Path) -> None:
    # as TeX writes them: the accent first, the letter moved back under it
    assert text_of(tmp_path, [(40, 500, "na"), (51.1, 500, "¨"), (51.6, 500, "i"), (53.8, 500, "ve tolls")]) == "naïve tolls"
    assert text_of(tmp_path, [(40, 500, "Baudis"), (66.6, 500, "´"), (73.5, 500, "and sons")]) == "Baudiś and sons"
    assert text_of(tmp_path, [(40, 500, "the sign ¨ alone, and `so' it is")]) == "the sign ¨ alone, and `so' it is"
