"""How far a map can be trusted: neighbours on it against neighbours in the full space.

Neighbours in the space are always computed from the vectors themselves, with all their dimensions,
never from the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest_of
from vlm_explorer.jobs import JobContext

Plane = NDArray[np.float32]
Rows = NDArray[np.intp]

K = 15  # neighbours that are compared
JUDGED = 1_500  # points by which a larger map is judged, each ranked against all others
FEWEST_JUDGED = 300  # of a map of very many
_CELLS = 200_000_000  # ranks that are worth waiting for
# Distances held at once for a block of rows: 4 Mi float32 values are 16 MiB.
_CELLS_AT_ONCE = 1 << 22
_ROWS_AT_ONCE = 1024
# What float32 cannot tell apart among cosines.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a map, or a part of its points, can be trusted.

    Attributes:
        points: how many points it is about.
        judged: how many of them were looked at, each against all points of the map.
        trustworthiness: 0 to 1, how far neighbours on the map are neighbours in the space.
        continuity: 0 to 1, how far neighbours in the space are neighbours on the map.
        kept: 0 to 1, the mean share of the k nearest in the space that are also among the k nearest
            on the map.
    """

    points: int
    judged: int
    trustworthiness: float
    continuity: float
    kept: float


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What each judged point says: the sums of the formulas, and the share of kept neighbours."""

    rows: Rows
    strangers: NDArray[np.float64]
    torn_away: NDArray[np.float64]
    kept: NDArray[np.float32]
    count: int
    k: int

    def of(self, part: NDArray[np.bool_] | None = None) -> Trust:
        """Return the figures of a part of the map's points, bool (N,); by default of all."""
        mine = slice(None) if part is None else part[self.rows]
        kept = self.kept[mine]
        if not len(kept):
            return Trust(self.count if part is None else int(part.sum()), 0, *(float("nan"),) * 3)
        worst = self.k * (2 * self.count - 3 * self.k - 1) / 2
        return Trust(
            points=self.count if part is None else int(part.sum()),
            judged=len(kept),
            trustworthiness=float(1 - self.strangers[mine].mean() / worst),
            continuity=float(1 - self.torn_away[mine].mean() / worst),
            kept=float(kept.mean()),
        )


def judge(
    vectors: NDArray[np.float32],
    xy: Plane,
    rows: Rows | None = None,
    k: int = K,
    *,
    context: JobContext | None = None,
) -> Judgement:
    """Compare neighbours on a map with neighbours in the space (Venna and Kaski 2001, 2006).

    T(k) = 1 - 2 / (n k (2n - 3k - 1)) sum over i, and over j among i's k nearest on the map but
    not in the space, of (rank of j from i in the space - k); continuity is the same with space and
    map swapped. Distances are cosine in the space and Euclidean on the map.

    Args:
        vectors: float32 (N, D), unit rows: what the map was laid out from (`space_points`); N at
            least 3.
        xy: float32 (N, 2).
        rows: the points to look at; by default `judged_rows`.
        k: neighbours; fewer where there are fewer than 2k + 1 points.
        context: told how many points are done.
    """
    count = len(vectors)
    k = min(k, (count - 1) // 2)
    rows = judged_rows(count) if rows is None else rows
    strangers, torn_away = np.zeros(len(rows)), np.zeros(len(rows))
    kept = np.zeros(len(rows), np.float32)
    on_map = map_neighbours(xy, k, rows)
    step = max(1, _CELLS_AT_ONCE // count)
    for start in range(0, len(rows), step):
        if context is not None:
            context.report(start, len(rows), "Comparing neighbours on the map and in the space")
        block = slice(start, start + step)
        own = rows[block]
        away = -(vectors[own] @ vectors.T)
        away[np.arange(len(own)), own] = -np.inf  # itself first, whatever lies on it
        in_space = _nearest_columns(away, own, k)
        ranks = _ranks(away, on_map[block], _SAME)
        strangers[block] = np.maximum(ranks - k, 0).sum(axis=1)
        kept[block] = (ranks <= k).mean(axis=1)
        across = (xy[own, 0, None] - xy[:, 0]) ** 2 + (xy[own, 1, None] - xy[:, 1]) ** 2
        across[np.arange(len(own)), own] = -np.inf
        ranks = _ranks(across, in_space, 0)
        torn_away[block] = np.maximum(ranks - k, 0).sum(axis=1)
    return Judgement(rows, strangers, torn_away, kept, count, k)


def judged_rows(count: int, most: int = JUDGED, seed: int = 0) -> Rows:
    """Return all rows, or a seeded sample of so many of them, ascending; fewer of very many."""
    most = max(min(most, _CELLS // max(count, 1)), min(most, FEWEST_JUDGED))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _nearest_columns(distance: NDArray[np.float32], own: Rows, k: int) -> NDArray[np.intp]:
    """Return the k columns with the least distance in each row, the row's own left out."""
    found = np.argpartition(distance, k, axis=1)[:, : k + 1]
    return np.asarray(found[found != own[:, None]].reshape(len(own), k))


def _ranks(
    distance: NDArray[np.float32], others: NDArray[np.intp], same: float
) -> NDArray[np.int64]:
    """Return the rank of some columns in each row, 1 for the nearest; equal ones share the best.

    The rows' own columns are at minus infinity: they count as 0.
    """
    wanted = np.take_along_axis(distance, others, axis=1) - np.float32(same)
    ordered = np.sort(distance, axis=1)
    found = [np.searchsorted(row, values) for row, values in zip(ordered, wanted, strict=True)]
    return np.maximum(np.array(found, np.int64), 1)


def map_neighbours(xy: Plane, k: int, rows: Rows | None = None) -> NDArray[np.intp]:
    """Return some points' k nearest others on the map, (len(rows), k); by default of all.

    k is less than the number of points, and none of them is NaN.
    """
    from scipy.spatial import cKDTree

    rows = np.arange(len(xy)) if rows is None else rows
    found = cKDTree(xy).query(xy[rows], k=k + 1)[1]
    itself = found == rows[:, None]
    # Among many points on one spot the point itself may not be found: the farthest goes instead.
    itself[~itself.any(axis=1), -1] = True
    return np.asarray(found[~itself].reshape(len(rows), k))


def kept_neighbours(
    vectors: NDArray[np.float32],
    xy: Plane,
    k: int = K,
    *,
    context: JobContext | None = None,
) -> NDArray[np.float32]:
    """Return the share of each point's k nearest in the space that are among its k on the map.

    Beyond `neighbours.MOST_FOR_EXACT` points the neighbours in the space come from an approximate
    search, which misses a few.

    Returns:
        float32 (N,), 0 to 1; NaN for fewer than 3 points.
    """
    count = len(vectors)
    if count < 3:
        return np.full(count, np.nan, np.float32)
    k = min(k, (count - 1) // 2)
    farthest = nearest_of(vectors, k + 1, 0, context=context)[1][:, -1]
    on_map = map_neighbours(xy, k)
    kept = np.empty(count, np.float32)
    for start in range(0, count, _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        away = 1 - np.einsum("nd,nkd->nk", vectors[block], vectors[on_map[block]])
        kept[block] = (away <= farthest[block, None] + _SAME).mean(axis=1)
    return kept


def trustworthiness(
    vectors: NDArray[np.float32], xy: Plane, k: int = K, sample: int = JUDGED, seed: int = 0
) -> float:
    """Return the trustworthiness of a map by a seeded sample of its points; see `judge`.

    Returns:
        0 to 1; NaN for fewer than 3 points.
    """
    if len(vectors) < 3:
        return float("nan")
    return judge(vectors, xy, judged_rows(len(vectors), sample, seed), k).of().trustworthiness
