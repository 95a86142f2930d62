"""Writing the store: one writer at a time stages the next generation, then publishes it (see kb.generations).

Staged rows are invisible to readers and survive a kill: the next run finds them and goes on. A document's text and its vectors
are separate: vectors are kept by (content hash, model), so what was embedded once is never embedded again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kb import faults
from kb.connections import connect_writer, store_error, transaction
from kb.filters import date_range
from kb.manifest import PARTIAL, clear_leftovers
from kb.mentioned import mentioned, says_something, tier
from kb.migrations import migrate
from kb.moves import move_sources
from kb.ports import Rows
from kb.records import Document, Mention, Passage, WordBox
from kb.store import json_array, latest_generation, metadata_to_json, published_generation
from kb.writer_lock import LOCK_FILE as LOCK_FILE
from kb.writer_lock import is_writing as is_writing
from kb.writer_lock import writer_lock as writer_lock

if TYPE_CHECKING:  # numpy takes longer to import than a run takes to see that nothing changed
    import numpy as np
    import numpy.typing as npt

STORE_FILE = "store.sqlite"
DROPPED = "vectors dropped"  # key in meta: texts that were embedded once lack their vectors again
OPEN = "gen_to IS NULL"  # the state that the next publish will make visible

INSERT_DOCUMENT = """INSERT INTO documents (id, uri, source_uri, source_sha256, original_sha256, media_type, collection, title,
 kind, publisher, language, published_start, published_end, metadata, text, blocks, pages, reader, warnings, pipeline,
 ingested_at, characters, passage_count, page_count, gen_from, stated, sources)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_PASSAGE = """INSERT INTO passages (id, document, ordinal, text, start, "end", page, page_label, section, pinpoint,
 ocr, language, context, rows, anchors, embedded_as, vector_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """A document with what is derived from it. `pipeline` names the versions of reader and segmenter that made it."""

    document: Document
    passages: tuple[Passage, ...]
    mentions: tuple[Mention, ...]
    collection: str
    pipeline: str
    word_boxes: tuple[WordBox, ...] = ()


class KnownSource(NamedTuple):
    """What the next generation holds of one file so far. `source_sha256` covers the sidecar, `content_sha256` does not."""

    source_sha256: str
    pipeline: str
    documents: tuple[str, ...]
    content_sha256: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class MissingVector:
    """A passage text that the model has not seen: `key` is its content hash."""

    key: bytes
    text: str
    context: str


def vector_key(text: str, context: str) -> bytes:
    """Content hash of what is embedded."""
    return hashlib.sha256(f"{context}\0{text}".encode()).digest()


class Staging:
    """The writer's side of the store, under a lock that a dead process cannot hold."""

    def __init__(self, home: Path) -> None:
        """Create or migrate the store, and remove what killed runs left. Raises Busy if another process writes, IndexStale if the
        store is too new, StoreDamaged, WriteFailed."""
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._lock = writer_lock(home)
        try:
            self.leftovers = clear_leftovers(home)
            self.connection = connect_writer(home / STORE_FILE)
            migrate(self.connection)
        except sqlite3.Error as error:
            self._lock.close()
            raise store_error(home / STORE_FILE, error) from error
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.connection.close()
        self._lock.close()
        if isinstance(error, sqlite3.Error):
            raise store_error(self.home / STORE_FILE, error) from error

    @property
    def next_generation(self) -> int:
        return latest_generation(self.connection) + 1

    def set_collection(self, name: str, root: str) -> None:
        with transaction(self.connection) as connection:
            connection.execute("INSERT OR REPLACE INTO collections VALUES (?, ?)", (name, root))

    def replace_source(self, source_uri: str, staged: Sequence[StagedDocument], *, metadata_only: bool = False) -> None:
        """Make `staged` all that the next generation holds of a file (nothing: the file is gone), in one transaction.

        `metadata_only`: the file is the same and its sidecar is not, so passages keep the vectors that they have, though a title
        may have changed with which they were embedded. Words are found by the new title, vectors know the old one.
        """
        keep = {item.document.id for item in staged}
        with transaction(self.connection) as connection:
            rows = connection.execute(f"SELECT id FROM documents WHERE source_uri = ? AND {OPEN}", (source_uri,)).fetchall()
            for (document_id,) in rows:
                if document_id not in keep:
                    self._end(document_id)
            for item in staged:
                contexts = self._embedded_contexts(item.document.id) if metadata_only else {}
                self._end(item.document.id)
                self._insert(item, contexts)
            faults.reached("stage writing")
        faults.reached("stage written")

    def put(self, item: StagedDocument, contexts: Mapping[str, str]) -> None:
        """Make `item` what the next generation holds under its id; `contexts`: passage id → the context it is embedded with."""
        with transaction(self.connection):
            self._end(item.document.id)
            self._insert(item, contexts)

    def remove_sources(self, source_uris: Iterable[str]) -> None:
        """End all that the next generation holds of files that are gone, in one transaction."""
        with transaction(self.connection) as connection:
            for uri in source_uris:
                for (document_id,) in connection.execute(
                    f"SELECT id FROM documents WHERE source_uri = ? AND {OPEN}", (uri,)
                ).fetchall():
                    self._end(document_id)

    def move_sources(self, moves: Mapping[str, str]) -> None:
        """Give the documents of files another place (old uri → new), ids, passages and vectors kept, in one transaction.

        Old and new places may overlap. What the next generation held of a new place, if that was not moved itself, ends.
        """
        with transaction(self.connection) as connection:
            move_sources(connection, self.next_generation, moves)
            faults.reached("move writing")
        faults.reached("move written")

    def ids(self, source_uri: str, uris: Iterable[str]) -> dict[str, str]:
        """An id for each of a file's documents by its uri: the one it has, or else the hash of its uri, 16 hex digits: the same
        on every machine, so that links outlive a rebuilt index. Where a document that moved away took that id along, the
        next free one of a fixed row of hashes."""
        known = dict(
            self.connection.execute(f"SELECT uri, id FROM documents WHERE source_uri = ? AND {OPEN}", (source_uri,)).fetchall()
        )
        return {uri: known.get(uri) or self._free_id(uri) for uri in uris}

    def _free_id(self, uri: str) -> str:
        number = 0
        while True:
            candidate = hashlib.sha256((f"{uri}\0{number}" if number else uri).encode()).hexdigest()[:16]
            taken = self.connection.execute(
                f"SELECT 1 FROM documents WHERE id = ? AND {OPEN} AND uri != ?", (candidate, uri)
            ).fetchone()
            if not taken:
                return candidate
            number += 1

    def _embedded_contexts(self, document_id: str) -> dict[str, str]:
        """Passage id → the context it was embedded with. A passage's id says document, text and which of the same texts."""
        rows = self.connection.execute(
            f"""SELECT p.id, coalesce(p.embedded_as, p.context) FROM passages AS p
                WHERE p.document = (SELECT num FROM documents WHERE id = ? AND {OPEN})""",
            (document_id,),
        )
        return dict(rows.fetchall())

    def _end(self, document_id: str) -> None:
        generation = self.next_generation
        self.connection.execute("DELETE FROM documents WHERE id = ? AND gen_from = ?", (document_id, generation))
        self.connection.execute(f"UPDATE documents SET gen_to = ? WHERE id = ? AND {OPEN}", (generation, document_id))

    def _insert(self, item: StagedDocument, contexts: Mapping[str, str]) -> None:
        document, metadata = item.document, item.document.metadata
        first, last = date_range(metadata.published) if metadata.published else ("", "")
        row = (
            document.id, document.uri, document.source_uri, document.source_sha256, document.original_sha256,
            document.media_type, item.collection, metadata.title, metadata.kind, metadata.publisher, metadata.language,
            first, last, metadata_to_json(metadata), document.text, json_array(astuple(b) for b in document.blocks),
            json_array(astuple(p) for p in document.pages), document.reader, json_array(document.warnings), item.pipeline,
            document.ingested_at, len(document.text), len(item.passages), len(document.pages), self.next_generation,
            json_array(astuple(fact) for fact in document.stated), json_array(metadata.sources),
        )  # fmt: skip
        num = self.connection.execute(INSERT_DOCUMENT, row).lastrowid
        self.connection.executemany(
            "INSERT OR IGNORE INTO document_countries VALUES (?, ?)", [(num, code) for code in metadata.countries]
        )
        self.connection.executemany(INSERT_PASSAGE, [(p.id, num, *_passage_row(p, contexts.get(p.id))) for p in item.passages])
        self.connection.executemany(
            "INSERT INTO word_boxes VALUES (?, ?, ?)",
            [
                (num, page, json_array(astuple(word)[1:] for word in words))
                for page, words in groupby(item.word_boxes, key=lambda word: word.page)
            ],
        )
        self.connection.executemany(
            "INSERT INTO mentions VALUES (?, ?, ?, ?, ?, ?)",
            [(num, m.entity_id, m.label, m.text, m.start, m.end) for m in item.mentions],
        )
        self._insert_entities(int(num or 0), item, first)
        self.connection.executemany(
            "INSERT INTO cross_references VALUES (?, ?, ?, ?, ?, ?)", [(num, *astuple(link)) for link in document.references]
        )

    def _insert_entities(self, num: int, item: StagedDocument, published: str) -> None:
        metadata = item.document.metadata
        places = [(p.locator.start, p.locator.end, says_something(p.text, p.locator.section)) for p in item.passages]
        filed: dict[str, str] = {}
        if metadata.projects:  # the gazetteer's imports take 60 ms, which a run that stages nothing need not wait for
            filed = import_module("kb.gazetteer").Gazetteer.load().linked(metadata.projects, metadata.title)
        self.connection.executemany(
            "INSERT INTO document_entities VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (m.entity_id, num, m.mentions, m.ordinal, m.focus, tier(metadata.kind), published)
                for m in mentioned(metadata.title, places, item.mentions, filed.values())
            ],
        )

    def count_missing_vectors(self, model: str) -> int:
        """How many distinct passage texts of the next generation have no vector of this model."""
        (count,) = self.connection.execute(f"SELECT count(DISTINCT p.vector_key) {_MISSING}", (model,)).fetchone()
        return int(count)

    def missing_vectors(self, model: str, n: int) -> list[MissingVector]:
        """Up to `n` of them."""
        return self.missing_after(model, n, 0)[0]

    def missing_after(self, model: str, n: int, after: int) -> tuple[list[MissingVector], int]:
        """Those of the first `n` passages behind the number `after` that lack one, each text once; and the number to go on
        from (`after` itself: there is none). A pass over a collection reads it once, however many calls it takes."""
        rows = self.connection.execute(
            f"""SELECT p.num, p.vector_key, p.text, coalesce(p.embedded_as, p.context) {_MISSING} AND p.num > ?
                ORDER BY p.num LIMIT ?""",
            (model, after, n),
        ).fetchall()
        found = {key: MissingVector(key, text, context) for _, key, text, context in rows}
        return list(found.values()), int(rows[-1][0]) if rows else after

    def add_vectors(self, model: str, items: Iterable[tuple[bytes, npt.NDArray[np.float32], bytes]]) -> None:
        """Keep (content hash, vector, packed token vectors), in one transaction."""
        with transaction(self.connection) as connection:
            for key, vector, codes in items:
                cursor = connection.execute(
                    "INSERT OR IGNORE INTO vectors (key, model, vector) VALUES (?, ?, ?)",
                    (key, model, vector.astype("<f4").tobytes()),
                )
                if cursor.rowcount:
                    connection.execute("INSERT INTO token_codes VALUES (?, ?)", (cursor.lastrowid, codes))
            faults.reached("vectors writing")
        faults.reached("vectors written")

    def keep_original(self, path: Path, expected: str = "") -> str:
        """Copy a file to its content hash (hex sha256, returned), whole or not at all. A file that is kept already, which the
        hash `expected` tells, is not copied again but hashed."""
        if expected and original_path(self.home, expected).exists():
            with open(_regular(path), "rb") as source:
                found = hashlib.file_digest(source, "sha256").hexdigest()
            if found == expected:
                return found
        originals = self.home / "originals"
        originals.mkdir(exist_ok=True)
        partial = originals / f"{os.getpid()}{PARTIAL}"
        try:
            digest = hashlib.sha256()
            with open(_regular(path), "rb") as source, partial.open("wb") as copy:
                while chunk := source.read(1 << 20):
                    digest.update(chunk)
                    copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            target = original_path(self.home, digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            faults.reached("original copying")
            partial.replace(target)
            faults.reached("original kept")
        finally:
            partial.unlink(missing_ok=True)
        return digest.hexdigest()

    def published(self) -> tuple[int, int, int]:
        """(passages, documents, generation) that readers see; (0, 0, 0) before the first publish."""
        generation = published_generation(self.connection)
        passages, documents = self.connection.execute(
            """SELECT coalesce(sum(passage_count), 0), count(*) FROM documents AS d
               WHERE d.gen_from <= :g AND (d.gen_to IS NULL OR d.gen_to > :g)""",
            {"g": generation},
        ).fetchone()
        return int(passages), int(documents), generation


def collections(connection: Rows) -> dict[str, str]:
    """Name → folder of every collection ever indexed in this store."""
    return dict(connection.execute("SELECT name, root FROM collections").fetchall())


def known_sources(connection: sqlite3.Connection, collection: str) -> dict[str, KnownSource]:
    """File uri → what is staged or published of it."""
    rows = connection.execute(
        f"""SELECT source_uri, source_sha256, original_sha256, pipeline, media_type, group_concat(id, ' ') FROM documents
            WHERE collection = ? AND {OPEN} GROUP BY source_uri, source_sha256, original_sha256, pipeline, media_type""",
        (collection,),
    )
    found: dict[str, KnownSource] = {}
    for uri, sha256, content, pipeline, media_type, ids in rows:
        same = sha256 if content == sha256 else content  # one string where there is no sidecar
        known = KnownSource(sha256, sys.intern(pipeline), tuple(ids.split(" ")), same, sys.intern(media_type))
        # One file's documents are replaced in one transaction, so a second version cannot be open; if a damaged store holds
        # one all the same, the file counts as unknown and is read again.
        found[uri] = known if uri not in found else KnownSource("", "", found[uri].documents + known.documents)
    return found


# Whether a passage's document is open is asked of an index: its row would have to be walked over, text and all, to its gen_to.
_MISSING = """FROM passages AS p WHERE EXISTS
 (SELECT 1 FROM documents AS d INDEXED BY documents_state WHERE d.num = p.document AND d.gen_to IS NULL)
 AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.key = p.vector_key AND v.model = ?)"""


def documents_without(connection: sqlite3.Connection, model: str) -> int:
    """How many published documents have passages without a vector of this model: it is another than they were made with. 0 is
    told by one look at the passage that is embedded last, unless `check --repair` has dropped damaged vectors since."""
    generation = published_generation(connection)
    last = connection.execute(
        """SELECT vector_key FROM passages WHERE document =
             (SELECT num FROM documents WHERE gen_to IS NULL AND gen_from <= ? AND passage_count > 0 ORDER BY num DESC LIMIT 1)
           ORDER BY num DESC LIMIT 1""",
        (generation,),
    ).fetchone()
    dropped = connection.execute(f"SELECT 1 FROM meta WHERE key = '{DROPPED}'").fetchone()
    embedded = (
        last is None or connection.execute("SELECT 1 FROM vectors WHERE key = ? AND model = ?", (last[0], model)).fetchone()
    )
    if embedded and not dropped:
        return 0
    (count,) = connection.execute(f"SELECT count(DISTINCT p.document) {_MISSING}", (model,)).fetchone()
    return int(count)


def _regular(path: Path) -> int:
    """A descriptor of a file that may have been another when it was looked at: neither waits for a pipe in its place nor opens a
    device, which never ends. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file any more", str(path))
    return descriptor


def original_path(home: Path, sha256: str) -> Path:
    return home / "originals" / sha256[:2] / sha256


def _passage_row(p: Passage, embedded: str | None) -> tuple[object, ...]:
    """`embedded`: the context that the passage's vector was made with, if it has one already."""
    at = p.locator
    context = p.context if embedded is None else embedded
    return (
        p.ordinal, p.text, at.start, at.end, at.page, at.page_label, json_array(at.section), at.pinpoint, at.ocr, p.language,
        p.context, json_array(astuple(row) for row in p.rows), json_array(astuple(a) for a in p.anchors),
        None if context == p.context else context, vector_key(p.text, context),
    )  # fmt: skip
