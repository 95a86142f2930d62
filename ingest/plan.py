"""What a re-index has to do, known before anything expensive: which files are new, changed, unchanged or gone."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.sources import discover
from kb.errors import BadRequest
from kb.records import Failure, SourceFile
from kb.staging import KnownSource


@dataclass(frozen=True, slots=True)
class Scope:
    """A collection, or the part of it whose uris are `prefix` or lie below it, to bring in line with the files of `root`."""

    collection: str
    root: Path
    prefix: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the files of a scope and what the store knows of them. `gone` and `unchanged` are uris of files."""

    changed: tuple[SourceFile, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]
    known: Mapping[str, KnownSource]
    failures: tuple[Failure, ...]

    @property
    def unchanged_documents(self) -> int:
        return sum(len(self.known[uri].documents) for uri in self.unchanged)


def scopes_of(paths: Sequence[Path], collections: Mapping[str, str]) -> list[Scope]:
    """A scope for each path. A path inside a folder that is a collection already is a part of that collection.

    Raises BadRequest for a path that is not there, or a folder whose name another existing folder has taken.
    """
    scopes = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        if not path.exists():
            raise BadRequest(f"{path} is not there; give a folder or a file that exists, or set KB_CORPUS.")
        scopes.append(_scope(path, collections))
    return scopes


def _scope(path: Path, collections: Mapping[str, str]) -> Scope:
    for name, root in collections.items():
        if path.is_relative_to(root):
            part = path.relative_to(root).as_posix()
            return Scope(name, Path(root), name if part == "." else f"{name}/{part}")
    root_path = path if path.is_dir() else path.parent
    name = root_path.name or "root"
    taken = collections.get(name)
    if taken is not None and Path(taken).is_dir():
        raise BadRequest(
            f"{root_path} would be the collection {name!r}, but that is {taken} already; rename the folder, since a collection "
            "goes by its folder's name."
        )
    return Scope(name, root_path, name if path.is_dir() else f"{name}/{path.name}")


def difference(
    scope: Scope,
    known: Mapping[str, KnownSource],
    pipelines: Callable[[SourceFile], Collection[str]],
    *,
    only: str = "",
    full: bool = False,
) -> Difference:
    """Compare by content hash and by the versions of reader and segmenter: `pipelines` are those that need no other reading.

    A file that is there but cannot be discovered properly is a failure, and what is known of it stays.
    """

    def in_scope(uri: str) -> bool:
        inside = uri == scope.prefix or uri.startswith(scope.prefix + "/")
        return inside and (not only or fnmatch.fnmatchcase(uri, only))

    found = discover(scope.root, scope.collection)
    files = [file for file in found.files if in_scope(file.uri)]
    failures = tuple(failure for failure in found.failures if in_scope(failure.uri))
    here = {known_uri: known[known_uri] for known_uri in known if in_scope(known_uri)}
    present = {file.uri for file in files} | {failure.uri for failure in failures}
    unchanged = {
        file.uri
        for file in files
        if not full
        and file.uri in here
        and here[file.uri].source_sha256 == file.sha256
        and here[file.uri].pipeline in pipelines(file)
    }
    return Difference(
        changed=tuple(file for file in files if file.uri not in unchanged),
        unchanged=tuple(sorted(unchanged)),
        gone=tuple(sorted(set(here) - present)),
        known=here,
        failures=failures,
    )
