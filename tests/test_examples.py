"""Example questions: made of the names that the documents mention, and kept only if they are surely answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.errors import IndexMissing
from kb.examples import MOST, examples
from kb.records import Answer, Citation, DocumentSummary, EntityCount, Facets, Filters, Locator, Metadata, Statement
from tests.fake_library import MANIFEST, FakeLibrary, app_over
from web.examples import Examples
from web.form import form
from web.home_page import Collection, home_page

NONE = Facets({}, {}, {}, {})

ENTITIES = (
    EntityCount("Q843", "Pakistan", "country", 9, 90),
    EntityCount("Q265", "Uzbekistan", "country", 8, 80),
    EntityCount("Q863", "Tajikistan", "country", 7, 70),
    EntityCount("project:casa-1000", "CASA-1000", "project", 6, 60),
    EntityCount("project:tapi", "TAPI", "project", 5, 50),
    EntityCount("agreement:qtta", "QTTA", "agreement", 4, 40),
)


def answered(question: str, confidence: float = 0.9, language: str = "en", emphasis=((0, 4),)) -> Answer:
    document = DocumentSummary("d", "u", Metadata(language=language), "text/plain", 9, 1, 0)
    citation = Citation(1, "p", document, Locator(0, 4), "1995", "1995", "/documents/d")
    statement = Statement("1995", (1,), "", emphasis)
    return Answer(question, "answered", confidence, (statement,), (citation,), None, (), (), (), MANIFEST, {}, {})


def language_of(question: str) -> str:
    return "ur" if "؟" in question else "ru" if any("а" <= letter <= "я" for letter in question.lower()) else "en"


def test_each_language_has_its_own_and_none_repeats_a_name_or_a_pattern():
    chosen = examples(lambda question: answered(question, language=language_of(question)), ENTITIES)
    assert [language for language, _ in chosen] == ["en"] * 3 + ["ru"] * 3 + ["ur"] * 3
    english = [question for language, question in chosen if language == "en"]
    assert len({question.split()[0] + question.split()[-1] for question in english}) == 3
    assert all("{" not in question for _, question in chosen)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"confidence": 0.69},
        {"language": "tg"},
        {"emphasis": ()},
    ],
)
def test_what_is_not_surely_answered_is_not_offered(spoilt):
    assert examples(lambda question: answered(question, **spoilt), ENTITIES) == ()


def test_an_abstention_is_not_offered_and_the_number_of_trials_is_bounded():
    tried = []

    def ask(question: str) -> Answer:
        tried.append(question)
        return replace(answered(question), status="abstained", statements=(), citations=())

    many = tuple(replace(ENTITIES[3], id=entity) for entity in ("project:casa-1000", "project:tapi", "project:cpec")) * 20
    assert examples(ask, ENTITIES + many) == ()
    assert 0 < len(tried) <= MOST


def test_a_collection_that_mentions_no_name_has_none():
    assert examples(answered, ()) == ()


def test_the_server_chooses_once_for_a_generation_and_stops_when_told(tmp_path):
    library = FakeLibrary(tmp_path)
    shown = Examples(library)
    shown.shown(3)
    shown.wait()
    asked = len(library.asked)
    assert shown.shown(3) == shown.shown(3) != () and len(library.asked) == asked
    shown.stop()
    assert shown.shown(4) != () and len(library.asked) == asked  # nothing is asked after the end


def test_an_index_that_goes_away_costs_the_examples_alone(tmp_path, caplog):
    library = FakeLibrary(tmp_path)
    library.broken = IndexMissing("gone")
    shown = Examples(library)
    shown.shown(3)
    shown.wait()
    assert shown.shown(3) == () and "no example questions: gone" in caplog.text


@pytest.mark.parametrize(("own", "shown"), [("en", "en en ru"), ("ru", "ru en")])
def test_the_first_screen_shows_all_of_its_own_language_and_one_of_each_other(tmp_path, own, shown):
    app, _ = app_over(tmp_path)
    made = (("en", "One?"), ("en", "Two?"), ("ru", "Три?"))
    with app.test_request_context("/", headers={"Accept-Language": own}):
        page = home_page(Collection(MANIFEST, NONE, (), made), form("/", "", Filters(), NONE))
    assert " ".join(example.language for example in page.examples) == shown
