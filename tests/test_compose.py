import dataclasses

import pytest

from kb.compose import compose, reason_for_abstaining
from kb.evidence import FEATURES, Evidence
from kb.gazetteer import Gazetteer
from kb.question import understand
from kb.records import DocumentSummary, Hit, Locator, Metadata, Passage, Row
from kb.retrieve import Candidate

TEXTS = {
    "a": "The pact was signed on 15 July 2021. Trucks need a permit.",
    "b": "The pact was signed on 15 July 2021.",
    "c": "The pact was signed in Tashkent by both ministers of trade.",
}


def evidence(document: str, sentence: str, probability: float, **features: float) -> Evidence:
    start = TEXTS[document].index(sentence)
    passage = Passage(f"p-{document}", document, 0, TEXTS[document], Locator(0, len(TEXTS[document])), "en")
    summary = DocumentSummary(document, f"docs/{document}", Metadata(title=document), "text/plain", 0, 1, 0)
    values = dict.fromkeys(FEATURES, 1.0) | features
    return Evidence(Candidate(Hit(passage, summary, 1.0), 0.9, None), 0, start, start + len(sentence), values, probability)


SIGNED = "The pact was signed on 15 July 2021."


def test_sentences_that_say_the_same_are_one_statement_with_both_citations():
    found = compose([evidence("a", SIGNED, 0.9), evidence("b", SIGNED, 0.9)], 0.5, TEXTS.__getitem__)
    assert [statement.citations for statement in found.statements] == [(1, 2)]
    assert [(c.document.id, c.quote) for c in found.citations] == [("a", SIGNED), ("b", SIGNED)]


def test_the_best_comes_first_and_what_is_far_below_it_is_not_said():
    items = [evidence("a", SIGNED, 0.9), evidence("c", TEXTS["c"], 0.8), evidence("a", "Trucks need a permit.", 0.55)]
    assert [s.text for s in compose(items, 0.5, TEXTS.__getitem__).statements] == [SIGNED, TEXTS["c"]]
    assert compose(items, 0.95, TEXTS.__getitem__).statements == ()


@pytest.mark.parametrize(
    ("features", "probability", "reason"),
    [
        ({"numbers": 0.0}, 0.2, "do not speak of 2025"),
        ({"entities": 0.5}, 0.2, "do not name everything"),
        ({"expected": 0.0}, 0.2, "give no such thing as a figure"),
        ({}, 0.2, "do not answer the question"),
        ({}, 0.01, "Nothing in the documents comes near the question"),
    ],
)
def test_an_abstention_says_why(features, probability, reason):
    question = understand("How many permits were issued in 2025?", Gazetteer.load())
    assert reason in reason_for_abstaining(question, evidence("a", SIGNED, probability, **features), filtered=False)


def test_filters_are_named_as_a_reason():
    question = understand("How many permits were issued?", Gazetteer.load())
    assert "Try fewer filters" in reason_for_abstaining(question, None, filtered=True)
    assert dataclasses.replace(question, numbers=()).expected == "number"


def test_rows_of_a_table_that_differ_in_a_figure_are_two_statements():
    text = "\n".join(
        f"Partner country: Kazakhstan; Fiscal year: {year}; Exports of all goods (USD million): 9" for year in (2023, 2024)
    )
    rows = tuple(
        Row(at, at + len(line), "row") for at, line in ((0, text.split("\n")[0]), (text.index("\n") + 1, text.split("\n")[1]))
    )
    passage = Passage("p", "t", 0, text, Locator(0, len(text)), "en", rows=rows)
    one = evidence("a", SIGNED, 0.9)
    candidate = dataclasses.replace(one.candidate, hit=dataclasses.replace(one.candidate.hit, passage=passage))
    items = [dataclasses.replace(one, candidate=candidate, start=row.start, end=row.end) for row in rows]
    assert len(compose(items, 0.5, {"a": text, "t": text}.__getitem__).statements) == 2
