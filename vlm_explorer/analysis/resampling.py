"""Intervals by resampling: the percentile bootstrap over patients, or over images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its 95 % interval, and of how many maps it is made; NaN where there are none."""

    value: float
    low: float
    high: float
    n: int


def draw(groups: int, replicates: int, seed: int) -> Draws:
    """Return float64 (R, G): how often each group is in each sample of as many, with return."""
    rng = np.random.default_rng(seed)
    shares = np.full(groups, 1 / groups)
    return rng.multinomial(groups, shares, size=replicates).astype(np.float64)


def replicated_means(
    values: NDArray[np.float64], group: NDArray[np.intp], draws: Draws
) -> NDArray[np.float64]:
    """Return float64 (R,): the mean of values in each sample; NaN where it has none of them.

    Args:
        values: float64 (N,); NaN is left out.
        group: (N,), the group of each value, a column of `draws`.
        draws: see `draw`.
    """
    known = ~np.isnan(values)
    size = draws.shape[1]
    sums = np.bincount(group[known], weights=values[known], minlength=size)
    counts = np.bincount(group[known], minlength=size).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(draws @ sums / (draws @ counts))


def estimate(
    value: float,
    replicates: NDArray[np.float64],
    n: int,
    *,
    groups: NDArray[np.intp] | None = None,
) -> Estimate:
    """Return a figure with the interval that its replicates give.

    With a single one of `groups` there is none: drawn again it is always the same.
    """
    known = replicates[~np.isnan(replicates)]
    alone = groups is not None and len(np.unique(groups)) < 2
    if not len(known) or np.isnan(value) or alone:
        return Estimate(value, float("nan"), float("nan"), n)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), n)


def mean_estimate(
    values: NDArray[np.float64], group: NDArray[np.intp], draws: Draws
) -> tuple[Estimate, NDArray[np.float64]]:
    """Return the mean of values with its interval, and its replicates."""
    there = ~np.isnan(values)
    value = float(values[there].mean()) if there.any() else float("nan")
    replicates = replicated_means(values, group, draws)
    figure = estimate(value, replicates, int(there.sum()), groups=group[there])
    return figure, replicates


def balanced_estimate(parts: Sequence[tuple[Estimate, NDArray[np.float64]]]) -> Estimate:
    """Return the mean of several figures, each counted once whatever its n.

    A sample in which a figure does not exist is the mean of the others.
    """
    there = [part for part in parts if not np.isnan(part[0].value)]
    if not there:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    stacked = np.stack([replicates for _, replicates in there])
    counts = (~np.isnan(stacked)).sum(axis=0)
    sums = np.nansum(stacked, axis=0)
    replicates = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    value = float(np.mean([figure.value for figure, _ in there]))
    return estimate(value, replicates, sum(figure.n for figure, _ in there))
