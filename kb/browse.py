"""Reading lists from the store: documents in an order, and what documents speak of. Nothing here reads a document's text.

A document's row holds its text before its generations, so a condition on those would read the text of every row that it
looks at. The indexes of kb.migrations hold what lists need. A list walks the one of its order, whatever is filtered: SQLite would
rather sort all that match.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.catalogue_records import Listing, YearCount
from kb.errors import BadRequest
from kb.filters import condition
from kb.ports import Rows, gathered, of_document
from kb.records import DocumentPage, DocumentSummary, EntityCount, Filters, Passage
from kb.store import HIDDEN, PASSAGE_COLUMNS, SUMMARY_COLUMNS, SUMMARY_WIDTH, passage_from_row, summary

VISIBLE = "d.gen_from <= ? AND (d.gen_to IS NULL OR d.gen_to > ?)"
BACK = "-"  # before a cursor: the stretch that ends there
# Related names are sought in the documents that mention an entity most: in 10,000 of them, 150,000 pairs took 90 ms.
RELATED_WITHIN = 400


@dataclass(frozen=True, slots=True)
class Order:
    """Columns of an index of the migrations, and whether the list runs down it."""

    columns: tuple[str, ...]
    descending: bool = False


ORDERS: Mapping[str, Order] = {
    "title": Order(("d.title", "d.id")),
    "date": Order(("d.published_start", "d.id"), descending=True),
    "kind": Order(("d.kind", "d.title", "d.id")),
    "publisher": Order(("d.publisher = ''", "d.publisher", "d.title", "d.id")),  # those without one come last
    "added": Order(("d.ingested_at", "d.id"), descending=True),
}
Key = tuple[str | int, ...]


def count_documents(connection: Rows, generation: int, filters: Filters) -> int:
    """How many documents checked filters let through."""
    where, values = condition(filters)
    sql = f"SELECT count(*) FROM documents AS d WHERE {VISIBLE} AND {where}"
    (total,) = connection.execute(sql, (generation, generation, *values)).fetchone()
    return int(total)


def documents(connection: Rows, generation: int, filters: Filters, listing: Listing, total: int) -> DocumentPage:
    """A stretch of the list. Raises BadRequest for a sort or a cursor that is none."""
    order = ORDERS.get(listing.sort)
    if order is None:
        raise BadRequest(f"unknown sort {listing.sort!r:.80}; known are {', '.join(ORDERS)}.")
    back = listing.cursor.startswith(BACK)
    key = _key(listing.cursor.removeprefix(BACK), order) if listing.cursor else ()
    where, values = condition(filters)
    down = order.descending != back
    after = f"AND ({', '.join(order.columns)}) {'<' if down else '>'} ({', '.join('?' * len(key))})" if key else ""
    sql = f"""SELECT {", ".join(order.columns)}, {SUMMARY_COLUMNS} FROM documents AS d INDEXED BY documents_by_{listing.sort}
              WHERE {VISIBLE} AND {where} {after}
              ORDER BY {", ".join(f"{column} {'DESC' if down else 'ASC'}" for column in order.columns)} LIMIT ?"""
    rows = connection.execute(sql, (generation, generation, *values, *key, listing.n + 1)).fetchall()
    more, rows = len(rows) > listing.n, rows[: listing.n]
    if back:
        rows.reverse()
    return DocumentPage(
        items=tuple(summary(row[-SUMMARY_WIDTH:]) for row in rows),
        next=_cursor(rows[-1], order) if rows and (more or back) else None,
        total=total,
        previous=BACK + _cursor(rows[0], order) if rows and listing.cursor and (more or not back) else None,
    )


def _cursor(row: Sequence[str | int], order: Order) -> str:
    return json.dumps(list(row[: len(order.columns)]), ensure_ascii=False)


def _key(cursor: str, order: Order) -> Key:
    try:
        value = json.loads(cursor)
    except (ValueError, RecursionError):
        value = None
    kinds = [int if " " in column else str for column in order.columns]
    if not isinstance(value, list) or [type(part) for part in value] != kinds:
        raise BadRequest(
            f"{cursor[:100]!r} is not a cursor of this order; take the value of `next` from the page before, or leave it out."
        )
    return tuple(value)


def entity_counts(connection: Rows, generation: int) -> list[EntityCount]:
    """Every entity that documents mention or are filed under, by the number of those documents; name and type are left empty."""
    rows = connection.execute(
        f"""SELECT entity_id, count(*) AS documents, sum(mentions) AS mentions FROM document_entities
            WHERE document NOT IN ({HIDDEN}) GROUP BY 1 ORDER BY documents DESC, mentions DESC, 1""",
        {"g": generation},
    )
    return [EntityCount(id=row[0], name="", type="", documents=row[1], mentions=row[2]) for row in rows]


def years(connection: Rows, generation: int, entity_id: str) -> tuple[YearCount, ...]:
    """By the year of the documents' publication, in order; "" comes first."""
    rows = connection.execute(
        f"""SELECT substr(published, 1, 4) AS year, count(*), sum(mentions) FROM document_entities
            WHERE entity_id = :id AND document NOT IN ({HIDDEN}) GROUP BY 1 ORDER BY 1""",
        {"id": entity_id, "g": generation},
    )
    return tuple(YearCount(*row) for row in rows)


def speaking(connection: Rows, generation: int, entity_id: str, n: int) -> list[tuple[Passage, DocumentSummary, int]]:
    """The passages that speak the most of an entity, one of each document, with the document's mentions of it.

    Best first: by the share of what a passage names (see kb.mentioned), then the kind of the document, then the newest.
    """
    rows = gathered(
        connection,
        f"""SELECT e.rank, e.mentions, {PASSAGE_COLUMNS}, {SUMMARY_COLUMNS} FROM (
              SELECT b.*, row_number() OVER (ORDER BY b.focus DESC, b.tier, b.published DESC, b.document) AS rank FROM (
                SELECT document, ordinal, mentions, focus, tier, published FROM document_entities
                WHERE entity_id = :id AND ordinal IS NOT NULL AND document NOT IN ({HIDDEN})
                ORDER BY focus DESC, tier, published DESC, document LIMIT :n) AS b) AS e
            JOIN documents AS d ON d.num = e.document
            JOIN passages AS p ON p.document = e.document AND p.ordinal = e.ordinal ORDER BY e.rank""",
        {"id": entity_id, "g": generation, "n": n},
        lambda row: row[0],
    )
    return [(passage_from_row(row[2:-SUMMARY_WIDTH]), summary(row[-SUMMARY_WIDTH:]), int(row[1])) for row in rows]


def together(connection: Rows, generation: int, entity_id: str) -> dict[str, int]:
    """Other entities → in how many of the RELATED_WITHIN documents that mention this one most they are mentioned, too."""
    rows = connection.execute(
        f"""SELECT o.entity_id, count(*) FROM (
              SELECT document FROM document_entities WHERE entity_id = :id AND document NOT IN ({HIDDEN})
              ORDER BY mentions DESC, document LIMIT {RELATED_WITHIN}) AS e
            JOIN document_entities AS o ON o.document = e.document WHERE o.entity_id != :id GROUP BY 1""",
        {"id": entity_id, "g": generation},
    )
    return {str(name): int(count) for name, count in rows}


def entities_of(connection: Rows, generation: int, document_id: str) -> list[EntityCount]:
    """What a document mentions, the most frequent first; name and type are left empty."""
    rows = connection.execute(
        f"""SELECT e.entity_id, e.mentions FROM documents AS d JOIN document_entities AS e ON e.document = d.num
            WHERE d.id = ? AND e.mentions > 0 AND {VISIBLE} ORDER BY e.mentions DESC, e.entity_id""",
        (document_id, generation, generation),
    )
    return [EntityCount(id=name, name="", type="", documents=1, mentions=mentions) for name, mentions in rows]


def passages_within(connection: Rows, generation: int, document_id: str, span: tuple[int, int]) -> tuple[Passage, ...]:
    """The passages of a document that begin in [span[0], span[1]), in order."""
    rows = of_document(connection, document_id).execute(
        f"""SELECT {PASSAGE_COLUMNS} FROM passages AS p JOIN documents AS d ON d.num = p.document
            WHERE d.id = ? AND {VISIBLE} AND p.start >= ? AND p.start < ? ORDER BY p.ordinal""",
        (document_id, generation, generation, *span),
    )
    return tuple(passage_from_row(row) for row in rows)
