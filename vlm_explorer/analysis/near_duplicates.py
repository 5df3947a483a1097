"""Pairs of images that are nearly the same: all whose cosine reaches a threshold, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.half_product import error_bound
from vlm_explorer.jobs import JobContext

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

# Cosines held at once: 8 Mi float32 values are 32 MiB.
_CELLS_AT_ONCE = 1 << 23
# Pairs summed again at once: 4096 x 512 float64 values are 16 MiB.
_PAIRS_AT_ONCE = 4096
_LONGEST = 1.001


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of rows with their cosines, the nearest first.

    Attributes:
        rows: int64 (P, 2), the earlier row first.
        cosine: float32 (P,), descending.
        complete_from: the cosine from which on no pair is missing: the threshold asked for, or
            more where there were more pairs than wanted.
        nearest: float32 (N,), each row's cosine with the nearest other row that counts; NaN
            without one.
    """

    rows: Integers
    cosine: Floats
    complete_from: float
    nearest: Floats


def find_pairs(
    vectors: Floats,
    least: float,
    *,
    groups: Integers | None = None,
    most: int = 100_000,
    context: JobContext | None = None,
) -> Pairs:
    """Return every pair of rows whose cosine is at least `least`.

    All pairs are compared, block by block. Cosines of those that may reach the threshold are summed
    again in float64, so that the answer does not depend on the order of summing.

    Args:
        vectors: float32 (N, D), unit rows.
        least: the smallest cosine that counts, -1 to 1.
        groups: int64 (N,); rows of one group are no pairs, and not each other's nearest.
        most: keep this many of the nearest pairs; see `Pairs.complete_from`.
        context: told how many pairs are compared.
    """
    count = len(vectors)
    groups = np.arange(count) if groups is None else groups
    bound = error_bound(vectors.shape[1], _LONGEST)
    nearest = np.full(count, -np.inf, np.float32)
    found = _Nearest(least - 2 * bound, most)
    start = 0
    while start < count:
        if context is not None:
            total = _pairs_of(count)
            context.report(total - _pairs_of(count - start), total, "Comparing images")
        end = min(count, start + max(1, _CELLS_AT_ONCE // (count - start)))
        cosine = vectors[start:end] @ vectors[start:].T
        same = groups[start:end, None] == groups[None, start:]  # and with itself
        np.copyto(cosine, -np.inf, where=same)
        nearest[start:end] = np.maximum(nearest[start:end], cosine.max(axis=1))
        nearest[start:] = np.maximum(nearest[start:], cosine.max(axis=0))
        twice = np.tri(end - start, dtype=bool)
        np.copyto(cosine[:, : end - start], -np.inf, where=twice)
        found.take(cosine, start)
        start = end
    rows, floor = found.settle()
    complete = least if floor <= least - 2 * bound else floor + 2 * bound
    nearest[np.isinf(nearest)] = np.nan
    return _settled(vectors, rows, complete, np.clip(nearest, -1, 1))


def _settled(vectors: Floats, rows: Integers, complete: float, nearest: Floats) -> Pairs:
    """Sum the candidates again, and order those that reach the threshold."""
    exact = np.empty(len(rows))
    for begin in range(0, len(rows), _PAIRS_AT_ONCE):
        some = rows[begin : begin + _PAIRS_AT_ONCE]
        one, other = (vectors[some[:, side]].astype(np.float64) for side in (0, 1))
        exact[begin : begin + len(some)] = (one * other).sum(axis=1)
    kept = exact >= complete
    rows, exact = rows[kept], exact[kept]
    order = np.lexsort((rows[:, 1], rows[:, 0], -exact))
    return Pairs(rows[order], exact[order].clip(-1, 1).astype(np.float32), complete, nearest)


def _pairs_of(count: int) -> int:
    return count * (count - 1) // 2


class _Nearest:
    """Keeps the nearest of many pairs, and knows from which cosine on it has them all."""

    def __init__(self, floor: float, most: int) -> None:
        self._floor, self._most = floor, most
        self._rows = np.empty((0, 2), np.int64)
        self._cosine = np.empty(0, np.float32)

    def take(self, cosine: Floats, start: int) -> None:
        """Take the pairs of a block; its first row and column are row `start`."""
        flat = np.flatnonzero(cosine.ravel() >= self._floor)
        if not len(flat):
            return
        rows = np.stack(np.divmod(flat, cosine.shape[1]), axis=1) + start
        self._rows = np.concatenate([self._rows, rows])
        self._cosine = np.concatenate([self._cosine, cosine.ravel()[flat]])
        if len(self._rows) > 2 * self._most:
            self._thin()

    def _thin(self) -> None:
        left_out = len(self._cosine) - self._most
        self._floor = float(np.partition(self._cosine, left_out)[left_out])
        kept = self._cosine > self._floor
        self._rows, self._cosine = self._rows[kept], self._cosine[kept]
        self._floor = float(np.nextafter(np.float32(self._floor), np.float32(2)))

    def settle(self) -> tuple[Integers, float]:
        """Return the pairs, and the rough cosine from which on none is missing."""
        if len(self._rows) > self._most:
            self._thin()
        return self._rows, self._floor


def connected(count: int, pairs: Integers) -> Integers:
    """Return which pairs hang together, through however many others.

    Args:
        count: N, rows that pairs may name.
        pairs: int64 (P, 2).

    Returns:
        int64 (P,): the number of each pair's group, from 0 in the order in which groups first
        appear in `pairs`.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return np.empty(0, np.int64)
    ones = np.ones(len(pairs), np.int8)
    links = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, of_row = connected_components(links, directed=False)
    of_pair = of_row[pairs[:, 0]]
    _, first, group = np.unique(of_pair, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[group]
