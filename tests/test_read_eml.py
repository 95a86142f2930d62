from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest

from ingest.archive import MemoryFile
from ingest.read_eml import MOST_ATTACHMENTS, MOST_FORWARDS, read
from ingest.sources import CSV
from ingest.text import UnreadableFile
from kb.records import Metadata, Parsed


def fake_reader(media_type: str, file: MemoryFile) -> tuple[Parsed, ...]:
    """Reads a CSV; a PDF breaks it as a library may; all else it cannot read."""
    if media_type == "application/pdf":
        raise KeyError("xref")
    if media_type != CSV:
        raise UnreadableFile("it is not read here.")
    return (Parsed(file.data.decode(), (), (), Metadata(), "fake 1"),)


def parsed(data: bytes) -> tuple[Parsed, ...]:
    return read(MemoryFile("a.eml", data), fake_reader)


def lines(document: Parsed) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def mail(subject: str = "S", text: str = "Text.") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "A <a@b.c>"
    message.set_content(text)
    return message


def raw(head: str, body: bytes, encoding: str = "utf-8") -> bytes:
    return head.replace("\n", "\r\n").encode(encoding) + b"\r\n\r\n" + body


def test_headers_are_metadata_and_the_first_block() -> None:
    head = (
        "Subject: =?utf-8?B?0KLQvtGA0LPQvtCy?=\n =?utf-8?B?0LvRjw==?=\n"
        "From: =?koi8-r?B?4cLX?= <a@b.c>\nTo: X <x@y.z>\nDate: Wed, 12 Mar 2025 14:05:00 +0500"
    )
    (document,) = parsed(raw(head, b"Text."))
    assert document.metadata == Metadata(title="Торговля", publisher="Абв", published="2025-03-12")
    assert lines(document) == ["Торговля", "From: Абв <a@b.c>; To: X <x@y.z>; Date: 12 March 2025, 14:05 +0500", "Text."]


def test_charset_faults_are_mended_with_a_warning() -> None:
    body = "Проверка связи между странами, торговля и транзит.".encode("cp1251")
    for charset in ("utf-8", "x-unknown", "us-ascii"):
        (document,) = parsed(raw(f'Subject: Привет, мир\nContent-Type: text/plain; charset="{charset}"', body, "cp1251"))
        assert lines(document)[0] == "Привет, мир"
        assert lines(document)[-1] == body.decode("cp1251")
        assert any(charset in warning for warning in document.warnings)


@pytest.mark.parametrize(
    "head",
    [
        "Subject: =?utf-8?B?!!!?=",
        "Subject: =?x-no?Q?abc?=",
        "Subject: =?utf-٣?Q?abc?=",
        "Date: nonsense",
        "From: <<@,;:>",
        "X:",
        "To: " + "(" * 9000,
    ],
)
def test_broken_headers_cost_no_text(head: str) -> None:
    (document,) = parsed(raw(head, b"Text stays."))
    assert lines(document)[-1] == "Text stays."


def test_quoted_replies_keep_their_marks() -> None:
    (document,) = parsed(mail(text="New words.\n\n> Old words that\n> go on here.\n>> Older.\n").as_bytes())
    assert lines(document)[2:] == ["New words.", "> Old words that go on here.", ">> Older."]


def test_html_is_taken_where_no_plain_text_says_the_same() -> None:
    message = EmailMessage()
    message.set_content("<html><head><title>no</title></head><p>One &amp; two</p><script>x()</script></html>", subtype="html")
    assert lines(parsed(message.as_bytes())[0]) == ["One & two"]
    both = mail(text="Plain.")
    both.add_alternative("<p>HTML</p>", subtype="html")
    assert lines(parsed(both.as_bytes())[0])[-1] == "Plain."
    footer = mail(text="A list's footer.")
    footer.make_mixed()
    footer.attach(message)
    assert lines(parsed(footer.as_bytes())[0])[-2:] == ["A list's footer.", "One & two"]


def test_attachments_are_documents_with_safe_and_single_names() -> None:
    message = mail()
    for name in ("../x/a b.csv", "a b.csv", ""):
        message.add_attachment("k,v\n", subtype="csv", filename=name or None, disposition="attachment")
    documents = parsed(message.as_bytes())
    assert [document.key for document in documents] == ["", "a-b.csv", "a-b.csv-2", "attachment.csv"]
    assert {document.metadata.publisher for document in documents} == {"A"}
    assert not documents[0].warnings


def test_what_cannot_be_read_is_named_and_costs_nothing_else() -> None:
    message = mail()
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="p.pdf")
    message.add_attachment("k,v\n", subtype="csv", filename="a.csv")
    documents = parsed(message.as_bytes())
    assert [document.key for document in documents] == ["", "a.csv"]
    assert "‘logo.png’ is not read" in documents[0].warnings[0]
    assert "KeyError" in documents[0].warnings[1]


def test_forwarded_messages_nest_so_deep_and_no_deeper() -> None:
    inner = mail("innermost")
    for number in range(MOST_FORWARDS + 2):
        outer = mail(f"level {number}")
        outer.add_attachment(inner)
        inner = outer
    documents = parsed(inner.as_bytes())
    assert len(documents) == MOST_FORWARDS + 1
    assert "nest deeper" in documents[0].warnings[0]


def test_many_attachments_end_in_warnings_then_in_a_failure() -> None:
    message = mail()
    for number in range(MOST_ATTACHMENTS + 3):
        message.add_attachment("k,v\n", subtype="csv", filename=f"{number}.csv")
    documents = parsed(message.as_bytes())
    assert len(documents) == MOST_ATTACHMENTS + 1
    assert len(documents[0].warnings) == 3
    for number in range(1000):
        message.add_attachment("", subtype="csv", filename=f"{number}.csv")
    with pytest.raises(UnreadableFile, match="1,000 parts"):
        parsed(message.as_bytes())


@pytest.mark.parametrize("levels", [40, 400, 5000])
def test_nesting_ends_in_a_failure(levels: int) -> None:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(levels))
    with pytest.raises(UnreadableFile, match="nest deeper"):
        parsed(head.encode() + b"\nText.")


def test_a_bomb_in_an_attachment_is_left_out() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 30_000_000)
    message = mail()
    message.add_attachment(out.getvalue(), maintype="application", subtype="octet-stream", filename="b.xlsx")
    (document,) = parsed(message.as_bytes())
    assert "b.xlsx" in document.warnings[0]
