from __future__ import annotations

from pathlib import Path

import pytest

from ingest.read_html import read
from ingest.text import UnreadableFile

LONG = "Таможенные службы двух стран встретились весной и сравнили сборы, которые они берут на границе, пункт за пунктом."


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "a.html"
    path.write_bytes(data)
    return path


def test_a_declared_code_page_is_used(tmp_path: Path) -> None:
    page = f'<html lang="ru-RU"><head><meta charset="windows-1251"><title>Т</title></head><body><p>{LONG}</p></body></html>'
    (document,) = read(write(tmp_path, page.encode("cp1251")))
    assert LONG in document.text
    assert document.metadata.language == "ru"


def test_a_page_without_main_text_gives_its_body(tmp_path: Path) -> None:
    (document,) = read(write(tmp_path, b"<html><body><div>one<br>two</div><script>x()</script></body></html>"))
    assert "one" in document.text and "x()" not in document.text


def test_a_page_without_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="script"):
        read(write(tmp_path, b"<html><body><script>x()</script></body></html>"))
