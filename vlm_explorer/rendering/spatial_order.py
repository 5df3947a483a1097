"""Points in an order in which neighbours on the map are neighbours in memory.

Counting a million points into the pixels of a picture takes most of its time to wait for memory
when they come in the order of the collection: five times as long as in this one. Putting them into
it takes as long as drawing two pictures, so that it is done when the same places are drawn again.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

_COLUMNS_KEPT = 4
_SIDE = 256  # cells a side: their numbers fit into 16 bits, which numpy sorts in linear time


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Places in that order.

    Attributes:
        order: int64 (N,), which point stands where; None where they stand as they came.
        xy: float32 (N, 2), in that order, in one piece.
    """

    order: NDArray[np.int64] | None
    xy: NDArray[np.float32]
    _taken: list[tuple[weakref.ref[Any], Any]] = field(default_factory=list)

    def take(self, column: NDArray[T]) -> NDArray[T]:
        """Return a column of the points (N,) in this order, in one piece.

        The last ones are kept: while one pans, every picture is of the same columns.
        """
        if self.order is None:
            return np.ascontiguousarray(column)
        for known, taken in self._taken:
            if known() is column:
                found: NDArray[T] = taken
                return found
        ordered: NDArray[T] = column[self.order]
        self._taken.insert(0, (weakref.ref(column), ordered))
        del self._taken[_COLUMNS_KEPT:]
        return ordered

    def back(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which points those of an index into this order are, ascending."""
        return index if self.order is None else np.sort(self.order[index])


def order_of(xy: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the points (N, 2) ordered by rows of a grid over them all; NaN first."""
    finite = np.isfinite(xy).all(axis=1)
    if not finite.any():
        return np.arange(len(xy))
    low, high = xy[finite].min(axis=0), xy[finite].max(axis=0)
    per_unit = (_SIDE - 1) / np.maximum(high - low, np.finfo(np.float32).tiny * _SIDE)
    cell = np.nan_to_num((xy - low) * per_unit, posinf=0, neginf=0).astype(np.uint16)
    return np.argsort(cell[:, 1] * np.uint16(_SIDE) + cell[:, 0], kind="stable")


class LastOrder:
    """Knows the order of the places drawn last; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: weakref.ref[NDArray[np.float32]] | None = None
        self._ordered: Ordered | None = None

    def of(self, xy: NDArray[np.float32]) -> Ordered:
        """Return places in order from the second time on that the same array is drawn.

        Before that they may be on their way from one layout to another. An array is taken for the
        same if it is the same object; the map never changes one.
        """
        with self._lock:
            if self._seen is None or self._seen() is not xy:
                self._seen, self._ordered = weakref.ref(xy), None
                return Ordered(None, np.ascontiguousarray(xy))
            if self._ordered is None:
                order = order_of(xy)
                self._ordered = Ordered(order, xy[order])
            return self._ordered
