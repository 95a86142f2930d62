from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.encodings import decode, wide_encoding

RUSSIAN = "Сборы публикуются на трёх языках, и стороны сообщают друг другу об их изменении за месяц. "
URDU = "دونوں ملکوں کی کسٹم سروس نے بہار میں ملاقات کی اور سرحدی فیس کا موازنہ کیا۔ "
ENGLISH = "The café at the border post – opened in spring – takes no fee."
DATA = Path(__file__).parents[2] / "shared" / "data"

UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
CYRILLIC = ["cp1251", "koi8_r", "cp866", "iso8859_5"]


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("text", [RUSSIAN, URDU, ENGLISH])
def test_unicode_needs_no_warning(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == (text, ())


@pytest.mark.parametrize("encoding", CYRILLIC)
@pytest.mark.parametrize("text", [RUSSIAN, RUSSIAN.upper(), RUSSIAN[:40]])
def test_code_pages_of_cyrillic_are_told_apart(encoding: str, text: str) -> None:
    found, warnings = decode(text.encode(encoding))
    assert found == text
    assert "guess" in warnings[0]


def test_code_pages_of_other_scripts() -> None:
    arabic = URDU.encode("cp1256", "ignore")
    assert decode(arabic)[0] == arabic.decode("cp1256")
    assert decode(ENGLISH.encode("cp1252"))[0] == ENGLISH


def test_turkish_and_chinese_code_pages() -> None:
    turkish = "Türkiye ile Özbekistan arasındaki anlaşma İstanbul'da imzalandı; ücretler düşürüldü."
    assert decode(turkish.encode("cp1254"))[0] == turkish
    chinese = "中华人民共和国政府和巴基斯坦伊斯兰共和国政府自由贸易协定，第一条 目标。缔约双方应公布其费用。"
    assert decode(chinese.encode("gb18030"))[0] == chinese
    mixed = "The railway from Ташкент to Термез and on to Карачи takes no fee."
    assert decode(mixed.encode("cp1251"))[0] == mixed


def test_a_declared_encoding_is_believed_where_the_bytes_can_be_that() -> None:
    assert decode("Ё".encode("cp866"), "IBM866") == ("Ё", ())
    assert decode(RUSSIAN.encode("koi8_r"), "windows-1252")[0] == RUSSIAN
    assert decode("Ё".encode("cp866"), "hex")[1]
    assert decode(b"\x93a\x94", "ISO-8859-1") == ("“a”", ())


def test_a_guess_that_could_be_another_says_so() -> None:
    assert "unsure" in decode("Цех".encode("iso8859_5"))[1][0]


def test_a_broken_byte_does_not_change_the_encoding() -> None:
    text, warnings = decode(RUSSIAN.encode() + b"\xff")
    assert text == RUSSIAN + "\ufffd"
    assert "broken" in warnings[0]


@given(st.binary(max_size=300), st.text(max_size=12))
def test_any_bytes_give_text(data: bytes, declared: str) -> None:
    text, warnings = decode(data, declared)
    assert isinstance(text, str) and len(warnings) <= 1


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_plain_text_is_never_taken_for_two_bytes_a_character(text: str) -> None:
    assert wide_encoding(text.encode()) == ""


def pieces() -> list[tuple[str, str]]:
    """Encoding and text: pieces of real Russian, Urdu and English texts, 40 to 400 characters."""
    russian = [json.loads(line)["text"] for line in (DATA / "retrieval_xquad" / "corpus.ru.jsonl").read_text().splitlines()]
    urdu = [path.read_text() for path in sorted((DATA / "urdu_news").glob("*_*.txt"))]
    english = [path.read_text().replace("'", "’") for path in sorted((DATA / "speeches").glob("*_*.txt"))]
    texts = [(page, text) for page in CYRILLIC for text in russian]
    texts += [("cp1256", text) for text in urdu] + [("cp1252", text) for text in english]
    cut = [(page, text[start : start + size]) for page, text in texts for start, size in ((0, 40), (100, 100), (200, 400))]
    return [(page, piece) for page, piece in cut if sum(not letter.isascii() for letter in piece) > 5 or page == "cp1252"]


@pytest.mark.real
def test_real_texts_are_read_as_what_they_were_written_in() -> None:
    if not DATA.is_dir():
        pytest.skip(f"there is no {DATA.name} folder beside the project")
    found = [(data, page) for page, piece in pieces() if not (data := piece.encode(page, "ignore")).isascii()]
    wrong = [data for data, page in found if decode(data)[0] != data.decode(page)]
    assert len(found) > 2000
    assert len(wrong) <= 0.002 * len(found)
