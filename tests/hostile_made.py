"""Hostile and broken files, made anew: each is small, and small rules made it. Several were found by benchmarks/fuzz_reading.py.

`HOSTILE` maps a file's name to what makes its bytes. Nothing may come of any of them but documents that hold together or a
failure with a sentence, within the bounds of the sandbox.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MEBIBYTE = 1 << 20


def deflated_spaces(mebibytes: int) -> bytes:
    """A zlib stream that unpacks to so many MiB of spaces: one packed block over and over, so that making it costs nothing."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    length = mebibytes * MEBIBYTE
    low = (1 + 32 * length) % 65521
    high = (length + 32 * (length * (length + 1) // 2)) % 65521
    return b"\x78\xda" + block * mebibytes + b"\x03\x00" + struct.pack(">I", high << 16 | low)


# ---- PDF --------------------------------------------------------------------------------------------------------------------


def pdf(*objects: bytes | tuple[bytes, bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1, the first its catalog; a pair is a dictionary's inside and a stream."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        if isinstance(item, tuple):
            item = b"<< %s /Length %d >>\nstream\n%s\nendstream" % (item[0], len(item[1]), item[1])
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
SHOW = b"BT /F 12 Tf 20 700 Td (Transit fees are published.) Tj ET"


def page(more: bytes = b"", resources: bytes = b"/Font << /F 5 0 R >>") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << %s >> %s >>" % (resources, more)


def pdf_with(
    catalog: bytes = b"", pages: bytes = PAGES, one: bytes = page(), content: tuple[bytes, bytes] = (b"", SHOW)
) -> bytes:
    return pdf(b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog, pages, one, content, FONT)


def forms_in_forms(depth: int) -> bytes:
    """Each form shows the next one ten times."""
    resources = b"/Font << /F 5 0 R >> /XObject << /X 6 0 R >>"
    forms = [
        (
            b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F 5 0 R >> /XObject << /X %d 0 R >> >>"
            % (7 + number if number + 1 < depth else 5),
            b"/X Do " * 10 if number + 1 < depth else SHOW,
        )
        for number in range(depth)
    ]
    return pdf(CATALOG, PAGES, page(resources=resources), (b"", b"/X Do " * 10), FONT, *forms)


def outline_loop() -> bytes:
    item = b"<< /Title (A) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [3 0 R /Fit] >>"
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>", PAGES, page(), (b"", SHOW), FONT, b"<< /First 7 0 R >>", item
    )


def wide_characters() -> bytes:
    """A font's table of signs with ranges over everything, asked for where a page has few letters."""
    table = b"1 begincodespacerange <0000> <ffff> endcodespacerange 100 beginbfrange " + b"<0000> <ffff> <0000> " * 100
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [7 0 R] >>"
    inner = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << >> /W [0 99999999 1] >>"
    show = b"BT /F 12 Tf 20 700 Td <00410042> Tj ET"
    return pdf(CATALOG, PAGES, page(), (b"", show), font, (b"", table + b"endbfrange"), inner)


PDFS: dict[str, Callable[[], bytes]] = {
    "stream-bomb": lambda: pdf_with(content=(b"/Filter /FlateDecode", deflated_spaces(4000))),
    "stream-bomb-twice": lambda: pdf_with(
        content=(b"/Filter [/FlateDecode /FlateDecode]", zlib.compress(deflated_spaces(4000), 9))
    ),
    "predictor": lambda: pdf_with(
        content=(b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 >>", zlib.compress(SHOW))
    ),
    "forms-in-forms": lambda: forms_in_forms(12),
    "page-tree-loop": lambda: pdf_with(pages=b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"),
    "same-page-many-times": lambda: pdf_with(pages=b"<< /Type /Pages /Kids [%s] /Count 20000 >>" % (b"3 0 R " * 20000)),
    "count": lambda: pdf_with(pages=b"<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>"),
    "no-pages": lambda: pdf_with(pages=b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "brackets": lambda: pdf_with(catalog=b"/X " + b"[" * 200_000),
    "dictionaries": lambda: pdf_with(catalog=b"/X " + b"<</A" * 100_000),
    "outline-loop": outline_loop,
    "previous-loop": lambda: pdf(CATALOG, PAGES, page(), (b"", SHOW), FONT, trailer=b"/Prev 9"),
    "labels-loop": lambda: pdf(
        b"<< /Type /Catalog /Pages 2 0 R /PageLabels 6 0 R >>", PAGES, page(), (b"", SHOW), FONT, b"<< /Kids [6 0 R] >>"
    ),
    "label-number": lambda: pdf_with(catalog=b"/PageLabels << /Nums [0 << /S /r /St 999999999999 >>] >>"),
    "signs": wide_characters,
    "length": lambda: pdf_with(content=(b"/Length 99999999999", SHOW)),
    "title": lambda: pdf(CATALOG, PAGES, page(), (b"", SHOW), FONT, trailer=b"/Info << /Title (\xfe\xff\xd8\x00\xd8\x00) >>"),
    "empty-text": lambda: pdf_with(content=(b"", b"BT /F 12 Tf 20 700 Td (\\000\\001\\002) Tj 0 0 0 0 0 0 Tm (x) Tj ET")),
    "negative-size": lambda: pdf_with(content=(b"", SHOW.replace(b"12 Tf", b"-12 Tf"))),
    "array-for-page": lambda: pdf_with(one=b"[1 2 3]"),
    "huge-page": lambda: pdf_with(one=page(b"/UserUnit 1e30 /Rotate 45")),
    "cut-off": lambda: pdf_with()[:300],
    "head-only": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40,
}


# ---- DOCX -------------------------------------------------------------------------------------------------------------------


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str = paragraph("Transit fees."), head: str = "", **members: bytes | None) -> bytes:
    """A DOCX of a body; `members` go in instead of a member of that name ("_" for "/" and "." as in document_xml), None: none."""
    main = f"{OFFICE}/officeDocument"
    types = f'<Override PartName="/word/document.xml" ContentType="{DOCX_MAIN}"/>'
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    content: dict[str, tuple[str, bytes]] = {
        "types": ("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types">{default}{types}</Types>'.encode()),
        "rels": (
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{main}" Target="word/document.xml"/>'
            "</Relationships>".encode(),
        ),
        "document": ("word/document.xml", f'{head}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'.encode()),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, (name, data) in content.items():
            changed = members.get(key, data)
            if changed is not None:
                archive.writestr(name, changed)
    return out.getvalue()


DOCX_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def zip_bomb() -> bytes:
    """A member that unpacks to 4,000 MiB, and says so."""
    return _one_member(deflated_spaces(4000)[2:-4], 4000 * MEBIBYTE)


def lying_zip() -> bytes:
    """A sound DOCX but for the size of its text, which it gives as 100 bytes and which is 50 MiB."""
    data = bytearray(docx(paragraph(" " * (50 * MEBIBYTE))))
    at = data.rindex(b"word/document.xml") - 46
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(data)


def _one_member(packed: bytes, size: int) -> bytes:
    name = b"word/document.xml"
    sizes = struct.pack("<III", 0, len(packed), size) + struct.pack("<H", len(name))
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<H", 0) + name
    entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes + bytes(16) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(packed), 0)
    return local + packed + entry + end


def list_bomb() -> bytes:
    """A ZIP with nothing but a list of two million names: opening it takes gigabytes."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"x"
    first = entry[:28] + struct.pack("<H", 17) + entry[30:46] + b"word/document.xml"
    listed = first + entry * 2_000_000
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, len(listed), 30, 0)
    return b"PK\x03\x04" + bytes(26) + listed + end


DOCXS: dict[str, Callable[[], bytes]] = {
    "zip-bomb": zip_bomb,
    "lying-zip": lying_zip,
    "list-bomb": list_bomb,
    "billion-laughs": lambda: docx(paragraph("&l9;"), BILLION),
    "outside-entity": lambda: docx(paragraph("a &e; b"), OUTSIDE),
    "deep": lambda: docx("<w:sdt><w:sdtContent>" * 100_000),
    "tables-in-tables": lambda: docx("<w:tbl><w:tr><w:tc>" * 80 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 80),
    "grid-span": lambda: docx(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="99999999"/></w:tcPr>' + paragraph("x") + "</w:tc></w:tr></w:tbl>"
    ),
    "grid-span-of-words": lambda: docx(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="two"/></w:tcPr>' + paragraph("x") + "</w:tc></w:tr></w:tbl>"
    ),
    "merged-above-nothing": lambda: docx(
        "<w:tbl><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr>" + paragraph("x") + "</w:tc></w:tr></w:tbl>"
    ),
    "no-body": lambda: docx(document=f'<w:document xmlns:w="{WORD}"/>'.encode()),
    "other-root": lambda: docx(document=b"<treaty>x</treaty>"),
    "no-relations": lambda: docx(rels=None),
    "other-relations": lambda: docx(rels=b"<x/>"),
    "relation-to-nothing": lambda: docx(rels=f'<Relationships xmlns="{PACKAGE}/relationships"/>'.encode()),
    "relation-without-target": lambda: docx(
        rels=f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{OFFICE}/officeDocument"/>'
        "</Relationships>".encode()
    ),
    "no-types": lambda: docx(types=None),
    "other-types": lambda: docx(types=b"<x/>"),
    "types-without-name": lambda: docx(types=f'<Types xmlns="{PACKAGE}/content-types"><Override/></Types>'.encode()),
    "unknown-style": lambda: docx('<w:p><w:pPr><w:pStyle w:val="none"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>'),
    "packed-data-broken": lambda: (lambda data: data[:60] + bytes(20) + data[80:])(docx()),
    "cut-off": lambda: docx()[:-40],
}


# ---- the rest ---------------------------------------------------------------------------------------------------------------

HTMLS: dict[str, Callable[[], bytes]] = {
    "comments": lambda: b"<!---->" * 1000 + b"x",
    "declarations": lambda: b"<?xml " + b" " * 8000 + b"<?xml",
    "deep": lambda: b"<html><body>" + b"<div>" * 200_000 + b"Transit fees.",
    "deep-lists": lambda: b"<html><body>" + b"<ul><li>x" * 20_000,
    "deep-tables": lambda: b"<html><body>" + b"<table><tr><td>" * 5_000 + b"Transit fees.",
    "deep-quotes": lambda: b"<html><body><article>" + b"<blockquote><p>Fees." * 5_000,
    "spans": lambda: b"<html><body><table><tr><td colspan=999999999 rowspan=999999999>x<td>y<tr><td>z</table>",
    "entities": lambda: (BILLION + "<html><body><p>&l9;</p></body></html>").encode(),
    "outside-entity": lambda: (OUTSIDE + "<html><body><p>Transit &e; fees are published.</p></body></html>").encode(),
    "bad-references": lambda: b"<html><body><p>&#xD800; &#0; &#1114112; &#x110000; fees</p></body></html>",
    "attributes": lambda: b"<html><body><p " + b"a=1 " * 300_000 + b">Transit fees.</p></body></html>",
    "wrong-encoding": lambda: b'<html><head><meta charset="utf-16"></head><body><p>Transit fees.</p></body></html>',
    "unknown-encoding": lambda: b'<html><head><meta charset="x-nothing"></head><body><p>Transit \xff fees.</p></body></html>',
    "nothing": lambda: b"<!DOCTYPE html><html></html>",
    "zeros": lambda: b"<html><body>" + bytes(3000),
    "tables-in-headers": lambda: (
        b"<html><body><article><h1>Fees</h1><p>Fees are published by the Parties each year.</p>"
        + b"<table><tr><th>Post<th>2024<tr><th>Lorries<th>Cars" * 20
        + b"MARK "
        + b"word " * 300
        + b"</table>" * 20
    ),
    "date": lambda: (
        b'<html><head><meta name="date" content="2021-99-99"></head><body><p>Transit fees are published.</p></body></html>'
    ),
}
TEXTS: dict[str, Callable[[], bytes]] = {
    "one-line.txt": lambda: b"Art. " * 400_000,
    "no-stop.txt": lambda: b"a" * 3_000_000,
    "short-lines.txt": lambda: b"a\n" * 20_000,
    "stops.txt": lambda: b"." * 1_000_000,
    "stops-and-a-letter.txt": lambda: b"." * 300_000 + b"x",
    "party.txt": lambda: b"Preamble\n\nThe Government of " + b"A'" * 150_000 + b", have agreed:\n\nArticle 1\n\nFees.",
    "formulas.txt": lambda: b"Article 1\n\nFees are published.\n\n" + b"done at Minsk on " * 20_000,
    "half-utf-16.txt": lambda: b"\xff\xfeT\0r\0\x00\xd8a",
    "half-utf-32.txt": lambda: b"\xff\xfe\0\0\xff\xff\xff\xff",
    "marks.txt": lambda: b"e" + "\u0301".encode() * 500_000,
    "controls.txt": lambda: bytes(range(1, 32)) * 100,
    "gzip.txt": lambda: b"\x1f\x8b\x08\0" + bytes(100),
    "control-in-html.md": lambda: b"<html><body>\x01 Fees &#1; &#xd800; \x00 </div>",
    "comment.md": lambda: b"<!-- fees -->\n\nFees.",
    "code.rtf": lambda: rb"{\rtf1\ansi Fees \u99999999999999999999? are published.}",
    "no-number.rtf": lambda: rb"{\rtf1\ansi Fees \u are published.}",
    "groups.rtf": lambda: rb"{\rtf1" + b"{" * 100_000 + b"Fees",
    "brackets.md": lambda: b"[" * 50_000,
    "links.md": lambda: b"[a](" * 20_000,
    "quotes.md": lambda: b"> " * 20_000 + b"fees",
    "lists.md": lambda: b"".join(b" " * (2 * depth) + b"- a\n" for depth in range(1000)),
    "stars.md": lambda: b"*a **a " * 20_000,
    "backticks.md": lambda: b"".join(b"`" * length + b"a" for length in range(600)),
    "aliases.md": lambda: _yaml_laughs() + b"\nTransit fees.",
    "front-matter.md": lambda: b"---\ntitle: !!python/object/apply:os.system ['true']\n---\nTransit fees.",
    "nested.md": lambda: b"---\ntitle: " + b"[" * 20_000 + b"\n---\nTransit fees.",
    "table.md": lambda: b"|" * 5000 + b"\n" + b"|-" * 5000 + b"|\n" + b"|a" * 5000 + b"|\n",
    "nested.jsonl": lambda: b'{"text": "Fees.", "x": ' + b"[" * 200_000 + b"\n",
    "digits.jsonl": lambda: b'{"text": "Fees.", "id": ' + b"9" * 100_000 + b"}\n",
    "surrogates.jsonl": lambda: b'{"id": "\\ud800", "title": "\\udfff", "text": "a\\ud800b"}\n',
    "same-ids.jsonl": lambda: b'{"id": "a", "text": "Fees."}\n' * 500,
    "numbers.jsonl": lambda: b'{"id": 1e999, "text": "Fees.", "date": NaN, "countries": [[["PK"]]], "title": {}}\n',
    "empty-lines.jsonl": lambda: b"\n" * 1_000_000,
}


MAILS: dict[str, Callable[[], bytes]] = {
    "charset-of-no-ascii": lambda: _mail("Subject: =?utf-\u0663?q?fees?="),
    "words-in-words": lambda: _mail("Subject: " + "=?utf-8?q?" * 5000),
    "address-of-brackets": lambda: _mail("From: " + "(" * 20_000 + '"' * 20_000 + "<" * 20_000),
    "groups": lambda: _mail("To: " + "a:b," * 20_000 + ";"),
    "parts-in-parts": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth) for depth in range(3000)
    ),
    "letters-in-letters": lambda: b"Subject: fees\n" + b"Content-Type: message/rfc822\n\n" * 3000 + b"Fees.",
    "many-parts": lambda: _mail("Content-Type: multipart/mixed; boundary=b", b"--b\n\nFees.\n" * 20_000),
    "broken-base64": lambda: _mail("Content-Transfer-Encoding: base64", b"=====A" * 1000),
    "unknown-charset": lambda: _mail("Content-Type: text/plain; charset=x-nothing", b"Fees \xff."),
    "parameters": lambda: _mail("Content-Type: text/plain; " + "a*0=b; " * 5000),
}


def _mail(head: str, body: bytes = b"Transit fees.") -> bytes:
    return head.encode() + b"\n\n" + body


def xlsx(inside: str, **members: str) -> bytes:
    """An XLSX of one sheet's inside; `members` are added to, or go in place of, those of a sound one by their names' stems."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    main = f"{OFFICE}/officeDocument"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "types": (
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        ),
        "rels": (
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{main}" Target="xl/workbook.xml"/></Relationships>',
        ),
        "workbook": (
            "xl/workbook.xml",
            f'<workbook {space} xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        ),
        "sheets": (
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="s.xml"/></Relationships>',
        ),
        "sheet": ("xl/s.xml", f"<worksheet {space}>{inside}</worksheet>"),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, (name, content) in parts.items():
            archive.writestr(name, members.get(key, content))
    return out.getvalue()


def cell(place: str, value: str = "1") -> str:
    return f'<c r="{place}"><v>{value}</v></c>'


def rows(count: int) -> str:
    return "".join(f'<row r="{n}">{cell(f"A{n}")}{cell(f"B{n}")}</row>' for n in range(1, count + 1))


SHEETS: dict[str, Callable[[], bytes]] = {
    "many-rows": lambda: xlsx(f"<sheetData>{rows(150_000)}</sheetData>"),
    "last-cell": lambda: xlsx(f'<sheetData><row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row></sheetData>'),
    "beyond": lambda: xlsx(f'<sheetData><row r="99999999999">{cell("ZZZZZZ99999999999")}</row></sheetData>'),
    "merged-all": lambda: xlsx(
        f'<sheetData><row r="1">{cell("A1")}</row></sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    ),
    "no-string": lambda: xlsx('<sheetData><row r="1"><c r="A1" t="s"><v>99999</v></c></row></sheetData>'),
    "infinite": lambda: xlsx(f'<sheetData><row r="1">{cell("A1", "1e999")}{cell("B1", "NaN")}</row></sheetData>'),
    "dimension": lambda: xlsx(f'<dimension ref="A1:XFD1048576"/><sheetData><row r="1">{cell("A1")}</row></sheetData>'),
    "laughs": lambda: xlsx("", sheet=BILLION + "<worksheet>&l9;</worksheet>"),
    "no-sheet": lambda: xlsx("", sheets="<x/>"),
    "letters": lambda: xlsx('<sheetData><row r="x"><c r="one" t="n"><v>two</v></c></row></sheetData>'),
}
GRIDS: dict[str, Callable[[], bytes]] = {
    "million-rows.csv": lambda: b"year,trade\n" + b"2021,7\n" * 1_000_000,
    "wide.csv": lambda: b"a," * 300_000 + b"\n" + b"1," * 300_000,
    "open-quote.csv": lambda: b'a,b\n"' + b"x,y\n" * 300_000,
    "quotes.csv": lambda: b'"' * 500_001,
    "zeros.csv": lambda: b"a,b\n1,\x00\n" + b"\xff\xfe",
    "separators.csv": lambda: b";,\t|" * 20_000,
    "bars.tsv": lambda: b"\t" * 500_000,
}


def _yaml_laughs() -> bytes:
    lines = ["l0: &l0 ha"] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    return ("---\ntitle: fees\nparties: [*l9]\n" + "\n".join(lines) + "\n---\n").encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    **{f"{name}.pdf": made for name, made in PDFS.items()},
    **{f"{name}.docx": made for name, made in DOCXS.items()},
    **{f"{name}.html": made for name, made in HTMLS.items()},
    **{f"{name}.eml": made for name, made in MAILS.items()},
    **{f"{name}.xlsx": made for name, made in SHEETS.items()},
    **GRIDS,
    **TEXTS,
}
