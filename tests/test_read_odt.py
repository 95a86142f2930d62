from __future__ import annotations

import pytest

from ingest.archive import MemoryFile
from ingest.read_odt import read
from ingest.text import UnreadableFile
from kb.records import Parsed
from tests.word_made import packed

_NAMES = {"office", "text", "style", "table", "drawing", "manifest", "meta"}
_SPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in sorted(_NAMES))


def odt(body: str, styles: str = "", **others: str) -> MemoryFile:
    content = f"<office:document-content {_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
    content += f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    files = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content}
    files |= {name.replace("__", "/").replace("_xml", ".xml"): text.format(spaces=_SPACES) for name, text in others.items()}
    return MemoryFile("a.odt", packed(files))


def parsed(body: str, styles: str = "", **others: str) -> Parsed:
    return read(odt(body, styles, **others))[0]


def blocks(document: Parsed) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def p(words: str, more: str = "") -> str:
    return f"<text:p {more}>{words}</text:p>"


def test_headings_spaces_and_what_is_left_out() -> None:
    body = "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region>"
    body += "</text:tracked-changes><text:table-of-content><text:index-body><text:p>Rates 3</text:p></text:index-body>"
    body += '</text:table-of-content><text:h text:outline-level="2">Rates</text:h>'
    body += p(
        'Two<text:s text:c="2"/>words,<text:tab/>a<text:line-break/>line'
        "<office:annotation><text:p>no</text:p></office:annotation>."
    )
    body += "<text:section>" + p("Article 5") + "</text:section>"
    assert blocks(parsed(body)) == [("heading", 2, "Rates"), ("paragraph", 0, "Two words, a line."), ("heading", 3, "Article 5")]


NUMBERS = """<text:list-style style:name="L">
<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/>
<text:list-level-style-number text:level="3" style:num-format="i" style:num-suffix="." text:display-levels="2"/></text:list-style>
<text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>"""


def items(*words: str, more: str = 'text:style-name="L"') -> str:
    return f"<text:list {more}>{''.join(f'<text:list-item>{word}</text:list-item>' for word in words)}</text:list>"


def test_lists_are_numbered() -> None:
    deeper = items(p("b") + p("still b"), items(p("c"), more=""), p("d"), more="")
    body = (
        items(p("a") + deeper, p("e")) + items(p("f")) + items(p("g"), more='text:style-name="L" text:continue-numbering="true"')
    )
    found = [text for _, _, text in blocks(parsed(body + items(p("h"), more='text:style-name="B"'), NUMBERS))]
    assert found == ["1. a", "(a) b", "still b", "a.i. c", "(b) d", "2. e", "1. f", "2. g", "h"]


def test_a_list_may_go_on_with_a_named_one_and_start_anywhere() -> None:
    body = items(p("a"), more='text:style-name="L" xml:id="x"') + items(p("b"))
    body += items(p("c"), more='text:style-name="L" text:continue-list="x"')
    body += items("", more='text:style-name="L"').replace("<text:list-item>", f'<text:list-item text:start-value="7">{p("d")}')
    assert parsed(body, NUMBERS).text.split("\n\n") == ["1. a", "1. b", "2. c", "7. d"]


def test_headings_are_numbered_by_the_outline() -> None:
    outline = '<text:outline-level-style text:level="1" style:num-format="I" style:num-suffix="."/>'
    outline += '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
    styles = f"<office:document-styles {{spaces}}><text:outline-style>{outline}</text:outline-style></office:document-styles>"
    body = "".join(f'<text:h text:outline-level="{level}">x</text:h>' for level in (1, 2, 2, 1))
    assert parsed(body, styles_xml=styles).text.split("\n\n") == ["I. x", "I.1 x", "I.2 x", "II. x"]


def test_notes_and_boxes_stand_behind_their_paragraph() -> None:
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>See the annex.</text:p>"
    note += "</text:note-body></text:note>"
    box = "<drawing:frame><drawing:text-box><text:p>boxed</text:p></drawing:text-box></drawing:frame>"
    assert blocks(parsed(p(f"Fees{note} fall.{box}") + p("End."))) == [
        ("paragraph", 0, "Fees fall."),
        ("note", 0, "[1] See the annex."),
        ("paragraph", 0, "boxed"),
        ("paragraph", 0, "End."),
    ]
    cell = f"<table:table-cell>{p('a' + note)}</table:table-cell><table:table-cell>{p('b')}</table:table-cell>"
    table = f"<table:table><table:table-row>{cell}</table:table-row></table:table>"
    assert blocks(parsed(table)) == [("table_row", 0, "a; b"), ("note", 0, "[1] See the annex.")]


def test_tables_with_names_over_names() -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def cell(words: str, more: str = "") -> str:
        return f"<table:table-cell {more}>{p(words)}</table:table-cell>"

    covered = "<table:covered-table-cell/>"
    head = row(cell("Post", 'table:number-rows-spanned="2"'), cell("2023", 'table:number-columns-spanned="2"'), covered)
    head += row(covered, cell("In"), cell("Out"))
    body = f"<table:table-header-rows>{head}</table:table-header-rows>" + row(cell("Torkham"), cell("1"), cell("2"))
    assert parsed(f"<table:table>{body}</table:table>").text == "Post: Torkham; 2023 In: 1; 2023 Out: 2"
    inner = f"<table:table>{row(cell('x'), cell('y'))}</table:table>"
    outer = f"<table:table>{row(cell('Left'), f'<table:table-cell>{inner}</table:table-cell>')}</table:table>"
    assert parsed(outer).text == "Left\n\nx; y"


def test_hidden_text_is_left_out_with_a_warning() -> None:
    styles = '<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>'
    styles += '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="P2"/>'
    styles += '<style:style style:name="P2" style:family="paragraph"><style:text-properties text:display="none"/></style:style>'
    body = p('seen<text:span text:style-name="T1"> hidden</text:span>') + p("all of it", 'text:style-name="P1"')
    document = parsed(body + '<text:section text:display="none"><text:p>more</text:p></text:section>', styles)
    assert document.text == "seen"
    assert "20 hidden characters" in document.warnings[0]


def test_title_and_language() -> None:
    meta = '<office:document-meta {spaces} xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>On fees</dc:title>'
    metadata = parsed(p("x"), meta_xml=meta + "<dc:language>ru-RU</dc:language></office:document-meta>").metadata
    assert (metadata.title, metadata.language) == ("On fees", "ru")


def test_files_that_cannot_be_read() -> None:
    locked = (
        "<manifest:manifest {spaces}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    with pytest.raises(UnreadableFile, match="password"):
        read(odt(p("x"), **{"META-INF__manifest_xml": locked}))
    with pytest.raises(UnreadableFile, match="no text"):
        read(odt(""))
    with pytest.raises(UnreadableFile, match="damaged"):
        read(MemoryFile("a.odt", packed({"content.xml": "<x"})))
    with pytest.raises(UnreadableFile, match="damaged"):
        read(MemoryFile("a.odt", packed({"mimetype": "x"})))
    with pytest.raises(UnreadableFile, match="no text document"):
        read(MemoryFile("a.odt", packed({"content.xml": "<x/>"})))
    with pytest.raises(UnreadableFile, match="in one another"):
        read(odt("<text:section>" * 60 + p("x") + "</text:section>" * 60))
    with pytest.raises(UnreadableFile, match="zip bomb"):
        read(MemoryFile("a.odt", packed({"content.xml": " " * 30_000_000})))


def test_entities_are_not_resolved() -> None:
    content = odt(p("x&amp;b;")).data
    assert read(MemoryFile("a.odt", content))[0].text == "x&b;"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    body = f"<office:document-content {_SPACES}><office:body><office:text><text:p>x&a;&b;y</text:p></office:text></office:body>"
    document = read(MemoryFile("a.odt", packed({"content.xml": bomb + body + "</office:document-content>"})))[0]
    assert document.text in ("x", "xy")
