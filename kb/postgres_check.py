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
from kb.postgres import GenerationRows, Host, Hosts, reason
from kb.postgres_content import name as content_name
from kb.postgres_search import HEAD, Generation
from kb.postgres_source import CONTROL, asked
from kb.rollback import kept

SAMPLED = 500  # vectors compared, byte by byte
SECONDS = 600  # a statement may take: the digest reads every passage's key
REINDEX = "run `python -m ingest reindex`, which publishes what is missing there"
TABLES = ("passages", "embeddings", "lexemes")


def checked(settings: Settings, found: Checked) -> Checked:
    """`found` with what is wrong in KB_STORE, if there is one."""
    if not settings.store:
        return found
    hosts = Hosts(settings.store, settings.store_read, seconds=SECONDS)
    try:
        findings, notes = _looked_at(settings, hosts)
    finally:
        hosts.close()
    return replace(found, findings=(*found.findings, *findings), notes=(*found.notes, *notes))


def _looked_at(settings: Settings, hosts: Hosts) -> tuple[list[Finding], list[str]]:
    name = hosts.primary.name
    try:
        number, generation = asked(hosts.primary)
    except psycopg.OperationalError as error:
        what = f"The primary {name} does not answer ({reason(error)})."
        return [Finding("postgres-down", what, "start it; standbys answer meanwhile, and say that they may be stale.")], []
    except IndexMissing as error:
        return [Finding("postgres-empty", str(error), f"{REINDEX}.")], []
    except IndexStale as error:
        return [Finding("postgres-newer", str(error), "use the program that published there.")], []
    findings, manifest = [], generation.manifest
    here = kept(settings.home).published
    local = read_manifest(folder_of(settings.home, here)) if here else None
    if local is not None and (local.generation, local.digest) != (manifest.generation, manifest.digest):
        what = (
            f"{name} publishes generation {manifest.generation} ({manifest.digest[:12]}), KB_HOME {here} ({local.digest[:12]})."
        )
        findings.append(Finding("postgres-behind", what, f"{REINDEX}."))
    try:
        findings += _whole(hosts.primary, generation)
    except (psycopg.Error, KnowledgeBaseError) as error:
        findings.append(Finding("postgres-damaged", f"{generation.schema} on {name} cannot be read ({error}).", f"{REINDEX}."))
    return findings, [f"{name} publishes generation {manifest.generation}.", *_standbys(hosts, number)]


def _whole(primary: Host, generation: Generation) -> list[Finding]:
    manifest, schema = generation.manifest, generation.schema
    remedy = f"drop the schema {schema} and its row in wakhan.generations, then {REINDEX}."
    findings = []
    for table in TABLES:
        ((count,),) = primary.fetch(schema, f"SELECT count(*) FROM {table}", None)
        if count != manifest.passages:
            what = f"{schema}.{table} has {count} rows for {manifest.passages} passages."
            findings.append(Finding("postgres-rows", what, remedy))
    digest = content_digest(GenerationRows(primary, schema), manifest.model_digest, "1 = 1")
    if digest != manifest.digest:
        what = f"{schema} has the digest {digest[:12]}, published was {manifest.digest[:12]}."
        findings.append(Finding("postgres-digest", what, remedy))
    ((lacking,),) = primary.fetch(
        schema,
        f"""SELECT count(*) FROM passages AS p LEFT JOIN vector_keys AS k ON k.key = p.vector_key
            LEFT JOIN {CONTROL}.vectors AS c USING (sha256) WHERE c.sha256 IS NULL""",
        None,
    )
    if lacking:
        findings.append(Finding("postgres-content", f"{lacking} passages of {schema} have no vector there.", remedy))
    rows = primary.fetch(
        schema,
        """SELECT e.embedding, v.vector, v.model, v.key, k.sha256 FROM embeddings AS e JOIN passages AS p ON p.num = e.num
           JOIN vectors AS v ON v.key = p.vector_key JOIN vector_keys AS k ON k.num = v.num
           WHERE e.num %% %(every)s = 0 AND v.vector IS NOT NULL""",
        {"every": max(1, manifest.passages // SAMPLED)},
        binary=True,
    )
    wrong = sum(_differs(*row) for row in rows)
    if wrong:
        what = f"{wrong} of {len(rows)} vectors of {schema} differ from the store's."
        findings.append(Finding("postgres-vectors", what, f"delete what differs from {CONTROL}.vectors; {remedy}"))
    invalid = primary.fetch(
        schema,
        """SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
           JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %(schema)s AND NOT i.indisvalid""",
        {"schema": schema},
    )
    return [*findings, *(Finding("postgres-index", f"The index {name} is not valid.", remedy) for (name,) in invalid)]


def _differs(embedding: bytes, vector: bytes, model: str, key: bytes, named: bytes) -> bool:
    halves, numbers = np.frombuffer(embedding, ">f2", offset=HEAD), np.frombuffer(vector, "<f4")
    rounded = np.allclose(halves.astype(np.float32), numbers, rtol=2**-10, atol=2**-24)
    return not rounded or content_name(model, bytes(key), bytes(vector)) != bytes(named)


def _standbys(hosts: Hosts, number: int) -> list[str]:
    notes = []
    for host in hosts.standbys:
        try:
            behind = number - asked(host)[0]
        except (psycopg.Error, KnowledgeBaseError) as error:
            notes.append(f"The standby {host.name} does not answer ({str(error).strip().splitlines()[0][:200]}).")
            continue
        notes.append(f"The standby {host.name} " + (f"is {behind} generations behind." if behind else "is up to date."))
    return notes
