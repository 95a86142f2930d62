"""PostgreSQL's binary COPY format: rows of values as bytes, without a client's adaptation of each."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = struct.pack("!h", -1)
CHUNK = 1 << 18  # bytes sent at a time
_NULL = struct.pack("!i", -1)
_LENGTH = struct.Struct("!i")
_LONG = struct.Struct("!iq")
_DOUBLE = struct.Struct("!id")

Encode = Callable[[Any], bytes]


def integer(value: int) -> bytes:
    return _LONG.pack(8, value)


def real(value: float) -> bytes:
    return _DOUBLE.pack(8, value)


def text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH.pack(len(data)) + data


def blob(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def embeddings(vectors: npt.NDArray[np.float32], nums: npt.NDArray[np.int64], documents: npt.NDArray[np.int64]) -> bytes:
    """Rows (num, document, embedding) of the passages with these numbers."""
    count, dimension = vectors.shape
    rows = np.zeros(count, [*_EMBEDDING, ("numbers", ">f2", (dimension,))])
    rows["columns"], rows["num_size"], rows["document_size"], rows["size"] = 3, 8, 8, 4 + 2 * dimension
    rows["num"], rows["document"], rows["dimension"] = nums, documents, dimension
    rows["numbers"] = vectors
    return rows.tobytes()


_EMBEDDING = [
    ("columns", ">i2"), ("num_size", ">i4"), ("num", ">i8"), ("document_size", ">i4"), ("document", ">i8"),
    ("size", ">i4"), ("dimension", ">i2"), ("unused", ">i2"),
]  # fmt: skip

ENCODERS: dict[str, Encode] = {"TEXT": text, "INTEGER": integer, "REAL": real, "BLOB": blob}


def copy(
    connection: psycopg.Connection[Any],
    target: str,
    encoders: Sequence[Encode],
    rows: Iterable[Sequence[Any]],
    *,
    frozen: bool = False,
) -> int:
    """Fill `target`, a table with its columns; None is null. Returns the number of rows. `frozen`: see `copy_divided`."""
    blocks = ([block] for block in _encoded(encoders, rows))
    (count,) = copy_divided([connection], target, blocks, frozen=frozen)
    return count


def copy_divided(
    connections: Sequence[psycopg.Connection[Any]], target: str, blocks: Iterable[Sequence[bytes]], *, frozen: bool = False
) -> list[int]:
    """Fill `target` on several servers with rows as they are sent: of each of `blocks`, one for each server. Returns the number
    of rows on each. `frozen`: the table is made in this transaction, and its rows are written as those of old, which no vacuum
    has to go over again."""
    statement = f"COPY {target} FROM STDIN ({'FORMAT binary, FREEZE' if frozen else 'FORMAT binary'})".encode()
    with ExitStack() as cursors:
        opened = [cursors.enter_context(connection.cursor()) for connection in connections]
        with ExitStack() as copies:
            streams = [copies.enter_context(cursor.copy(statement)) for cursor in opened]
            for stream in streams:
                stream.write(BEGIN)
            for divided in blocks:
                for stream, block in zip(streams, divided, strict=True):
                    stream.write(block)
            for stream in streams:
                stream.write(END)
        return [cursor.rowcount for cursor in opened]


def _encoded(encoders: Sequence[Encode], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    head = struct.pack("!h", len(encoders))
    buffer = bytearray()
    for row in rows:
        buffer += head
        for encode, value in zip(encoders, row, strict=True):
            buffer += _NULL if value is None else encode(value)
        if len(buffer) >= CHUNK:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)
