import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.map_trust import (
    judge,
    judged_rows,
    kept_neighbours,
    map_neighbours,
    trustworthiness,
)
from vlm_explorer.analysis.projection import pca


def rows(count, dimension=32, centres=4, spread=0.3, seed=0):
    """Return unit rows around a few centres."""
    random = np.random.default_rng(seed)
    middle = random.normal(size=(centres, dimension))
    found = middle[random.integers(0, centres, count)]
    found = found + spread * random.normal(size=(count, dimension))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def scattered(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def overlap(points, xy, k):
    """Return the shares of kept neighbours, by scikit-learn's neighbours."""
    from sklearn.neighbors import NearestNeighbors

    space, plane = (
        NearestNeighbors(n_neighbors=k, metric=metric).fit(data).kneighbors()[1]
        for data, metric in ((points, "cosine"), (xy, "euclidean"))
    )
    return np.array([np.intersect1d(a, b).size / k for a, b in zip(space, plane, strict=True)])


@settings(deadline=None, max_examples=20)
@given(count=st.integers(5, 80), k=st.integers(1, 20), seed=st.integers(0, 100))
def test_that_trustworthiness_and_continuity_are_scikit_learns(count, k, seed):
    from sklearn.manifold import trustworthiness as reference

    points, xy = rows(count, seed=seed), scattered(count, seed)
    used = min(k, (count - 1) // 2)
    found = judge(points, xy, k=k).of()
    trust = reference(points, xy, n_neighbors=used, metric="cosine")
    assert found.trustworthiness == pytest.approx(trust, abs=1e-3)
    # continuity is trustworthiness with space and map swapped; of unit rows the order by cosine is
    # that by Euclidean distance
    swapped = reference(xy, points, n_neighbors=used)
    assert found.continuity == pytest.approx(swapped, abs=1e-3)
    assert found.kept == pytest.approx(overlap(points, xy, used).mean(), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(count=st.integers(32, 90), seed=st.integers(0, 100))
def test_that_kept_neighbours_are_counted_point_by_point(count, seed):
    points, xy = rows(count, seed=seed), scattered(count, seed)
    np.testing.assert_allclose(kept_neighbours(points, xy), overlap(points, xy, 15), atol=1e-6)


def test_that_a_faithful_map_keeps_all_and_a_broken_one_little():
    angle = np.linspace(0, np.pi / 2, 60)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    found = judge(circle, circle).of()
    assert min(found.trustworthiness, found.continuity) > 0.999  # ties have no order
    assert found.kept > 0.99
    broken = judge(circle, circle[np.random.default_rng(0).permutation(60)]).of()
    assert broken.trustworthiness < 0.7
    assert broken.kept < 0.5


def test_that_equal_vectors_count_as_equally_near():
    points = np.repeat(rows(2), 20, axis=0)
    xy = np.concatenate([scattered(20), scattered(20) + 100])
    found = judge(points, xy).of()
    assert (found.trustworthiness, found.kept) == (1, 1)
    np.testing.assert_array_equal(kept_neighbours(points, xy), 1)


def test_that_many_points_are_judged_by_a_seeded_sample_ranked_against_all():
    points = rows(1200)
    xy = pca(points)
    whole = judge(points, xy, judged_rows(1200, 1200)).of()
    part = judge(points, xy, judged_rows(1200, 400)).of()
    assert part == judge(points, xy, judged_rows(1200, 400)).of()
    assert (whole.judged, part.judged, part.points) == (1200, 400, 1200)
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)
    assert part.continuity == pytest.approx(whole.continuity, abs=0.02)
    assert trustworthiness(points, xy, 15, 400) == pytest.approx(part.trustworthiness)
    assert len(judged_rows(10_000_000)) == 300


def test_that_the_whole_is_the_mean_of_its_parts():
    points, xy = rows(300), scattered(300)
    judgement = judge(points, xy)
    first = np.arange(300) < 100
    one, other, both = judgement.of(first), judgement.of(~first), judgement.of()
    assert (one.points, other.points) == (100, 200)
    assert both.kept == pytest.approx((one.kept + 2 * other.kept) / 3)
    assert both.continuity == pytest.approx((one.continuity + 2 * other.continuity) / 3)
    nothing = judgement.of(np.zeros(300, bool))
    assert nothing.points == 0
    assert np.isnan(nothing.kept)


def test_that_neighbours_of_many_points_are_nearly_counted(monkeypatch):
    from vlm_explorer.analysis import neighbours

    points = rows(3000, dimension=16, centres=20, spread=0.6)
    xy = pca(points)
    exact = kept_neighbours(points, xy)
    monkeypatch.setattr(neighbours, "MOST_FOR_EXACT", 100)
    assert np.abs(kept_neighbours(points, xy) - exact).mean() < 0.02


def test_that_neighbours_on_a_map_are_those_of_scikit_learn():
    from sklearn.neighbors import NearestNeighbors

    xy = scattered(200, seed=5)
    expected = NearestNeighbors(n_neighbors=7).fit(xy).kneighbors(return_distance=False)
    np.testing.assert_array_equal(map_neighbours(xy, 7), expected)


def test_that_few_points_and_points_on_one_spot_are_judged_without_a_fault():
    assert np.isnan(trustworthiness(rows(2), scattered(2)))
    assert np.isnan(kept_neighbours(rows(2), scattered(2))).all()
    assert np.isfinite(trustworthiness(np.repeat(rows(1), 30, axis=0), np.zeros((30, 2), "f4")))
    near = map_neighbours(np.zeros((40, 2), np.float32), 5)
    assert near.shape == (40, 5)
    assert not (near == np.arange(40)[:, None]).any()
