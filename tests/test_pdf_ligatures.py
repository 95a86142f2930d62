from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdf
import pytest
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf_ligatures import FontLigatures, Ligatures
from ingest.read_pdf import read

TEXT = "The oZcials give signiYcant diWerent tariWs in a line of fields"
WIDTHS = {"Z": 833, "Y": 556, "W": 600, "f": 300, "i": 278, "l": 278, " ": 250}
WHOLE = "The officials give significant different tariffs in a line of fields"


def made(tmp_path: Path, names: dict[str, str], told: dict[str, str] | None) -> Path:
    """A page whose letters Z, Y and W stand for ligatures: by the names of their glyphs, and by the table `told`, if any."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 400))
    canvas.setFont("Times-Roman", 12)
    canvas.drawString(40, 300, TEXT)
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    fonts: Any = writer.pages[0]["/Resources"]
    for held in fonts["/Font"].values():
        font = held.get_object()
        listed = [item for letter, name in names.items() for item in (NumberObject(ord(letter)), NameObject(name))]
        font[NameObject("/Encoding")] = DictionaryObject(
            {NameObject("/Type"): NameObject("/Encoding"), NameObject("/Differences"): ArrayObject(listed)}
        )
        widths = [WIDTHS.get(chr(code), 450) for code in range(32, 127)]
        font[NameObject("/FirstChar")], font[NameObject("/LastChar")] = NumberObject(32), NumberObject(126)
        font[NameObject("/Widths")] = ArrayObject(map(NumberObject, widths))
        if told is not None:
            pairs = "".join(f"<{ord(code):02x}> <{sign.encode('utf-16-be').hex()}>\n" for code, sign in told.items())
            table = DecodedStreamObject()
            head = f"1 begincodespacerange <00> <ff> endcodespacerange {len(told)} beginbfchar\n"
            table.set_data(f"{head}{pairs}endbfchar".encode())
            font[NameObject("/ToUnicode")] = writer._add_object(table)
    writer.write(tmp_path / "b.pdf")
    return tmp_path / "b.pdf"


NAMES = {"Z": "/f_f_i", "Y": "/f_i", "W": "/f_f"}


def test_a_table_that_gives_one_letter_of_a_ligature_is_mended(tmp_path: Path) -> None:
    assert read(made(tmp_path, NAMES, {"Z": "i", "Y": "i", "W": "f"}))[0].text == WHOLE


def test_a_table_that_gives_the_letters_is_taken(tmp_path: Path) -> None:
    path = made(tmp_path, NAMES, {"Z": "ffi", "Y": "fi", "W": "ff"})
    assert FontLigatures(pypdf.PdfReader(path)).on(0) == {}
    assert read(path)[0].text == WHOLE


def test_names_tell_where_there_is_no_table(tmp_path: Path) -> None:
    found = FontLigatures(pypdf.PdfReader(made(tmp_path, NAMES, None))).on(0)["Times-Roman"]
    assert found.by_code == {ord("Z"): "ffi", ord("Y"): "fi", ord("W"): "ff"}


def test_other_names_are_no_ligatures(tmp_path: Path) -> None:
    assert FontLigatures(pypdf.PdfReader(made(tmp_path, {"Z": "/zeta", "Y": "/five", "W": "/a_"}, {"Z": "i"}))).on(0) == {}
    assert FontLigatures(None).on(0) == {}


@pytest.mark.parametrize(("width", "letters"), [(0.28, ""), (0.55, "fi"), (0.83, "ffi"), (0.60, "fi")])
def test_the_width_tells_which_of_them_it_is(width: float, letters: str) -> None:
    font = Ligatures({}, {"i": ((0.28, 0.55, "fi"), (0.28, 0.83, "ffi"))})
    assert font.letters(ord("i"), width) == letters
    assert font.letters(ord("f"), width) == ""
