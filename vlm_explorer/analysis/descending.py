"""Rows by descending value, as a stable sort gives them, in a fraction of its time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def descending(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return all rows by descending value; equal ones by row, NaN last.

    The same as `np.argsort(-values, kind="stable")`, which merges floats. Half words numpy sorts
    by their digits instead, so the bits are sorted in two such passes.

    Args:
        values: float32 (N,).

    Returns:
        int64 (N,).
    """
    bits = (np.asarray(values, np.float32) + np.float32(0)).view(np.uint32)  # -0 becomes 0
    # as floats are laid out, their bits grow with positive values and shrink with negative ones
    falling = np.where(bits >> 31, bits, ~(bits | np.uint32(1 << 31)))
    falling[np.isnan(values)] = 0xFFFFFFFF
    fine = np.argsort((falling & 0xFFFF).astype(np.uint16), kind="stable")
    coarse = (falling >> 16).astype(np.uint16)
    return fine[np.argsort(coarse[fine], kind="stable")]
