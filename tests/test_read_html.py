from __future__ import annotations

from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from pathlib import Path

import pytest
from lxml import html

from benchmarks.reading_html import average, rows, score
from ingest.article_body import tidy
from ingest.page_facts import author
from ingest.read_html import read
from ingest.sources import HTML, media_type
from ingest.text import UnreadableFile
from kb.records import Parsed

LONG = "Таможенные службы двух стран встретились весной и сравнили сборы, которые они берут на границе, пункт за пунктом."
SENTENCE = "The two customs services met in spring and compared the fees that they take at the border posts, item by item. "
DATA = Path(__file__).parents[2] / "shared" / "data"


def one(tmp_path: Path, page: str | bytes) -> Parsed:
    path = tmp_path / "a.html"
    path.write_bytes(page if isinstance(page, bytes) else page.encode())
    return read(path)[0]


def blocks(document: Parsed) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize(
    "declared", ['<meta charset="windows-1251">', '<meta http-equiv=Content-Type content="text/html; charset=cp1251">']
)
def test_a_declared_code_page_is_used(tmp_path: Path, declared: str) -> None:
    page = f'<html lang="kk-KZ"><head>{declared}<title>Т</title></head><body><p>{LONG * 3}</p></body></html>'
    document = one(tmp_path, page.encode("cp1251"))
    assert LONG in document.text
    assert document.metadata.language == "kk"
    assert not document.warnings


@pytest.mark.parametrize("encoding", ["utf-16", "koi8_r"])
def test_a_code_page_that_is_not_declared_is_found(tmp_path: Path, encoding: str) -> None:
    assert LONG in one(tmp_path, f"<html><body><p>{LONG}</p></body></html>".encode(encoding)).text


def test_metadata(tmp_path: Path) -> None:
    head = (
        '<title>Fees | Gazette</title><meta property="og:site_name" content="Gazette"><meta property="og:locale" content="ur_PK">'
    )
    head += '<meta name="author" content="Aigul Karimova"><link rel=canonical href="https://example.org/fees">'
    head += '<meta property="article:published_time" content="2024-05-06T10:00:00Z">'
    metadata = one(
        tmp_path, f"<html><head>{head}</head><body><article><h1>Fees</h1><p>{SENTENCE * 5}</p></article></body></html>"
    ).metadata
    assert (metadata.title, metadata.publisher, metadata.url) == ("Fees", "Gazette", "https://example.org/fees")
    assert metadata.author == "Aigul Karimova"
    assert (metadata.published, metadata.language) == ("2024-05-06", "ur")


def dated(tmp_path: Path, head: str, text: str = "") -> str:
    """The date of publication that a page is given."""
    article = f"<article><h1>Fees</h1><p>{SENTENCE * 5}</p>{text}</article>"
    return one(tmp_path, f"<html><head><title>Fees</title>{head}</head><body>{article}</body></html>").metadata.published


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        ('<meta name="date" content="2024-05-06">', "", "2024-05-06"),
        ('<meta name="date" content="11/01/2023 12:43:42">', "", ""),  # who can tell the month from the day?
        ('<meta name="date" content="25.11.2023">', "", "2023-11-25"),
        ('<meta property="og:updated_time" content="2020-06-02T11:57:06+02:00">', "", ""),
        (
            "",
            '<time itemprop="dateModified">2018-08-29</time><time itemprop="datePublished" datetime="2018-06-22"></time>',
            "2018-06-22",
        ),
        (
            '<script type="application/ld+json">{"@type": "Article", "datePublished": "2021-09-19T14:00:49Z"}</script>',
            "",
            "2021-09-19",
        ),
        ("", '<time class="published updated" datetime="2019-11-13">November</time>', "2019-11-13"),
        ("", "<script>var page = {changed: '2022-02-09T11:04:09Z'}</script>", ""),
    ],
)
def test_a_page_s_date_is_that_of_its_publication_or_none(tmp_path: Path, head: str, text: str, expected: str) -> None:
    assert dated(tmp_path, head, text) == expected


def archived(page: str) -> bytes:
    """The page as a browser saves it with its pictures (MHTML)."""
    message = MIMEMultipart("related")
    message["Snapshot-Content-Location"] = "https://example.org/fees"
    part = MIMENonMultipart("text", "html", charset="utf-8")
    part.set_payload(page.encode(), "utf-8")
    picture = MIMENonMultipart("image", "png")
    picture.set_payload("iVBORw0KGgo=")
    message.attach(part)
    message.attach(picture)
    return message.as_bytes()


@pytest.mark.parametrize("name", ["a.mht", "a.mhtml", "a.html"])
def test_a_page_saved_with_its_pictures_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(archived(f"<html><body><h1>Сборы</h1><p>{LONG * 3}</p></body></html>"))
    assert media_type(path, name, path.read_bytes()[:4096]) == HTML
    (document,) = read(path)
    assert LONG in document.text and document.metadata.url == "https://example.org/fees"


def test_an_archive_without_a_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="without an HTML part"):
        one(tmp_path, archived("x").replace(b"text/html", b"text/plain"))


def test_a_set_of_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="set of frames"):
        one(tmp_path, '<html><frameset cols="20%,80%"><frame src="a.html"><frame src="b.html"></frameset></html>')


def test_a_page_that_shows_another_file_says_which(tmp_path: Path) -> None:
    page = "<html><body><h1>Transit agreement</h1>{}</body></html>"
    told = one(tmp_path, page.format('<iframe src="/view?file=/f/agreement.pdf"></iframe>')).warnings
    assert told == ("the page has 2 words; it shows another file, agreement.pdf, which has the text: add that file.",)
    assert "perhaps a script" in one(tmp_path, page.format("")).warnings[0]
    with pytest.raises(UnreadableFile, match=r"agreement\.pdf"):
        one(tmp_path, '<html><body><embed src="agreement.pdf"></body></html>')


def test_an_archive_of_releases_has_no_date(tmp_path: Path) -> None:
    items = "".join(f"<div>{day} May 2024</div><h3>Release {day}</h3><p>{SENTENCE}</p>" for day in (12, 11, 10))
    page = f"<html><head><title>Press releases</title></head><body><h1>Press releases</h1>{items}</body></html>"
    assert one(tmp_path, page).metadata.published == ""


def test_links_to_files_are_text(tmp_path: Path) -> None:
    files = "".join(f'<li><a href="/{year}.pdf">Agreement of the year {year} on transit</a></li>' for year in range(1995, 2005))
    article = f"<article><h1>Fees</h1><p>{SENTENCE * 4}</p><ul>{files}</ul><p>Then, {SENTENCE * 3}</p></article>"
    page = f"<html><body>{article}</body></html>"
    assert "Agreement of the year 2004" in one(tmp_path, page).text


OTHERS = (
    '<div><ul><li><a href="/x">Trains to Osh</a> <span>3 March 2019</span></li></ul></div><p>Last updated 1 November 2026</p>'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Posted on May 12, 2024 by Aigul Karimova", "2024-05-12"),
        ("Published May 12, 2024 | Updated May 14, 2024", "2024-05-12"),
        ("Last updated: May 14, 2024", ""),
        ("Дата публикации: 12 мая 2024", "2024-05-12"),
        ("اشاعت: ۱۲ مئی ۲۰۲۴", "2024-05-12"),
        ("اتوار، 12 مئی، 2024ء", "2024-05-12"),
        ("2024 жылғы 12 мамыр", "2024-05-12"),
        ("2024-yil 12-may", "2024-05-12"),
        ("12-май, 2024", "2024-05-12"),
        ("12 maý 2024", "2024-05-12"),
        ("۱۲ می ۲۰۲۴", "2024-05-12"),
        ("", ""),
    ],
)
def test_the_date_is_the_one_beside_the_title_and_not_that_of_another_article(tmp_path: Path, line: str, expected: str) -> None:
    article = f"<div><h1>Fees at the posts</h1><div>{line}</div><p>{SENTENCE * 3}</p><p>Then, {SENTENCE * 3}</p></div>{OTHERS}"
    masthead = "<div>Thursday, November 26, 2026</div>"
    page = f"<html><head><title>Fees at the posts</title></head><body>{masthead}{article}</body></html>"
    assert one(tmp_path, page).metadata.published == expected


def test_json_ld_of_other_articles_is_not_read(tmp_path: Path) -> None:
    listed = '{"@type": "ItemList", "itemListElement": [{"@type": "NewsArticle", "datePublished": "2019-03-03"}]}'
    own = '{"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "datePublished": "2024-05-12T23:30:00+05:00"}]}'
    scripts = "".join(f'<script type="application/ld+json">{data}</script>' for data in (listed, own))
    assert dated(tmp_path, scripts) == "2024-05-12"


def test_a_template_s_language_is_not_that_of_the_text(tmp_path: Path) -> None:
    page = f'<html lang="{{}}"><body><p>{LONG * 2}</p></body></html>'
    assert one(tmp_path, page.format("en")).metadata.language == ""
    assert one(tmp_path, page.format("uz")).metadata.language == "uz"


def test_the_name_of_the_site_is_no_title(tmp_path: Path) -> None:
    body = f"<h3>Fees at the posts</h3><p>{SENTENCE * 5}</p>"
    page = f"<html><head><title>Ministry of Commerce</title></head><body>{body}</body></html>"
    assert one(tmp_path, page).metadata.title == "Fees at the posts"


def test_a_title_keeps_its_joiners(tmp_path: Path) -> None:
    title = "گمرک‌ها عوارض را مقایسه کردند"
    page = (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{SENTENCE * 5}</p></article></body></html>"
    )
    assert one(tmp_path, page).metadata.title == title


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("View all posts by Aigul Karimova", "Aigul Karimova"),
        ("By Aigul Karimova; Facebook Com", "Aigul Karimova"),
        ("Follow", ""),
        ("Choose who has written this page in the settings of the module", ""),
        ("Aigul Karimova; Sheikh Mohammed bin Rashid Al Maktoum", "Aigul Karimova; Sheikh Mohammed bin Rashid Al Maktoum"),
    ],
)
def test_an_author_is_a_name(names: str, expected: str) -> None:
    assert author(names) == expected


def test_a_post_that_an_article_quotes_is_kept(tmp_path: Path) -> None:
    quote = f'<blockquote class="twitter-tweet"><p>The fee is too high. {SENTENCE}</p></blockquote>'
    post = f'<div class="social-media-embed">{quote}</div>'
    page = f"<html><body><article><h1>Fees</h1><p>{SENTENCE * 4}</p>{post}<p>Then, {SENTENCE * 4}</p></article></body></html>"
    assert "The fee is too high." in one(tmp_path, page).text


def test_links_to_other_pages_behind_an_article_go(tmp_path: Path) -> None:
    links = "".join(f'<li><a href="/{name}">Ten reasons to visit {name}</a></li>' for name in ("Osh", "Khujand", "Nukus"))
    article = f"<article><h1>Fees</h1><p>{SENTENCE * 9}</p><ul>{{}}</ul><p>The editors wrote this.</p></article>"
    page = f"<html><body>{article}</body></html>"
    document = one(tmp_path, page.format(links))
    assert "reasons" not in document.text and document.text.endswith("The editors wrote this.")
    kept = one(tmp_path, page.format("<li>Osh is the first post.</li><li>Nukus is the second.</li>"))
    assert "Osh is the first post." in kept.text


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ('<p><a name="z5"></a>Article 5. Goods go free.</p>', "Article 5. Goods go free."),
        (
            "<p>The flag <span><img src=f.png></span> of the lorry <i class=icon></i> is shown.</p>",
            "The flag of the lorry is shown.",
        ),
        ("<p>They met on <time datetime=2024-05-06>6 May 2024</time> in Osh.</p>", "They met on 6 May 2024 in Osh."),
        ("<p>Trade<x-note>(1)</x-note> grew.</p>", "Trade(1) grew."),
        ("<form><p>A page that ASP.NET wraps in a form.</p></form>", "wraps in a form."),
        ("<center>Words in the middle of the line.</center>", "Words in the middle of the line."),
        ("<ul><li>Outer:<ul><li>Inner</li></ul> behind it</li></ul>", "behind it"),
        ("<table><tr><td>1</td><td><ul><li>One item</li><li>Other item</li></ul></td></tr></table>", "Other item"),
        ("<table><tr><td><p>Left.</p><ul><li>An item of a layout</li></ul></td></tr></table>", "An item of a layout"),
        ("<p>Signed were:</p><ul><li><a href=/a>The transit agreement of 2021</a></li></ul>", "The transit agreement of 2021"),
    ],
)
def test_no_text_is_lost_behind_empty_elements_and_in_unusual_ones(tmp_path: Path, piece: str, kept: str) -> None:
    menu = f"<nav>{'<a href=/x>Many words of a menu</a> ' * 9}</nav><footer>{'Imprint and privacy. ' * 30}</footer>"
    page = (
        f"<html><body>{menu}<article><h1>Fees</h1><p>{SENTENCE * 4}</p>{piece}<p>Then, {SENTENCE * 3}</p></article></body></html>"
    )
    document = one(tmp_path, page)
    assert kept in document.text and "Imprint" not in document.text


@pytest.mark.parametrize("label", ["Read more:", "Читайте также:", "یہ بھی پڑھیں:", "[Related:"])
def test_a_paragraph_that_leads_to_another_article_goes(tmp_path: Path, label: str) -> None:
    piece = f'<p>{label} <a href="/x">Ten reasons to visit Nukus in the spring of this year</a></p>'
    article = f"<article><h1>Fees</h1><p>{SENTENCE * 4}</p>{piece}<h2>Rates</h2><p>Then, {SENTENCE * 3}</p></article>"
    page = f"<html><body>{article}</body></html>"
    assert "reasons" not in one(tmp_path, page).text


def test_lines_before_the_title_go_and_the_lead_stays(tmp_path: Path) -> None:
    link = '<a href="/x">Ten reasons to visit Nukus in the spring of this very year, told by those who were there</a>'
    before = f"<p>Advertisement</p><p>{link}</p>"
    after = f"<h2>The fees at the border posts</h2><p>{SENTENCE * 4}</p><h2>Rates</h2><p>Then, {SENTENCE * 3}</p>"
    head = "<head><title>The fees at the border posts</title></head>"
    document = one(tmp_path, f"<html>{head}<body><article>{before}{after}</article></body></html>")
    assert document.text.startswith("The fees at the border posts\n\nThe two customs")
    lead = f"<p>A lead of more than eight words that stands before the title of its article.</p>{after}"
    assert one(tmp_path, f"<html>{head}<body><article>{lead}</article></body></html>").text.startswith("A lead")


def test_what_the_stricter_extraction_loses_between_paragraphs_is_restored() -> None:
    body = html.fromstring(f"<div><p>First {SENTENCE}</p><p>Last {SENTENCE}</p></div>")
    between = "<p>The table was published on Monday.</p><p>Ten reasons to visit Nukus</p>"
    milder = html.fromstring(f"<div><p>Before.</p><p>First {SENTENCE}</p>{between}<p>Last {SENTENCE}</p><p>After.</p></div>")
    tidy(body, html.fromstring('<div><p><a href="/x">Ten reasons to visit Nukus</a></p></div>'), "", milder)
    assert [element.text.split()[0] for element in body] == ["First", "The", "Last"]


def test_a_year_in_the_text_is_no_date_of_the_page(tmp_path: Path) -> None:
    items = "".join(f"<li>Agreement on the transit of goods ({year})</li>" for year in range(1995, 2020))
    assert one(tmp_path, f"<html><body><h1>Agreements</h1><ul>{items}</ul></body></html>").metadata.published == ""


ARTICLE = f"""<html><head><title>Fees</title></head><body><header><a href="/">Home</a></header><nav><a href="/x">More</a></nav>
<article><header><h1>Fees</h1><p class="lead">{SENTENCE}</p></header><p style="border: 1px solid">In a box, {SENTENCE}</p>
<h2>Rates</h2><p>{SENTENCE * 4}</p>
<table><tr><th>Post</th><th>Fee</th></tr><tr><td>Torkham</td><td>12</td></tr></table>
<p hidden>Nobody sees these words on the page.</p><p style="display:none">Nor does anybody see these.</p>
<ol><li>First of all.</li><li>Second of all.</li></ol></article><footer>Imprint and privacy</footer></body></html>"""


def test_an_article_keeps_its_header_and_loses_menus_and_what_is_hidden(tmp_path: Path) -> None:
    document = one(tmp_path, ARTICLE)
    assert blocks(document)[:2] == [("heading", 1, "Fees"), ("paragraph", 0, SENTENCE.strip())]
    assert document.text.count(SENTENCE.strip()) == 6 and "In a box" in document.text
    assert ("heading", 2, "Rates") in blocks(document)
    assert ("table_row", 0, "Post: Torkham; Fee: 12") in blocks(document)
    assert blocks(document)[-1] == ("list_item", 0, "2. Second of all.")
    assert not any(word in document.text for word in ("Home", "More", "Imprint", "Nobody", "Nor does"))


def test_a_table_of_one_column_is_no_table(tmp_path: Path) -> None:
    box = "<table><tr><td>A quotation that stands in a box of its own.</td></tr></table>"
    page = f"<html><body><article><h1>Fees</h1><p>{SENTENCE * 4}</p>{box}<p>Then, {SENTENCE * 3}</p></article></body></html>"
    assert ("paragraph", 0, "A quotation that stands in a box of its own.") in blocks(one(tmp_path, page))


def test_a_page_that_is_all_text_keeps_the_structure_of_its_tags(tmp_path: Path) -> None:
    articles = "".join(f"<p class=MsoNormal><b>Статья {number}</b></p><p class=MsoNormal>{LONG}</p>" for number in range(1, 6))
    table = (
        "<table><tr><td>Пост</td><td>Сбор</td></tr><tr><td>Торхам</td><td>12</td></tr><tr><td>Чаман</td><td>9</td></tr></table>"
    )
    found = blocks(one(tmp_path, f"<html><body lang=RU><div>{articles}{table}</div></body></html>"))
    assert [(kind, text) for kind, level, text in found if level] == [("heading", f"Статья {number}") for number in range(1, 6)]
    assert found[-1] == ("table_row", 0, "Пост: Чаман; Сбор: 9")


def test_a_page_without_main_text_gives_its_body(tmp_path: Path) -> None:
    document = one(tmp_path, b"<html><body><div>one<br>two</div><script>x()</script></body></html>")
    assert document.text == "one\n\ntwo"


def test_a_page_of_links_and_a_form_are_not_lost(tmp_path: Path) -> None:
    links = "".join(
        f'<li><a href="/{number}">Treaty number {number} on transit by road and rail</a></li>' for number in range(40)
    )
    document = one(tmp_path, f"<html><body><h1>Treaties</h1><ul>{links}</ul></body></html>")
    assert len(document.blocks) == 41
    form = one(tmp_path, "<html><body><form><h1>Visa</h1><p>Fill in the number of your passport.</p><input></form></body></html>")
    assert form.text == "Visa\n\nFill in the number of your passport."


def test_a_page_without_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="script"):
        one(tmp_path, b"<html><body><script>x()</script></body></html>")


@pytest.mark.parametrize(
    "page", ["<div>" * 50_000 + "deep", "<ul><li>a " * 20_000, "<table><tr><td>" * 20_000, "<p>a\0b</p>" * 1000]
)
def test_hostile_nesting_ends(tmp_path: Path, page: str) -> None:
    try:
        assert one(tmp_path, f"<html><body>{page}").text
    except UnreadableFile as error:
        assert "no text" in str(error)


def test_a_tag_with_countless_attributes_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    tag = "<p " + " ".join(f"a{n}=b" for n in range(100_000))
    with pytest.raises(UnreadableFile, match="more than 20,000 attributes"):
        one(tmp_path, f"<html><body>{tag}>text</p>")


@pytest.mark.parametrize(("deep", "is_whole"), [(200, True), (300, False)])
def test_what_is_lost_behind_deep_tags_is_told(tmp_path: Path, deep: int, is_whole: bool) -> None:
    document = one(tmp_path, f"<html><body><p>{SENTENCE}</p>{'<div>in ' * deep}{'</div>' * deep}<p>after</p></body></html>")
    assert ("after" in document.text) == is_whole
    assert any("more than 255 deep" in warning for warning in document.warnings) != is_whole


def test_among_countless_elements_no_article_is_looked_for(tmp_path: Path) -> None:
    document = one(tmp_path, "<html><body>" + "<p>a" * 100_001)
    assert len(document.blocks) == 100_001
    assert "the whole page was taken" in document.warnings[0]


def test_cells_that_say_they_span_millions_are_cells(tmp_path: Path) -> None:
    document = one(tmp_path, "<html><body><table>" + "<tr><td colspan=9999 rowspan=9999>fee<td>1" * 500)
    assert document.text.count("fee") == 500


def test_the_measure() -> None:
    assert score("a b c d e", "a b c d e") == (1.0, 1.0)
    assert score("a b c d e", "a b c d") == (1.0, 0.5)
    assert average([(1.0, 0.5), (0.5, 0.5)]) == pytest.approx((0.75, 0.5, 0.6))


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real documents are not beside the project")
def test_real_pages_are_read_as_people_marked_them() -> None:
    means = {row[0]: float(row[-1].removeprefix("F1 ")) for row in rows(DATA)[-3:]}
    assert means["mean: ours"] >= 0.965
    assert means["mean: ours, same form"] >= 0.975
