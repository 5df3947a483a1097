"""From the encoder's grid of patches back to the pixels of the original image."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import Geometry

Interpolation = Literal["bilinear", "nearest"]


def to_original(
    grid: NDArray[np.float32], geometry: Geometry, interp: Interpolation = "bilinear"
) -> NDArray[np.float32]:
    """Lay a map of patches onto the original image, in one resampling.

    Values belong to the centres of patches; between them they are interpolated, and beyond the
    outermost centres they stay as they are (bilinear with `align_corners=False`).

    Args:
        grid: float32 (gh, gw), one value a patch, in the value's own unit.
        geometry: where the encoder's input square lies on the image.
        interp: `bilinear`, or `nearest` to show the patches as they are.

    Returns:
        float32 (rows, columns) of the original image; NaN where the encoder saw nothing: outside
        a crop, and beyond the last whole patch.
    """
    down, across = patch_coordinates(geometry)
    values = _resample(np.asarray(grid, np.float32), down, 0, interp)
    values = _resample(values, across, 1, interp)
    values[~_inside(down, geometry.grid_hw[0])] = np.nan
    values[:, ~_inside(across, geometry.grid_hw[1])] = np.nan
    return values


def patch_coordinates(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the centres of the image's rows and columns lie, in patches.

    Returns:
        float64 (rows,) and (columns,); patch g covers g to g + 1.
    """
    down, across = (
        ((np.arange(original) + 0.5) * resized / original - offset) / patch
        for original, resized, offset, patch in zip(
            geometry.orig_hw,
            geometry.resized_hw,
            geometry.offset_yx,
            geometry.patch_hw,
            strict=True,
        )
    )
    return down, across


def share_unseen(geometry: Geometry) -> float:
    """Return the share of the image's pixels, 0 to 1, that the encoder does not see."""
    down, across = patch_coordinates(geometry)
    seen = _inside(down, geometry.grid_hw[0]).mean() * _inside(across, geometry.grid_hw[1]).mean()
    return float(1 - seen)


def share_in_padding(grid: NDArray[np.float32], geometry: Geometry) -> float:
    """Return the share of a map's total magnitude, 0 to 1, that lies on padding, off the image."""
    magnitude = np.abs(grid.astype(np.float64))
    total = magnitude.sum()
    return float((magnitude * (1 - on_image(geometry))).sum() / total) if total > 0 else 0.0


def on_image(geometry: Geometry) -> NDArray[np.float64]:
    """Return the share of each patch that lies on the image, not on padding: (gh, gw), 0 to 1."""
    return np.outer(
        *(_overlap(geometry, axis, np.arange(geometry.grid_hw[axis])) for axis in (0, 1))
    )


def _overlap(geometry: Geometry, axis: int, cells: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the share of each row (or column) of patches that the image covers."""
    first = -geometry.offset_yx[axis] / geometry.patch_hw[axis]
    last = first + geometry.resized_hw[axis] / geometry.patch_hw[axis]
    covered = np.minimum(cells + 1, last) - np.maximum(cells, first)
    return np.asarray(np.clip(covered, 0, 1), np.float64)


def _inside(coordinates: NDArray[np.float64], cells: int) -> NDArray[np.bool_]:
    return (coordinates >= 0) & (coordinates <= cells)


def _resample(
    values: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    axis: int,
    interp: Interpolation,
) -> NDArray[np.float32]:
    """Return `values` at `coordinates` along an axis, in patches; centres lie at 0.5, 1.5, ..."""
    last = values.shape[axis] - 1
    if interp == "nearest":
        return values.take(np.clip(np.floor(coordinates).astype(np.intp), 0, last), axis)
    centred = np.clip(coordinates - 0.5, 0, last)
    before = np.minimum(centred.astype(np.intp), max(last - 1, 0))
    weight = np.expand_dims((centred - before).astype(np.float32), 1 - axis)
    between = values.take(before, axis)
    between += weight * (values.take(np.minimum(before + 1, last), axis) - between)
    return between
