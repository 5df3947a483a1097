"""Images that come up for everything, and rankings that make up for it.

In spaces of many dimensions some points are among the nearest of very many others (Radovanović et
al. 2010). Both corrections compare an image's score with what a bank of other prompts scores on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import Vectors, cosines
from vlm_explorer.jobs import JobContext

NEAREST = 10  # prompts that an image is compared with, and images that a prompt finds
_ROWS_AT_ONCE = 4_096  # a third of a second beside a thousand prompts, until one may cancel


@dataclass(frozen=True, slots=True, eq=False)
class Hubs:
    """How a bank of M prompts meets P images.

    Attributes:
        counts: int64 (P,), for how many prompts the image is among the k nearest.
        nearest: float32 (P,), mean cosine of the image with its k nearest prompts.
        log_sum: float64 (P,), log of the sum over all prompts of exp(scale cosine).
        scale: of `log_sum`.
    """

    counts: NDArray[np.int64]
    nearest: NDArray[np.float32]
    log_sum: NDArray[np.float64]
    scale: float

    @property
    def asked(self) -> int:
        """M, how many prompts there were."""
        return int(self.counts.sum()) // max(1, min(NEAREST, len(self.counts)))

    @property
    def skewness(self) -> float:
        """Skewness of the counts: 0 where all images come up alike, NaN where none differ."""
        from scipy.stats import skew

        return float(skew(self.counts)) if np.ptp(self.counts) else float("nan")

    def csls(self, cosine: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return twice the cosine less the image's mean cosine with its nearest prompts.

        Cross-domain similarity local scaling (Conneau et al. 2018, section 2.3), but for the term
        of the query, which is the same for all images.

        Args:
            cosine: (P,), of the images with one query.
        """
        return 2 * np.asarray(cosine, np.float64) - self.nearest

    def inverted_softmax(self, cosine: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the log of the query's share among all prompts' scores on the image.

        The inverted softmax (Smith et al. 2017; QB-Norm, Bogolin et al. 2022, section 3.2), the
        query itself counted among the prompts.

        Args:
            cosine: (P,), of the images with one query.

        Returns:
            float64 (P,), 0 at most.
        """
        own = self.scale * np.asarray(cosine, np.float64)
        return own - np.logaddexp(self.log_sum, own)


def find_hubs(
    vectors: Vectors,
    bank: NDArray[np.float32],
    scale: float,
    *,
    k: int = NEAREST,
    context: JobContext | None = None,
) -> Hubs:
    """Return how a bank of prompts meets images.

    Args:
        vectors: (P, D) unit rows of images.
        bank: float32 (M, D), unit rows of prompts.
        scale: what cosines are multiplied by in the inverted softmax; the model's own, say.
        k: how many nearest count, of images and of prompts.
        context: progress and cancellation.
    """
    images, prompts = min(k, len(vectors)), min(k, len(bank))
    nearest = np.empty(len(vectors), np.float32)
    log_sum = np.empty(len(vectors), np.float64)
    best = np.full((images, len(bank)), -np.inf, np.float32)
    rows = np.zeros((images, len(bank)), np.int64)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        if context is not None:
            context.report(start, len(vectors), "Looking for images that come up for everything")
        part = cosines(vectors[start : start + _ROWS_AT_ONCE], bank)
        here = slice(start, start + len(part))
        nearest[here] = np.partition(part, -prompts, axis=1)[:, -prompts:].mean(axis=1)
        log_sum[here] = _log_sum(part, scale)
        best, rows = _merged(best, rows, part, start)
    return Hubs(occurrences(rows, len(vectors)), nearest, log_sum, scale)


def occurrences(neighbours: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Return the k-occurrence N_k of each point (Radovanović et al. 2010, section 2).

    Args:
        neighbours: (Q, k), of each query the numbers of its k nearest points.
        count: of points.

    Returns:
        int64 (count,), of how many queries each point is among the nearest.
    """
    return np.bincount(neighbours.ravel(), minlength=count).astype(np.int64)


def _merged(
    best: NDArray[np.float32], rows: NDArray[np.int64], part: NDArray[np.float32], start: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return each prompt's nearest images, given those so far and the cosines of a part."""
    count, own = len(best), np.ascontiguousarray(part.T)  # a prompt's cosines beside each other
    left_out = max(0, len(part) - count)
    nearest = np.argpartition(own, min(left_out, len(part) - 1), axis=1)[:, left_out:]
    values = np.concatenate([best, np.take_along_axis(own, nearest, 1).T])
    places = np.concatenate([rows, nearest.T + start])
    chosen = np.argpartition(values, len(values) - count, axis=0)[len(values) - count :]
    return np.take_along_axis(values, chosen, 0), np.take_along_axis(places, chosen, 0)


def _log_sum(part: NDArray[np.float32], scale: float) -> NDArray[np.float64]:
    """Return the log of the sum of exp(scale cosine) of each row, of its largest on."""
    scaled = scale * part.astype(np.float64)
    most = scaled.max(axis=1, keepdims=True)
    scaled -= most
    np.exp(scaled, out=scaled)
    return np.asarray(most[:, 0] + np.log(scaled.sum(axis=1)))
