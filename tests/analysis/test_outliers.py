from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from scipy.stats import median_abs_deviation
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from vlm_explorer.analysis import outliers
from vlm_explorer.analysis.outliers import (
    covariance_distance,
    mean_distance,
    modified_z,
    unusual,
    usual_limit,
)
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


@pytest.mark.parametrize(("count", "at_once"), [(40, 7), (12, 16_384), (2, 16_384)])
def test_that_the_distance_from_all_is_scipys_with_a_shrunk_covariance(
    monkeypatch: pytest.MonkeyPatch, count: int, at_once: int
) -> None:
    monkeypatch.setattr(outliers, "_ROWS_AT_ONCE", at_once)
    vectors = rows(count, 3)
    covariance, _ = ledoit_wolf(vectors.astype(np.float64))
    inverse = np.linalg.pinv(covariance, hermitian=True)
    centre = vectors.astype(np.float64).mean(axis=0)
    expected = [mahalanobis(row, centre, inverse) for row in vectors.astype(np.float64)]
    np.testing.assert_allclose(covariance_distance(vectors), expected, rtol=1e-4)


def test_that_of_rows_that_are_all_the_same_none_is_unusual() -> None:
    vectors = np.repeat(rows(1, 0), 20, axis=0)
    overall = covariance_distance(vectors)
    assert (overall == 0).all()
    assert not unusual(mean_distance(vectors, 5), overall).any()
    assert covariance_distance(vectors[:1]).tolist() == [0]


@given(st.lists(st.floats(-100, 100, width=32), max_size=30), st.booleans())
def test_that_z_is_modified_as_published(values: list[float], with_unknown: bool) -> None:
    known = np.array(values, np.float32)
    given_values = np.append(known, np.float32(np.nan)) if with_unknown else known
    found = modified_z(given_values)
    assert np.isnan(found).sum() == with_unknown
    found = found[: len(known)]
    mad = median_abs_deviation(known.astype(np.float64)) if len(known) else 0
    apart = known.astype(np.float64) - np.median(known) if len(known) else known
    if mad > 1e-3:
        np.testing.assert_allclose(found, 0.6745 * apart / mad, rtol=1e-4, atol=1e-6)
    elif len(known) and np.abs(apart).mean() > 1e-3 and mad == 0:
        spread = 1.253314 * np.abs(apart).mean()
        np.testing.assert_allclose(found, apart / spread, rtol=1e-3, atol=1e-6)
    assert np.isfinite(found).all()


def test_that_a_row_that_differs_where_the_others_do_not_is_found_though_it_lies_near() -> None:
    chance = np.random.default_rng(0)
    plain = np.zeros((200, 16), np.float32)
    plain[:, :4] = chance.standard_normal((200, 4))
    plain += 0.01 * chance.standard_normal((200, 16)).astype(np.float32)
    plain[7, 12] += 0.3
    vectors = unit(plain)
    near, overall = mean_distance(vectors, 10), covariance_distance(vectors)
    assert (near > near[7]).sum() > 3
    assert unusual(near, overall).argmax() == 7
