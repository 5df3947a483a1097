import numpy as np
import pytest

from vlm_explorer.analysis.centroids import centroid_cosines


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_that_groups_are_compared_by_the_cosines_of_their_means(kind, monkeypatch):
    from vlm_explorer.analysis import centroids

    monkeypatch.setattr(centroids, "_ROWS_AT_ONCE", 7)
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(kind)
    members = [np.arange(20), np.arange(20, 35), np.arange(30, 60)]
    means = np.stack([vectors[rows].mean(axis=0, dtype=np.float64) for rows in members])
    for centred in (False, True):
        expected = means - vectors.mean(axis=0, dtype=np.float64) if centred else means
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        found = centroid_cosines(vectors, members, centred=centred)
        np.testing.assert_allclose(found, expected @ expected.T, atol=1e-6)


def test_that_empty_groups_are_like_nothing():
    vectors = np.eye(4, dtype=np.float32)
    found = centroid_cosines(vectors, [np.array([0, 1]), np.array([], np.int64)])
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1, 1])
    assert centroid_cosines(vectors, []).shape == (0, 0)
