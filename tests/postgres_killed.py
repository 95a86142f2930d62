"""A program that publishes to PostgreSQL and waits where it is told to, to be killed there (tests/test_postgres_killed.py).

`python -m tests.postgres_killed HOME STORE WHERE`: "sending" and "copying": in the middle of a COPY, of vectors before the
transaction or of words in it; "indexing": while the server builds an index that takes long. It says so by a line.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kb import postgres_content, postgres_load
from kb.config import settings_from
from kb.postgres_lexemes import Lexemes
from kb.postgres_publish import mirror
from kb.staging import Staging

SLOW = """CREATE FUNCTION slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql
 AS 'BEGIN PERFORM pg_sleep(60); RETURN $1; END'"""


def wait() -> None:
    print("there", flush=True)
    time.sleep(600)


def main(home: Path, store: str, where: str) -> None:
    {"sending": sending, "copying": copying, "indexing": indexing}[where]()
    settings = dataclasses.replace(settings_from({}, home), home=home, store=store)
    with Staging(home) as staging:
        mirror(settings, staging)


def sending() -> None:
    """One batch of twenty is committed, of which one vector was there; of the next a row is under way."""
    codes = postgres_content._codes
    postgres_content.BATCH = 20
    asked = iter(range(1000))

    def waiting(store: Any, num: int) -> bytes:
        if next(asked) == postgres_content.BATCH:
            wait()
        return codes(store, num)

    postgres_content._codes = waiting


def copying() -> None:
    divided = Lexemes.divided

    def waiting(self: Lexemes, owners: Any, places: Sequence[int]) -> Iterator[list[bytes]]:
        for block in divided(self, owners, places):
            yield block
            wait()

    Lexemes.divided = waiting  # type: ignore[method-assign]


def indexing() -> None:
    create_indexes = postgres_load.create_indexes

    def waiting(server: Any, *arguments: Any, **named: Any) -> None:
        create_indexes(server, *arguments, **named)
        server.execute(SLOW)
        print("there", flush=True)
        server.execute("CREATE INDEX ON passages (slow(num))")

    postgres_load.create_indexes = waiting


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
