from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.analysis import null_scores as module
from vlm_explorer.analysis.null_scores import null_scores, percentiles
from vlm_explorer.analysis.similarity import unit


def rows(count: int, seed: int, dimension: int = 24) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


@pytest.mark.parametrize("at_once", [7, 1000])
def test_that_scores_of_unrelated_prompts_are_numpys(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", at_once)
    images, nulls = rows(90, 1).astype(np.float16), rows(12, 2)
    found = null_scores(images, nulls)
    cosine = images.astype(np.float64) @ nulls.T.astype(np.float64)
    ranked = -np.sort(-cosine, axis=0)
    np.testing.assert_allclose(found.rank_mean, ranked.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(found.rank_sd, ranked.std(axis=1, ddof=1), atol=1e-6)
    np.testing.assert_allclose(found.image_mean, cosine.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(found.image_sd, cosine.std(axis=1, ddof=1), atol=1e-6)
    hits = ranked[:5, 3]
    expected = (hits - ranked[:5].mean(axis=1)) / ranked[:5].std(axis=1, ddof=1)
    np.testing.assert_allclose(found.z_of_hits(hits), expected, atol=1e-4)
    labels = cosine[:, :2]
    expected = (labels - cosine.mean(axis=1)[:, None]) / cosine.std(axis=1, ddof=1)[:, None]
    np.testing.assert_allclose(found.z_of_images(labels), expected, atol=1e-4)
    np.testing.assert_allclose(found.z_of_images(labels[:, 0]), expected[:, 0], atol=1e-4)


def test_that_the_best_hits_of_nonsense_have_a_z_about_zero() -> None:
    images, nulls, others = rows(3000, 1), rows(200, 2), rows(200, 3)
    found = null_scores(images, nulls)
    best = (images @ others.T).max(axis=0)
    z = np.array([found.z_of_hits(score[None])[0] for score in best])
    assert abs(z.mean()) < 0.3
    assert 0.7 < z.std() < 1.4


def test_that_nothing_is_said_of_ranks_that_were_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RANKS", 3)
    found = null_scores(rows(20, 1), rows(5, 2))
    assert np.isnan(found.z_of_hits(np.ones(5))).tolist() == [False] * 3 + [True] * 2


def test_that_percentiles_count_the_prompts_below_and_half_of_equal_ones() -> None:
    images, nulls = rows(40, 1), rows(9, 2)
    cosine = images @ nulls.T
    own = percentiles(images, nulls, cosine)
    lower = (cosine[:, :, None] > cosine[:, None, :]).sum(axis=2)
    np.testing.assert_allclose(own, (lower + 0.5) / 9, atol=1e-6)
    ends = percentiles(images, nulls, np.stack([np.full(40, -2), np.full(40, 2)], 1).astype("f4"))
    np.testing.assert_array_equal(ends, np.tile([0.0, 1.0], (40, 1)))
