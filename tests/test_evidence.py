import numpy as np
import pytest

from kb.embed import Encoded
from kb.evidence import Judge, is_statement
from kb.evidence_features import FEATURES, SIGNS, probe
from kb.evidence_model import as_json, load_model, model_from
from kb.gazetteer import Gazetteer
from kb.maxsim import by_word, maxsims, pack, unpack
from kb.question import understand
from kb.records import DocumentSummary, Hit, Locator, Metadata, Passage
from kb.references import is_reference_list
from kb.retrieve import Candidate
from tests.fakes import FakeEncoder

ENCODER = FakeEncoder()
GAZETTEER = Gazetteer.load()


def candidates(question: Encoded, texts: list[str], language: str = "en") -> list[Candidate]:
    found = []
    for i, text in enumerate(texts):
        encoded = ENCODER.encode_passages([text], [""])[0]
        tokens = unpack(pack(*by_word(text, encoded)))
        passage = Passage(f"p{i}", f"d{i}", 0, text, Locator(0, len(text)), language)
        document = DocumentSummary(f"d{i}", f"d{i}.txt", Metadata(title="A brief"), "text/plain", len(text), 1, 0)
        (score,) = maxsims(question.tokens, [tokens])
        found.append(
            Candidate(Hit(passage, document, score, i + 1, i + 1, score), float(encoded.vector @ question.vector), tokens)
        )
    return found


def judged(question: str, texts: list[str], language: str = "en"):
    encoded = ENCODER.encode_query(question)
    asked = understand(question, GAZETTEER)
    return Judge(asked, encoded, dict.fromkeys(asked.stems, 1.0), GAZETTEER, load_model()).judge(
        candidates(encoded, texts, language)
    )


def row_of(question: str, sentence: str) -> dict[str, float]:
    (evidence,) = judged(question, [sentence])
    return evidence.features


def test_the_models_coefficients_are_those_of_the_features_and_have_their_signs():
    model = load_model()
    assert len(model.weights) == len(FEATURES)
    assert 0 < model.threshold < 1
    assert all(weight * SIGNS[name] >= 0 for name, weight in zip(FEATURES, model.weights, strict=True))
    assert all(slope > 0 for slope, _ in model.calibration.values())
    assert model_from(as_json(model)) == model


def test_coefficients_of_other_features_are_refused():
    values = as_json(load_model())
    values["weights"] = {"cosine": 1.0}
    with pytest.raises(ValueError, match="fit_evidence --write"):
        model_from(values)


def test_probabilities_fall_with_what_is_lacking_and_stay_in_range():
    model = load_model()
    full = np.array([[1.0 if SIGNS[name] > 0 else 0.0 for name in FEATURES]])
    for name in FEATURES:
        worse = full.copy()
        worse[0, FEATURES.index(name)] -= SIGNS[name]
        assert 0 <= model.probabilities(worse)[0] <= model.probabilities(full)[0] <= 1


def test_the_sentence_that_says_it_is_judged_best():
    texts = [
        "Trade fell in winter. The bridge at Termez was opened in May 1982. Lorries wait for days.",
        "The harbour has four cranes and a long pier. Fishermen mend their nets.",
    ]
    best, *rest = judged("When was the bridge at Termez opened?", texts)
    assert best.text == "The bridge at Termez was opened in May 1982."
    assert len(rest) == 4
    assert all(best.probability >= other.probability for other in rest)


def test_nothing_to_judge_gives_nothing():
    assert judged("When was the bridge opened?", []) == []
    assert judged("When was the bridge opened?", ["(Notes 3, 5.)"]) == []


def test_a_sentence_without_any_figure_asked_for_is_held_back():
    said, other = (judged("How large was trade in 2021?", [f"Trade was large in {year}, they say."])[0] for year in (2021, 1999))
    assert said.features["numbers"] == 1
    assert other.features["numbers"] == 0
    assert other.features["year_conflict"] == 1
    assert other.probability < said.probability / 2 + 1e-9


@pytest.mark.parametrize(
    ("sentence", "conflict", "share"),
    [
        ("The visit to Uzbekistan was long and friendly.", 0, 1),
        ("The visit to Tajikistan was long and friendly.", 1, 0),
        ("The visit to the seaside was long and friendly.", 0, 0),
    ],
)
def test_another_country_in_place_of_the_one_asked_for_is_a_conflict(sentence, conflict, share):
    row = row_of("How long was the visit to Uzbekistan?", sentence)
    assert (row["entity_conflict"], row["entities"]) == (conflict, share)


@pytest.mark.parametrize(("sentence", "differs"), [("The pact was not signed by them.", 1), ("The pact was signed by them.", 0)])
def test_a_negation_on_one_side_alone_is_seen(sentence, differs):
    assert row_of("Who signed the pact?", sentence)["negation"] == differs


def test_what_is_asked_for_must_stand_near_the_words_it_belongs_to():
    filler = " ".join(f"word{i}" for i in range(30))
    close = row_of("When was the bridge opened?", f"The bridge was opened in May 1982 while {filler} went on.")
    far = row_of("When was the bridge opened?", f"The bridge was opened while {filler} went on until May 1982.")
    assert close["typed"] == far["typed"] == 1
    assert close["near"] > far["near"]
    assert close["near_drop"] < far["near_drop"]


def test_words_of_another_language_are_not_expected_to_be_written_alike():
    encoded = ENCODER.encode_query("Когда открыли мост?")
    asked = understand("Когда открыли мост?", GAZETTEER)
    idf = dict.fromkeys(asked.stems, 1.0)
    (evidence,) = Judge(asked, encoded, idf, GAZETTEER, load_model()).judge(
        candidates(encoded, ["The bridge was opened in May 1982."])
    )
    assert (evidence.features["foreign"], evidence.features["rarest"], evidence.features["lexical"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("question", "focus"),
    [
        ("What is the interest rate of the credit?", ["interest", "rate"]),
        ("Which contractor laid the pipe?", ["contractor", "laid"]),
        ("Who chaired the eighth session?", ["chair"]),
        ("قرض کی شرح سود کیا ہے؟", ["شرح", "سود"]),
        ("Trade with Turkmenistan", []),
    ],
)
def test_the_words_beside_the_question_word_say_what_is_asked(question, focus):
    asked = understand(question, GAZETTEER)
    found = probe(asked, ENCODER.encode_query(question), dict.fromkeys(asked.stems, 1.0))
    assert [s for s, chosen in zip(found.stems, found.focus, strict=True) if chosen] == focus


@pytest.mark.parametrize(
    ("text", "says_something"),
    [
        ("The line is 1,227 km long.", True),
        ("(Notes 3, 5.)", False),
        ("Source: ARY News, 2023.", False),
        ("2. World Bank. https://example.org/a-page", False),
        ("لائن کی لمبائی 1227 کلومیٹر ہے۔", True),
    ],
)
def test_marks_and_references_are_no_statements(text, says_something):
    assert is_statement(text) is says_something


@pytest.mark.parametrize("section", [("Sources",), ("Brief", "Источники"), ("حوالہ جات",), ("Works cited:",)])
def test_lists_of_references_are_known_by_their_heading(section):
    assert is_reference_list(section)
    assert not is_reference_list(("Sources of gas",))


def test_question_tokens_weigh_by_rarity_and_function_words_nothing():
    text = "When was the QTTA signed?"
    found = probe(understand(text, GAZETTEER), ENCODER.encode_query(text), {"qtta": 3.0, "sign": 1.0})
    assert found.stems == ("qtta", "sign")
    assert np.allclose(found.weights, [0.75, 0.25])


def test_a_line_of_sources_has_no_sentence_that_answers():
    text = "The airline opened a service. \n\nSources: Flights begin. A News Agency / Another one. 2022-12-14."
    assert [one.text for one in judged("When did the airline open a service?", [text])] == ["The airline opened a service."]


def test_what_only_asks_how_things_stand_is_no_word_to_be_found():
    asked = understand("What is the latest on the airline service?", GAZETTEER)
    found = probe(asked, ENCODER.encode_query(asked.text), dict.fromkeys(asked.stems, 1.0))
    assert "latest" not in found.stems and "airlin" in found.stems


def test_a_sentence_on_the_first_half_of_a_question_answers_as_if_that_were_asked():
    text = "The airline opened a service on 27 June 2024."
    half = judged("When did the airline open a service?", [text])[0].probability
    both = judged("When did the airline open a service and in whose presence?", [text])[0].probability
    assert both == pytest.approx(half, abs=0.1)
