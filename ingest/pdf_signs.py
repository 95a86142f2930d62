"""Signs of the fonts whose letters are pictures: Symbol, Wingdings, and the private codes of Adobe's fonts for small capitals.

Files give such signs as private codes (U+F0B7 is code B7 of the font) or as the Latin letter of that code; both mean the picture.
"""

from __future__ import annotations

import re

COURIER = "courier"
_FAMILIES = {
    "symbol": re.compile(rb"(?:^|\+)symbol(?:mt|ps|std|set)?(?:[,-]|$)", re.I),
    "wingdings": re.compile(rb"(?:^|\+)wingdings(?:-?regular|itctt)?(?:[,-]|$)", re.I),
    "pictures": re.compile(rb"(?:^|\+)(?:wingdings-?[23]|webdings)", re.I),
    COURIER: re.compile(rb"(?:^|\+)courier", re.I),
}
# The codes 20 to 7E and A0 to FE of Adobe's Symbol font.
_SYMBOL = (
    " !∀#∃%&∍()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\uf8ff⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
)
_WINGDINGS = {
    **dict(zip(b"lmnopqrstuvwx", "●❍■□❐❑❒⬧⧫◆❖⬥⌧", strict=True)),
    **dict(zip(b"\x9e\x9f\xa1\xa4\xa7\xa8\xd8\xdf\xe0\xe1\xe2\xe8\xf0\xfb\xfc\xfd\xfe", "·•○◉▪◻➢←→↑↓➔⇨✗✓☒☑", strict=True)),
}
PICTURE = "▪"  # for those not listed: nearly all are marks of lists


def family(name: bytes) -> str:
    """Which of these fonts it is, COURIER for one whose "o" Word takes for a bullet, "" for any other."""
    return next((kind for kind, pattern in _FAMILIES.items() if pattern.search(name)), "")


def sign_of(code: int, kind: str) -> str:
    """The sign that a font of this family shows for the code; "" if the code says it itself."""
    private = 0xF020 <= code <= 0xF0FF
    low = code - 0xF000 if private else code
    if kind == "symbol":
        table = _SYMBOL[low >= 0xA0]
        place = low - (0xA0 if low >= 0xA0 else 0x20)
        return table[place] if private and place < len(table) else ""
    if kind == "wingdings" and low < 0x100:
        return _WINGDINGS.get(low, PICTURE)
    return PICTURE if kind == "pictures" and low < 0x100 else ""


def plain_letter(code: int) -> str:
    """The letter or figure that an old-style figure or a small capital of Adobe's private codes is; "" for other codes."""
    if 0xF730 <= code <= 0xF739:
        return chr(code - 0xF700)
    return chr(code - 0xF720) if 0xF761 <= code <= 0xF77A else ""
