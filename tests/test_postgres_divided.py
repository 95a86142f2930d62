"""What the servers of a divided collection hold, and that together they are one store."""

import dataclasses

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kb import store
from kb.embedded import EmbeddedSource
from kb.errors import IndexStale
from kb.findings import Checked
from kb.library import Library
from kb.postgres_check import checked
from kb.postgres_export import export_of, import_into
from kb.postgres_publish import mirror
from kb.postgres_search import Kept, PostgresWords
from kb.postgres_shards import shard_of
from kb.records import Filters
from kb.sources import source_of
from kb.staging import Staging
from kb.words import stems
from tests.fakes import FakeEncoder
from tests.postgres_made import identity, schemas, settings_of, staged_and_published
from tests.test_store_conformance import PLACES, QUESTIONS, SUBJECTS, by_id
from tests.test_store_conformance import documents as collection


@pytest.fixture
def encoder():
    return FakeEncoder()


@pytest.fixture
def settings(servers, others, tmp_path):
    return settings_of(tmp_path, f"{servers.database()[0]} {others.database()[0]}")


def test_a_documents_part_is_by_its_id_alone_and_parts_are_even():
    assert [shard_of(f"id-d{n}", 2) for n in range(4)] == [0, 0, 1, 1]
    assert [shard_of(f"id-d{n}", 3) for n in range(4)] == [1, 1, 2, 1]
    parts = [shard_of(f"document {n}", 5) for n in range(5_000)]
    assert all(900 < parts.count(part) < 1_100 for part in range(5))


@pytest.fixture(scope="module")
def readings(servers, others, tmp_path_factory):
    """Of the collection in two parts, and of the embedded store."""
    encoder = FakeEncoder()
    settings = settings_of(tmp_path_factory.mktemp("readings"), f"{servers.database()[0]} {others.database()[0]}")
    staged_and_published(settings, collection(), encoder)
    sources = source_of(settings, identity(encoder)), EmbeddedSource(settings.home, identity(encoder))
    yield tuple(source.reading() for source in sources)
    for source in sources:
        source.close()


@given(
    seed=st.integers(0, 2**32),
    words=st.lists(
        st.sampled_from([*SUBJECTS, *PLACES, "agreement", "signed", "nonesuch", "transit agreement"]), max_size=5, unique=True
    ),
    documents=st.none() | st.sets(st.integers(0, 29), max_size=12),
    k=st.sampled_from([1, 10, 500]),
)
@hypothesis_settings(max_examples=60)
def test_any_search_over_parts_is_that_over_the_whole(readings, seed, words, documents, k):
    vector = np.random.default_rng(seed).normal(size=readings[0].snapshot.manifest.dimension).astype(np.float32)
    terms = [" ".join(stems(word)) for word in words]
    found = []
    for one in readings:
        allowed = None
        if documents is not None:
            only = Filters(document=tuple(f"id-doc{number:02}" for number in documents) or ("id-nonesuch",))
            allowed = one.snapshot.allowed(store.matching_documents(one.connection, one.generation, only))
        dense = one.snapshot.vectors.search(vector / np.linalg.norm(vector), k, allowed)
        found.append((by_id(one, dense), by_id(one, one.snapshot.words.search(terms, k, allowed))))
    for ours, theirs in zip(*found, strict=True):
        assert sorted(ours.values()) == pytest.approx(sorted(theirs.values()), rel=1e-5, abs=1e-6)
        common = {passage: score for passage, score in theirs.items() if passage in ours}
        assert {passage: ours[passage] for passage in common} == pytest.approx(common, rel=1e-5, abs=1e-6)
        assert len(common) >= len(theirs) - 1  # twins, of whom one was cut off
        assert k < 500 or len(common) == len(theirs)
    assert not readings[0].missing()


def test_how_often_a_phrase_is_is_not_remembered_of_a_part():
    class Parts:
        lost = ("b:5432/wakhan",)

        def missing(self):
            return self.lost

        def everywhere(self, sql, parameters):
            return [(3,)] if self.lost else [(3,), (4,)]

    parts = Parts()
    words = PostgresWords(parts, None, Kept())
    assert words._frequency("'a' <-> 'b'") == 3
    parts.lost = ()
    assert words._frequency("'a' <-> 'b'") == 7
    parts.lost = ("b:5432/wakhan",)
    assert words._frequency("'a' <-> 'b'") == 7


def test_each_server_has_its_documents_whole_and_lists_of_all(settings, encoder):
    documents = collection()
    staged_and_published(settings, documents, encoder)
    texts, passages = {}, []
    for place, address in enumerate(settings.stores):
        (schema,) = schemas(address)
        with psycopg.connect(address) as server:
            rows = server.execute(f"SELECT id, text, passage_count FROM {schema}.documents".encode()).fetchall()
            (lists,) = server.execute(f"SELECT count(*) FROM {schema}.document_entities".encode()).fetchone()
            terms = server.execute(f"SELECT term, num, passages FROM {schema}.terms ORDER BY term".encode()).fetchall()
            passages += server.execute(f"SELECT num FROM {schema}.passages".encode()).fetchall()
        assert len(rows) == len(documents)
        assert all((text is not None) == (shard_of(uid, 2) == place) for uid, text, _ in rows)
        texts |= {uid: text for uid, text, _ in rows if text is not None}
        passages_of_all, lists_of_all = sum(count for *_, count in rows), lists
    assert texts == {item.document.id: item.document.text for item in documents}
    assert sorted(num for (num,) in passages) == list(range(passages_of_all))
    assert lists_of_all and len(terms) > 50
    assert not checked(settings, Checked()).findings


def test_a_server_is_added_by_publishing_anew(settings, others, encoder):
    staged_and_published(settings, collection(), encoder)
    wider = dataclasses.replace(settings, store=f"{settings.store} {others.database()[0]}")
    library = Library(wider, lambda: encoder, identity(encoder))
    with pytest.raises(IndexStale, match="part 1/2 of the collection, KB_STORE names it as part 1/3"):
        library.ask(QUESTIONS[0])
    with Staging(settings.home) as staging:
        assert mirror(wider, staging).copied
    plain = Library(dataclasses.replace(settings, store=""), lambda: encoder, identity(encoder))
    for question in QUESTIONS:
        ours, theirs = (one.search(question, n=50).items for one in (library, plain))
        assert [hit.passage.id for hit in ours[:10]] == [hit.passage.id for hit in theirs[:10]]
    assert not checked(wider, Checked()).findings
    library.close()
    plain.close()


def test_an_export_of_all_parts_is_that_of_one_store(settings, encoder, tmp_path):
    staged_and_published(settings, collection(), encoder)
    ours = export_of(settings, tmp_path / "divided")
    theirs = export_of(dataclasses.replace(settings, store=""), tmp_path / "embedded")
    assert (ours.files, ours.index.digest) == (theirs.files, theirs.index.digest)
    back = settings_of(tmp_path / "back")
    assert import_into(back, tmp_path / "divided").digest == ours.index.digest
