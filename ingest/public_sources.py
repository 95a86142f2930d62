"""The list of public documents, `sources.toml`: read it strictly, choose from it, and write a chosen one's sidecar."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.metadata import country_code, metadata_from
from ingest.text import one_line
from kb.errors import BadRequest
from kb.records import KINDS, Metadata

LARGEST = 4 << 20  # bytes; ours has 60 KB
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_KEYS = ("id", "title", "publisher", "date", "kind", "language", "countries", "url")
_REQUIRED = ("title", "kind", "language", "url")


@dataclass(frozen=True, slots=True)
class PublicSource:
    """A public document: `id` is 1 to 64 of a–z, 0–9 and "-", and names its file; `metadata.url` is its http(s) address."""

    id: str
    metadata: Metadata

    @property
    def url(self) -> str:
        return self.metadata.url


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator names. Within one field any value will do, all fields that are not empty must agree."""

    only: tuple[str, ...] = ()  # ids or globs over them
    countries: tuple[str, ...] = ()  # codes or names
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    everything: bool = False


def public_sources(path: Path) -> tuple[PublicSource, ...]:
    """All entries of the list, in its order.

    Raises BadRequest, naming the entry, for a list that is not there, does not parse, or has an entry with a wrong, unknown,
    missing or repeated value: a list is written once and read unattended, so nothing in it is guessed.
    """
    found: dict[str, PublicSource] = {}
    for number, entry in enumerate(_entries(path), 1):
        where = f"{path}: [[source]] number {number}"
        if not isinstance(entry, dict):
            raise BadRequest(f"{where} is not a table; write each document under its own [[source]] line.")
        source = _source(entry, where)
        if source.id in found:
            raise BadRequest(f"{where} has the id {source.id!r} of an entry before it; give it another.")
        found[source.id] = source
    if not found:
        raise BadRequest(f"{path} lists no document; write each one under a [[source]] line, as corpus/sources.toml does.")
    return tuple(found.values())


def _entries(path: Path) -> list[object]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BadRequest(f"{path} has more than {LARGEST:,} bytes; a list of sources is shorter.")
        loaded = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}; name the list of sources with --sources FILE.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{path} is not valid TOML: {one_line(str(error))[:200]}; correct it.") from error
    entries = loaded.get("source", [])
    if set(loaded) - {"source"} or not isinstance(entries, list):
        raise BadRequest(f"{path} may hold [[source]] tables alone; remove {', '.join(sorted(loaded))} or write [[source]].")
    return entries


def _source(entry: Mapping[str, object], where: str) -> PublicSource:
    name = entry.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name) or name == "readme":  # readme.* is no document to a re-index
        raise BadRequest(f"{where} has the id {name!r}; an id is 1 to 64 of a-z, 0-9 and '-', begins with a letter or digit.")
    if unknown := sorted(set(entry) - set(_KEYS)):
        raise BadRequest(f"{where} ({name}) has the unknown key {unknown[0]!r}; the keys are {', '.join(_KEYS)}.")
    metadata, warnings = metadata_from(entry)
    if warnings:
        raise BadRequest(f"{where} ({name}): {warnings[0]}")
    if missing := [key for key in _REQUIRED if not getattr(metadata, key)]:
        raise BadRequest(f"{where} ({name}) has no {missing[0]}; add it.")
    return PublicSource(name, metadata)


def choose(sources: Sequence[PublicSource], choice: Choice) -> tuple[PublicSource, ...]:
    """The sources that the choice names, in the list's order.

    Raises BadRequest if nothing is named, if "everything" is named beside something else, and for a value that no source has.
    """
    narrowed = any((choice.only, choice.countries, choice.kinds, choice.languages))
    if choice.everything and narrowed:
        raise BadRequest("--all takes every source and cannot stand beside --only, --country, --kind or --language; drop one.")
    if choice.everything:
        return tuple(sources)
    if not narrowed:
        raise BadRequest(
            "say what to fetch: --only ID (or a glob such as 'dawn-*'), --country UZ, --kind agreement, --language ru, or --all; "
            "with --dry-run it is listed only."
        )
    left = list(sources)
    for option, values, matches in _tests(choice, sources):
        for value in values:
            if not any(matches(source, value) for source in sources):
                raise BadRequest(f"no source matches {option} {value!r}; {_there_are(option, sources)}")
        left = [source for source in left if not values or any(matches(source, value) for value in values)]
    if not left:
        raise BadRequest("no source matches all of that at once; name less, or look with --all --dry-run.")
    return tuple(left)


_Test = tuple[str, Sequence[str], Callable[[PublicSource, str], bool]]


def _tests(choice: Choice, sources: Iterable[PublicSource]) -> tuple[_Test, ...]:
    return (
        ("--only", choice.only, lambda source, value: fnmatch.fnmatchcase(source.id, value)),
        ("--country", choice.countries, lambda source, value: country_code(value.strip()) in source.metadata.countries),
        ("--kind", choice.kinds, lambda source, value: source.metadata.kind == value),
        ("--language", choice.languages, lambda source, value: source.metadata.language == value.casefold()),
    )


def _there_are(option: str, sources: Sequence[PublicSource]) -> str:
    there = {
        "--country": sorted({code for source in sources for code in source.metadata.countries}),
        "--kind": [kind for kind in KINDS if any(source.metadata.kind == kind for source in sources)],
        "--language": sorted({source.metadata.language for source in sources}),
    }.get(option)
    return f"there are {', '.join(there)}." if there else "--all --dry-run lists the ids."


def sidecar(source: PublicSource) -> str:
    """The TOML that a re-index reads beside the document: what the list says of it."""
    metadata = source.metadata
    values = {
        "title": metadata.title,
        "kind": metadata.kind,
        "publisher": metadata.publisher,
        "date": metadata.published,
        "language": metadata.language,
        "countries": list(metadata.countries),
        "url": metadata.url,
    }
    # JSON's strings and lists of strings are TOML's too, but for DEL, which TOML wants escaped.
    written = {key: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for key, value in values.items() if value}
    return "".join(f"{key} = {value}\n" for key, value in written.items())
