"""OCR measured without anybody typing scans off: pages with a text layer are drawn, so that only pictures are left, read by OCR
and compared with what the reader gave before.

    python -m benchmarks.reading_scans FOLDER [--dpi 200] [--pages 2]

FOLDER holds PDFs. Printed for each: the models used, mean confidence, share of the words (as a multiset, without case) that OCR
found again, and seconds a page, of drawing and recognising. Files without a text layer are read as they are.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ingest.page_picture import page_picture
from ingest.sandbox import Helpers, read_sandboxed
from ingest.sources import PDF
from ingest.tesseract import Engine, find_engine
from kb.records import Failure, Parsed, SourceFile


@dataclass(frozen=True, slots=True)
class Row:
    """`found` is None where there is nothing to compare with."""

    file: str
    pages: int
    confidence: float
    found: float | None
    seconds: float
    note: str


def rows(data: Path, engine: Engine, dpi: int = 200, pages: int = 2) -> Iterator[Row]:
    """A row for each PDF of a folder that can be read; the first `pages` pages of each."""
    for path in sorted(data.glob("*.pdf")):
        plain = _read(path, None)
        if isinstance(plain, Failure) and "no text layer" not in plain.reason:
            continue
        if isinstance(plain, Failure):
            yield _row(path.name, path, engine, "")
            continue
        with tempfile.TemporaryDirectory() as folder:
            scan = Path(folder, "scan.pdf")
            images = [_scanned(path, page.number, dpi) for page in plain.pages[:pages]]
            images[0].save(scan, "PDF", resolution=dpi, save_all=True, append_images=images[1:])
            yield _row(path.name, scan, engine, plain.text[: plain.pages[:pages][-1].end])


def _scanned(path: Path, page: int, dpi: int) -> Image.Image:
    return page_picture(str(path), page, dpi, grey=True).image


def _read(path: Path, engine: Engine | None) -> Parsed | Failure:
    ((_, result),) = read_sandboxed([SourceFile("b/a.pdf", str(path), PDF, "")], helpers=Helpers(engine))
    return result if isinstance(result, Failure) else result[0]


def _row(name: str, scan: Path, engine: Engine, truth: str) -> Row:
    began = time.perf_counter()
    document = _read(scan, engine)
    seconds = time.perf_counter() - began
    if isinstance(document, Failure):
        return Row(name, 1, 0.0, 0.0 if _words(truth) else None, seconds, document.reason[:90])
    by_ocr = [page.ocr for page in document.pages if page.ocr is not None]
    wanted, got = _words(truth), _words(document.text)
    found = (wanted & got).total() / wanted.total() if wanted else None
    mean = sum(by_ocr) / max(len(by_ocr), 1)
    return Row(name, len(document.pages), mean, found, seconds / len(document.pages), document.warnings[-1][:90])


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_scans", description=__doc__)
    parser.add_argument("data", type=Path, metavar="FOLDER")
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--pages", type=int, default=2)
    options = parser.parse_args(arguments)
    engine = find_engine()
    if engine is None:
        print("tesseract is not installed; there is nothing to measure.", file=sys.stderr)
        return 1
    print(f"{engine.name}: {', '.join(sorted(engine.models))}\n{'file':44} {'pages':>5} {'sure':>5} {'found':>6} {'s/page':>6}")
    for row in rows(options.data, engine, options.dpi, options.pages):
        found = "" if row.found is None else f"{row.found:.3f}"
        print(f"{row.file[:44]:44} {row.pages:5} {row.confidence:5.2f} {found:>6} {row.seconds:6.1f}  {row.note}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
