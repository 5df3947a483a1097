"""How alike two maps are: Spearman's rank correlation, which no scaling of a map changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.saliency.geometry import on_image

# Maps whose range is below this share of their size say nothing: what is left is rounding.
_FLAT = 1e-6


def spearman(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the rank correlation of two maps of the same shape, -1 to 1.

    The correlation of their ranks, equal values sharing the mean of theirs (Spearman 1904).
    Signed values keep their sign. NaN where a map is flat, because it has no order then; patches
    that are NaN in either map are left out.
    """
    known = np.isfinite(first) & np.isfinite(second)
    one, other = first[known].astype(np.float64), second[known].astype(np.float64)
    if is_flat(one) or is_flat(other):
        return float("nan")
    one, other = _ranks(one), _ranks(other)
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def without_padding(grid: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Return a map (gh, gw) with NaN where patches lie on padding alone.

    They look the same in every image and for every prompt, and would make any two maps alike.
    """
    return np.where(on_image(geometry) > 0, grid, np.float32(np.nan))


def is_flat(grid: NDArray[np.floating]) -> bool:
    """Return whether a map has no signal: its values are the same, but for rounding."""
    if grid.size < 2:
        return True
    return bool(np.nanmax(grid) - np.nanmin(grid) <= _FLAT * np.nanmax(np.abs(grid)))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, equal values at the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: NDArray[np.float64] = (last - (count - 1) / 2)[place]
    return ranks
