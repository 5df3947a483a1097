"""Results that do not all show the same thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError


def diverse_order(
    scores: NDArray[np.floating],
    vectors: NDArray[np.float32],
    count: int,
    weight: float = 0.7,
) -> NDArray[np.int64]:
    """Return the best results one after the other, each less like those before it.

    Maximal marginal relevance (Carbonell and Goldstein 1998, section 2): the next is the one with
    the largest weight times score less (1 - weight) times its largest cosine with those chosen.

    Args:
        scores: (N,), of the candidates.
        vectors: float32 (N, D), their unit rows.
        count: how many are wanted.
        weight: 0 to 1; at 1 the order is that of the scores.

    Returns:
        int64 (min(count, N),), rows of the candidates; the earlier row first where two are equal.

    Raises:
        UsageError: the weight is not from 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise UsageError("The weight of the score must be from 0 to 1.", "1 leaves the order.")
    worth = weight * np.asarray(scores, np.float64)
    likeness = np.full(len(worth), -np.inf)
    left = np.ones(len(worth), np.bool_)
    chosen: list[int] = []
    for number in range(min(count, len(worth))):
        gain = worth - (1 - weight) * likeness if number else worth
        row = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(row)
        left[row] = False
        np.maximum(likeness, vectors @ vectors[row], out=likeness)
    return np.array(chosen, np.int64)
