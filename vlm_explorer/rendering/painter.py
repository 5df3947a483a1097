"""Puts points onto a canvas: as discs with halos, and in which colours as tone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours, density, discs, palettes
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.discs import Canvas, Discs, Stamp
from vlm_explorer.rendering.points import SIZES, Brush, Level

RIM = 0.7  # logical px of ground around a disc, at most
HALO = 1.7  # logical px of accent around a selected disc
_RIM_SHARE = 0.18  # of the diameter


def disc(diameter: float, ratio: float) -> Stamp:
    """Return the shape of a full point of `diameter` logical pixels."""
    return Stamp(diameter / 2 * ratio, min(RIM, _RIM_SHARE * diameter) * ratio)


@dataclass(frozen=True, slots=True, eq=False)
class Painter:
    """A brush over a canvas; `ratio` is device pixels per logical pixel."""

    canvas: Canvas
    brush: Brush
    ratio: float

    def draw_discs(self, points: Discs, level: NDArray[np.int8]) -> None:
        """Draw points of these levels as discs; their kinds tell sizes and the hollow ones."""
        codes = level.astype(np.intp) * len(self.brush.palette) + points.codes
        chosen = Discs(points.x, points.y, codes, points.kinds)
        stamps = self._stamps(points)
        discs.draw(self.canvas, chosen, self._palettes(), stamps, self.brush.ground)

    def draw_halos(self, points: Discs) -> None:
        """Draw selected points above their halos, which flow together."""
        stamps = self._stamps(points)
        wide = [Stamp(stamp.radius + stamp.rim + HALO * self.ratio) for stamp in stamps]
        palette = np.concatenate([self.brush.palette, self.brush.accent[None]])
        kinds = points.kinds.astype(np.intp)
        halos = np.full(len(kinds), len(palette) - 1)
        both = Discs(
            np.concatenate([points.x, points.x]),
            np.concatenate([points.y, points.y]),
            np.concatenate([halos, points.codes]),
            np.concatenate([kinds + len(stamps), kinds]),
        )
        discs.draw(self.canvas, both, palette, (*stamps, *wide), self.brush.ground)

    def _stamps(self, points: Discs) -> tuple[Stamp, ...]:
        """Return the shapes of full and of hollow points, size by size as far as there are any."""
        sized = len(points.kinds) > 0 and int(points.kinds.max()) > 1
        stamps: list[Stamp] = []
        for factor in SIZES if sized else SIZES[:1]:
            full = disc(factor * self.brush.diameter, self.ratio)
            small = 0.92 * full.radius
            hole = max(small - max(1.0, 0.32 * full.radius), 0.01)
            stamps += [full, Stamp(small, full.rim / 2, hole)]
        return tuple(stamps)

    def _palettes(self) -> Rgb:
        """Return the colours of the four layers, one after the other (4 * C, 3)."""
        palette = self.brush.palette
        ghosts = np.repeat(self.brush.ghost[None], len(palette), axis=0)
        faded = colours.fade(palette, self.brush.ground)
        return np.concatenate([ghosts, faded, palette, palette])

    def tone_palette(self, layer: Level) -> Rgb:
        """Return the colours of a layer as tone, full and then the paler hollow ones (2 * C, 3)."""
        size = len(self.brush.palette)
        palette = self._palettes()[layer * size : (layer + 1) * size]
        return np.concatenate([palette, colours.mix(palette, self.brush.ground, 0.4)])

    def tone(self, layer: Level) -> density.Tone:
        """Return how density becomes opacity in a layer."""
        dark = palettes.is_dark(self.brush.ground)
        light = 255.0 if dark else 0.0
        if layer < Level.PLAIN or self.brush.ordered:  # light is the values' own there
            return density.Tone(lone=0.5, dense=1.0, glow=0.12, light=light)
        if dark:
            return density.Tone(lone=0.45, dense=1.0, glow=0.6, light=light)
        return density.Tone(lone=0.35, dense=1.0, glow=0.5, light=light)
