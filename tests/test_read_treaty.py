"""Treaties as XML: the two forms, hostile and damaged files. The golden files are in test_readers."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ingest.archive import MemoryFile
from ingest.discovery import discover
from ingest.read_treaty import DEEPEST, read
from ingest.sources import AKOMA_NTOSO, HTML, TREATY
from ingest.text import UnreadableFile

GOLDEN = Path(__file__).parent / "golden"
BODY = "<body><chapter><article number='ARTICLE 1'>Goods pass freely.</article></chapter></body>"
AKN = "<akomaNtoso xmlns='http://docs.oasis-open.org/legaldocml/ns/akn/3.0'><act><body>{}</body></act></akomaNtoso>"


def parsed(text: str | bytes):  # type: ignore[no-untyped-def]
    (document,) = read(MemoryFile("a.xml", text.encode() if isinstance(text, str) else text))  # type: ignore[arg-type]
    return document


def lines(text: str) -> list[str]:
    document = parsed(text)
    return [document.text[block.start : block.end] for block in document.blocks]


def test_a_header_that_the_text_contradicts_is_left_out_with_a_warning() -> None:
    document = parsed((GOLDEN / "tota.xml").read_bytes())
    assert document.metadata.published == ""
    assert "2020-05-11" in document.warnings[0] and "21 May 2020" in document.warnings[0]
    right = (GOLDEN / "tota.xml").read_text().replace("2020-05-11", "2020-05-21")
    document = parsed(right)
    assert (document.metadata.published, document.warnings) == ("2020-05-21", ())


def test_lines_that_a_width_broke_are_mended_and_lists_kept() -> None:
    text = (
        "Each Party shall, in accordance with its laws and\nregulations, publish fees.\n\nThe\n\n parties meet.\n1. One\n2. Two\n"
        "Ukraine\nKazakhstan"
    )
    assert lines(f"<treaty><body><chapter><article>{text}</article></chapter></body></treaty>") == [
        "Each Party shall, in accordance with its laws and regulations, publish fees.",
        "The parties meet.",
        "1. One",
        "2. Two",
        "Ukraine",
        "Kazakhstan",
    ]


def test_articles_outside_of_chapters_and_text_between_them_are_kept() -> None:
    body = "<body>one<article number='ARTICLE 1'>two</article>three<part name='Part I'>four<article>five</article></part></body>"
    assert lines(f"<treaty>{body}</treaty>") == ["one", "ARTICLE 1", "two", "three", "Part I", "four", "five"]


def test_a_bare_number_of_an_article_gets_its_name() -> None:
    article = "<article><num>{}</num><heading>Scope</heading><paragraph><content><p>Goods.</p></content></paragraph></article>"
    assert lines(AKN.format(article.format("5."))) == ["Article 5 Scope", "Goods."]
    assert lines(AKN.format(article.format("Статья 5."))) == ["Статья 5. Scope", "Goods."]


def test_nothing_of_an_unknown_element_is_lost() -> None:
    inner = "<article><num>Article 1</num>before<odd>within<p>line</p>between</odd>after</article>"
    assert lines(AKN.format(inner)) == ["Article 1", "before", "within", "line", "between", "after"]


def test_parts_of_a_cell_or_note_are_parted() -> None:
    cell = "<table><tr><td><p>Torkham</p><p>pass</p></td><td>12</td></tr></table>"
    assert lines(AKN.format(cell)) == ["Torkham pass; 12"]
    note = "<p>Fees<authorialNote><p>See</p><p>Annex I.</p></authorialNote> fall.</p>"
    assert lines(AKN.format(note)) == ["Fees fall.", "See Annex I."]


def test_a_number_that_stands_inside_contents_is_kept() -> None:
    inner = "<paragraph><num>1.</num><content><num>x</num><p>line</p></content></paragraph>"
    assert lines(AKN.format(inner)) == ["1.", "x", "line"]


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    head = f"<!DOCTYPE treaty [<!ENTITY x SYSTEM 'file://{secret}'><!ENTITY y 'yy'>]>"
    document = parsed(f"{head}<treaty><body><chapter><article>a &x; b &y; c</article></chapter></body></treaty>")
    assert "password" not in document.text
    assert document.text == "a &x; b &y; c"


def test_a_bomb_of_entities_is_damaged_xml() -> None:
    entities = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(12))
    head = f"<!DOCTYPE treaty [<!ENTITY e0 'x'>{entities}]>"
    with pytest.raises(UnreadableFile, match="amplification"):
        parsed(f"{head}<treaty><body><chapter><article>&e12;</article></chapter></body></treaty>")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<treaty><body>", "damaged"),
        ("", "damaged"),
        ("<other/>", "<other>"),
        ("<treaty><body/></treaty>", "no text"),
        (AKN.format("<section>" * (DEEPEST + 9) + "<p>x</p>" + "</section>" * (DEEPEST + 9)), "deep"),
        (AKN.format("<point>" * (DEEPEST + 9) + "<p>x</p>" + "</point>" * (DEEPEST + 9)), "deep"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        parsed(text)


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.xml", f"<?xml version='1.0'?>\n<!-- made --><treaty>{BODY}</treaty>".encode(), TREATY),
        ("a.xml", b"<!DOCTYPE treaty [<!ENTITY x 'y'>]><treaty>", TREATY),
        ("a.xml", f"<treaty>{BODY}</treaty>".encode("utf-16"), TREATY),
        ("a.akn", b"\xef\xbb\xbf<akn:akomaNtoso xmlns:akn='x'>", AKOMA_NTOSO),
        ("a.xml", b"<akomaNtoso xmlns='x'>", AKOMA_NTOSO),
        ("a.xml", b"<?xml version='1.0'?><html xmlns='x'>", HTML),
    ],
)
def test_the_root_element_tells_the_type(tmp_path: Path, name: str, data: bytes, media_type: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert [file.media_type for file in discover(tmp_path, "c").files] == [media_type]


def test_other_xml_is_a_failure_with_its_root(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(b"<?xml version='1.0'?><rss/>")
    (failure,) = discover(tmp_path, "c").failures
    assert "<rss>" in failure.reason and "akomaNtoso" in failure.reason


NAMES = st.sampled_from(
    "article chapter paragraph point num heading p content list intro table tr td odd authorialNote ref".split()
)
TREES = st.recursive(
    st.builds(lambda name, text: f"<{name}>{text}</{name}>", NAMES, st.sampled_from(["", "x", "1.", "Article 5", "(a)"])),
    lambda inner: st.lists(inner, max_size=4).flatmap(
        lambda parts: NAMES.map(lambda name: f"<{name}>{' t '.join(parts)}</{name}>")
    ),
    max_leaves=20,
)


@given(TREES)
@settings(deadline=None)
def test_every_letter_of_any_tree_is_kept(tree: str) -> None:
    source = AKN.format(f"<p>start</p>{tree}")
    plain = "".join("".join(etree.fromstring(source).itertext()).split())
    text = "".join(parsed(source).text.split()).replace(";", "")
    for letters in ("x", "t"):  # order may change: notes go behind their line
        assert plain.count(letters) <= text.count(letters)
