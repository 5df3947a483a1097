"""Small pictures."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.pixels.thumbnails import make_thumbnail, open_thumbnail


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((512, 512), (128, 128)),
        ((400, 200), (128, 64)),
        ((100, 1000), (13, 128)),
        ((10, 10), (128, 128)),
        ((3, 4000), (1, 128)),
        ((64, 128, 3), (64, 128)),
    ],
)
def test_that_the_longest_side_is_the_side_and_the_aspect_is_kept(
    shape: tuple[int, ...], expected: tuple[int, int]
) -> None:
    thumbnail = open_thumbnail(make_thumbnail(np.zeros(shape, np.uint8)))
    assert thumbnail.shape == (*expected, 3)
    assert thumbnail.dtype == np.uint8


def test_that_pixels_that_are_not_square_are_shown_in_their_true_shape() -> None:
    pixels = np.zeros((100, 100), np.uint8)
    assert open_thumbnail(make_thumbnail(pixels, 60, spacing=(2.0, 1.0))).shape == (60, 30, 3)


def test_that_a_thumbnail_looks_like_its_picture() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:, 100:] = (200, 100, 50)
    thumbnail = open_thumbnail(make_thumbnail(pixels)).astype(int)
    assert np.abs(thumbnail[:, 5:55]).max() < 12
    assert np.abs(thumbnail[:, 75:120] - (200, 100, 50)).max() < 12


def test_that_a_thumbnail_is_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512)).astype(np.uint8)
    assert len(make_thumbnail(noise)) < 20_000
