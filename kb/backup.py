"""Copies of the published index to another folder and back: consistent while a server reads and a re-index writes.

    PATH/{backup.json, store.sqlite, generations/000007/…, originals/ab/ab12…}

A backup is one published generation with its documents, and every vector there is; what is staged is not in it. `backup.json`
is written last and has the sha256 of every file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb import faults
from kb.connections import connect_reader, connect_writer, store_error, transaction
from kb.errors import BadRequest, Busy, Damaged, IndexMissing, IndexStale, WriteFailed
from kb.generations import content_digest
from kb.keeping import generations_on_disk
from kb.leases import Lease, is_held
from kb.manifest import MANIFEST, PARTIAL, REPAIR, folder_of, read_manifest, sha256_of
from kb.migrations import check_not_newer, schema_of
from kb.staging import OPEN, STORE_FILE, original_path, writer_lock
from kb.store import latest_generation, published_generation

LIST = "backup.json"
FORMAT = 1
PARTS = ("originals", "generations", STORE_FILE)  # in the order in which they are put back: the store last, which is the switch
PLACES = re.compile(r"store\.sqlite|generations/\d{6,9}/[\w.-]+|originals/[0-9a-f]{2}/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a backup. `path` is relative to the backup's folder, with slashes."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds; `missing` are originals that were lost before it was made."""

    format: int
    made_at: str
    generation: int
    digest: str
    documents: int
    passages: int
    files: tuple[Item, ...]
    missing: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(item.bytes for item in self.files)


def back_up(home: Path, target: Path, *, link: bool = True) -> Backup:
    """Write a backup to `target`, which must not be there or be empty, prove it, and give it its name.

    `link`: files that never change are hard links where `target` is on the same file system. Raises BadRequest, IndexMissing,
    WriteFailed, Damaged if what was written does not prove.
    """
    if not (home / STORE_FILE).exists():
        raise IndexMissing(f"there is no index under {home}. Run `python -m ingest reindex` to make it.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadRequest(f"{target} is there already; a backup never writes over anything. Give a new name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=PARTIAL, dir=target.parent))
    try:
        made = _written(home, partial, link)
        verified(partial)
        partial.rename(target)  # over an empty folder too
        _sync(target.parent)
    except sqlite3.Error as error:
        raise store_error(home / STORE_FILE, error) from error
    except OSError as error:
        raise WriteFailed(f"the backup cannot be written to {target} ({error}); free space there and run it again.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def _written(home: Path, folder: Path, link: bool) -> Backup:
    with closing(connect_reader(home / STORE_FILE)) as source:
        source.execute("BEGIN")  # the copy is of this moment, however long it takes and whatever is published meanwhile
        generation = published_generation(source)
        if generation == 0:
            raise IndexMissing(f"nothing has been published under {home} yet. Run `python -m ingest reindex` first.")
        try:
            lease = Lease(folder_of(home, generation))
        except OSError as error:
            raise IndexStale(f"generation {generation} cannot be opened ({error}). {REPAIR}.") from error
        with closing(sqlite3.connect(folder / STORE_FILE)) as copy:
            source.backup(copy)
    try:
        originals = _pruned(folder / STORE_FILE, generation)
        missing = []
        for path in sorted(folder_of(home, generation).iterdir()):
            _take(path, folder / path.relative_to(home), link)
        for sha256 in originals:
            path = original_path(home, sha256)
            if path.is_file() and sha256_of(path) == sha256:
                _take(path, folder / path.relative_to(home), link)
            else:
                missing.append(sha256)
        manifest = read_manifest(folder_of(folder, generation))
    finally:
        lease.release()
    made = Backup(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        generation=generation,
        digest=manifest.digest,
        documents=manifest.documents,
        passages=manifest.passages,
        files=tuple(_items(folder)),
        missing=tuple(missing),
    )
    (folder / LIST).write_text(json.dumps(asdict(made), indent=1), encoding="utf-8")
    for path in [folder / LIST, *(folder / item.path for item in made.files)]:
        _sync(path)
    return made


def _pruned(path: Path, generation: int) -> list[str]:
    """Leave in the copy of the store what is published, as if nothing had been staged since; returns the originals it needs."""
    with closing(connect_writer(path)) as connection:
        visible = "gen_from <= :g AND (gen_to IS NULL OR gen_to > :g)"
        with transaction(connection):
            connection.execute(f"DELETE FROM documents WHERE NOT ({visible})", {"g": generation})
            connection.execute("UPDATE documents SET gen_to = NULL")
            connection.execute("DELETE FROM meta WHERE key IN ('held', 'intermediate')")
            latest = str(latest_generation(connection))
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('latest', ?)", (latest,))
        found = [sha for (sha,) in connection.execute("SELECT DISTINCT original_sha256 FROM documents ORDER BY 1")]
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, nothing beside it
    return found


def _take(source: Path, target: Path, link: bool) -> None:
    """A manifest is always copied: it carries the locks of its own folder's readers."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link and source.name != MANIFEST:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system, or one without links
            pass
    shutil.copyfile(source, target)


def _items(folder: Path) -> Iterator[Item]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield Item(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path))


def verified(folder: Path) -> Backup:
    """Read a backup, every byte of it. Raises BadRequest if it is none, Damaged if a file lacks, differs, or does not fit."""
    made = _listed(folder)
    for item in made.files:
        path = folder / item.path
        if path.is_symlink() or not path.is_file():
            raise Damaged(f"the backup {folder} lacks {item.path}; take another one.")
        if path.stat().st_size != item.bytes or sha256_of(path) != item.sha256:
            raise Damaged(f"{path} is not what was backed up; take another backup.")
    try:
        with closing(connect_reader(folder / STORE_FILE, immutable=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
            check_not_newer(schema_of(connection))
            manifest = read_manifest(folder_of(folder, made.generation))
            digest = content_digest(connection, manifest.model_digest, OPEN)
            fits = said == ["ok"] and digest == made.digest == manifest.digest
            if not fits or published_generation(connection) != made.generation:
                raise Damaged(f"the store in the backup {folder} is not of the generation it names; take another backup.")
    except (sqlite3.DatabaseError, IndexStale) as error:
        raise Damaged(f"the backup {folder} cannot be used ({error}); take another one.") from error
    return made


def _listed(folder: Path) -> Backup:
    try:
        fields = json.loads((folder / LIST).read_text(encoding="utf-8"))
        items = tuple(Item(str(f["path"]), int(f["bytes"]), str(f["sha256"])) for f in fields.pop("files"))
        made = Backup(**fields | {"files": items, "missing": tuple(fields["missing"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadRequest(f"{folder} is no backup: {LIST} cannot be read there ({error}).") from error
    if made.format != FORMAT:
        raise BadRequest(f"{folder} is a backup of format {made.format}; this program reads {FORMAT}.")
    odd = [item.path for item in made.files if not PLACES.fullmatch(item.path)]
    if odd or not isinstance(made.generation, int):
        raise BadRequest(f"{folder} is no backup of this program: it names {odd[:1] or made.generation}.")
    return made


def restore(backup: Path, home: Path, *, force: bool = False) -> tuple[Backup, Path | None]:
    """Put a backup in place of what `home` holds; returns what it is and the folder that the former content was moved to.

    The backup is proved first. Raises BadRequest if `home` holds an index and `force` is not given, Busy while it is read or
    written, Damaged, WriteFailed.
    """
    made = verified(backup)
    home.mkdir(parents=True, exist_ok=True)
    with writer_lock(home):
        there = (home / STORE_FILE).exists()
        if there and not force:
            raise BadRequest(
                f"{home} holds an index already; --force moves it aside within {home}, or choose another with --into."
            )
        if any(is_held(folder_of(home, number)) for number in generations_on_disk(home)):
            raise Busy(f"a server or command reads the index in {home}; stop it, restore, and start it again.")
        partial = home / f"restore{PARTIAL}"
        if partial.exists():
            shutil.rmtree(partial)
        try:
            for item in made.files:
                _take(backup / item.path, partial / item.path, link=item.path != STORE_FILE)  # the store will be written to
                _sync(partial / item.path)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise WriteFailed(f"{home} cannot be written ({error}); nothing was changed. Free space and run it again.") from error
        return made, _put_in_place(home, partial, there)


def _put_in_place(home: Path, partial: Path, there: bool) -> Path | None:
    """From the moving of the old store until that of the new one there is no index: a kill here wants the command again."""
    aside = None
    if there:
        try:
            with closing(connect_writer(home / STORE_FILE)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:  # it may well be damaged: that is what backups are for
            pass
    old = [home / name for name in (f"{STORE_FILE}-wal", f"{STORE_FILE}-shm", *reversed(PARTS)) if (home / name).exists()]
    if old:
        aside = home / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        aside.mkdir()
        for path in old:
            path.rename(aside / path.name)
    for name in PARTS:
        if (partial / name).exists():
            faults.reached("restore moving")
            (partial / name).rename(home / name)
    shutil.rmtree(partial)
    _sync(home)
    faults.reached("restore moved")
    return aside


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
