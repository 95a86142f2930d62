"""Find the files of a folder and tell by their content what they are."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ingest.archive import File
from ingest.encodings import BOMS, wide_encoding
from ingest.text import SUPPORTED, UnreadableFile
from kb.records import Failure, SourceFile

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
    ".doc": DOC,  # often RTF, HTML or DOCX by content; what Word 97 wrote is refused with the remedy
    ".odt": ODT,
    ".rtf": RTF,
    ".pptx": PPTX,
    ".ppt": PPTX,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
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
LARGEST = 2 << 30  # bytes of a file: what is larger (a sparse file of terabytes) would be hashed for hours


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a folder holds: `files` sorted by uri, and a `Failure` (stage "discover") for each that cannot be taken."""

    files: tuple[SourceFile, ...]
    failures: tuple[Failure, ...]


class _Found(NamedTuple):
    path: str
    uri: str
    sidecar: str | None


def discover(root: Path, collection: str) -> Discovery:
    """All documents below `root`, named `<collection>/<path below root>`.

    Left out without a word: hidden files and folders, sidecars of files that are there, and README.md, README.txt and
    sources.toml at any level. A type is told by content as well as by name: a PDF named .txt is a PDF, an image named .pdf a
    failure. Links that lead out of `root`, links to folders, devices, empty and unreadable files, unknown types are failures.
    """
    root = root.absolute()
    files: dict[str, SourceFile] = {}
    failures: list[Failure] = []
    inside = os.path.realpath(root)
    for found in _walk(str(root), collection, failures):
        try:
            if found.uri in files:
                raise UnreadableFile("another file's name gives the same address; rename one of them.")
            files[found.uri] = _source(found, inside)
        except UnreadableFile as reason:
            failures.append(Failure(found.uri, "discover", str(reason)))
        except OSError as error:
            failures.append(
                Failure(found.uri, "discover", f"it cannot be read: {error.strerror or error}; check its permissions.")
            )
    return Discovery(tuple(files[uri] for uri in sorted(files)), tuple(sorted(failures, key=lambda failure: failure.uri)))


def _walk(root: str, collection: str, failures: list[Failure]) -> list[_Found]:
    found = []

    for folder, subfolders, names in _folders(root, collection, failures):
        for name in subfolders:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                reason = "a link to a folder is not followed; give the folder itself as a path of its own."
                failures.append(Failure(_uri(root, path, collection), "discover", reason))
        here = set(names)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.startswith(".") or name.casefold() in NOT_DOCUMENTS or _has_document(name, here):
                continue
            sidecar = next((path + suffix for suffix in SIDECARS if name + suffix in here), None)
            found.append(_Found(path, _uri(root, path, collection), sidecar))
    return found


def _folders(root: str, collection: str, failures: list[Failure]) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk without hidden folders, but not recursive: that one gives up where folders lie a thousand deep."""

    def unreadable(error: OSError) -> None:
        name = _uri(root, str(error.filename), collection)
        failures.append(Failure(name, "discover", f"the folder cannot be read: {error.strerror}; check its permissions."))

    waiting = [root]
    while waiting:
        for folder, subfolders, names in islice(os.walk(waiting.pop(), onerror=unreadable), 1):
            shown = [name for name in subfolders if not name.startswith(".")]
            yield folder, shown, names
            paths = (os.path.join(folder, name) for name in shown)
            waiting += [path for path in paths if not os.path.islink(path)]


def _has_document(name: str, here: set[str]) -> bool:
    return any(name.endswith(suffix) and name[: -len(suffix)] in here for suffix in SIDECARS)


def _uri(root: str, path: str, collection: str) -> str:
    """Always valid Unicode: bytes that are no UTF-8 and control characters are written %XX."""
    relative = os.fsencode(os.path.relpath(path, root).replace(os.sep, "/")).decode("utf-8", "surrogateescape")
    safe = "".join(_escaped(character) for character in relative)
    return collection if relative == "." else f"{collection}/{safe}"


def _escaped(character: str) -> str:
    if character.isprintable() or character in "\u200c\u200d":
        return character
    return quote(character.encode("utf-8", "surrogateescape"), safe="")


def _source(found: _Found, inside: str) -> SourceFile:
    path, uri, sidecar = found
    real = os.path.realpath(path)
    if not real.startswith(os.path.join(inside, "")):
        raise UnreadableFile(f"it is a link that leads out of the folder, to {_printable(real)}; put the file itself there.")
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile("it is no regular file (a device, pipe or socket); remove it.")
    if path.endswith(SIDECARS):
        raise UnreadableFile("it is a sidecar, but the file it describes is not there; rename or remove it.")
    _named(path)
    if status.st_size == 0:
        raise UnreadableFile("it is empty (0 bytes); replace or remove it.")
    if status.st_size > LARGEST:
        raise UnreadableFile(f"it has {status.st_size:,} bytes, and {LARGEST:,} are the most that is read; split it.")
    digest, start = _digest(path)
    if sidecar:
        if os.path.islink(sidecar) and not os.path.realpath(sidecar).startswith(os.path.join(inside, "")):
            raise UnreadableFile("its sidecar is a link that leads out of the folder; put the sidecar itself there.")
        digest.update(_digest(sidecar)[0].digest())
    return SourceFile(uri, path, media_type(Path(path), path, start), digest.hexdigest())


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def is_unchanged(source: SourceFile, copy: Path) -> bool:
    """Do a copy of the file and the sidecar that is there now still give the hash that discovery took?

    Asked when the file has been read, of the copy that is kept: the text, the hash and the original are then of one content.
    Raises OSError if one of them cannot be read.
    """
    sidecar = next((source.path + suffix for suffix in SIDECARS if os.path.lexists(source.path + suffix)), None)
    try:
        digest, _ = _digest(str(copy))
        if sidecar:
            digest.update(_digest(sidecar)[0].digest())
    except UnreadableFile:
        return False
    return digest.hexdigest() == source.sha256


def _digest(path: str) -> tuple[hashlib._Hash, bytes]:
    """The hash over a file's bytes, not yet closed, and its first block.

    Never waits on a pipe that is there or took the file's place, nor reads on for ever. Raises UnreadableFile for such a one.
    """
    digest, length = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableFile(
                f"{_printable(os.path.basename(path))} is no regular file (a device, pipe or socket); remove it."
            )
        start = block = file.read(_BLOCK)
        while block and length <= LARGEST:
            length += len(block)
            digest.update(block)
            block = file.read(_BLOCK)
    return digest, start[:8192]


def identify(path: Path, expected: str) -> tuple[str, str]:
    """The SHA-256 of a file's bytes and its media type by content, where who sent it says `expected`.

    Raises UnreadableFile for an empty file and for content that is nothing we read.
    """
    digest, start = _digest(str(path))
    if not start:
        raise UnreadableFile("it is empty (0 bytes).")
    return digest.hexdigest(), _by_content(path, expected, start)


def _named(name: str) -> str:
    suffix = os.path.splitext(name)[1].casefold()
    if suffix not in SUFFIXES:
        raise UnreadableFile(f"files named {suffix or 'without a suffix'} are not read; the types read are {SUPPORTED}.")
    return SUFFIXES[suffix]


def media_type(file: File, name: str, start: bytes) -> str:
    """What a file is by its content (`start`: its first kilobytes) and its name.

    Raises UnreadableFile if that is nothing we read, or not what its name says and no other type either.
    """
    return _by_content(file, _named(name), start)


def _by_content(file: File, named: str, start: bytes) -> str:
    if b"%PDF-" in start[:1024]:
        return PDF
    if start.startswith(b"PK\x03\x04"):
        return _zip_type(file)
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


_OFFICE = ((b"word/document.xml", DOCX), (b"ppt/presentation.xml", PPTX), (b"xl/workbook.xml", XLSX))


def _zip_type(file: File) -> str:
    """By the names listed at the end of the file, which are not parsed here: a list can be made to fill the memory, and this
    process is not the sandboxed one. The reader finds out what else is wrong."""
    with file.open("rb") as stream:
        start = stream.read(1000)
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _BLOCK))
        listed = stream.read(_BLOCK)
    found = next((found for name, found in _OFFICE if name in listed), _open_document(start))
    if found:
        return found
    if b"PK\x05\x06" not in listed:
        raise UnreadableFile("it is a damaged ZIP or Office file (the list at its end is missing); replace it with a sound copy.")
    raise UnreadableFile(f"by its content it is a ZIP archive and no DOCX, PPTX, XLSX or ODT; the types read are {SUPPORTED}.")
