"""Do store, index and originals agree? Each finding names its remedy, and `repair` applies those that need no file and no model.

A store from which passages and vectors can be read is enough to build every index again; what is wrong in the store itself comes
from a backup or from the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kb.check_index import check_generation
from kb.check_store import check_file, check_originals, check_references, check_texts, check_vectors
from kb.config import Settings
from kb.connections import connect_reader, store_error
from kb.embed import model_identity
from kb.errors import IndexMissing, IndexStale, StoreDamaged
from kb.findings import REPAIR, Checked, Finding, named
from kb.keeping import generations_on_disk, kept_generations
from kb.manifest import folder_of, leftovers_of, read_manifest, vector_model
from kb.migrations import SCHEMA, check_not_newer, schema_of
from kb.repair import mend
from kb.staging import STORE_FILE, Staging, is_writing
from kb.store import held_since, latest_generation, published_generation

Identify = Callable[[Settings], tuple[str, str]]


def check(settings: Settings, *, deep: bool = False, identify: Identify = model_identity) -> Checked:
    """Reads every passage, vector and original; writes nothing, and may run beside a server and a writer.

    `deep` compares every row of the indexes instead of a sample, and SQLite's indexes with their rows. Raises IndexMissing.
    """
    path = settings.home / STORE_FILE
    if not path.exists():
        raise IndexMissing(f"there is no index under {settings.home}. Run `python -m ingest reindex` to make it.")
    try:
        with closing(connect_reader(path)) as connection:
            connection.execute("BEGIN")  # one state of the store for all that follows, whatever is written meanwhile
            damaged = check_file(connection, deep)
            if damaged:
                return Checked(findings=tuple(damaged))
            schema = schema_of(connection)
            check_not_newer(schema)
            if schema < SCHEMA:
                what = f"The store has schema {schema} and this program reads {SCHEMA}: it was written by an older version."
                return Checked(
                    findings=(Finding("schema", what, f"{REPAIR}, or the next re-index, brings it up to date.", True),)
                )
            findings = [*check_references(connection), *check_texts(connection), *check_originals(connection, settings.home)]
            findings += _published(connection, settings, deep, identify(settings))
            return Checked(tuple(findings), tuple(_notes(connection, settings.home)))
    except IndexStale as error:
        return Checked(findings=(Finding("newer", str(error), "use the newer program, or another KB_HOME."),))
    except sqlite3.DatabaseError as error:
        told = store_error(path, error)
        if not isinstance(told, StoreDamaged):
            raise told from error
        return Checked(findings=(Finding("store", f"The store is damaged ({error}).", str(told)),))


def repair(settings: Settings, *, deep: bool = False, identify: Identify = model_identity) -> Checked:
    """Check, mend what can be mended under the writer's lock, and check again. Raises Busy while a re-index runs."""
    found = check(settings, deep=deep, identify=identify)
    mendable = [finding for finding in found.findings if finding.repair]
    if not mendable and not leftovers_of(settings.home):
        return found
    with Staging(settings.home) as staging:
        done = mend(staging, mendable)
    return replace(check(settings, deep=deep, identify=identify), repaired=tuple(done))


def _published(connection: sqlite3.Connection, settings: Settings, deep: bool, identity: tuple[str, str]) -> list[Finding]:
    """The published generation in full, and those that can be gone back to."""
    published, home = published_generation(connection), settings.home
    if published == 0:
        return []
    findings = []
    try:
        manifest = read_manifest(folder_of(home, published))
        model = vector_model(manifest.model, manifest.model_digest)
        if (manifest.model, manifest.model_digest) != identity:
            what = f"The index was made with {manifest.model} ({manifest.model_digest[:12]}), configured is {identity[0]}."
            findings.append(Finding("model", what, "set KB_MODEL back, or run `python -m ingest reindex` to embed with it."))
    except IndexStale:
        model = vector_model(*identity)
    findings += check_vectors(connection, published, model, deep)
    for generation in sorted({published, *_others(connection, home)}, reverse=True):
        findings += check_generation(connection, home, generation, deep and generation == published)
    return findings


def _others(connection: sqlite3.Connection, home: Path) -> set[int]:
    latest = latest_generation(connection)
    return {number for number in generations_on_disk(home) if number <= latest} & kept_generations(home, connection)


def _notes(connection: sqlite3.Connection, home: Path) -> list[str]:
    """What is not wrong and worth knowing."""
    notes = []
    published, since = published_generation(connection), held_since(connection)
    if published == 0:
        notes.append("Nothing is published yet; run `python -m ingest reindex`.")
    if since:
        notes.append(f"Generation {published} is held since {since}; `python -m ingest rollback --release` ends that.")
    (staged,) = connection.execute(
        "SELECT count(*) FROM documents WHERE gen_from > :g OR (gen_to IS NOT NULL AND gen_to > :g)", {"g": published}
    ).fetchone()
    if staged:
        notes.append(f"{staged} changes to documents are staged or held back; `python -m ingest reindex` publishes them.")
    if is_writing(home):
        return [*notes, "A re-index is running."]
    last = connection.execute("SELECT started_at, state FROM runs ORDER BY num DESC LIMIT 1").fetchone()
    if last is not None and last[1] != "finished":
        notes.append(f"The last run, of {last[0]}, did not finish; `python -m ingest reindex` goes on where it stopped.")
    leftovers = [path.name for path in leftovers_of(home)]
    above = [number for number in generations_on_disk(home) if number > latest_generation(connection)]
    if leftovers or above:
        notes.append(f"Left by a killed run: {named([*leftovers, *above])}; the next run or {REPAIR} removes it.")
    return notes
