"""How unusual each image is: how far from its nearest others, and from all of them together."""

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
_MOST_FITTED = 50_000  # rows of which the covariance is estimated; of more, evenly spaced ones
_ROWS_AT_ONCE = 16_384


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


def covariance_distance(vectors: Floats, *, context: JobContext | None = None) -> Floats:
    """Return each row's Mahalanobis distance from the mean of all, with a shrunk covariance.

    A row that differs from the others where they hardly differ lies far, however near its cosine.
    The covariance is that of Ledoit and Wolf (2004), which holds for fewer rows than dimensions,
    too.

    Args:
        vectors: float32 (N, D).
        context: told how many rows are done.

    Returns:
        float32 (N,), 0 or more, without unit; 0 where all rows are the same.
    """
    if len(vectors) < 2 or float(np.ptp(vectors, axis=0).max()) < _SAME:
        return np.zeros(len(vectors), np.float32)
    from sklearn.covariance import LedoitWolf

    step = -(-len(vectors) // _MOST_FITTED)
    fitted = LedoitWolf(store_precision=True).fit(vectors[::step].astype(np.float64))
    distance = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        if context is not None:
            context.report(start, len(vectors), "Comparing with all others together")
        rows = slice(start, start + _ROWS_AT_ONCE)
        apart = vectors[rows].astype(np.float64) - fitted.location_
        squared = ((apart @ fitted.precision_) * apart).sum(axis=1)
        distance[rows] = np.sqrt(np.maximum(squared, 0))
    return distance


def unusual(nearest: Floats, overall: Floats) -> Floats:
    """Return how unusual each image is: the mean of two modified z-scores.

    Args:
        nearest: float32 (N,), as of `mean_distance`; NaN where there are no neighbours.
        overall: float32 (N,), as of `covariance_distance`.

    Returns:
        float32 (N,); about 0 for the usual ones, NaN where `nearest` is.
    """
    return np.asarray((modified_z(nearest) + modified_z(overall**2)) / 2, np.float32)


def modified_z(values: Floats) -> NDArray[np.float64]:
    """Return how far values lie from their median, in robust standard deviations, float64 (N,).

    0.6745 (x - median) / MAD, and where MAD is 0 (x - median) / (1.2533 x the mean distance from
    the median), see Iglewicz and Hoaglin (1993); 0 where all values are the same. NaN stay.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return values.astype(np.float64)
    apart = values - np.median(known)
    spread = float(np.nanmedian(np.abs(apart))) / 0.6745
    if spread < _SAME:
        spread = float(np.nanmean(np.abs(apart))) * float(np.sqrt(np.pi / 2))
    return apart / spread if spread >= _SAME else apart * 0


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
