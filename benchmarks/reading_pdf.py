"""How well PDFs are read: `python -m benchmarks.reading_pdf FOLDER`, a folder of PDFs with a manifest.tsv.

Per file: what the manifest expects and what came out; the share of poppler's words that our text has, as a multiset, without
the lines that poppler repeats on most pages (heads, feet, numbers: ours leaves them out on purpose); order, as the longest
rising sequence of positions among the words that stand once in both; pages a second beside pdftotext's and pypdf's alone; peak
memory of a process of its own. `true` is the coverage of FOLDER/../pdf_truth/<name>.md, where there is one. Words are compared
without case, hyphens and forms of letters; Chinese and Japanese sign by sign.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import re
import resource
import subprocess
import sys
import time
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdf

from ingest.pdf_structure import DEFECTS
from ingest.read_pdf import read
from ingest.text import UnreadableFile

WORD = re.compile("[\u2e80-\u9fff\uf900-\ufaff]|(?:(?![\u2e80-\u9fff\uf900-\ufaff])[^\\W_])+")
REPEATED = 0.6  # of the pages: a line of poppler's that comes again on as many, figures counted as equal, is a head or foot
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Row:
    """One file's figures. Shares are of 1, speeds in pages a second, memory in MiB; None: not to be had."""

    file: str
    expected: str
    got: str
    agrees: bool
    coverage: float | None
    true_coverage: float | None  # of a truth file's words
    order: float | None
    speeds: tuple[float | None, float | None, float | None]  # ours, pdftotext, pypdf
    memory: float
    note: str
    pages: int = 0


def words(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"(?<=\w)[-\u2010\u00ad]\s*\n?(?=\w)", "", text)
    return WORD.findall(re.sub(r"[\u0640\u064b-\u0652]", "", text))


def coverage(reference: Sequence[str], got: Sequence[str]) -> float | None:
    """The share of the reference's words that are there, each as often."""
    if not reference:
        return None
    missing = Counter(reference) - Counter(got)
    return 1 - sum(missing.values()) / len(reference)


def order(reference: Sequence[str], got: Sequence[str]) -> float | None:
    """Of the words that stand once in both: how many keep their order, at the most."""
    once = {word for word, times in Counter(reference).items() if times == 1}
    places = {word: place for place, word in enumerate(got) if word in once}
    counts = Counter(got)
    sequence = [places[word] for word in reference if word in once and counts[word] == 1]
    rising: list[int] = []
    for place in sequence:
        at = bisect_left(rising, place)
        rising[at : at + 1] = [place]
    return len(rising) / len(sequence) if sequence else None


def reference_text(path: Path) -> tuple[str, float]:
    """pdftotext's text without repeated lines, and the seconds that it took."""
    began = time.perf_counter()
    done = subprocess.run(["pdftotext", "-q", "-enc", "UTF-8", str(path), "-"], capture_output=True, check=False, timeout=120)
    seconds = time.perf_counter() - began
    pages = done.stdout.decode("utf-8", "replace").split("\f")[:-1]
    forms = Counter(form for page in pages for form in {_form(line) for line in page.split("\n")})
    usual = {form for form, times in forms.items() if len(pages) > 2 and times >= REPEATED * len(pages)}
    kept = ("\n".join(line for line in page.split("\n") if _form(line) not in usual) for page in pages)
    return "\n".join(kept), seconds


def _form(line: str) -> str:
    return re.sub(r"\d+|^[ivxl]+$", "#", line.strip())


def measure(row: dict[str, str], path: Path) -> Row:
    command = [sys.executable, "-m", "benchmarks.reading_pdf", "--one", str(path)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    if done.returncode:
        return Row(
            row["file"], row["expected"], "crash", False, None, None, None, (None, None, None), 0, done.stderr.decode()[-200:]
        )
    result: dict[str, Any] = json.loads(done.stdout)
    got, text = result["got"], result["text"]
    wanted = [item.strip() for found in re.findall(r"must contain: ([^;]*)", row["note"]) for item in found.split(", ")]
    missing = [item for item in wanted if "".join(words(item)) not in "".join(words(text))]
    accepted = {"no-crash": ("text", "ocr"), "no-hang": ("text",)}.get(row["expected"], (row["expected"],))
    pages_right = not row["pages_poppler"].isdecimal() or got != "text" or result["pages"] == int(row["pages_poppler"])
    note = "; ".join([*result["notes"], *(f"missing: {item}" for item in missing)])
    reference, seconds = reference_text(path)
    pages, ours = result["pages"], words(text)
    speeds = (pages / result["seconds"], pages / seconds, _pypdf_speed(path)) if pages else (None, None, None)
    truth = path.parent.with_name("pdf_truth") / f"{path.stem}.md"
    true = words(re.sub(r"<!--.*?-->", " ", truth.read_text(encoding="utf-8"))) if truth.exists() else []
    judged = (coverage(words(reference), ours), coverage(true, ours), order(words(reference), ours))
    judged = judged if got == "text" else (None, None, None)
    agrees = got in accepted and pages_right and not missing
    return Row(row["file"], row["expected"], got, agrees, *judged, speeds, result["memory"], note, pages)


def _pypdf_speed(path: Path) -> float | None:
    began = time.perf_counter()
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    except DEFECTS:
        return None
    return len(pages) / (time.perf_counter() - began)


def one(path: Path) -> dict[str, Any]:
    """Read a file here and now; the process is its own, so that its peak memory is that of the file (and of the imports)."""
    began = time.perf_counter()
    try:
        (document,) = read(path)
        found: dict[str, Any] = {"got": "text" if document.text else "ocr", "text": document.text, "pages": len(document.pages)}
        found["notes"] = [document.reader, *document.warnings]
    except UnreadableFile as error:
        reason = str(error)
        got = "password" if "password" in reason else "ocr" if "no text layer" in reason else "reject"
        found = {"got": got, "text": "", "pages": 0, "notes": [reason]}
    return {**found, "seconds": time.perf_counter() - began, "memory": peak_memory()}


def peak_memory() -> float:
    """This process's own peak in MiB. Where there is no /proc it is getrusage's, which on Linux would count as well what the
    process that started this one held at that time."""
    if STATUS.exists() and (peak := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"))):
        return int(peak[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows(data: Path) -> list[Row]:
    """A row for each file of the folder's manifest.tsv."""
    with (data / "manifest.tsv").open(encoding="utf-8", newline="") as manifest:
        listed = list(csv.DictReader(manifest, delimiter="\t"))
    return [measure(row, data / row["file"]) for row in listed]


def overall(found: Sequence[Row]) -> str:
    """The pages a second of ours, pdftotext and pypdf over all files that each of them reads, and ours as a share of pypdf's."""
    read_by_all = [(row.pages, row.speeds) for row in found if row.pages and None not in row.speeds]
    pages = sum(count for count, _ in read_by_all)
    seconds = [sum(count / (speeds[place] or 1) for count, speeds in read_by_all) for place in range(3)]
    ours, poppler, theirs = (pages / taken if taken else 0.0 for taken in seconds)
    share = ours / theirs if theirs else 0.0
    return f"{pages} pages: {ours:.1f} pages/s, pdftotext {poppler:.1f}, pypdf {theirs:.1f}; {share:.2f} of pypdf's"


def _shown(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_pdf", description=__doc__)
    parser.add_argument("folder", type=Path, help="PDFs with manifest.tsv; with --one: a PDF")
    parser.add_argument("--one", action="store_true", help="read one file and print what came out as JSON")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # pypdf tells of every faulty object
    if options.one:
        print(json.dumps(one(options.folder)))
        return 0
    found = rows(options.folder)
    print("ok  expected  got       coverage   true  order  pages/s: ours pdftotext pypdf   MiB  file")
    for row in found:
        speeds = " ".join(f"{_shown(speed, 1):>9}" for speed in row.speeds)
        shares = f"{_shown(row.coverage):>8} {_shown(row.true_coverage):>6} {_shown(row.order):>6}"
        result = f"{'ok ' if row.agrees else 'NO '} {row.expected:<9} {row.got:<9}"
        print(f"{result} {shares} {speeds} {row.memory:>5.0f}  {row.file}  {row.note[:150]}")
    print(overall(found))
    print(f"{sum(row.agrees for row in found)} of {len(found)} as expected")
    return 0 if all(row.agrees for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
