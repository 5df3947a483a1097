"""The map's points as one picture: discs while they are few, tone when they are many."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours, density, discs, palettes
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas, Discs, Stamp
from vlm_explorer.rendering.view import View

DISC_LIMIT = 20_000  # points in view; more of them are drawn as tone
RIM = 0.7  # logical px of ground around a disc, at most
HALO = 1.7  # logical px of accent around a selected disc
_RIM_SHARE = 0.18  # of the diameter
_HALO_LIMIT = 1000  # selected points among tone that have halos; more of them glow by themselves
_RARE_SHARE = 0.002  # a category below this share of the view is drawn on top of the tone
_RARE_LIMIT = 3000  # points on top of the tone


class Level(IntEnum):
    """How far a point stands out."""

    ABSENT = -1  # of a hidden category: neither drawn nor picked
    GHOST = 0  # filtered out: a trace of where it was, not picked
    FADED = 1  # others are selected
    PLAIN = 2
    SELECTED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What is drawn, back to front: the last point is on top.

    Attributes:
        xy: float32 (N, 2), world coordinates; NaN: has no place.
        codes: uint8 (N,), row of the palette.
        hollow: bool (N,), drawn as a small circle.
        level: int8 (N,), a `Level`.
    """

    xy: NDArray[np.float32]
    codes: NDArray[np.uint8]
    hollow: NDArray[np.bool_]
    level: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Brush:
    """How points are drawn.

    Attributes:
        palette: uint8 (C, 3).
        ground, accent, ghost: (3,) of what is behind, of halos, and of what is filtered out.
        diameter: of a point, logical pixels.
        ordered: whether codes are values, low to high, and not categories.
    """

    palette: Rgb
    ground: Rgb
    accent: Rgb
    ghost: Rgb
    diameter: float
    ordered: bool = False


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
    return count * _disc(size, ratio).pixels <= 600_000


def _disc(diameter: float, ratio: float) -> Stamp:
    """Return the shape of a full point of `diameter` logical pixels."""
    return Stamp(diameter / 2 * ratio, min(RIM, _RIM_SHARE * diameter) * ratio)


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
    x, y = view.to_columns(points.xy)
    if ratio != 1:
        x *= x.dtype.type(ratio)
        y *= y.dtype.type(ratio)
    edge = brush.diameter * ratio  # discs reach into the picture from outside
    seen = (x > -edge) & (x < columns + edge) & (y > -edge) & (y < rows + edge)
    seen &= points.level > Level.ABSENT
    index = np.flatnonzero(seen)
    x, y, codes, hollow, level = (
        _chosen(column, index) for column in (x, y, points.codes, points.hollow, points.level)
    )
    _Drawing(canvas, x, y, codes, hollow, brush, ratio).draw(level)
    return canvas


def _chosen(column: NDArray[Any], index: NDArray[np.intp]) -> NDArray[Any]:
    """Return the elements at ascending, distinct indices; of a million all, no copy is made."""
    return column if len(index) == len(column) else column[index]


def _blank(rows: int, columns: int, ground: Rgb) -> Canvas:
    opaque = int.from_bytes(bytes([*ground.tolist(), 255]), sys.byteorder)
    return np.full((rows, columns), opaque, np.uint32).view(np.uint8).reshape(rows, columns, 4)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """The points in view, in device pixels, and the canvas that they go onto."""

    canvas: Canvas
    x: NDArray[np.floating]
    y: NDArray[np.floating]
    codes: NDArray[np.uint8]
    hollow: NDArray[np.bool_]
    brush: Brush
    ratio: float

    def draw(self, level: NDArray[np.int8]) -> None:
        """Draw all points, (N,) levels given, layer by layer."""
        unselected = np.flatnonzero(level < Level.SELECTED)
        selected = np.flatnonzero(level == Level.SELECTED)
        few = len(level) <= DISC_LIMIT
        if few:
            order = np.argsort(level[unselected], kind="stable")
            self._draw_discs(unselected[order], level[unselected[order]])
        else:
            for layer in (Level.GHOST, Level.FADED, Level.PLAIN):
                self._draw_tone(np.flatnonzero(level == layer), layer)
        if few or len(selected) <= _HALO_LIMIT:
            self._draw_halos(selected)
        else:
            self._draw_tone(selected, Level.SELECTED)

    def _stamps(self) -> tuple[Stamp, Stamp]:
        """Return the shapes of full and of hollow points."""
        full = _disc(self.brush.diameter, self.ratio)
        small = 0.92 * full.radius
        hole = max(small - max(1.0, 0.32 * full.radius), 0.01)
        return full, Stamp(small, full.rim / 2, hole)

    def _palettes(self) -> Rgb:
        """Return the colours of the four layers, one after the other (4 * C, 3)."""
        palette = self.brush.palette
        ghosts = np.repeat(self.brush.ghost[None], len(palette), axis=0)
        faded = colours.fade(palette, self.brush.ground)
        return np.concatenate([ghosts, faded, palette, palette])

    def _draw_discs(self, index: NDArray[np.intp], level: NDArray[np.int8]) -> None:
        codes = level.astype(np.intp) * len(self.brush.palette) + self.codes[index]
        chosen = Discs(self.x[index], self.y[index], codes, self.hollow[index])
        discs.draw(self.canvas, chosen, self._palettes(), self._stamps(), self.brush.ground)

    def _draw_halos(self, index: NDArray[np.intp]) -> None:
        """Draw selected points above their halos, which flow together."""
        full, hollow = self._stamps()
        wide = [Stamp(stamp.radius + stamp.rim + HALO * self.ratio) for stamp in (full, hollow)]
        palette = np.concatenate([self.brush.palette, self.brush.accent[None]])
        x, y, kinds = self.x[index], self.y[index], self.hollow[index].astype(np.intp)
        halos = np.full(len(index), len(palette) - 1)
        both = Discs(
            np.concatenate([x, x]),
            np.concatenate([y, y]),
            np.concatenate([halos, self.codes[index]]),
            np.concatenate([kinds + 2, kinds]),
        )
        discs.draw(self.canvas, both, palette, (full, hollow, *wide), self.brush.ground)

    def _draw_tone(self, index: NDArray[np.intp], layer: Level) -> None:
        """Draw density; hollow points are the paler ones; rare categories lie on top."""
        size = len(self.brush.palette)
        palette = self._palettes()[layer * size : (layer + 1) * size]
        pale = colours.mix(palette, self.brush.ground, 0.4)
        hollow = _chosen(self.hollow, index)
        codes = _chosen(self.codes, index).astype(np.intp)
        if hollow.any():
            codes += hollow * np.intp(size)
        density.draw(
            self.canvas,
            Discs(_chosen(self.x, index), _chosen(self.y, index), codes, hollow),
            np.concatenate([palette, pale]),
            self.brush.diameter * self.ratio,
            self._tone(layer),
        )
        if layer >= Level.PLAIN:
            rare = self._rare(index)
            self._draw_discs(rare, np.full(len(rare), layer, np.int8))

    def _tone(self, layer: Level) -> density.Tone:
        dark = palettes.is_dark(self.brush.ground)
        light = 255.0 if dark else 0.0
        if layer < Level.PLAIN or self.brush.ordered:  # light is the values' own there
            return density.Tone(lone=0.5, dense=1.0, glow=0.12, light=light)
        if dark:
            return density.Tone(lone=0.45, dense=1.0, glow=0.6, light=light)
        return density.Tone(lone=0.35, dense=1.0, glow=0.5, light=light)

    def _rare(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the points of rare categories, or of the highest values, the rarest last."""
        codes = _chosen(self.codes, index)
        found = np.bincount(codes, minlength=len(self.brush.palette))
        order = np.arange(len(found))[::-1] if self.brush.ordered else np.argsort(found)
        order = order[found[order] > 0]
        fits = np.cumsum(found[order]) <= min(_RARE_LIMIT, len(index) * _RARE_SHARE)
        chosen = order[fits][::-1]
        return (
            index[np.concatenate([np.flatnonzero(codes == code) for code in chosen])]
            if len(chosen)
            else index[:0]
        )
