"""Reading the store: documents, passages, mentions and counts of one generation. Nothing here writes.

Every function takes the generation it reads, so that one answer never mixes two.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from kb.errors import Gone, NotFound
from kb.filters import condition
from kb.ports import Rows, gathered, of_document
from kb.records import (
    Anchor,
    Block,
    Document,
    DocumentSummary,
    Filters,
    Locator,
    Metadata,
    Page,
    Passage,
    Reference,
    Row,
    Stated,
    WordBox,
)

VISIBLE = "d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)"
HIDDEN = "SELECT num FROM documents WHERE gen_from > :g OR gen_to <= :g"  # few or none, and by an index: quick to leave out
SUMMARY_COLUMNS = "d.id, d.uri, d.metadata, d.media_type, d.characters, d.passage_count, d.page_count"
SUMMARY_WIDTH = SUMMARY_COLUMNS.count(",") + 1
PASSAGE_COLUMNS = (
    'p.id, d.id, p.ordinal, p.text, p.start, p."end", p.page, p.page_label, p.section, p.pinpoint, p.ocr, p.language, '
    "p.context, p.rows, p.anchors"
)
BATCH = 500  # bound parameters a statement: below SQLite's oldest default limit of 999


def published_generation(connection: sqlite3.Connection) -> int:
    """0: nothing has been published."""
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return int(value)


def latest_generation(connection: sqlite3.Connection) -> int:
    """The highest number ever published: above the published one after a rollback."""
    (value,) = connection.execute("SELECT max(CAST(value AS INTEGER)) FROM meta WHERE key IN ('generation', 'latest')").fetchone()
    return int(value)


def intermediate_generations(connection: sqlite3.Connection) -> set[int]:
    """Those that were published in the middle of a run, and that nobody wants to go back to."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'intermediate'").fetchone()
    return set(json.loads(row[0])) if row else set()


def held_since(connection: sqlite3.Connection) -> str:
    """When a rollback stopped publishing (ISO 8601, UTC); "" while nothing is held."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'held'").fetchone()
    return str(row[0]) if row else ""


def document(connection: Rows, generation: int, document_id: str) -> Document:
    """Raises NotFound."""
    whole = of_document(connection, document_id)
    row = whole.execute(
        f"""SELECT d.id, d.uri, d.source_uri, d.source_sha256, d.original_sha256, d.media_type, d.metadata, d.text, d.blocks,
            d.pages, d.reader, d.warnings, d.ingested_at, d.stated, d.sources, d.num
            FROM documents AS d WHERE d.id = :id AND {VISIBLE}""",
        {"id": document_id, "g": generation},
    ).fetchone()
    if row is None:
        raise _missing(connection, document_id)
    (uid, uri, source_uri, source_sha256, original, media_type, metadata, text, blocks, pages, reader, warnings, at, *legal) = row
    facts, sources, num = legal
    return Document(
        id=uid,
        uri=uri,
        source_uri=source_uri,
        source_sha256=source_sha256,
        original_sha256=original,
        media_type=media_type,
        metadata=replace(metadata_from_json(metadata), sources=tuple(json.loads(sources))),
        text=text,
        blocks=tuple(Block(*item) for item in json.loads(blocks)),
        pages=tuple(Page(*item) for item in json.loads(pages)),
        reader=reader,
        warnings=tuple(json.loads(warnings)),
        ingested_at=at,
        stated=tuple(Stated(*item) for item in json.loads(facts)),
        references=_references(whole, num),
    )


def _missing(connection: Rows, document_id: str) -> NotFound:
    """Why there is no such document: it is of an earlier generation, as far as those are kept, or of none."""
    row = connection.execute(
        "SELECT title, gen_to FROM documents WHERE id = ? AND gen_to IS NOT NULL ORDER BY gen_to DESC LIMIT 1", (document_id,)
    ).fetchone()
    if row is None:
        return NotFound(f"no document has the id {document_id!r}; `/api/v1/documents` lists those there are.")
    title, generation = row
    return Gone(
        f"the document ‘{title}’ ({document_id}) was taken out of the collection with generation {generation}; "
        "`/api/v1/documents` lists those there are."
    )


def _references(connection: Rows, num: int) -> tuple[Reference, ...]:
    rows = connection.execute(
        'SELECT start, "end", pinpoint, target, entity_id FROM cross_references WHERE document = ? ORDER BY start', (num,)
    )
    return tuple(Reference(*row) for row in rows)


def passage(connection: Rows, generation: int, passage_id: str) -> Passage:
    """Raises NotFound."""
    row = gathered(
        connection,
        f"SELECT {PASSAGE_COLUMNS} FROM passages AS p JOIN documents AS d ON d.num = p.document WHERE p.id = :id AND {VISIBLE}",
        {"id": passage_id, "g": generation},
    ).fetchone()
    if row is None:
        raise NotFound(f"no passage has the id {passage_id!r}; `python -m kb search` finds those there are.")
    return passage_from_row(row)


def passages(connection: Rows, generation: int, document_id: str) -> tuple[Passage, ...]:
    """A document's passages in order; empty for an unknown document."""
    rows = of_document(connection, document_id).execute(
        f"""SELECT {PASSAGE_COLUMNS} FROM passages AS p JOIN documents AS d ON d.num = p.document
            WHERE d.id = :id AND {VISIBLE} ORDER BY p.ordinal""",
        {"id": document_id, "g": generation},
    )
    return tuple(passage_from_row(row) for row in rows)


def word_boxes(connection: Rows, generation: int, document_id: str, page: int) -> tuple[WordBox, ...]:
    """The words of a page that was read by OCR, in order; empty for any other page."""
    row = (
        of_document(connection, document_id)
        .execute(
            f"""SELECT w.boxes FROM word_boxes AS w JOIN documents AS d ON d.num = w.document
            WHERE d.id = :id AND w.page = :page AND {VISIBLE}""",
            {"id": document_id, "page": page, "g": generation},
        )
        .fetchone()
    )
    return tuple(WordBox(page, *item) for item in json.loads(row[0])) if row else ()


def passages_by_num(connection: Rows, nums: Sequence[int]) -> dict[int, tuple[Passage, DocumentSummary]]:
    """Passages with their documents by the store's own numbers; those that are gone are missing from the result."""
    found = {}
    for batch in _batches(nums):
        rows = gathered(
            connection,
            f"""SELECT p.num, {PASSAGE_COLUMNS}, {SUMMARY_COLUMNS} FROM passages AS p
                JOIN documents AS d ON d.num = p.document WHERE p.num IN ({", ".join("?" * len(batch))})""",
            batch,
        )
        for row in rows:
            found[int(row[0])] = (passage_from_row(row[1:-SUMMARY_WIDTH]), summary(row[-SUMMARY_WIDTH:]))
    return found


def passage_languages(connection: Rows, nums: Sequence[int]) -> dict[int, str]:
    """ISO 639-1 codes by passage number; those of passages that are gone are missing."""
    found: dict[int, str] = {}
    for batch in _batches(nums):
        rows = gathered(connection, f"SELECT num, language FROM passages WHERE num IN ({', '.join('?' * len(batch))})", batch)
        found |= {int(num): str(language) for num, language in rows}
    return found


def passages_of_articles(connection: Rows, generation: int) -> list[tuple[int, str, int, str]]:
    """(number, pinpoint, document's number, its title) of the passages that are cited by an article, in order."""
    rows = gathered(
        connection,
        f"""SELECT p.num, p.pinpoint, d.num, d.title FROM passages AS p JOIN documents AS d ON d.num = p.document
            WHERE p.pinpoint LIKE 'art.%' AND {VISIBLE} ORDER BY d.num, p.ordinal""",
        {"g": generation},
        lambda row: (row[2], row[0]),
    )
    return [(int(num), str(pinpoint), int(document), str(title)) for num, pinpoint, document, title in rows]


def token_codes(connection: Rows, nums: Sequence[int], model: str) -> dict[int, bytes]:
    """Packed token vectors (see kb.maxsim) by passage number."""
    found: dict[int, bytes] = {}
    for batch in _batches(nums):
        rows = gathered(
            connection,
            f"""SELECT p.num, t.codes FROM passages AS p JOIN vectors AS v ON v.key = p.vector_key AND v.model = ?
                JOIN token_codes AS t ON t.vector = v.num WHERE p.num IN ({", ".join("?" * len(batch))})""",
            (model, *batch),
        )
        found |= {int(num): codes for num, codes in rows}
    return found


def document_text(connection: Rows, generation: int, document_id: str) -> str:
    """A document's normalised text. Raises NotFound."""
    row = (
        of_document(connection, document_id)
        .execute(f"SELECT d.text FROM documents AS d WHERE d.id = :id AND {VISIBLE}", {"id": document_id, "g": generation})
        .fetchone()
    )
    if row is None:
        raise NotFound(f"no document has the id {document_id!r}; `/api/v1/documents` lists those there are.")
    return str(row[0])


def matching_documents(connection: Rows, generation: int, filters: Filters) -> list[int]:
    """Numbers of the generation's documents that checked filters let through."""
    where, values = condition(filters)
    rows = connection.execute(
        f"SELECT d.num FROM documents AS d WHERE {VISIBLE.replace(':g', '?')} AND {where}", (generation, generation, *values)
    )
    return [int(num) for (num,) in rows]


@lru_cache(maxsize=4096)  # a question fetches 200 passages of a few dozen documents: reading their JSON was half of fetching
def metadata_from_json(value: str) -> Metadata:
    fields: dict[str, Any] = json.loads(value)
    frozen: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in fields.items()}
    return Metadata(**frozen)


def metadata_to_json(metadata: Metadata) -> str:
    """Without the sources, which have a column of their own. What came later is left out where it is empty: documents of before
    are written as they were, and an export of them has the same digest."""
    fields = asdict(metadata)
    del fields["sources"]
    if not metadata.projects:
        del fields["projects"]
    return json.dumps(fields, ensure_ascii=False)


def summary(row: Sequence[Any]) -> DocumentSummary:
    """Of SUMMARY_COLUMNS."""
    document_id, uri, metadata, media_type, characters, passage_count, pages = row
    return DocumentSummary(document_id, uri, metadata_from_json(metadata), media_type, characters, passage_count, pages)


def passage_from_row(row: Sequence[Any]) -> Passage:
    """Of PASSAGE_COLUMNS."""
    passage_id, document_id, ordinal, text, start, end, page, page_label, section, pinpoint, ocr, *more = row
    language, context, rows, anchors = more
    locator = Locator(start, end, page, page_label, _section(section), pinpoint, ocr)
    placed = tuple(Row(*item) for item in json.loads(rows)) if rows != "[]" else ()
    inner = tuple(Anchor(*item) for item in json.loads(anchors)) if anchors != "[]" else ()
    return Passage(passage_id, document_id, ordinal, text, locator, language, context, placed, inner)


@lru_cache(maxsize=4096)
def _section(value: str) -> tuple[str, ...]:
    return tuple(json.loads(value))


def _batches(nums: Sequence[int]) -> Iterator[list[int]]:
    for at in range(0, len(nums), BATCH):
        yield [int(num) for num in nums[at : at + BATCH]]


def json_array(items: Iterable[Any]) -> str:
    return json.dumps(list(items), ensure_ascii=False)
