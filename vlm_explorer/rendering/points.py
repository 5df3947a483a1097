"""What the map draws, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.colours import Rgb

# Diameters in units of the usual one: first the usual one, then five by value, small to large. The
# largest is three times as wide as the smallest: more would hide its neighbours.
SIZES = (1.0, 0.65, 0.9, 1.2, 1.55, 1.95)


class Level(IntEnum):
    """How far a point stands out."""

    ABSENT = -1  # of a hidden category: neither drawn nor picked
    GHOST = 0  # filtered out: a trace of where it was, not picked
    FADED = 1  # others are selected
    PLAIN = 2
    SELECTED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What is drawn, back to front: the highest rank is on top, of equal ones the last point.

    Attributes:
        xy: float32 (N, 2), world coordinates; NaN: has no place.
        codes: uint8 (N,), row of the palette.
        hollow: bool (N,), drawn as a small circle.
        level: int8 (N,), a `Level`.
        size: uint8 (N,), an index into `SIZES`; None where all have the usual size. Points drawn as
            tone have none of their own.
        rank: uint16 (N,), what lies on top of what within a level; None where the order says it.
            Sorting all of very many points instead would cost more than drawing them.
    """

    xy: NDArray[np.float32]
    codes: NDArray[np.uint8]
    hollow: NDArray[np.bool_]
    level: NDArray[np.int8]
    size: NDArray[np.uint8] | None = None
    rank: NDArray[np.uint16] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def only(self, index: NDArray[np.integer]) -> Points:
        """Return the points of an index."""
        return Points(
            self.xy[index],
            self.codes[index],
            self.hollow[index],
            self.level[index],
            None if self.size is None else self.size[index],
            None if self.rank is None else self.rank[index],
        )

    def back_to_front(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return points by rank, lowest first; those of equal rank stay in their order."""
        if self.rank is None:
            return index
        return index[np.argsort(self.rank[index], kind="stable")]

    @property
    def kinds(self) -> NDArray[np.bool_] | NDArray[np.uint8]:
        """The shape of each point, (N,): twice its size, one more where it is hollow."""
        return self.hollow if self.size is None else self.size * np.uint8(2) + self.hollow

    def radii(self, index: NDArray[np.integer], diameter: float) -> NDArray[np.float64]:
        """Return the radii of some points, in the unit of the usual `diameter`, (K,)."""
        if self.size is None:
            return np.full(len(index), diameter / 2)
        radii: NDArray[np.float64] = np.array(SIZES)[self.size[index]] * (diameter / 2)
        return radii


@dataclass(frozen=True, slots=True, eq=False)
class Brush:
    """How points are drawn.

    Attributes:
        palette: uint8 (C, 3).
        ground, accent, ghost: (3,) of what is behind, of halos, and of what is filtered out.
        diameter: of a point, logical pixels.
        ordered: whether codes are values, low to high, and not categories.
        centre: of values, the code farthest from which they matter most; None: the highest do.
    """

    palette: Rgb
    ground: Rgb
    accent: Rgb
    ghost: Rgb
    diameter: float
    ordered: bool = False
    centre: int | None = None
