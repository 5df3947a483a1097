"""Which points stand for the others around them: a few from afar, more of them from near.

The map is parted into cells, each level into four times as many as the one before. The point
nearest to the middle of what lies in a cell stands for it, unless one does already from a coarser
level; so what is shown stays as one comes nearer, and panning changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 10
_COARSEST = 2  # parts of the map's longer side at the first level

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Representatives:
    """Points by the level from which on they stand for others.

    Attributes:
        points: intp (K,), of the coarsest level first.
        level: (K,), ascending.
        side: of the map, world units: a cell of a level is this by `_COARSEST` times 2^level.
    """

    points: Indices
    level: NDArray[np.int8]
    side: float

    def down_to(self, scale: float, spacing: float) -> Indices:
        """Return the points whose cells are at least so large on the screen.

        Args:
            scale: pixels a world unit.
            spacing: pixels.
        """
        if self.side <= 0:
            return self.points[:1]
        deepest = np.floor(np.log2(max(self.side * scale / (_COARSEST * spacing), 1e-9)))
        return self.points[: int(np.searchsorted(self.level, deepest, side="right"))]


def representatives(xy: NDArray[np.float32], among: Indices) -> Representatives:
    """Return which points stand for others.

    Args:
        xy: float32 (P, 2), the points.
        among: which of them can be chosen, those without a place left out.
    """
    if not len(among):
        return Representatives(among, np.empty(0, np.int8), 0.0)
    places = xy[among].astype(np.float64)
    corner = places.min(axis=0)
    side = float(np.ptp(places, axis=0).max())
    chosen: list[Indices] = []
    taken = np.zeros(len(among), np.bool_)
    for level in range(LEVELS if side > 0 else 1):
        parts = _COARSEST << level
        cell = np.minimum(((places - corner) / (side or 1.0) * parts).astype(np.int64), parts - 1)
        fresh = _best_of_cells(cell[:, 0] * parts + cell[:, 1], places, taken)
        taken[fresh] = True
        chosen.append(fresh)
    levels = np.repeat(np.arange(len(chosen), dtype=np.int8), [len(one) for one in chosen])
    return Representatives(among[np.concatenate(chosen)], levels, side)


def _best_of_cells(
    cell: NDArray[np.int64], places: NDArray[np.float64], taken: NDArray[np.bool_]
) -> Indices:
    """Return the point nearest to the middle of each cell in which none is taken."""
    _, number, counts = np.unique(cell, return_inverse=True, return_counts=True)
    middle = np.stack(
        [np.bincount(number, weights=places[:, axis]) / counts for axis in (0, 1)], axis=1
    )
    away = ((places - middle[number]) ** 2).sum(axis=1)
    order = np.lexsort((away, number))
    first = order[np.searchsorted(number[order], np.arange(len(counts)))]
    has_one = np.bincount(number, weights=taken) > 0
    return np.asarray(first[~has_one])
