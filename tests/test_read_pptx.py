from __future__ import annotations

import io

import pptx
import pytest
from PIL import Image
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.presentation import Presentation

from ingest.archive import MemoryFile
from ingest.read_pptx import read
from ingest.text import UnreadableFile
from kb.records import Parsed
from tests.word_made import packed


def parsed(presentation: Presentation) -> Parsed:
    out = io.BytesIO()
    presentation.save(out)
    return read(MemoryFile("a.pptx", out.getvalue()))[0]


def blocks(document: Parsed) -> list[tuple[str, int, str, str]]:
    return [(block.kind, block.level, block.place, document.text[block.start : block.end]) for block in document.blocks]


def test_slides_are_pages_and_titles_headings() -> None:
    made = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[0])
    first.shapes.title.text, first.placeholders[1].text = "Transit fees", "A note by the customs"
    second = made.slides.add_slide(made.slide_layouts[1])
    second.shapes.title.text, second.placeholders[1].text = "Rates", "Fees\vfall.\nThey are published."
    second.notes_slide.notes_text_frame.text = "Say it slowly."
    document = parsed(made)
    assert blocks(document) == [
        ("heading", 1, "slide 1", "Transit fees"),
        ("paragraph", 0, "slide 1", "A note by the customs"),
        ("heading", 2, "slide 2", "Rates"),
        ("list_item", 0, "slide 2", "Fees fall."),
        ("list_item", 0, "slide 2", "They are published."),
        ("note", 0, "slide 2", "Say it slowly."),
    ]
    assert [(page.number, page.label) for page in document.pages] == [(1, None), (2, None)]


def test_tables_charts_and_groups() -> None:
    made = pptx.Presentation()
    shapes = made.slides.add_slide(made.slide_layouts[6]).shapes
    table = shapes.add_table(2, 2, 0, 0, 100, 100).table
    for place, text in enumerate(["Post", "Fee", "Torkham", "12"]):
        table.cell(place // 2, place % 2).text = text
    data = CategoryChartData()
    data.categories = ["2022", "2023"]
    data.add_series("Exports", (1.5, None))
    shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 100, 100, data)
    shapes.add_group_shape().shapes.add_textbox(0, 0, 9, 9).text_frame.text = "Article 5"
    assert [(kind, text) for kind, _, _, text in blocks(parsed(made))] == [
        ("table_row", "Post: Torkham; Fee: 12"),
        ("table_row", "2022; Exports: 1.5"),
        ("table_row", "2023"),
        ("heading", "Article 5"),
    ]


def test_a_chart_in_three_dimensions_gives_its_figures() -> None:
    made = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["2022", "2023"]
    data.add_series("Exports", (1.5, None))
    data.add_series("Imports", (2, 3))
    shapes = made.slides.add_slide(made.slide_layouts[6]).shapes
    chart = shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 100, 100, data).chart
    (bars,) = chart.element.xpath(".//c:barChart")
    bars.tag = bars.tag.replace("barChart", "bar3DChart")  # which python-pptx can neither write nor read
    assert [text for _, _, _, text in blocks(parsed(made))] == ["2022; Exports: 1.5; Imports: 2", "2023; Imports: 3"]


def test_a_picture_in_the_place_of_the_title_is_no_damage() -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "The fee is 12."
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "PNG")
    shape = slide.shapes.add_picture(picture, 0, 0)
    shape._element.nvPicPr.nvPr.append(parse_xml(f'<p:ph {nsdecls("p")} type="title"/>'))
    assert parsed(made).text == "The fee is 12."


def test_a_hidden_slide_is_left_out_with_a_warning() -> None:
    made = pptx.Presentation()
    for words, shown in (("seen", "1"), ("unseen", "0")):
        slide = made.slides.add_slide(made.slide_layouts[6])
        slide.shapes.add_textbox(0, 0, 9, 9).text_frame.text = words
        slide.element.set("show", shown)
    document = parsed(made)
    assert document.text == "seen"
    assert len(document.pages) == 2
    assert "slides were left out: 2" in document.warnings[0]


def test_no_text_damaged_and_bomb() -> None:
    with pytest.raises(UnreadableFile, match="no text"):
        parsed(pptx.Presentation())
    with pytest.raises(UnreadableFile, match="damaged"):
        read(MemoryFile("a.pptx", packed({"ppt/presentation.xml": "<x"})))
    with pytest.raises(UnreadableFile, match="zip bomb"):
        read(MemoryFile("a.pptx", packed({"ppt/presentation.xml": " " * 30_000_000})))
