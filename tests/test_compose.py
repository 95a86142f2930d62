import dataclasses

import pytest

from kb.abstain import not_one_question, reason_for_abstaining
from kb.compose import Composer
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


GAZETTEER = Gazetteer.load()


def compose(items, threshold, text_of=TEXTS.__getitem__, question="When was the pact signed?"):
    return Composer(understand(question, GAZETTEER), GAZETTEER, threshold, text_of).compose(items)


SIGNED = "The pact was signed on 15 July 2021."


def test_sentences_that_say_the_same_are_one_statement_with_both_citations():
    found = compose([evidence("a", SIGNED, 0.9), evidence("b", SIGNED, 0.9)], 0.5, TEXTS.__getitem__)
    assert [statement.citations for statement in found.statements] == [(1, 2)]
    assert [(c.document.id, c.quote) for c in found.citations] == [("a", SIGNED), ("b", SIGNED)]


def test_a_further_sentence_is_said_only_if_it_adds_what_was_asked_for():
    items = [evidence("a", SIGNED, 0.9), evidence("c", TEXTS["c"], 0.85), evidence("a", "Trucks need a permit.", 0.85)]
    assert [s.text for s in compose(items, 0.5).statements] == [SIGNED]
    both = compose(items, 0.5, question="When and where was the pact signed?")
    assert [s.text for s in both.statements] == [SIGNED, TEXTS["c"]]
    assert compose(items, 0.95).statements == ()


def test_what_answers_is_emphasised():
    (statement,) = compose([evidence("a", SIGNED, 0.9)], 0.5).statements
    assert [statement.text[start:end] for start, end in statement.emphasis] == ["15 July 2021"]


def test_a_sentence_with_the_asked_thing_goes_before_a_better_one_without():
    items = [evidence("c", TEXTS["c"], 0.9), evidence("a", SIGNED, 0.7)]
    assert [s.text for s in compose(items, 0.5).statements] == [SIGNED]
    off = [evidence("c", TEXTS["c"], 0.9), evidence("a", SIGNED, 0.7, entities=0.5)]
    assert compose(off, 0.5).statements[0].text == TEXTS["c"]


def made(text: str, probability: float, document: str = "x") -> Evidence:
    """The last sentence of `text` as evidence; its document is the text."""
    TEXTS[document] = text
    last = text.rsplit(". ", 1)[-1]
    return evidence(document, last, probability)


def test_a_sentence_that_denies_the_premise_is_not_passed_over_for_a_date():
    denial = "The sources do not state whether the pact was signed."
    items = [made(denial, 0.9, "y"), evidence("a", SIGNED, 0.7)]
    assert compose(items, 0.5).statements[0].text == denial


@pytest.mark.parametrize(
    ("question", "sentence", "said"),
    [
        ("Who signed the pact?", "The pact covers trucks of both sides.", 0),
        ("Who signed the pact?", "Kazakhstan signed the pact.", 1),
        ("When was the pact signed?", "The pact covers trucks of both sides.", 0),
        ("When was the pact signed?", "The pact has not been signed.", 1),
        ("When was the pact signed, and what does it cover?", "The pact covers trucks of both sides.", 1),
    ],
)
def test_no_answer_without_a_thing_of_the_asked_type(question, sentence, said):
    assert len(compose([made(sentence, 0.9)], 0.5, question=question).statements) == said


def test_a_timeline_is_in_order_of_date_and_a_month_is_no_news_after_its_day():
    items = [
        made("Work on the line began on 3 May 2016.", 0.9, "d1"),
        made("The line was agreed in 2010.", 0.8, "d2"),
        made("In May 2016 the line was begun.", 0.7, "d3"),
        made("Poles of the line stood in 2025.", 0.6, "d4"),
    ]
    found = compose(items, 0.5, question="What is the timeline of the line?")
    assert [s.text[-11:-1] for s in found.statements] == ["ed in 2010", "3 May 2016", "od in 2025"]


def test_items_of_a_list_are_gathered_over_documents():
    items = [made(f"{country} signed the pact.", 0.9 - n / 20, f"l{n}") for n, country in enumerate(("Kazakhstan", "Tajikistan"))]
    items.append(made("Kazakhstan and Tajikistan signed the pact.", 0.7, "l9"))
    found = compose(items, 0.5, question="Which countries signed the pact?")
    assert [s.text for s in found.statements] == ["Kazakhstan signed the pact.", "Tajikistan signed the pact."]


def test_what_a_pronoun_leans_on_is_shown_beside_the_quote():
    (statement,) = compose([made("The pact covers trucks of both sides. It was signed on 15 July 2021.", 0.9)], 0.5).statements
    assert statement.text == "It was signed on 15 July 2021."
    assert statement.context == "The pact covers trucks of both sides."
    (alone,) = compose([made("It was signed on 15 July 2021.", 0.9)], 0.5).statements
    assert alone.context == "x"  # the title
    (plain,) = compose([evidence("a", SIGNED, 0.9)], 0.5).statements
    assert plain.context == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Gwadar", "names something but asks nothing"),
        ("CASA-1000", "names something but asks nothing"),
        ("When? Where? Who? How much was it?", "4 questions at once"),
        ("When was it signed, and where? And by whom?", None),
        ("Gwadar Tashkent distance", None),
    ],
)
def test_what_is_no_single_question(text, reason):
    said = not_one_question(understand(text, GAZETTEER))
    assert said is None if reason is None else reason in said


@pytest.mark.parametrize(
    ("objection", "unknown", "reason"),
    [
        ("ending", (), "no such end"),
        ("period", (), "outside the period asked about (from 2021-01-01 on)"),
        (None, ("Smith",), "No passage names Smith"),
    ],
)
def test_an_abstention_names_the_false_premise(objection, unknown, reason):
    question = understand("Which treaties were cancelled since 2021?", GAZETTEER)
    said = reason_for_abstaining(question, evidence("a", SIGNED, 0.9), False, objection, unknown)
    assert reason in said


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
    texts = {"a": text, "t": text}
    found = compose(items, 0.5, texts.__getitem__, "How large were the exports to Kazakhstan?")
    assert len(found.statements) == 2
    assert {statement.context for statement in found.statements} == {"a"}
