"""How well queries find what is relevant to them, in figures.

Ranks are pessimistic: of equal scores, those that are not relevant stand first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


def ranks_of(
    scores: NDArray[np.floating],
    relevant: NDArray[np.bool_],
    excluded: NDArray[np.bool_] | None = None,
) -> Ranks:
    """Return the ranks, from 1, of what is relevant to a query, rising.

    Args:
        scores: (N,), of the candidates; NaN is none.
        relevant: bool (N,).
        excluded: bool (N,), what takes no part: the query itself, say, or its patient.
    """
    there = ~np.isnan(scores)
    if excluded is not None:
        there &= ~excluded
    wanted = np.sort(np.asarray(scores, np.float64)[there & relevant])[::-1]
    others = np.sort(np.asarray(scores, np.float64)[there & ~relevant])
    above = len(others) - np.searchsorted(others, wanted, "left")
    return (above + np.arange(1, len(wanted) + 1)).astype(np.int64)


def hit_at(ranks: Ranks, k: int) -> float:
    """Return 1 if anything relevant is among the first k, else 0: CLIP papers' recall@k."""
    return float(bool(len(ranks)) and bool(ranks[0] <= k))


def recall_at(ranks: Ranks, k: int) -> float:
    """Return the share of what is relevant that is among the first k; NaN if nothing is."""
    return float(np.mean(ranks <= k)) if len(ranks) else float("nan")


def reciprocal_rank(ranks: Ranks) -> float:
    """Return 1 / rank of the first that is relevant; 0 if nothing is."""
    return 1 / float(ranks[0]) if len(ranks) else 0.0


def average_precision_of(ranks: Ranks) -> float:
    """Return the mean over what is relevant of the precision at its rank; NaN if nothing is."""
    if not len(ranks):
        return float("nan")
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def ndcg_at(ranks: Ranks, k: int) -> float:
    """Return the discounted gain of the first k over the best possible; NaN if nothing is relevant.

    Gains are 1, discounts 1 / log2(rank + 1) (Järvelin and Kekäläinen 2002).
    """
    if not len(ranks):
        return float("nan")
    gain = (1 / np.log2(ranks[ranks <= k] + 1)).sum()
    best = (1 / np.log2(np.arange(2, min(k, len(ranks)) + 2))).sum()
    return float(gain / best)


def chance_of_hit(count: int, relevant: int, k: int) -> float:
    """Return the chance that a random order has anything relevant among its first k.

    1 - C(N - R, k) / C(N, k), of R relevant among N.
    """
    from scipy.stats import hypergeom

    return float(1 - hypergeom(count, relevant, min(k, count)).pmf(0))


def first_rank_chances(count: int, relevant: int) -> NDArray[np.float64]:
    """Return the chance of each rank to be that of the first relevant one in a random order.

    float64 (N,), ranks from 1: (R / (N - r + 1)) C(N - r + 1, R) / C(N, R).
    """
    ranks = np.arange(1, count + 1)
    odds = np.minimum(relevant / np.maximum(count - ranks + 1, 1), 1.0)
    later = np.cumprod(np.concatenate([[1.0], 1 - odds[:-1]]))
    return np.asarray(odds * later)


def chance_of_reciprocal_rank(count: int, relevant: int) -> float:
    """Return the mean of 1 / rank of the first relevant one in a random order of `count`."""
    ranks = np.arange(1, count + 1)
    return float((first_rank_chances(count, relevant) / ranks).sum())
