"""Bytes that are Unicode in two or four bytes a character, or say by their first ones in how many."""

from __future__ import annotations

import unicodedata

BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_SAMPLE = 200_000  # bytes that a guess looks at


def wide_encoding(data: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark; "" if the bytes are something else.

    Such text is full of zero bytes, and only the right reading of it has U+0020 between words (one character in seven; in 50
    at least): in the other byte order a space is U+2000.
    """
    sample = data[: _SAMPLE // 4 * 4]
    if sample.count(0) < max(2, len(sample) // 50):
        return ""
    best, most = "", 0
    for encoding in _WIDE:
        width = 4 if "32" in encoding else 2
        try:
            text = sample[: len(sample) // width * width].decode(encoding)
        except UnicodeDecodeError:
            continue
        spaces = text.count(" ") + text.count("\n")
        odd = sum(unicodedata.category(character) in ("Cn", "Co", "Cs") or character == "\0" for character in text)
        if spaces > most and spaces >= len(text) // 50 and odd <= len(text) // 100:
            best, most = encoding, spaces
    return best
