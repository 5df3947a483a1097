"""Many points as tone, by the compiled loops: the picture of `density`, to within a shade."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours, density
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas
from vlm_explorer.rendering.grids import GridPool, Grids
from vlm_explorer.rendering.points import Points
from vlm_explorer.rendering.spatial_order import LastOrder, Ordered
from vlm_explorer.rendering.view import View

# The thread that draws takes one part itself; with more than one beside it, nothing would be left
# for the window. It is kept: to start one costs a tenth of a millisecond, six times a picture.
_beside = ThreadPoolExecutor(1, "tone")
LEVELS = 4

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

_last_order = LastOrder()
_grids = GridPool()


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Points put into the pixels of a picture.

    Attributes:
        kernels: the compiled loops.
        points: all of them, as `order` has them, each column in one piece.
        ordered: which of the points given stands where.
        places: uint32 (N,), see `loops`.
        found: int64 (LEVELS, 2 C), the points inside by level and code, hollow ones after full.
        near: how many are inside, or so near that a disc would reach into the picture.
        shape: rows and columns.
        transform, edge: as `loops.place` takes them.
    """

    kernels: ModuleType
    points: Points
    ordered: Ordered
    places: NDArray[np.uint32]
    found: NDArray[np.int64]
    near: int
    shape: tuple[int, int]
    transform: Floats
    edge: np.float32

    def index_near(self) -> Indices:
        """Return the points that count as `near`, ascending."""
        index = np.empty(self.near, np.int64)
        count = self.kernels.collect_near(
            self.points.xy, self.transform, self.edge, self.shape, self.points.level, index
        )
        return self.ordered.back(index[:count])

    def index_of(self, layer: int, wanted: NDArray[np.bool_]) -> Indices:
        """Return the points inside of a layer and of `wanted` codes, bool (C,), ascending."""
        counts = self.found[layer].reshape(2, -1).sum(axis=0)
        index = np.empty(int(counts[wanted].sum()), np.int64)
        self.kernels.collect_codes(
            self.places, self.points.level, np.int8(layer), self.points.codes, wanted, index
        )
        return self.ordered.back(index)

    def count(self, layer: int) -> int:
        """Return how many points of a layer lie inside."""
        return int(self.found[layer].sum())


def place(
    kernels: ModuleType,
    points: Points,
    codes_of: int,
    view: View,
    shape: tuple[int, int],
    margin: float,
    ratio: float,
) -> Placed:
    """Put points into the pixels of a picture.

    Args:
        kernels: the compiled loops.
        points: all of them.
        codes_of: how many codes there are.
        view: from where, in logical pixels.
        shape: rows and columns of the picture.
        margin: device pixels beside the picture within which points count as `near`.
        ratio: device pixels per logical pixel.
    """
    ordered = _last_order.of(points.xy)
    codes, hollow = ordered.take(points.codes), ordered.take(points.hollow)
    points = Points(ordered.xy, codes, hollow, ordered.take(points.level))
    transform = np.array([*view.coefficients(), ratio], np.float32)
    places = np.empty(len(points), np.uint32)
    edge = np.float32(margin)

    def put(part: tuple[int, int]) -> tuple[int, NDArray[np.int64]]:
        found = np.zeros((LEVELS, 2 * codes_of), np.int64)
        near = kernels.place(
            part, points.xy, transform, edge, shape, points.level, points.codes, points.hollow,
            places, found,
        )  # fmt: skip
        return near, found

    answers = _in_parts(put, len(points))
    found = np.sum([found for _, found in answers], axis=0)
    near = sum(near for near, _ in answers)
    return Placed(kernels, points, ordered, places, found, near, shape, transform, edge)


def draw(
    canvas: Canvas, placed: Placed, layer: int, palette: Rgb, diameter: float, tone: density.Tone
) -> None:
    """Draw a layer onto `canvas` as `density.draw` does.

    Args:
        canvas: RGBA, changed in place.
        placed: the points.
        layer: their level.
        palette: (2 C, 3), for full and hollow points.
        diameter: of a point, device pixels.
        tone: how density becomes opacity.
    """
    if not placed.count(layer):
        return
    cell = max(1, math.ceil(diameter))
    with _grids.lent(placed.shape, cell) as grids:
        _draw(canvas, placed, layer, _light(placed.found[layer], palette), diameter, tone, grids)


def _draw(
    canvas: Canvas,
    placed: Placed,
    layer: int,
    light: Floats,
    diameter: float,
    tone: density.Tone,
    grids: Grids,
) -> None:
    kernels, points, rows = placed.kernels, placed.points, placed.shape[0]
    cell, counts, mixture = grids.cell, grids.counts, grids.mixture
    counts.fill(0)
    mixture.fill(0)

    def pour(part: tuple[int, int]) -> None:
        kernels.pour(
            part, placed.places, points.level, np.int8(layer), points.codes, points.hollow,
            light, cell, counts, mixture,
        )  # fmt: skip

    _in_parts(pour, rows, cell)
    spread_out, colour = grids.spread_counts, grids.spread_mixture
    _spread(kernels, counts, density.profile(diameter), 1, spread_out)
    _spread(kernels, mixture, density.profile(max(diameter / cell, 1.0)), 4, colour)
    _in_parts(lambda part: kernels.mix(part, colour, density.TO_SRGB), len(colour))
    found = kernels.collect_above(spread_out, np.float32(density.LEAST), grids.values)
    values = grids.values[:found]
    if not len(values):
        return
    levels = density.levels(values, tone)

    def shade(part: tuple[int, int]) -> None:
        kernels.shade(
            part, canvas, spread_out, colour, cell, np.float32(density.LEAST),
            np.float32(levels.per_root), levels.opacity, levels.glow, np.float32(tone.light),
        )  # fmt: skip

    _in_parts(shade, rows)


def _light(found: NDArray[np.int64], palette: Rgb) -> Floats:
    """Return for each code its weight and its weighted red, green and blue (2 C, 4)."""
    weights = density.weigh(found)[:, None]
    return np.hstack([weights, colours.to_linear(palette) * weights]).astype(np.float32)


def _spread(
    kernels: ModuleType, grid: Floats, profile: Floats, stride: int, answer: Floats
) -> None:
    _in_parts(lambda part: kernels.spread(part, grid, profile, stride, answer), len(grid))


def _in_parts(work: Callable[[tuple[int, int]], Any], total: int, step: int = 1) -> list[Any]:
    """Return what `work` gives for both halves of `total`, done at the same time.

    Args:
        work: takes (first, last).
        total: how many rows or points there are.
        step: parts begin with a multiple of it.
    """
    half = -(-total // (2 * step)) * step
    if half >= total:
        return [work((0, total))]
    second = _beside.submit(work, (half, total))
    return [work((0, half)), second.result()]
