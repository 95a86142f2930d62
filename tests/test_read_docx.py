from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest

from benchmarks.reading_office import rows
from ingest.archive import MemoryFile
from ingest.read_docx import read
from ingest.text import UnreadableFile
from tests.word_made import level, numbered, numbering, p, packed, v, word_file

DATA = Path(__file__).parents[2] / "shared" / "data"


def blocks(body: str, **parts: str) -> list[tuple[str, str]]:
    (document,) = read(word_file(body, **parts))
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def text(body: str, **parts: str) -> str:
    return read(word_file(body, **parts))[0].text


def run(inner: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr>{inner}</w:r>"


def t(words: str) -> str:
    return f'<w:t xml:space="preserve">{words}</w:t>'


def test_a_file_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 30_000_000)
    with pytest.raises(UnreadableFile, match="zip bomb"):
        read(path)


def test_damaged_and_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", b"<x")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(path)
    docx.Document().save(str(path))
    with pytest.raises(UnreadableFile, match="no text"):
        read(path)


def test_entities_are_not_resolved_and_names_lead_nowhere() -> None:
    whole = dict(_parts(word_file(p("x"))))
    whole["word/../../../outside.xml"] = b"<x/>"
    entity = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY b "bbbb">]>'
    document = whole["word/document.xml"]
    whole["word/document.xml"] = document.replace(b"?>", b"?>" + entity, 1).replace(b">x</w:t>", b">x&a;&b;y</w:t>")
    assert read(MemoryFile("a.docx", packed(whole)))[0].text in ("x", "xy")


def test_a_file_without_properties_has_no_title_and_one_with_them_has() -> None:
    assert read(word_file(p("x")))[0].metadata.title == ""
    document = docx.Document()
    document.add_paragraph("x")
    document.core_properties.title = "On fees"
    out = io.BytesIO()
    document.save(out)
    assert read(MemoryFile("a.docx", out.getvalue()))[0].metadata.title == "On fees"


def test_strict_open_xml_and_a_template_are_read() -> None:
    whole = dict(_parts(word_file(p("One") + p("Two", v("pStyle", "H1")), styles=style("H1", "heading 1"))))
    names = (
        (b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/"),
        (b"http://schemas.openxmlformats.org/wordprocessingml/2006/main", b"http://purl.oclc.org/ooxml/wordprocessingml/main"),
    )
    for ordinary, strict in names:
        whole = {name: data.replace(ordinary, strict) for name, data in whole.items()}
    whole["[Content_Types].xml"] = whole["[Content_Types].xml"].replace(b".document.main+xml", b".template.main+xml")
    (document,) = read(MemoryFile("a.docx", packed(whole)))
    assert document.text == "One\n\nTwo" and document.blocks[1].level == 1


def _parts(file: MemoryFile) -> list[tuple[str, bytes]]:
    with file.open() as stream, zipfile.ZipFile(stream) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_order_headings_by_wording_and_merged_cells(tmp_path: Path) -> None:
    document, path = docx.Document(), tmp_path / "a.docx"
    document.add_paragraph("Article 5")
    table = document.add_table(rows=3, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Post", "Fee"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "none"
    table.cell(2, 1).text = "12"
    document.add_paragraph("After the table.")
    document.add_page_break()
    document.save(str(path))
    (parsed,) = read(path)
    assert parsed.text == "Article 5\n\nPost: none\nFee: 12\n\nAfter the table."
    assert parsed.blocks[0].level == 3
    assert parsed.pages == ()


def test_tracked_changes_are_taken_as_accepted() -> None:
    body = f"<w:p>{run(t('The fee is '))}<w:del>{run('<w:delText>9</w:delText>')}</w:del><w:ins>{run(t('12'))}</w:ins>"
    body += f"<w:moveFrom>{run(t(' gone'))}</w:moveFrom><w:moveTo>{run(t(' here'))}</w:moveTo></w:p>"
    assert text(body) == "The fee is 12 here"
    joined = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>" + run(t("One ")) + "</w:p>" + p("paragraph.")
    assert text(joined) == "One paragraph."


def test_hidden_text_is_left_out_with_a_warning() -> None:
    styles = '<w:style w:type="character" w:styleId="Hid"><w:name w:val="Hid"/><w:rPr><w:vanish/></w:rPr></w:style>'
    body = f"<w:p>{run(t('seen'))}{run(t(' secret'), '<w:vanish/>')}{run(t(' also'), v('rStyle', 'Hid'))}"
    body += f"{run(t(' shown'), v('rStyle', 'Hid') + v('vanish', '0'))}</w:p>"
    (document,) = read(word_file(body, styles=styles))
    assert document.text == "seen shown"
    assert "12 characters that Word hides" in document.warnings[0]


def test_a_run_s_own_switch_goes_before_a_hiding_style() -> None:
    styles = f'<w:style w:type="paragraph" w:default="1" w:styleId="N">{v("name", "Normal")}<w:rPr><w:vanish/></w:rPr></w:style>'
    styles += style("H", "heading 1", based="N")
    shown = f"<w:p><w:pPr>{v('pStyle', 'H')}</w:pPr>{run(t('Rates'), v('vanish', '0'))}</w:p>"
    (document,) = read(word_file(shown + p("secret") + p("too", v("pStyle", "H")), styles=styles))
    assert document.text == "Rates"
    assert "9 characters that Word hides" in document.warnings[0]


def test_fields_show_results_and_a_table_of_contents_is_left_out() -> None:
    def field(kind: str) -> str:
        return run(f'<w:fldChar w:fldCharType="{kind}"/>')

    def instruction(words: str) -> str:
        return field("begin") + run(f"<w:instrText>{words}</w:instrText>") + field("separate")

    contents = f"<w:p>{instruction(' TOC ')}{instruction(' HYPERLINK ')}{run(t('Rates 3'))}{field('end')}</w:p>"
    contents += f"<w:p>{run(t('Fees 4'))}{field('end')}</w:p>"
    body = contents + f"<w:p>{run(t('See '))}{instruction(' REF x ')}{run(t('Article 5'))}{field('end')}{run(t('.'))}</w:p>"
    body += f'<w:p><w:fldSimple w:instr=" DATE ">{run(t("6 May 2024"))}</w:fldSimple></w:p>'
    assert text(body) == "See Article 5.\n\n6 May 2024"
    toc = '<w:style w:type="paragraph" w:styleId="T1"><w:name w:val="toc 1"/></w:style>'
    assert text(p("Rates 3", '<w:pStyle w:val="T1"/>') + p("Rates"), styles=toc) == "Rates"


REFERENCE = '<w:footnoteReference w:id="{}"/>'


def test_notes_stand_behind_their_paragraph() -> None:
    notes = (
        f'<w:footnote w:type="separator" w:id="0">{p("line")}</w:footnote><w:footnote w:id="5">{p("See the annex.")}</w:footnote>'
    )
    notes += (
        f'<w:footnote w:id="7">{p("Never")}{p("twice.")}</w:footnote><w:footnote w:id="9">{p("Not referred to.")}</w:footnote>'
    )
    first = f"<w:p>{run(t('Fees fall.'))}{run(REFERENCE.format(7))}{run(REFERENCE.format(5))}</w:p>"
    assert blocks(first + p("End."), footnotes=notes) == [
        ("paragraph", "Fees fall."),
        ("note", "[1] Never twice."),
        ("note", "[2] See the annex."),
        ("paragraph", "End."),
    ]


BOX = (
    "<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline><wps:txbx><w:txbxContent>{0}</w:txbxContent></wps:txbx>"
    "</wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{0}</w:txbxContent></v:textbox></w:pict>"
    "</mc:Fallback></mc:AlternateContent>"
)


def test_endnotes_have_small_roman_numbers() -> None:
    notes = f'<w:endnote w:id="1">{p("One.")}</w:endnote><w:endnote w:id="2">{p("Two.")}</w:endnote>'
    referred = "".join(run(f'<w:endnoteReference w:id="{number}"/>') for number in (1, 2, 2, 9))
    assert text(f"<w:p>{run(t('Fees.'))}{referred}</w:p>", endnotes=notes) == "Fees.\n\n[i] One.\n\n[ii] Two."


def test_a_text_box_is_read_once_behind_its_paragraph() -> None:
    inner = BOX.format(p("In the inner box."))
    body = f"<w:p>{run(BOX.format(p('In the box.') + f'<w:p>{run(inner)}</w:p>'))}{run(t('Beside the box.'))}</w:p>"
    assert text(body) == "Beside the box.\n\nIn the box.\n\nIn the inner box."
    cell = f"<w:tc><w:p>{run(BOX.format(p('boxed')))}{run(t('a'))}</w:p></w:tc><w:tc>{p('b')}</w:tc>"
    assert text(f"<w:tbl><w:tr>{cell}</w:tr></w:tbl>") == "a; b\n\nboxed"


def test_controls_links_symbols_and_breaks() -> None:
    body = f"<w:sdt><w:sdtContent>{p('In a control.')}</w:sdtContent></w:sdt>"
    body += f"<w:p><w:hyperlink>{run(t('link'))}</w:hyperlink>{run('<w:tab/>' + t('tab') + '<w:br/>' + t('line'))}"
    body += run('<w:noBreakHyphen/><w:sym w:font="Symbol" w:char="F062"/><w:sym w:font="Wingdings" w:char="F0FE"/>')
    body += "<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath><w:commentRangeStart w:id='1'/></w:p>"
    assert text(body) == "In a control.\n\nlink tab line-β☑x=1"


def test_right_to_left_runs_stay_in_the_order_of_reading() -> None:
    body = f"<w:p><w:pPr><w:bidi/></w:pPr>{run(t('سرحدی فیس '), '<w:rtl/>')}{run(t('12'))}{run(t(' ڈالر ہے۔'), '<w:rtl/>')}</w:p>"
    assert text(body) == "سرحدی فیس 12 ڈالر ہے۔"


def style(identifier: str, name: str, properties: str = "", based: str = "") -> str:
    base = f'<w:basedOn w:val="{based}"/>' if based else ""
    named = f'<w:style w:type="paragraph" w:styleId="{identifier}">{v("name", name)}'
    return f"{named}{base}<w:pPr>{properties}</w:pPr></w:style>"


@pytest.mark.parametrize(
    ("styles", "properties", "expected"),
    [
        (style("1", "heading 2"), '<w:pStyle w:val="1"/>', 2),
        (style("a", "Заголовок 3"), '<w:pStyle w:val="a"/>', 3),
        (style("b", "Mine", based="c") + style("c", "heading 1"), '<w:pStyle w:val="b"/>', 1),
        (style("d", "Clause", '<w:outlineLvl w:val="3"/>'), '<w:pStyle w:val="d"/>', 4),
        (style("e", "heading 1"), '<w:pStyle w:val="e"/><w:outlineLvl w:val="9"/>', 0),
        ("", '<w:outlineLvl w:val="1"/>', 2),
        (style("f", "Round", based="g") + style("g", "About", based="f"), '<w:pStyle w:val="f"/>', 0),
        (style("h", "Heading Note"), '<w:pStyle w:val="h"/>', 0),
    ],
)
def test_headings_by_style_and_outline(styles: str, properties: str, expected: int) -> None:
    (document,) = read(word_file(p("some words of it", properties), styles=styles))
    assert document.blocks[0].level == expected


def cell(words: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(words)}</w:tc>"


def test_names_over_names_and_cells_over_rows() -> None:
    top = "<w:trPr><w:tblHeader/></w:trPr>"
    body = f"<w:tr>{top}{cell('Post', v('vMerge', 'restart'))}{cell('2023', v('gridSpan', '2'))}</w:tr>"
    body += f"<w:tr>{top}{cell('', '<w:vMerge/>')}{cell('In')}{cell('Out')}</w:tr>"
    body += f"<w:tr>{cell('Torkham', v('vMerge', 'restart'))}{cell('1')}{cell('2')}</w:tr>"
    body += f"<w:tr>{cell('', '<w:vMerge/>')}{cell('3', v('gridSpan', '2'))}</w:tr>"
    body += f"<w:tr><w:trPr><w:del/></w:trPr>{cell('deleted')}</w:tr>"
    body += f'<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell("4")}{cell("5")}</w:tr>'
    assert text(f"<w:tbl>{body}</w:tbl>").split("\n") == [
        "Post: Torkham; 2023 In: 1; 2023 Out: 2",
        "Post: Torkham; 2023 In: 3",
        "2023 In: 4; 2023 Out: 5",
    ]


def test_tables_that_lay_out_text_give_their_text_in_order() -> None:
    inner = f"<w:tbl><w:tr>{cell('a')}{cell('b')}</w:tr></w:tbl>"
    outer = f"<w:tbl><w:tr><w:tc>{p('Article 1')}{p('Fees fall.')}</w:tc><w:tc>{inner}{p('')}</w:tc></w:tr></w:tbl>"
    assert blocks(outer) == [("heading", "Article 1"), ("paragraph", "Fees fall."), ("table_row", "a; b")]
    column = f"<w:tbl><w:tr>{cell('One column.')}</w:tr><w:tr>{cell('Is no table.')}</w:tr></w:tbl>"
    assert [kind for kind, _ in blocks(column)] == ["paragraph", "paragraph"]


def test_two_columns_of_names_and_values_have_no_header() -> None:
    body = f"<w:tbl><w:tr>{cell('Country')}{cell('Uzbekistan')}</w:tr><w:tr>{cell('Capital')}{cell('Tashkent')}</w:tr></w:tbl>"
    assert text(body) == "Country; Uzbekistan\nCapital; Tashkent"


def test_numbers_in_cells_count_with_the_others() -> None:
    numbers = numbering(level(0, "decimal", "%1."))
    body = numbered("a") + f"<w:tbl><w:tr><w:tc>{numbered('b')}</w:tc>{cell('x')}</w:tr></w:tbl>" + numbered("c")
    assert text(body, numbering=numbers) == "1. a\n\n2. b; x\n\n3. c"


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="in one another"):
        text("<w:sdt><w:sdtContent>" * 60 + p("x") + "</w:sdtContent></w:sdt>" * 60)


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real documents are not beside the project")
def test_real_files_come_near_their_reference() -> None:
    found = {row[0]: float(row[1]) for row in rows(DATA)[1:]}
    assert min(found.values()) >= 0.94
    assert found["mean"] >= 0.98
