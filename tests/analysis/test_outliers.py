from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation
from sklearn.neighbors import NearestNeighbors

from vlm_explorer.analysis import outliers
from vlm_explorer.analysis.outliers import mean_distance, usual_limit
from vlm_explorer.analysis.similarity import unit


def rows(count: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, 16)))


@given(
    count=st.integers(2, 80),
    k=st.integers(1, 12),
    seed=st.integers(0, 999),
    cells=st.sampled_from([50, 1 << 23]),
    block=st.sampled_from([2, 256]),
)
def test_that_the_score_is_the_mean_distance_of_scikit_learns_neighbours(
    count: int, k: int, seed: int, cells: int, block: int
) -> None:
    vectors = rows(count, seed)
    number = min(k, count - 1)
    model = NearestNeighbors(n_neighbors=number, metric="cosine", algorithm="brute").fit(vectors)
    distance, _ = model.kneighbors()  # without the rows themselves
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outliers, "_CELLS_AT_ONCE", cells)
        patch.setattr(outliers, "_BLOCK", block)
        score = mean_distance(vectors, k)
    np.testing.assert_allclose(score, distance.mean(axis=1), atol=2e-6)


@given(
    count=st.integers(1, 40),
    k=st.integers(1, 6),
    seed=st.integers(0, 999),
    block=st.sampled_from([2, 256]),
)
def test_that_rows_of_one_group_are_no_neighbours(
    count: int, k: int, seed: int, block: int
) -> None:
    vectors = rows(count, seed)
    groups = np.random.default_rng(seed).integers(0, 4, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outliers, "_BLOCK", block)
        score = mean_distance(vectors, k, groups=groups)
    for row in range(count):
        others = vectors[groups != groups[row]]
        nearest = np.sort(1 - others @ vectors[row])[:k]
        wanted = nearest.mean() if len(nearest) else np.nan
        np.testing.assert_allclose(score[row], wanted, atol=2e-6)


def test_that_a_single_row_has_no_score() -> None:
    assert np.isnan(mean_distance(rows(1, 0), 10)).all()
    assert mean_distance(rows(1, 0)[:0], 10).shape == (0,)


def test_that_the_limit_is_the_modified_z_score_of_3_5() -> None:
    values = np.random.default_rng(1).gamma(2, size=500).astype(np.float32)
    limit = usual_limit(np.append(values, np.nan).astype(np.float32))
    mad = median_abs_deviation(values)
    assert 0.6745 * (limit - np.median(values)) / mad == pytest.approx(3.5, rel=1e-5)
    assert np.isnan(usual_limit(values[:0]))


@pytest.mark.parametrize("count", [2, 3, 40])
def test_that_of_images_that_are_all_as_far_apart_none_is_far_from_the_rest(count: int) -> None:
    vectors = np.eye(count, dtype=np.float32)
    score = mean_distance(vectors, 5)
    assert not (score >= usual_limit(score)).any()
    apart = np.concatenate([np.repeat(vectors[:1], 20, axis=0), vectors[1:2]])
    score = mean_distance(apart, 5)
    assert np.flatnonzero(score >= usual_limit(score)).tolist() == [20]
