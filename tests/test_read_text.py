from __future__ import annotations

from pathlib import Path

import pytest

from ingest.read_text import front_matter, read_markdown, read_plain
from ingest.text import UnreadableFile
from kb.records import Parsed

WRAPPED = (
    "The carriers of either Party may use the roads and railways\nthat are named in the annex, and the ports that the trans-\n"
    "it needs.\n"
)


def read(tmp_path: Path, text: str | bytes, name: str = "a.txt") -> Parsed:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return (read_markdown if name.endswith("md") else read_plain)(path)[0]


def blocks(document: Parsed) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_wrapped_lines_are_one_paragraph_and_long_lines_one_each(tmp_path: Path) -> None:
    assert len(read(tmp_path, WRAPPED).blocks) == 1
    assert "the transit needs" in read(tmp_path, WRAPPED).text
    assert len(read(tmp_path, ("A long line. " * 20 + "\n") * 3).blocks) == 3


def test_items_of_a_list_stand_alone(tmp_path: Path) -> None:
    found = blocks(read(tmp_path, "Parties shall:\n(a) publish fees;\n(b) keep them low.\n- or lower\n"))
    assert [kind for kind, _ in found] == ["paragraph", "list_item", "list_item", "list_item"]
    assert found[1][1] == "(a) publish fees;"


def test_front_matter_that_does_not_parse_is_a_warning_and_no_text() -> None:
    metadata, rest, warnings = front_matter("---\ntitle: [\n---\nText")
    assert (metadata.title, rest) == ("", "Text")
    assert "YAML" in warnings[0]
    assert front_matter("---\nno metadata\n---\n")[1].startswith("---")


def test_markdown(tmp_path: Path) -> None:
    source = "Head\n====\n\n- one\n\n  more of one\n- two\n  1. deep\n\n"
    source += "<script>x</script>\n\n```\ncode\n```\n\n![a map](m.png) **bold**\n"
    assert blocks(read(tmp_path, source, "a.md")) == [
        ("heading", "Head"),
        ("list_item", "one"),
        ("list_item", "more of one"),
        ("list_item", "two"),
        ("list_item", "1. deep"),
        ("paragraph", "code"),
        ("paragraph", "a map bold"),
    ]


def test_markdown_footnotes_and_pieces_of_html(tmp_path: Path) -> None:
    source = "Fees[^1] fall~~ly~~<br>again[^b].\n\n[^1]: See the *annex*.\n[^b]: Other.\n\n"
    source += "<table><tr><th>Post</th><th>Fee</th></tr><tr><td>Torkham</td><td>1</td></tr></table>\n\n<!-- no -->\n"
    assert blocks(read(tmp_path, source, "a.md")) == [
        ("paragraph", "Fees fallly again."),
        ("table_row", "Post: Torkham; Fee: 1"),
        ("note", "[1] See the annex."),
        ("note", "[2] Other."),
    ]


def test_form_feeds_end_pages(tmp_path: Path) -> None:
    document = read(tmp_path, "---\ntitle: T\n---\none\n\ftwo\n\f\fthree\f\n")
    assert [(page.number, document.text[page.start : page.end].strip()) for page in document.pages][:4] == [
        (1, "one"),
        (2, "two"),
        (3, ""),
        (4, "three"),
    ]
    assert read(tmp_path, "one\n\f\n").pages == ()


def test_a_long_line_does_not_hide_that_the_others_are_wrapped(tmp_path: Path) -> None:
    lines = ["The carriers of either Party may use the roads and the railways"] * 40 + ["https://example.org/" + "a" * 150]
    assert len(read(tmp_path, "\n".join(lines)).blocks) == 1


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_no_text(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="no text"):
        read(tmp_path, "---\ntitle: x\n---\n\u200b\n", name)


DIGEST = """Digest of 2019

What it tells, in a paragraph that is long enough to be text and no line of a list.

The railway

13 December 2019: loan for the road

The bank and the ministry signed a loan over USD 406.6 million on 13 December 2019.

16 05-51226

The money was for an expressway of 48 km and four lanes from Peshawar to Torkham.

Sources

1. Bank to finance the road. Dawn. 2019-12-13.
2. The road approved. Newsweek. 2020-06-12.
"""


def test_lines_that_stand_alone_over_text_are_headings(tmp_path: Path) -> None:
    document = read(tmp_path, DIGEST)
    found = [(b.level, document.text[b.start : b.end]) for b in document.blocks if b.kind == "heading"]
    assert found == [(1, "Digest of 2019"), (2, "The railway"), (3, "13 December 2019: loan for the road"), (2, "Sources")]


def test_an_address_and_a_signature_are_no_headings(tmp_path: Path) -> None:
    letter = "To the ministry of transport of the country, with a line that is long enough to be text.\n\nDear Sir\n\n"
    letter += (
        "We thank you for your letter of last week, and send you the papers that you asked for.\n\nWith regards\n\nA. Khan\n"
    )
    assert {kind for kind, _ in blocks(read(tmp_path, letter))} == {"paragraph"}
