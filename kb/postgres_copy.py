"""PostgreSQL's binary COPY format: rows of values as bytes, without a client's adaptation of each."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def halves(vector: bytes) -> bytes:
    """A halfvec of the store's vector."""
    numbers = np.frombuffer(vector, "<f4").astype(">f2")
    return struct.pack("!ihh", 4 + 2 * len(numbers), len(numbers), 0) + numbers.tobytes()


def embeddings(vectors: npt.NDArray[np.float32], first: int, documents: npt.NDArray[np.int64]) -> bytes:
    """Rows (num, document, embedding) of the passages numbered from `first` on."""
    count, dimension = vectors.shape
    rows = np.zeros(count, [*_EMBEDDING, ("numbers", ">f2", (dimension,))])
    rows["columns"], rows["num_size"], rows["document_size"], rows["size"] = 3, 8, 8, 4 + 2 * dimension
    rows["num"], rows["document"], rows["dimension"] = np.arange(first, first + count), documents, dimension
    rows["numbers"] = vectors
    return rows.tobytes()


_EMBEDDING = [
    ("columns", ">i2"), ("num_size", ">i4"), ("num", ">i8"), ("document_size", ">i4"), ("document", ">i8"),
    ("size", ">i4"), ("dimension", ">i2"), ("unused", ">i2"),
]  # fmt: skip

ENCODERS: dict[str, Encode] = {"TEXT": text, "INTEGER": integer, "REAL": real, "BLOB": blob}


def copy(connection: psycopg.Connection[Any], target: str, encoders: Sequence[Encode], rows: Iterable[Sequence[Any]]) -> int:
    """Fill `target`, a table with its columns; None is null. Returns the number of rows."""
    return copy_blocks(connection, target, _encoded(encoders, rows))


def copy_blocks(connection: psycopg.Connection[Any], target: str, blocks: Iterable[bytes]) -> int:
    """Fill `target` with rows as they are sent. Returns their number. A table that is made in this transaction is filled frozen
    (`target` says so by its FREEZE): it need not be gone over again."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)".encode()) as stream:
            stream.write(BEGIN)
            for block in blocks:
                stream.write(block)
            stream.write(END)
        return cursor.rowcount


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
