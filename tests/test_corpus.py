"""The starter corpus: complete metadata, built as its sources say, and the questions' evidence really in it."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
import yaml
from docx.oxml.ns import qn

from ingest.readers import read_file
from ingest.sources import SUFFIXES
from kb import store
from kb.evaluate import says
from kb.records import KINDS, STATUSES, Document, Parsed, SourceFile
from kb.serialize import document_json
from kb.staging import StagedDocument, Staging

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
QUESTIONS = ROOT / "tests" / "quality" / "questions.jsonl"
FONT = Path("/usr/share/fonts/truetype/noto/NotoSerif-Regular.ttf")
#: The version whose letters the committed PDFs embed: Debian 12. Another one draws the same text from other bytes.
FONT_SHA256 = "9d7583b7dc9e812afd32a14280c5cac3160012efe50c8d08938f4fea266ff67f"
LANGUAGES = {"en", "ru", "ur"}
#: What the metadata of every document say, be it that there is none.
KEYS = ("title", "kind", "publisher", "date", "language", "countries", "projects", "parties", "status", "url", "sources")
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def files() -> list[Path]:
    folders = (path for path in CORPUS.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = (path for folder in folders for path in folder.rglob("*"))
    return sorted(path for path in found if path.is_file() and not path.name.endswith(".meta.toml"))


def squeeze(text: str) -> str:
    return " ".join(text.split())


def pdf_text(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def docx_text(path: Path) -> str:
    word = docx.Document(str(path))
    cells = (cell.text for table in word.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in word.paragraphs), *cells])


def html_text(path: Path) -> str:
    body = path.read_text(encoding="utf-8").split("<body>")[1]
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def markdown_text(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


def jsonl_text(path: Path) -> str:
    return "\n".join(item["title"] + "\n" + item["text"] for item in items(path))


def mail_text(path: Path) -> str:
    return str(email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_content())


def workbook_text(path: Path) -> str:
    rows = (row for sheet in openpyxl.load_workbook(path).worksheets for row in sheet.iter_rows(values_only=True))
    return "\n".join(str(cell) for row in rows for cell in row if cell is not None)


READ = {
    ".pdf": pdf_text,
    ".docx": docx_text,
    ".html": html_text,
    ".md": markdown_text,
    ".jsonl": jsonl_text,
    ".eml": mail_text,
    ".xlsx": workbook_text,
}
#: First sentence of a digest.
NOT_THE_TEXT = {
    "en": "This is a digest, not the text of",
    "ru": "Это дайджест, а не текст",
    "ur": "یہ خلاصہ ہے، معاہدے کا متن نہیں",
}
NO_ADDRESS = ("address not known", "адрес неизвестен", "پتا معلوم نہیں")
DIGEST = {"en": "Digest: ", "ru": "Дайджест: ", "ur": "خلاصہ: "}


def text_of(path: Path) -> str:
    read = READ.get(path.suffix)
    return squeeze(read(path) if read else path.read_text(encoding="utf-8"))


def items(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def metadata(path: Path) -> dict[str, Any]:
    if path.suffix == ".md":
        loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n", 2)[1])
        return loaded
    return tomllib.loads((path.parent / f"{path.name}.meta.toml").read_text(encoding="utf-8"))


def questions() -> list[dict[str, Any]]:
    return items(QUESTIONS)


def documents() -> list[Path]:
    """The files that are one document each."""
    return [path for path in files() if path.suffix != ".jsonl"]


def test_there_is_enough_variety() -> None:
    kinds = {metadata(path)["kind"] for path in files()}
    languages = Counter(metadata(path)["language"] for path in files())
    assert kinds == {"agreement", "policy_paper", "news", "dataset"}
    assert {path.suffix for path in files()} == {*READ, ".txt", ".csv"}
    assert languages["ru"] >= 6 and languages["ur"] >= 6 and set(languages) == LANGUAGES


@pytest.mark.parametrize(("folder", "least"), [("agreements", 15), ("policy", 15), ("news", 25), ("data", 5)])
def test_each_folder_holds_its_share(folder: str, least: int) -> None:
    assert sum(path.parent.name == folder for path in files()) >= least


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_metadata_is_complete(path: Path) -> None:
    found = metadata(path)
    assert set(KEYS) <= set(found)
    for name in ("title", "kind", "publisher", "date", "language", "countries", "url", "sources"):
        assert found[name], f"{path.name}: {name} is missing"
    assert found["kind"] in KINDS
    assert found["language"] in LANGUAGES
    assert DATE.fullmatch(found["date"])
    assert found["countries"] == sorted(set(found["countries"]))
    assert all(re.fullmatch(r"[A-Z]{2}", country) for country in found["countries"])
    assert all(address.startswith(("http://", "https://")) for address in [found["url"], *found["sources"]])
    if found["kind"] == "agreement":
        assert found["status"] in STATUSES  # one that is not known is "unknown"
        assert found["parties"] and found["projects"]
    else:
        assert not found["status"] and not found["parties"]  # what only agreements have


@pytest.mark.parametrize("path", [path for path in files() if path.suffix == ".jsonl"], ids=lambda path: path.name)
def test_news_items_are_complete(path: Path) -> None:
    found = items(path)
    assert len(found) >= 12
    assert len({item["id"] for item in found}) == len(found)
    for item in found:
        assert set(KEYS) <= set(item)
        assert item["title"] and item["kind"] in KINDS and item["publisher"] and item["countries"] and item["sources"]
        assert DATE.fullmatch(item["date"])
        assert all(address in item["text"] for address in item["sources"])


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_document_lists_its_public_sources(path: Path) -> None:
    text = "".join(text_of(path).split())  # a PDF breaks long addresses over lines
    missing = [address for address in metadata(path)["sources"] if address not in text]
    assert not missing


@pytest.mark.parametrize("path", [path for path in documents() if path.parent.name == "agreements"], ids=lambda path: path.name)
def test_an_agreement_says_first_that_it_is_a_digest(path: Path) -> None:
    language = metadata(path)["language"]
    assert metadata(path)["title"].startswith(DIGEST[language])
    assert NOT_THE_TEXT[language] in text_of(path)[:500]


def test_note_marks_resolve() -> None:
    for path in (path for path in documents() if path.parent.name != "data"):
        text = text_of(path)
        marks = re.findall(r"\((?:Notes?|Источники?|حوالہ|حوالے) ([\d,،\s]+)[.۔]\)", text)
        numbers = {int(number) for mark in marks for number in re.findall(r"\d+", mark)}
        assert numbers or "-scan" in path.name, f"{path.name} has no note marks"
        without_address = sum(text.count(words) for words in NO_ADDRESS)
        assert max(numbers, default=0) <= len(metadata(path)["sources"]) + without_address


def test_pdf_page_labels_are_those_printed() -> None:
    for path in files():
        if path.suffix == ".pdf":
            reader = pypdf.PdfReader(path)
            assert reader.page_labels[0] == "i" and "1" in reader.page_labels
            printed = [page.extract_text().splitlines() for page in reader.pages]
            assert all(label in lines for label, lines in zip(reader.page_labels, printed, strict=True) if lines)
            assert sum(not lines for lines in printed) == ("-scan" in path.name)  # the picture of a page has no text
            assert reader.outline


def test_a_pdf_is_dated_as_its_document() -> None:
    for path in (path for path in files() if path.suffix == ".pdf"):
        created = pypdf.PdfReader(path).metadata["/CreationDate"]
        assert created.startswith("D:" + metadata(path)["date"].replace("-", "")), path.name


def test_words_of_a_right_to_left_file_are_marked_so() -> None:
    turned = [path for path in files() if path.suffix == ".docx" and metadata(path)["language"] == "ur"]
    assert turned
    for path in turned:
        body = docx.Document(str(path)).element.body
        runs = list(body.iter(qn("w:r")))
        assert all(run.rPr.find(qn("w:rtl")) is not None for run in runs)
        bold = [run for run in runs if run.rPr.find(qn("w:b")) is not None]
        assert bold and all(run.rPr.find(qn("w:bCs")) is not None for run in bold)


LONGEST_ADDRESS = 200  # characters that a reader of ours joins over lines


@pytest.mark.parametrize("path", [path for path in files() if path.suffix == ".pdf"], ids=lambda path: path.name)
def test_addresses_in_a_pdf_are_read_whole(path: Path) -> None:
    (document,) = read(path.relative_to(ROOT).as_posix())
    given = metadata(path)
    wanted = [address for address in (given["url"], *given["sources"]) if len(address) <= LONGEST_ADDRESS]
    assert wanted and [address for address in wanted if address not in document.text] == []


def test_built_files_are_as_their_sources_give_them() -> None:
    if importlib.util.find_spec("reportlab") is None or not FONT.is_file():
        pytest.skip("reportlab or the fonts of fonts-noto-core are not installed: the corpus cannot be rebuilt here")
    if hashlib.sha256(FONT.read_bytes()).hexdigest() != FONT_SHA256:
        pytest.skip("another version of fonts-noto-core is installed than the one whose letters the committed PDFs embed")
    command = [sys.executable, str(CORPUS / ".src" / "build.py"), "--check"]
    elsewhere = os.environ | {"SOURCE_DATE_EPOCH": "1700000000", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr


def test_questions_are_well_formed() -> None:
    found = questions()
    assert len({row["id"] for row in found}) == len(found) >= 50
    assert len({row["question"] for row in found}) == len(found)
    for row in found:
        assert set(row) == {"id", "question", "language", "kind", "status", "answer", "evidence"}
        assert row["language"] in LANGUAGES
        assert row["status"] in ("answered", "abstained")
        assert bool(row["answer"]) == bool(row["evidence"]) == (row["status"] == "answered")
        for entry in row["evidence"]:
            assert {"document", "text"} <= set(entry) <= {"document", "text", "pinpoint"}
            assert len(squeeze(entry["text"])) > 9


def test_questions_cover_languages_and_refusals() -> None:
    found = questions()
    assert sum(row["status"] == "abstained" for row in found) >= 15
    assert sum(row["language"] == "ru" for row in found) >= 16
    assert sum(row["language"] == "ur" for row in found) >= 14
    assert sum(row["kind"] in ("comparison", "timeline", "yes-no", "false-premise") for row in found) >= 12
    assert sum(row["kind"] == "cross-lingual" for row in found) >= 4


@cache
def read(name: str) -> tuple[Parsed, ...]:
    """What the file's own reader gives."""
    path = ROOT / name
    source = SourceFile(name, str(path), SUFFIXES[path.suffix], hashlib.sha256(path.read_bytes()).hexdigest())
    return read_file(source)


@cache
def read_documents(name: str) -> tuple[str, ...]:
    """Evidence from a table is a row as its reader gives it."""
    return tuple(squeeze(document.text) for document in read(name))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_readers_take_over_what_is_known_of_a_document(path: Path) -> None:
    given = metadata(path)
    for document in read(path.relative_to(ROOT).as_posix()):
        found = document.metadata
        assert found.title and found.published and found.url and (not document.warnings or "-scan" in path.name)
        assert (found.kind, found.publisher, found.language) == (given["kind"], given["publisher"], given["language"])
        if path.suffix != ".jsonl":
            assert (found.title, found.published, found.url) == (given["title"], given["date"], given["url"])
            assert found.countries == tuple(given["countries"]) and found.parties == tuple(given.get("parties", ()))
            assert (found.status, found.status_date) == (given.get("status", ""), given.get("status_date", ""))


def test_the_index_has_what_the_files_say(tmp_path: Path) -> None:
    given: dict[str, dict[str, Any]] = {}
    with Staging(tmp_path) as staging:
        for path in files():
            name = path.relative_to(ROOT).as_posix()
            lines = {item["id"]: item for item in items(path)} if path.suffix == ".jsonl" else {"": metadata(path)}
            for parsed in read(name):
                given[name + parsed.key] = lines[parsed.key]
                place = (name + parsed.key, name + parsed.key, name, "s", "o", "text/plain", parsed.metadata)
                document = Document(*place, parsed.text, parsed.blocks, parsed.pages, parsed.reader, parsed.warnings, "2026")
                staging.put(StagedDocument(document, (), (), "corpus", "p"), {})
        assert len(given) > 100
        for name, metadata_given in given.items():
            found = document_json(store.document(staging.connection, staging.next_generation, name))
            assert {key: found[key] for key in KEYS} == {key: metadata_given[key] for key in KEYS}, name


def test_every_row_of_a_table_names_its_source() -> None:
    rows = 0
    for path in (path for path in files() if path.parent.name == "data"):
        (document,) = read(path.relative_to(ROOT).as_posix())
        for block in (block for block in document.blocks if block.place):
            row = document.text[block.start : block.end]
            assert "; Source: " in row and ("http" in row or any(words in row for words in NO_ADDRESS)), (path.name, row)
            rows += 1
    assert rows >= 600


@pytest.mark.parametrize("row", [row for row in questions() if row["status"] == "answered"], ids=lambda row: row["id"])
def test_evidence_stands_in_its_document(row: dict[str, Any]) -> None:
    for entry in row["evidence"]:
        assert any(squeeze(entry["text"]) in text for text in read_documents(entry["document"])), entry
    assert any(says(entry["text"], accepted) for entry in row["evidence"] for accepted in row["answer"])
