import numpy as np
import pytest

from kb.evidence import FEATURES, is_statement, load_model, token_weights
from kb.references import is_reference_list
from tests.fakes import FakeEncoder


def test_the_models_coefficients_are_those_of_the_features():
    model = load_model()
    assert set(model.weights) == set(FEATURES)
    assert 0 < model.threshold < 1
    low, high = (model.probability(dict.fromkeys(FEATURES, value)) for value in (0.0, 1.0))
    assert 0 <= low < high <= 1


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
    encoded = FakeEncoder().encode_query(text)
    weights = token_weights(text, encoded, {"qtta": 3.0, "sign": 1.0})
    assert np.allclose(weights, [0, 0, 0, 0.75, 0.25])
