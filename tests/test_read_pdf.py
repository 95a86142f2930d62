from __future__ import annotations

import csv
import io
from pathlib import Path

import pypdf
import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.archive import MemoryFile
from ingest.read_pdf import read
from ingest.text import UnreadableFile

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
