"""Does the database hold what the store published, whole, and on every server?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import psycopg

from kb.config import Settings
from kb.errors import IndexMissing, IndexStale, KnowledgeBaseError
from kb.findings import Checked, Finding
from kb.generations import content_digest
from kb.manifest import folder_of, read_manifest
from kb.postgres import Host, reason
from kb.postgres_content import name as content_name
from kb.postgres_search import HEAD, Generation
from kb.postgres_shards import CONTROL, WHOLE, GenerationRows, Shard, Shards, shard_of
from kb.postgres_source import asked
from kb.rollback import kept

SAMPLED = 500  # vectors compared, byte by byte
SECONDS = 600  # a statement may take: the digest reads every passage's key
REINDEX = "run `python -m ingest reindex`, which publishes what is missing there"
TABLES = ("passages", "embeddings", "lexemes")
#: What a server publishes, or was told of.
STANDS = f"SELECT g.layout, g.number FROM {CONTROL}.generations AS g JOIN {CONTROL}.published AS p ON p.number = g.number"


def checked(settings: Settings, found: Checked) -> Checked:
    """`found` with what is wrong in KB_STORE, if there is one."""
    if not settings.store:
        return found
    shards = Shards(settings.stores, seconds=SECONDS)
    standbys = [Host(address, SECONDS) for address in settings.store_read]
    try:
        findings, notes = _looked_at(settings, shards)
        notes += _standbys(shards, standbys)
    finally:
        shards.close()
        for host in standbys:
            host.close()
    return replace(found, findings=(*found.findings, *findings), notes=(*found.notes, *notes))


def _looked_at(settings: Settings, shards: Shards) -> tuple[list[Finding], list[str]]:
    told: list[tuple[int, Generation]] = []
    for shard in shards.shards:
        name = shard.name
        try:
            told.append(asked(shard.hosts.primary, shard.layout))
        except psycopg.OperationalError as error:
            what = f"The primary {name} does not answer ({reason(error)})."
            return [Finding("postgres-down", what, "start it; standbys answer meanwhile, and say that they may be stale.")], []
        except IndexMissing as error:
            return [Finding("postgres-empty", str(error), f"{REINDEX}.")], []
        except IndexStale as error:
            return [Finding("postgres-newer", str(error), "use the program, or the KB_STORE, that published there.")], []
    (number, generation), *others = told
    findings = _behind(settings, shards, generation)
    for shard, (known, _) in zip(shards.shards[1:], others, strict=True):
        if known != number:
            what = f"{shard.name} was not told of the generation that {shards.shards[0].name} publishes."
            findings.append(Finding("postgres-untold", what, f"{REINDEX}."))
    try:
        for shard in shards.shards:
            findings += _whole(shard, generation, len(shards))
        findings += _digest(shards, generation)
    except (psycopg.Error, KnowledgeBaseError) as error:
        what = f"{generation.schema} on {shards.name} cannot be read ({error})."
        findings.append(Finding("postgres-damaged", what, f"{REINDEX}."))
    return findings, [f"{shards.name} publishes generation {generation.manifest.generation}."]


def _behind(settings: Settings, shards: Shards, generation: Generation) -> list[Finding]:
    manifest, here = generation.manifest, kept(settings.home).published
    local = read_manifest(folder_of(settings.home, here)) if here else None
    if local is None or (local.generation, local.digest) == (manifest.generation, manifest.digest):
        return []
    there = f"generation {manifest.generation} ({manifest.digest[:12]})"
    what = f"{shards.name} publishes {there}, KB_HOME {here} ({local.digest[:12]})."
    return [Finding("postgres-behind", what, f"{REINDEX}.")]


def _remedy(schema: str) -> str:
    return f"drop the schema {schema} and its row in wakhan.generations, then {REINDEX}."


def _whole(shard: Shard, generation: Generation, shards: int) -> list[Finding]:
    """Is a part what it should be: its documents, a row of each table for each of their passages, the store's vectors?"""
    primary, schema = shard.hosts.primary, generation.schema
    remedy, findings = _remedy(schema), list[Finding]()
    documents = primary.fetch(schema, f"SELECT id, passage_count FROM documents WHERE {WHOLE}", None)
    wanted = sum(int(count) for _, count in documents)
    if astray := sum(shard_of(str(uid), shards) != shard.number for uid, _ in documents):
        findings.append(Finding("postgres-rows", f"{astray} documents of {schema} on {shard.name} are another part's.", remedy))
    for table in TABLES:
        ((count,),) = primary.fetch(schema, f"SELECT count(*) FROM {table}", None)
        if count != wanted:
            what = f"{schema}.{table} on {shard.name} has {count} rows for {wanted} passages."
            findings.append(Finding("postgres-rows", what, remedy))
    return findings + _vectors(shard, schema, wanted) + _invalid(shard, schema)


def _vectors(shard: Shard, schema: str, passages: int) -> list[Finding]:
    primary, findings = shard.hosts.primary, list[Finding]()
    ((lacking,),) = primary.fetch(
        schema,
        f"""SELECT count(*) FROM passages AS p LEFT JOIN vector_keys AS k ON k.key = p.vector_key
            LEFT JOIN {CONTROL}.vectors AS c USING (sha256) WHERE c.sha256 IS NULL""",
        None,
    )
    if lacking:
        what = f"{lacking} passages of {schema} on {shard.name} have no vector there."
        findings.append(Finding("postgres-content", what, _remedy(schema)))
    rows = primary.fetch(
        schema,
        """SELECT e.embedding, v.vector, v.model, v.key, k.sha256 FROM embeddings AS e JOIN passages AS p ON p.num = e.num
           JOIN vectors AS v ON v.key = p.vector_key JOIN vector_keys AS k ON k.num = v.num
           WHERE e.num %% %(every)s = 0 AND v.vector IS NOT NULL""",
        {"every": max(1, passages // SAMPLED)},
        binary=True,
    )
    wrong = sum(_differs(*row) for row in rows)
    if wrong:
        what = f"{wrong} of {len(rows)} vectors of {schema} on {shard.name} differ from the store's."
        findings.append(Finding("postgres-vectors", what, f"delete what differs from {CONTROL}.vectors; {_remedy(schema)}"))
    return findings


def _differs(embedding: bytes, vector: bytes, model: str, key: bytes, named: bytes) -> bool:
    halves, numbers = np.frombuffer(embedding, ">f2", offset=HEAD), np.frombuffer(vector, "<f4")
    rounded = np.allclose(halves.astype(np.float32), numbers, rtol=2**-10, atol=2**-24)
    return not rounded or content_name(model, bytes(key), bytes(vector)) != bytes(named)


def _invalid(shard: Shard, schema: str) -> list[Finding]:
    rows = shard.hosts.primary.fetch(
        schema,
        """SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
           JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %(schema)s AND NOT i.indisvalid""",
        {"schema": schema},
    )
    what = "The index {name} on {server} is not valid."
    return [Finding("postgres-index", what.format(name=name, server=shard.name), _remedy(schema)) for (name,) in rows]


def _digest(shards: Shards, generation: Generation) -> list[Finding]:
    """All parts together are the collection."""
    manifest = generation.manifest
    rows = GenerationRows(shards.scatter(generation.schema, whole=True))
    digest = content_digest(rows, manifest.model_digest, "1 = 1")
    if digest == manifest.digest:
        return []
    what = f"{generation.schema} has the digest {digest[:12]}, published was {manifest.digest[:12]}."
    return [Finding("postgres-digest", what, _remedy(generation.schema))]


def _standbys(shards: Shards, standbys: list[Host]) -> list[str]:
    """How far each is behind the primary whose copy it is."""
    notes = []
    for host in standbys:
        try:
            layout, number = host.fetch(CONTROL, STANDS, None)[0]
            (shard,) = [shard for shard in shards.shards if shard.layout == layout]
            behind = asked(shard.hosts.primary, shard.layout)[0] - int(number)
        except (ValueError, IndexError):
            notes.append(f"The standby {host.name} holds nothing that a server in KB_STORE publishes.")
            continue
        except (psycopg.Error, KnowledgeBaseError) as error:
            notes.append(f"The standby {host.name} does not answer ({str(error).strip().splitlines()[0][:200]}).")
            continue
        notes.append(f"The standby {host.name} " + (f"is {behind} generations behind." if behind else "is up to date."))
    return notes
