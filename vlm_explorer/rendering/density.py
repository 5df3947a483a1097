"""Many points as tone: where they are dense it glows, and one alone can still be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas, Discs

Grid = NDArray[np.float32]

_LINEAR_STEPS = 4096
_BY_RANK = 0.7  # the rest by logarithm
_TO_SRGB = colours.from_linear(np.linspace(0, 1, _LINEAR_STEPS)).astype(np.float32)


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


def count(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    shape: tuple[int, int],
    weights: NDArray[np.float64] | None = None,
) -> Grid:
    """Return how many points, or which sum of their weights, lie in each pixel.

    Args:
        x, y: (N,) pixel coordinates, all within `shape`.
        shape: rows, columns.
        weights: (N,) or None.
    """
    pixel = y.astype(np.intp)
    pixel *= shape[1]
    pixel += x.astype(np.intp)
    return np.bincount(pixel, weights, shape[0] * shape[1]).astype(np.float32).reshape(shape)


def evenness(codes: NDArray[np.integer], size: int) -> NDArray[np.float64]:
    """Return what one point of each code (size,) weighs where colours mix.

    A fifth power of rarity: enough that a small category tints the places where it gathers, too
    little to give a large one's noise the say.
    """
    found = np.bincount(codes, minlength=size)
    return np.maximum(found, 1) ** -0.2


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
    spread = _spread(count(points.x, points.y, (rows, columns)), _kernel(diameter))
    cell = max(1, round(diameter / 2))  # the eye sees colour less sharply than tone
    coarse = Discs(points.x / cell, points.y / cell, points.codes, points.kinds)
    shape = -(-rows // cell), -(-columns // cell)
    colour = _mixture(coarse, palette, shape, _kernel(diameter / cell))
    _shade(canvas, spread, colour, cell, tone)


def _kernel(diameter: float) -> NDArray[np.float32]:
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
    points: Discs, palette: Rgb, shape: tuple[int, int], kernel: NDArray[np.float32]
) -> list[Grid]:
    """Return red, green and blue (sRGB, 0 to 255) of the mixture in each cell of `shape`."""
    weights = evenness(points.codes, len(palette))
    light = colours.to_linear(palette) * weights[:, None]
    total = _spread(count(points.x, points.y, shape, weights.take(points.codes)), kernel)
    np.maximum(total, 1e-30, out=total)
    mixed = []
    for channel in range(3):
        parts = np.ascontiguousarray(light[:, channel]).take(points.codes)
        share = _spread(count(points.x, points.y, shape, parts), kernel)
        share /= total
        share *= _LINEAR_STEPS - 1
        share += 0.5
        np.clip(share, 0, _LINEAR_STEPS - 1, out=share)
        mixed.append(_TO_SRGB.take(share.astype(np.int32)))
    return mixed


def _shade(canvas: Canvas, density: Grid, colour: list[Grid], cell: int, tone: Tone) -> None:
    """Lay the coloured tone over `canvas`, where there is any."""
    rows, columns = np.nonzero(density > 0.02)
    found = density[rows, columns]
    opacity, glow = _levels(found, tone)
    coarse = (rows // cell) * colour[0].shape[1] + columns // cell
    flat = rows * canvas.shape[1] + columns
    for channel in range(3):
        plane = canvas[..., channel]
        lit = colour[channel].ravel().take(coarse)
        lit += (tone.light - lit) * glow
        under = canvas.reshape(-1, 4)[:, channel].take(flat).astype(np.float32)
        under += (lit - under) * opacity
        under += 0.5
        plane[rows, columns] = under.astype(np.uint8)


def _levels(density: Grid, tone: Tone) -> tuple[Grid, Grid]:
    """Return opacity and glow (F,) of these densities, in units of one point's middle.

    Partly by logarithm, partly by rank (histogram equalisation): the first keeps order of
    magnitude readable, the second shows the structure within dense places.
    """
    sample = np.sort(density[:: max(1, len(density) // 20_000)])
    knots = np.unique(np.quantile(sample, np.linspace(0, 1, 65)).astype(np.float32))
    rank = np.searchsorted(sample, knots, side="right") / len(sample)
    log = np.log1p(knots) / np.log1p(max(float(knots[-1]), 6.0))
    blend = _BY_RANK * np.sqrt(rank * log) + (1 - _BY_RANK) * log
    step = np.interp(density, knots, blend).astype(np.float32)
    opacity = tone.lone + (tone.dense - tone.lone) * step
    opacity *= np.minimum(density, 1)
    return opacity, np.clip((step - 0.4) / 0.6, 0, 1) ** 2 * np.float32(tone.glow)
