"""PostgreSQL's binary COPY format: rows of values as bytes, without a client's adaptation of each."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg

from kb.postgres_search import SPARSE

BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = struct.pack("!h", -1)
CHUNK = 1 << 18  # bytes sent at a time
LAST_PLACE = 16_383  # of a word in a tsvector
MOST_PLACES = 255  # of one word
CONTEXT = 3 << 14  # weight A, in a place's highest bits
_NULL = struct.pack("!i", -1)
_LENGTH = struct.Struct("!i")
_LONG = struct.Struct("!iq")
_DOUBLE = struct.Struct("!id")
_SHORT = struct.Struct("!ii")

Encode = Callable[[Any], bytes]


def integer(value: int) -> bytes:
    return _LONG.pack(8, value)


def small(value: int) -> bytes:
    return _SHORT.pack(4, value)


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


def lexemes(columns: tuple[Sequence[str], Sequence[str]]) -> bytes:
    """A tsvector of the stems of a passage and of its context, whose places have weight A; between the two one is left out."""
    places: dict[str, list[int]] = defaultdict(list)
    place = 0
    for stems, mark in zip(columns, (0, CONTEXT), strict=True):
        for stem in stems:
            place += 1
            if place <= LAST_PLACE and len(places[stem]) < MOST_PLACES:
                places[stem].append(mark | place)
        place += 1
    parts = [_LENGTH.pack(len(places))]
    for stem, found in places.items():
        parts.append(stem.encode() + b"\0" + struct.pack(f"!H{len(found)}H", len(found), *found))
    return blob(b"".join(parts))


def sparse(numbers: Mapping[int, float]) -> bytes:
    """A sparsevec of (number, value), no value being 0."""
    order = sorted(numbers)
    head = struct.pack("!3i", SPARSE, len(order), 0)
    return blob(head + np.array(order, ">i4").tobytes() + np.array([numbers[n] for n in order], ">f4").tobytes())


ENCODERS: dict[str, Encode] = {"TEXT": text, "INTEGER": integer, "REAL": real, "BLOB": blob}


def copy(connection: psycopg.Connection[Any], target: str, encoders: Sequence[Encode], rows: Iterable[Sequence[Any]]) -> int:
    """Fill `target`, a table with its columns; None is null. Returns the number of rows."""
    count, head = 0, struct.pack("!h", len(encoders))
    buffer = bytearray(BEGIN)
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)".encode()) as stream:
        for row in rows:
            buffer += head
            for encode, value in zip(encoders, row, strict=True):
                buffer += _NULL if value is None else encode(value)
            count += 1
            if len(buffer) >= CHUNK:
                stream.write(bytes(buffer))
                buffer.clear()
        stream.write(bytes(buffer) + END)
    return count
