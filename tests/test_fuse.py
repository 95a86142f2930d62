from hypothesis import given
from hypothesis import strategies as st

from kb.fuse import RRF_K, reciprocal_rank_fusion

ranking = st.lists(st.integers(0, 30), unique=True).map(lambda items: {item: rank for rank, item in enumerate(items, 1)})


def test_the_formula():
    fused = reciprocal_rank_fusion([{7: 1, 8: 2}, {8: 1}], [1.0, 0.5])
    assert fused == {7: 1 / (RRF_K + 1), 8: 1 / (RRF_K + 2) + 0.5 / (RRF_K + 1)}


@given(ranking, ranking)
def test_the_order_of_lists_does_not_matter(a, b):
    one, other = reciprocal_rank_fusion([a, b], [1.0, 1.0]), reciprocal_rank_fusion([b, a], [1.0, 1.0])
    assert one.keys() == other.keys() == a.keys() | b.keys()
    assert all(abs(one[item] - other[item]) < 1e-12 for item in one)


@given(ranking, ranking)
def test_an_item_that_is_in_no_other_list_gains_nothing_there(a, b):
    fused = reciprocal_rank_fusion([a, b], [1.0, dict.fromkeys(b, 0.25)])
    for item in a.keys() - b.keys():
        assert fused[item] == 1 / (RRF_K + a[item])
