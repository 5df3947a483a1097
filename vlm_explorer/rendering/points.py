"""What the map draws, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colours import Rgb


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

    def only(self, index: NDArray[np.integer]) -> Points:
        """Return the points of an index."""
        return Points(self.xy[index], self.codes[index], self.hollow[index], self.level[index])


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
