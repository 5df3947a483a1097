"""Whether two scores put the same images in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spearman(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return Spearman's rank correlation, -1 to 1, tied values at their mean rank.

    Args:
        first, second: (N,), finite.

    Returns:
        NaN for fewer than two values, or where one side has only equal ones.
    """
    from scipy.stats import rankdata

    if len(first) < 2:
        return float("nan")
    ranks = np.stack([rankdata(first), rankdata(second)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    spread = np.sqrt((ranks**2).sum(axis=1))
    if not spread.all():
        return float("nan")
    return float(np.clip(ranks[0] @ ranks[1] / (spread[0] * spread[1]), -1, 1))
