"""Colours for values: from quiet to vivid, or both ways from a quiet middle; made for a ground."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.palettes import is_dark

Stops = tuple[tuple[float, float, float], ...]  # lightness, chroma and hue in OKLCh

# On a dark ground, on a light one: cold to warm, or one hue.
_SEQUENTIAL: dict[str, tuple[Stops, Stops]] = {
    "warm": (
        ((0.44, 0.035, 262), (0.53, 0.085, 285), (0.63, 0.150, 350), (0.76, 0.155, 50),
         (0.95, 0.110, 102)),
        ((0.82, 0.020, 250), (0.76, 0.085, 90), (0.66, 0.150, 55), (0.51, 0.170, 20),
         (0.34, 0.120, 350)),
    ),
    "blue": (
        ((0.44, 0.040, 262), (0.65, 0.130, 248), (0.95, 0.050, 215)),
        ((0.82, 0.040, 225), (0.62, 0.130, 248), (0.34, 0.130, 264)),
    ),
    "green": (
        ((0.44, 0.030, 190), (0.66, 0.120, 165), (0.95, 0.110, 120)),
        ((0.82, 0.070, 125), (0.62, 0.115, 160), (0.34, 0.060, 185)),
    ),
    "grey": (((0.44, 0.0, 0), (0.97, 0.0, 0)), ((0.82, 0.0, 0), (0.25, 0.0, 0))),
}  # fmt: skip
# Low end and high end; both are as far from the middle in lightness.
_DIVERGING: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "blue to orange": ((0.130, 245), (0.150, 62)),
    "purple to green": ((0.150, 312), (0.150, 145)),
}
_MIDDLE_ON_DARK, _END_ON_DARK = 0.42, 0.84
_MIDDLE_ON_LIGHT, _END_ON_LIGHT = 0.82, 0.43

SEQUENTIAL, DIVERGING = tuple(_SEQUENTIAL), tuple(_DIVERGING)


def sequential(ground: Rgb, steps: int = 256, name: str = "warm") -> Rgb:
    """Return a perceptual ramp (steps, 3) from quiet to vivid, made for `ground` (3,).

    Lightness moves evenly and away from the ground, so that order can be read without hue; the
    low end stays visible.

    Raises:
        KeyError: no such ramp in `SEQUENTIAL`.
    """
    on_dark, on_light = _SEQUENTIAL[name]
    return _between(on_dark if is_dark(ground) else on_light, np.linspace(0, 1, steps))


def diverging(ground: Rgb, steps: int = 255, name: str = "blue to orange") -> Rgb:
    """Return a ramp (steps, 3) with a quiet grey middle and two vivid ends of other hues.

    Lightness moves away from the ground's evenly towards both ends.

    Raises:
        KeyError: no such ramp in `DIVERGING`.
    """
    dark = is_dark(ground)
    middle = _MIDDLE_ON_DARK if dark else _MIDDLE_ON_LIGHT
    end = _END_ON_DARK if dark else _END_ON_LIGHT
    at = np.linspace(-1, 1, steps)
    low, high = (
        _between(((middle, 0.0, hue), (end, chroma, hue)), np.abs(at))
        for chroma, hue in _DIVERGING[name]
    )
    return np.where((at < 0)[:, None], low, high)


@cache
def ramp(ground: tuple[int, int, int], name: str, *, centred: bool, steps: int = 255) -> Rgb:
    """Return a ramp by its name; a name of the other kind, or none, gives the usual one."""
    backdrop = np.array(ground, np.uint8)
    if centred:
        return diverging(backdrop, steps, name if name in _DIVERGING else DIVERGING[0])
    return sequential(backdrop, steps, name if name in _SEQUENTIAL else SEQUENTIAL[0])


def _between(stops: Stops, at: NDArray[np.float64]) -> Rgb:
    """Return colours (S, 3) at places 0 to 1 along stops, which are spaced by lightness.

    That makes lightness a straight line.
    """
    table = np.array(stops)
    angle = np.radians(table[:, 2])
    lab = np.stack([table[:, 0], table[:, 1] * np.cos(angle), table[:, 1] * np.sin(angle)], axis=1)
    place = (table[:, 0] - table[0, 0]) / (table[-1, 0] - table[0, 0])
    return colours.from_lab(np.stack([np.interp(at, place, lab[:, i]) for i in range(3)], axis=1))
