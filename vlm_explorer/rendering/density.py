"""Many points as tone: where they are dense it glows, and one alone can still be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas, Discs

Grid = NDArray[np.float32]

LEAST = 0.02  # density, in units of a point's middle, below which nothing is drawn
_LINEAR_STEPS = 4096
_TONE_STEPS = 4096
_BY_RANK = 0.7  # the rest by logarithm
TO_SRGB = colours.from_linear(np.linspace(0, 1, _LINEAR_STEPS)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Tone:
    """How density becomes opacity and light.

    Attributes:
        lone: opacity of a single point, 0 to 1.
        dense: opacity where it is densest.
        glow: how far the densest places move towards `light`, 0 to 1.
        light: lightness to move to, 0 (black) or 255 (white): away from the ground.
    """

    lone: float
    dense: float
    glow: float
    light: float


def pixel_of(
    x: NDArray[np.floating], y: NDArray[np.floating], columns: int, cell: int = 1
) -> NDArray[np.intp]:
    """Return the flat index of the cell that each point lies in, (N,).

    Args:
        x, y: (N,) pixel coordinates, not negative.
        columns: cells in a row.
        cell: side of a cell in pixels.
    """
    column, row = x.astype(np.int32), y.astype(np.int32)
    if cell > 1:
        column //= cell
        row //= cell
    pixel = row.astype(np.intp)
    pixel *= columns
    pixel += column
    return pixel


def count(
    pixel: NDArray[np.intp], shape: tuple[int, int], weights: NDArray[np.float64] | None = None
) -> Grid:
    """Return how many points, or which sum of their weights, lie in each pixel of `shape`."""
    return np.bincount(pixel, weights, shape[0] * shape[1]).astype(np.float32).reshape(shape)


def evenness(codes: NDArray[np.integer], size: int) -> NDArray[np.float64]:
    """Return what one point of each code (size,) weighs where colours mix.

    A fifth power of rarity: enough that a small category tints the places where it gathers, too
    little to give a large one's noise the say.
    """
    return weigh(np.bincount(codes, minlength=size))


def weigh(found: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return what one point of each code weighs; `found` is how many there are of it."""
    weights: NDArray[np.float64] = np.maximum(found, 1) ** -0.2
    return weights


def draw(canvas: Canvas, points: Discs, palette: Rgb, diameter: float, tone: Tone) -> None:
    """Draw points onto `canvas` as one smooth tone a pixel.

    Args:
        canvas: RGBA, changed in place; alpha is left as it is.
        points: where, in device pixels; those outside are passed over, kinds make no difference.
        palette: (C, 3).
        diameter: of a point, device pixels.
        tone: how density becomes opacity.
    """
    rows, columns = canvas.shape[:2]
    x, y = points.x, points.y
    within = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    if not within.all():
        points = points.only(within)
    if not len(points.x):
        return
    pixel = pixel_of(points.x, points.y, columns)
    density = _spread(count(pixel, (rows, columns)), profile(diameter))
    cell = max(1, math.ceil(diameter))  # the eye sees colour less sharply than tone
    shape = -(-rows // cell), -(-columns // cell)
    coarse = pixel if cell == 1 else pixel_of(points.x, points.y, shape[1], cell)
    colour = _mixture(coarse, points.codes, palette, shape, profile(max(diameter / cell, 1.0)))
    _shade(canvas, density, colour, cell, tone)


def profile(diameter: float) -> NDArray[np.float32]:
    """Return the profile (odd,) of a point, 1 in the middle, half at `diameter` / 2."""
    reach = max(1, int(np.ceil(diameter * 0.75)))
    offset = np.arange(-reach, reach + 1)
    return np.exp2(-((2 * offset / diameter) ** 2)).astype(np.float32)


def _spread(grid: Grid, kernel: NDArray[np.float32]) -> Grid:
    """Return `grid` convolved with `kernel` along both axes, zero outside."""
    reach = len(kernel) // 2
    for axis in (0, 1):
        spread = grid * kernel[reach]
        for step in range(1, reach + 1):
            near = grid * kernel[reach + step]
            if axis == 0:
                spread[step:] += near[:-step]
                spread[:-step] += near[step:]
            else:
                spread[:, step:] += near[:, :-step]
                spread[:, :-step] += near[:, step:]
        grid = spread
    return grid


def _mixture(
    pixel: NDArray[np.intp],
    codes: NDArray[np.integer],
    palette: Rgb,
    shape: tuple[int, int],
    kernel: NDArray[np.float32],
) -> Grid:
    """Return red, green and blue (3, cells; sRGB, 0 to 255) of the mixture in each cell."""
    weights = evenness(codes, len(palette))
    light = colours.to_linear(palette) * weights[:, None]
    total = _spread(count(pixel, shape, weights.take(codes)), kernel)
    np.maximum(total, 1e-30, out=total)
    mixed = np.empty((3, shape[0] * shape[1]), np.float32)
    for channel in range(3):
        parts = np.ascontiguousarray(light[:, channel]).take(codes)
        share = _spread(count(pixel, shape, parts), kernel)
        share /= total
        share *= _LINEAR_STEPS - 1
        share += 0.5
        np.minimum(share, _LINEAR_STEPS - 1, out=share)
        mixed[channel] = TO_SRGB.take(share.astype(np.int32)).ravel()
    return mixed


def _shade(canvas: Canvas, density: Grid, colour: Grid, cell: int, tone: Tone) -> None:
    """Lay the coloured tone over `canvas`, where there is any."""
    rows, columns = density.shape
    flat = np.flatnonzero(density > LEAST)
    if not len(flat):
        return
    values = density.ravel().take(flat)
    table = levels(values, tone)
    place = (np.sqrt(values) * np.float32(table.per_root)).astype(np.int32)
    opacity, glow = table.opacity.take(place), table.glow.take(place)
    coarse = flat
    if cell > 1:
        first = np.arange(rows, dtype=np.int32) // cell * np.int32(-(-columns // cell))
        cells = first[:, None] + np.arange(columns, dtype=np.int32) // cell
        coarse = cells.ravel().take(flat)
    plain = canvas.reshape(-1, 4)
    for channel in range(3):
        lit = colour[channel].take(coarse)
        lit += (tone.light - lit) * glow
        plane = plain[:, channel]
        under = plane[flat].astype(np.float32)
        under += (lit - under) * opacity
        under += 0.5
        plane[flat] = under.astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Opacity and glow, float32 (steps,), by the square root of density times `per_root`.

    In the root, low densities have steps enough.
    """

    opacity: Grid
    glow: Grid
    per_root: float


def levels(density: Grid, tone: Tone) -> Levels:
    """Return what opacity and glow become of these densities (F,), one at least.

    They are in units of one point's middle. Partly by logarithm, partly by rank (histogram
    equalisation): the first keeps order of magnitude readable, the second shows the structure
    within dense places.
    """
    sample = np.sort(density[:: max(1, len(density) // 20_000)])
    knots = np.unique(np.quantile(sample, np.linspace(0, 1, 65)).astype(np.float32))
    rank = np.searchsorted(sample, knots, side="right") / len(sample)
    log = np.log1p(knots) / np.log1p(max(float(knots[-1]), 6.0))
    blend = _BY_RANK * np.sqrt(rank * log) + (1 - _BY_RANK) * log
    top = math.sqrt(max(float(density.max()), 1e-6))
    at = (np.linspace(0, 1, _TONE_STEPS) * top) ** 2
    step = np.interp(at, knots, blend)
    opacity = (tone.lone + (tone.dense - tone.lone) * step) * np.minimum(at, 1)
    glow = np.clip((step - 0.4) / 0.6, 0, 1) ** 2 * tone.glow
    return Levels(
        opacity.astype(np.float32), glow.astype(np.float32), (_TONE_STEPS - 1) / top * (1 - 1e-7)
    )
