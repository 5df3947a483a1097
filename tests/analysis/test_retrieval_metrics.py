from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from vlm_explorer.analysis.retrieval_metrics import (
    average_precision_of,
    chance_of_hit,
    hit_at,
    ndcg_at,
    ranks_of,
    recall_at,
    reciprocal_rank,
)


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_that_figures_are_those_of_the_definitions(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    scores, relevant = random.permutation(40) / 40, random.random(40) < 0.2
    relevant[0] = True
    ranks = ranks_of(scores, relevant)
    order = relevant[np.argsort(-scores)]
    assert ranks.tolist() == (np.flatnonzero(order) + 1).tolist()
    assert hit_at(ranks, k) == float(order[:k].any())
    assert recall_at(ranks, k) == pytest.approx(order[:k].sum() / order.sum())
    assert reciprocal_rank(ranks) == pytest.approx(1 / (order.argmax() + 1))
    assert average_precision_of(ranks) == pytest.approx(average_precision_score(relevant, scores))
    assert ndcg_at(ranks, k) == pytest.approx(ndcg_score([relevant.astype(int)], [scores], k=k))
    assert chance_of_hit(40, 3, k) == pytest.approx(1 - comb(37, k) / comb(40, k))


def test_that_equal_scores_rank_what_is_relevant_last() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    assert ranks_of(scores, np.array([True, False, False, False])).tolist() == [3]


def test_that_what_is_excluded_takes_no_part() -> None:
    scores, relevant = np.array([1.0, 0.9, 0.8, np.nan]), np.array([True, False, True, True])
    excluded = np.array([True, False, False, False])
    assert ranks_of(scores, relevant, excluded).tolist() == [2]
    nothing = ranks_of(scores, relevant & excluded, excluded)
    assert (hit_at(nothing, 3), reciprocal_rank(nothing)) == (0.0, 0.0)
    assert np.isnan(
        [recall_at(nothing, 3), average_precision_of(nothing), ndcg_at(nothing, 3)]
    ).all()
