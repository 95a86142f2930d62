"""Find the files of a folder, with the hash of each, opening none that is known not to have changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ingest.files import UnreadableFile
from ingest.hashing import FRESH, LARGEST, hashed, stat_text
from ingest.sources import NOT_DOCUMENTS, SIDECARS, by_content, named
from kb.records import Failure, SourceFile
from kb.source_files import KnownFile

HASHERS = 2  # threads for large files: one thread hashes about as fast as a disk of today reads
LARGE = 1 << 17  # bytes: handing a smaller file to a thread costs more than hashing it
CHUNK = 512  # files at a time


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a folder holds: `files` sorted by uri, and a `Failure` (stage "discover") for each that cannot be taken.

    `lost` are folders that could not be listed, `empty` those that hold nothing at all (uris): what is known of files below
    them is not known to be gone.
    """

    files: tuple[SourceFile, ...]
    failures: tuple[Failure, ...]
    lost: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@dataclass(slots=True)
class Seen:
    """`known`: by uri, the files whose hash is taken from there if their stat is the same. `tick` is called now and then with
    the number of files looked at, and may raise. `prefix`: the uri of the one file or folder to look at."""

    known: Mapping[str, KnownFile] = field(default_factory=dict)
    tick: Callable[[int], None] = lambda looked_at: None
    prefix: str = ""

    def wants(self, uri: str) -> bool:
        return not self.prefix or uri == self.prefix or uri.startswith(self.prefix + "/")

    def leads_to(self, folder: str) -> bool:
        return self.wants(folder) or self.prefix.startswith(folder + "/")


class _Found(NamedTuple):
    """`is_file`: the folder's list says that it is a regular file, and no link, so that it can be opened without asking first."""

    path: str
    uri: str
    sidecar: str | None
    is_link: bool
    is_file: bool


class _Walked(NamedTuple):
    failures: list[Failure]
    lost: list[str]
    empty: list[str]


def discover(root: Path, collection: str, seen: Seen | None = None) -> Discovery:
    """All documents below `root`, named `<collection>/<path below root>`.

    Left out without a word: hidden files and folders, sidecars of files that are there, and README.md, README.txt and
    sources.toml at any level. A type is told by content as well as by name: a PDF named .txt is a PDF, an image named .pdf a
    failure. Links that lead out of `root`, links to folders, devices, empty and unreadable files, unknown types are failures.
    """
    seen = seen or Seen()
    root = root.absolute()
    files: dict[str, SourceFile] = {}
    walked = _Walked([], [], [])
    inside = os.path.realpath(root)
    found = _walk(str(root), collection, walked, seen)
    looked_at = 0
    with ThreadPoolExecutor(HASHERS, thread_name_prefix="hashing") as pool:
        while chunk := list(islice(found, CHUNK)):
            for one, result in _sources(chunk, inside, seen.known, pool):
                if isinstance(result, SourceFile) and one.uri in files:
                    result = Failure(one.uri, "discover", "another file's name gives the same address; rename one of them.")
                if isinstance(result, SourceFile):
                    files[one.uri] = result
                else:
                    walked.failures.append(result)
            looked_at += len(chunk)
            seen.tick(looked_at)
    return Discovery(
        tuple(files[uri] for uri in sorted(files)),
        tuple(sorted(walked.failures, key=lambda failure: failure.uri)),
        tuple(walked.lost),
        tuple(walked.empty),
    )


def _sources(
    chunk: list[_Found], inside: str, known: Mapping[str, KnownFile], pool: ThreadPoolExecutor
) -> Iterator[tuple[_Found, SourceFile | Failure]]:
    waiting = []
    for one in chunk:
        result = _hashed(one, inside, LARGE) if one.is_file and not known else _checked(one, inside, known)
        if result is None:
            waiting.append((one, pool.submit(_hashed, one, inside)))
        else:
            yield one, result
    for one, future in waiting:
        large = future.result()
        assert large is not None  # what is too large to be read is a Failure
        yield one, large


def _checked(found: _Found, inside: str, known: Mapping[str, KnownFile]) -> SourceFile | Failure | None:
    """What can be told of a file without opening it, where that is known; else what it is, or None if it is large."""
    path, uri, sidecar, is_link, _ = found
    try:
        real = os.path.realpath(path) if is_link else ""
        if is_link and not real.startswith(os.path.join(inside, "")):
            raise UnreadableFile(f"it is a link that leads out of the folder, to {real}; put the file itself there.")
        status = _followed(path) if is_link else os.stat(path)
        before = known.get(uri)
        if before and FRESH not in before.stat and before.stat == _stats(status, sidecar):
            return SourceFile(uri, path, before.media_type, before.sha256, before.content_sha256, before.stat)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("it is no regular file (a device, pipe or socket); remove it.")
    except (UnreadableFile, OSError) as error:
        return _failure(uri, error)
    return _hashed(found, inside, LARGE)


def _followed(link: str) -> os.stat_result:
    try:
        return os.stat(link)
    except OSError as error:
        raise UnreadableFile(f"it is a link that leads to no file ({error.strerror}); remove it.") from error


def _stats(status: os.stat_result, sidecar: str | None) -> str:
    own = stat_text(status)
    return f"{own} + {stat_text(os.stat(sidecar))}" if sidecar else own


def _failure(uri: str, error: UnreadableFile | OSError) -> Failure:
    """The reason may hold a part of the file's name, whose bytes a terminal would obey."""
    if isinstance(error, OSError):
        return Failure(uri, "discover", f"it cannot be read: {safe(error.strerror or str(error))}; check its permissions.")
    return Failure(uri, "discover", safe(str(error)))


def _hashed(found: _Found, inside: str, most: int = LARGEST) -> SourceFile | Failure | None:
    """A file by its content; None if it has more than `most` bytes, and that may be read."""
    path, uri, sidecar, *_ = found
    try:
        if path.endswith(SIDECARS):
            raise UnreadableFile("it is a sidecar, but the file it describes is not there; rename or remove it.")
        expected = named(path)
        own = hashed(path, most)
        if own.size == 0:
            raise UnreadableFile("it is empty (0 bytes); replace or remove it.")
        if own.size > LARGEST:
            raise UnreadableFile(f"it has {own.size:,} bytes, and {LARGEST:,} are the most that is read; split it.")
        if own.size > most:
            return None
        content = whole = own.digest.hexdigest()
        stats = own.stat
        if sidecar:
            if os.path.islink(sidecar) and not os.path.realpath(sidecar).startswith(os.path.join(inside, "")):
                raise UnreadableFile("its sidecar is a link that leads out of the folder; put the sidecar itself there.")
            beside = hashed(sidecar)
            own.digest.update(beside.digest.digest())
            whole, stats = own.digest.hexdigest(), f"{stats} + {beside.stat}"
        return SourceFile(uri, path, by_content(path, expected, own.start), whole, content, stats)
    except (UnreadableFile, OSError) as error:
        return _failure(uri, error)


def is_unchanged(source: SourceFile, content_sha256: str) -> bool:
    """Do a file's hash, taken now, and the sidecar that is there now still give the hash that discovery took?

    Asked when the file has been read and its original kept: the text, the hash and the original are then of one content.
    Raises OSError if the sidecar cannot be read.
    """
    if content_sha256 != source.content_sha256:
        return False
    sidecar = next((source.path + suffix for suffix in SIDECARS if os.path.lexists(source.path + suffix)), None)
    if sidecar is None:
        return source.sha256 == source.content_sha256
    try:
        digest = hashed(source.path).digest
        digest.update(hashed(sidecar).digest.digest())
    except UnreadableFile:
        return False
    return digest.hexdigest() == source.sha256


def _walk(root: str, collection: str, walked: _Walked, seen: Seen) -> Iterator[_Found]:
    """Not recursive: recursion gives up where folders lie a thousand deep."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        uri = _uri(root, folder, collection)
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            reason = f"the folder cannot be read: {error.strerror}; check its permissions."
            walked.failures.append(Failure(uri, "discover", reason))
            walked.lost.append(uri)
            continue
        if not listed:
            walked.empty.append(uri)
        sidecars = {entry.name for entry in listed if entry.name.endswith(SIDECARS)}
        here = {entry.name for entry in listed} if sidecars else set[str]()
        for entry in listed:
            name, own = entry.name, f"{uri}/{safe(entry.name)}"
            if name.startswith("."):
                continue
            if _is_folder(entry):
                if not entry.is_symlink():
                    waiting += [entry.path] if seen.leads_to(own) else []
                elif seen.wants(own):
                    reason = "a link to a folder is not followed; give the folder itself as a path of its own."
                    walked.failures.append(Failure(own, "discover", reason))
            elif (
                seen.wants(own) and name.casefold() not in NOT_DOCUMENTS and not (name in sidecars and _has_document(name, here))
            ):
                suffix = next((suffix for suffix in SIDECARS if name + suffix in sidecars), None) if sidecars else None
                sidecar = entry.path + suffix if suffix else None
                yield _Found(entry.path, own, sidecar, entry.is_symlink(), entry.is_file(follow_symlinks=False))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Or a link to one. A link that cannot be followed, such as one that leads to itself, is a file that cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _has_document(name: str, here: set[str]) -> bool:
    return any(name.endswith(suffix) and name[: -len(suffix)] in here for suffix in SIDECARS)


def _uri(root: str, folder: str, collection: str) -> str:
    relative = os.path.relpath(folder, root).replace(os.sep, "/")
    return collection if relative == "." else f"{collection}/{safe(relative)}"


def safe(name: str) -> str:
    """Always valid Unicode: bytes that are no UTF-8 and control characters are written %XX."""
    if name.isprintable():
        return name
    return "".join(_escaped(character) for character in os.fsencode(name).decode("utf-8", "surrogateescape"))


def _escaped(character: str) -> str:
    if character.isprintable() or character in "\u200c\u200d":
        return character
    return quote(character.encode("utf-8", "surrogateescape"), safe="")
