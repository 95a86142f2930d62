from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest import ocr
from ingest.ocr import Look, look_from, with_scans
from ingest.page_picture import draw, skew_of, without_rules
from ingest.sandbox import Helpers, read_sandboxed
from ingest.sources import PDF
from ingest.tesseract import Engine, find_engine
from kb.records import Block, Failure, Metadata, Page, Parsed, SourceFile
from tests.test_bad_text import ENGLISH
from tests.test_recognised import table

ENGINE = Engine("tesseract", frozenset({"eng", "rus", "osd"}))
SOURCE = SourceFile("c/a.pdf", "a.pdf", PDF, "")
SCAN = Path(__file__).parent / "golden" / "scan.pdf"
REAL = Path(__file__).parents[2] / "shared" / "data" / "pdf"
needs_tesseract = pytest.mark.skipif(find_engine() is None, reason="tesseract is not installed")


@pytest.fixture(autouse=True)
def _patient(monkeypatch) -> None:
    """What a page may take on the clock is told by other tests; here the machine may be busy with others."""
    monkeypatch.setattr(ocr, "LOOKING_SECONDS", 300.0)
    for where in ("ingest.ocr", "ingest.sandbox"):
        monkeypatch.setattr(f"{where}.PAGE_LIMITS", replace(ocr.PAGE_LIMITS, seconds=300.0))


def paged(*texts: str, language: str = "") -> Parsed:
    blocks, pages, text = [], [], ""
    for number, one in enumerate(texts, 1):
        if one:
            text += "\n\n" if text else ""
            blocks.append(Block("paragraph", len(text), len(text) + len(one)))
        pages.append((number, len(text)))
        text += one
    ends = [*(start for _, start in pages[1:]), len(text)]
    made = tuple(Page(number, None, start, end) for (number, start), end in zip(pages, ends, strict=True))
    return Parsed(text, tuple(blocks), made, Metadata(language=language), "r")


class Pages:
    """What the pages show: a table for each set of models; "" is an empty page."""

    def __init__(self, shown: dict[int, dict[str, str] | str], pictures: float = 1.0, coloured: float = 0.0) -> None:
        self.shown, self.pictures, self.coloured = shown, pictures, coloured
        self.asked: list[tuple[int, str]] = []

    def __call__(self, page: int, command: Sequence[str], manner: str) -> Look | str:
        models = command[command.index("-l") + 1] if command else ""
        models += f"/{manner}" if manner else ""
        self.asked.append((page, models))
        shown = self.shown[page]
        if isinstance(shown, str):
            return shown or Look((400, 600), 0.0, 1.0, True, "")
        degrees = 180.0 if manner == "turned" else 0.0
        return Look((400, 600), self.pictures, 1.0, False, shown.get(models, ""), degrees, self.coloured)


def run(document: Parsed, see: Pages, engine: Engine | None = ENGINE) -> Parsed | Failure:
    told: list[str] = []
    found = with_scans(SOURCE, (document,), see, engine, told.append)
    assert engine is None or len(told) >= len({page for page, _ in see.asked})
    return found if isinstance(found, Failure) else found[0]


def test_a_page_with_text_is_not_looked_at() -> None:
    see = Pages({})
    document = paged(ENGLISH, ENGLISH)
    assert run(document, see) == document
    assert see.asked == []


def test_a_scan_is_read_in_the_documents_language() -> None:
    see = Pages({2: {"rus+eng": table((1, 1, "Порт открыт."))}})
    document = run(paged(ENGLISH, "", language="ru"), see)
    assert isinstance(document, Parsed)
    assert document.text.endswith("Порт открыт.")
    assert document.warnings == ("page 2 read by OCR (rus+eng) at 90 %.",)
    assert document.unread == ()
    assert see.asked == [(2, ""), (2, "rus+eng")]


def test_another_script_is_tried_where_the_first_is_unsure() -> None:
    osd = "Script: Cyrillic\n"
    sure = table((1, 1, "Порт открыт."))
    unsure = table((1, 1, "MopT oTKpblT."), confidence=50)
    document = run(paged(ENGLISH, ""), Pages({2: {"eng": unsure, "osd": osd, "rus+eng": sure}}))
    assert isinstance(document, Parsed) and document.text.endswith("Порт открыт.")
    document = run(paged(ENGLISH, ""), Pages({2: {"eng": unsure, "osd": osd}}))
    assert isinstance(document, Parsed) and document.text.endswith("MopT oTKpblT.")
    assert document.warnings == ("page 2 read by OCR (eng) at 50 %; compare it with the original.",)


def test_all_models_are_tried_where_much_is_left_out() -> None:
    half = table((1, 1, "Ports are open.")) + table((2, 1, "MopT oTKpblT."), confidence=20)
    both = table((1, 1, "Ports are open."), (2, 1, "Порт открыт."))
    every = ENGINE.for_script("")
    document = run(paged(ENGLISH, ""), Pages({2: {"eng": half, "osd": "Script: Latin\n", every: both}}))
    assert isinstance(document, Parsed) and document.text.endswith("Ports are open.\n\nПорт открыт.")


def test_a_seal_in_coloured_ink_is_left_out_if_more_can_be_read_then() -> None:
    under, all_of_it = table((1, 1, "Ports are")), table((1, 1, "Ports are open all the year."))
    document = run(paged(ENGLISH, ""), Pages({2: {"eng": under, "eng/black": all_of_it}}, coloured=0.02))
    assert isinstance(document, Parsed) and document.text.endswith("Ports are open all the year.")
    document = run(paged(ENGLISH, ""), Pages({2: {"eng": all_of_it, "eng/black": under}}, coloured=0.02))
    assert isinstance(document, Parsed) and document.text.endswith("Ports are open all the year.")
    see = Pages({2: {"eng": all_of_it}}, coloured=0.5)
    run(paged(ENGLISH, ""), see)
    assert (2, "eng/black") not in see.asked  # a photograph


def test_drawings_tell_coloured_ink_and_leave_it_out(tmp_path: Path) -> None:
    page = Image.new("RGB", (800, 1000), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((100, 100, 700, 200), fill=(20, 20, 20))
    pen.ellipse((200, 500, 500, 800), outline=(40, 60, 170), width=12)
    page.save(tmp_path / "a.pdf", resolution=100)
    plain, black = (draw(str(tmp_path / "a.pdf"), 1, manner).split(b"\n", 1) for manner in ("", "black"))
    head = json.loads(plain[0])
    assert 0.005 < head["coloured"] < 0.05
    columns, rows = head["columns"], head["rows"]

    def spot(pixels: bytes, x: float, y: float) -> int:
        return pixels[round(y / 1000 * rows) * columns + round(x / 800 * columns)]

    assert 50 <= spot(plain[1], 350, 506) < 110 and spot(black[1], 350, 506) >= 150  # on the ring
    assert spot(plain[1], 400, 150) < 60 and spot(black[1], 400, 150) < 60  # on the bar


def test_a_page_that_is_upside_down() -> None:
    document = run(paged(ENGLISH, ""), Pages({2: {"eng+rus/turned": table((1, 1, "Ports are open."))}}))
    assert isinstance(document, Parsed) and document.text.endswith("Ports are open.")
    first = document.word_boxes[0]
    assert (first.left, first.top, first.right, first.bottom) == (350.0, 478.0, 400.0, 488.0)


def test_empty_pages_and_pictures_without_words() -> None:
    photograph = table((1, 1, "w~ v."), confidence=35)
    document = run(paged(ENGLISH, "", "", "I"), Pages({2: "", 3: {"eng": photograph}, 4: {"eng": photograph}}))
    assert isinstance(document, Parsed)
    assert document.warnings == ("page 3 holds pictures in which OCR found no words.",)
    assert document.text.endswith("I")  # a page's number stays


def test_a_stamp_on_a_scan_and_a_short_page_of_text() -> None:
    words = {2: {"eng": table((1, 1, "Scanned page with many words, and COPY."))}}
    document = run(paged(ENGLISH, "COPY"), Pages(dict(words)))
    assert isinstance(document, Parsed) and document.text.endswith("COPY.")
    see = Pages(dict(words), pictures=0.2)
    document = paged(ENGLISH, "Chapter 2")
    assert run(document, see) == document
    assert see.asked == [(2, "")]


def test_a_bad_text_layer_is_replaced_by_sound_words_alone() -> None:
    bad = "(cid:3)(cid:5) (cid:9)"
    document = run(paged(ENGLISH, bad), Pages({2: {"eng": table((1, 1, "Sound words."))}}))
    assert isinstance(document, Parsed) and document.text.endswith("Sound words.")
    assert document.warnings[1] == "the text layer of page 2 holds signs without a meaning; OCR was taken instead."
    document = run(paged(ENGLISH, bad), Pages({2: {}}))
    assert isinstance(document, Parsed) and document.text.endswith(bad)
    assert document.warnings == ("the text layer of page 2 holds signs without a meaning; its text cannot be trusted.",)


def test_without_the_program_pages_are_reported_and_empty_ones_are_not() -> None:
    document = run(paged(ENGLISH, "", "", ""), Pages({2: {}, 3: "", 4: {}}), None)
    assert isinstance(document, Parsed)
    assert document.unread == (2, 4)
    assert "pages 2, 4 can be read by OCR alone" in document.warnings[0]


@pytest.mark.parametrize(
    ("shown", "engine", "reason"),
    [
        ({1: {}, 2: {}}, None, "pages 1–2 of 2 can be read by OCR alone; install tesseract"),
        ({1: "", 2: ""}, ENGINE, "2 empty pages"),
        ({1: {}, 2: ""}, ENGINE, "no words on page 1 of 2"),
        ({1: "it burns.", 2: {}}, ENGINE, "page 1: it burns."),
    ],
)
def test_no_text_at_all_is_a_failure(shown, engine, reason) -> None:
    failure = run(paged("", ""), Pages(shown), engine)
    assert isinstance(failure, Failure)
    assert reason in failure.reason


@pytest.mark.parametrize("bound", ["FILE_SECONDS", "LOOKING_SECONDS"])
def test_pages_after_the_time_is_up_are_reported(monkeypatch, bound) -> None:
    monkeypatch.setattr(ocr, bound, -1.0)
    document = run(paged(ENGLISH, "", "", ""), Pages({}))
    assert isinstance(document, Parsed)
    assert "pages 2–4 unread" in document.warnings[0]


TURNED = b'{"width": 9, "height": 9, "pictures": 0, "columns": 1, "turned": 1e9}\n'


@pytest.mark.parametrize(
    "payload", [b"", b"[]\n", b'{"width": 0, "height": 1, "pictures": 0, "columns": 1}\n', b'{"width": "1"}\n', b"\xff", TURNED]
)
def test_a_look_that_does_not_hold_together(payload: bytes) -> None:
    with pytest.raises(ValueError):
        look_from(payload)


def read(path: Path, engine: Engine | None) -> Parsed | Failure:
    ((_, result),) = read_sandboxed([SourceFile("c/a.pdf", str(path), PDF, "")], helpers=Helpers(engine))
    return result if isinstance(result, Failure) else result[0]


@needs_tesseract
def test_golden_scan() -> None:
    document = read(SCAN, find_engine())
    assert isinstance(document, Parsed)
    assert [page.ocr is not None and page.ocr > 0.8 for page in document.pages] == [False, True, False, True]
    texts = [document.text[page.start : page.end].strip() for page in document.pages]
    assert texts[1] == (
        "Article 3\n\nThe carriers of either Party pay the same tolls as those of the other Party.\n\n"
        "(a) Lorries pay by their axles."
    )
    assert "settled by talks" in texts[3]  # lying on its side
    for word in document.word_boxes:
        assert 0 <= word.left < word.right <= 420 and 0 <= word.top < word.bottom <= 596
    lorries = next(word for word in document.word_boxes if document.text[word.start : word.end] == "Lorries")
    assert (lorries.page, round(lorries.left, -1), round(lorries.top, -1)) == (2, 70, 190)


def test_golden_scan_without_tesseract() -> None:
    document = read(SCAN, None)
    assert isinstance(document, Parsed)
    assert document.unread == (2, 4)


@pytest.mark.parametrize("exits", ["exit 3", "kill -9 $$", "cat >/dev/null; printf 'level\\n'"])
def test_a_program_that_fails_costs_its_page(tmp_path: Path, exits: str) -> None:
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\n{exits}\n")
    program.chmod(0o755)
    document = read(SCAN, Engine(str(program), frozenset({"eng"})))
    assert isinstance(document, Parsed)
    assert "page" in document.warnings[0] and [page.ocr for page in document.pages] == [None] * 4


def test_a_program_sees_the_picture_and_can_do_little_else(tmp_path: Path) -> None:
    """It gets a grey map, and no other environment; it cannot write a file or start a program."""
    program = tmp_path / "tesseract"
    report = "5\\t1\\t1\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t99\\t%s\\n"
    program.write_text(
        f'#!/bin/sh\nread -r magic rest\n{{ echo x > "{tmp_path}/out"; }} 2>/dev/null\nprintf "{report}" "$magic"\n'
        f'printf "{report}" "home${{HOME:-none}}"\nprintf "{report}" "threads$OMP_THREAD_LIMIT"\n'
    )
    program.chmod(0o755)
    document = read(SCAN, Engine(str(program), frozenset({"eng"})))
    assert isinstance(document, Parsed)
    assert "P5 homenone threads1" in document.text
    out = tmp_path / "out"
    assert not out.exists() or out.stat().st_size == 0


@needs_tesseract
def test_an_empty_scan_with_a_speck(tmp_path: Path) -> None:
    image = Image.new("L", (400, 600), 250)
    image.putpixel((200, 300), 0)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(400, 600))
    canvas.drawImage(ImageReader(image), 0, 0, 400, 600)
    canvas.save()
    (tmp_path / "a.pdf").write_bytes(out.getvalue())
    failure = read(tmp_path / "a.pdf", find_engine())
    assert isinstance(failure, Failure) and "OCR found no words" in failure.reason


@pytest.mark.real
@needs_tesseract
@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not beside the project")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ocr_test.pdf", "Docling bundles PDF document conversion to JSON and Markdown in an easy self contained package"),
        (
            "ocr_test_rotated_90.pdf",
            "Docling bundles PDF document conversion to JSON and Markdown in an easy self contained package",
        ),
        ("175.pdf", "Oversize Tire Accessory Kit"),
    ],
)
def test_real_scans(name: str, words: str) -> None:
    document = read(REAL / name, find_engine())
    assert isinstance(document, Parsed)
    assert words in document.text


def test_rules_go_and_letters_stay() -> None:
    image = Image.new("L", (400, 300), 250)
    draw = ImageDraw.Draw(image)
    for place in (10, 390):
        draw.line((place, 10, place, 290), 0, 3)
        draw.line((10, min(place, 290), 390, min(place, 290)), 0, 3)
    assert without_rules(image, 150) is image  # a frame, and no table
    draw.line((30, 10, 30, 290), 0, 3)
    draw.line((10, 40, 390, 40), 0, 3)
    draw.text((60, 100), "Fees", 0, ImageFont.load_default(60))
    letters = image.crop((40, 80, 300, 200))
    cleaned = without_rules(image, 150)
    assert cleaned.crop((40, 80, 300, 200)).tobytes() == letters.tobytes()
    assert cleaned.crop((0, 0, 400, 60)).getextrema()[0] > 128 and cleaned.crop((0, 0, 30, 300)).getextrema()[0] > 128
    assert without_rules(Image.new("L", (20, 20), 0), 150).getextrema() == (0, 0)


@pytest.mark.parametrize("angle", [-5.0, -1.5, 0.0, 2.0, 6.0])
def test_the_slope_of_lines_is_found(angle: float) -> None:
    image = Image.new("L", (1200, 1600), 255)
    pen = ImageDraw.Draw(image)
    for row in range(30):
        for word in range(12 - row % 4):
            pen.rectangle((100 + 85 * word, 100 + 45 * row, 160 + 85 * word, 118 + 45 * row), 0)
    assert abs(skew_of(image.rotate(angle, fillcolor=255)) - angle) <= 0.2


def test_a_picture_without_lines_has_no_slope() -> None:
    image = Image.new("L", (1200, 1600), 255)
    ImageDraw.Draw(image).ellipse((200, 300, 1000, 1100), 60)
    assert skew_of(image) == 0.0
    assert skew_of(Image.new("L", (30, 30), 255)) == 0.0
