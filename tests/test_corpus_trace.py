"""The corpus against facts: what counts as covered, as overlap, as unmarked; and the corpus itself."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.facts import bears_out
from kb.evaluate import GoldQuestion
from kb.records import DocumentSummary, Hit, Locator, Metadata, Passage

ROOT = Path(__file__).parents[1]
TRACE = ROOT / "corpus" / ".src" / "trace.py"
FACTS = ROOT.parent / "shared" / "facts" / "facts.jsonl"


@pytest.fixture(scope="module")
def trace() -> ModuleType:
    sys.path.insert(0, str(TRACE.parent))
    try:
        spec = importlib.util.spec_from_file_location("trace_corpus", TRACE)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(TRACE.parent))


FACT = {"fact": "In 2021 officials in Tashkent put transit trade of Uzbekistan at USD 91.5 million and 1,227 trucks."}


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("Tashkent counted 1,227 lorries and trade of USD 91.5 million in 2021 for Uzbekistan. {S001}", True),
        ("Tashkent counted 1227 lorries and trade of USD 91.5 million in 2021 for Uzbekistan. {S001}", True),
        ("Uzbek trade was USD 91.5 million in 2021, said Tashkent. {S001}", False),  # a figure is missing
        ("Trade was USD 91.5 million in 2021, with 1,227 lorries. {S001}", False),  # the names are missing
        ("Tashkent counted 1,227 lorries and trade of USD 91.5 million in 2021 for Uzbekistan. {S002}", False),  # another source
        ("Tashkent counted 1,227 lorries and trade of USD 91.5 million in 2021 for Uzbekistan.", False),  # no mark
    ],
)
def test_a_fact_is_covered_by_its_figures_and_names_under_its_source(trace: ModuleType, text: str, covered: bool) -> None:
    units = list(trace._units("doc", "Trade", f"Lead.\n\n{text}"))
    assert trace._is_covered(trace.covered(FACT, units, frozenset({"S001"}))) is covered


def test_a_row_is_read_with_its_header_and_heading(trace: ModuleType) -> None:
    table = "## Uzbekistan\n\n| Trade in Tashkent, 2021, USD million | Trucks | Note |\n|---|---|---|\n| 91.5 | 1,227 | {S001} |"
    units = list(trace._units("doc", "Trade", table))
    assert [unit.row for unit in units] == [True]
    assert trace._is_covered(trace.covered(FACT, units, frozenset({"S001"})))


@pytest.mark.parametrize(
    ("text", "overlaps"),
    [
        ("They put transit trade of Uzbekistan at USD 91.5 million then. {S001}", 1),
        ("They put the transit trade of Uzbekistan at USD 90 million. {S001}", 0),
        ("They put transit trade of Uzbekistan; at USD 91.5 million then. {S001}", 1),  # a semicolon ends no sentence
        ("They put transit trade of Uzbekistan. At USD 91.5 million it was low. {S001}", 1),
        ("## Put transit trade of Uzbekistan at USD 91.5 million\n\nNobody knows. {S001}", 1),
    ],
)
def test_eight_words_in_a_row_overlap(trace: ModuleType, text: str, overlaps: int) -> None:
    facts = [{"id": "F1", **FACT}]
    assert len(list(trace.overlaps(facts, [list(trace._units("doc", "Trade", text))]))) == overlaps


def test_words_of_a_fact_are_found_wherever_the_corpus_has_them(trace: ModuleType) -> None:
    """Eight words in a row out of the middle of every hundredth paragraph, as if a fact were worded so."""
    units = [unit for _, language, found in trace.documents() if language == "en" for unit in found]
    planted = {}
    for unit in units[::100]:
        words = trace._words(unit.text)
        middle = len(words) // 2
        if len(words) >= 30:
            planted[unit] = " ".join(words[middle - 4 : middle + 4])
    assert len(planted) >= 15
    allowed = [trace._words(title) for title in trace._titles()]
    for unit, words in planted.items():
        if not any(trace._within(tuple(words.split()), title) for title in allowed):
            assert list(trace.overlaps([{"id": "F1", "fact": words}], [[unit]])), words


SOURCE = {
    "key": "S001",
    "title": "Trade of 7 states",
    "publisher": "Kabul 24",
    "date": "2021-08-03",
    "url": "https://one.example",
}
TOLD = {
    "id": "F1",
    "fact": "On 2 August 2021 the fifteenth commission heard of trade of USD 91.5 million, of 12,000 tonnes and of 1,227 trucks.",
    "date": "2021-08-02",
    "source": {"url": "https://one.example", "published": "2021-08-03"},
}


@pytest.fixture
def one_source(trace: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    other = SOURCE | {"key": "S002", "url": "https://two.example", "title": "Another", "publisher": "Another", "date": ""}
    monkeypatch.setattr(trace.source, "public_sources", lambda: {"S001": SOURCE, "S002": other})
    return trace


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Trade was USD 91.5 million on 2 August 2021. {S001}", ""),
        ("On 3 August 2021 Kabul 24 told of 1,227 trucks and the 15th commission. {S001}", ""),  # the day it appeared
        ("Trade was USD 91.6 million. {S001}", "91.6"),
        ("Trade was USD 91.5 million on 12 August 2021. {S001}", "12, 2021-08-12"),
        ("Trade was USD 91.5 million on 3 and 2 August 2021, the 7 states said in 2031-32. {S001}", ""),
        ("Trade was USD 91.5 million. {S002}", "91.5"),  # another source said so
        ("CASA-1000 is told of at https://one.example/99. {S001}", ""),
        ("Торговля составила 91,50 млн долларов 2 августа 2021 года, груз — 12 000 тонн. {S001}", ""),
        ("Торговля составила 91,7 млн долларов 4 августа 2021 года. {S001}", "2021-08-04, 4, 91.7"),
        ("2 اگست 2021 کو 12 ہزار ٹن بتائے گئے۔ {S001}", ""),
        ("2 اگست 2021 کو 13 ہزار ٹن بتائے گئے۔ {S001}", "13000"),
        ("Article 5 and Article II say so; статья 5 и آرٹیکل II. {S001}", ""),
        ("Articles II, 5 and 6 say so, and article VI. {S001}", "6, article 6"),
        ("### Article 5\n\nThe article says so. {S001}", ""),
        ("### Article 7\n\nTrade was USD 91.5 million. {S001}", "article 7"),  # cited as of that article
        ("| No. | Trade |\n|---|---|\n| 1 | 91.5 {S001} |", ""),  # a running number
    ],
)
def test_figures_and_dates_stand_in_what_their_sources_say(one_source: ModuleType, text: str, missing: str) -> None:
    units = list(one_source._units("doc", "Trade", f"Lead.\n\n{text}"))
    law = {
        "id": "F2",
        "fact": "Article II sets quotas, Article 5 deals with 2 permits.",
        "source": {"url": "https://one.example"},
    }
    found = list(one_source.unsupported([TOLD, law], units))
    assert [line.split(": ")[1] for line in found] == ([missing] if missing else [])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("The fifteenth commission heard of 91.5 million, 12,000 tonnes, 1,227 trucks, a single report says. {S001}", 0),
        ("The fifteenth commission heard on 2 August 2021 of USD 91.5 million of trade, 12,000 tonnes, 1,227 trucks. {S001}", 1),
        ("The commission met. {S001}", 0),
    ],
)
def test_what_is_not_sure_is_worded_so(one_source: ModuleType, text: str, faults: int) -> None:
    units = list(one_source._units("doc", "Trade", f"Lead.\n\n{text}"))
    assert len(list(one_source.unhedged([TOLD | {"confidence": "low"}], units))) == faults
    assert not list(one_source.unhedged([TOLD | {"confidence": "medium"}], units))


def test_what_stands_under_an_article_is_of_that_article(trace: ModuleType) -> None:
    """A paragraph is cited by the article under whose heading it stands."""
    units = [unit for name, _, found in trace.documents() if name.startswith("agreements/") for unit in found]
    below = [unit for unit in units if trace._ARTICLES.search(unit.headings)]
    assert len(below) >= 20
    for unit in below:
        number = trace._ARTICLES.findall(unit.headings)[-1]
        assert f"article {number}" in trace._articles(trace.Unit("", unit.text, "", frozenset())), unit.text


def test_contradicting_facts_stand_in_one_document(one_source: ModuleType) -> None:
    first = TOLD | {"id": "F1", "fact": "Kazakhstan counted 15 trucks.", "contradicts": ["F2"]}
    second = TOLD | {"id": "F2", "fact": "Kazakhstan counted 27 trucks.", "contradicts": ["F1"]}
    one = list(one_source._units("one", "Trade", "Lead.\n\nKazakhstan counted 15 trucks. {S001}"))
    two = list(one_source._units("two", "Trade", "Lead.\n\nKazakhstan counted 27 trucks. {S001}"))
    assert list(one_source.apart([first, second], [one, two])) == ["F1 and F2"]
    assert list(one_source.apart([first, second], [[*one, *two]])) == []


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Trade. APP. undated (about 2025-07). https://one.example"),
        ("ru", "Trade. APP. без даты (около 2025-07). https://one.example"),
        ("ur", "Trade. APP. تاریخ درج نہیں (تقریباً 2025-07). https://one.example"),
    ],
)
def test_a_source_without_a_date_says_about_when_it_is(trace: ModuleType, language: str, line: str) -> None:
    row = {"title": "Trade", "publisher": "APP", "date": "", "about": "2025-07", "url": "https://one.example"}
    assert trace.source.source_line(row, language) == line


def test_only_sources_without_a_date_are_dated_about(trace: ModuleType) -> None:
    rows = trace.source.public_sources().values()
    assert [
        row["key"] for row in rows if "about" in row and (row["date"] or not re.fullmatch(r"\d{4}(-\d\d)?", row["about"]))
    ] == []
    assert sum("about" in row for row in rows) >= 100


def test_figures_need_a_mark_except_in_the_lead(trace: ModuleType) -> None:
    body = "A brief of 2021.\n\nTrade was 5.\n\nNobody knows more.\n\nTrade was 6. {S001}"
    assert list(trace.unmarked(list(trace._units("doc", "Trade", body)))) == ["doc: Trade was 5."]


def test_nothing_in_the_corpus_is_unmarked(trace: ModuleType) -> None:
    documents = list(trace.documents())
    assert len(documents) >= 60
    assert [line for _, _, units in documents for line in trace.unmarked(units)] == []


@pytest.mark.parametrize(
    ("text", "answer", "bears"),
    [
        ("Tashkent counted 1,227 lorries and trade of USD 91.5 million in 2021 for Uzbekistan.", "many", True),  # the fact
        ("Транзит составил 91,5 млн долларов.", "91,5 млн долларов", True),  # the answer, where names are in another script
        ("Tashkent counted 1,228 lorries and trade of USD 91.5 million in 2020.", "many", False),
    ],
)
def test_a_passage_is_evidence_by_its_fact_or_its_answer(trace: ModuleType, text: str, answer: str, bears: bool) -> None:
    passage = Passage("p", "d", 0, text, Locator(0, len(text)), "en")
    summary = DocumentSummary("d", "corpus/a.md", Metadata(title="Trade"), "text/markdown", len(text), 1, 0)
    gold = GoldQuestion("How many?", "answered", (), (), (answer,), "en", "numeric")
    assert bears_out(trace, Hit(passage, summary, 1.0), gold, [FACT]) is bears


@pytest.mark.real
def test_the_corpus_states_the_facts_in_words_of_its_own() -> None:
    if not FACTS.is_file():
        pytest.skip("the collection of facts is not beside the project: the corpus cannot be held against it here")
    done = subprocess.run([sys.executable, str(TRACE), str(FACTS)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert f"of {len([json.loads(line) for line in FACTS.read_text(encoding='utf-8').splitlines()])} facts" in done.stdout
