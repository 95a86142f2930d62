from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from ingest.discovery import discover
from ingest.sources import CSV, DOCX, EML, HTML, JSONL, MARKDOWN, ODT, PDF, PPTX, RTF, TEXT, XLSX
from ingest.text import SUPPORTED

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def write(root: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def reasons(root: Path) -> dict[str, str]:
    return {failure.uri: failure.reason for failure in discover(root, "c").failures}


def test_types_go_by_content_and_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_dot_txt=b"text",
        b__c_dot_md=b"# x",
        d_dot_txt=b"%PDF-1.7",
        e_dot_txt=b"<!DOCTYPE html><p>x",
        f_dot_jsonl=b"{}",
        h_dot_csv=b"a,b",
        i_dot_tsv=b"a\tb",
        j_dot_eml=b"Subject: x\r\n\r\n<html>",
        k_dot_csv=b"<!doctype html><table>",
    )
    with zipfile.ZipFile(tmp_path / "l.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with zipfile.ZipFile(tmp_path / "g.docx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    found = discover(tmp_path, "c")
    assert [(file.uri, file.media_type) for file in found.files] == [
        ("c/a.txt", TEXT),
        ("c/b/c.md", MARKDOWN),
        ("c/d.txt", PDF),
        ("c/e.txt", HTML),
        ("c/f.jsonl", JSONL),
        ("c/g.docx", DOCX),
        ("c/h.csv", CSV),
        ("c/i.tsv", CSV),
        ("c/j.eml", EML),
        ("c/k.csv", HTML),
        ("c/l.csv", XLSX),
    ]
    assert not found.failures
    assert {failure.stage for failure in found.failures} <= {"discover"}


@pytest.mark.parametrize(
    ("name", "inside", "expected"),
    [
        ("a.docx", "word/document.xml", DOCX),
        ("b.docx", "word/document2.xml", DOCX),
        ("a.doc", "word/document.xml", DOCX),
        ("a.pptx", "ppt/presentation.xml", PPTX),
    ],
)
def test_office_files_are_told_by_what_is_inside(tmp_path: Path, name: str, inside: str, expected: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr(inside, "<x/>")
    assert [file.media_type for file in discover(tmp_path, "c").files] == [expected]


def test_opendocument_rtf_and_wide_texts_by_content(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("mimetype", ODT)
    write(tmp_path, b_dot_doc=b"{\\rtf1 x}", c_dot_doc=b"<html><p>x", d_dot_txt="Some words.".encode("utf-16-le"))
    assert [file.media_type for file in discover(tmp_path, "c").files] == [ODT, RTF, HTML, TEXT]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pdf", PNG, "PNG"),
        ("a.pdf", b"plain words", "name says PDF"),
        ("a.txt", b"x\0\1\2" * 9, "binary"),
        ("a.docx", b"PK\x03\x04 broken", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(9), "password"),
        ("a.xyz", b"x", f"the types read are {SUPPORTED}"),
        ("a.doc", b"\xd0\xcf\x11\xe0" + bytes(9), "save it as DOCX"),
        ("a.ppt", b"\xd0\xcf\x11\xe0" + bytes(9), "PPTX"),
        ("a.odt", b"plain words", "name says ODT"),
        ("a.xlsx", b"a,b", "name says XLSX"),
        ("a.eml", b"Dear Sara,\n\nno header", "name says EML"),
        ("a.csv", b"a,\0\1\2" * 9, "binary"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(9), "XLSX without a password"),
        ("a.txt", b"", "empty"),
        ("a.txt.meta.toml", b"", "sidecar"),
    ],
)
def test_what_cannot_be_read_is_a_failure(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    found = discover(tmp_path, "c")
    assert not found.files
    assert [failure.stage for failure in found.failures] == ["discover"]
    assert reason in found.failures[0].reason


def test_left_out_without_a_word(tmp_path: Path) -> None:
    write(tmp_path, README_dot_md=b"x", x__sources_dot_toml=b"", _dot_hidden_dot_txt=b"x", _dot_git__a_dot_txt=b"x")
    assert discover(tmp_path, "c").files == discover(tmp_path, "c").failures == ()


def test_the_hash_covers_the_sidecar(tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt=b"x")
    before = discover(tmp_path, "c").files
    write(tmp_path, a_dot_txt_dot_meta_dot_toml=b'title = "t"')
    after = discover(tmp_path, "c").files
    assert [file.uri for file in after] == ["c/a.txt"]
    assert before[0].sha256 != after[0].sha256


def test_links_that_lead_to_themselves_are_failures_and_the_others_are_found(tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt=b"x")
    (tmp_path / "one.txt").symlink_to("two.txt")
    (tmp_path / "two.txt").symlink_to("one.txt")
    (tmp_path / "self").symlink_to("self")
    found = reasons(tmp_path)
    assert all("leads to no file" in found[f"c/{name}"] for name in ("one.txt", "two.txt", "self"))
    assert [file.uri for file in discover(tmp_path, "c").files] == ["c/a.txt"]


def test_a_reason_holds_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    for name in (b"a.\x1b[31m", b"b.\xff\xfe", "c.\u202etxt".encode()):
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_bytes(b"x")
    found = reasons(tmp_path)
    assert len(found) == 3
    assert all(text.isprintable() for pair in found.items() for text in pair)


def test_links_pipes_and_locked_files(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, a_dot_txt=b"x", sub__b_dot_txt=b"x")
    (tmp_path / "secret.txt").write_text("x")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "loop").symlink_to(root)
    (root / "gone.txt").symlink_to(root / "nowhere.txt")
    os.mkfifo(root / "pipe.txt")
    found = reasons(root)
    assert "leads out" in found["c/out.txt"]
    assert "link to a folder" in found["c/loop"]
    assert "pipe" in found["c/pipe.txt"]
    assert "leads to no file" in found["c/gone.txt"]
    assert [file.uri for file in discover(root, "c").files] == ["c/a.txt", "c/sub/b.txt"]


def test_names_of_any_bytes_give_valid_addresses(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff\n.txt")).write_text("x")
    (tmp_path / "файл 1.txt").write_text("x")
    uris = [file.uri for file in discover(tmp_path, "c").files]
    assert uris == ["c/a%FF%0A.txt", "c/файл 1.txt"]


@pytest.mark.parametrize("piece", [b"<!--x-->", b"<!-- ", b"<?x ?>", b"<!DOCTYPE x [ ", b" "])
@pytest.mark.parametrize("name", ["a.xml", "a.html"])
def test_a_prolog_without_end_is_scanned_once(tmp_path: Path, name: str, piece: bytes) -> None:
    (tmp_path / name).write_bytes(piece * 2000 + b"<rss/>")  # a backtracking pattern would not come back
    found = discover(tmp_path, "c")
    assert len(found.files) + len(found.failures) == 1
