"""How far two layouts, or two spaces of the same points, agree. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE = 16_384
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Turns, mirrors, scales and moves points of a plane: `scale * (xy - middle) @ turn + target`.

    Attributes:
        turn: float64 (2, 2), orthogonal; its determinant is -1 where it mirrors.
        scale: more than 0.
        middle, target: float64 (2,), where the points' mean is before and after.
        disparity: what is left of the squared distances, as a share of the reference's spread:
            0 for the same shape, 1 for nothing in common (M² of `scipy.spatial.procrustes`).
        common: how many points both planes have.
    """

    turn: NDArray[np.float64]
    scale: float
    middle: NDArray[np.float64]
    target: NDArray[np.float64]
    disparity: float
    common: int

    @property
    def mirrored(self) -> bool:
        """Whether the plane is seen from behind."""
        return bool(np.linalg.det(self.turn) < 0)

    def apply(self, xy: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return points (N, 2) aligned, float32; those without a place (NaN) have none then."""
        moved = self.scale * (np.asarray(xy, np.float64) - self.middle) @ self.turn + self.target
        return moved.astype(np.float32)


def procrustes(reference: NDArray[np.floating], xy: NDArray[np.floating]) -> Alignment:
    """Return what lays a plane onto another with the least squared distances (Gower 1975).

    Turning, mirroring, scaling and moving are allowed; see Schönemann 1966 for the turn. Points
    without a place (NaN) in either plane take no part. Where fewer than two points are left, or
    all of a plane lie on one spot, the plane is only moved, and the disparity is NaN.

    Args:
        reference: (N, 2).
        xy: (N, 2), row by row the same points elsewhere.
    """
    from scipy.linalg import orthogonal_procrustes

    there = np.isfinite(reference).all(axis=1) & np.isfinite(xy).all(axis=1)
    fixed, moving = np.asarray(reference[there], np.float64), np.asarray(xy[there], np.float64)
    if not len(fixed):
        return Alignment(np.eye(2), 1.0, np.zeros(2), np.zeros(2), float("nan"), 0)
    target, middle = fixed.mean(axis=0), moving.mean(axis=0)
    fixed, moving = fixed - target, moving - middle
    spread, own_spread = float((fixed**2).sum()), float((moving**2).sum())
    if not spread > 0 or not own_spread > 0:
        return Alignment(np.eye(2), 1.0, middle, target, float("nan"), len(fixed))
    turn, overlap = orthogonal_procrustes(moving, fixed)
    disparity = max(0.0, 1 - overlap**2 / (spread * own_spread))
    # Planes with nothing in common would shrink to a dot: they keep the size of the reference.
    scale = overlap / own_spread if overlap > 0 else (spread / own_spread) ** 0.5
    return Alignment(turn, float(scale), middle, target, float(disparity), len(fixed))


def shared_neighbours(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return how many of its k neighbours each point has in both lists, int64 (N,).

    Args:
        first, second: (N, k), each row k different rows of the points, in any order.
    """
    counts = np.zeros(len(first), np.int64)
    for start in range(0, len(first), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        # no row names a neighbour twice: what stands twice in both together stands in both
        both = np.sort(np.concatenate([first[rows], second[rows]], axis=1), axis=1)
        counts[rows] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    return counts


def jaccard(shared: NDArray[np.integer], k: int) -> NDArray[np.float64]:
    """Return the Jaccard index of two lists of k of which `shared` are the same, 0 to 1."""
    return np.asarray(shared / (2 * k - shared), np.float64)


def chance_of_jaccard(count: int, k: int) -> float:
    """Return the expected Jaccard index of k neighbours drawn twice at random.

    The number in both is hypergeometric: k out of the other `count - 1` points, k of them marked;
    its mean share of k is k / (count - 1). NaN where there are not k other points.
    """
    from scipy.stats import hypergeom

    if not 1 <= k <= count - 1:
        return float("nan")
    shared = np.arange(max(0, 2 * k - count + 1), k + 1)
    return float(hypergeom(count - 1, k, k).pmf(shared) @ jaccard(shared, k))


def bootstrap_interval(
    values: NDArray[np.floating], level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean (Efron 1979), of 2,000 resamples.

    Meant for values that repeat, as overlaps do: it draws how often each distinct one occurs,
    which is the same as drawing rows. NaN where there are no values.
    """
    if not len(values):
        return float("nan"), float("nan")
    distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    random = np.random.default_rng(seed)
    draws = random.multinomial(len(values), counts / len(values), size=_RESAMPLES)
    means = draws @ distinct / len(values)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def linear_cka(
    first: NDArray[np.floating], second: NDArray[np.floating], *, unbiased: bool = False
) -> float:
    """Return the linear centred kernel alignment of two spaces (Kornblith et al. 2019).

    CKA = |Yc'Xc|² / (|Xc'Xc| |Yc'Yc|), Frobenius norms of D x D products of the centred columns:
    no N x N matrix is made. It does not change when a space is turned, mirrored or scaled.

    Args:
        first, second: (N, D) and (N, E), row by row the same points.
        unbiased: with the unbiased estimator of HSIC (Song et al. 2012), whose mean is 0 for
            unrelated spaces even where the dimensions are many for the points; it may be below 0.

    Returns:
        0 to 1, 1 for the same space; NaN where a space does not vary, or of fewer than 2 points
        (4 where unbiased).
    """
    if len(first) < (4 if unbiased else 2):
        return float("nan")
    x, y = _centred(first), _centred(second)
    across, one, other = _hsic(x, y, unbiased), _hsic(x, x, unbiased), _hsic(y, y, unbiased)
    if not (one > 0 and other > 0):
        return float("nan")
    return float(across / np.sqrt(one * other))


def _centred(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    values = np.asarray(vectors, np.float32)
    centred: NDArray[np.float32] = values - values.mean(axis=0, dtype=np.float64).astype("float32")
    # What float32 cannot tell from the mean is no variation.
    centred[np.abs(centred) < 1e-6 * max(1e-30, float(np.abs(values).max(initial=0)))] = 0
    return centred


def _hsic(x: NDArray[np.float32], y: NDArray[np.float32], unbiased: bool) -> float:
    """Return tr(KL) of the Gram matrices, or Song's unbiased estimate times N (N - 3)."""
    product = np.zeros((x.shape[1], y.shape[1]))
    for start in range(0, len(x), _ROWS_AT_ONCE):
        product += x[start : start + _ROWS_AT_ONCE].T @ y[start : start + _ROWS_AT_ONCE]
    trace = float((product**2).sum())
    if not unbiased:
        return trace
    count = len(x)
    # Without the diagonals: K's rows sum to (sum over all j) - K_ii, and the former is 0 here.
    k, j = (-(v.astype(np.float64) ** 2).sum(axis=1) for v in (x, y))
    inner = trace - float(k @ j)
    outer = float(k.sum() * j.sum()) / ((count - 1) * (count - 2))
    return inner + outer - 2 * float(k @ j) / (count - 2)
