from __future__ import annotations

import json
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.discovery import discover
from ingest.readers import read_file
from ingest.sources import PDF
from ingest.text import UnreadableFile
from ingest.versions import reader_version
from kb.records import Parsed, SourceFile

GOLDEN = Path(__file__).parent / "golden"
NAMES = [
    "articles.txt",
    "brief.md",
    "items.jsonl",
    "mail.eml",
    "note.docx",
    "page.html",
    "report.pdf",
    "trade.csv",
    "trade.xlsx",
    "treaty.pdf",
]
NAMES += ["rules.docx", "fees.odt", "letter.rtf", "slides.pptx", "koi8.txt", "regions.html"]
NAMES += ["akoma.xml", "tota.xml"]


def spans(document: Parsed) -> dict[str, object]:
    text = document.text
    return {
        "key": document.key,
        "text": text,
        "blocks": [
            [block.kind, block.level, block.start, block.end, text[block.start : block.end], *filter(None, [block.place])]
            for block in document.blocks
        ],
        "pages": [[page.number, page.label, page.start, page.end] for page in document.pages],
        "metadata": {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(document.metadata).items() if value
        },
    }


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    source = next(file for file in discover(GOLDEN, "golden").files if file.uri == f"golden/{name}")
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    assert [spans(document) for document in read_file(source)] == expected


def one(root: Path) -> tuple[Parsed, ...]:
    return read_file(discover(root, "c").files[0])


def test_a_sidecar_goes_before_front_matter_and_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: Front\nkind: news\n---\n# Head\n\nText.\n")
    (tmp_path / "a.md.meta.toml").write_text('title = "Side"\nkind = "poem"\n')
    (document,) = one(tmp_path)
    assert (document.metadata.title, document.metadata.kind) == ("Side", "news")
    assert "'poem'" in document.warnings[0]


def test_a_line_of_jsonl_goes_before_the_sidecar_of_all(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "1", "text": "x", "kind": "news"}\n')
    (tmp_path / "a.jsonl.meta.json").write_text('{"title": "All", "kind": "dataset", "publisher": "P"}')
    (document,) = one(tmp_path)
    assert (document.metadata.title, document.metadata.kind, document.metadata.publisher) == ("1", "news", "P")


def test_a_broken_sidecar_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "some_file.txt").write_text("x")
    (tmp_path / "some_file.txt.meta.toml").write_text("title = ")
    (document,) = one(tmp_path)
    assert document.metadata.title == "some file"
    assert "sidecar" in document.warnings[0]


def test_warnings_are_few_and_short(tmp_path: Path) -> None:
    good = json.dumps({"text": "Fees.", "countries": ["x" * 5000]})
    (tmp_path / "a.jsonl").write_text(good + "\nno JSON" * 5000)
    warnings = one(tmp_path)[0].warnings
    assert len(warnings) == 201 and max(map(len, warnings)) <= 1000
    assert warnings[-1] == "4,801 further warnings are left out."


def test_unknown_type() -> None:
    with pytest.raises(UnreadableFile, match="PDF, DOCX"):
        read_file(SourceFile("c/x", "x", "image/png", ""))
    assert reader_version(PDF) != reader_version("text/plain")


def test_an_attached_pdf_is_a_document_of_its_own(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "The treaty"
    message.set_content("The treaty is attached.")
    message.add_attachment((GOLDEN / "treaty.pdf").read_bytes(), "application", "pdf", filename="treaty.pdf")
    path = tmp_path / "mail.eml"
    path.write_bytes(message.as_bytes())
    documents = read_file(SourceFile("c/mail.eml", str(path), "message/rfc822", "0"))
    assert [document.key for document in documents] == ["", "treaty.pdf"]
    assert documents[1].pages
