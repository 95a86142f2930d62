"""The store's schema, as numbered steps. Each step runs in one transaction together with the record that it ran.

Rows of documents carry the generations in which they are valid: `gen_from <= g AND (gen_to IS NULL OR gen_to > g)`.
A row staged for the next generation is therefore invisible until that generation is published, which is one UPDATE.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from kb.errors import IndexStale
from kb.mentioned import mentioned, says_something, tier
from kb.records import Mention


def _first_schema(connection: sqlite3.Connection) -> None:
    for statement in FIRST_SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)


FIRST_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('generation', '0');
CREATE TABLE collections (name TEXT PRIMARY KEY, root TEXT NOT NULL) STRICT;
CREATE TABLE documents (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  uri TEXT NOT NULL,
  source_uri TEXT NOT NULL,
  source_sha256 TEXT NOT NULL,
  original_sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL,
  collection TEXT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  publisher TEXT NOT NULL,
  language TEXT NOT NULL,
  published_start TEXT NOT NULL,
  published_end TEXT NOT NULL,
  metadata TEXT NOT NULL,
  text TEXT NOT NULL,
  blocks TEXT NOT NULL,
  pages TEXT NOT NULL,
  reader TEXT NOT NULL,
  warnings TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  ingested_at TEXT NOT NULL,
  characters INTEGER NOT NULL,
  passage_count INTEGER NOT NULL,
  page_count INTEGER NOT NULL,
  gen_from INTEGER NOT NULL,
  gen_to INTEGER
) STRICT;
CREATE UNIQUE INDEX documents_open ON documents (id) WHERE gen_to IS NULL;
CREATE INDEX documents_id ON documents (id);
CREATE INDEX documents_source ON documents (source_uri);
CREATE INDEX documents_title ON documents (title, id);
CREATE TABLE document_countries (
  document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
  country TEXT NOT NULL,
  PRIMARY KEY (document, country)
) STRICT, WITHOUT ROWID;
CREATE TABLE passages (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  text TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  page INTEGER,
  page_label TEXT,
  section TEXT NOT NULL,
  pinpoint TEXT,
  language TEXT NOT NULL,
  context TEXT NOT NULL,
  vector_key BLOB NOT NULL
) STRICT;
CREATE INDEX passages_document ON passages (document, ordinal);
CREATE INDEX passages_id ON passages (id);
CREATE INDEX passages_vector ON passages (vector_key);
CREATE TABLE vectors (
  num INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  model TEXT NOT NULL,
  vector BLOB NOT NULL,
  UNIQUE (key, model)
) STRICT;
CREATE TABLE token_codes (
  vector INTEGER PRIMARY KEY REFERENCES vectors (num) ON DELETE CASCADE,
  codes BLOB NOT NULL
) STRICT;
CREATE TABLE mentions (
  document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
  entity_id TEXT,
  label TEXT NOT NULL,
  text TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL
) STRICT;
CREATE INDEX mentions_document ON mentions (document);
CREATE INDEX mentions_entity ON mentions (entity_id, document) WHERE entity_id IS NOT NULL;
CREATE TABLE runs (
  num INTEGER PRIMARY KEY,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  report TEXT
) STRICT
"""


def _rows_of_passages(connection: sqlite3.Connection) -> None:
    """`rows`: the table rows of a passage as JSON [[start, end, place], …]; passages of before have none until read again."""
    connection.execute("ALTER TABLE passages ADD COLUMN rows TEXT NOT NULL DEFAULT '[]'")


def _legal_structure(connection: sqlite3.Connection) -> None:
    """What agreements state of themselves, references between places of law, and the places within a passage.

    Documents of before have none until they are read again.
    """
    connection.execute("ALTER TABLE documents ADD COLUMN stated TEXT NOT NULL DEFAULT '[]'")
    connection.execute("ALTER TABLE passages ADD COLUMN anchors TEXT NOT NULL DEFAULT '[]'")
    connection.execute(
        """CREATE TABLE cross_references (
             document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
             start INTEGER NOT NULL,
             "end" INTEGER NOT NULL,
             pinpoint TEXT NOT NULL,
             target INTEGER,
             entity_id TEXT
           ) STRICT"""
    )
    connection.execute("CREATE INDEX cross_references_document ON cross_references (document, start)")
    connection.execute("CREATE INDEX cross_references_entity ON cross_references (entity_id) WHERE entity_id IS NOT NULL")


def _ocr(connection: sqlite3.Connection) -> None:
    """`ocr`: the confidence of a page that was read by OCR; `boxes`: its words as [[start, end, left, top, right, bottom], …]."""
    connection.execute("ALTER TABLE passages ADD COLUMN ocr REAL")
    connection.execute(
        """CREATE TABLE word_boxes (
           document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
           page INTEGER NOT NULL,
           boxes TEXT NOT NULL,
           PRIMARY KEY (document, page)) STRICT, WITHOUT ROWID"""
    )


def _files_and_runs(connection: sqlite3.Connection) -> None:
    """What a comparison needs without opening a file or a document's text, and how far a run came.

    `files`: the hashes of each file at its last `stat`. `embedded_as`: the context that a passage was embedded with, where it is
    another than its `context`. The indexes hold all the columns that are asked for: reading one of those behind the text from the
    table itself means walking over the text of every document. `state`: running, finished, interrupted, failed or killed.
    """
    connection.execute(
        """CREATE TABLE files (
             uri TEXT PRIMARY KEY,
             collection TEXT NOT NULL,
             stat TEXT NOT NULL,
             sha256 TEXT NOT NULL,
             content_sha256 TEXT NOT NULL,
             media_type TEXT NOT NULL
           ) STRICT, WITHOUT ROWID"""
    )
    connection.execute("ALTER TABLE passages ADD COLUMN embedded_as TEXT")
    connection.execute(
        """CREATE INDEX documents_known ON documents
           (collection, source_uri, source_sha256, original_sha256, pipeline, media_type, id, gen_to) WHERE gen_to IS NULL"""
    )
    connection.execute("CREATE INDEX documents_state ON documents (num, gen_to)")
    connection.execute("CREATE INDEX documents_ended ON documents (gen_to, gen_from) WHERE gen_to IS NOT NULL")
    connection.execute("CREATE INDEX documents_generations ON documents (gen_from, gen_to, passage_count)")
    connection.execute("ALTER TABLE runs ADD COLUMN state TEXT NOT NULL DEFAULT 'running'")
    connection.execute("ALTER TABLE runs ADD COLUMN progress TEXT NOT NULL DEFAULT '{}'")
    connection.execute("UPDATE runs SET state = CASE WHEN finished_at IS NULL THEN 'killed' ELSE 'finished' END")


LISTED = "kind, language, publisher, published_start, published_end, gen_from, gen_to, characters, passage_count, page_count"


def _browsing(connection: sqlite3.Connection) -> None:
    """Lists in five orders that read no document's row (its text lies before the generations, and would be read for them), and
    what each document speaks of (see kb.mentioned)."""
    connection.execute("DROP INDEX documents_title")
    for name, order in (
        ("title", "title"),
        ("date", "published_start"),
        ("kind", "kind, title"),
        ("publisher", "publisher = '', publisher, title"),
        ("added", "ingested_at"),
    ):
        rest = ", ".join(column for column in LISTED.split(", ") if column not in order.split(", "))
        connection.execute(f"CREATE INDEX documents_by_{name} ON documents ({order}, id, {rest})")
    connection.execute("CREATE INDEX documents_from ON documents (gen_from)")
    connection.execute("CREATE INDEX documents_to ON documents (gen_to) WHERE gen_to IS NOT NULL")
    connection.execute("CREATE INDEX document_countries_country ON document_countries (country, document)")
    connection.execute(
        """CREATE TABLE document_entities (
             entity_id TEXT NOT NULL,
             document INTEGER NOT NULL REFERENCES documents (num) ON DELETE CASCADE,
             mentions INTEGER NOT NULL,
             ordinal INTEGER,
             focus INTEGER NOT NULL,
             tier INTEGER NOT NULL,
             published TEXT NOT NULL,
             PRIMARY KEY (entity_id, document)
           ) STRICT, WITHOUT ROWID"""
    )
    connection.execute("CREATE INDEX document_entities_document ON document_entities (document, entity_id, mentions)")
    for num, title, kind, published in connection.execute("SELECT num, title, kind, published_start FROM documents").fetchall():
        passages = connection.execute(
            'SELECT start, "end", text, section FROM passages WHERE document = ? ORDER BY ordinal', (num,)
        )
        places = [(start, end, says_something(text, json.loads(section))) for start, end, text, section in passages]
        found = connection.execute('SELECT entity_id, label, text, start, "end" FROM mentions WHERE document = ?', (num,))
        rows = mentioned(title, places, [Mention(*row) for row in found])
        connection.executemany(
            "INSERT INTO document_entities VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(m.entity_id, num, m.mentions, m.ordinal, m.focus, tier(kind), published) for m in rows],
        )


def _public_sources(connection: sqlite3.Connection) -> None:
    """`sources`: the addresses that a document rests on. A column of its own, because lists and questions read `metadata` for
    each row, and a hundred addresses have 10 KB. Documents of before have none, and no projects, until they are read again."""
    connection.execute("ALTER TABLE documents ADD COLUMN sources TEXT NOT NULL DEFAULT '[]'")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first_schema,
    _rows_of_passages,
    _legal_structure,
    _ocr,
    _files_and_runs,
    _browsing,
    _public_sources,
)
SCHEMA = len(MIGRATIONS)


def schema_of(connection: sqlite3.Connection) -> int:
    """Number of the last migration that ran; 0 for an empty file."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection) -> None:
    """Run what has not run yet. Raises IndexStale if the file was made by a newer program."""
    done = schema_of(connection)
    check_not_newer(done)
    for number, step in enumerate(MIGRATIONS[done:], done + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if schema_of(connection) < number:  # another process may have run it while this one waited for the lock
                step(connection)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def check_not_older(schema: int) -> None:
    """Readers cannot migrate. Raises IndexStale if the writer has yet to."""
    if schema < SCHEMA:
        raise IndexStale(
            f"the store has schema {schema} and this program reads {SCHEMA}: it was written by an older version. "
            "Run `python -m ingest reindex` to bring it up to date."
        )


def check_not_newer(schema: int) -> None:
    if schema > SCHEMA:
        raise IndexStale(
            f"the store has schema {schema}, this program knows {SCHEMA}: it was written by a newer version. "
            "Run that version, or point KB_HOME to another folder."
        )
