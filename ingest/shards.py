"""Files on their way to a node and back: bytes go out, checked JSON comes home. Nodes need not see the corpus.

A shard is a few files that one task reads. It holds their bytes, so that nodes share no folder; what is too large to be sent
about is read on the machine of the run.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.parsed_json import parsed_from_json, parsed_to_json
from ingest.sources import SIDECARS
from kb.records import Failure, Parsed, SourceFile, WordBox

FILES = 16  # of a shard: a node that is lost costs the reading of so many
BYTES = 8 << 20  # of a shard, if it has more than one file
LARGEST = 64 << 20  # bytes of a file that is sent; the run holds two shards for each node


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it goes to a node: its sidecar's bytes by suffix (none: it has none), and the passwords to try."""

    source: SourceFile
    content: bytes = field(repr=False)
    sidecar: tuple[str, bytes] | None = None
    passwords: tuple[str, ...] = field(default=(), repr=False)


def packed(
    files: Iterable[SourceFile], passwords_of: Callable[[SourceFile], Sequence[str]]
) -> Iterator[list[Sent] | SourceFile | Failure]:
    """The files in shards; those too large for one as they are; and a Failure for each that cannot be read."""
    shard: list[Sent] = []
    size = 0
    for source in files:
        try:
            content = _bytes(source.path)
            sidecar = None if content is None else _sidecar(source.path)
        except OSError as error:
            yield Failure(source.uri, "read", f"it cannot be read ({error.strerror or error}); run the same command again.")
            continue
        if content is None:
            yield source
            continue
        if shard and (len(shard) == FILES or size + len(content) > BYTES):
            yield shard
            shard, size = [], 0
        shard.append(Sent(source, content, sidecar, tuple(passwords_of(source))))
        size += len(content)
    if shard:
        yield shard


def _bytes(path: str) -> bytes | None:
    """None: too large, or no file any more (which the sandbox says in words)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(LARGEST + 1)
    return content if len(content) <= LARGEST else None


def _sidecar(path: str) -> tuple[str, bytes] | None:
    suffix = next((suffix for suffix in SIDECARS if os.path.exists(path + suffix)), None)
    return (suffix, _bytes(path + suffix) or b"") if suffix else None


def unpacked(sent: Sent, folder: Path) -> SourceFile:
    """Write a file into an empty folder, under its own name, which may be its title; the source with its path there."""
    path = folder / os.path.basename(sent.source.path)
    path.write_bytes(sent.content)
    if sent.sidecar:
        path.with_name(path.name + sent.sidecar[0]).write_bytes(sent.sidecar[1])
    return replace(sent.source, path=str(path))


def result_to_json(result: tuple[Parsed, ...] | Failure) -> bytes:
    """What was read of a file: parsed_json, with what is known only outside the process that read it."""
    if isinstance(result, Failure):
        return json.dumps({"failure": asdict(result)}).encode("ascii")
    seen = [
        {
            "boxes": [astuple(box) for box in document.word_boxes],
            "unread": document.unread,
            "ocr": [page.ocr for page in document.pages],
        }
        for document in result
    ]
    return json.dumps({"documents": parsed_to_json(result).decode("ascii"), "seen": seen}).encode("ascii")


def result_from_json(data: bytes, source: SourceFile) -> tuple[Parsed, ...] | Failure:
    """The same, checked; what does not hold together is a Failure of that file."""
    try:
        loaded = json.loads(data)
        if "failure" in loaded:
            return Failure(source.uri, "read", str(loaded["failure"]["reason"])[:4000])
        documents = parsed_from_json(loaded["documents"])
        return tuple(_with_seen(document, seen) for document, seen in zip(documents, loaded["seen"], strict=True))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return Failure(source.uri, "read", f"a node gave a result that does not hold together ({error}); run it again.")


def _with_seen(document: Parsed, seen: dict[str, Any]) -> Parsed:
    boxes = tuple(WordBox(*box) for box in seen["boxes"])
    for box in boxes:
        whole = all(type(number) is int for number in (box.page, box.start, box.end))
        measures = all(isinstance(number, int | float) for number in (box.left, box.top, box.right, box.bottom))
        if not whole or not measures or not 0 <= box.start <= box.end <= len(document.text):
            raise ValueError(f"the box {box} does not fit the text of {len(document.text)} characters")
    if not all(type(page) is int for page in seen["unread"]):
        raise ValueError("the number of an unread page is none")
    if not all(ocr is None or (isinstance(ocr, float | int) and 0 <= ocr <= 1) for ocr in seen["ocr"]):
        raise ValueError("the confidence of a page is none from 0 to 1")
    pages = tuple(replace(page, ocr=ocr) for page, ocr in zip(document.pages, seen["ocr"], strict=True))
    return replace(document, pages=pages, word_boxes=boxes, unread=tuple(seen["unread"]))
