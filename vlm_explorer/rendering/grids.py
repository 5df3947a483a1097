"""The arrays that a picture of very many points is reckoned on, kept for the next picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Grids:
    """What a picture is reckoned on, float32.

    Attributes:
        cell: side of a cell of colour, in pixels.
        counts, spread_counts: (rows, columns).
        mixture, spread_mixture: (rows of cells, 4 * columns of cells).
        values: room for every density and one more.
    """

    cell: int
    counts: Floats
    spread_counts: Floats
    mixture: Floats
    spread_mixture: Floats
    values: Floats

    @classmethod
    def of(cls, shape: tuple[int, int], cell: int) -> Grids:
        """Return grids for a picture of `shape`, with anything in them."""
        cells = -(-shape[0] // cell), 4 * -(-shape[1] // cell)
        counts, spread = (np.empty(shape, np.float32) for _ in range(2))
        mixture, spread_mixture = (np.empty(cells, np.float32) for _ in range(2))
        values = np.empty(shape[0] * shape[1] + 1, np.float32)
        return cls(cell, counts, spread, mixture, spread_mixture, values)


class GridPool:
    """Keeps the grids of the last picture: the system takes milliseconds to hand out new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Grids | None = None

    @contextmanager
    def lent(self, shape: tuple[int, int], cell: int) -> Iterator[Grids]:
        """Lend grids for a picture; nobody else has them meanwhile."""
        with self._lock:
            grids, self._kept = self._kept, None
        if grids is None or (grids.counts.shape, grids.cell) != (shape, cell):
            grids = Grids.of(shape, cell)
        yield grids
        with self._lock:
            self._kept = grids
