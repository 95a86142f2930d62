"""Pictures of pages: what is ordered, kept and drawn, and where the marks stand."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest import pictures
from ingest.paint import lines_of
from ingest.read_pdf import read
from kb import pictures as kept
from kb.errors import BadRequest, Busy, NotFound
from kb.library import Library
from kb.pictures import PagePictures, PictureOrder
from tests.fake_library import PNG
from tests.test_reindex import FAKE_TESSERACT, ROOT, Bench

GOLDEN = ROOT / "tests" / "golden"
ORDER = PictureOrder("/nowhere/a.pdf", "0" * 64, 3)


def test_a_page_is_drawn_once(tmp_path: Path) -> None:
    drawn: list[PictureOrder] = []
    store = PagePictures(tmp_path, lambda order: drawn.append(order) or PNG, "1")
    first, again = store.get(ORDER), store.get(PictureOrder("/elsewhere/a.pdf", "0" * 64, 3))
    assert (first.data, first.key) == (again.data, again.key) == (PNG, ORDER.key)
    assert drawn == [ORDER]
    assert store.get(PictureOrder(ORDER.path, ORDER.sha256, 3, "text", ((0, 2),))).key != ORDER.key
    assert PagePictures(tmp_path, lambda order: b"new", "2").get(ORDER).data == b"new"


def test_old_pictures_make_room(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 25)
    store = PagePictures(tmp_path, lambda order: b"ten bytes!", "1")
    for page in (1, 2, 3):
        store.get(PictureOrder("a", "b", page))
    assert len(list((tmp_path / "pictures" / "1").iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_no_picture(tmp_path: Path, caplog) -> None:
    (tmp_path / "pictures").write_text("a file in the way")
    assert PagePictures(tmp_path, lambda order: PNG, "1").get(ORDER).data == PNG
    assert "cannot be kept" in caplog.text


def test_too_many_at_a_time_are_told_to_come_again(tmp_path: Path) -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def paint(order: PictureOrder) -> bytes:
        begun.release()
        gate.wait(300)
        return PNG

    store = PagePictures(tmp_path, paint, "1")
    orders = [PictureOrder("a", "b", page) for page in range(kept.DRAWING + kept.WAITING)]
    threads = [threading.Thread(target=store.get, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for _ in range(kept.DRAWING):
        assert begun.acquire(timeout=60)
    deadline = time.monotonic() + 60
    while store._inside._value:  # a thread has yet to come in
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(Busy):
        store.get(PictureOrder("a", "b", 99))
    gate.set()
    for thread in threads:
        thread.join()
    assert store.get(ORDER).data == PNG


def test_boxes_of_a_line_become_one() -> None:
    line = [(10.0 + 6 * n, 20.0, 15.0 + 6 * n, 30.0) for n in range(5)]
    below = [(10.0, 33.0, 15.0, 43.0), (16.0, 33.0, 21.0, 43.0)]
    right_to_left = [(100.0, 20.0, 105.0, 30.0), (94.0, 20.0, 99.0, 30.0)]
    column = [(300.0, 10.0 + 11 * n, 310.0, 20.0 + 11 * n) for n in range(3)]
    assert list(lines_of([*line, *below])) == [(10.0, 20.0, 39.0, 30.0), (10.0, 33.0, 21.0, 43.0)]
    assert list(lines_of(right_to_left)) == [(94.0, 20.0, 105.0, 30.0)]
    assert list(lines_of(column)) == [(300.0, 10.0, 310.0, 42.0)]
    assert list(lines_of([])) == []
    spaced = [(10.0, 20.0, 19.0, 32.0), (19.0, 29.0, 20.0, 30.0), (23.0, 22.0, 30.0, 30.0), (30.0, 25.0, 34.0, 33.0)]
    assert list(lines_of(spaced)) == [(10.0, 20.0, 34.0, 33.0)]  # a space as PDFium gives it, letters of many heights


@pytest.fixture(autouse=True)
def _patient(monkeypatch) -> None:
    """A process that imports what draws may take longer than a reader would wait, where the machine has other things to do."""
    monkeypatch.setattr(pictures, "SECONDS", 120.0)


def painted(order: PictureOrder) -> Image.Image:
    return Image.open(io.BytesIO(pictures.paint(order))).convert("RGB")


def yellow(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The box around all pixels of the marker's colour."""
    red, green, blue = (np.asarray(band).astype(int) for band in image.split())
    spots = Image.fromarray((255 * ((red > 240) & (green > 200) & (green < 240) & (blue < 140))).astype(np.uint8))
    return spots.getbbox()


def test_a_quote_is_marked_where_it_stands() -> None:
    (document,) = read(GOLDEN / "treaty.pdf")
    page = document.pages[3]
    text = document.text[page.start : page.end]
    start = text.index("(b) Fees")
    marked = painted(PictureOrder(str(GOLDEN / "treaty.pdf"), "", 4, text, ((start, len(text)),)))
    plain = painted(PictureOrder(str(GOLDEN / "treaty.pdf"), "", 4))
    box = yellow(marked)
    assert box is not None
    ink = Image.eval(plain.convert("L"), lambda value: 255 * (value < 128)).crop(box).getbbox()
    assert ink is not None  # the words stand in the box, and nothing of them beside or below it
    assert 10 < box[3] - box[1] < 40 and 100 < box[2] - box[0] < 250


def test_nothing_is_marked_on_a_page_that_reads_otherwise() -> None:
    assert yellow(painted(PictureOrder(str(GOLDEN / "treaty.pdf"), "", 4, "Another text.", ((0, 7),)))) is None


def test_words_of_a_scan_are_marked_by_their_boxes() -> None:
    box = yellow(painted(PictureOrder(str(GOLDEN / "scan.pdf"), "", 2, boxes=((70.0, 190.0, 120.0, 205.0),))))
    assert box is not None
    assert [round(value * 72 / 120) for value in box] == pytest.approx([70, 190, 120, 205], abs=3)


@pytest.mark.parametrize(
    ("name", "page", "reason"),
    [("treaty.pdf", 9, "no page 9"), ("note.docx", 1, "cannot be drawn"), ("gone.pdf", 1, "drawing stopped")],
)
def test_what_cannot_be_drawn_is_told(name: str, page: int, reason: str) -> None:
    with pytest.raises(NotFound, match=reason):
        pictures.paint(PictureOrder(str(GOLDEN / name), "", page))


def test_a_page_that_takes_too_long_or_too_much(monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(pictures, "SECONDS", 0.0)
        with pytest.raises(NotFound, match="longer than 0 s"):
            pictures.paint(PictureOrder(str(GOLDEN / "treaty.pdf"), "", 1))
    monkeypatch.setattr(pictures, "LARGEST", 100)
    with pytest.raises(NotFound, match="more than"):
        pictures.paint(PictureOrder(str(GOLDEN / "treaty.pdf"), "", 1))


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A library over a treaty, a scan and a text; `orders` are the pictures that it asked for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "tesseract").write_text(FAKE_TESSERACT)
    (programs / "tesseract").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    bench = Bench(tmp_path)
    bench.write("a.txt", "Plain text.")
    for name in ("treaty.pdf", "scan.pdf"):
        (bench.docs / name).write_bytes((GOLDEN / name).read_bytes())
    bench.run()
    orders: list[PictureOrder] = []
    library = Library(
        bench.settings,
        lambda: bench.encoder,
        (bench.encoder.model, bench.encoder.digest),
        (lambda order: orders.append(order) or PNG, "1"),
    )
    ids = {item.uri.rsplit("/", 1)[-1]: item.id for item in library.documents().items}
    yield library, ids, orders
    library.close()


def test_the_library_orders_a_page_with_its_span(shelf) -> None:
    library, ids, orders = shelf
    treaty = library.document(ids["treaty.pdf"])
    third = treaty.pages[2]
    start = treaty.text.index("The carriers")
    assert library.picture(treaty.id, 3, (start, start + 12)).data == PNG
    text = treaty.text[third.start : third.end]
    assert (orders[-1].page, orders[-1].text, orders[-1].spans) == (3, text, ((start - third.start, start - third.start + 12),))
    assert Path(orders[-1].path).read_bytes() == (GOLDEN / "treaty.pdf").read_bytes()
    library.picture(treaty.id, 2, (start, start + 12))  # it stands on another page
    assert orders[-1].spans == ()
    library.picture(treaty.id, 3, (0, len(treaty.text)))
    assert orders[-1].spans == ((0, third.end - third.start),)


def test_the_library_orders_a_scan_with_its_words(shelf) -> None:
    library, ids, orders = shelf
    scan = library.document(ids["scan.pdf"])
    start = scan.text.index("words.")
    library.picture(scan.id, 2, (start, start + 3))
    scale = 300 / 72
    assert orders[-1].boxes == (pytest.approx((320 / scale, 20 / scale, 620 / scale, 60 / scale), abs=0.1),)
    library.picture(scan.id, 1, (0, 7))
    assert orders[-1].boxes == () and orders[-1].spans == ((0, 7),)


def test_the_library_refuses_what_has_no_picture(shelf) -> None:
    library, ids, orders = shelf
    with pytest.raises(NotFound, match="pictures are of PDFs"):
        library.picture(ids["a.txt"], 1)
    with pytest.raises(NotFound, match="no page 5; its pages are 1 to 4"):
        library.picture(ids["treaty.pdf"], 5)
    with pytest.raises(NotFound):
        library.picture("none", 1)
    for span in ((5, 5), (-1, 3), (0, 10**9)):
        with pytest.raises(BadRequest):
            library.picture(ids["treaty.pdf"], 1, span)
    assert orders == []
