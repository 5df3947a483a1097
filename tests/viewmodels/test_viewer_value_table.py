from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import render_frame
from vlm_explorer.pixels.windowing import FUNCTIONS, Window
from vlm_explorer.viewmodels.viewer_frames import prepare
from vlm_explorer.viewmodels.viewer_picture import FramePicture
from vlm_explorer.viewmodels.viewer_value_table import tabulate


def noise(low: int, high: int, dtype: type = np.int32) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (60, 70)).astype(dtype)


@given(st.integers(-40_000, 40_000), st.sampled_from([0, 1, 3, 255, 4095, 65_535]))
def test_that_whole_values_are_found_again_exactly(lowest: int, span: int) -> None:
    values = (lowest + np.array([[0, span // 2], [span, 0]])).astype(np.float32)
    table = tabulate(values)
    assert table is not None
    np.testing.assert_array_equal(table.entries[table.places], values)
    assert np.all(np.diff(table.entries) >= 0)


@pytest.mark.parametrize("slope", [0.0031, 1.7, 1e-6, 3e5])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_that_rescaled_values_are_found_again_exactly(slope: float, dtype: type) -> None:
    stored = noise(0, 30_000, dtype)
    values = (stored * slope - 7.3).astype(np.float32)
    table = tabulate(values, stored)
    assert table is not None
    np.testing.assert_array_equal(table.entries[table.places], values)
    assert np.all(np.diff(table.entries) >= 0)


def test_that_values_that_a_table_cannot_hold_are_left_as_they_are() -> None:
    assert tabulate(noise(0, 9).astype(np.float32) / 3) is None
    assert tabulate(np.array([[0, 70_000]], np.float32)) is None
    stored = noise(0, 200)
    assert tabulate(-stored.astype(np.float32), stored) is None  # falling: means would lie
    drifting = stored.astype(np.float32) + np.linspace(0, 0.5, 70, dtype=np.float32)
    assert tabulate(drifting, stored) is None


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("width", [0.5, 1, 80, 4000])
def test_that_a_look_up_draws_what_rendering_each_pixel_draws(
    function: str, inverted: bool, width: float
) -> None:
    stored = noise(-1200, 3000, np.int16)
    for values in (stored.astype(np.float32), (stored * 0.37 + 2).astype(np.float32)):
        frame = Frame(values, "MONOCHROME2", inverted=inverted, stored=stored, padding=stored < -9)
        window = Window(40.3, width, "user", function)
        loaded = prepare(frame)
        assert loaded.entries is not None
        drawn = FramePicture(loaded, window, inverted=False).pixels(0, 0, 0, 60, 70)
        np.testing.assert_array_equal(drawn, render_frame(frame, window).pixels)


def test_that_means_of_a_mask_keep_their_shades() -> None:
    """Half of the pixels set is grey, although no pixel is."""
    mask = np.indices((600, 600)).sum(axis=0) % 2
    loaded = prepare(Frame(mask.astype(np.float32), "MONOCHROME2"))
    assert loaded.entries is not None
    grey = FramePicture(loaded, Window(0.5, 1, "user", "LINEAR_EXACT"), False)
    assert np.unique(grey.pixels(1, 0, 0, 300, 300)).tolist() == [128]
