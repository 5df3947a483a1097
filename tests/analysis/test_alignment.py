"""Agreement of layouts and of spaces, against naive references and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import spatial
from sklearn.neighbors import NearestNeighbors

from vlm_explorer.analysis import alignment
from vlm_explorer.analysis.neighbours import nearest

SEEDS = st.integers(0, 2**32 - 1)


def plane(seed: int, count: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def space(seed: int, count: int = 40, dimension: int = 12) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def orthogonal(seed: int, dimension: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dimension, dimension)))[0]


@given(SEEDS, st.floats(0.01, 100), st.floats(-50, 50), st.booleans())
def test_that_a_turned_scaled_mirrored_copy_lies_on_the_original(
    seed: int, scale: float, offset: float, mirrored: bool
) -> None:
    original = plane(seed)
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if mirrored:
        turn = turn @ np.diag([1, -1])
    found = alignment.procrustes(original, scale * original @ turn + offset)
    assert found.disparity == pytest.approx(0, abs=1e-5)
    assert found.mirrored is mirrored
    assert found.scale == pytest.approx(1 / scale, rel=1e-3)
    np.testing.assert_allclose(found.apply(scale * original @ turn + offset), original, atol=1e-3)


@given(SEEDS, SEEDS)
def test_that_the_disparity_is_that_of_scipy(one: int, other: int) -> None:
    first, second = plane(one), plane(other + 1)
    _, aligned, disparity = spatial.procrustes(first, second)
    found = alignment.procrustes(first, second)
    assert found.disparity == pytest.approx(disparity, abs=1e-6)
    middle = first.mean(axis=0, dtype=np.float64)
    size = np.linalg.norm(first.astype(np.float64) - middle)
    np.testing.assert_allclose(found.apply(second), aligned * size + middle, atol=1e-4)


@given(SEEDS)
def test_that_points_without_a_place_take_no_part_and_stay_without(seed: int) -> None:
    first = plane(seed)
    second = first @ np.array([[0, 1], [-1, 0]], np.float32) * 3
    first[3], second[7] = np.nan, np.nan
    found = alignment.procrustes(first, second)
    assert found.common == len(first) - 2
    moved = found.apply(second)
    assert np.isnan(moved[7]).all()
    there = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    np.testing.assert_allclose(moved[there], first[there], atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_that_points_on_one_spot_are_only_moved(count: int) -> None:
    first, second = np.full((count, 2), 4.0), np.full((count, 2), -2.0)
    found = alignment.procrustes(first, second)
    assert np.isnan(found.disparity)
    np.testing.assert_allclose(found.apply(second), first)


@given(SEEDS, SEEDS, st.integers(1, 12))
def test_that_overlap_is_that_of_sets(one: int, other: int, k: int) -> None:
    first, second = space(one), space(other)
    lists = [nearest(vectors, k + 1)[0][:, 1:] for vectors in (first, second)]
    shared = alignment.shared_neighbours(*lists)
    expected = []
    for vectors in (first, second):
        search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(vectors)
        expected.append([set(row) for row in search.kneighbors(return_distance=False)])
    pairs = list(zip(*expected, strict=True))
    np.testing.assert_array_equal(shared, [len(a & b) for a, b in pairs])
    np.testing.assert_allclose(
        alignment.jaccard(shared, k), [len(a & b) / len(a | b) for a, b in pairs]
    )


@given(SEEDS, st.integers(1, 20))
def test_that_a_space_overlaps_with_itself_and_with_its_turned_copy_wholly(
    seed: int, k: int
) -> None:
    vectors = space(seed)
    turned = (vectors.astype(np.float64) @ orthogonal(seed, 12)).astype(np.float32)
    lists = [nearest(each, k + 1)[0][:, 1:] for each in (vectors, turned)]
    assert (alignment.jaccard(alignment.shared_neighbours(*lists), k) == 1).all()


@pytest.mark.parametrize(("count", "k"), [(12, 3), (40, 5), (9, 8)])
def test_that_chance_is_what_random_neighbours_have_in_common(count: int, k: int) -> None:
    random = np.random.default_rng(1)
    draws = random.random((40_000, count - 1)).argsort(axis=1)[:, :k]
    shared = (draws < k).sum(axis=1)  # the others' first k against any k
    expected = alignment.jaccard(shared, k).mean()
    assert alignment.chance_of_jaccard(count, k) == pytest.approx(expected, abs=0.005)
    assert shared.mean() / k == pytest.approx(k / (count - 1), abs=0.005)


def test_that_the_interval_is_that_of_resampled_rows() -> None:
    random = np.random.default_rng(2)
    values = alignment.jaccard(random.integers(0, 16, 80), 15)
    means = [random.choice(values, len(values)).mean() for _ in range(4000)]
    low, high = alignment.bootstrap_interval(values)
    assert (low, high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.01)
    assert low < values.mean() < high
    assert all(np.isnan(alignment.bootstrap_interval(np.empty(0))))


def naive_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Of N x N Gram matrices, centred on both sides."""
    centre = np.eye(len(first)) - 1 / len(first)
    k, m = (centre @ (v.astype(np.float64) @ v.T) @ centre for v in (first, second))
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def naive_unbiased_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Of Song's estimator of HSIC, of Gram matrices that are not centred."""

    def hsic(k: np.ndarray, m: np.ndarray) -> float:
        n = len(k)
        ones = np.ones(n)
        outer = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
        return float(np.trace(k @ m) + outer - 2 / (n - 2) * (ones @ k @ m @ ones))

    k, m = (v.astype(np.float64) @ v.T for v in (first, second))
    for gram in (k, m):
        np.fill_diagonal(gram, 0)
    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


@given(SEEDS, SEEDS, st.integers(3, 20))
def test_that_cka_is_that_of_whole_gram_matrices(one: int, other: int, dimension: int) -> None:
    first, second = space(one), space(other, dimension=dimension)
    second[:, : min(3, dimension)] += first[:, : min(3, dimension)]
    assert alignment.linear_cka(first, second) == pytest.approx(naive_cka(first, second), abs=1e-5)
    unbiased = alignment.linear_cka(first, second, unbiased=True)
    assert unbiased == pytest.approx(naive_unbiased_cka(first, second), abs=1e-4)


@given(SEEDS, st.floats(0.1, 10), st.booleans())
def test_that_cka_does_not_change_when_a_space_is_turned_scaled_or_moved(
    seed: int, scale: float, unbiased: bool
) -> None:
    first = space(seed)
    second = space(seed + 1) + first
    moved = scale * second @ orthogonal(seed, 12) + 0.3
    before = alignment.linear_cka(first, second, unbiased=unbiased)
    assert alignment.linear_cka(first, moved, unbiased=unbiased) == pytest.approx(before, abs=1e-4)
    assert alignment.linear_cka(second, first, unbiased=unbiased) == pytest.approx(before, abs=1e-6)
    assert alignment.linear_cka(first, first, unbiased=unbiased) == pytest.approx(1, abs=1e-6)


def test_that_few_points_in_many_dimensions_seem_alike_but_for_the_unbiased_estimate() -> None:
    first, second = space(1, 30, 400), space(2, 30, 400)
    assert alignment.linear_cka(first, second) > 0.8
    assert abs(alignment.linear_cka(first, second, unbiased=True)) < 0.2


def test_that_a_space_that_does_not_vary_has_no_cka() -> None:
    assert np.isnan(alignment.linear_cka(np.ones((9, 4)), space(1, 9)))
    assert np.isnan(alignment.linear_cka(space(1, 1), space(2, 1)))
    assert np.isnan(alignment.linear_cka(space(1, 3), space(2, 3), unbiased=True))
