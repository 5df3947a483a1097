"""Exact nearest neighbours by cosine, computed block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

# Cosines held at once: 8 Mi float32 values are 32 MiB, and their order as int64 64 MiB.
_CELLS_AT_ONCE = 1 << 23
# What float32 cannot tell from no distance at all.
_SAME_PLACE = 1e-6


def nearest(
    vectors: NDArray[np.float32], k: int, *, context: JobContext | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each row's k nearest rows by cosine distance, itself first.

    Args:
        vectors: float32 (N, D), unit rows (rows of zeros are at distance 1 from all others).
        k: neighbours a row, the row itself counted; 1 to N.
        context: told how many rows are done.

    Returns:
        indices int32 (N, k) and distances float32 (N, k) in 0..2, nearest first; equal distances
        in the order of the rows.
    """
    count = len(vectors)
    indices = np.empty((count, k), np.int32)
    distances = np.empty((count, k), np.float32)
    step = max(1, _CELLS_AT_ONCE // max(count, 1))
    for start in range(0, count, step):
        if context is not None:
            context.report(start, count, "Finding neighbours")
        cosine = vectors[start : start + step] @ vectors.T
        rows = np.arange(len(cosine))
        cosine[rows, rows + start] = np.inf
        found = np.sort(np.argpartition(cosine, count - k, axis=1)[:, count - k :], axis=1)
        distance = np.clip(1 - np.take_along_axis(cosine, found, axis=1), 0, 2)
        distance[distance < _SAME_PLACE] = 0
        distance[found == (rows + start)[:, None]] = -1  # itself first, whatever lies on it
        order = np.argsort(distance, axis=1, kind="stable")
        indices[start : start + step] = np.take_along_axis(found, order, axis=1)
        distances[start : start + step] = np.take_along_axis(distance, order, axis=1).clip(0)
    return indices, distances
