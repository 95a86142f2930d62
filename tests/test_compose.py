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


def test_of_sentences_that_say_the_same_the_one_without_another_date_speaks():
    both = "Pakistan has the AUPTT (signed on 15 July 2021) and a pact with Tajikistan (signed on 14 December 2022)."
    alone = "The AUPTT was signed on 15 July 2021 in Tashkent."
    texts = {"e": both, "f": alone}
    items = whole(texts)
    (statement,) = compose(items, 0.5, texts.__getitem__, "When was the AUPTT signed?").statements
    assert statement.text == alone and len(statement.citations) == 2
    (of_both,) = compose(items[:1], 0.5, texts.__getitem__, "When was the AUPTT signed?").statements
    assert [both[start:end] for start, end in of_both.emphasis] == ["15 July 2021"]


def test_a_sentence_on_an_older_one_does_not_speak_for_its_group():
    texts = {
        "e": "Pakistan has the AUPTT (signed on 15 July 2021) and a pact with Tajikistan (signed on 14 December 2022).",
        "f": "The older agreement is another than the AUPTT that was signed on 15 July 2021.",
    }
    (statement,) = compose(whole(texts), 0.5, texts.__getitem__, "When was the AUPTT signed?").statements
    assert statement.text == texts["e"]


def test_one_sentence_that_tells_both_halves_goes_before_two():
    texts = {
        "e": "The AUPTT of Pakistan and Uzbekistan was signed on 15 July 2021.",
        "f": "Pakistan and Uzbekistan signed the AUPTT in Tashkent on 15 July 2021.",
    }
    (statement,) = compose(whole(texts), 0.5, texts.__getitem__, "When and where was the AUPTT signed?").statements
    assert statement.text == texts["f"]


def whole(texts):
    """A judged sentence of each text, all of it, the first the most probable."""
    return [made(text, 0.9 - n / 20, document) for n, (document, text) in enumerate(texts.items())]


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
    found = compose(items, 0.5, question="Which countries signed the pact?")
    assert [s.text for s in found.statements] == ["Kazakhstan signed the pact.", "Tajikistan signed the pact."]
    both = made("Kazakhstan and Tajikistan signed the pact.", 0.7, "l9")
    found = compose([*items, both], 0.5, question="Which countries signed the pact?")
    assert [s.text for s in found.statements] == [both.text]


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
        ("What about Tajikistan?", "names something but asks nothing"),
        ("А как насчёт Таджикистана?", "names something but asks nothing"),
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


def test_who_looked_on_has_not_signed():
    items = [
        made("Prime Minister Imran Khan and President Mirziyoyev witnessed the signing of the pact.", 0.9, "w1"),
        made("Adviser Abdul Razak Dawood and Deputy Prime Minister Sardor Umurzakov signed the pact.", 0.8, "w2"),
    ]
    assert "Umurzakov" in compose(items, 0.5, question="Who signed the pact?").statements[0].text
    seen = compose(items, 0.5, question="Who witnessed the signing of the pact?").statements[0]
    assert "Imran Khan" in seen.text


def test_the_sources_silence_is_said_before_a_date_that_is_near():
    silent = "The sources do not state whether the pact was signed."
    items = [made("In May 2022 the minister asked that the pact be signed early.", 0.9, "s1"), made(silent, 0.7, "s2")]
    assert compose(items, 0.5).statements[0].text == silent


def test_the_other_half_of_a_question_is_said_from_a_less_probable_sentence():
    items = [
        evidence("a", SIGNED, 0.9),
        made("The pact lets trucks of both sides pass.", 0.4, "h1"),
        made("The pact was signed while Minister Rashid Meredov looked on.", 0.4, "h2"),
    ]
    found = compose(items, 0.3, question="When was the pact signed, and which minister looked on?")
    assert [s.text[-10:] for s in found.statements] == ["July 2021.", "looked on."]


def test_a_sentence_on_another_agreement_does_not_go_beside_the_first():
    older = "The older agreement on transit was signed on 4 May 1997."
    items = [evidence("a", SIGNED, 0.9), made(older, 0.85, "o1")]
    assert [s.text for s in compose(items, 0.5).statements] == [SIGNED]
    items = [
        made("The AUPTT was signed on 15 July 2021.", 0.9, "o2"),
        made("The QTTA was signed on 9 March 1995.", 0.85, "o3"),
    ]
    found = compose(items, 0.5, question="When was the transit pact of both sides signed?")
    assert len(found.statements) == 1


def test_a_list_begins_with_the_sentence_that_enumerates():
    items = [
        made("This brief describes the strands of the policy and the statements on it.", 0.95, "e1"),
        made("The policy has five strands.", 0.9, "e2"),
        made("The strands of the policy are: politics; trade; energy; security.", 0.8, "e3"),
        made("No budget of the policy is known.", 0.8, "e4"),
    ]
    found = compose(items, 0.5, question="What are the strands of the policy?")
    assert [s.text[:11] for s in found.statements] == ["The strands"]


def test_what_a_question_names_behind_a_colon_is_answered_item_by_item():
    items = [
        made("The works on the line began in 2018.", 0.9, "i1"),
        made("The launch was held on 12 May 2016.", 0.8, "i2"),
        made("The bank approval came on 27 March 2014.", 0.7, "i3"),
        made("Building restarted in December 2024.", 0.6, "i4"),
    ]
    found = compose(items, 0.3, question="Put these milestones of the line in order: bank approval, launch, restart of building.")
    assert [s.text[-5:] for s in found.statements] == ["2014.", "2016.", "2024."]


def test_a_comparison_of_countries_has_a_statement_on_each_in_the_order_asked():
    items = [
        made("Trade with Uzbekistan was USD 404 million.", 0.9, "c1"),
        made("Trade with Uzbekistan was USD 126 million in 2022-23.", 0.85, "c2"),
        made("Trade with Tajikistan was USD 53 million.", 0.5, "c3"),
        made("Trade with Kazakhstan was USD 250 million.", 0.45, "c4"),
    ]
    found = compose(items, 0.3, question="Compare the trade of Pakistan with Kazakhstan, Uzbekistan and Tajikistan.")
    assert [s.text[11:15] for s in found.statements] == ["Kaza", "Uzbe", "Taji"]


def test_a_comparison_says_the_sentences_that_differ():
    items = [
        made("The line is 1,640 km long.", 0.9, "k1"),
        made("The line is 56 inches wide and is to last 30 years.", 0.8, "k2"),
        made("The line is 1,849 km long, The News wrote.", 0.4, "k3"),
    ]
    question = understand("How do the sources differ on how long the line is?", GAZETTEER)
    found = Composer(question, GAZETTEER, 0.3, TEXTS.__getitem__).compose(items, [items[0], items[2]])
    assert [s.text[12:17] for s in found.statements] == ["1,640", "1,849"]


@pytest.mark.parametrize(
    ("question", "sentence", "as_of"),
    [
        ("Who is the ambassador of Pakistan?", "Ali Khan is the ambassador of Pakistan, Dawn wrote on 3 May 2025.", "2025-05-03"),
        ("Is the pact in force?", "The pact is in force, Dawn wrote in December 2024.", "2024-12"),
        ("What is the target for trade?", "In February 2025 they set a target of USD 2 billion for 2029.", "2025-02"),
        ("What is the target for trade?", "They settled in May 2022 that the target be met by May 2023.", "2022-05"),
        ("When was the pact signed?", "The pact was signed on 15 July 2021.", ""),
        ("Is the pact in force?", "The pact is in force.", ""),
    ],
)
def test_what_changes_is_said_with_its_day(question, sentence, as_of):
    (statement,) = compose([made(sentence, 0.9, "t")], 0.5, question=question).statements
    assert (statement.text, statement.as_of) == (sentence, as_of)


def test_what_a_pronoun_leans_on_is_found_over_the_border_of_passages():
    text = "The pact covers trucks of both sides.\n\nIt was signed on 15 July 2021."
    one = evidence("a", SIGNED, 0.9)
    passage = Passage("p", "border", 1, text[39:], Locator(39, len(text)), "en")
    candidate = dataclasses.replace(one.candidate, hit=dataclasses.replace(one.candidate.hit, passage=passage))
    item = dataclasses.replace(one, candidate=candidate, start=0, end=len(text) - 39)
    (statement,) = compose([item], 0.5, lambda _: text).statements
    assert (statement.text, statement.context) == (text[39:], "The pact covers trucks of both sides.")
    (statement,) = compose([item], 0.5, lambda _: text.replace("sides.\n", "sides\n\n")).statements
    assert statement.context == "a"  # a heading stands before: the document's title


def test_in_a_language_that_is_not_measured_only_what_is_named_answers():
    items = [made("Tajikistan and Pakistan signed it on 2 July 2024.", 0.9, "u1")]
    assert compose(items, 0.5, question="Özbekistan ile Pakistan ne zaman imzaladı?").statements == ()
    items = [made("Uzbekistan and Pakistan signed it on 15 July 2021.", 0.8, "u2"), *items]
    assert "2021" in compose(items, 0.5, question="Özbekistan ile Pakistan ne zaman imzaladı?").statements[0].text


def test_a_timeline_that_no_single_sentence_gives_is_gathered_from_those_on_all_that_is_named():
    items = [
        made("CASA-1000 was launched in Dushanbe on 12 May 2016.", 0.2, "z1"),
        made("The World Bank approved CASA-1000 on 27 March 2014.", 0.2, "z2"),
        made("Building of CASA-1000 towers began again in December 2024.", 0.2, "z3"),
        made("TAPI was launched in December 2015.", 0.2, "z4"),
    ]
    found = compose(items, 0.5, question="What is the timeline of CASA-1000?")
    assert [s.text[-5:] for s in found.statements] == ["2014.", "2016.", "2024."]
    assert compose(items[1:], 0.5, question="What is the timeline of CASA-1000?").statements == ()
    assert compose(items, 0.5, question="What is the timeline of nuclear power in CASA-1000?").statements == ()


def test_a_value_of_another_measure_is_not_emphasised():
    (statement,) = compose(
        [made("The line has 500 kV, is 500 km long and carries up to 4,000 MW.", 0.9, "m1")],
        0.5,
        question="What is the capacity of the line?",
    ).statements
    assert [statement.text[a:b] for a, b in statement.emphasis] == ["up to 4,000 MW"]


def test_what_was_to_be_goes_behind_what_was():
    items = [
        made("The airline was to begin flights in March 2023.", 0.9, "f1"),
        made("The airline began its flights on 8 July 2023.", 0.85, "f2"),
    ]
    assert "8 July" in compose(items, 0.5, question="When did the airline begin flights?").statements[0].text


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many documents were signed when Tokayev came?", "number"),
        ("How many were signed, and when?", "number"),
        ("What was signed when he came?", "factoid"),
        ("When was it signed and by whom?", "date"),
        ("Who signed it and when?", "person"),
        ("Since when is it open?", "date"),
    ],
)
def test_the_first_thing_asked_for_is_the_kind(question, kind):
    assert understand(question, GAZETTEER).kind == kind
