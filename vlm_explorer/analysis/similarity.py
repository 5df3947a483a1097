"""Exact cosines and the best k of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.half_product import error_bound, product, widen
from vlm_explorer.errors import UsageError

Vectors = NDArray[np.float16] | NDArray[np.float32]
Rows = NDArray[np.int64]

# Cosines that differ by less are told apart by no model, and by no sum in float32.
TIE = 1e-6
# Rows converted at once: 256 x 512 float32 is 0.5 MiB, which stays in the processor's cache.
_ROWS_AT_ONCE = 256
# Values of which only the largest is looked at first, where the largest of all are wanted.
_BLOCK = 256
# Unit rows of float16 are longer than 1 by their rounding, 2^-11 at most.
_LONGEST = 1.001


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
    halves = np.asarray(vectors, np.float16)
    if columns.ndim == 1:
        return product(halves, columns)
    answer = np.empty((len(halves), columns.shape[1]), np.float32)
    for start in range(0, len(halves), _ROWS_AT_ONCE):
        rows = halves[start : start + _ROWS_AT_ONCE]
        answer[start : start + len(rows)] = widen(rows) @ columns
    return answer


def top_k(
    vectors: Vectors,
    query: NDArray[np.float32],
    k: int,
    keys: Callable[[Rows], Sequence[str]] | None = None,
) -> tuple[Rows, NDArray[np.float32]]:
    """Return the k vectors nearest to the query, exactly; see `best_of`."""
    return best_of(cosines(vectors, query), vectors, query, k, keys)


def best_of(
    rough: NDArray[np.float32],
    vectors: Vectors,
    query: NDArray[np.float32],
    k: int,
    keys: Callable[[Rows], Sequence[str]] | None = None,
) -> tuple[Rows, NDArray[np.float32]]:
    """Return the k vectors nearest to the query, exactly, given all cosines in float32.

    A float32 sum depends on the order of summing, so equal rows may differ in the last bits. The
    rows that may be among the best are therefore summed again in float64, one by one.

    Which rows may: let b be the error bound of a float32 sum and c the k-th largest of `rough`.
    The k rows with `rough` >= c have real cosines of at least c - b, so the k-th real cosine is no
    smaller. A row among the best k, or within `TIE` of one, has a real cosine of at least
    c - b - TIE, and so a `rough` of at least c - 2b - TIE.

    Args:
        rough: float32 (N,), `cosines(vectors, query)`.
        vectors: (N, D) unit rows, or rows of zeros; float16 or float32.
        query: float32 (D,).
        k: how many; fewer come back where there are fewer vectors.
        keys: gives the names of rows, by which ties are ordered; by default the rows' own order.

    Returns:
        indices int64 (k,) and cosines float32 (k,), best first. From the best down, all that is
        within `TIE` of the first of a tie belongs to it, and is ordered by `keys`.
    """
    k = min(k, len(vectors))
    if k <= 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    bound = error_bound(vectors.shape[1], _LONGEST * float(np.linalg.norm(query)))
    worst = _kth_largest(rough, k)
    threshold = np.nextafter(np.float32(worst - 2 * bound - TIE), np.float32(-np.inf))
    candidates = np.flatnonzero(rough >= threshold)
    exact = np.concatenate(
        [
            (vectors[candidates[start : start + _ROWS_AT_ONCE]].astype(np.float64) * query).sum(
                axis=1
            )
            for start in range(0, len(candidates), _ROWS_AT_ONCE)
        ]
    )
    order = np.argsort(-exact, kind="stable")
    ordered = _in_ties(exact[order], candidates[order], k, keys)
    chosen = order[ordered[:k]]
    return candidates[chosen].astype(np.int64), exact[chosen].astype(np.float32)


def _kth_largest(values: NDArray[np.float32], k: int) -> float:
    """Return the k-th largest of N values, 1 <= k <= N.

    The k-th largest of the maxima of blocks has k values that reach it, one in each of k blocks:
    only what reaches it has to be looked at, which is little where k is small.
    """
    blocks = len(values) // _BLOCK
    if k <= blocks // 8:
        maxima = values[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
        values = values[values >= np.partition(maxima, blocks - k)[blocks - k]]
    return float(np.partition(values, len(values) - k)[len(values) - k])


def _in_ties(
    values: NDArray[np.float64],
    rows: NDArray[np.intp],
    k: int,
    keys: Callable[[Rows], Sequence[str]] | None,
) -> NDArray[np.intp]:
    """Return the order of descending values in which ties go by their keys, as far as k."""
    order = np.arange(len(values))
    rising = -values
    near = np.flatnonzero(np.diff(rising) <= TIE)
    end = 0
    for start in near[near < k].tolist():
        if start < end:
            continue
        end = int(np.searchsorted(rising, rising[start] + TIE, side="right"))
        tied = rows[start:end].astype(np.int64)
        names = tied if keys is None else np.asarray(keys(tied), object)
        order[start:end] = start + np.lexsort((tied, names))
    return order


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the rows at length one, float32; rows of zeros stay zero."""
    rows = np.asarray(vectors)
    found = np.empty(rows.shape, np.float32)
    # Part by part: doubles of very many rows would not fit into the processor's cache.
    step = len(rows) if rows.ndim < 2 else _ROWS_AT_ONCE
    for start in range(0, len(rows), max(step, 1)):
        values = rows[start : start + step].astype(np.float64)
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        found[start : start + step] = values / np.where(length > 0, length, 1)
    return found


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
