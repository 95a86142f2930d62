"""Moving between stores: an export of what is published, from whichever store KB_STORE names, and an import into it."""

from __future__ import annotations

from pathlib import Path

from kb.config import Settings
from kb.exchange import Export, export, new_folder, written
from kb.load import load
from kb.postgres import told
from kb.postgres_publish import mirror
from kb.postgres_shards import GenerationRows, Shards
from kb.postgres_source import newest
from kb.records import IndexManifest
from kb.staging import Staging

SECONDS = 600  # a statement may take


def export_of(settings: Settings, target: Path, *, half: bool = False, originals: bool = False) -> Export:
    """See kb.exchange.export; originals are those under KB_HOME. Raises StoreUnavailable, too, and SnapshotGone if the generation
    was dropped while it was read."""
    if not settings.store:
        return export(settings.home, target, half=half, originals=originals)
    shards = Shards(settings.stores, seconds=SECONDS)
    try:
        with told(f"exporting from {shards.name}"), new_folder(target) as partial:
            generation, _ = newest(shards)
            rows = GenerationRows(shards.scatter(generation.schema, whole=True))
            return written(rows, generation.manifest, partial, half=half, originals=settings.home if originals else None)
    finally:
        shards.close()


def import_into(settings: Settings, folder: Path) -> IndexManifest:
    """See kb.load.load; what KB_HOME then publishes, KB_STORE does."""
    index = load(folder, settings.home)
    if settings.store:
        with Staging(settings.home) as staging:
            mirror(settings, staging)
    return index
