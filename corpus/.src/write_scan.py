"""A scanned document: the body's pages become black-and-white pictures, slightly turned and speckled, without a text layer."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import pypdf
import pypdfium2
from PIL import Image
from source import Written
from write_pdf import as_pdf

DPI = 150  # of an office scanner's text setting
TILT = 0.4  # degrees
SPECKS = 300  # dots of dust on a page
INK_BELOW = 150  # grey value, 0..255


def as_scan(document: Written) -> bytes:
    """The first page stays text; every page up to the list of sources is a picture; page labels are kept."""
    text = pypdf.PdfReader(io.BytesIO(as_pdf(replace(document, layout=""))))
    writer = pypdf.PdfWriter(clone_from=text)
    pictures = pypdfium2.PdfDocument(io.BytesIO(text.stream.getvalue()))
    for number in range(1, len(text.pages) - 1):
        picture = pypdf.PdfReader(io.BytesIO(_scanned(pictures[number], number))).pages[0]
        page = writer.pages[number]
        for key in ("/Resources", "/MediaBox"):
            page[pypdf.generic.NameObject(key)] = picture[key].clone(writer)
        content = picture["/Contents"].get_object().clone(writer)
        page[pypdf.generic.NameObject("/Contents")] = content.indirect_reference  # a stream must not be direct
    writer.compress_identical_objects(remove_unreferenced=True)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _scanned(page: pypdfium2.PdfPage, seed: int) -> bytes:
    dust = random.Random(seed)
    grey = page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
    grey = grey.rotate(TILT, Image.Resampling.BICUBIC, fillcolor=255)
    for _ in range(SPECKS):
        grey.putpixel((dust.randrange(grey.width), dust.randrange(grey.height)), 0)
    buffer = io.BytesIO()
    grey.point(lambda value: 255 if value > INK_BELOW else 0, mode="1").save(buffer, "PDF", resolution=DPI)
    return buffer.getvalue()
