"""What was last read is remembered, the longest unread forgotten first."""

from hypothesis import given
from hypothesis import strategies as st

from kb.recent import Recent


def squares(asked: list[list[int]]):
    def load(keys: list[int]) -> dict[int, int]:
        asked.append(list(keys))
        return {key: key * key for key in keys if key >= 0}

    return load


def test_only_what_is_not_remembered_is_loaded():
    asked: list[list[int]] = []
    recent: Recent[int, int] = Recent(3)
    assert recent.get([1, 2, 2], squares(asked)) == {1: 1, 2: 4}
    assert recent.get([2, 3], squares(asked)) == {2: 4, 3: 9}
    assert asked == [[1, 2], [3]]


def test_the_longest_unread_is_forgotten():
    asked: list[list[int]] = []
    recent: Recent[int, int] = Recent(2)
    for keys in ([1], [2], [1], [3], [1], [2]):
        recent.get(keys, squares(asked))
    assert asked == [[1], [2], [3], [2]]


def test_a_key_that_is_not_there_is_missing_and_asked_for_again():
    asked: list[list[int]] = []
    recent: Recent[int, int] = Recent(2)
    assert recent.get([-1, 1], squares(asked)) == {1: 1}
    assert recent.get([-1], squares(asked)) == {}
    assert asked == [[-1, 1], [-1]]


@given(st.lists(st.lists(st.integers(-3, 9), max_size=8), max_size=20), st.integers(1, 5))
def test_any_reading_gives_all_that_there_is_and_keeps_no_more_than_its_size(readings: list[list[int]], size: int):
    recent: Recent[int, int] = Recent(size)
    for keys in readings:
        assert recent.get(keys, squares([])) == {key: key * key for key in keys if key >= 0}
        assert len(recent) <= size
