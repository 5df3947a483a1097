"""Which images of a collection are unlike all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.outliers import covariance_distance, mean_distance, unusual, usual_limit
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.review_vectors import review_vectors

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class OutliersRequest:
    """Images that are unlike their nearest, and unlike all others together.

    Attributes:
        threshold: the least score that counts; None: where `usual_limit` draws the line.
        k: how many of the nearest.
        across_series: count only neighbours of other series; each slice has its like beside it.
    """

    threshold: float | None = None
    k: int = NEIGHBOURS
    across_series: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class OutliersAnswer:
    """Every image's score, and which images count as outliers.

    Attributes:
        threshold: the one asked for, or `usual`.
        usual: where `usual_limit` draws the line; NaN where no image has neighbours.
        image_ids: of all N images, in the order of the collection.
        score: float32 (N,), the mean of the modified z-scores of both distances; NaN without any
            neighbour.
        distance: float32 (N,), the mean cosine distance to the k nearest, 0 to 2.
        mahalanobis: float32 (N,), from the mean of all, see `analysis.covariance_distance`.
        outliers: int64 (M,), the rows at `threshold` or above, the farthest first.
        without_vector: images that the encoder has not seen, and which were not compared.
    """

    request: OutliersRequest
    model: str
    threshold: float
    usual: float
    image_ids: tuple[str, ...]
    score: np.ndarray
    distance: np.ndarray
    mahalanobis: np.ndarray
    outliers: np.ndarray
    without_vector: int


def outliers(
    collection: Collection,
    request: OutliersRequest,
    *,
    model: str | None = None,
    context: JobContext | None = None,
) -> OutliersAnswer:
    """Score every image by how unlike its nearest and all others it is, in the full space.

    Both the mean cosine distance to its nearest (Angiulli and Pizzuti 2002), of which every pair is
    compared, and the Mahalanobis distance, each as a modified z-score. The second alone finds
    planted pictures of nothing better, and scans of another kind worse: `benchmarks/outliers.py`.

    Args:
        model: whose vectors; by default those last used.

    Raises:
        UsageError: the threshold or k makes no sense, or no image has a vector.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    if request.k < 1:
        raise UsageError(f"{request.k} neighbours are too few.", "Choose 1 or more.")
    if request.threshold is not None and np.isnan(request.threshold):
        raise UsageError("The threshold is no number.", "Choose one, such as 3.5.")
    known = review_vectors(collection, model, across_series=request.across_series)
    nearest = mean_distance(known.vectors, request.k, groups=known.series, context=context)
    overall = covariance_distance(known.vectors, context=context)
    found = unusual(nearest, overall)
    usual = usual_limit(found)
    threshold = usual if request.threshold is None else request.threshold
    score = known.spread(found)
    order = np.argsort(-score, kind="stable")  # NaN last
    return OutliersAnswer(
        request=request,
        model=known.model,
        threshold=threshold,
        usual=usual,
        image_ids=known.image_ids,
        score=score,
        distance=known.spread(nearest),
        mahalanobis=known.spread(overall),
        outliers=order[score[order] >= threshold].astype(np.int64),
        without_vector=known.without_vector,
    )
