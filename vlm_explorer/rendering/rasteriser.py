"""The map's points as one picture: discs while they are few, tone when they are many."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import compiled, density, fast_tone
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas, Discs
from vlm_explorer.rendering.painter import Painter, disc
from vlm_explorer.rendering.points import SIZES, Brush, Level, Points
from vlm_explorer.rendering.view import View

__all__ = ["DISC_LIMIT", "Brush", "Level", "Points", "diameter", "is_quick", "rasterise"]

DISC_LIMIT = 20_000  # points in view; more of them are drawn as tone
_HALO_LIMIT = 1000  # selected points among tone that have halos; more of them glow by themselves
_RARE_SHARE = 0.002  # a category below this share of the view is drawn on top of the tone
_RARE_LIMIT = 3000  # points on top of the tone
_LAYERS = (Level.GHOST, Level.FADED, Level.PLAIN)


def diameter(count: int, zoom: float = 1.0) -> float:
    """Return a good size for `count` points, in logical pixels.

    Args:
        count: points that are not absent.
        zoom: the view's scale in units of the scale that shows everything.
    """
    tens = math.log10(max(count, 1))
    base = float(np.interp(tens, [3.0, 4.3, 5.3, 6.0], [5.0, 3.0, 2.0, 1.5]))
    return min(base * math.sqrt(math.sqrt(max(zoom, 1.0))), 8.0)


def is_quick(count: int, size: float, ratio: float) -> bool:
    """Whether `count` points of `size` logical pixels are drawn within a frame's time."""
    if count > DISC_LIMIT:
        return False
    return count * disc(size, ratio).pixels <= 600_000


def rasterise(points: Points, brush: Brush, view: View, ratio: float = 1.0) -> Canvas:
    """Return the picture of `points`: opaque RGBA, uint8 (height * ratio, width * ratio, 4).

    Args:
        points: what to draw.
        brush: how.
        view: from where, in logical pixels.
        ratio: device pixels per logical pixel.
    """
    rows, columns = max(round(view.height * ratio), 1), max(round(view.width * ratio), 1)
    canvas = _blank(rows, columns, brush.ground)
    painter = Painter(canvas, brush, ratio)
    kernels = compiled.kernels() if len(points) > DISC_LIMIT else None
    if kernels is not None:
        placed = fast_tone.place(kernels, points, len(brush.palette), view, (rows, columns),
                                 brush.diameter * ratio, ratio)  # fmt: skip
        if placed.near > DISC_LIMIT:
            _Fast(painter, points, view, placed).draw()
            return canvas
        points = points.only(placed.index_near())
    x, y = _device_pixels(points, view, ratio)
    widest = 1.0 if points.size is None else max(SIZES)
    edge = brush.diameter * widest * ratio  # discs reach into the picture from outside
    seen = (x > -edge) & (x < columns + edge) & (y > -edge) & (y < rows + edge)
    seen &= points.level > Level.ABSENT
    index = np.flatnonzero(seen)
    x, y, codes, kinds, level = (
        _chosen(column, index) for column in (x, y, points.codes, points.kinds, points.level)
    )
    if points.rank is not None and len(index) <= DISC_LIMIT:  # among more there is no top one
        order = np.argsort(_chosen(points.rank, index), kind="stable")
        x, y, codes, kinds, level = (column[order] for column in (x, y, codes, kinds, level))
    _Plain(painter, Discs(x, y, codes, kinds), level).draw()
    return canvas


def _device_pixels(
    points: Points, view: View, ratio: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    x, y = view.to_columns(points.xy)
    if ratio != 1:
        x *= x.dtype.type(ratio)
        y *= y.dtype.type(ratio)
    return x, y


def _chosen(column: NDArray[Any], index: NDArray[np.intp]) -> NDArray[Any]:
    """Return the elements at ascending, distinct indices; of a million all, no copy is made."""
    return column if len(index) == len(column) else column[index]


def _blank(rows: int, columns: int, ground: Rgb) -> Canvas:
    opaque = int.from_bytes(bytes([*ground.tolist(), 255]), sys.byteorder)
    return np.full((rows, columns), opaque, np.uint32).view(np.uint8).reshape(rows, columns, 4)


@dataclass(frozen=True, slots=True, eq=False)
class _Plain:
    """The points in view, drawn by numpy; their kinds tell the hollow ones."""

    painter: Painter
    points: Discs
    level: NDArray[np.int8]

    def draw(self) -> None:
        """Draw all points layer by layer."""
        level = self.level
        unselected = np.flatnonzero(level < Level.SELECTED)
        selected = np.flatnonzero(level == Level.SELECTED)
        few = len(level) <= DISC_LIMIT
        if few:
            order = unselected[np.argsort(level[unselected], kind="stable")]
            self.painter.draw_discs(self.points.only(order), level[order])
        else:
            for layer in _LAYERS:
                self._draw_tone(np.flatnonzero(level == layer), layer)
        if few or len(selected) <= _HALO_LIMIT:
            self.painter.draw_halos(self.points.only(selected))
        else:
            self._draw_tone(selected, Level.SELECTED)

    def _draw_tone(self, index: NDArray[np.intp], layer: Level) -> None:
        """Draw density; hollow points are the paler ones; rare categories lie on top."""
        points, painter = self.points, self.painter
        hollow = _chosen(points.kinds, index) % 2 == 1
        codes = _chosen(points.codes, index).astype(np.intp)
        if hollow.any():
            codes += hollow * np.intp(len(painter.brush.palette))
        density.draw(
            painter.canvas,
            Discs(_chosen(points.x, index), _chosen(points.y, index), codes, hollow),
            painter.tone_palette(layer),
            painter.brush.diameter * painter.ratio,
            painter.tone(layer),
        )
        if layer >= Level.PLAIN:
            codes = _chosen(points.codes, index)
            rank = _rank_rare(
                np.bincount(codes, minlength=len(painter.brush.palette)), painter.brush
            )
            _draw_rare(painter, points.only(index[rank[codes] > 0]), rank, layer)


@dataclass(frozen=True, slots=True, eq=False)
class _Fast:
    """Very many points, drawn by the compiled loops."""

    painter: Painter
    points: Points
    view: View
    placed: fast_tone.Placed

    def draw(self) -> None:
        """Draw all points layer by layer."""
        for layer in _LAYERS:
            self._draw_tone(layer)
        selected = self.placed.count(Level.SELECTED)
        if selected > _HALO_LIMIT:
            self._draw_tone(Level.SELECTED)
        elif selected:
            everything = np.ones(len(self.painter.brush.palette), np.bool_)
            self.painter.draw_halos(self._discs(Level.SELECTED, everything))

    def _draw_tone(self, layer: Level) -> None:
        painter, placed = self.painter, self.placed
        size = painter.brush.diameter * painter.ratio
        palette, tone = painter.tone_palette(layer), painter.tone(layer)
        fast_tone.draw(painter.canvas, placed, layer, palette, size, tone)
        if layer >= Level.PLAIN:
            rank = _rank_rare(placed.found[layer].reshape(2, -1).sum(axis=0), painter.brush)
            _draw_rare(painter, self._discs(layer, rank > 0), rank, layer)

    def _discs(self, layer: Level, codes: NDArray[np.bool_]) -> Discs:
        chosen = self.points.only(self.placed.index_of(layer, codes))
        x, y = _device_pixels(chosen, self.view, self.painter.ratio)
        return Discs(x, y, chosen.codes, chosen.kinds)


def _rank_rare(found: NDArray[np.integer], brush: Brush) -> NDArray[np.intp]:
    """Return how rare each category is, or how extreme each value, (C,); 0 for the common ones.

    Args:
        found: how many points there are of each code (C,).
        brush: says whether codes are values.
    """
    if brush.centre is not None:
        order = np.argsort(-np.abs(np.arange(len(found)) - brush.centre), kind="stable")
    else:
        order = np.arange(len(found))[::-1] if brush.ordered else np.argsort(found)
    order = order[found[order] > 0]
    fits = np.cumsum(found[order]) <= min(_RARE_LIMIT, found.sum() * _RARE_SHARE)
    rank = np.zeros(len(found), np.intp)
    rank[order[fits]] = np.arange(int(fits.sum()), 0, -1)
    return rank


def _draw_rare(painter: Painter, rare: Discs, rank: NDArray[np.intp], layer: Level) -> None:
    """Draw points of rare categories, the rarest on top."""
    if len(rare.x):
        order = np.argsort(rank[rare.codes], kind="stable")
        painter.draw_discs(rare.only(order), np.full(len(order), layer, np.int8))
