from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.encoders.preprocess import RESIZE_MODES, Geometry, PreprocessConfig, plan
from vlm_explorer.saliency.geometry import to_original
from vlm_explorer.viewmodels.saliency_display import (
    RawMap,
    cell_at,
    cell_rectangle,
    display_map,
    encoder_geometry,
    seen_rectangle,
)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    config = PreprocessConfig(size=56, resize_mode=draw(st.sampled_from(RESIZE_MODES)))
    sizes = st.integers(30, 900)
    return plan(draw(sizes), draw(sizes), config, (7, 7))


def raw(grid: np.ndarray, geometry: Geometry, *, signed: bool = False) -> RawMap:
    return RawMap(grid.astype(np.float32), geometry, "attention", signed)


@given(geometries(), st.integers(0, 6), st.integers(0, 6))
def test_that_a_hot_cell_lies_where_the_core_puts_it(
    geometry: Geometry, row: int, column: int
) -> None:
    grid = np.zeros((7, 7), np.float32)
    grid[row, column] = 1
    left, top, right, bottom = cell_rectangle(geometry, (row, column))
    on_image = to_original(grid, geometry, "nearest")
    for y, x in np.argwhere(on_image > 0.5):
        assert left <= x + 0.5 <= right
        assert top <= y + 0.5 <= bottom
        assert cell_at(geometry, x + 0.5, y + 0.5) == (row, column)
    inside = np.zeros_like(on_image, bool)
    ys, xs = np.indices(on_image.shape) + 0.5
    inside = (xs > left) & (xs < right) & (ys > top) & (ys < bottom)
    assert (on_image[inside] == 1).all()


@given(geometries())
def test_that_what_was_seen_is_what_the_core_does_not_leave_open(geometry: Geometry) -> None:
    left, top, right, bottom = seen_rectangle(geometry)
    seen = np.isfinite(to_original(np.zeros((7, 7), np.float32), geometry))
    ys, xs = np.indices(seen.shape) + 0.5
    expected = (xs >= left) & (xs <= right) & (ys >= top) & (ys <= bottom)
    np.testing.assert_array_equal(seen, expected)


@given(st.integers(100, 300), st.integers(100, 300), st.sampled_from(RESIZE_MODES))
def test_that_the_displayed_map_is_the_cores_at_another_size(
    rows: int, columns: int, mode: str
) -> None:
    geometry = plan(rows, columns, PreprocessConfig(size=56, resize_mode=mode), (7, 7))
    grid = np.add.outer(np.arange(7.0), np.arange(7.0)).astype(np.float32)  # 1 a patch, each way
    values = display_map(raw(grid, geometry)).values
    exact = to_original(grid, geometry)
    ys, xs = np.indices(exact.shape)
    there = values[ys * values.shape[0] // rows, xs * values.shape[1] // columns]
    both = np.isfinite(there) & np.isfinite(exact)
    assert both.mean() > 0.3
    np.testing.assert_allclose(there[both], exact[both], atol=0.35)
    assert (np.isfinite(there) != np.isfinite(exact)).mean() < 0.03


GEOMETRY = plan(100, 100, PreprocessConfig(size=56, resize_mode="squash"), (7, 7))


def test_that_signed_colours_are_symmetric_and_unsigned_ones_span_the_values() -> None:
    grid = np.linspace(-0.1, 0.3, 49).reshape(7, 7)
    signed = display_map(raw(grid, GEOMETRY, signed=True))
    assert (signed.low, signed.high) == pytest.approx((-0.3, 0.3))
    unsigned = display_map(raw(grid + 1, GEOMETRY))
    assert (unsigned.low, unsigned.high) == pytest.approx((0.9, 1.3))


@pytest.mark.parametrize("value", [0.0, 0.02])
@pytest.mark.parametrize("signed", [False, True])
def test_that_a_map_without_signal_is_called_flat(value: float, signed: bool) -> None:
    grid = np.full((7, 7), value)
    assert display_map(raw(grid, GEOMETRY, signed=signed)).flat
    grid[3, 3] += 0.001
    assert not display_map(raw(grid, GEOMETRY, signed=signed)).flat


def test_that_a_partial_map_keeps_what_is_missing_open() -> None:
    grid = np.full((7, 7), np.nan)
    grid[:, :3] = np.arange(21).reshape(7, 3)
    shown = display_map(raw(grid, GEOMETRY))
    assert np.isfinite(shown.values[:, :160]).all()
    assert np.isnan(shown.values[:, 170:]).all()
    assert shown.high == 20


def test_that_the_encoders_view_is_seen_whole() -> None:
    geometry = plan(50, 200, PreprocessConfig(size=56), (7, 7))
    assert seen_rectangle(geometry) != (0, 0, 200, 50)
    assert seen_rectangle(encoder_geometry(geometry)) == (0, 0, 56, 56)
