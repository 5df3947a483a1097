"""Exact cosines and the best k of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError

Vectors = NDArray[np.float16] | NDArray[np.float32]

# Rows converted at once: 1,024 x 512 float32 is 2 MiB, which stays in the processor's cache.
_ROWS_AT_ONCE = 1024


def cosines(vectors: Vectors, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of every vector with every query.

    Args:
        vectors: (N, D) unit rows, float16 or float32; products are summed in float32 either way.
        queries: float32 (Q, D) unit rows, or (D,).

    Returns:
        float32 (N, Q), or (N,) for a single query.
    """
    columns = np.ascontiguousarray(np.asarray(queries, np.float32).T)
    if vectors.dtype == np.float32:
        return np.asarray(vectors @ columns, np.float32)
    answer = np.empty((len(vectors), *columns.shape[1:]), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = vectors[start : start + _ROWS_AT_ONCE].astype(np.float32)
        answer[start : start + len(rows)] = rows @ columns
    return answer


def top_k(
    vectors: Vectors, query: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the k vectors nearest to the query, exactly.

    A float32 matrix product sums in an order that depends on where a row lies, so equal rows may
    differ in the last bit. Every row whose cosine comes within that product's error bound of the
    k-th is therefore summed again in float64, row by row, and equal cosines keep the order of
    the rows.

    Args:
        vectors: (N, D) unit rows, float16 or float32.
        query: float32 (D,), a unit vector.
        k: how many; fewer come back where there are fewer vectors.

    Returns:
        indices int64 (k,) and cosines float32 (k,), best first, ties by index.
    """
    k = min(k, len(vectors))
    if k <= 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    rough = cosines(vectors, query)
    # Higham, Accuracy and Stability of Numerical Algorithms, section 3.1: |error| <= D u |x||y|.
    bound = 2 * vectors.shape[1] * float(np.finfo(np.float32).eps)
    threshold = np.partition(rough, len(rough) - k)[len(rough) - k] - bound
    candidates = np.flatnonzero(rough >= threshold)
    exact = np.concatenate(
        [
            (vectors[candidates[start : start + _ROWS_AT_ONCE]].astype(np.float64) * query).sum(
                axis=1
            )
            for start in range(0, len(candidates), _ROWS_AT_ONCE)
        ]
    )
    order = np.lexsort((candidates, -exact))[:k]
    return candidates[order].astype(np.int64), exact[order].astype(np.float32)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the rows at length one, float32; rows of zeros stay zero."""
    values = np.asarray(vectors, np.float64)
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1), np.float32)


def combine(
    positive: NDArray[np.float32],
    negative: NDArray[np.float32] | None = None,
    weights: Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Return one query out of several: the weighted sum of what to look for, less what to avoid.

    Args:
        positive: (P, D) unit rows to look for.
        negative: (Q, D) unit rows to look away from; None for none.
        weights: P + Q weights, those of `positive` first, each zero or more; by default 1 each.

    Returns:
        float32 (D,), a unit vector.

    Raises:
        UsageError: no query at all, wrong number or sign of weights, or a sum that cancels out.
    """
    away = np.empty((0, positive.shape[1]), np.float32) if negative is None else negative
    rows = np.concatenate([positive, away]).astype(np.float64)
    strength = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    if len(rows) == 0:
        raise UsageError("There is nothing to search for.", "Type a prompt or choose an image.")
    if strength.shape != (len(rows),) or not np.all(np.isfinite(strength) & (strength >= 0)):
        raise UsageError(
            f"{len(rows)} queries need {len(rows)} weights of zero or more.",
            "Give each query one weight; a query to avoid is named as such, not weighted below 0.",
        )
    strength[len(positive) :] *= -1
    total = strength @ rows
    if np.linalg.norm(total) < 1e-6 * max(np.abs(strength).sum(), 1e-30):
        raise UsageError(
            "The queries cancel each other out.", "Remove one of them, or change a weight."
        )
    return unit(total)
