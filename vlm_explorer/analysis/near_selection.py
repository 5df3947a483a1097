"""The nearest of all images to each of some of them: exact, block by block, in little memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

_ROWS, _OTHERS = 256, 32_768  # compared at once: 32 MiB of cosines


def nearest_to_rows(
    vectors: NDArray[np.floating], rows: NDArray[np.intp], k: int, *, context: JobContext
) -> NDArray[np.intp]:
    """Return the rows that are among the k nearest by cosine of any of `rows`.

    Args:
        vectors: (N, D), unit rows; rows that are not finite have no neighbours and are none.
        rows: (M,), distinct.
        k: neighbours a row, itself not counted; above zero.
        context: told how many of `rows` are done.

    Returns:
        Ascending, (K,), without `rows` themselves.
    """
    found = np.zeros(len(vectors), np.bool_)
    rows = rows[np.isfinite(vectors[rows]).all(axis=1)]
    for start in range(0, len(rows), _ROWS):
        context.report(start, len(rows), "Finding the nearest images")
        found[_nearest(vectors, rows[start : start + _ROWS], k, context)] = True
    found[rows] = False
    return np.flatnonzero(found)


def _nearest(
    vectors: NDArray[np.floating], rows: NDArray[np.intp], k: int, context: JobContext
) -> NDArray[np.intp]:
    """Return the k nearest others of each of a few rows, as far as there are so many."""
    own = vectors[rows].astype(np.float32)
    best = np.empty((len(rows), 0), np.float32)
    which = np.empty((len(rows), 0), np.intp)
    for start in range(0, len(vectors), _OTHERS):
        context.check()
        block = vectors[start : start + _OTHERS].astype(np.float32)
        cosine = own @ block.T
        cosine[:, ~np.isfinite(block).all(axis=1)] = -np.inf
        inside = (rows >= start) & (rows < start + len(block))
        cosine[np.flatnonzero(inside), rows[inside] - start] = -np.inf  # not itself
        numbers = np.broadcast_to(np.arange(start, start + len(block)), cosine.shape)
        best, which = _largest(
            np.hstack([best, cosine]), np.hstack([which, numbers]), min(k, len(vectors) - 1)
        )
    return which[np.isfinite(best)]


def _largest(
    values: NDArray[np.float32], numbers: NDArray[np.intp], k: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the k largest values of each row, and their numbers."""
    if values.shape[1] <= k:
        return values, numbers
    part = np.argpartition(values, values.shape[1] - k, axis=1)[:, -k:]
    return np.take_along_axis(values, part, axis=1), np.take_along_axis(numbers, part, axis=1)
