"""Many scores to one: images ranked by what their series, study or patient scores as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """P images as G groups, each with one score.

    Attributes:
        codes: int64 (P,), the group of each image, 0 to G - 1, each at least once.
        score: float64 (G,), of each group.
        order: int64 (G,), the groups, best first; of equal ones the smaller number first.
    """

    codes: NDArray[np.int64]
    score: NDArray[np.float64]
    order: NDArray[np.int64]

    def images(
        self, scores: NDArray[np.floating], order: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return all images, group after group, within each the best first, int64 (P,).

        Args:
            scores: (P,), of the images.
            order: int64 (G,), another order of the groups.
        """
        chosen = self.order if order is None else order
        place = np.empty(len(chosen), np.int64)
        place[chosen] = np.arange(len(chosen))
        values = np.asarray(scores, np.float64)
        return np.lexsort((-values, place[self.codes])).astype(np.int64)

    def best_images(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return each group's best image, int64 (G,), by the number of the group."""
        ordered = self.images(scores, np.arange(len(self.score)))
        return ordered[np.unique(self.codes[ordered], return_index=True)[1]]


def group_scores(
    scores: NDArray[np.floating], codes: NDArray[np.int64], top: int | None = 1
) -> Groups:
    """Score groups by the mean of their best images.

    Args:
        scores: (P,), of the images.
        codes: int64 (P,), the group of each, 0 to G - 1, each at least once.
        top: how many of each group's best count: 1 is the largest, None the mean of all; all of
            a group that has fewer.
    """
    values = np.asarray(scores, np.float64)
    count = int(codes.max()) + 1 if len(codes) else 0
    if top is not None:
        order = np.lexsort((-values, codes))
        starts = np.searchsorted(codes[order], np.arange(count))
        counted = np.arange(len(order)) - starts[codes[order]] < top
        kept = order[counted]
    else:
        kept = np.arange(len(values))
    total = np.bincount(codes[kept], values[kept], count)
    score = total / np.bincount(codes[kept], minlength=count)
    return Groups(codes, score, np.argsort(-score, kind="stable").astype(np.int64))
