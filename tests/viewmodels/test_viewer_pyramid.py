from __future__ import annotations

import itertools

import numpy as np
import pytest

from vlm_explorer.viewmodels.viewer_pyramid import build_pyramid


@pytest.mark.parametrize("shape", [(512, 512), (777, 1023), (1, 600), (2000, 300, 3)])
def test_that_each_level_is_half_the_one_before_rounded_up(shape: tuple[int, ...]) -> None:
    dtype = np.uint8 if len(shape) == 3 else np.float32
    levels = build_pyramid(np.zeros(shape, dtype)).levels
    for larger, smaller in itertools.pairwise(levels):
        assert smaller.shape[:2] == tuple((size + 1) // 2 for size in larger.shape[:2])
        assert smaller.dtype == dtype
    assert max(levels[-1].shape[:2]) <= 256


def test_that_a_pixel_of_a_level_is_the_mean_of_those_that_it_covers() -> None:
    values = np.random.default_rng(0).normal(size=(512, 1024)).astype(np.float32)
    levels = build_pyramid(values).levels
    means = values.reshape(128, 4, 256, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(levels[2], means, atol=1e-5)


@pytest.mark.parametrize(("dtype", "value"), [(np.float32, -1024.0), (np.uint8, 255)])
def test_that_an_even_ground_stays_as_it_is(dtype: type, value: float) -> None:
    for level in build_pyramid(np.full((601, 333), value, dtype)).levels:
        assert (level == value).all()


@pytest.mark.parametrize(
    ("zoom", "level"), [(3.0, 0), (1.0, 0), (0.6, 0), (0.5, 1), (0.3, 1), (0.25, 2), (0.001, 3)]
)
def test_that_the_level_has_a_pixel_for_each_device_pixel(zoom: float, level: int) -> None:
    assert build_pyramid(np.zeros((2048, 2048), np.float32)).level_for(zoom) == level


def test_that_a_small_image_is_not_copied() -> None:
    values = np.zeros((64, 64), np.float32)
    assert build_pyramid(values).levels[0] is values
