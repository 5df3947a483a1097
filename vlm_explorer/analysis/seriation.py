"""An order of rows and columns in which alike ones stand side by side, and z-scores of either."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import unit

Order = NDArray[np.intp]
Scaled = Literal["cosine", "row", "column"]
SCALES: tuple[Scaled, ...] = ("cosine", "row", "column")

_FEWEST = 3  # of two there is only one order, but for its direction


def seriate(vectors: NDArray[np.floating]) -> Order:
    """Return the order of vectors in which neighbours are as alike as their tree allows.

    The leaves of an average-linkage tree of cosine distances, its branches turned so that the sum
    of distances of neighbours is the least (Bar-Joseph et al. 2001).

    Args:
        vectors: (N, D), of any length; a few hundred at most, the work grows with N³.

    Returns:
        intp (N,), a permutation: what stands first, second, and so on.
    """
    count = len(vectors)
    if count < _FEWEST:
        return np.arange(count)
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    rows = unit(vectors).astype(np.float64)
    distance = np.clip(1 - rows @ rows.T, 0, 2)
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    tree = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    return np.asarray(leaves_list(tree), np.intp)


def scaled(values: NDArray[np.floating], how: Scaled) -> NDArray[np.float64]:
    """Return a matrix as it is, or each row or column less its mean, over its standard deviation.

    Args:
        values: (R, C).
        how: `cosine` leaves values as they are; `row` and `column` are z-scores, with R or C in
            the denominator as in `scipy.stats.zscore`; 0 where all values are equal.
    """
    known = np.asarray(values, np.float64)
    if how == "cosine":
        return known
    axis = 1 if how == "row" else 0
    centred = known - known.mean(axis=axis, keepdims=True)
    spread = known.std(axis=axis, keepdims=True)
    flat = spread < 1e-12
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, spread)))
