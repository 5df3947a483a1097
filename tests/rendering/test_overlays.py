from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.rendering.map_scaling import SCALINGS, Scaling, limits
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


def test_that_a_large_part_that_was_never_seen_is_hatched_without_colour() -> None:
    overlay = np.full((60, 60), np.nan, np.float32)
    overlay[:, 30:] = 1.0
    picture = blend(np.full((60, 60), 100, np.uint8), overlay, signed=False)[:, :30].astype(int)
    assert set(np.unique(picture)) == {50, 98}
    assert 0.05 < (picture[..., 0] == 98).mean() < 0.2
    assert (np.ptp(picture, axis=2) == 0).all()


def test_that_given_ends_make_one_scale_for_two_maps() -> None:
    weak, strong = np.eye(4, dtype=np.float32), 4 * np.eye(4, dtype=np.float32)
    black = np.zeros((4, 4), np.uint8)
    ends = limits([weak, strong], signed=False, scaling="shared")
    both = np.concatenate([weak, strong], axis=1)
    apart = [blend(black, each, signed=False, ends=ends) for each in (weak, strong)]
    together = blend(np.zeros((4, 8), np.uint8), both, signed=False)
    np.testing.assert_array_equal(np.concatenate(apart, axis=1), together)


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=40),
    st.booleans(),
    st.sampled_from(SCALINGS),
)
def test_that_colours_of_every_scaling_hold_the_values_they_promise(
    values: list[float], signed: bool, scaling: Scaling
) -> None:
    array = np.array(values, np.float32)
    found = limits([array], signed=signed, scaling=scaling)
    assert found.low <= found.high
    if found.diverging:
        assert found.low == -found.high
        assert signed or scaling == "symmetric"
    if scaling != "percentile":
        assert found.low <= array.min()
        assert found.high >= array.max()
    if not signed and scaling == "minmax":
        assert (found.low, found.high) == (array.min(), array.max())
    assert limits([array[:1], array[1:]], signed=signed, scaling=scaling) == found
