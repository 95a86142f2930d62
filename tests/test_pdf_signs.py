from __future__ import annotations

import pytest

from ingest.pdf_signs import PICTURE, family, plain_letter, sign_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"ABCDEF+SymbolMT", "symbol"),
        (b"Symbol,Bold", "symbol"),
        (b"Wingdings-Regular", "wingdings"),
        (b"KPIEJT+Wingdings3", "pictures"),
        (b"SegoeUISymbol", ""),
        (b"LMMathSymbols10-Regular", ""),
        (b"CourierNewPSMT", "courier"),
    ],
)
def test_the_family_of_a_font(name: bytes, kind: str) -> None:
    assert family(name) == kind


def test_private_codes_of_symbol_are_its_signs_others_stay() -> None:
    assert "".join(sign_of(0xF000 + code, "symbol") for code in (0x61, 0x44, 0xB7, 0xB3, 0xA3, 0xB0, 0xE5, 0xD7)) == "αΔ•≥≤°∑⋅"
    assert sign_of(0x2022, "symbol") == sign_of(ord("a"), "symbol") == ""


def test_letters_of_wingdings_are_pictures_whichever_code_the_file_gives() -> None:
    assert [sign_of(code, "wingdings") for code in (0xA7, 0xF0A7, 0xF0D8, 0xFC, 0x2022)] == ["▪", "▪", "➢", "✓", ""]
    assert sign_of(ord("h"), "pictures") == PICTURE


def test_small_capitals_and_old_figures_of_private_codes_are_letters() -> None:
    assert "".join(map(plain_letter, (0xF76D, 0xF761, 0xF732, 0xF739))) == "MA29"
    assert plain_letter(0xF0B7) == ""
