"""What a re-index has to do, known before anything expensive: which files are new, changed, moved, gone or as they were."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.discovery import Discovery, safe
from ingest.hashing import inode
from ingest.moves import moved
from kb.errors import BadRequest
from kb.records import Failure, SourceFile
from kb.source_files import KnownFile
from kb.staging import KnownSource

# Why a file that is known is read again.
CONTENT, METADATA, READER, SEGMENTER, OCR, ASKED = "content", "metadata", "reader", "segmenter", "ocr", "full"
STALE = frozenset({READER, SEGMENTER, OCR})  # the file is as it was, the program is not: can wait
UNREAD = " without OCR"  # of a pipeline: pages stayed unread that OCR could read, were it installed


@dataclass(frozen=True, slots=True)
class Scope:
    """A collection, or the part of it whose uris are `prefix` or lie below it, to bring in line with the files of `root`."""

    collection: str
    root: Path
    prefix: str

    def holds(self, uri: str) -> bool:
        return uri == self.prefix or uri.startswith(self.prefix + "/")


@dataclass(frozen=True, slots=True)
class Versions:
    """Of what the passages of a media type depend on beside the file. `has_ocr` tells, when it is asked, whether pages without
    text can be read now."""

    reader: Callable[[str], str]
    segmenter: str
    has_ocr: Callable[[], bool] = lambda: False

    def pipeline(self, media_type: str) -> str:
        return f"{self.reader(media_type)} {self.segmenter}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asks of a comparison. `only`: a glob over uris; `later`: leave what only a newer program asks for."""

    only: str = ""
    full: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A known file to be read again, and why. `before`: where it was when it was read last, if elsewhere."""

    file: SourceFile
    reason: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the files of a scope and what the store knows of them.

    `moved`: old uri → new of files whose content is that of a file elsewhere, before; those of them that must be read again
    are in `changed` too. `gone`, `unchanged` and `postponed` are uris. `is_bare`: there is no file at all, matched by `only` or
    not.
    """

    scope: Scope
    added: tuple[SourceFile, ...]
    changed: tuple[Change, ...]
    moved: Mapping[str, str]
    unchanged: tuple[str, ...]
    postponed: Mapping[str, str]
    gone: tuple[str, ...]
    known: Mapping[str, KnownSource]
    found: Discovery
    is_bare: bool

    @property
    def failures(self) -> tuple[Failure, ...]:
        return self.found.failures


def scopes_of(paths: Sequence[Path], collections: Mapping[str, str]) -> list[Scope]:
    """A scope for each path. A path inside a folder that is a collection already is a part of that collection.

    Raises BadRequest for a path that is not there and no part of a collection either, or a folder whose name another existing
    folder has taken.
    """
    scopes = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        if not path.exists() and not any(path.is_relative_to(root) for root in collections.values()):
            raise BadRequest(f"{path} is not there; give a folder or a file that exists, or set KB_CORPUS.")
        scopes.append(_scope(path, collections))
    return scopes


def _scope(path: Path, collections: Mapping[str, str]) -> Scope:
    for name, root in collections.items():
        if path.is_relative_to(root):
            part = safe(path.relative_to(root).as_posix())
            return Scope(name, Path(root), name if part == "." else f"{name}/{part}")
    root_path = path if path.is_dir() else path.parent
    name = root_path.name or "root"
    taken = collections.get(name)
    if taken is not None and Path(taken).is_dir():
        raise BadRequest(
            f"{root_path} would be the collection {name!r}, but that is {taken} already; rename the folder, since a collection "
            "goes by its folder's name."
        )
    return Scope(name, root_path, name if path.is_dir() else f"{name}/{safe(path.name)}")


def difference(scope: Scope, found: Discovery, known: Mapping[str, KnownSource], versions: Versions, wish: Wish) -> Difference:
    """Compare by content hash and by versions. A file that is there but cannot be discovered properly is a failure, and what is
    known of it stays; so does what is known of files in folders that cannot be listed. Moves are not looked for yet."""

    def in_scope(uri: str) -> bool:
        return scope.holds(uri) and (not wish.only or fnmatch.fnmatchcase(uri, wish.only))

    files = [file for file in found.files if in_scope(file.uri)]
    failures = tuple(failure for failure in found.failures if in_scope(failure.uri))
    here = {uri: known[uri] for uri in known if in_scope(uri)}
    present = {file.uri for file in files} | {failure.uri for failure in failures}
    changed: list[Change] = []
    unchanged: list[str] = []
    postponed: dict[str, str] = {}
    for file in files:
        if file.uri not in here:
            continue
        reason = _reason(file, here[file.uri], versions, full=wish.full)
        if not reason:
            unchanged.append(file.uri)
        elif reason in STALE and wish.later:
            postponed[file.uri] = reason
        else:
            changed.append(Change(file, reason))
    gone = [uri for uri in here if uri not in present and not _is_below(uri, found.lost)]
    return Difference(
        scope=scope,
        added=tuple(file for file in files if file.uri not in here),
        changed=tuple(changed),
        moved={},
        unchanged=tuple(unchanged),
        postponed=postponed,
        gone=tuple(sorted(gone)),
        known=here,
        found=replace(found, files=tuple(files), failures=failures),
        is_bare=not found.files and not found.failures,
    )


def _is_below(uri: str, folders: Iterable[str]) -> bool:
    return any(uri.startswith(folder + "/") for folder in folders)


def _reason(file: SourceFile, known: KnownSource, versions: Versions, *, full: bool = False) -> str:
    """Why a file has to be read again; "" if it has not."""
    if full:
        return ASKED
    if known.content_sha256 != file.content_sha256:
        return CONTENT
    if known.source_sha256 != file.sha256:
        return METADATA
    wanted = versions.pipeline(file.media_type)
    if known.pipeline == wanted or (known.pipeline == wanted + UNREAD and not versions.has_ocr()):
        return ""
    if known.pipeline == wanted + UNREAD:
        return OCR
    return SEGMENTER if known.pipeline.startswith(versions.reader(file.media_type) + " ") else READER


def with_moves(
    differences: Sequence[Difference], files: Mapping[str, KnownFile], versions: Versions, wish: Wish
) -> list[Difference]:
    """The same with files recognised that changed their place, within a scope or between two of them. `files`: by known uri."""

    def is_same(old: str, new: str) -> bool:
        return old in files and inode(files[old].stat) == inode(targets[new].stat) != ""

    known = {uri: entry for one in differences for uri, entry in one.known.items()}
    gone = {uri for one in differences for uri in one.gone}
    targets = {file.uri: file for one in differences for file in one.added}
    targets |= {change.file.uri: change.file for one in differences for change in one.changed if change.reason == CONTENT}
    vacated = {uri: known[uri].content_sha256 for uri in (*gone, *(uri for uri in targets if uri in known))}
    moves = moved(vacated, {uri: file.content_sha256 for uri, file in targets.items()}, gone, is_same)
    if not moves:
        return list(differences)
    before = {new: old for old, new in moves.items()}
    again = {
        new: reason for new, old in before.items() if (reason := _reason_moved(targets[new], old, known[old], versions, wish))
    }
    return [_with(one, moves, before, again, targets) for one in differences]


def _reason_moved(file: SourceFile, old: str, known: KnownSource, versions: Versions, wish: Wish) -> str:
    reason = _reason(file, known, versions, full=wish.full)
    if reason in STALE and wish.later:
        return ""
    if not reason and file.uri.rpartition("/")[2] != old.rpartition("/")[2]:
        return METADATA  # its name may have been its title
    return reason


def _with(
    one: Difference,
    moves: Mapping[str, str],
    before: Mapping[str, str],
    again: Mapping[str, str],
    targets: Mapping[str, SourceFile],
) -> Difference:
    here = [file.uri for file in one.found.files if file.uri in before]
    return replace(
        one,
        added=tuple(file for file in one.added if file.uri not in before),
        changed=(
            *(change for change in one.changed if change.file.uri not in before),
            *(Change(targets[uri], again[uri], before[uri]) for uri in here if uri in again),
        ),
        moved={before[uri]: uri for uri in here},
        gone=tuple(uri for uri in one.gone if uri not in moves),
    )
