"""Which images of a collection are nearly the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.near_duplicates import connected, find_pairs
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.review_vectors import review_vectors

THRESHOLD = 0.98


@dataclass(frozen=True, slots=True)
class DuplicatesRequest:
    """Pairs of images at a cosine of `threshold` or more.

    Attributes:
        across_series: leave out pairs of one series, whose neighbours are alike by nature.
        most: list this many of the nearest pairs.
    """

    threshold: float = THRESHOLD
    across_series: bool = True
    most: int = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class DuplicatesAnswer:
    """The pairs, the nearest first.

    Attributes:
        image_ids: of all N images, in the order of the collection.
        pairs: int64 (P, 2), rows of `image_ids`, the earlier first.
        cosine: float32 (P,).
        group: int64 (P,), the number of the group to which a pair belongs: images that hang
            together through pairs. Groups are numbered from 0, that of the nearest pair first.
        nearest: float32 (N,), each image's cosine with the nearest other; NaN without one.
        complete_from: from this cosine on no pair is missing; above `threshold` where there were
            more than `most`.
        without_vector: images that the encoder has not seen, and which were not compared.
    """

    request: DuplicatesRequest
    model: str
    image_ids: tuple[str, ...]
    pairs: np.ndarray
    cosine: np.ndarray
    group: np.ndarray
    nearest: np.ndarray
    complete_from: float
    without_vector: int

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.group))


def duplicates(
    collection: Collection,
    request: DuplicatesRequest,
    *,
    model: str | None = None,
    context: JobContext | None = None,
) -> DuplicatesAnswer:
    """Find the pairs of images that are nearly the same, exactly, in the full space.

    Args:
        model: whose vectors; by default those last used.

    Raises:
        UsageError: the threshold is no cosine, or no image has a vector.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    if not -1 <= request.threshold <= 1:
        raise UsageError(
            f"{request.threshold} is no cosine.", "Choose a threshold between -1 and 1."
        )
    known = review_vectors(collection, model, across_series=request.across_series)
    found = find_pairs(
        known.vectors,
        request.threshold,
        groups=known.series,
        most=request.most,
        context=context,
    )
    pairs = known.rows[found.rows]
    return DuplicatesAnswer(
        request=request,
        model=known.model,
        image_ids=known.image_ids,
        pairs=pairs,
        cosine=found.cosine,
        group=connected(len(known.image_ids), pairs),
        nearest=known.spread(found.nearest),
        complete_from=found.complete_from,
        without_vector=known.without_vector,
    )
