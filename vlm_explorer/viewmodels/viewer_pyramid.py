"""An image in halving sizes, so that any view of it is cheap to draw and free of moiré. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_SMALLEST = 128  # pixels along the longer side, below which no further level is made


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """Levels of an image; a pixel of level k is the mean of 2^k x 2^k pixels.

    Attributes:
        levels: arrays of one dtype, (rows, columns) or (rows, columns, 3), each half the size
            of the one before, rounded up.
    """

    levels: tuple[np.ndarray, ...]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return sum(level.nbytes for level in self.levels)

    def level_for(self, zoom: float) -> int:
        """Return the coarsest level that has a pixel for each device pixel.

        Args:
            zoom: device pixels a pixel of the image.
        """
        wanted = math.floor(math.log2(1 / zoom) + 1e-9) if zoom < 1 else 0
        return min(wanted, len(self.levels) - 1)


def _halved(values: np.ndarray) -> np.ndarray:
    """Return means of 2 x 2 pixels; the last row and column of an odd size count twice."""
    if values.dtype == np.uint8:
        from PIL import Image  # the same sums and the same rounding, five times as fast

        return np.asarray(Image.fromarray(values).reduce(2))
    odd = [(0, size % 2) for size in values.shape[:2]]
    if any(after for _, after in odd):
        values = np.pad(values, odd + [(0, 0)] * (values.ndim - 2), mode="edge")
    quarters = [values[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    if values.dtype.kind == "u":
        total = sum(quarter.astype(np.uint32) for quarter in quarters)
        return np.asarray((total + 2) >> 2).astype(values.dtype)
    mean = (quarters[0] + quarters[1] + quarters[2] + quarters[3]) * values.dtype.type(0.25)
    return np.asarray(mean)


def build_pyramid(values: np.ndarray) -> Pyramid:
    """Return the pyramid over `values`, which is its level 0 (not copied).

    Args:
        values: float32 or uint16 (rows, columns), or uint8 (rows, columns[, 3]).
    """
    levels = [values]
    while max(levels[-1].shape[:2]) > 2 * _SMALLEST:
        levels.append(_halved(levels[-1]))
    return Pyramid(tuple(levels))
