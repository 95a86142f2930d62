"""The corpus against facts: what counts as covered, as overlap, as unmarked; and the corpus itself."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

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
    ],
)
def test_eight_words_in_a_row_overlap(trace: ModuleType, text: str, overlaps: int) -> None:
    facts = [{"id": "F1", **FACT}]
    assert len(list(trace.overlaps(facts, [list(trace._units("doc", "Trade", text))]))) == overlaps


def test_figures_need_a_mark_except_in_the_lead(trace: ModuleType) -> None:
    body = "A brief of 2021.\n\nTrade was 5.\n\nNobody knows more.\n\nTrade was 6. {S001}"
    assert list(trace.unmarked(list(trace._units("doc", "Trade", body)))) == ["doc: Trade was 5."]


def test_nothing_in_the_corpus_is_unmarked(trace: ModuleType) -> None:
    documents = list(trace.documents())
    assert len(documents) >= 60
    assert [line for _, _, units in documents for line in trace.unmarked(units)] == []


@pytest.mark.real
def test_the_corpus_states_the_facts_in_words_of_its_own() -> None:
    if not FACTS.is_file():
        pytest.skip("the collection of facts is not beside the project: the corpus cannot be held against it here")
    done = subprocess.run([sys.executable, str(TRACE), str(FACTS)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert f"of {len([json.loads(line) for line in FACTS.read_text(encoding='utf-8').splitlines()])} facts" in done.stdout
