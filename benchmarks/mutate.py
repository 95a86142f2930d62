"""Damage to files, as wear, faulty producers and ill will do it: bytes, ranges, members of ZIP files, objects of PDF files.

Every change is drawn from the `random.Random` that is given, so that a seed and a number make the same file again.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

import pypdf

from ingest.archive import DAMAGED

LARGEST = 4 << 20  # bytes of a mutated file: larger ones only cost time
_NUMBERS = (b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"4294967296", b"-9223372036854775808", b"1e999", b"NaN")
_NUMBERS += (b"99999999999999999999999", b"1000000", b"0.0000001", b"\xd9\xa3")
_ANY = (
    b"\0",
    b"\xff",
    b"\r",
    b"\n\n\n",
    b"\t",
    b" ",
    b"\xe2\x80\xae",
    b"\xf3\xa0\x80\x81",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbe",
    b"\xef\xbb\xbf",
)
_ANY += ("لا ﷺ\u200c".encode(), b"\xff\xfe", b"A" * 5000, b"(" * 300, b"\xcc\x81" * 200)
_MARKUP = (
    b"<p>",
    b"</p>",
    b"<div>" * 200,
    b"<table><tr><td>",
    b"<ul><li>" * 50,
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"&#0;",
    b"&#xD800;",
    b"&amp;amp;",
)
_MARKUP += (b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]>', b"&c;", b'<?xml version="1.0" encoding="utf-7"?>')
_MARKUP += (
    b"<script>",
    b"<br/>" * 50,
    b' colspan="99999999"',
    b' rowspan="-1"',
    b"<svg><title>",
    b'<meta charset="utf-16">',
    b"<plaintext>",
)
_LINES = (
    b"---\n",
    b"---\na: &a [*a]\n---\n",
    b"# ",
    b"| a | b |\n|---|---|\n",
    b"> " * 200,
    b"- " * 200,
    b"```",
    b"1. ",
    b"Article 5\n",
)
_LINES += (
    b"[" * 500,
    b'{"text": "x"}\n',
    b'{"id": 1e999, "text": 7}\n',
    b"\\ud800",
    b'"' * 99,
    b";",
    b",",
    b"date: 2021-99-99\n",
    b"!!python/object:os.system\n",
)
_OFFICE = (
    b"<w:p><w:r><w:t>x</w:t></w:r></w:p>",
    b"<w:tbl><w:tr><w:tc>",
    b'<w:gridSpan w:val="9999999"/>',
    b"<w:vMerge/>",
    b"<w:numPr/>",
)
_OFFICE += (
    b'<w:pStyle w:val="none"/>',
    b'<c r="XFD1048576" t="s"><v>99999</v></c>',
    b'<c r="A0"/>',
    b'<c t="e"><v/></c>',
    b'<mergeCell ref="A1:XFD1048576"/>',
)
_OFFICE += (
    b'<text:h text:outline-level="-3">',
    b'<table:table-cell table:number-columns-repeated="1000000000">',
    b"<a:t>",
    b'<w:footnoteReference w:id="77"/>',
)
_PDF = (
    b"/Type",
    b"/Kids",
    b"/Parent",
    b"/Contents",
    b"/Length",
    b"/Filter",
    b"/FlateDecode",
    b"/LZWDecode",
    b"/ToUnicode",
    b"/Encoding",
    b"/Font",
)
_PDF += (
    b"<<",
    b">>",
    b"[",
    b"]",
    b"1 0 R",
    b"null",
    b"(",
    b"<feff",
    b"BT",
    b"ET",
    b" Tj",
    b" Tm",
    b"0 0 0 0 0 0 Tm",
    b"/Title (\xfe\xff\xd8\x00)",
    b"/Count -5",
)
_PDF += (
    b"/Nums [0 0 R]",
    b"beginbfchar",
    b"<0000> <ffff> <0000> beginbfrange",
    b"[" * 400,
    b"<<" * 400,
    b"/W [0 99999999 1]",
    b"/Predictor 15 /Columns 999999999",
)
DICTIONARY = {
    "pdf": _PDF,
    "html": _MARKUP,
    "xml": _MARKUP,
    "docx": _OFFICE + _MARKUP,
    "xlsx": _OFFICE + _MARKUP,
    "zip": _OFFICE + _MARKUP,
}
_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b(.*?)endobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
_DIGITS = re.compile(rb"\d+")
_NAME = re.compile(rb"/[A-Za-z]+")
_REFERENCE = re.compile(rb"\d+ 0 R")

Change = Callable[[bytes, Random], bytes]


def mutated(data: bytes, others: Sequence[bytes], kind: str, random: Random) -> bytes:
    """`data` with one to eight changes; `others` are files of the same kind (a suffix without its dot) to splice with."""
    if data.startswith(b"PK\x03\x04") and random.random() < 0.8:
        with suppress(*DAMAGED):  # of a file, or one to splice with, that is broken already, the bytes are changed
            return _zip_members(data, others, random)[:LARGEST]
    if data[:1024].find(b"%PDF-") >= 0 and random.random() < 0.7:
        return _pdf(data, random)[:LARGEST]
    return _bytes(data, others, DICTIONARY.get(kind, _LINES + _MARKUP), random)[:LARGEST]


def _bytes(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        change = random.choice((_flip, _cut, _end, _again, _many_times, _swap, _number, _number))
        if random.random() < 0.35:
            data = _put(data, random.choice((*words, *words, *_ANY)), random)
        elif others and random.random() < 0.1:
            other = random.choice(others)
            data = data[: _place(data, random)] + other[_place(other, random) :]
        else:
            data = change(data, random)
    return data


def _place(data: bytes, random: Random) -> int:
    return random.randint(0, len(data))


def _range(data: bytes, random: Random, longest: int = 2000) -> tuple[int, int]:
    start = _place(data, random)
    return start, min(len(data), start + random.randint(1, random.choice((4, 40, longest))))


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 4, 30)) if data else 0):
        changed[random.randrange(len(changed))] = random.choice((0, 255, 32, 0x80, random.randrange(256)))
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random, max(1, len(data) // 2))
    return data[:start] + data[end:]


def _end(data: bytes, random: Random) -> bytes:
    return data[: _place(data, random)]


def _put(data: bytes, word: bytes, random: Random) -> bytes:
    start, end = _range(data, random, 1) if random.random() < 0.5 else (_place(data, random),) * 2
    return data[:start] + word + data[end:]


def _again(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random)
    at = _place(data, random)
    return data[:at] + data[start:end] + data[at:]


def _many_times(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random, 200)
    return data[:end] + data[start:end] * random.choice((10, 300, 3000)) + data[end:]


def _swap(data: bytes, random: Random) -> bytes:
    (a, b), (c, d) = sorted((_range(data, random), _range(data, random)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _number(data: bytes, random: Random) -> bytes:
    return _one(_DIGITS, data, random, lambda found: random.choice((*_NUMBERS, found[::-1])))


def _one(form: re.Pattern[bytes], data: bytes, random: Random, new: Callable[[bytes], bytes]) -> bytes:
    """One match of `form`, of those behind a place drawn, or else the first, is replaced."""
    found = form.search(data, _place(data, random)) or form.search(data)
    return data[: found.start()] + new(found[0]) + data[found.end() :] if found else data


# ---- ZIP: DOCX, XLSX, ODT and their kin ---------------------------------------------------------------------------------------


def _members(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def _zip_members(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Change the members' content, their names and which there are, and pack it anew with sound checksums."""
    members = _members(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(members))
        name, content = members[at]
        action = random.random()
        if action < 0.8:
            members[at] = name, _bytes(content, [], DICTIONARY["zip"], random)[:LARGEST]
        elif action < 0.85 and len(members) > 1:
            del members[at]
        elif action < 0.9:
            members[at] = random.choice(members)[0], content
        elif action < 0.95 and others:
            members[at] = name, dict(_members(random.choice(others))).get(name, b"")
        else:
            members[at] = random.choice(("../x", "word/\u0434.xml", name.upper(), "x" * 300)), content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names may come twice, on purpose
        for name, content in members:
            archive.writestr(name, content)
    packed = out.getvalue()
    return _flip(packed, random) if random.random() < 0.1 else packed


# ---- PDF --------------------------------------------------------------------------------------------------------------------


def plain_pdf(data: bytes) -> bytes:
    """The same PDF with its objects in the open, so that changes can reach them. Raises what pypdf raises."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _pdf(data: bytes, random: Random) -> bytes:
    for _ in range(random.choice((1, 2, 3, 6))):
        change = random.choice(
            (_object_number, _object_name, _reference, _reference, _swap_objects, _drop_object, _in_stream, _in_stream)
        )
        data = change(data, random)
    return data if random.random() < 0.85 else _bytes(data, [], _PDF, random)


def _in_object(data: bytes, random: Random, change: Change) -> bytes:
    def new(found: bytes) -> bytes:
        head, mark, tail = found.partition(b"stream")
        return change(head, random) + mark + tail

    return _one(_OBJECT, data, random, new)


def _object_number(data: bytes, random: Random) -> bytes:
    return _in_object(data, random, _number)


def _object_name(data: bytes, random: Random) -> bytes:
    names = _NAME.findall(data[:200_000]) or [b"/X"]
    return _in_object(
        data, random, lambda head, _: _one(_NAME, head, random, lambda _: random.choice((*_PDF, random.choice(names))))
    )


def _reference(data: bytes, random: Random) -> bytes:
    """Point elsewhere: loops, and objects of another kind than is due."""
    references = _REFERENCE.findall(data[:200_000]) or [b"1 0 R"]
    return _one(_REFERENCE, data, random, lambda _: random.choice((random.choice(references), b"999999 0 R", b"null", b"[]")))


def _swap_objects(data: bytes, random: Random) -> bytes:
    bodies = _OBJECT.findall(data)
    return _one(_OBJECT, data, random, lambda found: found.split(b"obj")[0] + b"obj" + random.choice(bodies) + b"endobj")


def _drop_object(data: bytes, random: Random) -> bytes:
    return _one(_OBJECT, data, random, lambda _: b"")


def _in_stream(data: bytes, random: Random) -> bytes:
    """Change what is packed in a stream (a page's content, a font's table, other objects), and pack it again."""

    def new(found: bytes) -> bytes:
        inner = found.partition(b"\n")[2][: -len(b"\nendstream")]
        try:
            content, packed = zlib.decompressobj().decompress(inner, LARGEST), True
        except zlib.error:
            content, packed = inner, False
        content = _bytes(content, [], _PDF, random)[:LARGEST]
        return b"stream\n" + (zlib.compress(content, 1) if packed else content) + b"\nendstream"

    return _one(_STREAM, data, random, new)
