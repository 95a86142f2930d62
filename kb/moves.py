"""Documents that change their place: rows of the next generation with another uri, everything else copied as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

#: What belongs to a document, by its column `document`; passages.num is a number of the copy's own.
PARTS = ("document_countries", "passages", "word_boxes", "mentions", "cross_references")
OPEN = "gen_to IS NULL"


def move_sources(connection: sqlite3.Connection, generation: int, moves: Mapping[str, str]) -> None:
    """See Staging.move_sources; `generation` is the next one, and the caller's transaction is open."""
    rows = {
        old: connection.execute(f"SELECT num, uri, gen_from FROM documents WHERE source_uri = ? AND {OPEN}", (old,)).fetchall()
        for old in moves
    }
    replaced = set(moves.values()) - set(moves)
    for uri in replaced:
        connection.execute(f"DELETE FROM documents WHERE source_uri = ? AND {OPEN} AND gen_from = ?", (uri, generation))
        connection.execute(f"UPDATE documents SET gen_to = ? WHERE source_uri = ? AND {OPEN}", (generation, uri))
    for old, found in rows.items():
        new = moves[old]
        for num, uri, gen_from in found:
            place = (new + uri[len(old) :], new, new.partition("/")[0])
            if gen_from == generation:  # staged by this run or one that was killed: no reader sees it
                connection.execute("UPDATE documents SET uri = ?, source_uri = ?, collection = ? WHERE num = ?", (*place, num))
            else:
                connection.execute("UPDATE documents SET gen_to = ? WHERE num = ?", (generation, num))
                _copy(connection, num, place, generation)


def _copy(connection: sqlite3.Connection, num: int, place: tuple[str, str, str], generation: int) -> None:
    changed = {"uri": "?", "source_uri": "?", "collection": "?", "gen_from": "?", "gen_to": "NULL"}
    names = [name for name in _columns(connection, "documents") if name != "num" and name not in changed]
    copy = connection.execute(
        f"""INSERT INTO documents ({", ".join(map(_quoted, (*changed, *names)))})
            SELECT {", ".join((*changed.values(), *map(_quoted, names)))} FROM documents WHERE num = ?""",
        (*place, generation, num),
    ).lastrowid
    for table in PARTS:
        names = [name for name in _columns(connection, table) if name not in ("num", "document")]
        listed = ", ".join(map(_quoted, names))
        connection.execute(
            f"INSERT INTO {table} (document, {listed}) SELECT ?, {listed} FROM {table} WHERE document = ? ORDER BY rowid"
            if table in ("passages", "mentions", "cross_references")
            else f"INSERT INTO {table} (document, {listed}) SELECT ?, {listed} FROM {table} WHERE document = ?",
            (copy, num),
        )


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _quoted(name: str) -> str:
    return f'"{name}"'
