"""What prompts that are about no image score all the same: the scale that gives scores a meaning.

Cosines of one encoder lie around 0.3, those of another around 0.05, and the best of many images has
a high one for any text. A score is therefore compared with what a bank of unrelated prompts gets in
the same collection: a hit with their hits of the same rank, a label with what they score on the
same image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import Vectors, cosines
from vlm_explorer.jobs import JobContext

RANKS = 1000  # of how many hits of each prompt the scores are looked at
MATCH = 3.0  # from this z on, the best hit is called a match: 0.13 % of a normal distribution
_ROWS_AT_ONCE = 16_384
_SMALLEST = 1e-6  # a spread below this is that of equal scores


@dataclass(frozen=True, slots=True, eq=False)
class NullScores:
    """Scores of M unrelated prompts on P images.

    Attributes:
        prompts: M.
        rank_mean, rank_sd: float64 (K,), of the prompts' own hits of each rank, the best first; K
            is the smaller of `RANKS` and P.
        image_mean, image_sd: float32 (P,), of the prompts' cosines with each image.
    """

    prompts: int
    rank_mean: NDArray[np.float64]
    rank_sd: NDArray[np.float64]
    image_mean: NDArray[np.float32]
    image_sd: NDArray[np.float32]

    def z_of_hits(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how far hits lie above those of unrelated prompts of the same rank.

        Args:
            scores: (k,) cosines, the best first.

        Returns:
            float64 (k,), in standard deviations: about 0 for the best hit of nonsense, too. NaN
            beyond `RANKS`.
        """
        known = min(len(scores), len(self.rank_mean))
        z = np.full(len(scores), np.nan)
        z[:known] = (scores[:known] - self.rank_mean[:known]) / self.rank_sd[:known]
        return z

    def z_of_images(self, cosine: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return how far cosines lie above those of unrelated prompts with the same image.

        Args:
            cosine: (P,), or (P, L) for L labels.

        Returns:
            float32 of the same shape, in standard deviations.
        """
        shape = (-1,) + (1,) * (cosine.ndim - 1)
        mean, sd = self.image_mean.reshape(shape), self.image_sd.reshape(shape)
        return np.asarray((cosine - mean) / sd, np.float32)


def null_scores(
    vectors: Vectors, nulls: NDArray[np.float32], *, context: JobContext | None = None
) -> NullScores:
    """Score unrelated prompts on images.

    Args:
        vectors: (P, D) unit rows of images, P at least 1.
        nulls: float32 (M, D), unit rows of at least two prompts.
        context: progress and cancellation.

    Returns:
        Means and standard deviations (with M - 1 in the denominator).
    """
    ranks = min(RANKS, len(vectors))
    best = np.empty((0, len(nulls)), np.float32)
    mean, sd = np.empty((2, len(vectors)), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        if context is not None:
            context.report(start, len(vectors), "Scoring unrelated prompts")
        part = cosines(vectors[start : start + _ROWS_AT_ONCE], nulls)
        rows = slice(start, start + len(part))
        mean[rows] = part.mean(axis=1, dtype=np.float64)
        sd[rows] = part.std(axis=1, ddof=1, dtype=np.float64)
        best = _largest(np.concatenate([best, part]), ranks)
    ordered = -np.sort(-best.astype(np.float64), axis=0)
    return NullScores(
        prompts=len(nulls),
        rank_mean=ordered.mean(axis=1),
        rank_sd=np.maximum(ordered.std(axis=1, ddof=1), _SMALLEST),
        image_mean=mean,
        image_sd=np.maximum(sd, _SMALLEST),
    )


def percentiles(
    vectors: Vectors,
    nulls: NDArray[np.float32],
    cosine: NDArray[np.float32],
    *,
    context: JobContext | None = None,
) -> NDArray[np.float32]:
    """Return what share of unrelated prompts score lower on each image than a label does.

    Args:
        vectors: (P, D) unit rows of images.
        nulls: float32 (M, D), unit rows of unrelated prompts.
        cosine: float32 (P, L), of the images with L labels.
        context: progress and cancellation.

    Returns:
        float32 (P, L), 0 to 1; equal scores count half.
    """
    found = np.empty(cosine.shape, np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        if context is not None:
            context.report(start, len(vectors), "Comparing with unrelated prompts")
        rows = slice(start, start + _ROWS_AT_ONCE)
        part = cosines(vectors[rows], nulls)
        for column, scores in enumerate(cosine[rows].T[:, :, None]):  # numpy lets others run
            below = np.count_nonzero(part < scores, axis=1)
            not_above = np.count_nonzero(part <= scores, axis=1)
            found[rows, column] = (below + not_above) / (2 * len(nulls))
    return found


def _largest(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the `count` largest of each column, in any order."""
    if len(values) <= count:
        return values
    return np.partition(values, len(values) - count, axis=0)[len(values) - count :]
