"""Which colours the points have: more categories than the theme names, and ramps for values."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering import colours
from vlm_explorer.rendering.colours import Rgb

_LIGHTNESS_ON_DARK = (0.62, 0.90)
_LIGHTNESS_ON_LIGHT = (0.40, 0.68)


def is_dark(ground: Rgb) -> bool:
    """Whether light colours stand out on `ground` (3,)."""
    return bool(colours.to_lab(ground)[..., 0] < 0.6)


def extend(base: Rgb, count: int, ground: Rgb) -> Rgb:
    """Return `count` colours: `base` (C, 3), then further ones as unlike all others as possible.

    Each new colour is the one farthest from those already there, seen with normal, protanopic,
    deuteranopic and tritanopic eyes, whichever of them tells them apart least (the greedy method
    of Glasbey et al. 2007). The same arguments give the same colours.
    """
    return np.frombuffer(_extend(base.tobytes(), count, ground.tobytes()), np.uint8).reshape(-1, 3)


@cache
def _extend(base: bytes, count: int, ground: bytes) -> bytes:
    chosen = np.frombuffer(base, np.uint8).reshape(-1, 3)[:count]
    backdrop = np.frombuffer(ground, np.uint8)
    candidates = _candidates(is_dark(backdrop))
    seen = _as_seen(candidates)
    nearest = np.full(len(candidates), np.inf)
    for colour in [*chosen, backdrop]:
        nearest = np.minimum(nearest, _distance(seen, _as_seen(colour[None])))
    picked = list(chosen)
    while len(picked) < count:
        best = int(nearest.argmax())
        picked.append(candidates[best])
        nearest = np.minimum(nearest, _distance(seen, seen[:, best : best + 1]))
    return np.array(picked, np.uint8).tobytes()


def _candidates(dark: bool) -> Rgb:
    """Return the colours of a 17-step cube that stand out on a dark or a light ground."""
    steps = np.linspace(0, 255, 17).round()
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = colours.to_lab(cube)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    low, high = _LIGHTNESS_ON_DARK if dark else _LIGHTNESS_ON_LIGHT
    usable = (lab[:, 0] >= low) & (lab[:, 0] <= high) & (chroma > 0.06) & (chroma < 0.20)
    return cube[usable].astype(np.uint8)


def _as_seen(rgb: Rgb) -> NDArray[np.float64]:
    """Return OKLab (4, N, 3) of `rgb` (N, 3) as four kinds of eyes see it."""
    linear = colours.to_linear(rgb)
    kinds = (np.eye(3), colours.PROTANOPIA, colours.DEUTERANOPIA, colours.TRITANOPIA)
    return np.stack([colours.linear_to_lab(np.clip(linear @ eye.T, 0, 1)) for eye in kinds])


def _distance(seen: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance (N,) of each colour to one other, for the eyes that see it least."""
    distance: NDArray[np.float64] = np.linalg.norm(seen - other, axis=2)
    distance[1:] *= 1.6  # two dimensions instead of three: nothing would be far enough
    least: NDArray[np.float64] = distance.min(axis=0)
    return least
