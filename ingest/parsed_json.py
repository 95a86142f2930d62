"""Documents as JSON, on their way from the process that read a hostile file to the one that must not trust it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, astuple
from typing import Any

from kb.records import BLOCK_KINDS, Block, Metadata, Page, Parsed

MOST_PAGES = 10_000_000

# All that ingest.text.normalise takes away or mends and that would harm: a line break alone is a control that texts keep.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def parsed_to_json(documents: Sequence[Parsed]) -> bytes:
    """ASCII JSON of documents: blocks and pages as arrays in the order of their fields."""
    return json.dumps(
        [
            {
                "text": document.text,
                "blocks": [astuple(block) for block in document.blocks],
                "pages": [[page.number, page.label, page.start, page.end] for page in document.pages],
                "metadata": asdict(document.metadata),
                "reader": document.reader,
                "warnings": document.warnings,
                "key": document.key,
            }
            for document in documents
        ]
    ).encode("ascii")


def parsed_from_json(data: bytes) -> tuple[Parsed, ...]:
    """The documents again, checked: the child that wrote them had the hands of a hostile file on it.

    Raises ValueError if anything has the wrong type, a span lies outside its text, out of order or over another, or a string
    holds what no reader leaves in it: controls, overrides of the direction, halves of characters.
    """
    try:
        loaded = json.loads(data)
    except RecursionError as error:
        raise ValueError("lists lie in lists without end") from error
    if not isinstance(loaded, list) or not loaded:
        raise ValueError("no list of documents")
    return tuple(_checked(item) for item in loaded)


def _checked(item: Any) -> Parsed:
    try:
        strings = [item["text"], item["reader"], item["key"], *item["warnings"]]
        raw = {name: tuple(value) if isinstance(value, list) else value for name, value in item["metadata"].items()}
        metadata = Metadata(**raw)  # type: ignore[arg-type]  # checked below
        blocks = tuple(Block(*block) for block in item["blocks"])
        pages = tuple(Page(*page) for page in item["pages"])
        strings += [value for field in raw.values() for value in (field if isinstance(field, tuple) else (field,))]
        strings += [value for block in blocks for value in (block.kind, block.place)]
        strings += [page.label for page in pages if page.label is not None]
        numbers = [n for b in blocks for n in (b.start, b.end, b.level)] + [n for p in pages for n in (p.number, p.start, p.end)]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"fields are missing or of the wrong kind: {error}") from error
    if not all(isinstance(value, str) for value in strings) or not all(type(number) is int for number in numbers):
        raise ValueError("a text or number is of the wrong type")
    if any(isinstance(getattr(metadata, name), str) != isinstance(getattr(Metadata(), name), str) for name in raw):
        raise ValueError("metadata of the wrong type")
    _check_spans(item["text"], blocks, pages)
    if found := next((found for value in strings if (found := _UNSAFE.search(value))), None):
        raise ValueError(f"a string holds U+{ord(found[0]):04X}, which no text keeps")
    return Parsed(item["text"], blocks, pages, metadata, item["reader"], tuple(item["warnings"]), item["key"])


def _check_spans(text: str, blocks: Sequence[Block], pages: Sequence[Page]) -> None:
    last = 0
    for block in blocks:
        if not last <= block.start < block.end <= len(text) or block.kind not in BLOCK_KINDS or not 0 <= block.level <= 6:
            raise ValueError(f"the block {block} does not fit the text of {len(text)} characters")
        last = block.end
    last = 0
    for page in pages:
        if not (page.start == last <= page.end <= len(text) and 1 <= page.number <= MOST_PAGES):
            raise ValueError(f"the page {page} does not fit the text of {len(text)} characters")
        last = page.end
    if pages and last != len(text):
        raise ValueError("the pages do not cover the text")
