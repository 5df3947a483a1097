import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.occlusion import BASELINES, make_baseline, plan_windows

TEXTS = ["pleural effusion", "normal chest", "a fracture of the left lung"]


def brute_force(encoder, photo, texts, window, stride, baseline):
    """Return the drops by hiding one window at a time, in the plainest way."""
    view = encoder.view(photo)
    hidden = make_baseline(view, baseline, encoder.preprocess.mean)
    exp = explain(encoder, photo, texts, "occlusion", window=window, stride=stride)
    (height, width), (down, across) = exp.geometry.grid_hw, exp.geometry.patch_hw
    vectors = encoder.encode_texts(texts)
    seen = encoder.encode_images([view])[0] @ vectors.T
    values = [[[] for _ in range(width)] for _ in range(height)]
    for top in range(0, height, stride):
        for left in range(0, width, stride):
            if (top and top - stride + window >= height) or (
                left and left - stride + window >= width
            ):
                continue
            picture = view.copy()
            for row in range(top * down, min(top + window, height) * down):
                for column in range(left * across, min(left + window, width) * across):
                    picture[row, column] = hidden[row, column]
            drop = seen - encoder.encode_images([picture])[0] @ vectors.T
            for row in range(top, min(top + window, height)):
                for column in range(left, min(left + window, width)):
                    values[row][column].append(drop)
    return np.array([[np.mean(cell, axis=0) for cell in row] for row in values]).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("kind", "window", "stride", "baseline"),
    [
        ("clip", 1, 1, "blur"),
        ("clip", 3, 2, "mean"),
        ("biomedclip", 4, 3, "black"),
        ("siglip", 5, 5, "zero"),
        ("resnet", 2, 1, "blur"),
        ("padded", 3, 3, "mean"),
        ("oblong", 2, 2, "blur"),
    ],
)
def test_that_drops_are_those_of_hiding_one_window_at_a_time(
    encoders, photo, kind, window, stride, baseline
):
    encoder = encoders[kind]
    found = explain(
        encoder, photo, TEXTS, "occlusion", window=window, stride=stride, baseline=baseline
    )
    expected = brute_force(encoder, photo, TEXTS, window, stride, baseline)
    np.testing.assert_allclose(found.grid, expected, atol=2e-6)
    assert np.abs(found.grid).max() > 1e-5
    np.testing.assert_allclose(
        found.score,
        encoder.encode_images([photo])[0] @ encoder.encode_texts(TEXTS).T,
        atol=1e-6,
    )


@pytest.mark.slow
def test_that_maps_follow_their_prompts(encoder, photo):
    order = [2, 0, 1]
    found = explain(encoder, photo, TEXTS, "occlusion")
    shuffled = explain(encoder, photo, [TEXTS[row] for row in order], "occlusion")
    np.testing.assert_allclose(shuffled.grid, found.grid[order], atol=1e-6)
    np.testing.assert_allclose(shuffled.score, found.score[order], atol=1e-6)
    alone = explain(encoder, photo, TEXTS[1:2], "occlusion")
    np.testing.assert_allclose(alone.grid, found.grid[1:2], atol=1e-6)


@pytest.mark.parametrize("baseline", ["blur", "mean", "black"])
def test_that_hiding_what_looks_the_same_changes_nothing(encoder, baseline):
    grey = 0 if baseline == "black" else 77
    if encoder.preprocess.resize_mode == "longest":
        plain = np.full((56, 56), grey, np.uint8)
    else:
        plain = np.full((70, 90), grey, np.uint8)
    found = explain(encoder, plain, TEXTS, "occlusion", baseline=baseline)
    np.testing.assert_allclose(found.grid, 0, atol=1e-6)


def test_that_the_batch_size_does_not_matter(encoders, photo):
    maps = [
        explain(encoders["clip"], photo, TEXTS, "occlusion", batch_size=size).grid
        for size in (1, 3, 64)
    ]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    np.testing.assert_allclose(maps[0], maps[2], atol=1e-6)


def test_that_partial_maps_come_after_each_batch_and_end_in_the_whole(encoders, photo):
    partial = []
    found = explain(
        encoders["padded"],
        photo,
        TEXTS,
        "occlusion",
        window=2,
        stride=1,
        batch_size=4,
        on_partial=lambda grid, done, total: partial.append((grid, done, total)),
    )
    assert [done for _, done, _ in partial] == [*range(4, 36, 4), 36]
    assert {total for _, _, total in partial} == {36}
    np.testing.assert_array_equal(partial[-1][0], found.grid)
    assert np.isnan(partial[0][0]).any()
    tiled = partial[2][0]  # 3 x 3 windows of 2 x 2 lie side by side on a grid of 7 x 7
    assert np.isfinite(tiled[:, :6, :6]).all()
    assert found.cost["forward"] == 37


def test_that_occlusion_can_be_cancelled_between_batches(encoders, photo):
    seen = []
    context = JobContext(min_interval=0)

    def stop(_grid, done, _total):
        seen.append(done)
        context.cancel()

    with pytest.raises(Cancelled):
        explain(
            encoders["clip"],
            photo,
            TEXTS,
            "occlusion",
            batch_size=2,
            context=context,
            on_partial=stop,
        )
    assert seen == [2]


def test_that_progress_is_reported_after_each_batch(encoders, photo):
    seen = []
    context = JobContext(seen.append, min_interval=0)
    explain(encoders["clip"], photo, TEXTS, "occlusion", batch_size=5, context=context)
    assert [(progress.done, progress.total) for progress in seen] == [
        (5, 16), (10, 16), (15, 16), (16, 16),
    ]  # fmt: skip


def test_that_half_precision_encoders_are_explained_in_single_precision(encoders, photo):
    encoder = encoders["biomedclip"]
    rounded = copy.deepcopy(encoder.model).to(torch.bfloat16)
    half = replace(encoder, precision="bf16", model=rounded)
    single = replace(encoder, model=copy.deepcopy(rounded).float())
    vectors = single.encode_texts(TEXTS)
    found = explain(replace_texts(half, vectors), photo, TEXTS, "occlusion")
    expected = explain(replace_texts(single, vectors), photo, TEXTS, "occlusion")
    np.testing.assert_allclose(found.grid, expected.grid, atol=1e-6)


class replace_texts:  # noqa: N801 - reads as a verb where it is used
    """An encoder whose texts have given vectors."""

    def __init__(self, encoder, vectors):
        self._encoder, self._vectors = encoder, vectors

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def encode_texts(self, texts):
        return self._vectors


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    window=st.integers(1, 6),
    stride=st.integers(1, 6),
)
def test_that_windows_cover_every_patch_and_tiles_come_first(height, width, window, stride):
    if not stride <= window <= max(height, width):
        with pytest.raises(UsageError, match="do not fit"):
            plan_windows((height, width), window, stride)
        return
    windows = plan_windows((height, width), window, stride)
    covered = np.zeros((height, width), int)
    for top, bottom, left, right in windows:
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1
    assert len(np.unique(windows, axis=0)) == len(windows)
    tiles = [not (top % window or left % window) for top, _, left, _ in windows]
    assert tiles == sorted(tiles, reverse=True)
    if stride == window:
        assert covered.max() == 1


def test_that_baselines_are_what_they_say(encoders, photo):
    encoder = encoders["clip"]
    view = encoder.view(photo)
    mean = encoder.preprocess.mean
    blurred, average, zero, black = (make_baseline(view, name, mean) for name in BASELINES)
    assert blurred.std() < view.std()
    assert abs(float(blurred.mean()) - float(view.mean())) < 3
    np.testing.assert_allclose(average[0, 0], view.mean(axis=(0, 1)), atol=0.5)
    np.testing.assert_allclose(zero[5, 5] / 255, mean, atol=0.5 / 255)
    assert not black.any()
    assert {picture.shape for picture in (blurred, average, zero, black)} == {view.shape}
    with pytest.raises(UsageError, match="baseline"):
        make_baseline(view, "noise", mean)
