"""Counts of documents by what can be filtered, over a whole generation and over what a question found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kb import store
from kb.ports import Rows
from kb.records import Facets, Found, Hit

VISIBLE = store.VISIBLE
HIDDEN = store.HIDDEN


def facets(connection: Rows, generation: int, projects: Mapping[str, str]) -> Facets:
    """Over all documents of the generation. `projects` maps the id of an entity to its name."""

    def counted(field: str) -> dict[str, int]:
        rows = connection.execute(
            f"""SELECT {field} AS value, count(*) AS n FROM documents AS d
                WHERE {VISIBLE} AND {field} != '' GROUP BY 1 ORDER BY n DESC, 1""",
            {"g": generation},
        )
        return dict(rows.fetchall())

    countries = connection.execute(
        f"""SELECT country, count(*) AS n FROM document_countries
            WHERE document NOT IN ({HIDDEN}) GROUP BY 1 ORDER BY n DESC, 1""",
        {"g": generation},
    )
    return Facets(
        country=dict(countries.fetchall()),
        kind=counted("d.kind"),
        language=counted("d.language"),
        publisher=counted("d.publisher"),
        year=counted("substr(d.published_start, 1, 4)"),
        project=_mentioned(connection, generation, projects, None),
    )


def found_by(connection: Rows, generation: int, hits: Sequence[Hit], projects: Mapping[str, str]) -> Found:
    """What the hits come to: each document counts once."""
    documents = {hit.document.id: hit.document for hit in hits}
    known = [one.metadata for one in documents.values()]
    return Found(
        passages=len(hits),
        documents=len(documents),
        facets=Facets(
            country=_counts(country for one in known for country in one.countries),
            kind=_counts(one.kind for one in known),
            language=_counts(one.language for one in known),
            publisher=_counts(one.publisher for one in known),
            year=_counts(one.published[:4] for one in known),
            project=_mentioned(connection, generation, projects, list(documents)),
        ),
    )


def _mentioned(connection: Rows, generation: int, projects: Mapping[str, str], documents: Sequence[str] | None) -> dict[str, int]:
    """Names of projects by the documents that mention them or are filed under them; of `documents` (ids), or of all. A question
    finds a few hundred at most, which is below the number of parameters that a statement takes."""
    if documents is None:
        joined, among = "", ""
    else:
        joined, among = "JOIN documents AS d ON d.num = m.document", f"AND d.id IN ({', '.join('?' * len(documents))})"
    rows = connection.execute(
        f"""SELECT m.entity_id, count(*) FROM document_entities AS m {joined}
            WHERE m.document NOT IN ({HIDDEN.replace(":g", "?")}) {among}
            AND m.entity_id IN ({", ".join("?" * len(projects))}) GROUP BY 1""",
        (generation, generation, *(documents or ()), *projects),
    )
    return _ordered({projects[entity]: n for entity, n in rows})


def _counts(values: Iterable[str]) -> dict[str, int]:
    return _ordered(Counter(value for value in values if value))


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
