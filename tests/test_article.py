"""An article looked up by number: its passages first, and its sentences as the answer if nothing else is asked for."""

import pytest

from kb.article import LOOKED_UP
from kb.records import Filters
from tests.test_reindex import Bench

ALAND = """# Treaty of Aland and Borland on Fishing

## Article 5

Each Party shall mark its nets. Nets without a mark are confiscated.

## Article 6

Disputes go to a joint committee of fishermen.
"""
CORLAND = ALAND.replace("Borland", "Corland").replace("nets", "boats").replace("Nets", "Boats")


@pytest.fixture
def library(tmp_path):
    bench = Bench(tmp_path)
    bench.write("aland-borland.md", ALAND)
    bench.write("aland-corland.md", CORLAND)
    bench.write("talk.txt", "Article 5 of the treaty of Aland and Borland was much talked of in the press.")
    bench.run()
    opened = bench.library()
    yield opened
    opened.close()


@pytest.mark.parametrize("number", ["5", "V"])
def test_the_article_of_the_named_treaty_is_quoted(library, number):
    answer = library.ask(f"What does Article {number} of the treaty of Aland and Borland say?")
    assert answer.understood.kind == "article"
    assert answer.nearest[0].document.uri == "docs/aland-borland.md"
    assert [statement.text for statement in answer.statements] == [
        "Each Party shall mark its nets.",
        "Nets without a mark are confiscated.",
    ]
    assert {citation.locator.pinpoint for citation in answer.citations} == {"art. 5"}
    assert answer.confidence >= LOOKED_UP
    scores = [hit.score for hit in answer.nearest]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "question",
    [
        "What does Article 9 of the treaty of Aland and Borland say?",  # there is none
        "What does Article 5 of the treaty of Aland say?",  # of which?
        "What does Article 5 of the treaty of Aland and Borland say about submarine volcanoes?",
    ],
)
def test_what_is_not_the_article_alone_is_left_to_the_judge(library, question):
    answer = library.ask(question)
    assert answer.confidence < LOOKED_UP or "nets" not in answer.text


def test_filters_hold_for_a_look_up(library):
    (corland,) = [item.id for item in library.documents().items if "corland" in item.uri]
    answer = library.ask("What does Article 5 of the treaty of Aland and Borland say?", Filters(document=(corland,)))
    assert {hit.document.id for hit in answer.nearest} == {corland}
