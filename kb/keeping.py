"""Which generations stay, and the taking away of what nobody reads any more.

Kept are the published generation, the last ones before it (to roll back to), and any that a reader holds a lease on.
A generation is a folder and the rows of documents that are valid in it; a row goes when no kept generation has it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kb import faults
from kb.connections import connect_reader, transaction
from kb.errors import IndexStale
from kb.leases import Lease, is_held
from kb.manifest import GONE, folder_of, leftovers_of, read_manifest, vector_model
from kb.staging import STORE_FILE, Staging
from kb.store import intermediate_generations, latest_generation, published_generation

KEPT = 3  # the published generation and two to roll back to
BATCH = 2_000  # vectors a transaction: 35 MB with their tokens' vectors in the journal


@dataclass(frozen=True, slots=True)
class Garbage:
    """What a collection removed, or would remove; `held` are generations left because a reader has them open."""

    generations: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    documents: int = 0
    vectors: int = 0
    originals: int = 0
    leftovers: int = 0
    bytes_before: int = 0
    bytes_after: int = 0


def generations_on_disk(home: Path) -> list[int]:
    """Numbers of the folders that stand under their final name, the newest first."""
    folder = home / "generations"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


def kept_generations(home: Path, connection: sqlite3.Connection, keep: int = KEPT) -> set[int]:
    """What stays without regard to readers. Generations published in the middle of a run are not counted among the `keep`."""
    latest, published = latest_generation(connection), published_generation(connection)
    passing = intermediate_generations(connection)
    lasting = [number for number in generations_on_disk(home) if number <= latest and number not in passing]
    return {published, *lasting[:keep]}


def collect(staging: Staging, keep: int = KEPT) -> Garbage:
    """Take away the generations that are not kept, folders and rows. Called after each publish; quick."""
    home, connection = staging.home, staging.connection
    keeping = kept_generations(home, connection, keep)
    removed, held = [], []
    for number in generations_on_disk(home):
        if number in keeping:
            continue
        try:
            _take_away(folder_of(home, number))
            removed.append(number)
        except BlockingIOError:
            held.append(number)
    documents = _delete_rows(connection, keeping | set(held))
    for folder in (home / "generations").glob(f"*{GONE}"):
        shutil.rmtree(folder)
    faults.reached("collect done")
    return Garbage(generations=tuple(removed), held=tuple(held), documents=documents)


def _take_away(folder: Path) -> None:
    """Raises BlockingIOError if a reader holds it."""
    lease = None
    with suppress(FileNotFoundError):  # without a manifest nobody can read it
        lease = Lease(folder, exclusive=True)
    try:
        folder.rename(folder.with_name(folder.name + GONE))  # who comes now finds nothing to hold
    finally:
        if lease is not None:
            lease.release()
    faults.reached("collect folder aside")


def _delete_rows(connection: sqlite3.Connection, keeping: set[int]) -> int:
    with transaction(connection):
        cursor = connection.execute(f"DELETE FROM documents WHERE {DEAD}", {"kept": json.dumps(sorted(keeping))})
        faults.reached("collect rows going")
    return cursor.rowcount


DEAD = """gen_to IS NOT NULL AND NOT EXISTS (
 SELECT 1 FROM json_each(:kept) AS k WHERE k.value >= documents.gen_from AND k.value < documents.gen_to)"""
# A vector stays if a passage needs it and a kept generation, or the configured model, reads it.
UNUSED = """(v.model NOT IN (SELECT value FROM json_each(:models))
 OR NOT EXISTS (SELECT 1 FROM passages AS p WHERE p.vector_key = v.key))"""


def gc(staging: Staging, models: set[str], keep: int = KEPT) -> Garbage:
    """Remove what nobody reads: generations, rows, vectors, originals, leftovers of killed runs; then give the space back.

    `models` are the vectors' models to keep (see kb.generations.vector_model), beside those of the kept generations.
    """
    home, before = staging.home, disk_bytes(staging.home)
    generations = collect(staging, keep)
    vectors = _delete_vectors(staging.connection, models | _models_of(home, generations_on_disk(home)))
    originals = 0
    for path in list(unused_originals(home, staging.connection)):
        path.unlink()
        originals += 1
        faults.reached("gc original gone")
    _give_back(staging.connection)
    return Garbage(
        generations=generations.generations,
        held=generations.held,
        documents=generations.documents,
        vectors=vectors,
        originals=originals,
        leftovers=len(staging.leftovers),
        bytes_before=before,
        bytes_after=disk_bytes(home),
    )


def plan_gc(home: Path, models: set[str], keep: int = KEPT) -> Garbage:
    """What `gc` would remove now; writes nothing. `bytes_after` is estimated."""
    connection = connect_reader(home / STORE_FILE)
    try:
        keeping = kept_generations(home, connection, keep)
        others = [number for number in generations_on_disk(home) if number not in keeping]
        held = [number for number in others if is_held(folder_of(home, number))]
        kept = {"kept": json.dumps(sorted(keeping | set(held)))}
        (documents,) = connection.execute(f"SELECT count(*) FROM documents WHERE {DEAD}", kept).fetchone()
        (vectors, size) = connection.execute(
            f"""SELECT count(*), coalesce(sum(length(v.vector) + length(t.codes)), 0) FROM vectors AS v
                LEFT JOIN token_codes AS t ON t.vector = v.num WHERE {UNUSED}""",
            {"models": json.dumps(sorted(models | _models_of(home, [*keeping, *held])))},
        ).fetchone()
        going = [number for number in others if number not in held]
        paths = [*unused_originals(home, connection), *leftovers_of(home), *(folder_of(home, number) for number in going)]
        before = disk_bytes(home)
        return Garbage(
            generations=tuple(going),
            held=tuple(held),
            documents=documents,
            vectors=vectors,
            originals=sum(1 for _ in unused_originals(home, connection)),
            leftovers=len(leftovers_of(home)),
            bytes_before=before,
            bytes_after=before - size - sum(disk_bytes(path) for path in paths),
        )
    finally:
        connection.close()


def _delete_vectors(connection: sqlite3.Connection, models: set[str]) -> int:
    """In batches by key, which is what the index is over: each goes on where the last one ended."""
    kept, after, count = json.dumps(sorted(models)), b"", 0
    while rows := connection.execute(
        f"SELECT v.num, v.key FROM vectors AS v WHERE v.key >= :after AND {UNUSED} ORDER BY v.key LIMIT {BATCH}",
        {"after": after, "models": kept},
    ).fetchall():
        with transaction(connection):
            connection.executemany("DELETE FROM vectors WHERE num = ?", [(num,) for num, _ in rows])
            faults.reached("gc vectors going")
        faults.reached("gc vectors gone")
        count, after = count + len(rows), rows[-1][1]
    return count


def _models_of(home: Path, generations: list[int]) -> set[str]:
    found = set()
    for number in generations:
        with suppress(IndexStale):  # what cannot be read needs no vectors
            manifest = read_manifest(folder_of(home, number))
            found.add(vector_model(manifest.model, manifest.model_digest))
    return found


def unused_originals(home: Path, connection: sqlite3.Connection) -> Iterator[Path]:
    """Kept files that no document of the store was made of."""
    used = {name for (name,) in connection.execute("SELECT DISTINCT original_sha256 FROM documents")}
    return (path for path in (home / "originals").glob("??/*") if path.name not in used)


def _give_back(connection: sqlite3.Connection) -> None:
    """Hand free pages back to the disk. A store of before `auto_vacuum` is written anew once."""
    (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    faults.reached("gc vacuum")
    if mode == 2:
        connection.execute("PRAGMA incremental_vacuum").fetchall()
    else:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def disk_bytes(path: Path) -> int:
    """What a file or folder takes on disk, in bytes; files that go meanwhile do not count."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    if not path.is_dir():
        with suppress(FileNotFoundError):
            total += path.lstat().st_blocks * 512
    return total
