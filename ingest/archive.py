"""Files inside files: one that is only in memory, and how much an Office file may unpack to."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Container

from lxml import etree

from ingest.files import File as File
from ingest.files import MemoryFile as MemoryFile
from ingest.files import UnreadableFile

# What zipfile and lxml raise for a package that is damaged or encrypted: found by changing bytes of sound ones.
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, etree.XMLSyntaxError),
    *(OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError, NotImplementedError, RuntimeError),
)
LARGEST = 200 * 1024 * 1024  # bytes unpacked
LARGEST_RATIO = 200  # XML packs to about 1/10, a page of one letter to 1/100; bombs start at 1,000


_STREAM = re.compile(r"file '<[^>]{0,2000}>'")


def free_key(key: str, taken: Container[str]) -> str:
    """`key`, or the first of "key-2", "key-3", … that is not taken."""
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    return free


_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_KIND = re.compile(
    rb"(application/vnd\.)(?:ms-(?:word|powerpoint|excel)|openxmlformats-officedocument\.\w+)\."
    rb"(?:document|template|presentation|slideshow|sheet)(?:\.macroEnabled(?:Template)?)?\.main\+xml"
)


def ordinary(file: File, kind: str) -> File:
    """An Office package as the libraries know it: the names of Strict Open XML as those of the transitional form, a template or
    a file with macros as a document. `kind` is its media type ("application/vnd.openxmlformats-officedocument.…").

    Check first what it unpacks to. Raises one of DAMAGED for a broken package.
    """
    made = io.BytesIO()
    with file.open("rb") as stream, zipfile.ZipFile(stream) as archive, zipfile.ZipFile(made, "w") as out:
        types = archive.read("[Content_Types].xml")
        if kind.encode() + b".main+xml" in types and not _STRICT.search(archive.read("_rels/.rels")):
            return file
        for info in archive.infolist():
            data = archive.read(info)
            if info.filename.endswith((".xml", ".rels")):
                data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
            if info.filename == "[Content_Types].xml":
                data = _KIND.sub(kind.encode() + b".main+xml", data)
            out.writestr(info.filename, data)
    return MemoryFile(file.name, made.getvalue())


def told(error: Exception) -> str:
    """What a library says is wrong, at most 200 characters; without the place of the file in our memory, which some put first."""
    return _STREAM.sub("it", str(error))[:200]


def check_unpacked(file: File, what: str) -> None:
    """Raises UnreadableFile if the archive is damaged or unpacks to more than a document of its size does; `what`: "DOCX"."""
    with file.open("rb") as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                infos = archive.infolist()
        except DAMAGED as error:
            raise UnreadableFile(f"the {what} is damaged ({error}); replace it with a sound copy.") from error
        bytes_there = stream.seek(0, io.SEEK_END)
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos) or 1
    if packed > bytes_there:  # zipfile would set aside memory for as many as the entry names: 2 GB in a file of 6 kB
        told = f"its parts are said to take {packed:,} bytes of {bytes_there:,}"
        raise UnreadableFile(f"the {what} is damaged ({told}); replace it with a sound copy.")
    if unpacked > LARGEST or (unpacked > 10 * 1024 * 1024 and unpacked / packed > LARGEST_RATIO):
        size = f"{unpacked / 1e6:,.0f} MB from {packed / 1e6:,.2f} MB"
        raise UnreadableFile(
            f"the {what} unpacks to {size}, which is how a zip bomb looks; save it anew without large pictures or empty rows."
        )
