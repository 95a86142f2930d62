"""Find the files of a folder and tell by their content what they are."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

from ingest.files import SUPPORTED, File, UnreadableFile
from ingest.hashing import hashed
from ingest.unicode_bytes import BOMS, wide_encoding

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
ODT = "application/vnd.oasis.opendocument.text"
RTF = "application/rtf"
DOC = "application/msword"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
JSONL = "application/jsonl"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EML = "message/rfc822"
TREATY = "application/xml"  # ToTA's
AKOMA_NTOSO = "application/akn+xml"

SUFFIXES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".docm": DOCX,
    ".dotx": DOCX,
    ".doc": DOC,  # often RTF, HTML or DOCX by content; what Word 97 wrote is refused with the remedy
    ".odt": ODT,
    ".rtf": RTF,
    ".pptx": PPTX,
    ".ppt": PPTX,
    ".pptm": PPTX,
    ".ppsx": PPTX,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".mht": HTML,  # what a browser saved with its pictures; the reader finds the page in it
    ".mhtml": HTML,
    ".txt": TEXT,
    ".text": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".csv": CSV,
    ".tsv": CSV,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".eml": EML,
    ".xml": TREATY,
    ".akn": AKOMA_NTOSO,
}
NAMES = {PDF: "PDF", DOCX: "DOCX", HTML: "HTML", TEXT: "text", MARKDOWN: "Markdown", JSONL: "JSONL"}
NAMES |= {DOC: "DOC", ODT: "ODT", RTF: "RTF", PPTX: "PPTX", CSV: "CSV", XLSX: "XLSX", EML: "EML"}
NAMES |= {TREATY: "XML", AKOMA_NTOSO: "Akoma Ntoso"}
SIDECARS = (".meta.toml", ".meta.json", ".meta.yaml")
NOT_DOCUMENTS = ("readme.md", "readme.txt", "sources.toml")

_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file; save it as DOCX, PPTX or XLSX without a password"),
)
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html[\s>])", re.I)
_HEADER_START = re.compile(rb"(?:\xef\xbb\xbf)?(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_XML_ROOT = re.compile(rb"<(?:[\w.-]+:)?([\w.-]+)")
_ROOTS = {b"treaty": TREATY, b"akomaNtoso": AKOMA_NTOSO}
_BLOCK = 1 << 20


def identify(path: Path, expected: str) -> tuple[str, str]:
    """The SHA-256 of a file's bytes and its media type by content, where who sent it says `expected`.

    Raises UnreadableFile for an empty file and for content that is nothing we read.
    """
    found = hashed(str(path))
    if not found.size:
        raise UnreadableFile("it is empty (0 bytes).")
    return found.digest.hexdigest(), by_content(path, expected, found.start)


def named(name: str) -> str:
    """The media type that a file's name says. Raises UnreadableFile for one that we do not read."""
    suffix = os.path.splitext(name)[1].casefold()
    if suffix not in SUFFIXES:
        raise UnreadableFile(f"files named {suffix or 'without a suffix'} are not read; the types read are {SUPPORTED}.")
    return SUFFIXES[suffix]


def media_type(file: File | str, name: str, start: bytes) -> str:
    """What a file is by its content (`start`: its first kilobytes) and its name.

    Raises UnreadableFile if that is nothing we read, or not what its name says and no other type either.
    """
    return by_content(file, named(name), start)


def by_content(file: File | str, named: str, start: bytes) -> str:
    """As `media_type`, where the media type that the file's name says is known already."""
    if b"%PDF-" in start[:1024]:
        return PDF
    if start.startswith(b"PK\x03\x04"):
        return _zip_type(Path(file) if isinstance(file, str) else file)
    if start.startswith(b"{\\rtf"):
        return RTF
    for magic, name in _MAGIC:
        if start.startswith(magic):
            raise UnreadableFile(f"by its content it is {name}; the types read are {SUPPORTED}.")
    if named == DOC and _HTML_START.match(_after_prolog(start)):
        return HTML
    if named in (PDF, DOCX, DOC, ODT, RTF, PPTX, XLSX) or (named == EML and not _HEADER_START.match(start)):
        raise UnreadableFile(f"its name says {NAMES[named]} but its content is none; replace it with a sound copy.")
    if b"\0" in start and not start.startswith(tuple(mark for mark, _ in BOMS)) and not wide_encoding(start):
        raise UnreadableFile(f"its name says {NAMES[named]} but its content is binary; the types read are {SUPPORTED}.")
    if named in (TREATY, AKOMA_NTOSO):
        return _xml_type(start)
    if named not in (JSONL, EML) and _HTML_START.match(_after_prolog(start.removeprefix(BOMS[0][0]))):
        return HTML
    return named


def _after_prolog(start: bytes, *more: bytes) -> bytes:
    """What comes behind white space, instructions and comments (and what begins with `more`). A scan and no pattern: with
    comments that never end, 8 KB kept a pattern busy for minutes."""
    ends = {b"<?": b"?>", b"<!--": b"-->"} | dict.fromkeys(more, b">")
    while True:
        start = start.lstrip()
        opening = next((mark for mark in ends if start.startswith(mark)), None)
        if opening is None:
            return start
        head, end, rest = start.partition(ends[opening])
        if opening in more and b"[" in head:  # declarations in brackets have > of their own
            head, end, rest = start.partition(b"]")
            rest = rest.partition(b">")[2]
        if not end:
            return b""
        start = rest


def _xml_type(start: bytes) -> str:
    """By the root element. Comes after the other types, for which an .xml name means nothing."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start[: len(start) // 2 * 2].decode("utf-16", "replace").encode()
    plain = start.removeprefix(BOMS[0][0])
    if _HTML_START.match(_after_prolog(plain)):
        return HTML
    root = _XML_ROOT.match(_after_prolog(plain, b"<!DOCTYPE"))
    name = root[1] if root else b"none"
    if name not in _ROOTS:
        told = name.decode("ascii", "replace")[:60]
        raise UnreadableFile(f"its root element is <{told}>; of XML, ToTA's <treaty> and <akomaNtoso> are read.")
    return _ROOTS[name]


def _open_document(start: bytes) -> str:
    """ODT if the first member of a ZIP, as its standard wants, says so; else ""."""
    if start[30:38] != b"mimetype" or len(start) < 100:
        return ""
    content = start[38 + int.from_bytes(start[28:30], "little") :]
    if start[8:10] == b"\x08\0":  # packed, which the standard does not want
        try:
            content = zlib.decompressobj(-15).decompress(content, 200)
        except zlib.error:
            return ""
    return ODT if content.startswith(ODT.encode()) else ""


# Office on the web writes word/document2.xml; the part that is meant is named in the file's relations.
_OFFICE = (
    (re.compile(rb"word/document\d?\.xml"), DOCX),
    (re.compile(rb"ppt/presentation\d?\.xml"), PPTX),
    (re.compile(rb"xl/workbook\d?\.xml"), XLSX),
)


def _zip_type(file: File) -> str:
    """By the names listed at the end of the file, which are not parsed here: a list can be made to fill the memory, and this
    process is not the sandboxed one. The reader finds out what else is wrong."""
    with file.open("rb") as stream:
        start = stream.read(1000)
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _BLOCK))
        listed = stream.read(_BLOCK)
    found = next((found for name, found in _OFFICE if name.search(listed)), _open_document(start))
    if found:
        return found
    if b"PK\x05\x06" not in listed:
        raise UnreadableFile("it is a damaged ZIP or Office file (the list at its end is missing); replace it with a sound copy.")
    raise UnreadableFile(f"by its content it is a ZIP archive and no DOCX, PPTX, XLSX or ODT; the types read are {SUPPORTED}.")
