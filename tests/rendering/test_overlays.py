from __future__ import annotations

import numpy as np

from vlm_explorer.rendering.overlays import blend


def test_that_a_flat_map_leaves_the_image_as_it_is() -> None:
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for value in (0.0, 0.3, -0.3):
        for signed in (False, True):
            picture = blend(pixels, np.full((4, 5), value, np.float32), signed=signed)
            np.testing.assert_array_equal(picture, np.repeat(pixels[..., None], 3, axis=2))


def test_that_the_strongest_value_stands_out_and_the_weakest_leaves_the_anatomy() -> None:
    pixels = np.full((3, 3), 40, np.uint8)
    overlay = np.zeros((3, 3), np.float32)
    overlay[1, 2] = 5
    picture = blend(pixels, overlay, signed=False).astype(int)
    changed = np.abs(picture - 40).sum(axis=2)
    assert changed.argmax() == 5
    assert (np.delete(changed, 5) == 0).all()


def test_that_what_the_encoder_never_saw_is_darkened_and_not_coloured() -> None:
    pixels = np.full((2, 4, 3), 200, np.uint8)
    overlay = np.linspace(0, 1, 8, dtype=np.float32).reshape(2, 4)
    overlay[:, 0] = np.nan
    picture = blend(pixels, overlay, signed=False)
    np.testing.assert_array_equal(picture[:, 0], 100)
    np.testing.assert_array_equal(blend(pixels, np.full((2, 4), np.nan), signed=True), 100)


def test_that_both_signs_of_the_same_size_are_equally_strong_and_of_other_colours() -> None:
    pixels = np.zeros((1, 3), np.uint8)
    picture = blend(pixels, np.array([[-2, 0, 2]], np.float32), signed=True).astype(int)
    assert picture[0, 1].tolist() == [0, 0, 0]
    assert picture[0, 0, 2] > picture[0, 0, 0]
    assert picture[0, 2, 0] > picture[0, 2, 2]
