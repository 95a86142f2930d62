"""Going back to a kept generation, and holding it until the operator lets publishing go on.

A rollback moves one number, so readers take it up like a publish. The rows and the folder of the generation that it leaves stay:
going forward again costs nothing. The files are what they were, so the next re-index would publish the same again; therefore a
rollback holds: re-indexing still reads, stages and embeds, and `publish` refuses until `release`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb import faults
from kb.connections import connect_reader, transaction
from kb.errors import BadRequest, IndexStale
from kb.generations import open_snapshot
from kb.keeping import generations_on_disk
from kb.manifest import folder_of, read_manifest, vector_model
from kb.records import IndexManifest
from kb.staging import STORE_FILE, Staging
from kb.store import held_since, intermediate_generations, latest_generation, published_generation, token_codes


@dataclass(frozen=True, slots=True)
class Kept:
    """The generations that can be gone back to, the newest first; `held`: since when publishing is stopped, or "".
    `intermediate`: those that were published in the middle of a run."""

    published: int
    held: str
    generations: tuple[IndexManifest, ...]
    intermediate: tuple[int, ...] = ()


def kept(home: Path) -> Kept:
    """Folders that cannot be read are left out; `check` tells of them."""
    if not (home / STORE_FILE).exists():
        raise BadRequest(f"there is no index under {home}; run `python -m ingest reindex` to make one.")
    connection = connect_reader(home / STORE_FILE)
    try:
        found = []
        for number in generations_on_disk(home):
            if number <= latest_generation(connection):
                try:
                    found.append(read_manifest(folder_of(home, number)))
                except IndexStale:
                    continue
        passing = tuple(sorted(intermediate_generations(connection) & {one.generation for one in found}))
        return Kept(published_generation(connection), held_since(connection), tuple(found), passing)
    finally:
        connection.close()


def roll_back(staging: Staging, to: int | None = None) -> IndexManifest:
    """Publish a kept generation again: `to`, or the newest before the published one that is no intermediate one.

    Going to the latest generation ends the hold; any other begins it. Raises BadRequest for one that is not kept, IndexStale for
    one that is damaged or was made with other files.
    """
    there = kept(staging.home)
    if to is None:
        numbers = [one.generation for one in there.generations if one.generation not in there.intermediate]
        to = next((number for number in numbers if number < there.published), None)
    chosen = next((one for one in there.generations if one.generation == to), None)
    if chosen is None:
        others = ", ".join(str(one.generation) for one in there.generations if one.generation != there.published)
        wanted = "an earlier generation" if to is None else f"generation {to}"
        raise BadRequest(f"{wanted} is not kept; kept are {others or 'none'} and the published one, {there.published}.")
    _prove(staging, chosen)
    latest = latest_generation(staging.connection)
    with transaction(staging.connection) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('latest', ?)", (str(latest),))
        connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(chosen.generation),))
        if chosen.generation == latest:
            connection.execute("DELETE FROM meta WHERE key = 'held'")
        else:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('held', ?)", (now,))
        faults.reached("rollback switching")
    faults.reached("rollback switched")
    return chosen


def _prove(staging: Staging, chosen: IndexManifest) -> None:
    """Its folder is whole, and the store has its tokens' vectors in the form that this program reads."""
    snapshot = open_snapshot(staging.home, chosen.generation, chosen.model, chosen.model_digest)
    first = [int(num) for num in snapshot.passages[:1]]
    snapshot.close()
    if first and not token_codes(staging.connection, first, vector_model(chosen.model, chosen.model_digest)):
        raise IndexStale(
            f"generation {chosen.generation} was made by another version of this program, whose token vectors this one cannot "
            "read. Go back with that version, or choose a later generation."
        )


def release(staging: Staging) -> bool:
    """Let the next re-index publish again; False if nothing was held. What is published stays until then."""
    with transaction(staging.connection) as connection:
        return connection.execute("DELETE FROM meta WHERE key = 'held'").rowcount > 0
