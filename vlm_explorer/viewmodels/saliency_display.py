"""A saliency map as it is shown: values on the picture, their range, and its cells. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.rendering.contours import contour
from vlm_explorer.rendering.map_scaling import Scaling, limits
from vlm_explorer.saliency.geometry import to_original
from vlm_explorer.viewmodels.viewer_words import plain_number

CONTOURS = (0.5, 0.75, 0.9)  # of the greatest magnitude
LONGEST = 384  # pixels of the displayed map; the screen interpolates between them

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the picture
Cell = tuple[int, int]  # row and column of a patch


@dataclass(frozen=True, slots=True, eq=False)
class RawMap:
    """What an explanation says of each patch; never scaled.

    Attributes:
        grid: float32 (gh, gw); NaN where nothing is known yet.
        geometry: from the grid to the image.
        unit: of the values.
        signed: whether values below zero mean the opposite.
    """

    grid: np.ndarray
    geometry: Geometry
    unit: str
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class DisplayedMap:
    """A map stretched over a picture.

    Attributes:
        values: float32 (h, w), NaN where the encoder saw nothing.
        low, high: the range of the colours; symmetric about 0 where signed.
        unit: of the values.
        signed: whether the colours diverge from a neutral centre.
        flat: whether there is no signal, so that colours would only stretch noise.
        palette: name of the colours; "" for the usual ones.
        fade: whether low values leave more of the picture to be seen.
    """

    values: np.ndarray
    low: float
    high: float
    unit: str
    signed: bool
    flat: bool
    palette: str = ""
    fade: bool = True

    def strengths(self) -> np.ndarray:
        """Return the values from 0 to 1 over the range of the colours, NaN where unseen."""
        span = self.high - self.low
        return (self.values - self.low) / span if span > 0 else np.zeros_like(self.values)


def contour_lines(shown: DisplayedMap) -> list[tuple[float, NDArray[np.float64]]]:
    """Return the lines at 50, 75 and 90 % of the greatest magnitude; none without signal.

    Returns:
        each line's value, and its pieces (S, 2, 2) as shares of the picture's width and height;
        where values have a sign, the lines of both signs.
    """
    if shown.flat:
        return []
    greatest = float(np.nanmax(np.abs(shown.values)))
    rows, columns = shown.values.shape
    levels = [sign * share * greatest for share in CONTOURS for sign in (1, -1)]
    found = [(level, contour(shown.values, level)) for level in levels]
    size = np.array([columns, rows], np.float64)
    return [(level, pieces / size) for level, pieces in found if len(pieces)]


def encoder_geometry(geometry: Geometry) -> Geometry:
    """Return the geometry of a map over the encoder's own view instead of the scan."""
    return replace(
        geometry, orig_hw=geometry.input_hw, resized_hw=geometry.input_hw, offset_yx=(0, 0)
    )


def display_map(
    raw: RawMap,
    *,
    squares: bool = False,
    scaling: Scaling = "minmax",
    among: Sequence[NDArray[np.floating]] = (),
    palette: str = "",
    fade: bool = True,
    longest: int = LONGEST,
) -> DisplayedMap:
    """Return a map stretched over the picture.

    Args:
        raw: the map; it stays as it is.
        squares: show the patches as they are instead of interpolating between them.
        scaling: which values the ends of the colours stand for, see `limits`.
        among: values of other maps that share one range with this one.
        palette: name of the colours.
        fade: let low values leave more of the picture to be seen.
        longest: pixels of the longer side.
    """
    geometry = raw.geometry
    rows, columns = geometry.orig_hw
    scale = longest / max(rows, columns)
    small = max(1, round(rows * scale)), max(1, round(columns * scale))
    # the way from grid to image is the same at any size of the image
    smaller = replace(geometry, orig_hw=small)
    patches = to_original(raw.grid, smaller, "nearest")
    partial = not np.isfinite(raw.grid).all()  # interpolation would spread what is missing
    values = patches if squares or partial else to_original(raw.grid, smaller, "bilinear")
    seen = patches[np.isfinite(patches)]
    flat = limits([seen], signed=raw.signed).flat  # of this map, whatever the others are like
    ends = limits([seen, *among], signed=raw.signed, scaling=scaling)
    return DisplayedMap(values, ends.low, ends.high, raw.unit, ends.diverging, flat, palette, fade)


def cell_at(geometry: Geometry, x: float, y: float) -> Cell | None:
    """Return the patch at a point of the picture; None where the encoder saw nothing."""
    cell = []
    for axis, value in enumerate((y, x)):
        scale = geometry.resized_hw[axis] / geometry.orig_hw[axis]
        along = (value * scale - geometry.offset_yx[axis]) / geometry.patch_hw[axis]
        if not 0 <= along < geometry.grid_hw[axis]:
            return None
        cell.append(int(along))
    return cell[0], cell[1]


def step_cell(
    geometry: Geometry, cell: Cell | None, rows: int, columns: int
) -> tuple[float, float] | None:
    """Return the middle of a patch beside another one, in pixels of the picture.

    Args:
        geometry: from the grid to the picture.
        cell: the other one; None to begin with the patch in the middle.
        rows, columns: how far away.

    Returns:
        x and y; None where the grid ends, or the patch lies beyond the picture.
    """
    height, width = geometry.grid_hw
    there = (height // 2, width // 2) if cell is None else (cell[0] + rows, cell[1] + columns)
    if not (0 <= there[0] < height and 0 <= there[1] < width):
        return None
    left, top, right, bottom = cell_rectangle(geometry, there)
    x, y = (left + right) / 2, (top + bottom) / 2
    inside = 0 <= x < geometry.orig_hw[1] and 0 <= y < geometry.orig_hw[0]
    return (x, y) if inside else None


def cell_rectangle(geometry: Geometry, cell: Cell) -> Rectangle:
    """Return where a patch lies on the picture; parts of it may lie on padding, beyond it."""
    return _rectangle(geometry, cell, (cell[0] + 1, cell[1] + 1))


def seen_rectangle(geometry: Geometry) -> Rectangle:
    """Return the part of the picture that the encoder saw."""
    rows, columns = geometry.orig_hw
    left, top, right, bottom = _rectangle(geometry, (0, 0), geometry.grid_hw)
    return max(left, 0.0), max(top, 0.0), min(right, columns), min(bottom, rows)


def _rectangle(geometry: Geometry, first: Cell, last: Cell) -> Rectangle:
    (top, left), (bottom, right) = (
        [
            (cell[axis] * geometry.patch_hw[axis] + geometry.offset_yx[axis])
            * geometry.orig_hw[axis]
            / geometry.resized_hw[axis]
            for axis in (0, 1)
        ]
        for cell in (first, last)
    )
    return left, top, right, bottom


def value_text(raw: RawMap, cell: Cell) -> str:
    """Return the raw value of a patch in words."""
    value = plain_number(float(raw.grid[cell]), 3)
    return f"{raw.unit} {value}, patch {cell[0] + 1}, {cell[1] + 1}"
