import dataclasses

import pytest

from tests.test_compose import compose, whole


@pytest.mark.parametrize("question", ["flights to Tashkent", "What is the latest on flights to Tashkent?"])
def test_where_things_stand_is_said_by_what_was_told_last(question):
    texts = {
        "e": "In December 2021 an airline announced flights to Tashkent.",
        "f": "In May 2025 another carrier announced flights to Tashkent.",
    }
    items = [dataclasses.replace(item, probability=p) for item, p in zip(whole(texts), (0.9, 0.7), strict=True)]
    first = compose(items, 0.5, texts.__getitem__, question).statements[0]
    assert first.text == texts["f"]
    asked_of_then = compose(items, 0.5, texts.__getitem__, "Which airline announced flights to Tashkent?").statements[0]
    assert asked_of_then.text == texts["e"]


def test_one_holds_an_office_whoever_held_it_before():
    texts = {
        "e": "President Atambaev of Kyrgyzstan was in Bishkek on 21 May 2015.",
        "f": "President Sadyr Japarov of Kyrgyzstan came in December 2025.",
    }
    items = [dataclasses.replace(item, probability=p) for item, p in zip(whole(texts), (0.9, 0.8), strict=True)]
    (statement,) = compose(items, 0.5, texts.__getitem__, "Who is the president of Kyrgyzstan?").statements
    assert statement.text == texts["f"]


def test_a_sentence_that_a_page_cut_is_not_said():
    texts = {"e": "the lorries took part, the ministry said in 2024, when", "f": "The lorries took part in 2024."}
    whole_text = {"e": f"Of both countries {texts['e']}", "f": texts["f"]}
    items = whole(texts)
    cut = dataclasses.replace(items[0].candidate.hit.passage.locator, start=18, end=18 + len(texts["e"]))
    passage = dataclasses.replace(items[0].candidate.hit.passage, locator=cut)
    hit = dataclasses.replace(items[0].candidate.hit, passage=passage)
    items[0] = dataclasses.replace(items[0], candidate=dataclasses.replace(items[0].candidate, hit=hit))
    found = compose(items, 0.5, whole_text.__getitem__, "When did the lorries take part?")
    assert [statement.text for statement in found.statements] == [texts["f"]]


def test_of_compared_countries_each_has_its_sentence():
    texts = {
        "e": "Exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "f": "Exports to Tajikistan were USD 29.79 million in FY2024-25.",
    }
    items = [dataclasses.replace(item, probability=p) for item, p in zip(whole(texts), (0.6, 0.4), strict=True)]
    asked = "Were exports in FY2024-25 larger to Kazakhstan or to Tajikistan?"
    assert [statement.text for statement in compose(items, 0.5, texts.__getitem__, asked).statements] == list(texts.values())


def test_what_a_document_says_of_itself_is_no_answer():
    texts = {"e": "This brief is on the recognition of Tajikistan in 1991."}
    assert compose(whole(texts), 0.5, texts.__getitem__, "When was Tajikistan recognised?").statements == ()
