"""The folder of fetched documents: documents with their sidecars, and under `.fetched/` what a next run needs.

Every file gets its final name by a rename of a finished, synced one, so a kill at any moment leaves whole files: of a document
the last version or the new one, its sidecar, its record. What had come of an unfinished download stays beside its validator.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ingest.download import Limits, unpacked
from ingest.public_sources import PublicSource, sidecar
from ingest.reach import NotFetched
from ingest.sources import SUFFIXES, identify
from ingest.text import UnreadableFile
from kb.errors import Busy

SUFFIX_OF = {media_type: suffix for suffix, media_type in reversed(SUFFIXES.items())}  # the first suffix of each type
STATE = ".fetched"  # hidden, so a re-index of the folder passes it over

Kind = TypeVar("Kind", "Record", "Part")


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a document's download. `sha256` and `bytes` are of the file; times are ISO 8601 in UTC; `fetched_at` is
    when these bytes came, `checked_at` when the host last said that they are current."""

    id: str
    requested: str
    final: str
    status: int
    file: str
    sha256: str
    bytes: int
    media_type: str
    content_type: str
    etag: str
    last_modified: str
    fetched_at: str
    checked_at: str


@dataclass(frozen=True, slots=True)
class Part:
    """An answer whose body is (partly) in the part file, as sent: where from, what its head said. `media_type` is expected."""

    requested: str
    final: str
    status: int
    media_type: str
    content_type: str
    encoding: str
    etag: str
    last_modified: str

    @property
    def validator(self) -> str:
        """What If-Range may say: a strong ETag, else the date; "" if the rest cannot safely be asked for."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


class Folder:
    """A folder of fetched documents. Nothing is written before `open_for_writing`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / STATE

    @contextmanager
    def open_for_writing(self) -> Iterator[None]:
        """Make the folder and hold its lock. Raises Busy if another run writes there."""
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go when the process ends, however it ends
            except OSError as error:
                raise Busy(f"another run fetches into {self.path}; wait until it has ended and run this again.") from error
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                _replace_file(ignore, "# Fetched documents are their publishers'; they do not belong into a repository.\n*\n")
            yield

    def held(self, source: PublicSource) -> Record | None:
        """The record of a document that is here, whole and unchanged since, from the source's present address."""
        record = _load(self._state / f"{source.id}.json", Record)
        if record is None or record.requested != source.url or record.file not in _names(source.id):
            return None
        try:
            digest, _ = identify(self.path / record.file, record.media_type)
        except (OSError, UnreadableFile):  # it is gone, or not what was put here: it is fetched anew
            return None
        return record if digest == record.sha256 else None

    # ---- unfinished downloads ---------------------------------------------------------------------------------------------

    def part(self, source: PublicSource) -> tuple[Part, int] | None:
        """An unfinished download of the source's present address that can be gone on with, and how many bytes of it are here."""
        part = _load(self._part_state(source.id), Part)
        try:
            size = self.part_file(source.id).stat().st_size
        except FileNotFoundError:
            return None
        return (part, size) if part and size and part.validator and part.requested == source.url else None

    def part_file(self, name: str) -> Path:
        return self._state / f"{name}.part"

    def _part_state(self, name: str) -> Path:
        return self._state / f"{name}.part.json"

    def begin(self, name: str, part: Part) -> None:
        """Start anew. The old bytes go first: between the two steps there is nothing to go on with."""
        self.part_file(name).write_bytes(b"")
        _replace_file(self._part_state(name), _dump(part))

    def append(self, name: str, blocks: Iterable[bytes], largest: int) -> int:
        """Write a body's (next) bytes; how many are here then. Raises NotFetched for more than `largest`; what came stays."""
        with self.part_file(name).open("ab") as file:
            for block in blocks:
                if file.tell() + len(block) > largest:
                    raise too_large(largest)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def drop(self, name: str) -> None:
        self._part_state(name).unlink(missing_ok=True)
        self.part_file(name).unlink(missing_ok=True)

    # ---- finished ones ----------------------------------------------------------------------------------------------------

    def install(self, source: PublicSource, part: Part, held: Record | None, limits: Limits) -> Record:
        """Put a finished download under its final name, with sidecar and record. Bytes that are here already stay untouched.

        Raises NotFetched (stage "content") for what cannot be unpacked or is nothing that the readers read.
        """
        whole = self._unpacked(source.id, part, limits)
        try:
            digest, media_type = identify(whole, part.media_type)
        except UnreadableFile as error:
            raise NotFetched("content", f"what came as {part.content_type or 'no type'} cannot be used: {error}") from error
        now = utc_now()
        same = held is not None and (held.sha256, held.media_type) == (digest, media_type)
        record = Record(
            id=source.id,
            requested=source.url,
            final=part.final,
            status=part.status,
            file=source.id + SUFFIX_OF[media_type],
            sha256=digest,
            bytes=whole.stat().st_size,
            media_type=media_type,
            content_type=part.content_type,
            etag=part.etag,
            last_modified=part.last_modified,
            fetched_at=held.fetched_at if held and same else now,
            checked_at=now,
        )
        self._write_sidecar(source, record)
        if not same:
            os.replace(whole, self.path / record.file)
            _sync(self.path)
            self._remove_other_names(record)
        _replace_file(self._state / f"{source.id}.json", _dump(record))
        whole.unlink(missing_ok=True)
        self.drop(source.id)
        return record

    def confirm(self, source: PublicSource, held: Record) -> Record:
        """The host says that what is here is current: note it, and bring the sidecar in line with the list."""
        record = replace(held, checked_at=utc_now())
        self._write_sidecar(source, record)
        _replace_file(self._state / f"{source.id}.json", _dump(record))
        self.drop(source.id)
        return record

    def _unpacked(self, name: str, part: Part, limits: Limits) -> Path:
        packed = self.part_file(name)
        if not part.encoding:
            return packed
        whole = self._state / f"{name}.whole"
        try:
            with packed.open("rb") as source, whole.open("wb") as target:
                for block in unpacked(iter(lambda: source.read(1 << 16), b""), part.encoding, limits.unpacked):
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            whole.unlink(missing_ok=True)
            raise
        return whole

    def _write_sidecar(self, source: PublicSource, record: Record) -> None:
        """Before its document: a sidecar alone is named by a re-index, a document alone would be indexed without its metadata."""
        path, text = self.path / f"{record.file}.meta.toml", sidecar(source)
        with suppress(FileNotFoundError):
            if path.read_bytes() == text.encode():
                return
        _replace_file(path, text, self._state)

    def _remove_other_names(self, record: Record) -> None:
        """A document that was HTML and now is PDF leaves its old file."""
        for name in _names(record.id):
            if name != record.file:
                (self.path / name).unlink(missing_ok=True)
                (self.path / f"{name}.meta.toml").unlink(missing_ok=True)


def too_large(largest: int) -> NotFetched:
    return NotFetched("content", f"it has more than the {largest:,} bytes that a document may have.")


def sendable(validator: str) -> str:
    """A validator as it may stand in a request's head; "" for one that may not, which a server has no reason to give."""
    return validator if validator.isascii() and validator.isprintable() and len(validator) <= 1000 else ""


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _names(identifier: str) -> list[str]:
    return [identifier + suffix for suffix in SUFFIX_OF.values()]


def _dump(value: Record | Part) -> str:
    return json.dumps(asdict(value), ensure_ascii=False, indent=1) + "\n"


def _load(path: Path, kind: type[Kind]) -> Kind | None:
    """A record; None if there is none, or one that an older version or another hand wrote: the document is then fetched anew."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        value = kind(**loaded)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    sound = all(isinstance(item, int if name in ("status", "bytes") else str) for name, item in asdict(value).items())
    return (
        value if sound and value.etag == sendable(value.etag) and value.last_modified == sendable(value.last_modified) else None
    )


def _replace_file(path: Path, text: str, folder: Path | None = None) -> None:
    """Write beside (or in `folder`, of the same file system), sync, rename."""
    beside = (folder or path.parent) / f".{path.name}.new"
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
