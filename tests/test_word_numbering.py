from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.read_docx import read
from tests.word_made import level, num, numbered, numbering, p, word_file

LEGAL = numbering(
    level(0, "decimal", "Article %1"),
    level(1, "decimal", "%1.%2"),
    level(2, "lowerLetter", "(%3)"),
    level(3, "lowerRoman", "(%4)"),
)


def lines(body: str, numbers: str, **parts: str) -> list[str]:
    return read(word_file(body, numbering=numbers, **parts))[0].text.split("\n\n")


def test_levels_restart_under_each_higher_one() -> None:
    body = "".join(numbered("x", depth) for depth in (0, 1, 2, 3, 3, 2, 1, 0, 1, 2))
    assert lines(body, LEGAL) == [
        *("Article 1 x", "1.1 x", "(a) x", "(i) x", "(ii) x", "(b) x", "1.2 x"),
        *("Article 2 x", "2.1 x", "(a) x"),
    ]


def test_an_article_s_number_makes_it_a_heading() -> None:
    document = read(word_file(numbered("Transit") + numbered("Goods pass.", 1), numbering=LEGAL))[0]
    assert [(block.kind, block.level) for block in document.blocks] == [("heading", 3), ("list_item", 0)]


def test_a_level_that_is_passed_over_counts() -> None:
    assert lines(numbered("a") + numbered("b", 2) + numbered("c", 1), LEGAL) == ["Article 1 a", "(a) b", "1.2 c"]


def test_a_level_may_go_on_counting() -> None:
    going_on = numbering(level(0, "upperRoman", "%1."), level(1, "decimal", "%2.", '<w:lvlRestart w:val="0"/>'))
    assert lines("".join(numbered("x", depth) for depth in (0, 1, 0, 1)), going_on) == ["I. x", "1. x", "II. x", "2. x"]


def test_nums_share_a_list_unless_they_start_anew() -> None:
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    body = numbered("a") + numbered("b", number=2) + numbered("c", number=3) + numbered("d", number=3) + numbered("e")
    found = lines(body, numbering(level(0, "decimal", "%1)"), nums=num(2) + num(3, override)))
    assert found == ["1) a", "2) b", "5) c", "6) d", "7) e"]


def test_a_num_may_define_a_level_of_its_own() -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "russianLower", "%1)")}</w:lvlOverride>'
    assert lines(numbered("x", number=2) * 3, numbering(level(0, "decimal", "%1."), nums=num(2, own))) == ["а) x", "б) x", "в) x"]


def test_all_figures_in_a_legal_level() -> None:
    found = numbering(level(0, "upperRoman", "%1"), level(1, "decimal", "%1.%2", "<w:isLgl/>"))
    assert lines(numbered("x") + numbered("y", 1), found) == ["I x", "1.1 y"]


FIRST = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
STYLES = f"""<w:style w:type="paragraph" w:styleId="H"><w:name w:val="Clause"/>{FIRST}</w:style>
<w:style w:type="paragraph" w:styleId="S"><w:name w:val="Clause below"/><w:basedOn w:val="H"/></w:style>
<w:style w:type="numbering" w:styleId="L"><w:name w:val="My list"/>{FIRST}</w:style>"""


def test_styles_bring_numbers_and_a_paragraph_may_refuse_them() -> None:
    numbers = numbering(
        level(0, "decimal", "%1.", '<w:pStyle w:val="H"/>'), level(1, "decimal", "%1.%2.", '<w:pStyle w:val="S"/>')
    )
    style, below = '<w:pStyle w:val="H"/>', '<w:pStyle w:val="S"/>'
    body = (
        p("a", style) + p("b", below) + p("c", below) + p("d", style + '<w:numPr><w:numId w:val="0"/></w:numPr>') + p("e", style)
    )
    assert lines(body, numbers, styles=STYLES) == ["1. a", "1.1. b", "1.2. c", "d", "2. e"]


def test_a_list_may_take_its_levels_from_a_numbering_style() -> None:
    linked = '<w:abstractNum w:abstractNumId="7"><w:numStyleLink w:val="L"/></w:abstractNum>'
    numbers = linked + numbering(level(0, "upperLetter", "%1."), nums=num(2, abstract=7))
    assert lines(numbered("x", number=2) + numbered("y"), numbers, styles=STYLES) == ["A. x", "B. y"]


def test_an_empty_paragraph_counts_and_a_bullet_is_not_written() -> None:
    numbers = numbering(level(0, "decimal", "%1."), level(1, "bullet", "•"))
    document = read(word_file(numbered("a") + numbered("") + numbered("b") + numbered("c", 1), numbering=numbers))[0]
    assert document.text == "1. a\n\n3. b\n\nc"
    assert document.blocks[2].kind == "list_item"


def test_a_format_that_newer_programs_know_has_its_fallback() -> None:
    alternative = '<mc:AlternateContent><mc:Choice Requires="w14"><w:numFmt w:val="custom" w:format="001, 002"/></mc:Choice>'
    alternative += '<mc:Fallback><w:numFmt w:val="decimalZero"/></mc:Fallback></mc:AlternateContent>'
    found = f'<w:lvl w:ilvl="0"><w:start w:val="9"/>{alternative}<w:suff w:val="nothing"/><w:lvlText w:val="№%1: "/></w:lvl>'
    assert lines(numbered("x") * 2, numbering(found)) == ["№09:x", "№10:x"]


@pytest.mark.parametrize("broken", ['<w:abstractNumId w:val="99"/>', "", '<w:abstractNumId w:val="x"/>'])
def test_a_number_that_leads_nowhere_is_no_number(broken: str) -> None:
    numbers = numbering(level(0, "decimal", "%1.")) + f'<w:num w:numId="8">{broken}</w:num>'
    assert lines(numbered("x", number=8) + numbered("y", 99, 1), numbers) == ["x", "y"]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_outline_numbers_never_repeat_and_only_grow(depths: list[int]) -> None:
    outline = numbering(*(level(index, "decimal", ".".join(f"%{place}" for place in range(1, index + 2))) for index in range(4)))
    found = [
        tuple(map(int, line.split()[0].split("."))) for line in lines("".join(numbered("x", depth) for depth in depths), outline)
    ]
    assert [len(number) - 1 for number in found] == depths
    assert found == sorted(set(found))
