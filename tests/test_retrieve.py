"""How passages are ranked, with a fake encoder: candidates, the language rule, articles, lists of literature."""

import dataclasses

import pytest

from kb.retrieve import RANKING, articles_of
from tests.test_reindex import Bench

DUTY, SEALS = "Goods in transit pay no duty.", "Lorries carry seals."
TREATIES = {
    "north.md": f"# Treaty of the North\n\n## Article 4\n\n{DUTY}\n\n## Article 5\n\n{SEALS}\n",
    "south.md": f"# Treaty of the South\n\n## Article 4\n\n{SEALS}\n\n## Article V\n\n{DUTY}\n",
}
REPORT = "# Report\n\nThe line is 1,387 km long.\n\n## Sources\n\n1. How long is the power line? The long line. Daily.\n"


@pytest.fixture
def library(tmp_path):
    bench = Bench(tmp_path)
    for name, text in TREATIES.items():
        bench.write(name, text)
    bench.run()
    opened = bench.library()
    yield opened
    opened.close()


def first(candidates):
    hit = candidates[0].hit
    return hit.document.uri.rsplit("/", 1)[-1], hit.passage.locator.pinpoint


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("What does Article 5 of the Treaty of the North say?", ("north.md", "art. 5")),
        ("What does article V of the Treaty of the South say?", ("south.md", "art. V")),
        ("What is in Article 4 of the Treaty of the South?", ("south.md", "art. 4")),
    ],
)
def test_the_article_that_is_asked_about_comes_first(library, question, place):
    # The fake vectors tell nothing here, and among four passages no word is rare.
    ranking = dataclasses.replace(RANKING, cosine=0.0, coverage=1.0, article=1.0)
    assert first(library.rankings(question, [ranking])[0]) == place


def test_a_list_of_literature_comes_after_the_text(tmp_path):
    bench = Bench(tmp_path)
    bench.write("report.md", REPORT)
    bench.run()
    library = bench.library()
    plain, last = library.rankings("How long is the power line?", [dataclasses.replace(RANKING, references_last=False), RANKING])
    assert plain[0].hit.passage.locator.section[-1] == "Sources"
    assert last[0].hit.passage.text.startswith("The line is 1,387 km long")
    assert {c.hit.passage.id for c in plain} == {c.hit.passage.id for c in last}
    library.close()


def test_a_passage_with_the_questions_words_in_its_text_or_title_comes_first(library):
    ranking = dataclasses.replace(RANKING, cosine=0.0, article=0.0, coverage=9.0)
    for place, question in {("south.md", "art. 4"): "Treaty of the South: seals", ("north.md", "art. 4"): "duty, North"}.items():
        assert first(library.rankings(question, [ranking])[0]) == place


@pytest.mark.parametrize("reranked", [0, 1, 2, 50])
def test_scores_fall_over_the_whole_list(library, reranked):
    (found,) = library.rankings("Do goods in transit pay duty?", [dataclasses.replace(RANKING, reranked=reranked)])
    scores = [candidate.hit.score for candidate in found]
    assert scores == sorted(scores, reverse=True) and len(scores) > 2
    assert [candidate.tokens is not None for candidate in found] == [n < reranked for n in range(len(found))]


def test_a_list_of_weight_0_is_left_out(library):
    dense, words = library.rankings("seals", [dataclasses.replace(RANKING, words=0.0), dataclasses.replace(RANKING, dense=0.0)])
    assert all(candidate.hit.word_rank is None for candidate in dense)
    assert {candidate.hit.passage.text for candidate in words} == {"Lorries carry seals."}


@pytest.mark.parametrize(
    ("pinpoint", "articles"),
    [
        ("art. V(2), p. 3", {"5"}),
        ("art. 12", {"12"}),
        ("art. 1.4", {"1.4"}),
        ("p. 5", set()),
        ("part. 5", set()),
        ("art. XLI", {"41"}),
    ],
)
def test_articles_of_a_pinpoint(pinpoint, articles):
    assert articles_of(pinpoint) == articles
