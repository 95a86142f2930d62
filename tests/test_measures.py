import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.measures import brier, calibration_error, discounted, interval, mean, precision_recall_f1

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(PROBABILITIES)
def test_an_interval_holds_the_mean_and_is_the_same_each_time(values):
    low, high = interval(values)
    assert low - 1e-3 <= mean(values) <= high + 1e-3
    assert interval(values) == (low, high)


def test_more_questions_make_a_narrower_interval():
    few, many = interval([0, 1] * 10), interval([0, 1] * 200)
    assert many[1] - many[0] < few[1] - few[0]


def test_nothing_is_not_a_figure():
    assert (mean([]), interval([]), brier([], []), calibration_error([], [])) == (None, None, None, None)


@pytest.mark.parametrize(("place", "gain"), [(1, 1.0), (3, 0.5), (10, 1 / math.log2(11)), (11, 0.0), (None, 0.0)])
def test_a_place_counts_less_the_lower_it_is(place, gain):
    assert discounted(place, 10) == pytest.approx(gain)


def test_probabilities_that_come_true_as_often_as_they_say_are_calibrated():
    assert calibration_error([0.25] * 4, [True, False, False, False]) == 0
    assert calibration_error([0.9, 0.9], [False, False]) == pytest.approx(0.9)
    assert brier([1.0, 0.0], [True, False]) == 0 and brier([0.5], [True]) == 0.25


@given(PROBABILITIES, st.data())
def test_calibration_errors_are_shares(values, data):
    events = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    assert 0 <= calibration_error(values, events) <= 1 and 0 <= brier(values, events) <= 1


def test_precision_recall_f1():
    assert precision_recall_f1([True, True, False, False], [True, False, True, False]) == (0.5, 0.5, 0.5)
    assert precision_recall_f1([False], [True]) == (None, 0.0, 0.0)
    assert precision_recall_f1([False], [False]) == (None, None, None)
