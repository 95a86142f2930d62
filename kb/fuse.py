"""Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): score(d) = sum over lists of weight / (k + rank)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RRF_K = 60  # the paper's value; flat enough that a first place in one list alone does not beat two second places


def reciprocal_rank_fusion(
    ranks: Sequence[Mapping[int, int]], weights: Sequence[Mapping[int, float] | float]
) -> dict[int, float]:
    """Item → fused score, from lists of item → rank (from 1). Lists hold true matches only: an item that is not in a list gets
    nothing from it (padding a word list with items that match no word ruined questions in another language than the text).

    `weights[i]` is one weight for list i, or a weight per item (the language rule).
    """
    fused: dict[int, float] = {}
    for ranking, weight in zip(ranks, weights, strict=True):
        for item, rank in ranking.items():
            factor = weight if isinstance(weight, float) else weight[item]
            fused[item] = fused.get(item, 0.0) + factor / (RRF_K + rank)
    return fused
