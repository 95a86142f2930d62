"""E-mail: a message with its headers and body, and each attachment that can be read as a document of its own.

Headers are metadata and text too: a quote is a slice of the text, and who wrote to whom, and when, is asked for and quoted.
The old policy (compat32) of the standard library's parser is used on purpose: it keeps headers as they came, so that a broken
one is mended here, where the newer one fails on it or loses its letters.
"""

from __future__ import annotations

import os
import re
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from itertools import groupby
from typing import TypeAlias

from ingest.archive import File, MemoryFile, free_key
from ingest.encodings import decode
from ingest.metadata import merge, metadata_from
from ingest.read_html import add_page
from ingest.read_text import add_plain_text
from ingest.sources import EML, SUFFIXES, media_type
from ingest.text import TextBuilder, UnreadableFile, one_line
from kb.records import Metadata, Parsed

READER = "email 2"
LARGEST = 60 * 1024 * 1024  # bytes; mail servers take 25 to 50 MB, and parsing needs some ten times the size
MOST_PARTS = 1000
MOST_ATTACHMENTS = 100  # read; a further one is named in a warning
DEEPEST = 30  # multiparts in one another; mail programs nest four
MOST_FORWARDS = 5  # messages in one another
LONGEST_HEADER = 20_000  # characters that are looked at
MOST_NAMES = 20  # of recipients that are shown
LONGEST_KEY = 120

ReadAs = Callable[[str, MemoryFile], tuple[Parsed, ...]]
Part: TypeAlias = "Message[str, str]"  # generic for the type checker alone

_QUOTED = re.compile(r"(?:>[ \t]?)+")
_UNSAFE = re.compile(r"[^\w.()+,-]+")


def read(path: File, read_as: ReadAs) -> tuple[Parsed, ...]:
    """The message, key "", and its attachments, key their file name; forwarded messages are attachments with their own.

    `read_as(media type, file)` reads an attachment. One that cannot be read is a warning on the message.
    Raises UnreadableFile for a message that is too large, nests too deep or has too many parts.
    """
    data = path.read_bytes()
    if len(data) > LARGEST:
        raise UnreadableFile(
            f"the message has {len(data) / 1e6:,.0f} MB and may have {LARGEST >> 20}; save its attachments alone."
        )
    reading = _Reading(read_as)
    reading.add_message(_parsed(data), "", 0)
    first = reading.documents[0]
    return replace(first, warnings=(*first.warnings, *reading.warnings)), *reading.documents[1:]


def _parsed(data: bytes) -> Part:
    try:
        return BytesParser(policy=policy.compat32).parsebytes(data)
    except RecursionError as error:
        raise UnreadableFile(f"its parts nest deeper than {DEEPEST} levels; save its attachments alone.") from error


@dataclass(slots=True)
class _Reading:
    """What has been read of a file so far. `warnings` are those on attachments; a message's own stand with it."""

    read_as: ReadAs
    documents: list[Parsed] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    parts: int = 0
    attachments: int = 0

    def add_message(self, message: Part, key: str, forwards: int) -> None:
        notes: list[str] = []
        metadata = _metadata(message, notes)
        bodies, attached = self._sorted(message)
        builder = TextBuilder()
        builder.add("heading", metadata.title, 1)
        builder.add("paragraph", _head(message, notes))
        for part in bodies:
            _add_body(builder, part, notes)
        text, blocks, pages = builder.build()
        self.documents.append(Parsed(text, blocks, pages, metadata, READER, tuple(dict.fromkeys(notes)), key))
        for part in attached:
            self._add_attachment(part, metadata, forwards)

    def _sorted(self, message: Part) -> tuple[list[Part], list[Part]]:
        bodies: list[Part] = []
        attached: list[Part] = []
        for part in _leaves(message, 0):
            self.parts += 1
            if self.parts > MOST_PARTS:
                raise UnreadableFile(f"the message has more than {MOST_PARTS:,} parts; save its attachments alone.")
            (bodies if _is_body(part) else attached).append(part)
        return bodies, attached

    def _add_attachment(self, part: Part, around: Metadata, forwards: int) -> None:
        name = _file_name(part)
        shown = f"the attachment ‘{name[:LONGEST_KEY] or part.get_content_type()}’"
        self.attachments += 1
        if self.attachments > MOST_ATTACHMENTS:
            self.warnings.append(f"{shown} is not read: only the first {MOST_ATTACHMENTS} are; save it as a file of its own.")
            return
        try:
            self._read_attachment(part, name, around, forwards)
        except MemoryError:
            raise
        except UnreadableFile as error:
            self.warnings.append(f"{shown} is not read: {error}")
        except Exception as error:  # noqa: BLE001 (recorded: a damaged attachment must not cost the mail)
            told = f"{type(error).__name__}: {one_line(str(error))[:200]}"
            self.warnings.append(f"{shown} is not read: the reader stopped at it ({told}); it may be damaged.")

    def _read_attachment(self, part: Part, name: str, around: Metadata, forwards: int) -> None:
        """What the attachment does not say of itself, it has from the message: who sent it, and when."""
        message, data = _forwarded(part), _bytes(part)
        kind = EML if message else media_type(MemoryFile(name, data), name, data[:8192])
        key = self._key(name, part)
        if kind == EML:
            if forwards == MOST_FORWARDS:
                raise UnreadableFile(f"messages nest deeper than {MOST_FORWARDS}; save it as a file of its own.")
            self.add_message(message or _parsed(data), key, forwards + 1)
            return
        for document in self.read_as(kind, MemoryFile(name, data)):
            own = f"{key}/{document.key}" if document.key else key
            known = merge(document.metadata, Metadata(publisher=around.publisher, published=around.published))
            self.documents.append(replace(document, key=own, metadata=known))

    def _key(self, name: str, part: Part) -> str:
        """A name that is safe in an address, and given once."""
        safe = _UNSAFE.sub("-", name.replace("\\", "/").rpartition("/")[2]).strip("-.")[-LONGEST_KEY:]
        key = free_key(safe or part.get_content_type().replace("/", "-"), self.keys)
        self.keys.add(key)
        return key


def _forwarded(part: Part) -> Part | None:
    """The message that a part holds, if it is one that was forwarded whole."""
    payload = part.get_payload()
    inner = payload[0] if part.get_content_type() == EML and isinstance(payload, list) and payload else None
    return inner if isinstance(inner, Message) else None


def _file_name(part: Part) -> str:
    """The attachment's name, with a suffix by its declared type where its own says nothing; a message goes by its subject."""
    name = one_line(_decoded(part.get_filename() or "", []))
    message = _forwarded(part)
    if message is not None:
        return name or _decoded(_raw(message, "subject"), []) or "message"
    if os.path.splitext(name)[1].casefold() in SUFFIXES:
        return name
    end = next((end for end, kind in SUFFIXES.items() if kind == part.get_content_type()), "")
    return f"{name or 'attachment'}{end}" if end else name


def _leaves(part: Part, depth: int) -> Iterator[Part]:
    """Parts that hold no parts, in order. Of alternatives the HTML is left out where a plain text says the same."""
    if depth > DEEPEST:
        raise UnreadableFile(f"its parts nest deeper than {DEEPEST} levels; save its attachments alone.")
    payload = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(payload, list):
        yield part
        return
    leaves = [leaf for child in payload if isinstance(child, Message) for leaf in _leaves(child, depth + 1)]
    if part.get_content_subtype() == "alternative":
        plain = any(leaf.get_content_type() == "text/plain" and _is_body(leaf) and _bytes(leaf).strip() for leaf in leaves)
        leaves = [leaf for leaf in leaves if not (plain and leaf.get_content_type() == "text/html" and _is_body(leaf))]
    yield from leaves


def _is_body(part: Part) -> bool:
    """Text that stands in the message: without a file name. A multipart that could not be taken apart is text, too."""
    if part.get_content_disposition() == "attachment" or part.get_filename():
        return False
    return part.get_content_type() in ("text/plain", "text/html") or part.get_content_maintype() == "multipart"


def _bytes(part: Part) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _add_body(builder: TextBuilder, part: Part, notes: list[str]) -> None:
    text = _text(part, notes)
    if part.get_content_type() == "text/html":
        add_page(builder, text)
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for marks, run in groupby(lines, key=_quoting):
        inner = TextBuilder()
        add_plain_text(inner, "\n".join(line[len(_quoted(line)) :] for line in run))
        content, blocks, _ = inner.build()
        for block in blocks:
            kind, level = ("paragraph", 0) if marks else (block.kind, block.level)
            builder.add(kind, f"{marks} {content[block.start : block.end]}", level)


def _quoted(line: str) -> str:
    found = _QUOTED.match(line)
    return found[0] if found else ""


def _quoting(line: str) -> str:
    """The marks of a quoted line: ">" for what was answered to, ">>" for what that answered to; they go before its text."""
    return _quoted(line).replace(" ", "").replace("\t", "")


def _text(part: Part, notes: list[str]) -> str:
    """A part's text; where its charset is missing, unknown or wrong, by a guess, with a warning."""
    data, charset = _bytes(part), part.get_content_charset()
    if charset:
        try:
            return data.decode(charset)
        except (LookupError, UnicodeError):
            text, guessed = decode(data)
            how = "by a guess" if guessed else "as UTF-8"
            notes.append(f"the text of the message is not in {charset[:40]!r}, as its header says; it was read {how}.")
            return text
    text, guessed = decode(data)
    notes.extend(["the message does not say how its text is encoded; it was read by a guess."] if guessed else [])
    return text


def _raw(message: Part, name: str) -> str:
    """The first header of that name as it came, bytes that are no ASCII as surrogates; "" if there is none."""
    return next((str(value) for key, value in message.raw_items() if key.casefold() == name), "")[:LONGEST_HEADER]


def _decoded(raw: str, notes: list[str]) -> str:
    """A header's text: encoded words (RFC 2047) and plain bytes of any encoding."""
    if not raw.isascii():
        raw, guessed = decode(raw.encode("utf-8", "surrogateescape"))
        notes.extend(["headers are not encoded as the standard wants; their letters are a guess."] if guessed else [])
    try:
        return one_line(str(make_header(decode_header(raw))))
    except (MessageError, BadBase64, LookupError, ValueError):
        notes.append(f"the header {one_line(raw)[:80]!r} cannot be decoded and is shown as it is.")
        return one_line(raw)


def _people(message: Part, name: str, notes: list[str]) -> list[tuple[str, str]]:
    """(display name, address), one of them perhaps empty. Taken apart before it is decoded: a name may hold a comma."""
    raw = _raw(message, name)
    if not raw.isascii():
        raw = _decoded(raw, notes)
    try:
        people = getaddresses([raw])
    except RecursionError:  # thousands of brackets or groups
        notes.append(f"the header {one_line(raw)[:80]!r} cannot be taken apart and is left out.")
        return []
    return [(_decoded(display, notes), one_line(address)) for display, address in people if display or address]


def _head(message: Part, notes: list[str]) -> str:
    """The headers that readers are shown, as one line."""
    fields = []
    for name in ("from", "to", "cc"):
        people = _people(message, name, notes)
        shown = [f"{display} <{address}>" if display and address else display or address for display, address in people]
        more = f" and {len(shown) - MOST_NAMES} more" if len(shown) > MOST_NAMES else ""
        if shown:
            fields.append(f"{name.title()}: {', '.join(shown[:MOST_NAMES])}{more}")
    date = _date(message, [])
    if date:
        fields.append(f"Date: {date.day} {date:%B %Y, %H:%M}" + (f" {date:%z}" if date.tzinfo else ""))
    return "; ".join(fields)


def _date(message: Part, notes: list[str]) -> datetime | None:
    raw = one_line(_raw(message, "date"))
    try:
        return parsedate_to_datetime(raw) if raw else None
    except (ValueError, TypeError, IndexError, OverflowError):
        notes.append(f"date {raw[:80]!r} is not used: it is no date as e-mail writes them.")
        return None


def _metadata(message: Part, notes: list[str]) -> Metadata:
    sender = next(iter(_people(message, "from", [])), ("", ""))
    date = _date(message, notes)
    raw = {
        "title": _decoded(_raw(message, "subject"), notes),
        "publisher": sender[0] or sender[1],
        "date": date.date().isoformat() if date else "",
    }
    metadata, more = metadata_from(raw)
    notes.extend(more)
    return metadata
