"""Article boundaries of treaties, found in plain text, XML, HTML, Word and PDF, against what the XML says.

    python -m benchmarks.reading_legal FOLDER

FOLDER holds `treaties/xml` and `treaties/txt` (ToTA), and `speeches`, in which no article may be found. HTML, Word and PDF are
made of each XML here, in three layouts (number and title in one line, in two, parted by a dash), so that the readers have no
marks to go by. An article counts as found where its number and the 40 letters that follow it, title included, are the XML's.
"""

from __future__ import annotations

import argparse
import html
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
from lxml import etree
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from ingest.discovery import discover
from ingest.headings import ARTICLE_RANK, ordinal
from ingest.readers import read_file
from ingest.structure import structure
from kb.records import Parsed

LETTERS = 40  # that must agree behind the number
FORMS = ("txt", "xml", "html", "docx", "pdf")


@dataclass(frozen=True, slots=True)
class Article:
    """`number` as numbers that compare; `text`, the first letters behind it."""

    number: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A treaty in one form: articles that the XML has, that were found, and that agree; what is wrong, in words."""

    name: str
    form: str
    expected: int
    found: int
    right: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else float(not self.expected)

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a treaty as its XML has it: number and title, either may be empty, and lines of text."""

    number: str
    title: str
    lines: tuple[str, ...]
    is_article: bool


def pieces(path: Path) -> list[Piece]:
    """Chapters and articles of a ToTA file in order, read without the product's own reader."""
    found = []
    for chapter in etree.parse(path, etree.XMLParser(resolve_entities=False)).iterfind("body/chapter"):
        found.append(Piece(chapter.get("number") or "", chapter.get("name") or "", (), False))
        for article in chapter.iterfind("article"):
            lines = tuple(" ".join(line.split()) for line in (article.text or "").split("\n") if line.strip())
            number = article.get("number") or ""
            found.append(Piece(number, article.get("name") or "", lines, bool(number)))
    return found


def expected_articles(parts: Iterable[Piece]) -> list[Article]:
    """A number that the XML lacks is the one its neighbours leave."""
    found: list[Article] = []
    for piece in parts:
        if piece.is_article:
            number = ordinal(piece.number.upper().removeprefix("ARTICLE").strip(" -"))
            number = number or ((found[-1].number[0] if found else 0) + 1,)
            found.append(Article(number, _letters(piece.title + " ".join(piece.lines[:9]))))
    return found


def found_articles(document: Parsed) -> list[Article]:
    law = structure(document.text, document.blocks)
    articles = []
    begins = [*(document.blocks[index].start for index in law.marks), len(document.text)]
    for (index, mark), end in zip(law.marks.items(), begins[1:], strict=True):
        if mark.pinpoint.rank == ARTICLE_RANK:
            block = document.blocks[index]
            title = document.text.find(mark.pinpoint.title, block.start, block.end) if mark.pinpoint.title else -1
            start = title if title >= 0 else mark.body
            articles.append(Article(ordinal(mark.pinpoint.number), _letters(document.text[start : min(end, start + 400)])))
    return articles


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())[:LETTERS]


def compare(name: str, form: str, expected: Sequence[Article], found: Sequence[Article]) -> Row:
    missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    wrong = [f"lacks {article.number} {article.text!r}" for article in missing]
    wrong += [f"has {article.number} {article.text!r}" for article in more]
    return Row(name, form, len(expected), len(found), len(expected) - missing.total(), tuple(wrong))


# ---- the same treaty in other forms -----------------------------------------------------------------------------------------


def layout(parts: Iterable[Piece], kind: int) -> Iterator[str]:
    """The lines of a treaty, headings in layout 0 (one line), 1 (two lines) or 2 (parted by a dash)."""
    for piece in parts:
        bare = piece.number.isdecimal()  # "1 Scope" in two lines is a page number to any reader
        if kind == 1 and not bare:
            yield from filter(None, (piece.number, piece.title))
        else:
            yield (" " if kind == 0 or bare else " — ").join(filter(None, (piece.number, piece.title)))
        yield from piece.lines


def write_forms(folder: Path, name: str, parts: Sequence[Piece]) -> None:
    """HTML, Word and PDF of a treaty, each with the next layout."""
    lines = [[line for line in layout(parts, kind) if line] for kind in range(3)]
    body = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines[1])
    head = f"<!DOCTYPE html><html lang='en'><head><title>{name}</title></head>"
    page = f"{head}<body><main><article>{body}</article></main></body></html>"
    (folder / f"{name}.html").write_text(page, encoding="utf-8")
    document = docx.Document()
    for line in lines[2]:
        document.add_paragraph(line.translate(_CONTROLS))
    document.save(str(folder / f"{name}.docx"))
    style = getSampleStyleSheet()["Normal"]
    style.spaceAfter = 6
    story = [Paragraph(html.escape(line), style) for line in lines[0]]
    SimpleDocTemplate(str(folder / f"{name}.pdf"), pagesize=A4, title=name).build(story)


_CONTROLS = dict.fromkeys(range(32), " ")


def rows(data: Path) -> Iterator[Row]:
    """A row for each treaty and form, then one for all speeches together."""
    for path in sorted((data / "treaties" / "xml").glob("*.xml")):
        parts = pieces(path)
        expected = expected_articles(parts)
        with tempfile.TemporaryDirectory() as made:
            write_forms(Path(made), path.stem, parts)
            (Path(made) / path.name).write_bytes(path.read_bytes())
            (Path(made) / f"{path.stem}.txt").write_bytes((data / "treaties" / "txt" / f"{path.stem}.txt").read_bytes())
            for source in discover(Path(made), "treaties").files:
                (document,) = read_file(source)
                form = source.uri.rpartition(".")[2]
                yield compare(path.stem, form, expected, found_articles(document))
    speeches = [found_articles(document) for source in discover(data / "speeches", "s").files for document in read_file(source)]
    yield compare(f"{len(speeches)} speeches", "txt", [], [article for found in speeches for article in found])


def total(some: Sequence[Row], form: str) -> Row:
    chosen = [row for row in some if row.form == form]
    sums = (sum(getattr(row, name) for row in chosen) for name in ("expected", "found", "right"))
    return Row(f"all {len(chosen)}", form, *sums, ())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_legal", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds treaties/xml, treaties/txt and speeches")
    parser.add_argument("--wrong", action="store_true", help="name what is missing and what is too much")
    options = parser.parse_args(arguments)
    done = []
    print(f"{'treaty':44} {'form':5} {'articles':>8} {'found':>6} {'right':>6} {'precision':>9} {'recall':>7}")
    for row in rows(options.folder):
        done.append(row)
        _print(row)
        for line in row.wrong if options.wrong else ():
            print(f"      {line}")
    for form in FORMS:
        _print(total([row for row in done if row.expected], form))


def _print(row: Row) -> None:
    figures = f"{row.expected:8} {row.found:6} {row.right:6} {row.precision:9.3f} {row.recall:7.3f}"
    print(f"{row.name[:44]:44} {row.form:5} {figures}", flush=True)


if __name__ == "__main__":
    main()
