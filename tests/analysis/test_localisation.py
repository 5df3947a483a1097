"""Maps against marks: every figure against scikit-learn, scikit-image's formula or by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, jaccard_score

from vlm_explorer.analysis.detection import (
    FoundBox,
    box_iou,
    boxes_of,
    detection_precision,
    match,
)
from vlm_explorer.analysis.localisation import (
    THRESHOLDS,
    average_precision,
    grown,
    mask_of_boxes,
    otsu_threshold,
    score_map,
    unit_range,
)
from vlm_explorer.analysis.resampling import balanced_estimate, draw, mean_estimate


def random_case(seed: int, shape: tuple[int, int] = (23, 31)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=shape), 1).astype(np.float32)  # rounded: with ties
    truth = np.zeros(shape, bool)
    truth[4:13, 6:20] = True
    return values, truth


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_that_figures_are_those_of_scikit_learn_and_of_their_formulas(seed: int) -> None:
    values, truth = random_case(seed)
    scores = score_map(values, truth)
    exact = values.astype(np.float64)
    assert_allclose(
        scores.average_precision, average_precision_score(truth.ravel(), exact.ravel()), atol=1e-12
    )
    share = (exact - exact.min()) / (exact.max() - exact.min())
    overlaps = [jaccard_score(truth.ravel(), (share >= at).ravel()) for at in THRESHOLDS]
    assert_allclose(scores.miou, np.mean(overlaps), atol=1e-12)
    inside, outside = exact[truth], exact[~truth]
    noise = np.sqrt(np.var(inside, ddof=1) + np.var(outside, ddof=1))
    assert_allclose(scores.cnr, (inside.mean() - outside.mean()) / noise)
    assert_allclose(scores.energy, inside[inside > 0].sum() / exact[exact > 0].sum())
    assert scores.dice_oracle >= max(scores.dice_otsu - 0.05, 0)
    column, row = scores.peak
    assert values[row, column] == values.max()
    assert scores.hit == truth[row, column]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-50, 50))
def test_that_scale_and_offset_of_a_map_change_no_figure_but_its_energy(
    seed: int, scale: float, offset: float
) -> None:
    values, truth = random_case(seed)
    one = score_map(values.astype(np.float64), truth)
    other = score_map(values * np.float64(scale) + offset, truth)
    assert (one.hit, one.peak) == (other.hit, other.peak)
    for name in ("cnr", "average_precision"):
        assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6)


def test_that_pixels_the_encoder_never_saw_count_nowhere() -> None:
    values, truth = random_case(5)
    whole = values.copy()
    whole[:, 25:] = np.nan
    cut, cut_truth = values[:, :25], truth[:, :25]
    masked, plain = score_map(whole, truth), score_map(cut, cut_truth)
    assert masked == plain


def test_that_a_map_without_any_difference_points_nowhere() -> None:
    truth = mask_of_boxes((10, 10), [(0, 0, 5, 5)])
    scores = score_map(np.full((10, 10), 0.3, np.float32), truth)
    assert scores.flat
    assert scores.hit == 0.0
    assert np.isnan(scores.cnr)
    assert scores.chance == scores.average_precision == 0.25
    assert boxes_of(np.full((10, 10), 0.3, np.float32)) == []


def test_that_random_peaks_hit_as_often_as_chance_says() -> None:
    rng = np.random.default_rng(0)
    truth = mask_of_boxes((20, 20), [(2, 3, 12, 11)])
    scores = [score_map(rng.random((20, 20)), truth) for _ in range(800)]
    assert abs(np.mean([each.hit for each in scores]) - scores[0].chance) < 0.05
    assert scores[0].chance == 0.2


def test_that_a_box_holds_the_pixels_whose_centres_lie_in_it() -> None:
    mask = mask_of_boxes((4, 6), [(1, 0, 3, 2), (4.4, 2.6, 9, 9)])
    assert_allclose(np.argwhere(mask), [[0, 1], [0, 2], [1, 1], [1, 2], [3, 4], [3, 5]])


def test_that_tolerance_is_a_distance_in_pixels() -> None:
    truth = mask_of_boxes((9, 9), [(4, 4, 5, 5)])
    assert grown(truth, 0) is truth
    assert [int(grown(truth, reach).sum()) for reach in (1, 1.5, 2)] == [5, 9, 13]
    values = np.zeros((9, 9), np.float32)
    values[4, 6] = 1
    assert [score_map(values, truth, tolerance=reach).hit for reach in (0, 1, 2)] == [0, 0, 1]


def test_that_otsu_parts_two_groups_where_their_variance_within_is_least() -> None:
    rng = np.random.default_rng(2)
    share = unit_range(np.concatenate([rng.normal(0, 1, 700), rng.normal(6, 1, 300)]))
    found = otsu_threshold(share)

    def within(at: float) -> float:
        low, high = share[share <= at], share[share > at]
        return len(low) * low.var() + len(high) * high.var()

    best = min(within(at) for at in np.linspace(0.02, 0.98, 400))
    assert within(found) <= best * 1.01


def test_that_boxes_are_around_the_connected_parts_of_a_map() -> None:
    values = np.zeros((60, 80), np.float32)
    values[10:20, 5:15] = 0.8
    values[30:50, 40:70] = 1.0
    values[0, 79] = 0.9  # a speck
    values[55:, :] = np.nan
    assert boxes_of(values) == [
        FoundBox((40.0, 30.0, 70.0, 50.0), 1.0),
        FoundBox((5.0, 10.0, 15.0, 20.0), pytest.approx(0.8)),
    ]


def test_that_each_given_box_is_found_once() -> None:
    found = [FoundBox((0, 0, 10, 10), 3.0), FoundBox((0, 0, 10, 9), 2.0),
             FoundBox((20, 0, 30, 4), 1.0)]  # fmt: skip
    answer = match(found, [(0, 0, 10, 10), (20, 0, 30, 10)])
    assert answer.right.tolist() == [[True, False, True], [True, False, True], [True, False, False]]
    assert (answer.given, answer.best_iou) == (2, 1.0)
    assert_allclose(box_iou(np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 2, 6, 6]])), 4 / 28)
    assert match([], [(0, 0, 1, 1)]).given == 1


def naive_precision(value: np.ndarray, right: np.ndarray, given: int) -> float:
    order = np.argsort(-value, kind="stable")
    hits = np.cumsum(right[order])
    precision, recall = hits / np.arange(1, len(value) + 1), hits / given
    total, before = 0.0, 0.0
    for place in range(len(value)):
        total += (recall[place] - before) * precision[place:].max()
        before = recall[place]
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_that_detection_precision_is_the_sum_of_its_definition_in_every_sample(seed: int) -> None:
    rng = np.random.default_rng(seed)
    value, right = rng.permutation(12).astype(float), rng.random(12) < 0.5
    times = rng.integers(0, 3, 12)
    weight = np.stack([np.ones(12), times.astype(float)])
    found = detection_precision(value, right, weight, np.array([15.0, 20.0]))
    repeated = np.repeat(value, times) - np.concatenate(
        [np.arange(count) * 1e-6 for count in times]
    )
    assert_allclose(found[0], naive_precision(value, right, 15))
    assert_allclose(found[1], naive_precision(repeated, np.repeat(right, times), 20), atol=1e-12)


def test_that_intervals_are_of_patients_and_unknown_for_a_single_one() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(2.0, 1.0, 200)
    alone, clustered = np.arange(200), np.arange(200) // 2
    figure, _ = mean_estimate(values, alone, draw(200, 2000, 0))
    spread = values.std(ddof=1) / np.sqrt(200)
    normal = [figure.value - 1.96 * spread, figure.value + 1.96 * spread]
    assert_allclose([figure.low, figure.high], normal, atol=0.03)
    twice = np.repeat(values[:100], 2)
    doubled, replicates = mean_estimate(twice, clustered, draw(100, 2000, 0))
    single, _ = mean_estimate(values[:100], np.arange(100), draw(100, 2000, 0))
    assert_allclose([doubled.low, doubled.high], [single.low, single.high])
    one, _ = mean_estimate(np.array([1.0, np.nan, 1.0]), np.zeros(3, int), draw(3, 50, 0))
    assert (one.value, one.n) == (1.0, 2)
    assert np.isnan(one.low)
    missing, none = mean_estimate(np.array([np.nan]), np.array([0]), draw(100, 2000, 0))
    balanced = balanced_estimate([(doubled, replicates), (missing, none)])
    assert (balanced.value, balanced.n) == (doubled.value, 200)
    assert np.isnan(average_precision(np.zeros(3), np.zeros(3, bool)))  # nothing to find
