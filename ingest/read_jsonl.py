"""JSON lines: each line is one document {"id", "title", "text", …metadata}."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from ingest.archive import File, free_key
from ingest.metadata import metadata_from
from ingest.read_text import add_plain_text
from ingest.text import TextBuilder, UnreadableFile, one_line
from kb.records import Parsed

READER = "jsonl 1"
LONGEST_KEY = 200


def read(path: File) -> tuple[Parsed, ...]:
    """One `Parsed` for each good line, `key` its id. A bad line is a warning (on the first document) with its number.

    An id that comes twice is numbered, "x" and "x-2"; a line without an id goes by its number, "line-7".
    Raises UnreadableFile if no line is good.
    """
    documents: list[Parsed] = []
    warnings: list[str] = []
    keys: set[str] = set()
    for number, line in _lines(path):
        try:
            document = _document(line, number)
        except ValueError as error:
            warnings.append(f"line {number} is left out: {error}.")
            continue
        if document.key in keys:
            key = free_key(document.key, keys)
            warnings.append(f"line {number}: the id {document.key!r} came before; this document is {key!r}.")
            document = replace(document, key=key)
        keys.add(document.key)
        documents.append(document)
    if not documents:
        raise UnreadableFile(f"no line of it is a document; {warnings[0] if warnings else 'it has only empty lines.'}")
    documents[0] = replace(documents[0], warnings=(*documents[0].warnings, *warnings))
    return tuple(documents)


def _lines(path: File) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            line = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if line:
                yield number, line


def _document(line: bytes, number: int) -> Parsed:
    try:
        fields = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({error})") from error
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    body = fields.get("text")
    if not isinstance(body, str) or not body.strip():
        raise ValueError('it has no "text"')
    builder = TextBuilder()
    add_plain_text(builder, body)
    text, blocks, pages = builder.build()
    if not text:
        raise ValueError('its "text" has no visible character')
    given = fields.get("id")
    key = one_line(str(given))[:LONGEST_KEY] if isinstance(given, str | int) and not isinstance(given, bool) else ""
    metadata, warnings = metadata_from(fields)
    return Parsed(text, blocks, pages, metadata, READER, warnings, key or f"line-{number}")
