"""Measures of an encoder from vectors alone, each with a bootstrapped interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, its 95 % interval (percentile bootstrap over images), and on how many."""

    name: str
    value: float
    low: float
    high: float
    n: int
    note: str = ""


def measure(
    name: str,
    statistic: Callable[[NDArray[np.int64]], float],
    n: int,
    *,
    note: str = "",
    draws: int = 200,
) -> Measure:
    """Compute a statistic of rows 0 to n - 1 and its interval.

    Args:
        name: what the figure is called.
        statistic: takes row numbers, with repeats; may return NaN for an unlucky draw.
        n: how many rows.
        note: told beside the figure.
        draws: bootstrap samples.
    """
    rng = np.random.default_rng(0)
    samples = [statistic(rng.integers(n, size=n)) for _ in range(draws)]
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return Measure(name, float(statistic(np.arange(n))), float(low), float(high), n, note)


def auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (Mann-Whitney, ties count half); NaN with one class only."""
    from scipy.stats import rankdata

    count = int(positive.sum())
    if count in (0, len(positive)):
        return float("nan")
    ranks = rankdata(scores)
    area = ranks[positive].sum() - count * (count + 1) / 2
    return float(area / (count * (len(positive) - count)))


def accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """Share of right guesses."""
    return float((truth == guess).mean())


def balanced_accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """Mean over classes of the share of right guesses."""
    return float(np.mean([(guess[truth == k] == k).mean() for k in np.unique(truth)]))


def recall_at(
    texts: Vectors, images: Vectors, same: NDArray[np.bool_], k: int
) -> NDArray[np.bool_]:
    """Return bool (texts,): whether one of the k nearest images is a hit.

    Args:
        texts: unit rows (T,D).
        images: unit rows (N,D).
        same: bool (T,N), the image counts as a hit of the text.
        k: how many images are looked at.
    """
    order = np.argsort(-(texts @ images.T), axis=1, kind="stable")[:, :k]
    return np.asarray(np.take_along_axis(same, order, axis=1).any(axis=1))


def table(measures: Sequence[Measure]) -> str:
    """Lay measures out as lines of text."""
    lines = [f"{'':34} {'value':>7}  {'95 % interval':15} {'n':>6}"]
    for m in measures:
        interval = f"{m.low:.3f} to {m.high:.3f}"
        lines.append(f"{m.name:34} {m.value:7.3f}  {interval:15} {m.n:6}  {m.note}".rstrip())
    return "\n".join(lines)
