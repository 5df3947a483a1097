import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.errors import NotSupported
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.check_deletion import (
    curves,
    descending,
    insertion_deletion,
    plan_steps,
)
from vlm_explorer.saliency.check_words import doubts
from vlm_explorer.saliency.explain import explain

SIDE, PATCH = 6, 4


def toy(weights):
    """Return a view, its baseline and a score: the sum of the weights of the patches shown."""
    side = weights.shape[0] * PATCH, weights.shape[1] * PATCH
    view, hidden = np.full((*side, 3), 200, np.uint8), np.zeros((*side, 3), np.uint8)

    def score(views):
        shown = views[:, ::PATCH, ::PATCH, 0] / 200
        return (shown * weights).sum(axis=(1, 2))

    return view, hidden, score


def run(grid, weights, **settings):
    view, hidden, score = toy(weights)
    return curves(grid, view, hidden, (PATCH, PATCH), score, **settings)


@pytest.fixture
def weights():
    return np.random.default_rng(4).normal(0.3, 1, (SIDE, SIDE))


def test_that_areas_of_a_linear_score_are_those_of_its_sums(weights):
    found = run(weights.astype(np.float32), weights, steps=36)
    falling = np.sort(weights.ravel())[::-1]
    left = falling.sum() - np.concatenate([[0], np.cumsum(falling)])
    shown = np.concatenate([[0], np.cumsum(falling)])
    np.testing.assert_allclose(found.deletion, left, atol=1e-9)
    np.testing.assert_allclose(found.insertion, shown, atol=1e-9)
    middle = (left[1:] + left[:-1]) / 2
    assert found.deletion_auc == pytest.approx(middle.mean())
    assert found.score == pytest.approx(weights.sum())
    assert found.score_hidden == pytest.approx(0)
    assert found.normalised(found.deletion_auc) == pytest.approx(middle.mean() / weights.sum())
    least_first = falling.sum() - np.cumsum(falling[::-1])
    assert found.aopc == pytest.approx((least_first - left[1:]).mean())
    assert not found.failed
    assert doubts(found) == []


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_that_no_map_gains_more_than_the_weights_themselves(seed):
    random = np.random.default_rng(seed)
    weights = random.normal(0.3, 1, (SIDE, SIDE))
    best = run(weights.astype(np.float32), weights)
    other = run(random.normal(size=(SIDE, SIDE)).astype(np.float32), weights)
    assert best.deletion_gain >= other.deletion_gain - 1e-9
    assert best.insertion_gain >= other.insertion_gain - 1e-9
    assert best.aopc >= other.aopc - 1e-9


def test_that_a_random_map_gains_nothing_and_is_said_to(weights):
    random = np.random.default_rng(1)
    maps = random.normal(size=(60, SIDE, SIDE)).astype(np.float32)
    found = [run(grid, weights, seed=seed) for seed, grid in enumerate(maps)]
    gains = np.array([(one.deletion_gain, one.insertion_gain, one.aopc) for one in found])
    spread = gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
    assert np.all(np.abs(gains.mean(axis=0)) < 4 * spread)
    assert np.mean([one.failed for one in found]) > 0.8
    flat = run(np.zeros((SIDE, SIDE), np.float32), weights)
    assert doubts(flat) == [
        "Deleting what is marked changes the score no more than deleting at random.",
        "Showing what is marked brings the score back no faster than showing at random.",
    ]


def test_that_random_areas_are_those_of_insertion_in_the_opposite_order(weights):
    found = run(weights.astype(np.float32), weights, steps=9)
    inserted = np.trapezoid(found.random[:, ::-1], found.fractions, axis=1)
    mean, spread = found.random_auc
    assert mean == pytest.approx(inserted.mean())
    assert spread == pytest.approx(inserted.std(ddof=1))
    assert found.random.shape == (10, 10)
    assert found.random_aopc[0] == pytest.approx(0, abs=1e-9)


@given(st.integers(2, 1100), st.one_of(st.none(), st.integers(2, 1100)))
def test_that_steps_are_symmetric_and_do_every_patch_once(cells, steps):
    counts = plan_steps(cells, steps)
    assert counts[0] == 0
    assert counts[-1] == cells
    assert np.all(np.diff(counts) >= 1)
    np.testing.assert_array_equal(counts, cells - counts[::-1])


def test_that_equal_values_are_ordered_by_the_seed_alone():
    grid = np.array([[1, 3, np.nan], [1, 1, 2]], np.float32)
    orders = {tuple(descending(grid, np.random.default_rng(seed))) for seed in range(50)}
    assert {order[:2] + order[5:] for order in orders} == {(1, 5, 2)}
    assert len(orders) == 6
    assert tuple(descending(grid, np.random.default_rng(7))) in orders


def test_that_a_share_of_too_small_a_span_is_not_given():
    weights = np.full((SIDE, SIDE), 0.0099 / SIDE**2)
    found = run(np.arange(36, dtype=np.float32).reshape(6, 6), weights)
    assert found.normalised(found.deletion_auc) is None


@pytest.mark.parametrize("kind", ["siglip", pytest.param("resnet", marks=pytest.mark.slow)])
def test_that_an_encoder_is_asked_what_a_plain_loop_asks(kind, encoders, photo):
    encoder = encoders[kind]
    text = "pleural effusion"
    explanation = explain(encoder, photo, [text], "occlusion")
    found = insertion_deletion(encoder, photo, explanation, baseline="mean", steps=4)
    view = encoder.view(photo)
    height, width = explanation.geometry.patch_hw
    vector = encoder.encode_texts([text])[0]
    mean = np.rint(view.mean(axis=(0, 1))).astype(np.uint8)
    cells = np.argsort(-explanation.grid[0].ravel(), kind="stable")
    for fraction, score, shown_score in zip(
        found.fractions, found.deletion, found.insertion, strict=True
    ):
        picture, other = view.copy(), view.copy()
        for number, cell in enumerate(cells):
            row, column = divmod(int(cell), explanation.grid.shape[2])
            place = (
                slice(row * height, (row + 1) * height),
                slice(column * width, (column + 1) * width),
            )
            target = picture if number < round(fraction * len(cells)) else other
            target[place] = mean
        assert score == pytest.approx(encoder.encode_images([picture])[0] @ vector, abs=2e-5)
        assert shown_score == pytest.approx(encoder.encode_images([other])[0] @ vector, abs=2e-5)


def test_that_it_stops_when_asked_and_needs_a_prompt(encoders, photo):
    encoder = encoders["biomedclip"]
    context = JobContext(min_interval=0, on_progress=lambda progress: context.cancel())
    explanation = explain(encoder, photo, ["a mass"], "decomp")
    with pytest.raises(Cancelled):
        insertion_deletion(encoder, photo, explanation, context=context)
    with pytest.raises(NotSupported, match="prompt"):
        insertion_deletion(encoder, photo, explain(encoder, photo, [], "attention"))
