"""Word files against reference texts: `python -m benchmarks.reading_office FOLDER`.

FOLDER/docx holds NAME.docx and NAME.truth.md (docling's checked-in Markdown, MIT). The reference is read with our own Markdown
reader, so that marks, table bars and pictures are gone from it and a table's row has the form of our rows. The ratio is
difflib's (0..1) over the words in order; "bare" is what python-docx alone gives: the paragraphs of the body.
"""

from __future__ import annotations

import argparse
import re
from difflib import SequenceMatcher
from pathlib import Path

import docx

from ingest import read_docx
from ingest.archive import MemoryFile
from ingest.read_text import read_markdown

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WORD = re.compile(r"[\w.]*\w|[^\w\s]")


def ratio(expected: str, got: str) -> float:
    """How much of both texts is the same words in the same order, 0..1."""
    return SequenceMatcher(None, _WORD.findall(expected), _WORD.findall(got), autojunk=False).ratio()


def reference(path: Path) -> str:
    """The reference text in the form that readers give."""
    marked = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    return read_markdown(MemoryFile(path.name, marked.encode()))[0].text


def rows(data: Path) -> list[tuple[str, ...]]:
    """The table: names of columns, a row for each file, the means. `data` is the folder that holds docx/."""
    table: list[tuple[str, ...]] = [("file", "ours", "python-docx bare")]
    found: list[tuple[float, float]] = []
    for path in sorted((data / "docx").glob("*.docx")):
        truth = reference(path.with_suffix(".truth.md"))
        bare = "\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
        found.append((ratio(truth, read_docx.read(path)[0].text), ratio(truth, bare)))
        table.append((path.name, *(f"{value:.3f}" for value in found[-1])))
    means = (sum(values) / len(values) for values in zip(*found, strict=True))
    table.append(("mean", *(f"{value:.3f}" for value in means)))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for first, *others in rows(parser.parse_args().folder):
        print(f"{first:36}", *(f"{value:>18}" for value in others))


if __name__ == "__main__":
    main()
