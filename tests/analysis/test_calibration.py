from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from vlm_explorer.analysis.calibration import brier, fit_platt, fit_temperature, reliability


def drawn(count: int = 4000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn by their softmax."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(count, classes)) * 2
    chance = np.exp(log_softmax(logits, axis=1))
    return logits, (chance.cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)


def test_that_the_temperature_undoes_what_logits_were_multiplied_by() -> None:
    logits, truth = drawn()
    assert fit_temperature(logits, truth) == pytest.approx(1, abs=0.06)
    assert fit_temperature(5 * logits, truth) == pytest.approx(
        5 * fit_temperature(logits, truth), rel=1e-3
    )


def test_that_probabilities_that_hold_are_seen_to_and_others_are_not() -> None:
    logits, truth = drawn()
    shares = np.exp(log_softmax(logits, axis=1))
    called = shares.argmax(axis=1)
    right = reliability(shares.max(axis=1), called == truth)
    assert right.counts.sum() == len(truth)
    assert right.ece < 0.03
    sure = np.exp(log_softmax(5 * logits, axis=1)).max(axis=1)
    assert reliability(sure, called == truth).ece > 0.15


def test_that_bins_and_brier_are_those_of_the_definitions() -> None:
    probability = np.array([0.0, 0.05, 0.1, 0.55, 1.0])
    true = np.array([False, True, False, True, True])
    found = reliability(probability, true, bins=10)
    assert found.counts.tolist() == [3, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert found.said[0] == pytest.approx(0.05)
    assert found.seen[0] == pytest.approx(1 / 3)
    assert found.ece == pytest.approx((3 * (1 / 3 - 0.05) + 0.45) / 5)
    assert brier(probability, true) == pytest.approx(brier_score_loss(true, probability))


def test_that_platt_finds_the_curve_that_cases_were_drawn_from() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=6000) * 0.02 + 0.3  # as small as cosines differ
    true = random.random(6000) < expit(100 * scores - 31)
    found = fit_platt(scores, true)
    assert found.slope == pytest.approx(100, rel=0.1)
    assert found.offset == pytest.approx(-31, rel=0.1)
    peer = LogisticRegression(C=np.inf, max_iter=10_000, tol=1e-8).fit(scores[:, None] * 50, true)
    expected = peer.predict_proba(scores[:, None] * 50)[:, 1]
    np.testing.assert_allclose(found(scores), expected, atol=2e-3)


def test_that_platt_stays_finite_where_scores_tell_all_apart() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    found = fit_platt(scores, scores > 0.25)
    assert 0.5 < found(np.array([0.4]))[0] < 0.99
    with pytest.raises(ValueError, match="without it"):
        fit_platt(scores, np.ones(4, bool))
