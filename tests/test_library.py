"""Questions to a small library with a fake encoder: answers, abstentions, filters, generations, errors."""

import dataclasses
import threading
from pathlib import Path

import pytest

from kb.errors import BadRequest, IndexMissing, IndexStale, NotFound
from kb.evidence import NO_FIGURE
from kb.evidence_model import load_model
from kb.library import Library
from kb.records import Filters
from kb.serialize import answer_json, document_json, search_json
from tests.fakes import FakeEncoder
from tests.test_reindex import Bench

GOLDEN = Path(__file__).parent / "golden"
TEXTS = {
    "transit.txt": "The Transit Trade Agreement of Pakistan and Uzbekistan was signed in Tashkent on 15 July 2021.\n\n"
    "Trucks drive to Karachi without changing their load. The agreement names Torkham and Chaman as crossings.",
    "power.txt": "The CASA-1000 line is 1,387 km long.\n\nIt carries 1,300 MW from Kyrgyzstan and Tajikistan to Pakistan.",
    "urdu.txt": "پاکستان اور ازبکستان نے 15 جولائی 2021 کو تاشقند میں معاہدے پر دستخط کیے۔",
}


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    for name, text in TEXTS.items():
        made.write(name, text)
    made.run()
    return made


@pytest.fixture
def library(bench):
    opened = bench.library()
    yield opened
    opened.close()


def test_every_quote_of_an_answer_is_the_documents_text(library):
    answer = library.ask("When was the Transit Trade Agreement of Pakistan and Uzbekistan signed in Tashkent?")
    assert answer.status == "answered"
    assert "15 July 2021" in answer.text
    for citation in answer.citations:
        text = library.document(citation.document.id).text
        assert text[citation.locator.start : citation.locator.end] == citation.quote
    assert {marker for statement in answer.statements for marker in statement.citations} == {c.marker for c in answer.citations}


def test_an_abstention_has_a_reason_and_the_nearest_passages(library):
    answer = library.ask("What is the population of Atlantis?")
    assert (answer.status, answer.statements, answer.citations) == ("abstained", (), ())
    assert answer.reason
    assert answer.nearest
    assert answer.confidence < 0.5


def test_the_json_of_the_contract(library):
    answer = answer_json(library.ask("How long is the CASA-1000 line?"))
    assert set(answer) == {
        "question", "status", "confidence", "text", "reason", "statements", "citations", "conflicts", "nearest", "also_searched",
        "index", "models", "timings_ms", "understood", "generated",
    }  # fmt: skip
    assert set(answer["statements"][0]) == {"text", "citations", "context", "emphasis", "as_of"}
    assert answer["understood"] | {"entities": []} == {
        "language": "en", "kind": "number", "looked_for": "a figure", "period": None, "entities": [], "article": None,
    }  # fmt: skip
    assert set(answer["citations"][0]) == {
        "marker", "passage_id", "document_id", "uri", "title", "kind", "publisher", "date", "language", "url", "locator", "quote",
        "context", "permalink",
    }  # fmt: skip
    assert set(answer["citations"][0]["locator"]) == {"page", "page_label", "section", "pinpoint", "start", "end", "ocr"}
    found = search_json(library.search("CASA-1000"))
    assert set(found) >= {"query", "items", "next"}
    assert set(found["items"][0]) >= {"passage_id", "document_id", "uri", "title", "text", "score", "locator"}
    document = document_json(library.document(found["items"][0]["document_id"]))
    assert document["text"].startswith("The CASA-1000 line")


def test_filters_hold_for_answers_and_passages(library):
    answer = library.ask("When was the agreement signed?", Filters(language=("ur",)))
    assert {hit.document.metadata.language for hit in answer.nearest} == {"ur"}
    assert library.search("agreement", Filters(kind=("dataset",))).items == ()
    assert library.ask("When was the agreement signed?", Filters(kind=("dataset",))).reason.startswith("Nothing in the documents")


def test_pages_of_results_neither_repeat_nor_lose(library):
    every = [hit.passage.id for hit in library.search("agreement Pakistan", n=200).items]
    paged, offset = [], 0
    while True:
        page = library.search("agreement Pakistan", n=2, offset=offset)
        paged += [hit.passage.id for hit in page.items]
        if page.next is None:
            break
        offset = int(page.next)
    assert paged == every
    scores = [hit.score for hit in library.search("agreement Pakistan", n=200).items]
    assert scores == sorted(scores, reverse=True)


def test_documents_are_listed_by_title_with_a_cursor(library):
    first = library.documents(n=2)
    rest = library.documents(n=2, cursor=first.next)
    assert (first.total, len(first.items), len(rest.items), rest.next) == (3, 2, 1, None)
    assert len({item.id for item in (*first.items, *rest.items)}) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda library: library.ask(""),
        lambda library: library.ask("x" * 10_000),
        lambda library: library.ask("transit", n=0),
        lambda library: library.search("transit", n=100_000),
        lambda library: library.search("transit", offset=-1),
        lambda library: library.ask("transit", Filters(country=("Atlantis",))),
        lambda library: library.documents(cursor="zzz"),
    ],
)
def test_what_cannot_be_served_is_a_bad_request(library, call):
    with pytest.raises(BadRequest):
        call(library)


@pytest.mark.parametrize("call", ["document", "passage", "passages", "original"])
def test_unknown_ids_are_not_found(library, call):
    with pytest.raises(NotFound, match="nonesuch"):
        getattr(library, call)("nonesuch")


def test_the_original_is_the_file_as_it_was(bench, library):
    (item,) = [item for item in library.documents().items if item.uri == "docs/power.txt"]
    original = library.original(item.id)
    assert original.name == "power.txt"
    with open(original.path, "rb") as handle:
        assert handle.read() == (bench.docs / "power.txt").read_bytes()


def test_without_an_index_and_with_another_model(bench, tmp_path):
    nowhere = dataclasses.replace(bench.settings, home=tmp_path / "x")
    empty = Library(nowhere, lambda: bench.encoder, ("fake", "digest"))
    with pytest.raises(IndexMissing, match="python -m ingest reindex"):
        empty.ask("anything at all")
    other = FakeEncoder(digest="another")
    stale = Library(bench.settings, lambda: other, (other.model, other.digest))
    with pytest.raises(IndexStale, match="python -m ingest reindex"):
        stale.ready()


def test_a_new_generation_is_taken_up_without_a_failed_or_mixed_answer(bench, library):
    question = "When was the Transit Trade Agreement of Pakistan and Uzbekistan signed in Tashkent?"
    seen, errors, stop = set(), [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answer = library.ask(question)
                seen.add((answer.index.generation, answer.text))
            except Exception as error:  # noqa: BLE001 (collected, and asserted to be none)
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for year in (2022, 2023):
            bench.write("transit.txt", TEXTS["transit.txt"].replace("2021", str(year)))
            bench.run()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    final = library.ask(question)
    assert not errors
    assert final.index.generation == 3
    assert "2023" in final.text
    for generation, text in seen:
        assert str(2020 + generation) in text or "2021" in text


TABLE = """Trade of Pakistan (USD million)

Partner country,Fiscal year,Exports,Remarks
Kazakhstan,2023-24,97.9,as of Sept. 2024
Kazakhstan,2024-25,188.3,"provisional; as of Sept. 2025, revised"
Uzbekistan,2024-25,131.6,as of Sept. 2025
"""


def test_a_row_of_a_table_is_quoted_whole_and_cited_alone(bench):
    bench.write("trade.csv", TABLE)
    bench.run()
    library = bench.library()
    question = "What were Kazakhstan's exports in the fiscal year 2024-25?"
    answer = library.ask(question)
    assert [(citation.quote, citation.locator.pinpoint) for citation in answer.citations] == [
        (
            "Partner country: Kazakhstan; Fiscal year: 2024-25; Exports: 188.3; Remarks: provisional; as of Sept. 2025, revised",
            "row 5",
        )
    ]
    held_back = {
        evidence.text.split("; ")[1]: evidence.probability / load_model().probability(evidence.features)
        for evidence in library.evidence(question, lambda candidate: bool(candidate.hit.passage.rows))
        if "Kazakhstan" in evidence.text
    }
    assert held_back == pytest.approx({"Fiscal year: 2024-25": 1.0, "Fiscal year: 2023-24": NO_FIGURE})
    (passage,) = library.passages(answer.citations[0].document.id)
    assert passage.locator.pinpoint == "rows 4–6"
    assert passage.locator.section == ("Trade of Pakistan (USD million)",)
    assert [row.place for row in passage.rows] == ["row 4", "row 5", "row 6"]
    blocks = document_json(library.document(passage.document_id))["blocks"]
    assert [block["place"] for block in blocks] == ["row 1", "row 4", "row 5", "row 6"]
    library.close()


def test_a_message_and_its_attachments_are_documents(bench):
    data = (GOLDEN / "mail.eml").read_text(encoding="utf-8")
    bench.write("mail.eml", data)
    assert bench.run().added == 4
    library = bench.library()
    uris = {item.uri for item in library.documents(Filters(), 50).items}
    assert uris >= {"docs/mail.eml", "docs/mail.eml#торговля-1.csv", "docs/mail.eml#Permits-in-March"}
    library.close()
