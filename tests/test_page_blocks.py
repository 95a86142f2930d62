from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from ingest.page_blocks import add_blocks, data_rows
from ingest.text import TextBuilder


def blocks(page: str) -> list[tuple[str, str]]:
    builder = TextBuilder()
    add_blocks(builder, html.fromstring(f"<html><body>{page}</body></html>"))
    text, found, _ = builder.build()
    return [(block.kind, text[block.start : block.end]) for block in found]


def test_lists_headings_and_breaks() -> None:
    page = "<h3>One <i>two</i></h3>tail<br>more<ol start=3><li>c</li><li>d<ul><li>dot</li></ul>after</li></ol><pre>x</pre>"
    assert blocks(page) == [
        ("heading", "One two"),
        ("paragraph", "tail"),
        ("paragraph", "more"),
        ("list_item", "3. c"),
        ("list_item", "4. d"),
        ("list_item", "dot"),
        ("list_item", "after"),
        ("paragraph", "x"),
    ]


def test_menus_and_frames_go_and_their_tails_stay() -> None:
    assert blocks("<header>top</header>a<nav>menu</nav>b<script>x</script>c<!-- no --><footer>end</footer>d") == [
        ("paragraph", "a"),
        ("paragraph", "bc"),
        ("paragraph", "d"),
    ]
    assert blocks("<article><header>Lead</header><p>x</p></article>") == [("paragraph", "Lead"), ("paragraph", "x")]


def test_names_over_names_and_cells_over_rows() -> None:
    table = (
        "<table><tr><th rowspan=2>Post</th><th colspan=2>2023</th></tr><tr><th>In</th><th>Out</th></tr>"
        "<tr><td rowspan=2>Torkham</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    )
    assert blocks(table) == [
        ("table_row", "Post: Torkham; 2023 In: 1; 2023 Out: 2"),
        ("table_row", "Post: Torkham; 2023 In: 3; 2023 Out: 4"),
    ]


def test_a_table_that_lays_out_the_page_is_no_table() -> None:
    assert blocks("<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td></tr></table>") == [
        ("paragraph", "a"),
        ("table_row", "b; c"),
    ]
    assert blocks(f"<table><tr><td>menu</td><td>{'long ' * 300}</td></tr></table>")[0] == ("paragraph", "menu")


@pytest.mark.parametrize("span", ["0", "-1", "99999999", "x", "٣"])
def test_spans_that_make_no_sense(span: str) -> None:
    table = html.fromstring(f'<table><tr><td colspan="{span}" rowspan="{span}">a</td><td>b</td></tr><tr><td>c</td></tr></table>')
    assert data_rows(table)[0][0] == "a"


_TAGS = "p div b ul ol li table tr td th h2 br nav header section".split()


@given(
    st.recursive(
        st.text("ab c\n", max_size=5), lambda inner: st.lists(st.tuples(st.sampled_from(_TAGS), inner), max_size=4), max_leaves=12
    )
)
def test_every_word_outside_menus_is_kept_once(tree: object) -> None:
    def page(node: object, menu: bool) -> tuple[str, str]:
        if isinstance(node, str):
            return node, "" if menu else node
        made = [(tag, page(inner, menu or tag in ("nav", "header"))) for tag, inner in node]  # type: ignore[attr-defined]
        return "".join(f"<{tag}>{inner}</{tag}>" for tag, (inner, _) in made), " ".join(kept for _, (_, kept) in made)

    source, kept = page(tree, False)
    tags_in_tables = ("<table", "<section")
    if any(tag in source for tag in tags_in_tables) or "<header" in source:
        return  # a parser moves what stands between rows, and a header in a section is text
    got = "".join("".join(text for _, text in blocks(source)).split())
    letters = "".join(character for character in got if character in "abc")
    assert letters == "".join(kept.split())
