"""How far each image lies from its nearest others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_CELLS_AT_ONCE = 1 << 23  # 8 Mi float32 values are 32 MiB
_BLOCK = 256  # values of which only the largest is looked at first
# Iglewicz and Hoaglin (1993), How to detect and handle outliers: values whose modified z-score,
# 0.6745 (x - median) / MAD, exceeds 3.5 are to be looked at.
_MODIFIED_Z = 3.5 / 0.6745
_SAME = 1e-6  # what float32 cannot tell apart among distances


def mean_distance(
    vectors: Floats,
    k: int,
    *,
    groups: Integers | None = None,
    context: JobContext | None = None,
) -> Floats:
    """Return each row's mean cosine distance to its k nearest other rows.

    The sum of these distances is the weight by which Angiulli and Pizzuti (2002, Fast outlier
    detection in high dimensional spaces) rank outliers. It is exact: every row is compared with
    every other.

    Args:
        vectors: float32 (N, D), unit rows.
        k: neighbours; fewer where there are fewer.
        groups: int64 (N,); rows of one group are no neighbours.
        context: told how many rows are done.

    Returns:
        float32 (N,) in 0..2; NaN for a row without any neighbour.
    """
    count = len(vectors)
    groups = np.arange(count) if groups is None else groups
    k = min(k, max(1, count - 1))
    score = np.full(count, np.nan, np.float32)
    step = max(1, _CELLS_AT_ONCE // max(count, 1))
    for start in range(0, count, step):
        if context is not None:
            context.report(start, count, "Finding neighbours")
        rows = slice(start, start + step)
        cosine = vectors[rows] @ vectors.T
        same = groups[rows, None] == groups[None, :]  # and with itself
        np.copyto(cosine, -np.inf, where=same)
        best = _largest(cosine, k)
        there = np.isfinite(best)
        number = there.sum(axis=1)
        distance = np.where(there, np.clip(1 - best, 0, 2), 0).sum(axis=1, dtype=np.float64)
        score[rows] = np.where(number > 0, distance / np.maximum(number, 1), np.nan)
    return score


def _largest(values: Floats, k: int) -> Floats:
    """Return the k largest values of each row, in no order.

    The k-th largest of the maxima of blocks has k values of its row that reach it, one in each of k
    blocks: only what reaches it has to be sorted. A block's values lie far apart, so that slices of
    one series, which do not, fall into different blocks.
    """
    rows, count = values.shape
    blocks = count // _BLOCK
    if blocks < 4 * k:
        return np.partition(values, count - k, axis=1)[:, count - k :]
    maxima = values[:, : blocks * _BLOCK].reshape(rows, _BLOCK, blocks).max(axis=1)
    bound = np.partition(maxima, blocks - k, axis=1)[:, blocks - k]
    flat = np.flatnonzero(values >= bound[:, None])
    row = flat // count
    first = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(row)) - first[row]
    reaching = np.full((rows, int(place.max()) + 1), -np.inf, np.float32)
    reaching[row, place] = values.ravel()[flat]
    return np.partition(reaching, reaching.shape[1] - k, axis=1)[:, reaching.shape[1] - k :]


def usual_limit(values: Floats) -> float:
    """Return the value from which on one is far from the rest: a modified z-score of 3.5.

    That is median + 3.5 MAD / 0.6745 (Iglewicz and Hoaglin 1993), with MAD the median distance
    from the median; where most values are the same, and MAD is 0, just above them. NaN where there
    are no values; NaN among them are passed over.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return float("nan")
    median = np.median(known)
    return float(median + max(_MODIFIED_Z * float(np.median(np.abs(known - median))), _SAME))
