from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import skew

from vlm_explorer.analysis import hubs as module
from vlm_explorer.analysis.diversity import diverse_order
from vlm_explorer.analysis.hubs import find_hubs
from vlm_explorer.analysis.neighbours import nearest_approximately
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext


def rows(count: int, seed: int, dimension: int = 16) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


@pytest.mark.parametrize("at_once", [9, 1000])
def test_that_hubs_and_corrections_are_numpys(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", at_once)
    images, bank = rows(70, 1), rows(25, 2)
    found = find_hubs(images, bank, 20.0, k=4)
    cosine = images.astype(np.float64) @ bank.T
    best = np.argsort(-cosine, axis=0)[:4]
    np.testing.assert_array_equal(found.counts, np.bincount(best.ravel(), minlength=70))
    assert found.skewness == pytest.approx(skew(found.counts))
    query = images @ rows(1, 3)[0]
    nearest = np.sort(cosine, axis=1)[:, -4:].mean(axis=1)
    np.testing.assert_allclose(found.csls(query), 2 * query - nearest, atol=1e-6)
    both = 20 * np.concatenate([cosine, query[:, None]], axis=1)
    expected = both[:, -1] - logsumexp(both, axis=1)
    np.testing.assert_allclose(found.inverted_softmax(query), expected, atol=1e-5)


def test_that_corrections_take_a_hub_from_the_top() -> None:
    axes = np.eye(12, dtype=np.float32)
    query, bank = axes[0], axes[1:6]
    hub = unit(0.6 * query + 0.35 * bank.sum(axis=0))  # near to every prompt
    meant = 0.55 * query + np.sqrt(1 - 0.55**2, dtype=np.float32) * axes[10]
    images = np.stack([hub, meant])
    found = find_hubs(images, bank, 20.0, k=1)
    assert found.counts.tolist() == [5, 0]
    cosine = images @ query
    assert cosine.argmax() == 0
    assert found.csls(cosine).argmax() == 1
    assert found.inverted_softmax(cosine).argmax() == 1


def test_that_diverse_results_follow_the_published_rule() -> None:
    vectors, scores = rows(30, 4), np.random.default_rng(5).random(30)
    cosine = vectors.astype(np.float64) @ vectors.T
    chosen: list[int] = []
    for _ in range(8):
        gains = {
            row: 0.6 * scores[row] - (0.4 * cosine[row, chosen].max() if chosen else 0)
            for row in range(30)
            if row not in chosen
        }
        chosen.append(max(gains, key=lambda row: gains[row]))
    assert diverse_order(scores, vectors, 8, 0.6).tolist() == chosen
    assert diverse_order(scores, vectors, 99, 1.0).tolist() == np.argsort(-scores).tolist()
    with pytest.raises(UsageError, match="from 0 to 1"):
        diverse_order(scores, vectors, 3, 1.5)


def test_that_counting_is_cancelled_between_blocks_and_while_points_are_grouped() -> None:
    images = rows(70, 1)
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        find_hubs(images, rows(5, 2), 20.0, context=context)
    said: list[str] = []
    context = JobContext(lambda progress: said.append(progress.message), min_interval=0)
    context.on_check = lambda: context.cancel() if said else None
    with pytest.raises(Cancelled):
        nearest_approximately(images, 3, 1, context=context)
    assert said == ["Grouping what is compared"]
