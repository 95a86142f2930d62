"""A page that a browser saved with its pictures in one file (MHTML, .mht): a MIME message whose first HTML part is the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesParser

from ingest.text import UnreadableFile

LARGEST = 60 * 1024 * 1024  # bytes: parsing needs some ten times the size

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[!-9;-~]+[ \t]*:[^\n]*\n")
_RELATED = re.compile(rb"^content-type:\s*multipart/(?:related|alternative)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page's bytes, the charset and the address that its archive says of it; "" where it says none."""

    data: bytes
    charset: str
    address: str


def page_in(data: bytes) -> SavedPage:
    """The page of an archive; `data` itself if it is none. Raises UnreadableFile for an archive without a page, or too large."""
    if not (_START.match(data[:2000]) and _RELATED.search(data[:4096])):
        return SavedPage(data, "", "")
    if len(data) > LARGEST:
        raise UnreadableFile(f"the saved page has {len(data) / 1e6:,.0f} MB and may have {LARGEST >> 20}; save it as HTML alone.")
    message = BytesParser().parsebytes(data)
    for part in message.walk():
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            held = part.get_payload(decode=True)
            address = str(part.get("Content-Location") or message.get("Snapshot-Content-Location") or "")
            return SavedPage(held if isinstance(held, bytes) else b"", part.get_content_charset() or "", address)
    raise UnreadableFile("it is a saved web page (MHTML) without an HTML part; save the page anew, or as HTML.")
