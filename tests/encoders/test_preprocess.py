"""The model's view against open_clip's own transform, bit for bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import open_clip
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from vlm_explorer.encoders import preprocess
from vlm_explorer.encoders.preprocess import PreprocessConfig, model_view, plan, to_tensor

MODES = ("shortest", "longest", "squash")
configs = st.builds(
    PreprocessConfig,
    size=st.integers(1, 96),
    mean=st.sampled_from([preprocess.OPENAI_MEAN, (0.5, 0.5, 0.5), (0.0, 0.0, 0.0)]),
    std=st.sampled_from([preprocess.OPENAI_STD, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)]),
    interpolation=st.sampled_from(["bicubic", "bilinear", "random"]),
    resize_mode=st.sampled_from(MODES),
    fill_color=st.integers(0, 255),
)


def open_clips(image: np.ndarray, config: PreprocessConfig):
    values = dataclasses.asdict(config)
    assert values.pop("crop") == "round"
    transform = open_clip.image_transform(values.pop("size"), is_train=False, **values)
    return transform(Image.fromarray(image)).numpy()


def ours(image: np.ndarray, config: PreprocessConfig):
    return to_tensor([model_view(image, config)], config).numpy()[0]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.integers(1, 300),
    columns=st.integers(1, 300),
    colour=st.booleans(),
    config=configs,
    seed=st.integers(0, 9),
)
def test_that_the_input_equals_open_clips(rows, columns, colour, config, seed):
    if config.resize_mode == "longest":
        # open_clip itself fails where the shorter side would round to nothing
        assume(round(min(rows, columns) * config.size / max(rows, columns)) >= 1)
    shape = (rows, columns, 3) if colour else (rows, columns)
    image = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(ours(image, config), open_clips(image, config))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "shape", [(3, 3), (3056, 2544), (2001, 4000, 3), (224, 224), (225, 224, 3)]
)
def test_that_small_and_huge_images_equal_open_clips(mode, shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    config = PreprocessConfig(resize_mode=mode)
    np.testing.assert_array_equal(ours(image, config), open_clips(image, config))


@given(rows=st.integers(1, 200), columns=st.integers(1, 200), config=configs)
@settings(max_examples=100, deadline=None)
def test_that_a_view_is_its_own_view(rows, columns, config):
    image = np.random.default_rng(1).integers(0, 256, (rows, columns)).astype(np.uint8)
    view = model_view(image, config)
    assert view.shape == (config.size, config.size, 3)
    assert view.dtype == np.uint8
    np.testing.assert_array_equal(model_view(view, config), view)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 65535), (65535, 1), (1, 1), (2, 9000, 3)])
def test_that_strips_are_seen_without_making_gigabytes(mode, shape):
    image = np.full(shape, 90, np.uint8)
    view = model_view(image, PreprocessConfig(resize_mode=mode, fill_color=90))
    assert view.shape == (224, 224, 3)
    assert (view == 90).all()


@pytest.mark.parametrize("shape", [(60, 400), (400, 61), (301, 300)])
def test_that_cutting_before_resizing_differs_by_rounding_only(shape, monkeypatch):
    # Smooth, and within two levels: Pillow chooses which side to resize first, and rounds between.
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = (127 + 100 * np.sin(y / 9) * np.cos(x / 7)).astype(np.uint8)
    config = PreprocessConfig(size=64)
    whole = model_view(image, config).astype(int)
    monkeypatch.setattr(preprocess, "LARGEST_RESIZED", 0)
    assert np.abs(model_view(image, config).astype(int) - whole).max() <= 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(250, 170), (170, 250), (200, 200), (131, 57)])
def test_that_the_plan_tells_where_each_input_pixel_comes_from(mode, shape):
    config = PreprocessConfig(size=96, resize_mode=mode, fill_color=255, interpolation="bilinear")
    geometry = plan(*shape, config)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.uint8)
    for axis, ramp in ((0, rows), (1, columns)):
        seen = model_view(ramp, config)[..., 0].astype(float)
        place = np.arange(96)
        resized, offset = geometry.resized_hw[axis], geometry.offset_yx[axis]
        original = (place + offset + 0.5) * shape[axis] / resized - 0.5
        inside = (original > 4) & (original < shape[axis] - 5)
        other = 1 - axis
        middle = np.take(seen, 48, axis=other)
        assert np.abs(middle - original)[inside].max() < 1.1


def test_that_padding_lies_where_the_plan_says():
    config = PreprocessConfig(size=40, resize_mode="longest", fill_color=9)
    geometry = plan(100, 33, config)
    assert geometry.resized_hw == (40, 13)
    assert geometry.offset_yx == (0, -13)
    view = model_view(np.full((100, 33), 200, np.uint8), config)
    expected = np.full((40, 40, 3), 9, np.uint8)
    expected[:, 13:26] = 200
    np.testing.assert_array_equal(view, expected)


def test_that_the_plan_carries_the_grid_and_its_patches():
    config = PreprocessConfig(size=384)
    assert plan(10, 10, config).grid_hw == (1, 1)
    assert plan(10, 10, config, grid_hw=(27, 27)).patch_hw == (14, 14)
    assert plan(10, 10, config, grid_hw=(12, 12), patch_hw=(32, 32)).patch_hw == (32, 32)
