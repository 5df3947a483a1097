from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    roc_auc_score,
)

from vlm_explorer.analysis.label_metrics import (
    Samples,
    auroc,
    average_precision,
    balanced_accuracy,
    macro_f1,
    sensitivity,
    youden_threshold,
)


@given(st.integers(0, 10_000), st.integers(4, 60), st.booleans())
def test_that_figures_are_scikit_learns_under_any_weights(
    seed: int, count: int, coarse: bool
) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(count) < 0.4
    truth[:2] = True, False
    scores = random.normal(size=count) + truth
    scores = np.round(scores, 1) if coarse else scores  # with ties
    weights = random.integers(0, 4, size=(3, count)).astype(float)
    weights[:, :2] += 1
    for row, area, precision in zip(
        weights, auroc(truth, scores, weights), average_precision(truth, scores, weights),
        strict=True,
    ):  # fmt: skip
        assert area == pytest.approx(roc_auc_score(truth, scores, sample_weight=row))
        assert precision == pytest.approx(average_precision_score(truth, scores, sample_weight=row))


@given(st.integers(0, 10_000))
def test_that_figures_of_classes_are_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth, called = random.integers(0, 4, (2, 50))
    weights = random.integers(1, 4, size=(2, 50)).astype(float)
    for row, share, f1 in zip(
        weights, balanced_accuracy(truth, called, weights), macro_f1(truth, called, 4, weights),
        strict=True,
    ):  # fmt: skip
        assert share == pytest.approx(balanced_accuracy_score(truth, called, sample_weight=row))
        assert f1 == pytest.approx(
            f1_score(truth, called, labels=range(4), average="macro", sample_weight=row,
                     zero_division=0)
        )  # fmt: skip


@given(st.integers(0, 10_000))
def test_that_no_threshold_is_better_than_youdens(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(40) < 0.5
    truth[:2] = True, False
    scores = np.round(random.normal(size=40) + truth, 1)
    one = np.ones((1, 40))

    def both(threshold: float) -> float:
        called = scores >= threshold
        there = sensitivity(truth, called, one)[0]
        return float(there + sensitivity(~truth, ~called, one)[0])

    best = max(both(value) for value in [*scores, np.inf])
    assert both(youden_threshold(truth, scores)) == pytest.approx(best)


def test_that_what_cannot_be_said_is_nan() -> None:
    scores, one = np.arange(4.0), np.ones((1, 4))
    assert np.isnan(auroc(np.ones(4, bool), scores, one)[0])
    assert np.isnan(average_precision(np.zeros(4, bool), scores, one)[0])
    assert np.isnan(youden_threshold(np.ones(4, bool), scores))


def test_that_intervals_are_wider_where_images_of_a_patient_are_alike() -> None:
    random = np.random.default_rng(0)
    truth = np.repeat(random.random(40) < 0.5, 10)
    scores = np.repeat(random.normal(size=40), 10) + truth
    figure = lambda weights: auroc(truth, scores, weights)  # noqa: E731
    by_patient = Samples.of(np.repeat(np.arange(40), 10)).estimate(figure)
    by_image = Samples.of(np.arange(400)).estimate(figure)
    assert by_patient.value == by_image.value == pytest.approx(roc_auc_score(truth, scores))
    assert by_patient.low < by_patient.value < by_patient.high
    assert by_patient.high - by_patient.low > 2 * (by_image.high - by_image.low)
