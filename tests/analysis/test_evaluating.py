from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn import metrics

from vlm_explorer.analysis.calibration import calibration_error, reliability
from vlm_explorer.analysis.evaluating import (
    class_figures,
    label_figures,
    log_odds,
    macro,
)
from vlm_explorer.analysis.label_curves import precision_recall_curve, roc_curve
from vlm_explorer.analysis.label_metrics import Samples
from vlm_explorer.analysis.query_ranks import query_ranks
from vlm_explorer.analysis.retrieval_metrics import (
    chance_of_hit,
    chance_of_reciprocal_rank,
    first_rank_chances,
    ranks_of,
)


def made_label(seed: int, count: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random(count) < 0.3
    truth[:4] = True, True, False, False
    tuning = np.arange(count) % 2 == 0
    return truth, random.normal(size=count) + truth, tuning


@given(st.integers(0, 10_000), st.booleans())
def test_that_curves_are_scikit_learns(seed: int, coarse: bool) -> None:
    truth, scores, _ = made_label(seed, 40)
    scores = np.round(scores) if coarse else scores
    curve = roc_curve(truth, scores)
    x, y, thresholds = metrics.roc_curve(truth, scores)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)
    np.testing.assert_allclose(curve.thresholds, thresholds)
    found = precision_recall_curve(truth, scores)
    precision, recall, levels = metrics.precision_recall_curve(
        truth, scores, drop_intermediate=True
    )
    np.testing.assert_allclose(found.thresholds, levels[::-1])
    np.testing.assert_allclose(found.x, recall[:-1][::-1])
    np.testing.assert_allclose(found.y, precision[:-1][::-1])


def test_that_a_labels_figures_are_scikit_learns_and_thresholds_never_see_what_they_are_tried_on():
    truth, scores, tuning = made_label(1)
    found = label_figures(
        "nodule", truth, scores, scores, tuning, Samples.of(np.arange(120) // 2), calibrate=True
    )
    assert (found.n, found.positives, found.skipped) == (120, truth.sum(), "")
    assert found.auroc.estimate.value == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found.average_precision.estimate.value == pytest.approx(
        metrics.average_precision_score(truth, scores)
    )
    at = found.at_threshold
    x, y, thresholds = metrics.roc_curve(truth[tuning], scores[tuning], drop_intermediate=False)
    best = thresholds[np.argmax(y - x)]
    below = scores[tuning][scores[tuning] < best].max()
    assert at.threshold == pytest.approx((best + below) / 2)
    called, true = scores[~tuning] >= at.threshold, truth[~tuning]
    assert at.sensitivity.estimate.value == metrics.recall_score(true, called)
    assert at.specificity.estimate.value == metrics.recall_score(~true, ~called)
    assert at.f1.estimate.value == pytest.approx(metrics.f1_score(true, called))
    assert at.balanced_accuracy.estimate.value == pytest.approx(
        metrics.balanced_accuracy_score(true, called)
    )
    assert (at.n, at.positives) == (60, true.sum())
    assert at.sensitivity.estimate.n == true.sum()
    calibration = found.calibration
    probability = calibration.platt(scores[~tuning])
    assert calibration.brier_after == pytest.approx(metrics.brier_score_loss(true, probability))
    assert calibration.brier_before == pytest.approx(
        metrics.brier_score_loss(true, expit(scores[~tuning]))
    )
    changed = scores.copy()
    changed[~tuning] = -changed[~tuning]
    other = label_figures(
        "nodule", truth, changed, changed, tuning, Samples.of(np.arange(120) // 2), calibrate=True
    )
    assert other.at_threshold.threshold == at.threshold
    assert other.calibration.platt == calibration.platt


def test_that_cases_of_a_single_patient_give_no_interval() -> None:
    truth, scores, tuning = made_label(1)
    patients = np.where(truth, 0, 1 + np.arange(120))
    patients[truth & tuning] = 500
    found = label_figures(
        "nodule", truth, scores, scores, tuning, Samples.of(patients), calibrate=False
    )
    at = found.at_threshold
    for measured in (at.sensitivity, at.balanced_accuracy):
        assert np.isnan([measured.estimate.low, measured.estimate.high]).all()
    assert at.specificity.estimate.low < at.specificity.estimate.high
    assert found.auroc.estimate.low < found.auroc.estimate.high, "these are of two"
    patients[truth] = 0
    found = label_figures(
        "nodule", truth, scores, scores, tuning, Samples.of(patients), calibrate=False
    )
    for measured in (found.auroc, found.auroc_cosine, found.average_precision):
        assert np.isnan(measured.estimate.low)
        assert np.isfinite(measured.estimate.value)


@pytest.mark.parametrize(("value", "why"), [(True, "without it"), (False, "with it")])
def test_that_a_label_of_one_kind_has_no_figures_and_says_why(value: bool, why: str) -> None:
    samples = Samples.of(np.arange(6))
    found = label_figures(
        "a",
        np.full(6, value),
        np.arange(6.0),
        np.arange(6.0),
        np.arange(6) < 3,
        samples,
        calibrate=True,
    )
    assert found.auroc is None
    assert why in found.skipped


@given(st.integers(0, 10_000))
def test_that_a_choice_of_one_label_is_measured_as_by_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = 3 * random.normal(size=(60, 3))
    truth = np.where(random.random(60) < 0.6, logits.argmax(axis=1), random.integers(0, 3, 60))
    tuning, called = np.arange(60) % 2 == 0, logits.argmax(axis=1)
    probability = softmax(logits, axis=1)
    samples = Samples.of(np.arange(60), 20)
    found = class_figures(truth, logits, probability, tuning, samples)
    assert found.accuracy.estimate.value == metrics.accuracy_score(truth, called)
    assert found.macro_f1.estimate.value == pytest.approx(
        metrics.f1_score(truth, called, labels=range(3), average="macro", zero_division=0)
    )
    np.testing.assert_array_equal(
        found.confusion, metrics.confusion_matrix(truth, called, labels=range(3))
    )
    calibration = found.calibration
    right = (called == truth)[~tuning]
    before = probability[~tuning].max(axis=1)
    assert calibration.ece_before.estimate.value == pytest.approx(reliability(before, right).ece)
    np.testing.assert_allclose(
        log_odds(logits), np.log(probability / (1 - probability)), rtol=1e-6, atol=1e-6
    )


def test_that_a_calibration_error_under_weights_is_that_of_the_cases_drawn() -> None:
    random = np.random.default_rng(0)
    probability, true = random.random(50), random.random(50) < 0.5
    weights = random.integers(0, 4, (5, 50)).astype(float)
    for row, found in zip(weights, calibration_error(probability, true, weights), strict=True):
        drawn = np.repeat(np.arange(50), row.astype(int))
        assert found == pytest.approx(reliability(probability[drawn], true[drawn]).ece)


def test_that_paired_intervals_are_those_of_the_difference_in_each_sample() -> None:
    truth, scores, _ = made_label(3)
    samples = Samples.of(np.arange(120) // 3, 200, seed=4)
    noise = np.random.default_rng(5).normal(size=120)
    first = samples.measure(lambda w: _auc(truth, scores, w))
    second = samples.measure(lambda w: _auc(truth, scores + noise, w))
    paired = second.less(first)
    gaps = []
    for draw in samples.draws[1:]:
        rows = np.repeat(np.arange(120), draw[samples.group].astype(int))
        gaps.append(
            metrics.roc_auc_score(truth[rows], (scores + noise)[rows])
            - metrics.roc_auc_score(truth[rows], scores[rows])
        )
    assert paired.value == second.estimate.value - first.estimate.value
    np.testing.assert_allclose((paired.low, paired.high), np.quantile(gaps, (0.025, 0.975)))
    assert paired.low < paired.value < paired.high
    mean = macro([first, second], 120)
    assert mean.estimate.value == (first.estimate.value + second.estimate.value) / 2
    assert mean.replicates[0] == (first.replicates[0] + second.replicates[0]) / 2


def _auc(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.array([metrics.roc_auc_score(truth, scores, sample_weight=row) for row in weights])


@given(st.integers(0, 10_000))
def test_that_ranks_of_many_queries_are_those_of_each_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    queries, candidates = random.normal(size=(7, 5)), random.normal(size=(9, 5))
    candidates[3] = candidates[4]  # a tie
    queries, candidates = (
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        for rows in (queries, candidates)
    )
    relevant = random.random((7, 9)) < 0.3
    pairs = np.argwhere(relevant)[random.permutation(int(relevant.sum()))].astype(np.int64)
    found = query_ranks(queries, candidates, pairs)
    scores = np.round(queries.astype(float) @ candidates.T.astype(float), 6)
    for query in range(7):
        mine = np.sort(found[pairs[:, 0] == query])
        np.testing.assert_array_equal(mine, ranks_of(scores[query], relevant[query]))


@pytest.mark.parametrize("relevant", [1, 3, 12])
def test_that_chance_is_that_of_random_orders(relevant: int) -> None:
    chances = first_rank_chances(12, relevant)
    assert chances.sum() == pytest.approx(1)
    assert chances[:5].sum() == pytest.approx(chance_of_hit(12, relevant, 5))
    if relevant == 1:
        harmonic = (1 / np.arange(1, 13)).mean()
        assert chance_of_reciprocal_rank(12, 1) == pytest.approx(harmonic)
