"""Which store is read: the one decision on KB_STORE, for readers."""

from __future__ import annotations

from kb.config import Settings
from kb.embedded import EmbeddedSource
from kb.ports import Source
from kb.postgres_shards import Shards
from kb.postgres_source import PostgresSource


def source_of(settings: Settings, identity: tuple[str, str]) -> Source:
    """`identity`: the configured model's id and digest. Nothing is opened yet."""
    if settings.store:
        return PostgresSource(Shards(settings.stores, settings.store_read), identity, settings.home)
    return EmbeddedSource(settings.home, identity)
