"""How alike groups of points are in the full space, where a map's distances mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import Vectors

_ROWS_AT_ONCE = 16_384


def centroid_cosines(
    vectors: Vectors, members: Sequence[NDArray[np.int64]], *, centred: bool = False
) -> NDArray[np.float32]:
    """Return the cosines between the mean vectors of groups.

    Args:
        vectors: (N, D), float16 or float32, unit rows.
        members: of each group its rows.
        centred: whether the mean of all vectors is taken off first, as in a centred space.

    Returns:
        float32 (G, G), -1 to 1; NaN where a group is empty, or its mean is zero.
    """
    means = np.stack([_mean(vectors, rows) for rows in members]) if members else np.empty((0, 1))
    if centred and len(members):
        means -= _mean(vectors, np.arange(len(vectors)))
    length = np.linalg.norm(means, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(length > 1e-9, means / length, np.nan)
    return np.asarray(np.clip(unit @ unit.T, -1, 1), np.float32)


def _mean(vectors: Vectors, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        total += vectors[rows[start : start + _ROWS_AT_ONCE]].sum(axis=0, dtype=np.float64)
    return total / len(rows) if len(rows) else np.full(vectors.shape[1], np.nan)
