from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive import MemoryFile
from ingest.read_rtf import read
from ingest.rtf_source import prepared
from ingest.text import UnreadableFile
from kb.records import Parsed


def parsed(inner: str, code_page: int = 1252) -> Parsed:
    return read(MemoryFile("a.rtf", f"{{\\rtf1\\ansi\\ansicpg{code_page} {inner}}}".encode("latin-1")))[0]


def blocks(document: Parsed) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_letters_of_code_pages_and_unicode() -> None:
    assert parsed(r"\'d1\'f2\'e0\'f2\'fc\'ff 5\par \u1575?\u1604?\emdash x", 1251).text == "Статья 5\n\nال—x"
    raw = "{\\rtf1\\ansi\\ansicpg1251 Сборы}".encode("cp1251")
    assert read(MemoryFile("a.rtf", raw))[0].text == "Сборы"
    assert parsed(r"\u-10188?\u-8382? \u-10188?x").text == "\U0001d342 \ufffdx"


def test_a_star_inside_a_group_hides_nothing() -> None:
    assert parsed(r"\pard{\loch\i0\*\cs7\loch The fee is 12.}\par").text == "The fee is 12."


def test_headings_lists_and_what_is_left_out() -> None:
    source = r"{\fonttbl{\f0 Arial;}}{\info{\author X}{\title On fees}}{\header Head\par}{\*\generator Word}"
    source += r"\pard\outlinelevel1 Rates\par"
    source += (
        r"\pard\plain {\listtext 1.\tab}one\par{\listtext\'b7\tab}two\line more\par{\deleted gone }{\footer foot}Article 5\par"
    )
    source += r"{\field{\*\fldinst { TOC \\o }}{\fldrslt Rates 3\par}}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}"
    document = parsed(source)
    assert blocks(document) == [
        ("heading", 2, "Rates"),
        ("list_item", 0, "1. one"),
        ("list_item", 0, "two more"),
        ("heading", 3, "Article 5"),
        ("paragraph", 0, "link"),
    ]
    assert document.metadata.title == "On fees"


def test_tables_notes_boxes_and_hidden_text() -> None:
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row "
    source = r"Fees{\footnote See\par the annex.} fall.{\v hidden}\par "
    source += row.replace("{}", "Post", 1).replace("{}", "Fee") + row.replace("{}", r"Torkham\par pass", 1).replace("{}", "12")
    source += r"\pard{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt in a\par box}}{\shprslt in a box}}End.\par"
    document = parsed(source)
    assert blocks(document) == [
        ("paragraph", 0, "Fees fall."),
        ("note", 0, "[1] See the annex."),
        ("table_row", 0, "Post: Torkham pass; Fee: 12"),
        ("paragraph", 0, "End."),
        ("paragraph", 0, "in a"),
        ("paragraph", 0, "box"),
    ]
    assert document.warnings[0].startswith("6 hidden characters")


@pytest.mark.parametrize("source", ["{\\rtf1 }", "{\\rtf1 {\\*\\generator x}}"])
def test_no_text(source: str) -> None:
    with pytest.raises(UnreadableFile, match="no text"):
        read(MemoryFile("a.rtf", source.encode()))


def test_no_rtf_and_nesting_without_end() -> None:
    with pytest.raises(UnreadableFile, match="content is none"):
        read(MemoryFile("a.rtf", b"words"))
    with pytest.raises(UnreadableFile, match="damaged"):
        parsed("{" * 3000 + "x")


@given(st.text(st.sampled_from(list("{}\\abv09'* \n?")), max_size=60))
def test_any_source_ends_in_text_or_a_reason(source: str) -> None:
    try:
        assert parsed(source).text
    except UnreadableFile as error:
        assert str(error).endswith(".")


@given(st.text(st.characters(codec="ascii", exclude_characters="{}\\"), max_size=40))
def test_words_without_control_words_are_left_alone(words: str) -> None:
    assert prepared(words) == (words, 0)
